"""What comes next in records that activities are linked to, and what has rested: of many records in one query each."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId

from models.activities import BY_FACET_MOMENT, BY_PENDING, PENDING, Activity
from models.fields.kinds.times import aware
from models.fields.query import every_of
from models.rights import Access
from services.planning import BY_FACET, masked, predicates_of, time_limit
from services.records import now
from services.recurrence import occurrences
from services.repeating import REGISTER

Raw = dict[str, Any]
#: So many of a record's open activities are looked at: one that repeats stands where it began, perhaps years ago.
LOOKED_AT = 5
#: What is told of a next step, and what tells when it takes place.
TOLD = ("name", "kind", "starts_at", "ends_at", "due_on", "due_time", "due_at", "repeats", "skipped", "zone", "all_day")


def may_tell(access: Access, column: str) -> bool:
    """Whether the user sees which activities are linked by the column."""
    return access.may(REGISTER, "see") and not access.hides(REGISTER, column)


def linked_query(access: Access, column: str, ids: Sequence[ObjectId]) -> Raw:
    """The activities linked to any of the records that the user may see; the index of tokens goes by the links."""
    seen = [masked(part, BY_FACET) for part in predicates_of(access.condition(REGISTER))]
    return every_of([{"facets": {"$in": [f"{column}={one}" for one in ids]}}, *seen])


def next_activities(access: Access, column: str, ids: Sequence[ObjectId]) -> dict[ObjectId, Raw]:
    """Id of a record -> the open activity linked to it by `column` that comes first, without what is hidden from the
    user; what is late comes before all, what has no day after."""
    if not ids or not may_tell(access, column):
        return {}
    query = every_of([linked_query(access, column, ids), {"state": {"$in": list(PENDING)}}])
    dated = {"$or": [{"$gt": ["$starts_at", None]}, {"$gt": ["$due_at", None]}]}
    found = Activity._get_collection().aggregate([
        {"$match": query},
        {"$project": {column: 1, "at": 1, "dated": dated, **dict.fromkeys(TOLD, 1)}},
        {"$unwind": f"${column}"},
        {"$match": {column: {"$in": list(ids)}}},
        {"$group": {"_id": f"${column}", "rows": {"$topN": {
            "n": LOOKED_AT, "sortBy": {"dated": -1, "at": 1}, "output": "$$ROOT"}}}},
    ], hint=BY_PENDING, maxTimeMS=time_limit())  # fmt: skip
    moment = now()
    firsts = {one["_id"]: first_of(one["rows"], moment) for one in found}
    return {key: access.without_hidden(REGISTER, raw) for key, raw in firsts.items() if raw is not None}


def first_of(rows: Sequence[Raw], moment: dt.datetime) -> Raw | None:
    """The activity that comes first; one that repeats stands at the time it takes place next."""
    coming = [found for raw in rows if (found := coming_up(raw, moment)) is not None]
    return min(coming, key=time_of, default=None)


def coming_up(raw: Raw, moment: dt.datetime) -> Raw | None:
    if not raw.get("repeats") or not raw.get("starts_at"):
        return raw
    span = next(occurrences(raw, moment), None)
    return None if span is None else {**raw, "starts_at": span[0], "ends_at": span[1]}


def time_of(raw: Raw) -> dt.datetime:
    found = raw.get("starts_at") or raw.get("due_at")
    return aware(found) if found else dt.datetime.max.replace(tzinfo=dt.UTC)


def is_late(raw: Mapping[str, Any]) -> bool:
    """Whether an open activity is overdue, or was to have taken place by now."""
    end = raw.get("ends_at") or raw.get("starts_at") or raw.get("due_at")
    return end is not None and aware(end) <= now()


def latest_moments(
    access: Access, column: str, ids: Sequence[ObjectId], since: dt.datetime
) -> dict[ObjectId, dt.datetime]:  # fmt: skip
    """Id of a record -> when the newest activity linked to it by `column` stands, of those after `since`."""
    if not ids or not may_tell(access, column):
        return {}
    query = every_of([linked_query(access, column, ids), {"at": {"$gt": since}}])
    found = Activity._get_collection().aggregate([
        {"$match": query},
        {"$project": {column: 1, "at": 1}},
        {"$unwind": f"${column}"},
        {"$match": {column: {"$in": list(ids)}}},
        {"$group": {"_id": f"${column}", "at": {"$max": "$at"}}},
    ], hint=BY_FACET_MOMENT, maxTimeMS=time_limit())  # fmt: skip
    return {one["_id"]: one["at"] for one in found}
