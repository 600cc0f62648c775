"""The order of a list as stretches that indexes answer, and the keys by which it is turned page by page.

Records without a value stand last in either direction: they are a stretch of their own, in name order. A page goes on
from the key of a row (its value, its name, its id) instead of counting the rows before it.
"""

import base64
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import Decimal128, ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l

from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.query import chosen_order, order_of
from models.fields.schema import Schema
from services.planning import NAME_ORDER, Predicate

#: A longer key does not fit into an address; such pages go by number.
MAX_KEY = 1_500
MARK = "k1"


@dataclass(frozen=True)
class Stretch:
    """Records that hold `predicates`, in an order. `whole` ones are not narrowed by a key to equal values; `token` is
    the one in `facets` by which the stretch knows its records, where there is one."""

    predicates: tuple[Predicate, ...]
    order: tuple[tuple[str, int], ...]
    whole: bool = True
    token: str = ""

    def holds(self, row: Mapping[str, Any]) -> bool:
        if self.token:
            return self.token in (row.get("facets") or ())
        return value_at(row, self.order[0][0]) not in EMPTY_VALUES

    def turned(self) -> "Stretch":
        return Stretch(self.predicates, tuple((path, -sign) for path, sign in self.order), self.whole, self.token)

    def beyond(self, values: Sequence[Any]) -> list["Stretch"]:
        """What follows the row with these values: rows that equal it in all keys but the last ones come first."""
        found = []
        for place in reversed(range(len(self.order))):
            path, sign = self.order[place]
            equal = [{key: value} for (key, _sign), value in zip(self.order[:place], values, strict=False)]
            after = {path: {"$gt" if sign > 0 else "$lt": values[place]}}
            found.append(Stretch((*self.predicates, *equal, after), self.order[place:], whole=place == 0))
        return found


@dataclass(frozen=True)
class Listing:
    """A list's order: its stretches from first to last, and the name of the order in keys."""

    name: str
    stretches: tuple[Stretch, ...]

    def key_of(self, row: Mapping[str, Any]) -> str:
        """The key of a row of this list; empty where it would be too long for an address."""
        last = len(self.stretches) - 1
        number = next((place for place, stretch in enumerate(self.stretches[:last]) if stretch.holds(row)), last)
        values = [written(value_at(row, path)) for path, _sign in self.stretches[number].order]
        text = json.dumps([MARK, self.name, number, values], separators=(",", ":"))
        key = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return key if None not in values and len(key) <= MAX_KEY else ""

    def after(self, key: str) -> list[Stretch]:
        """The stretches that follow the row of the key. Raises ConditionError for a key that is none of this list."""
        number, values = self.read_key(key)
        return [*self.stretches[number].beyond(values), *self.stretches[number + 1 :]]

    def before(self, key: str) -> list[Stretch]:
        """The stretches before the row of the key, from the row back to the beginning. Raises ConditionError."""
        number, values = self.read_key(key)
        return [*self.stretches[number].turned().beyond(values), *(s.turned() for s in self.stretches[:number][::-1])]

    def read_key(self, key: str) -> tuple[int, list[Any]]:
        try:
            padded = key.encode("ascii") + b"=" * (-len(key) % 4)
            mark, name, number, values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            if mark != MARK or name != self.name or type(number) is not int or number < 0:
                raise ValueError(key)
            read = [read_value(value) for value in values]
            if len(read) != len(self.stretches[number].order) or not isinstance(read[-1], ObjectId):
                raise ValueError(key)
        except (ValueError, TypeError, IndexError, KeyError, ArithmeticError, RecursionError, InvalidId) as error:
            message = _l("This page of the list is not there any more. Go back to the first page.")
            raise ConditionError("page", message) from error
        return number, read


def listing_of(schema: Schema, column: str | None, direction: str | None) -> Listing:
    """The order for a column; records without a value come last, in name order."""
    order = tuple(order_of(schema, column, direction))
    column, _direction = chosen_order(schema, column, direction)
    if order[0][0] == NAME_ORDER:
        return Listing("" if order[0][1] > 0 else "-", (Stretch((), order),))
    field = schema.by_column[str(column)]
    name = f"{column}" if order[0][1] > 0 else f"{column}-"
    if field.kind.faceted:
        return Listing(name, tuple(by_token(field, order)))
    present, absent = (field.kind.presence(field, present=found) for found in (True, False))
    return Listing(name, (Stretch((present,), order), Stretch((absent,), order[1:])))


def by_token(field: Field, order: tuple[tuple[str, int], ...]) -> Iterator[Stretch]:
    """One stretch for each value that a field may have: the index of tokens has each of them in name order."""
    tokens = sorted(field.kind.possible_facets(field), reverse=order[0][1] < 0)
    for token in tokens:
        yield Stretch(({"facets": token},), order[1:], token=token)
    yield Stretch(({"facets": {"$nin": tokens}},), order[1:])


def value_at(row: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of a document, None when there is none."""
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def written(value: Any) -> list[Any] | None:
    """A value with the sign of its type; None for a type that no order goes by."""
    signs = ((sign, write) for sign, (kind, write, _read) in WRITTEN.items() if isinstance(value, kind))
    return next(([sign, write(value)] for sign, write in signs), None)


def moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC)


def clean(text: str) -> str:
    """The text, as far as it can be stored. Raises ValueError for half a surrogate pair."""
    return text.encode().decode()


#: How values stand in a key: the sign of their type, and how they are written and read.
WRITTEN: dict[str, tuple[type, Callable[[Any], Any], Callable[[Any], Any]]] = {
    "b": (bool, bool, bool),
    "i": (int, str, int),
    "f": (float, repr, float),
    "m": (Decimal128, str, Decimal128),
    "t": (dt.datetime, dt.datetime.isoformat, moment),
    "s": (str, str, clean),
    "o": (ObjectId, str, ObjectId),
}


def read_value(pair: Any) -> Any:
    sign, text = pair
    kind, _write, read = WRITTEN[sign]
    value = read(text) if isinstance(text, str) or kind is bool else None
    if value is None or (kind is int and abs(value) >= 2**63):
        raise ValueError(str(sign))
    return value
