"""Running a case and its floor in turn, and what came of it."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from flask import Flask

Work = Callable[[], Any]
#: A page of a list may take twice the floor and this much more, in milliseconds.
ALLOWANCE = 15.0


@dataclass(frozen=True)
class Case:
    """Something to measure. `ours` and `floor` do the same; `items` is how many rows or letters one call makes.

    A case with an `allowance` is held to twice the floor and so many milliseconds more. With `same_rows` both sides
    give pages, which must hold the same rows.
    """

    name: str
    ours: Work
    floor: Work
    items: int = 1
    allowance: float | None = None
    same_rows: bool = False


@dataclass(frozen=True)
class Result:
    """Medians in milliseconds of one case and its floor."""

    name: str
    ours: float
    floor: float
    items: int = 1
    allowance: float | None = None

    @property
    def ratio(self) -> float:
        return self.ours / self.floor

    @property
    def rate(self) -> float:
        """Items a second."""
        return self.items * 1_000 / self.ours

    @property
    def within(self) -> bool | None:
        return None if self.allowance is None else self.ours <= 2 * self.floor + self.allowance

    def as_json(self) -> dict[str, Any]:
        return {"name": self.name, "ours_ms": round(self.ours, 3), "floor_ms": round(self.floor, 3),
                "ratio": round(self.ratio, 2), "items": self.items, "items_per_second": round(self.rate, 1),
                "within_bound": self.within}  # fmt: skip


class DifferentAnswers(Exception):
    """A page and its floor hold other rows: whatever was measured, it was not the same."""


def measure(app: Flask, case: Case, rounds: int) -> Result:
    """Run case and floor in turn, so that whatever else the machine does meets both; the first round is not counted.

    Raises DifferentAnswers.
    """
    ours, floor = [], []
    for number in range(rounds + 1):
        mine, answer = timed(app, case.ours)
        least, bare_answer = timed(app, case.floor)
        if number:
            ours.append(mine)
            floor.append(least)
        elif case.same_rows and ids_of(answer.rows) != ids_of(bare_answer["rows"]):
            raise DifferentAnswers(case.name)
    return Result(case.name, median(ours), median(floor), case.items, case.allowance)


def ids_of(rows: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [row["_id"] for row in rows]


def timed(app: Flask, work: Work) -> tuple[float, Any]:
    """(milliseconds, answer) of one call, in a fresh context as each request has one: nothing is kept between calls."""
    with app.app_context():
        start = time.perf_counter()
        answer = work()
        return (time.perf_counter() - start) * 1_000, answer
