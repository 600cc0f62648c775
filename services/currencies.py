"""Amounts of several currencies in the organisation's own, by the rates that it keeps."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal, Inexact

from models.fields.kinds.numbers import decimal_of
from models.organisation import organisation
from models.rates import ExchangeRate

#: Wide enough for every sum of amounts times a rate: what would not be exact is an error and no figure.
EXACT = Context(prec=80, rounding=ROUND_HALF_UP, traps=[Inexact])
#: The same, where a division has no end.
WIDE = Context(prec=80, rounding=ROUND_HALF_UP)
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Rates:
    """What each currency is worth in `currency` on one day."""

    currency: str
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def convert(self, amount: Decimal, currency: str) -> Decimal | None:
        """The amount in the organisation's currency, exactly; None where there is no rate."""
        if currency == self.currency:
            return amount
        rate = self.rates.get(currency)
        return None if rate is None else EXACT.multiply(amount, rate)

    def knows(self, currency: str) -> bool:
        return currency == self.currency or currency in self.rates


def rates_on(day: dt.date) -> Rates:
    """The rates in force on a day: of each currency the last one that began by then."""
    moment = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    found = ExchangeRate._get_collection().aggregate([
        {"$match": {"day": {"$lte": moment}}}, {"$sort": {"currency": 1, "day": -1}},
        {"$group": {"_id": "$currency", "rate": {"$first": "$rate"}}},
    ])  # fmt: skip
    return Rates(organisation().currency, {raw["_id"]: decimal_of(raw["rate"]) for raw in found})


def rounded(amount: Decimal) -> Decimal:
    """To cents, half up (away from nothing)."""
    return amount.quantize(CENT, context=WIDE)
