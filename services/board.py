"""The pipeline board (V16): the open opportunities of a pipeline by their stages, and what they are worth."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

from bson import ObjectId
from pymongo.errors import ExecutionTimeout

from models.fields.conditions import Node
from models.fields.kinds.numbers import decimal_of
from models.fields.kinds.times import aware
from models.fields.periods import days_of
from models.fields.query import every_of, visible_query
from models.fields.schema import Schema, schema_of
from models.opportunities import CLOSED, OPEN
from models.pipelines import Pipeline, Stage, pipelines
from models.rights import Access
from services.currencies import WIDE, Rates, rounded
from services.linked import find_linked
from services.next_steps import latest_moments, next_activities
from services.opportunities import REGISTER, today_of
from services.paging import Listing, listing_of
from services.planning import plan_for_sorting, predicates_of, time_limit
from services.reading import Reader
from services.records import now
from services.search import TooSlow
from services.values import context_of

Raw = dict[str, Any]
#: So many cards of a column are read at once.
CARDS = 50
#: What cards show, as far as their reader sees it.
SHOWN = ("company", "value", "closes_on", "owner", "next_step", "stage", "stage_since")
#: Without these there is no board.
NEEDED = ("stage", "state")
#: The link by which activities are those of an opportunity.
LINK = "opportunities"
#: What was won and lost is told of the present one.
PERIOD = "this_quarter"


@dataclass
class Sums:
    """How many there are, how many of them should have been closed by now, and what they are worth: exact sums by
    currency. `weighted` is what is to be expected of them, by their probability; `valued` counts those with a value in
    each currency."""

    count: int = 0
    late: int = 0
    values: dict[str, Decimal] = field(default_factory=dict)
    weighted: dict[str, Decimal] = field(default_factory=dict)
    valued: Counter[str] = field(default_factory=Counter)

    def add(self, other: "Sums") -> None:
        self.count += other.count
        self.late += other.late
        self.valued += other.valued
        for mine, its in ((self.values, other.values), (self.weighted, other.weighted)):
            for currency, amount in its.items():
                mine[currency] = WIDE.add(mine.get(currency, Decimal(0)), amount)


@dataclass
class Column:
    """One stage: its sums, its first cards (raw, the first to be closed first), and the key from which more go on."""

    stage: Stage
    sums: Sums = field(default_factory=Sums)
    rows: list[Raw] = field(default_factory=list)
    after: str = ""


@dataclass(frozen=True)
class Cards:
    """What cards tell besides their own values: the next activity of each, and for how many days it has rested."""

    steps: Mapping[ObjectId, Raw]
    resting: Mapping[ObjectId, int]


@dataclass(frozen=True)
class Board:
    """`closed` holds what was won and what was lost in the present quarter, empty for who doesn't see that."""

    pipeline: Pipeline
    columns: list[Column]
    closed: Mapping[str, Sums]

    @property
    def total(self) -> Sums:
        total = Sums()
        for column in self.columns:
            total.add(column.sums)
        return total


@dataclass(frozen=True)
class Asked:
    """Whose board it is, of which pipeline, under which conditions."""

    access: Access
    pipeline: Pipeline
    conditions: Sequence[Node] = ()

    @cached_property
    def schema(self) -> Schema:
        return schema_of(REGISTER).for_access(self.access)

    @cached_property
    def listing(self) -> Listing:
        """The order of the cards: the first to be closed first, those without a day last."""
        return listing_of(self.schema, "closes_on" if "closes_on" in self.schema.by_column else None, None)

    def query(self, *parts: Raw) -> Raw:
        """The opportunities of the pipeline that the user sees under these conditions. Raises ConditionError."""
        visible = visible_query(self.schema, self.access, self.conditions, context_of(self.access), find_linked)
        return every_of([{"facets": f"pipeline={self.pipeline.key}"}, *parts, visible])


def has_board(schema: Schema) -> bool:
    """Whether the user sees what a board is made of."""
    return all(column in schema.by_column for column in NEEDED)


def pipelines_in_use() -> list[Pipeline]:
    return [pipeline for pipeline in pipelines() if not pipeline.retired]


def find_pipeline(key: str) -> Pipeline:
    """The pipeline of a key, a retired one too; the first in use where there is none."""
    return next((pipeline for pipeline in pipelines() if pipeline.key == key), pipelines_in_use()[0])


# Sums and cards, stage by stage


def read_board(asked: Asked, *, cards: bool = True) -> Board:
    """The board; without `cards` its sums alone. Raises ConditionError, TooSlow."""
    columns = {stage.key: Column(stage) for stage in asked.pipeline.stages}
    for group in grouped(asked, asked.query({"facets": f"state={OPEN}"}), "stage", cards=cards):
        column = columns.get(group["_id"]["by"])
        if column is not None:
            column.sums.add(sums_of(group))
            column.rows += group.get("rows", ())
    shown = [column for column in columns.values() if not column.stage.retired or column.sums.count]
    for column in shown if cards else ():
        put_in_order(asked.listing, column)
    return Board(asked.pipeline, shown, closed_sums(asked))


def closed_sums(asked: Asked) -> dict[str, Sums]:
    """State -> what was won or lost in the present quarter."""
    if "closed_on" not in asked.schema.by_column:
        return {}
    first, end = (midnight(day) for day in days_of(PERIOD, today_of(asked.access)))
    tokens = {"facets": {"$in": [f"state={state}" for state in CLOSED]}}
    query = asked.query(tokens, {"ranges.closed_on": {"$gte": first, "$lt": end}})
    found = {state: Sums() for state in CLOSED}
    for group in grouped(asked, query, "state", cards=False):
        found[group["_id"]["by"]].add(sums_of(group))
    return found


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def grouped(asked: Asked, query: Raw, by: str, *, cards: bool) -> list[Raw]:
    """The matching records in groups of one value of `by` and one currency: sums, and the first cards of each."""
    collection = asked.schema.register.document._get_collection()
    plan = plan_for_sorting(collection, tuple(predicates_of(query)))
    seen, today = asked.schema.by_column, midnight(today_of(asked.access))
    money = "value" in seen
    group: Raw = {"_id": {"by": f"${by}", "currency": "$value.currency" if money else None}, "count": {"$sum": 1}}
    if money:
        group["value"] = {"$sum": "$value.amount"}
        if "probability" in seen:
            group["weighted"] = {"$sum": {"$multiply": ["$value.amount", {"$ifNull": ["$probability", 0]}]}}
    if "closes_on" in seen:
        late = {"$and": [{"$gt": ["$closes_on", None]}, {"$lt": ["$closes_on", today]}]}
        group["late"] = {"$sum": {"$cond": [late, 1, 0]}}
    stages: list[Raw] = [{"$match": plan.query}]
    if cards:
        order = asked.listing.stretches[0].order
        without = {"$not": [{"$gt": [f"${order[0][0]}", None]}]}
        stages.append({"$project": {**dict.fromkeys(paths_of(asked), 1), "probability": 1, "without": without}})
        group["rows"] = {"$topN": {"n": CARDS + 1, "sortBy": {"without": 1, **dict(order)}, "output": "$$ROOT"}}
    try:
        return list(collection.aggregate([*stages, {"$group": group}], maxTimeMS=time_limit(), **plan.options))
    except ExecutionTimeout as error:
        raise TooSlow from error


def paths_of(asked: Asked) -> list[str]:
    """What cards come with: what they show, what rights and their order go by."""
    shown = [found.path for column in SHOWN if (found := asked.schema.get(column)) is not None]
    order = [path for stretch in asked.listing.stretches for path, _sign in stretch.order if path != "_id"]
    return list(dict.fromkeys(["name", "version", "facets", "state", *shown, *order]))


def sums_of(group: Raw) -> Sums:
    currency = group["_id"].get("currency")
    sums = Sums(group["count"], group.get("late", 0))
    if currency:
        sums.valued[currency] = group["count"]
        sums.values[currency] = decimal_of(group["value"])
        if "weighted" in group:
            sums.weighted[currency] = WIDE.divide(decimal_of(group["weighted"]), Decimal(100))
    return sums


def put_in_order(listing: Listing, column: Column) -> None:
    """The first cards out of those of each currency, and the key of the last one where there are more."""
    ordered = sorted(column.rows, key=lambda raw: place_of(listing, raw))
    column.rows = ordered[:CARDS]
    column.after = listing.key_of(column.rows[-1]) if len(ordered) > CARDS else ""


def place_of(listing: Listing, raw: Raw) -> tuple[Any, ...]:
    """Where a card stands: by its day, those without one last, then by name."""
    path = listing.stretches[0].order[0][0]
    day = (raw.get("ranges") or {}).get("closes_on") if path.startswith("ranges.") else None
    return day is None, day or now(), raw.get("sort_name") or "", raw["_id"]


def more_cards(asked: Asked, stage: str, after: str) -> tuple[list[Raw], str]:
    """(the cards of a stage from a key on, the key from which more go on). Raises ConditionError, TooSlow."""
    query = asked.query({"facets": f"state={OPEN}"}, {"facets": f"stage={stage}"})
    collection = asked.schema.register.document._get_collection()
    reader = Reader(collection, tuple(predicates_of(query)), tuple(paths_of(asked)))
    try:
        rows = reader.rows(asked.listing.after(after), 0, CARDS + 1)
    except ExecutionTimeout as error:
        raise TooSlow from error
    return rows[:CARDS], asked.listing.key_of(rows[CARDS - 1]) if len(rows) > CARDS else ""


# What cards tell


def cards_of(asked: Asked, rows: Sequence[Raw]) -> Cards:
    """What comes next in these opportunities, and which of them have rested too long."""
    ids = [raw["_id"] for raw in rows]
    return Cards(next_activities(asked.access, LINK, ids), resting_days(asked, rows))


def resting_days(asked: Asked, rows: Sequence[Raw]) -> dict[ObjectId, int]:
    """Id -> for how many days nothing has happened, of those that rest longer than their stage allows: they have been
    in it so long, and no activity stands later."""
    allowed = {stage.key: stage.rests_after for stage in asked.pipeline.stages if stage.rests_after is not None}
    moment, oldest = now(), dt.timedelta(days=max(allowed.values(), default=0))
    since = {raw["_id"]: aware(raw["stage_since"]) for raw in rows
             if raw.get("stage_since") and raw.get("stage") in allowed}  # fmt: skip
    stages = {raw["_id"]: allowed[raw["stage"]] for raw in rows if raw["_id"] in since}
    candidates = [key for key, start in since.items() if moment - start > dt.timedelta(days=stages[key])]
    newest = latest_moments(asked.access, LINK, candidates, moment - oldest)
    days = {key: (moment - max(since[key], newest.get(key, since[key]))).days for key in candidates}
    return {key: count for key, count in days.items() if count > stages[key]}


# In the organisation's currency


@dataclass(frozen=True)
class Worth:
    """An amount in the organisation's currency, rounded to cents, and how many records of each currency are not in it
    because there is no rate."""

    amount: Decimal
    left_out: Mapping[str, int]


def worth_of(values: Mapping[str, Decimal], valued: Mapping[str, int], rates: Rates) -> Worth:
    total, left_out = Decimal(0), {}
    for currency, amount in values.items():
        converted = rates.convert(amount, currency)
        if converted is None:
            left_out[currency] = valued.get(currency, 0)
        else:
            total = WIDE.add(total, converted)
    return Worth(rounded(total), left_out)
