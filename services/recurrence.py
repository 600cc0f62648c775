"""When a repeating activity takes place: its rule (RFC 5545) on the wall times of its zone, as moments."""

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import chain, dropwhile, islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, WEEKLY, rrule

from models.fields.rules import HORIZON, LAST_DAY, BadRule, check_rule, last_wall, moved_rule, read_rule

__all__ = ["BadRule", "check_rule", "last_wall", "moved_rule", "occurrences"]

Raw = Mapping[str, Any]
Span = tuple[dt.datetime, dt.datetime]
#: What begins outside of these years does not repeat: nobody's calendar reaches there, and counting would take long.
YEARS = range(1900, 2200)
#: Wall times and moments lie no further apart.
SLACK = dt.timedelta(days=2)


def occurrences(raw: Raw, start: dt.datetime, end: dt.datetime | None = None) -> Iterator[Span]:
    """The spans (start, end) of an activity that touch the time from `start` until before `end`, in order, in UTC.

    One that doesn't repeat has itself alone; one without a start stands at the moment it is due. Starts in `skipped`
    are left out. Without `end` the spans go on lazily, for ten years. Raises BadRule.
    """
    last = end or (start + HORIZON if start.year in YEARS else dt.datetime.max.replace(tzinfo=dt.UTC))
    skipped = set(raw.get("skipped") or ())
    for span in all_spans(raw, start, last):
        if span[0] >= last:
            return
        if touches(span, start) and span[0] not in skipped:
            yield span


def touches(span: Span, start: dt.datetime) -> bool:
    """Whether the span ends after `start`; one without a length, whether it is not before it."""
    return span[1] > start or span[0] >= start


def all_spans(raw: Raw, start: dt.datetime, end: dt.datetime) -> Iterator[Span]:
    """The activity's spans in order, skipped ones among them; some before `start`, none far behind `end`."""
    own = own_span(raw)
    if own is None:
        return
    if not raw.get("repeats") or own[0].year not in YEARS:
        yield own
        return
    zone = zone_of(raw)
    margin = own[1] - own[0] + SLACK
    begin, since = wall_start(raw, zone), start.replace(tzinfo=None)
    # A start near the calendar's first day leaves no room for the margin.
    since = since - margin if since > begin else begin
    for wall in walls(raw["repeats"], begin, zone, since, end.replace(tzinfo=None)):
        yield span_at(raw, wall, zone)


def own_span(raw: Raw) -> Span | None:
    """The span that the activity itself is kept with; None for one that has no time."""
    if start := raw.get("starts_at"):
        return start, raw.get("ends_at") or start
    return (raw["due_at"], raw["due_at"]) if raw.get("due_at") else None


def zone_of(raw: Raw) -> ZoneInfo:
    """The zone in which the activity's wall times are meant."""
    return zone_named(raw.get("zone"))


@lru_cache(maxsize=1_000)
def zone_named(name: Any) -> ZoneInfo:
    """The zone of that name, UTC where there is none. Looking through the names of all zones takes milliseconds."""
    return ZoneInfo(name if name in available_timezones() else "UTC")


def wall_start(raw: Raw, zone: ZoneInfo) -> dt.datetime:
    """What calendar and clock of the zone show at the start; for a task, the day and time it is due, at midnight where
    there is no time."""
    if raw.get("starts_at"):
        return raw["starts_at"].astimezone(zone).replace(tzinfo=None)
    time = dt.time.fromisoformat(raw.get("due_time") or "00:00")
    return dt.datetime.combine(raw["due_on"].date() if raw.get("due_on") else raw["due_at"].astimezone(zone), time)


def span_at(raw: Raw, wall: dt.datetime, zone: ZoneInfo) -> Span:
    """The span that begins at this wall time. A whole day is as long as it is there, an hour is always an hour."""
    if not raw.get("starts_at"):
        due = moment(wall if raw.get("due_time") else wall + dt.timedelta(days=1), zone)
        return due, due
    start, own, own_end = moment(wall, zone), raw["starts_at"], raw.get("ends_at") or raw["starts_at"]
    if raw.get("all_day"):
        days = own_end.astimezone(zone).replace(tzinfo=None) - own.astimezone(zone).replace(tzinfo=None)
        return start, moment(wall + days, zone)
    return start, start + (own_end - own)


def moment(wall: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The moment of a wall time, in UTC: of an hour that comes twice the first, of one left out as if it had not
    been (RFC 5545, 3.3.5)."""
    return wall.replace(tzinfo=zone).astimezone(dt.UTC)


def walls(text: str, first: dt.datetime, zone: ZoneInfo, start: dt.datetime, end: dt.datetime) -> Iterator[dt.datetime]:
    """The wall times of a rule as far as `end`, the first one always among them; without those long before `start`
    where they can be passed over."""
    rule, count = read_rule(text, first, zone)
    until = min(rule._until or LAST_DAY, min(end, LAST_DAY - SLACK) + SLACK)
    rule = rule.replace(dtstart=first if count else passed_over(rule, first, start), until=until)
    later = dropwhile(lambda wall: wall <= first, rule)
    return islice(takewhile(lambda wall: wall <= until, chain([first], later)), count)


def passed_over(rule: rrule, first: dt.datetime, start: dt.datetime) -> dt.datetime:
    """A start of the same rule not long before `start`: years of days need not be counted through."""
    step = {DAILY: 1, WEEKLY: 7}.get(rule._freq)
    if step is None or start <= first:
        return first
    step *= rule._interval
    return first + dt.timedelta(days=(start - first).days // step * step)
