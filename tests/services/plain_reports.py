"""What a report should say, in plain Python over raw documents: fractions, no query, nothing of the engine."""

import datetime as dt
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

Raw = dict[str, Any]
Keys = tuple[Any, ...]
Parts = list[tuple[Raw, Keys]]
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def value_of(raw: Raw, column: str) -> Any:
    return raw.get("custom", {}).get(column[2:]) if column.startswith("x_") else raw.get(column)


def period(value: dt.datetime, by: str, zone: str | None) -> dt.date:
    """The first day of the period; `zone` of moments, None of days."""
    day = value.astimezone(ZoneInfo(zone)).date() if zone else value.date()
    if by == "day":
        return day
    if by == "week":
        return dt.date.fromisocalendar(*day.isocalendar()[:2], 1)
    length = MONTHS[by]
    return dt.date(day.year, (day.month - 1) // length * length + 1, 1)


def keys_of(raw: Raw, group: Mapping[str, str], kind: str, zone: str) -> list[Any]:
    """The keys under which a record stands."""
    value = value_of(raw, group["column"])
    if value in (None, "", []):
        return [None]
    if kind in ("date", "datetime"):
        return [period(value, group["by"], zone if kind == "datetime" else None)]
    if kind == "product_lines":
        return sorted({line["product"] or "none" for line in value}, key=str)
    if isinstance(value, list):
        return sorted(set(value), key=str)
    return [value.lower() if kind == "text" else value]


def number_of(raw: Raw, column: str) -> Fraction | None:
    value = value_of(raw, column)
    if value is None:
        return None
    return Fraction(str(value["amount"]) if isinstance(value, dict) else repr(value))


def amount_of(raw: Raw, column: str, keys: Mapping[str, Any]) -> Fraction | None:
    """What of an amount belongs to the keys: by product only the product's own rows of the value."""
    lines, product_key = raw.get("products") or (), keys.get("products")
    if column == "value" and "products" in keys and lines:
        return sum((Fraction(str(line["amount"])) for line in lines if (line["product"] or "none") == product_key),
                   Fraction(0))  # fmt: skip
    return number_of(raw, column)


def to_cents(amount: Fraction) -> Fraction:
    """Half a cent goes away from nothing."""
    cents = math.floor(abs(amount) * 100 + Fraction(1, 2))
    return Fraction(cents if amount >= 0 else -cents, 100)


class Plain:
    """The plain figures of one definition."""

    def __init__(
        self, rows: Sequence[Raw], asked: Mapping[str, Any], kinds: Mapping[str, str], rates: Mapping[str, Fraction],
        zone: str,
    ) -> None:  # fmt: skip
        self.rows, self.asked, self.kinds, self.rates, self.zone = rows, asked, kinds, rates, zone
        self.columns = [group["column"] for group in asked["groups"]]

    def lines(self) -> dict[Keys, list[Any]]:
        found: dict[Keys, Parts] = {}
        for raw in self.rows:
            every = [keys_of(raw, group, self.kinds[group["column"]], self.zone) for group in self.asked["groups"]]
            for keys in product(*every):
                found.setdefault(keys, []).append((raw, keys))
        return {keys: self.values(parts) for keys, parts in found.items()}

    def totals(self) -> list[Any]:
        return self.values(self.whole())

    def whole(self) -> Parts:
        return [(raw, ()) for raw in self.rows]

    def left_out(self) -> dict[str, int]:
        columns = {one["column"] for one in self.asked["measures"] if self.kinds.get(one["column"]) == "money"}
        found: Counter[str] = Counter()
        for raw in self.rows:
            values = [value_of(raw, column) for column in columns]
            found.update({value["currency"] for value in values if value and value["currency"] not in self.rates})
        return dict(found)

    def values(self, parts: Parts) -> list[Any]:
        return [self.value(parts, measure) for measure in self.asked["measures"]]

    def value(self, parts: Parts, measure: Mapping[str, str]) -> Any:
        how, column = measure["how"], measure["column"]
        exact = self.exact(parts, measure)
        if how == "share":
            whole = self.exact(self.whole(), measure)
            return None if not whole else float(Fraction(exact) / Fraction(whole))
        if how == "count" or exact is None:
            return exact
        return to_cents(exact) if self.kinds[column] == "money" else float(exact)

    def exact(self, parts: Parts, measure: Mapping[str, str]) -> Any:
        how, column, by = measure["how"], measure["column"], measure["by"]
        if not column:
            return len(parts)
        amounts = [(self.amount(raw, column, keys), number_of(raw, by) if by else None) for raw, keys in parts]
        known = [(amount, percent) for amount, percent in amounts if amount is not None]
        if how == "mean":
            return sum((amount for amount, _percent in known), Fraction(0)) / len(known) if known else None
        if how == "weighted":
            return sum((amount * percent / 100 for amount, percent in known if percent is not None), Fraction(0))
        return sum((amount for amount, _percent in known), Fraction(0))

    def amount(self, raw: Raw, column: str, keys: Keys) -> Fraction | None:
        """In the organisation's currency; None where there is none, or no rate."""
        found = amount_of(raw, column, dict(zip(self.columns, keys, strict=False)))
        if found is None or self.kinds[column] != "money":
            return found
        rate = self.rates.get(value_of(raw, column)["currency"])
        return None if rate is None else found * rate


#: A condition, and whether a raw document meets it.
Condition = tuple[Raw, Callable[[Raw], bool]]
