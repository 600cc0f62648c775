"""The relationships of a record that is merged into another one: moved to it, and given back."""

from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.changes import DeletedRecord
from models.relationships import OBJECT, SUBJECT, Relationship, other_side

Raw = dict[str, Any]


def move_relationships(session: ClientSession, keep: ObjectId, other: ObjectId) -> Raw:
    """Have `keep` stand wherever `other` stood. A relationship between the two, and a current one that `keep` has
    already, is dropped. Returns what was done, as `give_back` takes it."""
    relationships = Relationship._get_collection()
    moved: list[Raw] = []
    dropped: list[Raw] = []
    for side in (SUBJECT, OBJECT):
        for raw in list(relationships.find({side: other}, session=session)):
            there = {"kind": raw["kind"], side: keep, other_side(side): raw[other_side(side)], "until": None}
            twice = raw.get("until") is None and relationships.find_one(there, {"_id": 1}, session=session)
            if twice or raw[other_side(side)] in (keep, other):
                relationships.delete_one({"_id": raw["_id"]}, session=session)
                dropped.append(raw)
            else:
                relationships.update_one({"_id": raw["_id"]}, {"$set": {side: keep}, "$inc": {"version": 1}},
                                         session=session)  # fmt: skip
                moved.append({"id": raw["_id"], "side": side})
    return {"moved": moved, "dropped": dropped}


def give_back(session: ClientSession, other: ObjectId) -> None:
    """Have `other` stand where it stood before it was merged; what has been removed since stays removed."""
    deleted = DeletedRecord._get_collection().find_one({"_id": other}, {"relationships": 1}, session=session) or {}
    relationships, done = Relationship._get_collection(), deleted.get("relationships") or {}
    for one in done.get("moved", ()):
        relationships.update_one({"_id": one["id"]}, {"$set": {one["side"]: other}, "$inc": {"version": 1}},
                                 session=session)  # fmt: skip
    if done.get("dropped"):
        relationships.insert_many(done["dropped"], session=session)
