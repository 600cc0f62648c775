"""Activities as iCalendar (RFC 5545) by the `icalendar` package: rules, what they leave out, changed occurrences."""

import datetime as dt
import hashlib
import html
from collections.abc import Collection, Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from icalendar import Calendar, Event, vRecur

from models.activities import PROPOSED, TAGS
from models.fields.kinds.times import aware
from services.recurrence import last_wall, zone_of

Raw = Mapping[str, Any]
PRODUCT = "-//Kortisto//Kortisto//EN"
DOMAIN = "kortisto"


def calendar_text(
    name: str, activities: Iterable[Raw], users: Collection[ObjectId], *, unseen: Collection[ObjectId] = (),
    busy: str = "",
) -> bytes:  # fmt: skip
    """A calendar of these activities. Those of `unseen` say `busy` and their times alone."""
    rows = list(activities)
    series = {raw["_id"]: raw for raw in rows if raw.get("repeats")}
    changed: dict[ObjectId, set[dt.datetime]] = {}
    for raw in rows:
        if raw.get("series") in series:
            changed.setdefault(raw["series"], set()).add(raw["occurrence"])
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", name)
    for raw in sorted(rows, key=lambda one: (one["starts_at"], one["_id"])):
        hidden = busy if raw["_id"] in unseen else ""
        own = changed.get(raw["_id"], set())
        calendar.add_component(event_of(raw, series.get(raw.get("series")), own, users, hidden))
    calendar.add_missing_timezones()
    return calendar.to_ical()


def event_of(raw: Raw, series: Raw | None, changed: set[dt.datetime], users: Collection[ObjectId], busy: str) -> Event:
    """One activity as an event; a changed occurrence goes by its series' UID, and says which of them it is."""
    event, zone, whole = Event(), zone_of(raw), bool(raw.get("all_day"))
    event.add("uid", uid_of(series or raw, hidden=bool(busy)))
    event.add("dtstamp", stamp(raw))
    event.add("last-modified", stamp(raw))
    event.add("sequence", raw.get("version") or 1)
    event.add("dtstart", shown(raw["starts_at"], zone, whole))
    event.add("dtend", shown(raw.get("ends_at") or raw["starts_at"], zone, whole))
    if raw.get("repeats"):
        event.add("rrule", vRecur.from_ical(rule_of(raw, zone)))
        for start in sorted(set(raw.get("skipped") or ()) - changed):
            event.add("exdate", shown(start, zone, whole))
    if series is not None:
        event.add("recurrence-id", shown(raw["occurrence"], zone_of(series), bool(series.get("all_day"))))
    event.add("summary", busy or raw.get("name") or "")
    if raw.get("private"):
        event.add("class", "PRIVATE")
    if not busy:
        tell(event, raw, users)
    return event


def tell(event: Event, raw: Raw, users: Collection[ObjectId]) -> None:
    """What else an event says of an activity that its reader may know."""
    answers = raw.get("answers") or {}
    proposed = any(answers.get(str(user)) == PROPOSED for user in users)
    event.add("status", "TENTATIVE" if proposed else "CONFIRMED")
    if raw.get("place"):
        event.add("location", raw["place"])
    if raw.get("text"):
        event.add("description", html.unescape(TAGS.sub(" ", raw["text"])).strip())


def uid_of(raw: Raw, *, hidden: bool = False) -> str:
    """The name that an event keeps; of one that is not told of, a name that leads nowhere. What was read in keeps the
    one it came with."""
    if hidden:
        return f"{hashlib.sha256(str(raw['_id']).encode()).hexdigest()[:32]}@{DOMAIN}"
    return str(raw.get("uid") or f"{raw['_id']}@{DOMAIN}")


def stamp(raw: Raw) -> dt.datetime:
    """When it was last written: the same activity gives the same text."""
    moment: dt.datetime = raw.get("changed_at") or raw["_id"].generation_time
    return aware(moment).replace(microsecond=0)


def shown(moment: dt.datetime, zone: ZoneInfo, whole_day: bool) -> dt.date:
    """A moment on the clock of its zone, or its day alone."""
    local = aware(moment).astimezone(zone)
    return local.date() if whole_day else local


def rule_of(raw: Raw, zone: ZoneInfo) -> str:
    """The rule as other programs read it: its last day as a moment in UTC, or as a day where whole days repeat."""
    parts = dict(part.split("=", 1) for part in raw["repeats"].split(";"))
    if "UNTIL" in parts:
        last = dt.datetime.strptime(last_wall(parts["UNTIL"], zone), "%Y%m%dT%H%M%S").replace(tzinfo=zone)
        parts["UNTIL"] = f"{last:%Y%m%d}" if raw.get("all_day") else f"{last.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}"
    return ";".join(f"{name}={value}" for name, value in parts.items())
