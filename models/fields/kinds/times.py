"""Dates, which know no time zone, and moments, which are kept in UTC and shown in the reader's zone."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Any

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import ConditionError, FieldError
from models.fields.field import Field
from models.fields.kinds.base import Kind, Query
from models.fields.kinds.written import clock_text, day_text
from models.fields.periods import (
    FUTURE,
    PAST,
    UNITS,
    days_of,
    first_day,
    next_first_day,
    offered_periods,
    period_label,
    unit_text,
)

DAY = dt.timedelta(days=1)
PERIOD = "period"
FIRST = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
#: The last moment there is, to the millisecond that MongoDB keeps.
LAST = dt.datetime(9999, 12, 31, 23, 59, 59, 999_000, tzinfo=dt.UTC)
FINNISH_DATE = re.compile(r"^(?P<day>\d{1,2})\.\s?(?P<month>\d{1,2})\.\s?(?P<year>\d{4})(?P<rest>.*)$", re.DOTALL)
#: Three numbers, whichever of them is the day.
DAY_BY_ORDER = re.compile(r"(\d{4}|\d{1,2})[./-] ?(\d{1,2})[./-] ?(\d{4}|\d{1,2})")
FIRST_OF_LAST_CENTURY = 70
CLOCK = re.compile(r"^(?P<hour>\d{1,2})[.:](?P<minute>\d{2})(?:[.:](?P<second>\d{2}))?$")


def parse_date(text: str, order: str = "") -> dt.date:
    """A date written 2024-12-31 or 31.12.2024, or in an order of its parts ("dmy", "mdy"). Raises ValueError."""
    if order and (ordered := DAY_BY_ORDER.fullmatch(text.strip())):
        return ordered_date(ordered.groups(), order)
    match = FINNISH_DATE.match(text.strip())
    if match and not match["rest"].strip():
        return dt.date(int(match["year"]), int(match["month"]), int(match["day"]))
    return dt.date.fromisoformat(text.strip())


def ordered_date(parts: Sequence[str], order: str) -> dt.date:
    """A day out of its three numbers; a year of four digits shows where it is, one of two is of 1970 to 2069."""
    if len(parts[0]) == 4:
        order = "ymd"
    numbers = dict(zip(order, map(int, parts), strict=True))
    digits = len(parts[order.index("y")])
    if digits == 1:
        raise ValueError("/".join(parts))
    if digits == 2:
        numbers["y"] += 2000 if numbers["y"] < FIRST_OF_LAST_CENTURY else 1900
    return dt.date(numbers["y"], numbers["m"], numbers["d"])


def parse_moment(text: str, zone: dt.tzinfo, order: str = "") -> dt.datetime:
    """A moment written 2024-12-31T14:30 (with or without an offset) or 31.12.2024 14.30, its day perhaps in another
    order. Raises ValueError."""
    text = text.strip()
    day, _space, rest = text.partition(" ")
    if order and (ordered := DAY_BY_ORDER.fullmatch(day)):
        text = f"{ordered_date(ordered.groups(), order):%d.%m.%Y} {rest}".strip()
    match = FINNISH_DATE.match(text)
    if match:
        clock = CLOCK.match(match["rest"].strip().removeprefix("klo").strip() or "0:00")
        if clock is None:
            raise ValueError(text)
        moment = dt.datetime(int(match["year"]), int(match["month"]), int(match["day"]), int(clock["hour"]),
                             int(clock["minute"]), int(clock["second"] or 0), tzinfo=zone)  # fmt: skip
    else:
        moment = dt.datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def to_utc(moment: dt.datetime) -> dt.datetime:
    """UTC to the millisecond, which is all that MongoDB keeps. Raises ValueError near the calendar's ends."""
    try:
        moment = moment.astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError(str(moment)) from error
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def later(moment: dt.datetime, step: dt.timedelta) -> dt.datetime:
    """So much later, or the last moment there is."""
    return moment + step if moment < LAST - step else LAST


def aware(moment: dt.datetime) -> dt.datetime:
    """A moment out of the database, which may come without its zone, with it."""
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


class Date(Kind):
    """Kept as midnight UTC of that day and never converted between zones."""

    name = "date"
    label = _l("Date")
    input = "date"
    operators = ops.DATES
    ranged = True
    lowest = FIRST
    operator_labels = ops.DATE_LABELS
    groupings = UNITS

    def parse_value(self, raw: Any, field: Field, context: Context) -> dt.datetime:
        try:
            if isinstance(raw, dt.datetime):
                day = raw.date()
            elif isinstance(raw, dt.date):
                day = raw
            elif isinstance(raw, str):
                day = parse_date(raw, context.date_order)
            else:
                raise ValueError(raw)
        except ValueError as error:
            raise FieldError(_l("“%(value)s” is not a date. Write it as 31.12.2024 or 2024-12-31.",
                                value=str(raw)[:80])) from error  # fmt: skip
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)

    def document_field(self, **options: Any) -> Any:
        return me.DateTimeField(**options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        return day_text(value.date(), context.locale) if value else ""

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return value.date().isoformat() if value else ""

    def to_json(self, value: Any, field: Field) -> Any:
        return value.date().isoformat() if value else None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "format": "date"}

    def merge_value(self, value: Any, field: Field, context: Context) -> Any:
        return value.date() if value else None

    def operand_choices(self, code: str) -> Sequence[tuple[str, Any]]:
        return offered_periods() if code == PERIOD else ()

    def operand_label(self, code: str, raw: Any) -> Any:
        return period_label(raw) if code == PERIOD and isinstance(raw, str) else None

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        """A value is kept as the span (start, end) of its day, or of the period."""
        if code == PERIOD:
            return self.period(raw, field, context)
        day = super().operand_value(code, raw, field, context)
        return None if day is None else (day, later(day, DAY))

    def period(self, raw: Any, field: Field, context: Context) -> tuple[dt.datetime, dt.datetime]:
        """The span of a period, reckoned from today in the reader's zone."""
        try:
            first, after = days_of(str(raw), context.now.astimezone(context.zone).date())
        except ValueError as error:
            message = _l("“%(value)s” is no period. Use “this_week”, “last_month”, “last_30_days” or the like.",
                         value=str(raw)[:40])  # fmt: skip
            raise ConditionError(field.column, message) from error
        return self.start_of(first, context), self.start_of(after, context)

    def start_of(self, day: dt.date, context: Context) -> dt.datetime:
        """How the beginning of a day is kept."""
        return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)

    def compare(self, code: str, value: Any, field: Field) -> Query:
        return {self.sort_path(field): span(code, *value)}

    def group_expression(self, field: Field, by: str, context: Context) -> Any:
        path = f"${field.path}"
        return path if by == "day" else {"$dateTrunc": {"date": path, "unit": by, "startOfWeek": "monday"}}

    def group_key(self, found: Any, field: Field, by: str, context: Context) -> dt.date | None:
        return None if found is None else first_day(self.day_of(found, context), by)

    def day_of(self, moment: dt.datetime, context: Context) -> dt.date:
        """The day in whose period a stored value is."""
        return moment.date()

    def group_text(self, key: Any, field: Field, by: str, context: Context) -> str:
        return unit_text(key, by, context.locale)

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        return key

    def group_conditions(self, key: Any, field: Field, by: str, context: Context) -> list[dict[str, Any]]:
        """From the period's first day to before the next one's; the calendar's own ends bound nothing."""
        if key is None:
            return super().group_conditions(key, field, by, context)
        bounds = (("ge", key if key > dt.date.min else None), ("lt", next_first_day(key, by)))
        return [{"col": field.column, "opr": code, "value": day.isoformat()} for code, day in bounds if day]


class DateTime(Date):
    name = "datetime"
    label = _l("Date and time")
    input = "datetime"

    def parse_value(self, raw: Any, field: Field, context: Context) -> dt.datetime:
        try:
            if isinstance(raw, dt.datetime):
                return to_utc(raw if raw.tzinfo else raw.replace(tzinfo=context.zone))
            if isinstance(raw, dt.date):
                return to_utc(dt.datetime(raw.year, raw.month, raw.day, tzinfo=context.zone))
            if isinstance(raw, str):
                return to_utc(parse_moment(raw, context.zone, context.date_order))
        except ValueError as error:
            raise FieldError(_l("“%(value)s” is not a date and time. Write it as 31.12.2024 14.30.",
                                value=str(raw)[:80])) from error  # fmt: skip
        raise FieldError(_l("Give a date and time, such as 31.12.2024 14.30."))

    def text(self, value: Any, field: Field, context: Context) -> str:
        if not value:
            return ""
        local = aware(value).astimezone(context.zone)
        return f"{day_text(local.date(), context.locale)} {clock_text(local.hour, local.minute, context.locale)}"

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return aware(value).astimezone(context.zone).strftime("%Y-%m-%dT%H:%M") if value else ""

    def to_json(self, value: Any, field: Field) -> Any:
        return aware(value).isoformat().replace("+00:00", "Z") if value else None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "format": "date-time"}

    def merge_value(self, value: Any, field: Field, context: Context) -> Any:
        return aware(value).astimezone(context.zone) if value else None

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        """A day asked of a moment means that whole day in the reader's zone."""
        if code == PERIOD:
            return self.period(raw, field, context)
        moment = Kind.operand_value(self, code, raw, field, context)
        if moment is None:
            return None
        whole_day = isinstance(raw, str) and re.fullmatch(r"\s*(\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4})\s*", raw)
        return moment, later(moment, DAY if whole_day else dt.timedelta(minutes=1))

    def period(self, raw: Any, field: Field, context: Context) -> tuple[dt.datetime, dt.datetime]:
        """The past of moments ends now, and not with yesterday."""
        if raw not in (PAST, FUTURE):
            return super().period(raw, field, context)
        return (FIRST, context.now) if raw == PAST else (context.now, LAST)

    def group_expression(self, field: Field, by: str, context: Context) -> Any:
        return {"$dateTrunc": {"date": f"${field.path}", "unit": by, "startOfWeek": "monday",
                               "timezone": context.time_zone}}  # fmt: skip

    def day_of(self, moment: dt.datetime, context: Context) -> dt.date:
        try:
            return aware(moment).astimezone(context.zone).date()
        except OverflowError:
            return dt.date.min if moment.year == dt.MINYEAR else dt.date.max

    def start_of(self, day: dt.date, context: Context) -> dt.datetime:
        return to_utc(dt.datetime(day.year, day.month, day.day, tzinfo=context.zone))


def span(code: str, start: dt.datetime, end: dt.datetime) -> dict[str, Any]:
    """The comparison of a stored moment with the span [start, end)."""
    return {
        "eq": {"$gte": start, "$lt": end},
        PERIOD: {"$gte": start, "$lt": end},
        "ge": {"$gte": start},
        "gt": {"$gte": end},
        "lt": {"$lt": start},
        "le": {"$lt": end},
    }[code]
