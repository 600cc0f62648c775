"""Days that move with today: this week, last quarter, the last 30 days."""

import datetime as dt
import re
from typing import Any

from babel.dates import format_skeleton
from dateutil.relativedelta import relativedelta
from flask_babel import lazy_gettext as _l

DAY = dt.timedelta(days=1)
Days = tuple[dt.date, dt.date]
PAST, FUTURE = "past", "future"
#: What people are offered; `last_<n>_days` and `next_<n>_months` take any number up to four and three digits.
PERIODS: dict[str, Any] = {
    PAST: _l("in the past"), FUTURE: _l("in the future"),
    "today": _l("today"), "yesterday": _l("yesterday"), "tomorrow": _l("tomorrow"),
    "this_week": _l("this week"), "last_week": _l("last week"), "next_week": _l("next week"),
    "this_month": _l("this month"), "last_month": _l("last month"), "next_month": _l("next month"),
    "this_quarter": _l("this quarter"), "last_quarter": _l("last quarter"), "next_quarter": _l("next quarter"),
    "this_year": _l("this year"), "last_year": _l("last year"), "next_year": _l("next year"),
}  # fmt: skip
OFFERED_COUNTS = ("last_7_days", "last_30_days", "last_90_days", "last_365_days", "next_7_days", "next_30_days",
                  "next_90_days", "next_365_days", "last_3_months", "last_6_months", "last_12_months",
                  "next_3_months", "next_6_months", "next_12_months")  # fmt: skip
COUNTED = re.compile(r"(last|next)_(?:([1-9]\d{0,3})_days|([1-9]\d{0,2})_months)", re.ASCII)
STEPS = {"last": -1, "this": 0, "next": 1}
SINGLE = {"yesterday": -1, "today": 0, "tomorrow": 1}
MONTHS = {"month": 1, "quarter": 3, "year": 12}
#: What reports put days together by, as MongoDB names them. Weeks are those of ISO 8601.
UNITS = ("day", "week", "month", "quarter", "year")
SKELETONS = {"day": "yMMMd", "month": "yMMMM", "quarter": "yQQQ", "year": "y"}


def period_label(code: str) -> Any:
    """What a period is called; None for a code that is none."""
    counted = COUNTED.fullmatch(code)
    if counted is None:
        return PERIODS.get(code)
    which, days, months = counted.groups()
    if months:
        return _l("the last %(months)s months", months=months) if which == "last" else _l(
            "the next %(months)s months", months=months)  # fmt: skip
    return _l("the last %(days)s days", days=days) if which == "last" else _l("the next %(days)s days", days=days)


def offered_periods() -> list[tuple[str, Any]]:
    return [*PERIODS.items(), *((code, period_label(code)) for code in OFFERED_COUNTS)]


def days_of(code: str, today: dt.date) -> Days:
    """(first day, day after the last one). The last 30 days end with today, the next 30 begin with it; weeks begin on
    Monday; today is neither past nor future. Raises ValueError for a code that is none."""
    counted = COUNTED.fullmatch(code)
    if counted:
        days, months = int(counted[2] or 0), int(counted[3] or 0)
        step = relativedelta(days=days, months=months)
        return (today + DAY - step, today + DAY) if counted[1] == "last" else (today, today + step)
    if code in (PAST, FUTURE):
        return (dt.date.min, today) if code == PAST else (today + DAY, dt.date.max)
    if code in SINGLE:
        first = today + SINGLE[code] * DAY
        return first, first + DAY
    if code not in PERIODS:
        raise ValueError(code)
    which, _sign, unit = code.partition("_")
    if unit == "week":
        first = today + (7 * STEPS[which] - today.weekday()) * DAY
        return first, first + 7 * DAY
    length = MONTHS[unit]
    number = (today.year * 12 + today.month - 1) // length + STEPS[which]
    return month_start(number * length), month_start((number + 1) * length)


def month_start(months: int) -> dt.date:
    """The first day of a month, counted from the year 0."""
    return dt.date(months // 12, months % 12 + 1, 1)


def first_day(day: dt.date, unit: str) -> dt.date:
    """The first day of the unit that holds the day."""
    if unit == "day":
        return day
    if unit == "week":
        return day - day.weekday() * DAY
    months = day.year * 12 + day.month - 1
    return month_start(months - months % MONTHS[unit])


def next_first_day(first: dt.date, unit: str) -> dt.date | None:
    """The first day of the unit after the one that begins with `first`; None at the calendar's end."""
    try:
        if unit in ("day", "week"):
            return first + DAY * (7 if unit == "week" else 1)
        return first + relativedelta(months=MONTHS[unit])
    except (OverflowError, ValueError):
        return None


def unit_text(first: dt.date, unit: str, locale: str) -> str:
    """The unit that begins with `first`, for people: "Week 48, 2026", "November 2026"."""
    if unit == "week":
        year, week, _day = first.isocalendar()
        return str(_l("Week %(week)s, %(year)s", week=week, year=year))
    return str(format_skeleton(SKELETONS[unit], first, locale=locale))
