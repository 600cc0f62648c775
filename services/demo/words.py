"""The tables that the demo organisation is drawn from: towns, names, trades and words, each as common as in life."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any, Generic, TypeVar

import yaml

DATA = Path(__file__).with_name("data")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Town:
    """A municipality: its name and genitive, the sales team of its region, area code and postal codes."""

    name: str
    genitive: str
    team: str
    area_code: str
    postal_codes: tuple[str, ...]


@dataclass(frozen=True)
class Trade:
    """A main section of TOL 2008. `revenue` is one employee's in thousands of euros a year."""

    key: str
    revenue: float
    label: Mapping[str, str]
    words: tuple[str, ...]


class Weighted(Generic[Item]):
    """Items to draw from, some more often than others."""

    def __init__(self, items: Sequence[Item], weights: Sequence[float]) -> None:
        self.items = tuple(items)
        self._sums = list(accumulate(weights))

    def draw(self, random: Random) -> Item:
        return random.choices(self.items, cum_weights=self._sums)[0]


def rows_of(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@cache
def yaml_of(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text(encoding="utf-8"))


@cache
def towns() -> Weighted[Town]:
    rows = rows_of("towns.csv")
    found = [Town(row["name"], row["genitive"], row["team"], row["area_code"], tuple(row["postal_codes"].split()))
             for row in rows]  # fmt: skip
    return Weighted(found, [float(row["people"]) for row in rows])


@cache
def names(which: str) -> Weighted[str]:
    """`which` is "first" or "last"."""
    rows = rows_of(f"{which}_names.csv")
    return Weighted([row["name"] for row in rows], [float(row["people"]) for row in rows])


@cache
def trades() -> Weighted[Trade]:
    rows = yaml_of("trades.yaml")
    found = [Trade(row["key"], row["revenue"], {"en": row["en"], "fi": row["fi"]}, tuple(row["words"])) for row in rows]
    return Weighted(found, [row["weight"] for row in rows])


@cache
def titles() -> Weighted[str]:
    pairs = words("titles")
    return Weighted([title for title, _ in pairs], [weight for _, weight in pairs])


def words(which: str) -> list[Any]:
    """"brand_starts", "brand_ends", "streets", "titles" (with weights) or "notes"."""
    return yaml_of("words.yaml")[which]
