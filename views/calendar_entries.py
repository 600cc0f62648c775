"""Entries of the calendar as its script takes them: wall times of the reader's clock, words and colours."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from flask_babel import gettext as _

from models.activities import DONE
from models.fields.schema import schema_of
from models.rights import Access
from services.calendar import MOST_DAYS, REGISTER, Entry
from services.labels import names_of
from services.working_time import holidays_of

Raw = dict[str, Any]
#: People's colours in the order in which they are shown.
PALETTE = ("teal", "blue", "violet", "pink", "orange", "green", "amber", "red", "grey")
#: What is shorter has room for one line.
SHORT = dt.timedelta(minutes=45)
#: No more is looked through for holidays.
MOST = dt.timedelta(days=MOST_DAYS)
WALL = "%Y-%m-%dT%H:%M:%S"


def colour_of(place: int) -> str:
    return PALETTE[place % len(PALETTE)]


def people_json(access: Access, users: Sequence[ObjectId]) -> list[Raw]:
    """The people whose calendars are shown, each with a colour of their own."""
    names = names_of(access, "user", users)
    known = [user for user in users if user in names]
    return [{"id": str(user), "title": names[user], "colour": colour_of(place)} for place, user in enumerate(known)]


def entries_json(access: Access, entries: Sequence[Entry], users: Sequence[ObjectId], colours: str) -> list[Raw]:
    """The entries of these users' calendars; `colours` is "kind" or "person"."""
    names = names_of(access, "user", users)
    companies = names_of(access, "company", {one for entry in entries if entry.raw
                                             for one in entry.raw.get("companies") or ()})  # fmt: skip
    kinds = {choice.key: choice.colour for choice in schema_of(REGISTER).by_column["kind"].choices}
    places = {user: place for place, user in enumerate(users)}
    made = []
    for number, entry in enumerate(entries):
        colour = kinds.get(entry.raw.get("kind", ""), "grey") if entry.raw else "grey"
        if colours == "person":
            colour = colour_of(places.get(entry.users[0], 0))
        # One's own entries need not tell whose they are.
        others = entry.users if entry.users != (access.user_id,) else ()
        who = ", ".join(filter(None, (names.get(user) for user in others)))
        told = activity_json(access, entry, companies) if entry.raw else busy_json(number)
        made.append({
            **times_json(access, entry), **told, "resourceIds": [str(user) for user in entry.users],
            "classNames": [f"c-{colour}", *marks_of(entry)],
        })  # fmt: skip
        made[-1]["extendedProps"] |= {"who": who if len(users) > 1 else ""}
    return made


def holidays_json(access: Access, start: dt.datetime, end: dt.datetime, users: Sequence[ObjectId]) -> list[Raw]:
    """The public holidays of the time, which are everybody's."""
    zone = ZoneInfo(access.time_zone)
    first, last = start.astimezone(zone).date(), min(end, start + MOST).astimezone(zone).date()
    return [{"id": f"holiday-{day}", "title": name, "allDay": True, "start": day.isoformat(),
             "end": (day + dt.timedelta(days=1)).isoformat(), "editable": False, "classNames": ["c-red", "is-holiday"],
             "resourceIds": [str(user) for user in users], "extendedProps": {"busy": True}}
            for day, name in holidays_of(first, last, access.language).items()]  # fmt: skip


def times_json(access: Access, entry: Entry) -> Raw:
    if entry.days is not None:
        first, last = entry.days
        return {"allDay": True, "start": first.isoformat(), "end": (last + dt.timedelta(days=1)).isoformat()}
    zone = ZoneInfo(access.time_zone)
    start, end = (moment.astimezone(zone).strftime(WALL) for moment in (entry.start, entry.end))
    # In the hour that comes twice an end may stand before its start on the clock.
    return {"allDay": False, "start": start, "end": max(start, end)}


def busy_json(number: int) -> Raw:
    return {"id": f"busy-{number}", "title": _("Busy"), "editable": False, "extendedProps": {"busy": True}}


def activity_json(access: Access, entry: Entry, companies: dict[ObjectId, str]) -> Raw:
    raw = entry.raw or {}
    with_whom = [companies[one] for one in raw.get("companies") or () if one in companies]
    occurrence = entry.start.isoformat() if entry.repeats else ""
    change = access.allows(REGISTER, "change", raw)
    return {
        "id": f"{raw['_id']}@{occurrence}", "title": raw.get("name") or _("(no name)"), "editable": change,
        "durationEditable": change and not entry.due,
        "extendedProps": {"pk": str(raw["_id"]), "occurrence": occurrence, "version": raw["version"],
                          "with": ", ".join(with_whom), "place": raw.get("place") or "", "due": entry.due,
                          "proposed": bool(entry.proposed), "private": bool(raw.get("private"))},
    }  # fmt: skip


def marks_of(entry: Entry) -> Iterable[str]:
    """The classes that tell more of an entry than its colour does."""
    short = entry.days is None and entry.end - entry.start <= SHORT
    if entry.raw is None:
        return ["is-busy", *(["is-short"] if short else [])]
    held: Mapping[str, bool] = {
        "is-proposed": bool(entry.proposed), "is-done": entry.raw.get("state") == DONE, "is-due": entry.due,
        "is-private": bool(entry.raw.get("private")), "is-short": short,
    }  # fmt: skip
    return [name for name, holds in held.items() if holds]
