"""Rules of repeating (RFC 5545): what an activity can repeat by, and the rule as one that counts."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from dateutil.rrule import rrule, rrulestr
from flask_babel import lazy_gettext as _l

from models.told import Told

#: So far ahead is looked where the caller sets no end: a rule may name a day that never comes.
HORIZON = dt.timedelta(days=10 * 366)
LAST_DAY = dt.datetime.max.replace(tzinfo=dt.UTC, microsecond=0).replace(tzinfo=None) - HORIZON
#: What a rule is tried on: a Saturday that begins a leap year.
SOME_DAY = LAST_DAY.replace(year=2000, month=1, day=1)
LONGEST_RULE = 300
FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "BYYEARDAY", "BYWEEKNO",
         "WKST")  # fmt: skip
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
#: The weekdays of a rule as other programs write them too: "MO,-1FR".
BY_DAY = re.compile(r"[+-]?\d{0,2}(?:MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
#: A weekday of a month: the first to the fifth, or the last.
NTH = re.compile(r"(-1|[1-5])(?:MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
MOST_COUNT, MOST_INTERVAL = 5_000, 1_000
UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
NUMBER = re.compile(r"[1-9]\d{0,4}", re.ASCII)


class BadRule(Told):
    """The rule is none that an activity can repeat by."""


def check_rule(text: str) -> None:
    """Raise BadRule unless an activity can repeat by this rule ("FREQ=WEEKLY;BYDAY=MO"), or no day fits it."""
    rule, _count = read_rule(text, SOME_DAY, ZoneInfo("UTC"))
    # A day that does not come in forty years is none; looked for to the end of all years it would take long.
    if "UNTIL" not in text.upper() and next(iter(rule.replace(until=SOME_DAY + 4 * HORIZON)), None) is None:
        raise BadRule(_l("No day fits this rule of repeating."))


def read_rule(text: str, first: dt.datetime, zone: ZoneInfo) -> tuple[rrule, int | None]:
    """The rule from `first` on without its COUNT, which is given beside it. Raises BadRule."""
    pairs = [part.partition("=")[::2] for part in text.upper().split(";")]
    parts = dict(pairs)
    known = set(parts) <= set(PARTS) and len(parts) == len(pairs)
    count, interval = parts.pop("COUNT", ""), parts.get("INTERVAL", "1")
    if len(text) > LONGEST_RULE or parts.get("FREQ") not in FREQUENCIES or not known:
        raise BadRule(_l("Choose how often it repeats: by days, weeks, months or years."))
    if not NUMBER.fullmatch(interval) or int(interval) > MOST_INTERVAL:
        raise BadRule(_l("Give an interval from 1 to %(most)s.", most=MOST_INTERVAL))
    if count and (not NUMBER.fullmatch(count) or int(count) > MOST_COUNT or "UNTIL" in parts):
        raise BadRule(_l("Give either a last day or a number of times, at most %(most)s.", most=MOST_COUNT))
    if not all(BY_DAY.fullmatch(day) for day in parts.get("BYDAY", "MO").split(",")):
        raise BadRule(_l("This rule of repeating can't be read."))
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


def moved_rule(rule: str, was: dt.date, start: dt.date) -> str:
    """A rule as it is once what took place on the day `was` takes place on `start`: weekdays move as far on as it did,
    a day of the month and "the second Tuesday" become the ones of `start`. Other rules stay as they are."""
    parts = dict(part.split("=", 1) for part in rule.split(";"))
    days = (start - was).days
    by_day, by_month_day = parts.get("BYDAY", ""), parts.get("BYMONTHDAY", "")
    if not days:
        return rule
    if parts["FREQ"] == "WEEKLY" and all(day in WEEKDAYS for day in by_day.split(",")):
        places = sorted((WEEKDAYS.index(day) + days) % 7 for day in by_day.split(","))
        parts["BYDAY"] = ",".join(WEEKDAYS[place] for place in places)
    elif parts["FREQ"] == "MONTHLY" and NTH.fullmatch(by_day) and not by_month_day:
        last = by_day.startswith("-") and (start + dt.timedelta(days=7)).month != start.month
        parts["BYDAY"] = f"{-1 if last else (start.day - 1) // 7 + 1}{WEEKDAYS[start.weekday()]}"
    elif parts["FREQ"] == "MONTHLY" and not by_day and by_month_day == str(was.day):
        parts["BYMONTHDAY"] = str(start.day)
    return ";".join(f"{name}={value}" for name, value in parts.items())
