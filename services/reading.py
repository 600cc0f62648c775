"""Reading rows and counts by a plan: what lists stand on."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pymongo.collection import Collection

from services.paging import Stretch, value_at
from services.planning import (
    BY_NAME,
    FEW,
    NAME_ORDER,
    Plan,
    Predicate,
    best_lead,
    counted,
    leads_of,
    plan_for_adding_up,
    plan_for_names,
    plan_for_sorting,
    plan_of,
    sampled,
    served_by,
    time_limit,
)

Raw = dict[str, Any]


@dataclass(frozen=True)
class Reader:
    """The records of a collection that hold all of the predicates.

    `paths` names the values that rows come with besides their id; none means whole documents.
    """

    collection: Collection
    predicates: tuple[Predicate, ...] = ()
    paths: tuple[str, ...] = ()

    # Rows

    def rows(self, stretches: Iterable[Stretch], skip: int, limit: int) -> list[Raw]:
        """The rows after the first `skip`, at most `limit`, through one stretch after the other."""
        rows: list[Raw] = []
        for stretch in stretches:
            found = self.of(stretch, skip, limit - len(rows))
            rows += found
            if len(rows) == limit:
                break
            if skip:
                skip = 0 if found else max(0, skip - self.narrowed(stretch).count(None))
        return rows

    def narrowed(self, stretch: Stretch) -> "Reader":
        return replace(self, predicates=(*self.predicates, *stretch.predicates))

    def of(self, stretch: Stretch, skip: int, limit: int) -> list[Raw]:
        """One stretch's rows. An index gives the order where reading and sorting all of them would cost more."""
        predicates = self.narrowed(stretch).predicates
        if stretch.order[0][0] in (NAME_ORDER, "_id"):
            return self.read(plan_for_names(self.collection, predicates), stretch, skip, limit)
        served = served_by({stretch.order[0][0]: {"$gte": None}})
        if served and stretch.whole and not self.few:
            return self.by_value(served[0], stretch, skip, limit)
        return self.read(plan_for_sorting(self.collection, predicates), stretch, skip, limit)

    @cached_property
    def few(self) -> bool:
        """Whether an index finds few records, so that sorting all of them is quicker than walking."""
        lead = best_lead(self.collection, leads_of(self.predicates), len(self.predicates))
        return lead is not None and lead.few

    def read(self, plan: Plan, stretch: Stretch, skip: int, limit: int) -> list[Raw]:
        found = self.collection.find(plan.query, self.paths or None, **plan.options).sort(list(stretch.order))
        return list(found.skip(skip).limit(limit).max_time_ms(time_limit()))

    def by_value(self, index: str, stretch: Stretch, skip: int, limit: int) -> list[Raw]:
        """Rows in the order of an index that holds the value alone: first which values the page has, then the rows
        with those values in full order, so that equal values stand by name."""
        path, sign = stretch.order[0]
        plan = self.led_by(index, stretch.predicates)
        ordered = self.collection.find(plan.query, {"_id": 0, path: 1}, hint=index).sort([(path, sign)])
        values = [value_at(raw, path) for raw in ordered.skip(skip).limit(limit).max_time_ms(time_limit())]
        if not values:
            return []
        first, last = ("$gte", "$lte") if sign > 0 else ("$lte", "$gte")
        if skip:
            earlier = {path: {"$lt" if sign > 0 else "$gt": values[0]}}
            before = self.led_by(index, (*stretch.predicates, earlier))
            skip -= counted(self.collection, before.query, None, index)
        between = self.led_by(index, ({path: {first: values[0], last: values[-1]}},))
        return self.read(between, stretch, skip, limit)

    def led_by(self, index: str, lead: tuple[Predicate, ...]) -> Plan:
        """The plan that goes by these predicates of one field; conditions on the same field help to bound it."""
        predicates = (*lead, *self.predicates)
        return plan_of(predicates, next(found for found in leads_of(predicates) if found.index == index))

    def different(self, path: str, limit: int) -> list[Any]:
        """The different values at `path`, each of a list by itself, at most `limit`, in no order."""
        if path == "_id":
            plan = plan_for_sorting(self.collection, self.predicates)
            found = self.collection.find(plan.query, {path: 1}, **plan.options).limit(limit)
            return [raw["_id"] for raw in found.max_time_ms(time_limit())]
        plan = plan_for_adding_up(self.collection, self.predicates)
        parts = path.split(".")
        # Any part may be a list: the ids of products stand in a list of rows.
        unwound: list[Raw] = [{"$unwind": f"${'.'.join(parts[: n + 1])}"} for n in range(len(parts))]
        stages: list[Raw] = [{"$match": plan.query}, {"$project": {path: 1}}, *unwound,
                             {"$group": {"_id": f"${path}"}}, {"$limit": limit}]  # fmt: skip
        return [raw["_id"] for raw in self.collection.aggregate(stages, maxTimeMS=time_limit(), **plan.options)]

    # Counts

    @cached_property
    def plan(self) -> Plan:
        """The plan for reading all that match."""
        found = plan_for_sorting(self.collection, self.predicates)
        return found if self.predicates else Plan({}, BY_NAME)

    def count(self, cap: int | None) -> int:
        """How many there are, at most `cap`."""
        return counted(self.collection, self.plan.query, cap, self.plan.hint)

    def counts_quickly(self) -> bool:
        """Whether counting reads few records, or index keys alone."""
        return (
            not self.plan.rest
            or (self.plan.lead is not None and self.plan.lead.few)
            or self.collection.estimated_document_count() <= FEW
        )

    def sample(self) -> int:
        """How many there are at least, from a look at the first records."""
        return sampled(self.collection, self.plan)
