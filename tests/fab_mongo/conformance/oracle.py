"""What each filter ought to find, worked out in plain Python over the values that were saved."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from fab_mongo import Kind

DAY = dt.timedelta(days=1)
Test = Callable[[Any, Any], bool]


def alike(value: Any) -> Any:
    """Text ignores case; a number is its exact value."""
    if isinstance(value, str):
        return value.lower()
    return Decimal(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def span(kind: Kind, sent: Any) -> tuple[Any, Any]:
    """First and last-but-one moment that a sent value means: a day sent for a moment is the whole day."""
    if kind is Kind.DATETIME and isinstance(sent, dt.date) and not isinstance(sent, dt.datetime):
        start = dt.datetime(sent.year, sent.month, sent.day, tzinfo=dt.UTC)
        return start, start + DAY
    return sent, None


def same(kind: Kind, stored: Any, sent: Any) -> bool:
    if kind.is_several:
        return sent in (stored or ())
    if stored is None:
        return False
    start, end = span(kind, sent)
    if end is not None:
        return start <= stored < end
    # Choices are keys and not text: case counts.
    return stored == sent if kind is Kind.CHOICE else alike(stored) == alike(sent)


def text(test: Callable[[str, str], bool]) -> Callable[[Kind, Any, Any], bool]:
    return lambda _kind, stored, sent: stored is not None and test(alike(stored), alike(sent))


def order(test: Callable[[Any, Any, Any], bool]) -> Callable[[Kind, Any, Any], bool]:
    def compare(kind: Kind, stored: Any, sent: Any) -> bool:
        start, end = span(kind, sent)
        return stored is not None and test(alike(stored), alike(start), end)

    return compare


def opposite(test: Callable[[Kind, Any, Any], bool]) -> Callable[[Kind, Any, Any], bool]:
    return lambda kind, stored, sent: not test(kind, stored, sent)


contains, starts, ends = (
    text(lambda stored, sent: sent in stored), text(str.startswith), text(str.endswith),
)  # fmt: skip

# For one value: whether a row passes, and whether several values are alternatives (any) or all must hold.
OPERATORS: Mapping[str, tuple[Callable[[Kind, Any, Any], bool], Callable[[Any], bool]]] = {
    "ct": (contains, any), "nct": (opposite(contains), all), "sw": (starts, any), "nsw": (opposite(starts), all),
    "ew": (ends, any), "new": (opposite(ends), all),
    "eq": (same, any), "neq": (opposite(same), all), "in": (same, any), "not_in": (opposite(same), all),
    "rel_o_m": (same, any), "nrel_o_m": (opposite(same), all),
    "rel_m_m": (same, any), "nrel_m_m": (opposite(same), all),
    "gt": (order(lambda stored, start, end: stored >= end if end else stored > start), all),
    "ge": (order(lambda stored, start, end: stored >= start), all),
    "lt": (order(lambda stored, start, end: stored < start), all),
    "le": (order(lambda stored, start, end: stored < end if end else stored <= start), all),
    "empty": (lambda _kind, stored, sent: (stored in (None, "", [])) is sent, any),
    "not_empty": (lambda _kind, stored, sent: (stored not in (None, "", [])) is sent, any),
}  # fmt: skip


def passes(kind: Kind, operator: str, stored: Any, sent: list[Any]) -> bool:
    """Whether a row whose column holds `stored` is to be found by the operator with these values."""
    test, joined = OPERATORS[operator]
    return joined(test(kind, stored, value) for value in sent)


def in_order(value: Any) -> tuple[bool, Any]:
    """What rows are sorted by: those without a value first, as MongoDB has it."""
    return value is not None, value if value is not None else 0
