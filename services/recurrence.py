"""When a repeating activity takes place: its rule (RFC 5545) on the wall times of its zone, as moments."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from itertools import chain, dropwhile, islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from dateutil.rrule import DAILY, WEEKLY, rrule, rrulestr
from flask_babel import lazy_gettext as _l

from models.told import Told

Raw = Mapping[str, Any]
Span = tuple[dt.datetime, dt.datetime]
#: So far ahead is looked where the caller sets no end: a rule may name a day that never comes.
HORIZON = dt.timedelta(days=10 * 366)
#: What begins outside of these years does not repeat: nobody's calendar reaches there, and counting would take long.
YEARS = range(1900, 2200)
#: Wall times and moments lie no further apart.
SLACK = dt.timedelta(days=2)
LAST_DAY = dt.datetime.max.replace(tzinfo=dt.UTC, microsecond=0).replace(tzinfo=None) - HORIZON
#: What a rule is tried on: a Saturday that begins a leap year.
SOME_DAY = LAST_DAY.replace(year=2000, month=1, day=1)
LONGEST_RULE = 300
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYYEARDAY", "BYWEEKNO",
         "WKST")  # fmt: skip
MOST_COUNT, MOST_INTERVAL = 5_000, 1_000
UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
NUMBER = re.compile(r"[1-9]\d{0,4}", re.ASCII)


class BadRule(Told):
    """The rule is none that an activity can repeat by."""


def check_rule(text: str) -> None:
    """Raise BadRule unless an activity can repeat by this rule ("FREQ=WEEKLY;BYDAY=MO"), or no day fits it."""
    rule, _count = read_rule(text, SOME_DAY, ZoneInfo("UTC"))
    if "UNTIL" not in text.upper() and next(iter(rule), None) is None:
        raise BadRule(_l("No day fits this rule of repeating."))


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
    name = raw.get("zone")
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


def read_rule(text: str, first: dt.datetime, zone: ZoneInfo) -> tuple[rrule, int | None]:
    """The rule from `first` on without its COUNT, which is given beside it. Raises BadRule."""
    parts = dict(part.partition("=")[::2] for part in text.upper().split(";"))
    count, interval = parts.pop("COUNT", ""), parts.get("INTERVAL", "1")
    if len(text) > LONGEST_RULE or parts.get("FREQ") not in FREQUENCIES or not set(parts) <= set(PARTS):
        raise BadRule(_l("Choose how often it repeats: by days, weeks, months or years."))
    if not NUMBER.fullmatch(interval) or int(interval) > MOST_INTERVAL:
        raise BadRule(_l("Give an interval from 1 to %(most)s.", most=MOST_INTERVAL))
    if count and (not NUMBER.fullmatch(count) or int(count) > MOST_COUNT or "UNTIL" in parts):
        raise BadRule(_l("Give either a last day or a number of times, at most %(most)s.", most=MOST_COUNT))
    if "UNTIL" in parts:
        parts["UNTIL"] = last_wall(parts["UNTIL"], zone)
    try:
        rule = rrulestr(";".join(f"{name}={value}" for name, value in parts.items()), dtstart=first)
    except (ValueError, TypeError, IndexError, KeyError) as error:
        raise BadRule(_l("This rule of repeating can't be read.")) from error
    return rule, int(count) if count else None


def last_wall(text: str, zone: ZoneInfo) -> str:
    """A rule's UNTIL as wall time of the zone; a day alone is meant to its end. Raises BadRule."""
    found = UNTIL.fullmatch(text)
    try:
        if found is None:
            raise ValueError(text)
        day, time, in_utc = found.groups()
        last = dt.datetime.strptime(f"{day}{time or '235959'}+0000", "%Y%m%d%H%M%S%z")
        if in_utc:
            last = last.astimezone(zone)
    except (ValueError, OverflowError) as error:
        raise BadRule(_l("The last day of repeating can't be read.")) from error
    return last.strftime("%Y%m%dT%H%M%S")
