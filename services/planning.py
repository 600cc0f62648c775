"""Our own choice of the index that a query goes by.

MongoDB tries its candidate plans on the data: a cold plan costs seconds on a large collection, and a walk in name
order for a rare result reads everything. Here each part of a query that an index serves is counted, as far as a small
cap, and the hint follows from the counts. A hint changes the time and never the result (measured: docs/storage.md).
"""

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app
from pymongo.collection import Collection

from models.fields.query import every_of

Raw = dict[str, Any]
Predicate = Mapping[str, Any]

BY_NAME, BY_FACET, BY_RANGE, BY_CREATED, BY_ID = "by_name", "by_facet", "by_range", "by_created", "_id_"
INDEXES = {"facets": BY_FACET, "_id": BY_ID}
NAME_ORDER = "sort_name"
#: The hint for reading the collection through, where that is quicker than any order.
READ_THROUGH = [("$natural", 1)]
#: So many records are read without a second thought: about 10 ms.
FEW = 2_000
#: A sample reads so many, about 6 ms.
SAMPLE = 1_000
#: Where nothing is rare, the rarest is worth this much counting.
CLOSER = 10_000
#: Where all that match are read, it is worth knowing which of several large parts is the smallest.
FAR = 100_000
#: Of more than that part of a collection, reading it through is quicker than fetching by an index.
LARGE_PART = 0.3
#: Estimates are kept for so long (seconds), and so many of them.
KEPT_SECONDS, KEPT = 60.0, 1_000
LONGEST_KEY = 2_000
#: internalQueryMaxScansToExplode of MongoDB: beyond, it reads and sorts all of them.
MOST_MERGED = 200


@dataclass(frozen=True)
class Lead:
    """The parts of a query that bound one index, and how many records they hold (`cap` means "or more")."""

    index: str
    predicates: tuple[Predicate, ...]
    count: int = 0
    cap: int = FEW

    @property
    def few(self) -> bool:
        return self.count < FEW

    @property
    def values(self) -> int:
        """How many tokens or ids it asks for at once."""
        asked = [next(iter(predicate.values())) for predicate in self.predicates]
        return max((len(one["$in"]) if isinstance(one, Mapping) and "$in" in one else 1) for one in asked)

    @property
    def by_name(self) -> bool:
        """Whether its index gives its records in name order: the database merges so many tokens and no more."""
        return self.index == BY_FACET and self.values <= MOST_MERGED


@dataclass(frozen=True)
class Plan:
    """A query with the index it goes by. `hint` None where no index serves."""

    query: Raw
    hint: Any
    lead: Lead | None = None
    rest: tuple[Predicate, ...] = ()

    @property
    def options(self) -> Raw:
        return {"hint": self.hint} if self.hint else {}


def predicates_of(query: Predicate) -> list[Predicate]:
    """The parts that must all hold, nested ones too."""
    if set(query) == {"$and"}:
        return [part for inner in query["$and"] for part in predicates_of(inner)]
    return [query] if query else []


def served_by(predicate: Predicate) -> tuple[str, str] | None:
    """(index, what of it) that can find the predicate's records; None where only reading them can."""
    path = next(iter(predicate))
    asked = predicate[path]
    operators = set(asked) if isinstance(asked, Mapping) else {"$eq"}
    if path in ("facets", "_id"):
        # Tokens by the span are nearly all records; an id beyond another one only turns pages.
        return (INDEXES[path], what_of(asked)) if operators <= {"$eq", "$in", "$all"} else None
    if asked is None or path.startswith("$"):
        return None
    return (BY_RANGE, path) if path.startswith("ranges.") else (BY_CREATED, path) if path == "created_at" else None


def what_of(asked: Any) -> str:
    """What tells one condition on ids or tokens from another; writing many thousands of them out would take longer."""
    many = isinstance(asked, Mapping) and len(asked.get("$in", ())) > MOST_MERGED
    return str(id(asked)) if many else repr(asked)


def leads_of(predicates: Iterable[Predicate]) -> list[Lead]:
    """One lead for each field asked for; both ends of a range make one."""
    grouped: dict[tuple[str, str], list[Predicate]] = {}
    for predicate in predicates:
        served = served_by(predicate)
        if served:
            grouped.setdefault(served, []).append(predicate)
    return [Lead(index, tuple(parts)) for (index, _what), parts in grouped.items()]


def key_of(lead: Lead) -> str:
    """What the lead's count is remembered by; thousands of linked ids are not kept for it."""
    text = repr(lead.predicates)
    return text if len(text) <= LONGEST_KEY else hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


_estimates: dict[tuple[str, str], tuple[float, int, int]] = {}


def estimated(collection: Collection, lead: Lead, cap: int) -> Lead:
    """The lead with its count, at most `cap`; remembered for a minute."""
    if lead.index == BY_ID:
        return lead
    key, moment = (collection.full_name, key_of(lead)), time.monotonic()
    known = _estimates.get(key)
    if known is None or moment - known[0] > KEPT_SECONDS or (known[1] >= known[2] and known[2] < cap):
        if len(_estimates) >= KEPT:
            _estimates.clear()
        found = counted(collection, every_of(lead.predicates), cap, lead.index)
        known = _estimates[key] = (moment, found, cap)
    return replace(lead, count=known[1], cap=known[2])


def time_limit() -> int:
    """How long one query may run, in milliseconds (KORTISTO_QUERY_SECONDS)."""
    return int(current_app.config["QUERY_SECONDS"] * 1000)


def counted(collection: Collection, query: Raw, limit: int | None, hint: str | None) -> int:
    """How many match, at most `limit`. The command counts index keys alone where an aggregation reads records."""
    command: Raw = {"count": collection.name, "query": query, "maxTimeMS": time_limit()}
    command |= {name: value for name, value in (("limit", limit), ("hint", hint)) if value}
    return int(collection.database.command(command)["n"])


def best_lead(
    collection: Collection, leads: Sequence[Lead], parts: int, closest: int = CLOSER
) -> Lead | None:  # fmt: skip
    """The lead with the fewest records, for a query of so many parts; ids are few by themselves. None is counted
    beyond `closest`."""
    leads = [replace(lead, count=lead.values, cap=lead.values + 1) if lead.index == BY_ID else lead for lead in leads]
    by_id = next((lead for lead in leads if lead.index == BY_ID), None)
    if (by_id is not None and by_id.few) or not leads:
        return by_id
    best = min((estimated(collection, lead, FEW) for lead in leads), key=lambda lead: lead.count)
    if best.few or parts == 1:
        return best
    closer = min((estimated(collection, lead, CLOSER) for lead in leads), key=lambda lead: lead.count)
    if closer.count < CLOSER or closest <= CLOSER:
        return closer
    return min((estimated(collection, lead, closest) for lead in leads), key=lambda lead: lead.count)


def plan_of(predicates: Sequence[Predicate], lead: Lead | None, hint: Any = None) -> Plan:
    """The plan that goes by the lead, or by `hint` where there is none."""
    if lead is None:
        return Plan(every_of(predicates), hint, None, tuple(predicates))
    rest = tuple(part for part in predicates if part not in lead.predicates)
    query = every_of([*lead.predicates, *(masked(part, lead.index) for part in rest)])
    return Plan(query, lead.index, lead, rest)


def masked(predicate: Predicate, index: str) -> Predicate:
    """The same condition, written so that it can't bound the index: a hint names an index, not what of it."""
    served = served_by(predicate)
    return {"$nor": [{"$nor": [predicate]}]} if served and served[0] == index else predicate


def plan_for_names(collection: Collection, predicates: Sequence[Predicate]) -> Plan:
    """The plan for rows in name order. Tokens come in that order by themselves; what else there is pays where it is
    rare."""
    leads = leads_of(predicates)
    best = best_lead(collection, leads, len(predicates))
    if best is not None and (best.few or best.by_name):
        return plan_of(predicates, best)
    tokens = best_lead(collection, [lead for lead in leads if lead.by_name], len(predicates))
    if tokens is not None:
        return plan_of(predicates, tokens)
    if best is not None and len(predicates) > len(best.predicates) and best.count < best.cap:
        return plan_of(predicates, best)
    return plan_of(predicates, None, BY_NAME if best is not None else walk(collection, predicates))


def walk(collection: Collection, predicates: Sequence[Predicate]) -> Any:
    """Name order for what no index finds, unless a sample says that nearly everything would be read for a page."""
    if not predicates or any(NAME_ORDER in predicate for predicate in predicates):
        return BY_NAME
    return BY_NAME if sampled(collection, Plan({}, None, None, tuple(predicates))) else READ_THROUGH


def plan_for_sorting(collection: Collection, predicates: Sequence[Predicate]) -> Plan:
    """The plan where all that match are read anyway: to be sorted or counted."""
    named = any(NAME_ORDER in predicate for predicate in predicates)
    best = best_lead(collection, leads_of(predicates), len(predicates))
    if named and (best is None or not best.few):
        return plan_of(predicates, None, BY_NAME)
    return plan_of(predicates, best)


def plan_for_adding_up(collection: Collection, predicates: Sequence[Predicate]) -> Plan:
    """The plan for an aggregation over all that match, in no order."""
    best = best_lead(collection, leads_of(predicates), len(predicates) + 1, FAR)
    if best is None or best.count > LARGE_PART * collection.estimated_document_count():
        # An aggregation takes no list for a hint.
        return Plan(every_of(predicates), dict(READ_THROUGH), None, tuple(predicates))
    return plan_of(predicates, best)


def sampled(collection: Collection, plan: Plan) -> int:
    """How many of the first records that the lead finds match the rest as well."""
    lead = every_of(plan.lead.predicates) if plan.lead else {}
    stages: list[Raw] = [{"$match": lead}, {"$limit": SAMPLE}, {"$match": every_of(plan.rest)}, {"$count": "n"}]
    return next((int(found["n"]) for found in collection.aggregate(stages, maxTimeMS=time_limit(), **plan.options)), 0)
