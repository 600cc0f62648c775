"""What moved in the open offer book since a past day: from its value then to its value now, step by step."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from decimal import Decimal
from heapq import nsmallest
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection
from pymongo.errors import ExecutionTimeout

from models.fields.conditions import Node
from models.fields.kinds.numbers import decimal_of
from models.fields.query import Asking, Query, conditions_query, every_of
from models.fields.schema import schema_of
from models.opportunities import CLOSED, LOST, OPEN, WON
from models.past import PastState
from models.rights import Access
from services.currencies import Rates, rates_on, rounded
from services.linked import find_linked
from services.past_records import PastDay, past_of
from services.planning import plan_for_adding_up, predicates_of, time_limit
from services.search import TooSlow
from services.values import context_of

Raw = dict[str, Any]
REGISTER = "opportunity"
NEW, REOPENED, JOINED, GROWN, SHRUNK, LEFT, DELETED = (
    "new", "reopened", "joined", "grown", "shrunk", "left", "deleted")  # fmt: skip
SLIPPED, SOONER = "slipped", "sooner"
#: From the value then to the value now: what comes, what changes, what goes.
STEPS = (NEW, REOPENED, JOINED, GROWN, SHRUNK, WON, LOST, LEFT, DELETED)
#: What moves in time and leaves the value as it is.
MOVED_IN_TIME = (SLIPPED, SOONER)
#: So many records of each movement are named, the largest first.
MOST_NAMED = 50
#: What is read of every record that has changed, and what more of those that are named.
READ, TOLD = ("state", "value", "closes_on", "created_at"), ("name", "owner")
READERS = 2
OPEN_ONLY: Node = {"col": "state", "opr": "eq", "value": OPEN}


@dataclass(frozen=True)
class Moved:
    """One record that moved: raw documents of what it was and is, None where it was not there or is no more, and by
    how much the offer book changed with it, in the organisation's currency."""

    record: ObjectId
    before: Raw | None
    after: Raw | None
    amount: Decimal

    @property
    def name(self) -> str:
        return str((self.after or self.before or {}).get("name") or "")


@dataclass
class Movement:
    """One way in which records moved: how many, by how much (exact until `sum` rounds it), and which. Of what moved in
    time alone the amount is the value now."""

    key: str
    moved: list[Moved] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.moved)

    @property
    def sum(self) -> Decimal:
        return rounded(sum((one.amount for one in self.moved), Decimal(0)))

    def largest(self, most: int = MOST_NAMED) -> list[Moved]:
        return nsmallest(most, self.moved, key=lambda one: (-abs(one.amount), one.record))


@dataclass(frozen=True)
class Movements:
    """The open offer book at the end of `day` and now, in `currency`.

    `then` + `rates` + the sums of `steps` = `now`, to the cent. The value then is by the rates of then, movements are
    by those of today; `rates` is what that makes, together with what rounding leaves. `left_out` counts the open
    records of now in currencies without a rate, `left_out_then` those of then.
    """

    day: dt.date
    currency: str
    then: Decimal
    then_count: int
    now: Decimal
    now_count: int
    steps: list[Movement]
    in_time: list[Movement]
    left_out: Mapping[str, int]
    left_out_then: Mapping[str, int]

    @property
    def rates(self) -> Decimal:
        return self.now - self.then - sum((step.sum for step in self.steps), Decimal(0))

    @property
    def all_movements(self) -> list[Movement]:
        return [*self.steps, *self.in_time]


def movements(access: Access, conditions: Sequence[Node], day: dt.date) -> Movements:
    """What moved since the end of a past day among the open records that meet the conditions, by the rights of now.

    Conditions that go by the day ("this month") mean today's, then and now. Raises ConditionError, also for a reader
    from whom the state or the value is hidden; TooSlow.
    """
    schema = schema_of(REGISTER).for_access(access)
    for column in ("state", "value"):
        schema.field(column)
    past = past_of(access, schema, day)
    asking = Asking(access, context_of(access), find_linked)
    book = Book(past, conditions_query(schema, conditions, asking), conditions_query(schema, [OPEN_ONLY], asking))
    try:
        return compared(book, rates_on(day), rates_on(dt.datetime.now(context_of(access).zone).date()))
    except ExecutionTimeout as error:
        raise TooSlow from error


# Reading


@dataclass(frozen=True)
class Book:
    """The offer book then and now, as far as it has changed; what is the same is but added up."""

    past: PastDay
    query: Query
    open: Query

    def shown(self, names: Sequence[str]) -> list[str]:
        """Those of the names that are read: nothing that is hidden from the reader."""
        return [name for name in names if name == "created_at" or name in self.past.schema.by_column]

    @property
    def collection(self) -> Collection:
        return self.past.schema.register.document._get_collection()

    def same(self) -> dict[str, tuple[Decimal, int]]:
        """currency -> (sum, count) of open records that have not changed since; "" of those without a value."""
        asked = self.past.unchanged(every_of([self.query, self.open]))
        plan = plan_for_adding_up(self.collection, tuple(predicates_of(asked)))
        found = self.collection.aggregate([
            {"$match": plan.query},
            {"$group": {"_id": "$value.currency", "sum": {"$sum": "$value.amount"}, "count": {"$sum": 1}}},
        ], maxTimeMS=time_limit(), **plan.options)  # fmt: skip
        return {raw["_id"] or "": (Decimal(str(raw["sum"])), raw["count"]) for raw in found}

    def then(self) -> dict[ObjectId, Raw]:
        """The open records that have changed or gone since, as they were."""
        return self.states(self.past.changed(every_of([self.query, self.open])))

    def states_then(self, ids: Iterable[ObjectId]) -> dict[ObjectId, Raw]:
        """What some records were, open or not."""
        return self.states(every_of([self.past.changed({}), {"record": {"$in": list(ids)}}]))

    def states(self, query: Query, names: Sequence[str] = READ) -> dict[ObjectId, Raw]:
        fields = {"_id": 0, "record": 1, **{f"document.{name}": 1 for name in self.shown(names)}}
        found = PastState._get_collection().find(query, fields).max_time_ms(time_limit()).batch_size(20_000)
        return {raw["record"]: read_once(raw["document"]) for raw in found}

    def now(self) -> dict[ObjectId, Raw]:
        """The records that meet the conditions now and have changed since, open or not."""
        seen = self.past.access.condition(REGISTER)
        return self.documents(every_of([seen, self.query, {"changed_at": {"$gte": self.past.moment}}]))

    def documents(self, query: Query, names: Sequence[str] = READ) -> dict[ObjectId, Raw]:
        found = self.collection.find(query, self.shown(names)).max_time_ms(time_limit()).batch_size(20_000)
        return {raw["_id"]: read_once(raw) for raw in found}

    def name(self, moved: Sequence[Moved]) -> None:
        """Read the names and owners of some of the records, as they are now, of those that are gone as they were."""
        here = self.documents({"_id": {"$in": [one.record for one in moved if one.after]}}, TOLD)
        gone = [one.record for one in moved if one.record not in here]
        states = every_of([self.past.changed({}), {"record": {"$in": gone}}])
        told = here | (self.states(states, TOLD) if gone else {})
        for one in moved:
            for raw in (one.before, one.after):
                if raw is not None:
                    raw.update(told.get(one.record, {}))


def read_once(raw: Raw) -> Raw:
    """The record with its amount as a Decimal, which is asked for more than once."""
    if raw.get("value"):
        raw["value"]["amount"] = decimal_of(raw["value"]["amount"])
    return raw


# Comparing


def compared(book: Book, rates_then: Rates, rates_now: Rates) -> Movements:
    with ThreadPoolExecutor(READERS) as pool:
        # The database finds the ones while the others are unpacked.
        reading_same = pool.submit(copy_context().run, book.same)
        reading_then = pool.submit(copy_context().run, book.then)
        now, then, same = book.now(), reading_then.result(), reading_same.result()
    others = book.documents({"_id": {"$in": [key for key in then if key not in now]}})
    unknown = [key for key, raw in now.items() if key not in then and raw["created_at"] < book.past.moment]
    were = book.states_then(unknown) if unknown else {}
    found = {key: Movement(key) for key in (*STEPS, *MOVED_IN_TIME)}
    comparing = Comparing(rates_now, book.past.moment)
    for key, before in then.items():
        comparing.note(found, key, before, now.get(key) or others.get(key), stays=key in now)
    for key, after in now.items():
        if key not in then:
            comparing.note_arrival(found, key, were.get(key), after)
    book.name([one for movement in found.values() for one in movement.largest()])
    open_now = [raw for raw in now.values() if raw.get("state") == OPEN]
    return Movements(
        book.past.day, rates_now.currency,
        value_of(same, then.values(), rates_then), count_of(same, then.values()),
        value_of(same, open_now, rates_now), count_of(same, open_now),
        [found[key] for key in STEPS], [found[key] for key in MOVED_IN_TIME],
        left_out_of(same, open_now, rates_now), left_out_of(same, then.values(), rates_then),
    )  # fmt: skip


@dataclass(frozen=True)
class Comparing:
    """How a record moved, in amounts by the rates of today."""

    rates: Rates
    moment: dt.datetime

    def worth(self, raw: Raw | None) -> Decimal:
        """The value in the organisation's currency; nothing where there is no value or no rate."""
        value = (raw or {}).get("value")
        return (self.rates.convert(value["amount"], value["currency"]) or Decimal(0)) if value else Decimal(0)

    def note(
        self, found: Mapping[str, Movement], key: ObjectId, before: Raw, after: Raw | None, *, stays: bool
    ) -> None:
        """A record that was in the book; `stays` where it meets the conditions still."""
        was, is_now = self.worth(before), self.worth(after)
        if after is None or (after.get("state") not in CLOSED and not (stays and after.get("state") == OPEN)):
            gone = DELETED if after is None else LEFT
            found[gone].moved.append(Moved(key, before, after, -was))
            return
        if is_now != was:
            found[GROWN if is_now > was else SHRUNK].moved.append(Moved(key, before, after, is_now - was))
        if after["state"] in CLOSED:
            found[after["state"]].moved.append(Moved(key, before, after, -is_now))
            return
        earlier, later = before.get("closes_on"), after.get("closes_on")
        if earlier and later and earlier != later:
            found[SLIPPED if later > earlier else SOONER].moved.append(Moved(key, before, after, is_now))

    def note_arrival(self, found: Mapping[str, Movement], key: ObjectId, before: Raw | None, after: Raw) -> None:
        """A record that meets the conditions now and was not in the book; what came and is decided already has gone
        through it."""
        came, state = self.came(before, after), after.get("state")
        if came is None or state not in (OPEN, *CLOSED):
            return
        found[came].moved.append(Moved(key, before, after, self.worth(after)))
        if state in CLOSED:
            found[state].moved.append(Moved(key, before, after, -self.worth(after)))

    def came(self, before: Raw | None, after: Raw) -> str | None:
        """How a record came into the book; None for one that has not been in it since."""
        state = after.get("state")
        if before is None:
            fresh = after["created_at"] >= self.moment
            return NEW if fresh else REOPENED if state == OPEN else None
        if before.get("state") == OPEN:
            return JOINED
        return REOPENED if before.get("state") != state else None


# Adding up

Same = Mapping[str, tuple[Decimal, int]]


def value_of(same: Same, records: Iterable[Raw], rates: Rates) -> Decimal:
    """The value in the organisation's currency: summed by currency, converted, rounded at the end."""
    sums: Counter[str] = Counter()
    for currency, amount in amounts_of(same, records):
        sums[currency] += amount  # type: ignore[assignment]
    converted = (rates.convert(Decimal(amount), currency) for currency, amount in sums.items() if currency)
    return rounded(sum((amount for amount in converted if amount is not None), Decimal(0)))


def amounts_of(same: Same, records: Iterable[Raw]) -> Iterator[tuple[str, Decimal]]:
    yield from ((currency, amount) for currency, (amount, _count) in same.items())
    yield from ((raw["value"]["currency"], raw["value"]["amount"]) for raw in records if raw.get("value"))


def count_of(same: Same, records: Iterable[Raw]) -> int:
    return sum(count for _amount, count in same.values()) + sum(1 for _raw in records)


def left_out_of(same: Same, records: Iterable[Raw], rates: Rates) -> dict[str, int]:
    counts = Counter({currency: count for currency, (_amount, count) in same.items() if currency})
    counts.update(raw["value"]["currency"] for raw in records if raw.get("value"))
    return {currency: count for currency, count in sorted(counts.items()) if not rates.knows(currency)}
