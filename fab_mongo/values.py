"""Values as they were sent, parsed into what MongoDB compares with; wrong ones raise ValueError with a sentence."""

import datetime as dt
import re
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import mongoengine as me
from bson import Decimal128, ObjectId
from flask_babel import gettext as _
from mongoengine.errors import ValidationError

from fab_mongo.columns import Column, Kind

LONGEST_TEXT = 1000
"""Characters a filter's text may have; MongoDB refuses regular expressions of more than 32,764 bytes."""

SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
"""What a BSON integer holds."""

_LARGEST_EXPONENT = 300
_TRUE = frozenset({"1", "true", "y", "yes", "on"})
_FALSE = frozenset({"0", "false", "n", "no", "off"})
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")


def is_storable_text(text: str) -> bool:
    """Whether MongoDB can store and compare this text: it must be encodable and hold no NUL."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def is_storable(value: Any, depth: int = 50) -> bool:
    """Whether MongoDB can store this text, number or structure of them, nested no deeper than `depth`."""
    if depth == 0:
        return False
    if isinstance(value, str):
        return is_storable_text(value)
    if isinstance(value, int):
        return SMALLEST_INTEGER <= value <= LARGEST_INTEGER
    if isinstance(value, dict):
        return all(is_storable(key) and is_storable(inner, depth - 1) for key, inner in value.items())
    return all(is_storable(inner, depth - 1) for inner in value) if isinstance(value, (list, tuple)) else True


def parse_value(column: Column, value: Any) -> Any:
    """Parse one sent value for a column.

    Returns str, int, Decimal, bool, an aware datetime in UTC, one of the column's choices, or the id of a related
    document. Raises ValueError whose text tells a person what is expected.
    """
    if isinstance(value, (dict, list, tuple, set)):
        raise ValueError(_("%(label)s takes a single value.", label=column.label))
    parser, expected = _PARSERS[column.kind]
    try:
        return parser(column, value)
    except (ValueError, TypeError, ArithmeticError, ValidationError) as error:
        raise ValueError(_(expected, label=column.label)) from error


def _text(column: Column, value: Any) -> str:
    text = str(value)
    if len(text) > LONGEST_TEXT or not is_storable_text(text):
        raise ValueError(text[:40])
    return text


def _integer(column: Column, value: Any) -> int:
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
    if not _INTEGER.fullmatch(text) or not SMALLEST_INTEGER <= int(text) <= LARGEST_INTEGER:
        raise ValueError(text[:40])
    return int(text)


def parse_number(value: Any) -> Decimal:
    """Parse a decimal number, with a point or a comma; raises ValueError or ArithmeticError."""
    text = str(value).strip().replace(",", ".")
    if len(text) > LONGEST_TEXT or "_" in text or isinstance(value, bool):
        raise ValueError(text[:40])
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        raise ValueError(text[:40])
    return number


def _boolean(column: Column, value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError(text[:40])
    return text in _TRUE


def _date(column: Column, value: Any) -> dt.datetime:
    if isinstance(value, dt.datetime):
        value = value.date()
    day = value if isinstance(value, dt.date) else dt.date.fromisoformat(str(value).strip())
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def _datetime(column: Column, value: Any) -> dt.datetime:
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        return _date(column, value)
    moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def is_whole_day(value: Any) -> bool:
    """Whether a value sent for a date and time names a day and no time."""
    if isinstance(value, str):
        return len(value.strip()) == len("2026-01-31")
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _choice(column: Column, value: Any) -> Any:
    if not column.choices:
        return _text(column, value)
    by_text = {str(choice): choice for choice, _label in column.choices}
    if str(value) not in by_text:
        raise ValueError(str(value)[:40])
    return by_text[str(value)]


def parse_id(document_class: type[me.Document], value: Any) -> Any:
    """Return a primary key as MongoDB keeps it; raises ValueError for a malformed one."""
    field = document_class._fields[document_class._meta["id_field"]]
    try:
        key = field.to_mongo(_python_id(field, value))
    except (ValidationError, TypeError, OverflowError) as error:
        raise ValueError(str(value)[:40]) from error
    if not isinstance(key, _KEYS):
        raise ValueError(str(value)[:40])
    if isinstance(key, str):
        return _text_id(key)
    return _whole_id(key, value) if isinstance(key, int) else key


def _python_id(field: Any, value: Any) -> Any:
    if value is None:
        # MongoEngine makes a new key out of nothing for some fields.
        raise ValueError("id")
    if isinstance(field, me.SequenceField):
        return field.value_decorator(value)
    key = field.to_python(value)
    field.validate(key)
    return key


def _whole_id(key: int, value: Any) -> int:
    # Python reads more as a whole number than anybody writes: True, 1.5, "1_0", digits of any script.
    if not _INTEGER.fullmatch(str(value).strip()) or not SMALLEST_INTEGER <= key <= LARGEST_INTEGER:
        raise ValueError(str(value)[:40])
    return key


_KEYS = (str, int, float, ObjectId, uuid.UUID, dt.datetime, Decimal128, bytes)
"""What a primary key may be: one value, which an address can spell."""


def _text_id(key: str) -> str:
    if not is_storable_text(key):
        raise ValueError("id")
    return key


def _identifier(column: Column, value: Any) -> Any:
    assert column.related is not None, "a reference has a document class"
    return value.pk if isinstance(value, me.Document) else parse_id(column.related, value)


def _nothing(column: Column, value: Any) -> Any:
    raise ValueError(column.name)


_Parser = Callable[[Column, Any], Any]


def N_(message: str) -> str:  # noqa: N802 (the name Babel's extractor knows)
    """Mark a message for translation without translating it now."""
    return message


_TEXT = (_text, N_("%(label)s takes text of at most 1,000 characters."))
_PARSERS: dict[Kind, tuple[_Parser, str]] = {
    Kind.STRING: _TEXT,
    Kind.TEXT: _TEXT,
    Kind.EMAIL: _TEXT,
    Kind.URL: _TEXT,
    Kind.INTEGER: (_integer, N_("%(label)s takes a whole number, such as 42.")),
    Kind.NUMBER: (lambda column, value: parse_number(value), N_("%(label)s takes a number, such as 3.5.")),
    Kind.BOOLEAN: (_boolean, N_("%(label)s takes yes or no.")),
    Kind.DATE: (_date, N_("%(label)s takes a date, such as 2026-01-31.")),
    Kind.DATETIME: (_datetime, N_("%(label)s takes a date or a date and time, such as 2026-01-31T12:00.")),
    Kind.CHOICE: (_choice, N_("%(label)s takes one of its choices.")),
    Kind.CHOICES: (_choice, N_("%(label)s takes one of its choices.")),
    Kind.ONE: (_identifier, N_("%(label)s takes the identifier of a record.")),
    Kind.MANY: (_identifier, N_("%(label)s takes the identifier of a record.")),
    Kind.JSON: (_nothing, N_("%(label)s cannot be searched.")),
}
