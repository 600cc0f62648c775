"""The figures of a row: how the database adds them up, and what comes of the sums."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from babel import Locale
from babel.numbers import format_percent
from bson import Decimal128
from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.kinds.numbers import decimal_of
from models.fields.kinds.written import money_text, number_text
from models.fields.schema import Schema
from services.currencies import EXACT, WIDE, Rates, rounded
from services.reports.definition import Measured
from services.values import LazyLabel

Number = int | float | Decimal
Value = Number | None


@dataclass
class Sums:
    """What was added up over some records. `sums` are by name and currency ("" for plain numbers); `currencies` counts
    the records that have an amount in each."""

    records: int = 0
    sums: dict[tuple[str, str], Number] = field(default_factory=dict)
    currencies: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sums") -> None:
        self.records += other.records
        self.currencies.update(other.currencies)
        for key, number in other.sums.items():
            self.sums[key] = added(self.sums.get(key, 0), number)


def added(one: Number, other: Number) -> Number:
    """The exact sum of amounts; that of plain numbers as Python has it."""
    if isinstance(one, Decimal) or isinstance(other, Decimal):
        return EXACT.add(Decimal(one), Decimal(other))
    return one + other


def summed(parts: Iterable[Sums]) -> Sums:
    total = Sums()
    for one in parts:
        total.add(one)
    return total


@dataclass(frozen=True)
class Measure:
    """One figure of each row. `how` is one of HOWS; `field` None where records are counted; `percent` weights.

    Amounts are Decimals in the organisation's currency, rounded half up to cents; counts are whole; a share is a
    fraction of the whole report's figure, 0.25 for a quarter. None is what can't be said: the mean or share of nothing.
    """

    how: str
    field: Field | None = None
    percent: Field | None = None

    @property
    def money(self) -> bool:
        """Whether the values are amounts of money."""
        return self.how != "share" and bool(self.currency_path)

    @cached_property
    def currency_path(self) -> str:
        return self.field.kind.currency_path(self.field) if self.field else ""

    @property
    def names(self) -> tuple[str, str]:
        """What the sum, and the count of those that have a value, are called."""
        column = self.field.column if self.field else ""
        return f"weighted:{column}:{self.percent.column}" if self.percent else f"sum:{column}", f"having:{column}"

    def accumulators(self, amount: Any, percent: Any) -> dict[str, Any]:
        """What the database adds up, by name; `amount` and `percent` are expressions for the record's values."""
        name, having = self.names
        if self.field is None:
            return {}
        if self.percent is not None:
            factor = {"$toDecimal": percent} if self.money else percent
            return {name: {"$sum": {"$multiply": [amount, factor]}}}
        found = {name: {"$sum": amount}}
        if self.how == "mean":
            found[having] = {"$sum": {"$cond": [{"$gt": [amount, None]}, 1, 0]}}
        return found

    # What comes of the sums

    def value(self, sums: Sums, total: Sums, rates: Rates) -> Value:
        """The row's figure; `total` is the whole report's."""
        exact = self.exact(sums, rates)
        if self.how == "share":
            return share_of(exact, self.exact(total, rates))
        return rounded(Decimal(exact)) if exact is not None and self.money else exact

    def exact(self, sums: Sums, rates: Rates) -> Value:
        """The figure as it is before anything is rounded."""
        name, having = self.names
        if self.field is None:
            return sums.records
        found = self.converted(name, sums, rates)
        if self.how == "mean":
            count = sum(int(number) for (key, currency), number in sums.sums.items()
                        if key == having and self.counts(currency, rates))  # fmt: skip
            return divided(found, count) if count else None
        return divided(found, 100) if self.how == "weighted" else found

    def counts(self, currency: str, rates: Rates) -> bool:
        """Whether amounts of the currency are in the sums."""
        return not self.currency_path or rates.knows(currency)

    def converted(self, name: str, sums: Sums, rates: Rates) -> Number:
        found: Number = Decimal(0) if self.currency_path else 0
        for (key, currency), number in sums.sums.items():
            if key == name and self.counts(currency, rates):
                found = added(found, (rates.convert(Decimal(number), currency) or 0) if self.currency_path else number)
        return found

    # What people read

    def label_in(self, language: str) -> str:
        if self.field is None:
            return str(_l("Share of the count") if self.how == "share" else _l("Count"))
        label = self.field.label_in(language)
        told = {"mean": _l("%(field)s, mean", field=label), "weighted": _l("%(field)s, weighted", field=label),
                "share": _l("%(field)s, share", field=label)}  # fmt: skip
        return str(told.get(self.how, label))

    def text(self, value: Value, currency: str, context: Context) -> str:
        """A value for people: "1 234,50 €", "25,0 %"; empty text for what can't be said."""
        if value is None:
            return ""
        if self.how == "share":
            return share_text(float(value), context)
        if self.money:
            return money_text(Decimal(value), currency, context.locale)
        return number_text(value if isinstance(value, int) else round(float(value), 2), context.locale)


def divided(number: Number, by: int) -> Number:
    return WIDE.divide(number, Decimal(by)) if isinstance(number, Decimal) else number / by


def share_of(part: Value, whole: Value) -> float | None:
    """The part as a fraction of the whole; None where the whole is nothing."""
    if not whole or part is None or not math.isfinite(whole):
        return None
    return float(WIDE.divide(part, whole)) if isinstance(part, Decimal) and isinstance(whole, Decimal) else (
        float(part) / float(whole))  # fmt: skip


def share_text(value: float, context: Context) -> str:
    pattern = str(Locale.parse(context.locale).percent_formats[None].pattern)
    return str(format_percent(value, format=pattern.replace("0", "0.0", 1), locale=context.locale))


def measures_of(schema: Schema, asked: Iterable[Measured]) -> list[Measure]:
    """The measures by the schema as the reader has it. Raises ConditionError for a field that is gone or hidden."""
    found = []
    for one in asked:
        measure = Measure(one.how, schema.field(one.column) if one.column else None,
                          schema.field(one.by) if one.by else None)  # fmt: skip
        for used in filter(None, (measure.field, measure.percent)):
            if not used.kind.numeric:
                raise ConditionError(used.column, _l("“%(field)s” is no number that could be added up.",
                                                     field=LazyLabel(used)))  # fmt: skip
        found.append(measure)
    return found


def sums_of(raw: Mapping[str, Any], measures: Iterable[Measure], currencies: Mapping[str, str]) -> Sums:
    """One group of the database as sums; `currencies` maps each column of money to the group's currency."""
    sums = Sums(records=raw["n"])
    for code in {code for code in currencies.values() if code}:
        sums.currencies[code] = raw["n"]
    names: dict[str, str] = defaultdict(str)
    for measure in measures:
        if measure.field is not None:
            names.update(dict.fromkeys(measure.names, currencies.get(measure.field.column, "")))
    sums.sums = {(name, currency): plain(raw[name]) for name, currency in names.items() if name in raw}
    return sums


def plain(number: Any) -> Number:
    return decimal_of(number) if isinstance(number, Decimal128) else number
