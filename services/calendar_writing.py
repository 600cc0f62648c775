"""What is done on the calendar: entries added, moved, lengthened, given a time; one occurrence or all of them."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.fields.kinds.times import to_utc
from models.rights import Access
from services.later import change_later, continued
from services.occurrences import NoOccurrence, change_occurrence, due_day, moved_start, occurrence_of
from services.records import create_record, get_record, update_record
from services.recurrence import moment, moved_rule, own_span, zone_of

Raw = dict[str, Any]
REGISTER = "activity"
DAY, HOUR, HALF_HOUR = dt.timedelta(days=1), dt.timedelta(hours=1), dt.timedelta(minutes=30)
#: Moments outside of these years are none that a calendar is moved to.
YEARS = range(1900, 2200)


@dataclass(frozen=True)
class Move:
    """Where an entry was dragged to: wall times as the user's clock has them, an end only where its edge was dragged.

    `occurrence` is the start of the one that was dragged, for a repeating entry; `which` says whether it alone moves
    ("one"), it and all later ones ("later"), or all of them.
    """

    start: dt.datetime
    end: dt.datetime | None = None
    all_day: bool = False
    occurrence: dt.datetime | None = None
    which: str = "all"


def wall_time(text: Any) -> dt.datetime:
    """A wall time of ISO 8601 without a zone ("2026-03-02T09:00"). Raises ValidationFailed."""
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is not None or found.year not in YEARS:
            raise ValueError(text)
    except (ValueError, TypeError) as error:
        raise ValidationFailed({"starts_at": [_l("This is no time of a calendar.")]}) from error
    return found


def instant(text: Any) -> dt.datetime:
    """A moment of ISO 8601 with its zone, in UTC. Raises ValidationFailed."""
    try:
        found = dt.datetime.fromisoformat(text)
        if found.tzinfo is None or found.year not in YEARS:
            raise ValueError(text)
        return to_utc(found)
    except (ValueError, TypeError) as error:
        raise ValidationFailed({"starts_at": [_l("This is no time of a calendar.")]}) from error


def add_entry(access: Access, values: Mapping[str, Any]) -> Raw:
    """Add an entry out of the short form: {column: what was typed}, where of a whole day `ends_at` is its last day.
    Raises NotAllowed, ValidationFailed."""
    return create_record(access, REGISTER, {**values, **whole_days(access, values)})


def whole_days(access: Access, values: Mapping[str, Any]) -> Raw:
    """How the days of a whole-day entry are kept: from midnight to the midnight that ends the last of them."""
    if values.get("all_day") != "1" or not values.get("starts_at"):
        return {}
    first = wall_time(str(values["starts_at"])[:10])
    last = wall_time(str(values["ends_at"])[:10]) if values.get("ends_at") else first
    zone = ZoneInfo(access.time_zone)
    return {"starts_at": moment(first, zone), "ends_at": moment(last + DAY, zone)}


def move_entry(access: Access, activity_id: Any, move: Move, *, version: int | None = None) -> Raw:
    """Move or lengthen an entry; returns the record that stands there now.

    A task without a time gets one, or another day to be due on. Raises RecordNotFound, NotAllowed, VersionConflict,
    NoOccurrence, ValidationFailed.
    """
    raw = get_record(access, REGISTER, activity_id, "change")
    if raw.get("repeats"):
        return move_repeating(access, raw, move, version)
    span = own_span(raw)
    values = times(access, raw, span, move) if span and raw.get("starts_at") else due_values(access, move)
    return update_record(access, REGISTER, raw["_id"], values, version=version, strict=version is not None)


def move_repeating(access: Access, raw: Raw, move: Move, version: int | None) -> Raw:
    """Move one occurrence, it and all later ones, or all of them: as far on the wall clock, on weekdays as far on."""
    occurrence = move.occurrence or (own_span(raw) or (None,))[0]
    if occurrence is None:
        raise NoOccurrence
    span = occurrence_of(raw, occurrence)
    values = times(access, raw, span, move) if raw.get("starts_at") else due_values(access, move)
    if move.which == "one":
        return change_occurrence(access, raw["_id"], occurrence, values, version=version)
    held = continued(access, raw, occurrence)["repeats"] if move.which == "later" else raw["repeats"]
    rule = moved_rule(held, *days_moved(raw, occurrence, values))
    if rule != held:
        values["repeats"] = rule
    if move.which == "later":
        return change_later(access, raw["_id"], occurrence, values, version=version)
    return update_record(access, REGISTER, raw["_id"], moved_whole(raw, occurrence, values), version=version,
                         strict=version is not None)  # fmt: skip


def days_moved(raw: Raw, occurrence: dt.datetime, values: Raw) -> tuple[dt.date, dt.date]:
    """The days on which an occurrence is before and after it gets these values, as the zone of its series has them."""
    zone = zone_of(raw)
    was = occurrence.astimezone(zone).date() if raw.get("starts_at") else due_day(raw, occurrence)
    return was, values["starts_at"].astimezone(zone).date() if "starts_at" in values else values["due_on"]


def moved_whole(raw: Raw, occurrence: dt.datetime, values: Raw) -> Raw:
    """The values that one occurrence was moved to, as the whole series has them."""
    was, day = days_moved(raw, occurrence, values)
    if "starts_at" not in values:
        return {**values, "due_on": raw["due_on"].date() + (day - was)}
    length, zone = values["ends_at"] - values["starts_at"], zone_of(raw)
    if raw.get("starts_at"):
        starts = moved_start(raw, occurrence, values["starts_at"])
    else:
        time = values["starts_at"].astimezone(zone).time()
        starts = moment(dt.datetime.combine(raw["due_on"].date() + (day - was), time), zone)
    return {**values, "starts_at": starts, "ends_at": starts + length}


def due_values(access: Access, move: Move) -> Raw:
    """What a task without a time gets where it was dropped: a day, or a time."""
    if move.all_day:
        return {"due_on": move.start.date()}
    starts = moment(move.start, ZoneInfo(access.time_zone))
    return {"starts_at": starts, "ends_at": moment(move.end, ZoneInfo(access.time_zone)) if move.end else
            starts + HALF_HOUR}  # fmt: skip


def times(access: Access, raw: Raw, span: tuple[dt.datetime, dt.datetime], move: Move) -> Raw:
    """The times of an entry that was dragged. As long as its edge stays, it lasts as long as before: a whole day is as
    long as it is there, an hour is always an hour."""
    zone = zone_of(raw) if move.all_day else ZoneInfo(access.time_zone)
    starts = moment(move.start, zone)
    if move.end is not None:
        return {"starts_at": starts, "ends_at": moment(move.end, zone), "all_day": move.all_day}
    if move.all_day != bool(raw.get("all_day")):
        ends = moment(move.start + DAY, zone) if move.all_day else starts + HOUR
    elif move.all_day:
        days = span[1].astimezone(zone).replace(tzinfo=None) - span[0].astimezone(zone).replace(tzinfo=None)
        ends = moment(move.start + days, zone)
    else:
        ends = starts + (span[1] - span[0])
    return {"starts_at": starts, "ends_at": ends, "all_day": move.all_day}


