"""Reading a number or a date out of text: lists brought in from elsewhere often hold both as text."""

import datetime
import re
from decimal import Decimal, InvalidOperation

from services.word.values import locale_of

_SPACES = re.compile(r"[\s\u00a0\u202f']+")
_AROUND = re.compile(r"^[€$£%]+|[€$£%]+$")
_TIME = r"(?:(?:[T\s]|\s*klo\s*)(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})" + _TIME)
_DAY_FIRST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + _TIME)


def parse_number(text: str, language: str = "en") -> Decimal | None:
    """The number that a text writes, with a comma or a point as its decimal mark; None when it is no number.

    A single mark is the decimal mark unless the language groups with it and it stands where a group would.
    """
    compact = _AROUND.sub("", _SPACES.sub("", text).replace("\u2212", "-"))
    if compact.startswith("(") and compact.endswith(")"):
        compact = "-" + compact[1:-1]
    if not re.fullmatch(r"[+-]?(?=[.,]?\d)[\d.,]*(?:[eE][+-]?\d{1,3})?", compact):
        return None
    try:
        return Decimal(_with_point(compact, language))
    except InvalidOperation:
        return None


def _with_point(compact: str, language: str) -> str:
    marks = [mark for mark in compact if mark in ".,"]
    if not marks:
        return compact
    last = marks[-1]
    other = "," if last == "." else "."
    if other in marks:
        return compact.replace(other, "").replace(last, ".")
    groups = re.fullmatch(rf"[+-]?\d{{1,3}}(?:\{last}\d{{3}})+", compact) is not None
    locale_groups = locale_of(language).number_symbols["latn"]["group"] == last
    if groups and (len(marks) > 1 or locale_groups):
        return compact.replace(last, "")
    return compact.replace(last, ".")


def parse_date(text: str, language: str = "en") -> datetime.datetime | None:
    """The date and time that a text writes: 2024-02-01, 1.2.2024 or 1/2/2024, with a time or without.

    With slashes the month comes first in English, else the day; a number over 12 decides by itself.
    """
    stripped = text.strip()
    if match := _YEAR_FIRST.fullmatch(stripped):
        year, month, day, *time = match.groups()
    elif match := _DAY_FIRST.fullmatch(stripped):
        day, mark, month, year, *time = match.groups()
        if mark == "/" and _month_first(int(day), int(month), language):
            day, month = month, day
    else:
        return None
    try:
        hour, minute, second = (int(part or 0) for part in time)
        return datetime.datetime(int(year), int(month), int(day), hour, minute, second)  # noqa: DTZ001
    except ValueError:
        return None


def _month_first(first: int, second: int, language: str) -> bool:
    if first > 12 or second > 12:
        return second > 12
    return locale_of(language).language == "en"
