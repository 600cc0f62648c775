"""What a merge field's value may be, and its text where the template names no picture for it."""

import datetime
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time


@dataclass(frozen=True, slots=True)
class Table:
    """The rows of a table that a record has, such as the products of an offer.

    Each row maps the whole normalised names of merge fields ("products.name") to values; `names` are all those that
    rows may have. A record holds the table under `table_key(name)`.
    """

    names: frozenset[str]
    rows: Sequence[Mapping[str, "Value"]]


Value = str | int | float | Decimal | datetime.date | datetime.datetime | bool | Table | None

_YES_NO = {"fi": ("Kyllä", "Ei"), "sv": ("Ja", "Nej"), "de": ("Ja", "Nein")}


def normalise_name(name: str) -> str:
    """The key a value is looked up by: Word matches names without regard to case, and a space equals `_`."""
    composed = unicodedata.normalize("NFC", name)
    return "_".join(composed.replace("_", " ").split()).casefold()


def table_key(name: str) -> str:
    """The key that a record holds a table's rows under; no merge field's name can be normalised to it."""
    return f"table {normalise_name(name)}"


@lru_cache(maxsize=64)
def locale_of(language: str) -> Locale:
    """The Babel locale of a language code ("fi", "sv_FI", "en-GB"); English where Babel has no such language."""
    if language == "en":
        # English as it is written in Europe: 1 Feb 2024.
        return Locale.parse("en_GB")
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en")


def is_known_language(language: str) -> bool:
    """Whether there are names of months and words for numbers in a language."""
    try:
        Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return False
    return True


def plain_text(value: Value, language: str) -> str:
    """The text of a value as people of that language write it: dates short, numbers with their decimal mark."""
    if value is None or isinstance(value, Table):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return _YES_NO.get(locale_of(language).language, ("Yes", "No"))[0 if value else 1]
    if isinstance(value, datetime.date):
        return _date_text(value, language)
    number = number_of(value)
    return "" if number is None else _number_text(number, language)


def number_of(value: int | float | Decimal) -> Decimal | None:
    """The exact decimal that a number is written as; None for what is no finite number."""
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    return number if number.is_finite() else None


@lru_cache(maxsize=4096)
def _date_text(value: datetime.date, language: str) -> str:
    locale = locale_of(language)
    text = format_date(value, "medium", locale=locale)
    if isinstance(value, datetime.datetime):
        text += " " + format_time(value.time(), "short", locale=locale)
    return text.replace("\u202f", " ")


def _number_text(number: Decimal, language: str) -> str:
    """Not grouped, as Word prints a number without a picture; a Decimal keeps the decimals it came with (1234.50)."""
    return format(number or abs(number), "f").replace(".", _decimal_mark(language))


@lru_cache(maxsize=64)
def _decimal_mark(language: str) -> str:
    return str(locale_of(language).number_symbols["latn"]["decimal"])
