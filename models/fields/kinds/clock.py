"""A time of the day, and when something comes again."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from babel import Locale
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.base import Kind, Query, text_of
from models.fields.kinds.written import clock_text, day_text
from models.fields.rules import PARTS, WEEKDAYS, BadRule, check_rule

CLOCK = re.compile(r"(?:klo\s*)?(?P<hour>\d{1,2})(?:[.:](?P<minute>\d{2})(?:[.:]00)?)?", re.IGNORECASE)
LAST_HOUR, LAST_MINUTE = 23, 59
#: How MongoDB is asked; as texts of one length times stand in their order.
ASKED = {"eq": "$eq", "ge": "$gte", "gt": "$gt", "le": "$lte", "lt": "$lt"}


class Time(Kind):
    """Kept as "14:30", which no time zone changes."""

    name = "time"
    label = _l("Time of day")
    input = "time"
    operators: ClassVar[Sequence[str]] = ops.ORDERED
    groupings = ("",)
    offered = False

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        text = text_of(raw, field)
        match = CLOCK.fullmatch(text)
        hour, minute = (int(match["hour"]), int(match["minute"] or 0)) if match else (99, 99)
        if hour > LAST_HOUR or minute > LAST_MINUTE:
            raise FieldError(_l("“%(value)s” is not a time of the day. Write it as 14.30 or 14:30.", value=text[:40]))
        return f"{hour:02}:{minute:02}"

    def text(self, value: Any, field: Field, context: Context) -> str:
        return clock_text(*map(int, value.split(":")), context.locale) if value else ""

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return value or ""

    def group_order(self, key: Any, field: Field, context: Context) -> Any:
        return key

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}

    def compare(self, code: str, value: Any, field: Field) -> Query:
        return {field.path: {ASKED[code]: value, "$type": "string"}}


#: What most things repeat by; any other rule is shown where it is held.
USUAL: Mapping[str, Any] = {
    "FREQ=DAILY": _l("Every day"),
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": _l("Every working day"),
    "FREQ=WEEKLY": _l("Every week"),
    "FREQ=WEEKLY;INTERVAL=2": _l("Every other week"),
    "FREQ=MONTHLY": _l("Every month"),
    "FREQ=MONTHLY;INTERVAL=3": _l("Every three months"),
    "FREQ=YEARLY": _l("Every year"),
}
#: Which of a month's weekdays a rule means: "2TU".
ORDINALS: Mapping[str, Any] = {
    "1": _l("first"), "2": _l("second"), "3": _l("third"), "4": _l("fourth"), "5": _l("fifth"), "-1": _l("last"),
}  # fmt: skip


class Recurrence(Kind):
    """When something comes again: a rule of RFC 5545 without its name, "FREQ=WEEKLY;BYDAY=MO"."""

    name = "recurrence"
    label = _l("Repetition")
    input = "recurrence"
    operators: ClassVar[Sequence[str]] = ops.YES_NO
    orderable = False
    offered = False

    def parse_value(self, raw: Any, field: Field, context: Context) -> str:
        text = text_of(raw, field).upper().removeprefix("RRULE:").strip(";")
        usual = next((rule for rule, label in USUAL.items() if str(label).casefold() == text.casefold()), None)
        return usual or checked_rule(text)

    def text(self, value: Any, field: Field, context: Context) -> str:
        return rule_text(value, context.locale) if value else ""

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return value or ""

    def cell(self, value: Any, field: Field, context: Context) -> str:
        return self.edit_text(value, field, context)

    def compare(self, code: str, value: Any, field: Field) -> Query:
        return {field.path: value}

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "maxLength": field.max_length, "description": "A recurrence rule of RFC 5545."}


def checked_rule(text: str) -> str:
    """The rule in capitals, its parts in one order. Raises FieldError for one that nothing can repeat by."""
    try:
        check_rule(text)
    except BadRule as error:
        raise FieldError(error.message) from error
    parts = rule_parts(text.upper())
    return ";".join(f"{name}={parts[name]}" for name in PARTS if name in parts)


def rule_parts(rule: str) -> dict[str, str]:
    return dict(part.split("=", 1) for part in rule.split(";"))


def rule_text(rule: str, locale: str) -> str:
    """A rule in words: "Every 2 weeks: Monday, Thursday, until 31 Dec 2027"."""
    if rule in USUAL:
        return str(USUAL[rule])
    parts = rule_parts(rule)
    pieces = [every(parts["FREQ"], int(parts.get("INTERVAL", "1")))]
    names = Locale.parse(locale).days["format"]["wide"]
    if "BYDAY" in parts:
        days = [(ordinal(day[:-2]), names[WEEKDAYS.index(day[-2:])]) for day in parts["BYDAY"].split(",")]
        pieces[0] += ": " + ", ".join(" ".join(filter(None, pair)) for pair in days)
    if parts.get("BYMONTHDAY") == "-1":
        pieces.append(str(_l("on the last day")))
    elif "BYMONTHDAY" in parts:
        pieces.append(str(_l("on day %(days)s", days=parts["BYMONTHDAY"].replace(",", ", "))))
    if "COUNT" in parts:
        count = int(parts["COUNT"])
        pieces.append(ngettext("%(num)s time", "%(num)s times", count))
    if "UNTIL" in parts:
        day = dt.datetime.strptime(parts["UNTIL"][:8], "%Y%m%d").date()  # noqa: DTZ007 - a day, not a moment
        pieces.append(str(_l("until %(day)s", day=day_text(day, locale))))
    return ", ".join(pieces)


def ordinal(number: str) -> str:
    return str(ORDINALS.get(number.lstrip("+"), number))


def every(frequency: str, interval: int) -> str:
    if frequency == "DAILY":
        return ngettext("Every day", "Every %(num)s days", interval)
    if frequency == "WEEKLY":
        return ngettext("Every week", "Every %(num)s weeks", interval)
    if frequency == "MONTHLY":
        return ngettext("Every month", "Every %(num)s months", interval)
    return ngettext("Every year", "Every %(num)s years", interval)
