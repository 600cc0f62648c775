"""Tools of what is to be done and what takes place: tasks, the day, news of customers, quick adds, first steps."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fab_mongo.request_cache import request_cache
from models.fields.kinds.times import aware
from models.fields.schema import schema_of
from models.rights import Access
from models.trays import WIDE
from services.calendar import Entry, entries_of
from services.labels import names_of
from services.repeating import REGISTER
from services.tasks import GROUPS, OVERDUE, TEAM, TODAY, today_of
from services.tray_news import customer_news
from services.tray_tasks import coming_tasks
from views.first_start import first_steps
from views.history import shown_timeline
from views.menu import registers_to_add
from views.task_rows import task_rows
from views.tray_tools.drawing import Shown, draws

Raw = Mapping[str, Any]
NEWS, NEWS_WIDE = 8, 10
#: What is added by a kind of its own: (register, query, label, icon).
KINDS_ADDED = (
    ("activity", "kind=task", _l("New task"), "checkbox"), ("activity", "kind=call", _l("Log a call"), "phone"),
    ("activity", "kind=meeting", _l("New meeting"), "users"),
)  # fmt: skip


@dataclass(frozen=True)
class DayEntry:
    """One entry of today; `time` is when it begins, "" for what fills the day."""

    time: str
    name: str
    url: str
    about: str
    colour: str
    past: bool


@draws("tasks")
def tasks(access: Access, options: Raw, _size: str, address: str) -> Shown:
    whose = options.get("whose", "")
    groups = coming_tasks(access, whose)
    rows = iter(task_rows(access, [raw for group in groups for raw in group.rows]))
    shown = [(group, [(next(rows), short_when(access, group.key, raw)) for raw in group.rows]) for group in groups]
    return Shown("tasks", {
        "groups": shown, "labels": GROUPS, "overdue": OVERDUE, "whose": whose, "may_add": access.may(REGISTER, "add"),
        "today": today_of(access).date().isoformat(),
    }, title=_("My team's tasks") if whose == TEAM else _("My tasks"), url=f"/tasks/?whose={whose}",
        url_label=_("All"))  # fmt: skip


def short_when(access: Access, group: str, raw: Raw) -> str:
    """When a task is due, as far as its group does not say so; nothing where its reader may not know."""
    if access.hides(REGISTER, "due_on") or not raw.get("due_on"):
        return ""
    time = "" if access.hides(REGISTER, "due_time") else raw.get("due_time") or ""
    day, today = aware(raw["due_on"]).date(), today_of(access).date()
    if group == TODAY or day == today:
        return str(time) or _("today")
    if day == today - dt.timedelta(days=1):
        return _("yesterday")
    return f"{format_skeleton('MEd' if day > today else 'MMMd', day, locale=get_locale())} {time}".strip()


@draws("calendar")
def calendar(access: Access, _options: Raw, _size: str, _address: str) -> Shown:
    now = dt.datetime.now(ZoneInfo(access.time_zone))
    found = todays_entries(access)
    companies = names_of(access, "company", {one for entry in found for one in told(entry).get("companies") or ()})
    entries = [day_entry(access, entry, companies, now) for entry in found]
    whole = [one for one in entries if not one.time]
    timed = [one for one in entries if one.time]
    return Shown("calendar", {
        "whole": whole, "past": [one for one in timed if one.past], "coming": [one for one in timed if not one.past],
        "now": clock(now), "may_add": access.may(REGISTER, "add"),
    }, url="/calendar/?view=week", url_label=_("Week"), title=_("Today"))  # fmt: skip


def todays_entries(access: Access) -> list[Entry]:
    """What stands in the user's calendar today, read once a request: the page's first line speaks of it as well."""
    cache = request_cache()
    if "today" not in cache:
        zone = ZoneInfo(access.time_zone)
        midnight = dt.datetime.combine(dt.datetime.now(zone).date(), dt.time(), zone)
        users = [access.user_id] if access.user_id else []
        cache["today"] = entries_of(access, users, midnight, midnight + dt.timedelta(days=1))
    found: list[Entry] = cache["today"]
    return found


def told(entry: Entry) -> Raw:
    return entry.raw or {}


def day_entry(access: Access, entry: Entry, companies: Mapping[Any, str], now: dt.datetime) -> DayEntry:
    raw, zone = told(entry), now.tzinfo
    field = schema_of(REGISTER).by_column["kind"]
    choice = field.choice(raw.get("kind", ""))
    about = [raw.get("place") or "", *(companies[one] for one in raw.get("companies") or () if one in companies)]
    start = entry.start.astimezone(zone)
    # What began on an earlier day has no hour of today.
    time = "" if entry.days or start.date() != now.date() else clock(start)
    return DayEntry(
        time, str(raw.get("name") or (_("(no name)") if raw else _("Busy"))),
        f"/activities/show/{raw['_id']}" if raw else "", " · ".join(filter(None, about)),
        choice.colour if choice else "grey", entry.end <= now and not entry.days,
    )  # fmt: skip


def clock(moment: dt.datetime) -> str:
    """A time of the day as the reader's language writes it."""
    return format_skeleton("Hm", moment, locale=get_locale(), tzinfo=moment.tzinfo)


@draws("news")
def news(access: Access, _options: Raw, size: str, _address: str) -> Shown:
    found = customer_news(access, NEWS_WIDE if size == WIDE else NEWS)
    return Shown("news", {"events": shown_timeline(access, found, None)}, title=_("News of my customers"))


@draws("quick")
def quick(access: Access, _options: Raw, _size: str, _address: str) -> Shown:
    kinds: Sequence[tuple[str, Any, str]] = [
        (f"/activities/add?{query}", label, icon) for register, query, label, icon in KINDS_ADDED
        if access.may(register, "add")]  # fmt: skip
    cards = [(f"{card.path}/add", card.add_label, card.icon) for card in registers_to_add() if not card.happens]
    return Shown("quick", {"adds": [*cards, *kinds]})


@draws("first_steps")
def steps(_access: Access, _options: Raw, _size: str, _address: str) -> Shown | None:
    found = first_steps()
    return Shown("first_steps", {"steps": found}) if found else None
