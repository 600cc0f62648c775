"""Links that stand for relationships: what is written to a person's companies begins and ends employments.

Both are written in one transaction, whichever way the change came: form, import, REST, bulk edit, undo.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.fields.schema import Schema
from models.relationships import Relationship, RelationshipKind, mirroring
from models.rights import Access

Raw = dict[str, Any]
Pairs = Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any]]]


def today() -> dt.datetime:
    """The day as dates are kept: midnight UTC."""
    day = dt.datetime.now(dt.UTC).date()
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def follow(session: ClientSession, access: Access, schema: Schema, pairs: Pairs) -> None:
    """Have relationships follow what records (before, after) have been given and have lost; `before` None is a new one.

    What is so already stays: whoever writes the relationship first finds it untouched.
    """
    for kind in mirroring(schema.register.key):
        field = schema.get(kind.mirrors)
        if field is None:
            continue
        changed = []
        for before, after in pairs:
            had = set((stored_value(field, before) if before else None) or ())
            has = list(stored_value(field, after) or ())
            if had != set(has):
                changed.append((after["_id"], [one for one in has if one not in had], had - set(has), before is None))
        if changed:
            write(session, access, kind, changed)


def write(session: ClientSession, access: Access, kind: RelationshipKind, changed: Sequence[tuple]) -> None:
    collection, day, moment = Relationship._get_collection(), today(), dt.datetime.now(dt.UTC)
    known = [subject for subject, _added, _lost, new in changed if not new]
    held: dict[tuple[ObjectId, ObjectId], Raw] = {}
    if known:
        query = {"subject": {"$in": known}, "kind": kind.key, "until": {"$in": [None, day]}}
        # One that is current outweighs one that has ended today.
        for raw in sorted(collection.find(query, session=session), key=lambda raw: raw.get("until") is None):
            held[raw["subject"], raw["object"]] = raw
    fresh, reopened, ended = [], [], []
    for subject, added, lost, _new in changed:
        for one in added:
            raw = held.get((subject, one))
            if raw is None:
                fresh.append({"_id": ObjectId(), "kind": kind.key, "subject": subject, "object": one,
                              "created_at": moment, "created_by": access.user_id, "changed_at": moment,
                              "version": 1})  # fmt: skip
            elif raw.get("until") is not None:
                reopened.append(raw["_id"])
        ended += [raw["_id"] for one in lost if (raw := held.get((subject, one))) and raw.get("until") is None]
    if fresh:
        collection.insert_many(fresh, session=session)
    again = {"$inc": {"version": 1}, "$unset": {"until": ""}}
    for ids, change in ((reopened, again), (ended, {"$inc": {"version": 1}, "$set": {"until": day}})):
        if ids:
            collection.update_many({"_id": {"$in": ids}}, change, session=session)
