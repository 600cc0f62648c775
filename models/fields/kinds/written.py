"""Numbers, amounts, days and times as people of a language write them: Babel's texts, found quickly.

A page of a list writes a few hundred of them. Babel reads its patterns anew for each, which takes 50 to 100
microseconds; here its answers are taken apart once for each language and currency, and put together by Python's own
format. tests/models/test_written.py compares the two.
"""

import datetime as dt
import math
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_currency, format_decimal, get_currency_precision

#: More digits than any value has, so that rounding to a currency's decimals never fails.
_WIDE = Context(prec=60, rounding=ROUND_HALF_EVEN)
#: Below this a number is not grouped: most of four digits are years.
UNGROUPED = 10_000
KILO = 1024


@dataclass(frozen=True)
class _Marks:
    """What a language writes in place of Python's "1,234.5"."""

    group: str
    decimal: str
    #: Whether the language groups digits as Python does, by threes, and writes 0 to 9.
    plain: bool

    def written(self, digits: str) -> str:
        whole, point, rest = digits.partition(".")
        if self.group != ",":
            whole = whole.replace(",", self.group)
        return whole + (self.decimal + rest if point else "")


@lru_cache(maxsize=64)
def _marks(locale: str) -> _Marks:
    found = Locale.parse(locale)
    symbols = found.number_symbols["latn"]
    pattern = found.decimal_formats[None]
    plain = found.default_numbering_system == "latn" and tuple(pattern.grouping) == (3, 3)
    return _Marks(symbols["group"], symbols["decimal"], plain)


def number_text(value: float, locale: str) -> str:
    """1 234.5 with at most ten decimals; four digits are not grouped."""
    marks = _marks(locale)
    size: float = abs(value)
    if not marks.plain or not math.isfinite(size):
        return format_decimal(value, format="#,##0.##########" if size >= UNGROUPED else "0.##########", locale=locale)
    grouped = "," if size >= UNGROUPED else ""
    if isinstance(size, int):
        digits = format(size, grouped)
    else:
        digits = format(Decimal(str(size)), f"{grouped}.10f").rstrip("0").rstrip(".")
    # Nothing is less than nothing, also where it was rounded to it.
    return ("-" if value < 0 and digits != "0" else "") + marks.written(digits)


def size_text(size: float, locale: str) -> str:
    """The size of a file for people: 12 kB, 1.5 MB, 2.1 GB."""
    if size < KILO:
        return f"{number_text(size, locale)} B"
    for unit, bytes_in_it in (("kB", KILO), ("MB", KILO**2)):
        if size < bytes_in_it * KILO:
            shown = size / bytes_in_it
            return f"{number_text(round(shown, 1) if shown < 10 and unit != 'kB' else round(shown), locale)} {unit}"
    return f"{number_text(round(size / KILO**3, 1), locale)} GB"


@dataclass(frozen=True)
class _Style:
    """What stands around an amount's digits: of amounts that are not negative, and of negative ones."""

    before: str
    after: str
    minus_before: str
    minus_after: str
    step: Decimal


@lru_cache(maxsize=512)
def _style(currency: str, locale: str) -> _Style | None:
    """None where Babel's text can't be taken apart."""
    marks, places = _marks(locale), get_currency_precision(currency)
    one = marks.written(f"{1:.{places}f}")
    texts = [format_currency(Decimal(sign), currency, locale=locale) for sign in (1, -1)]
    if not marks.plain or any(text.count(one) != 1 for text in texts):
        return None
    (before, after), (minus_before, minus_after) = (text.split(one) for text in texts)
    return _Style(before, after, minus_before, minus_after, Decimal(1).scaleb(-places))


def money_text(amount: Decimal, currency: str, locale: str, *, short: bool = False) -> str:
    """1 234,50 € with the currency's own number of decimals; a `short` one that is whole has none: 1 234 €."""
    style = _style(currency, locale)
    if style is None or not amount.is_finite():
        return format_currency(amount, currency, locale=locale)
    step = Decimal(1) if short and amount == amount.to_integral_value() else style.step
    digits = _marks(locale).written(format(abs(amount).quantize(step, context=_WIDE), ",f"))
    if amount < 0:
        return style.minus_before + digits + style.minus_after
    return style.before + digits + style.after


@lru_cache(maxsize=4096)
def day_text(day: dt.date, locale: str) -> str:
    """1.2.2024, 1 Feb 2024."""
    return format_date(day, format="medium", locale=locale)


@lru_cache(maxsize=2048)
def clock_text(hour: int, minute: int, locale: str) -> str:
    """14.30, 14:30."""
    return format_time(dt.time(hour, minute), "short", locale=locale)
