"""Who was in a segment at a mailing, or when somebody had it remembered; and who has entered and left since."""

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import Binary, ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.errors import ValidationFailed
from models.fields.query import every_of
from models.registers import register_of
from models.rights import Access
from models.segments import SegmentSnapshot
from services.records import RecordNotFound, get_record, now, object_id
from services.segments.members import REGISTER, member_ids

Raw = dict[str, Any]
#: So many members are remembered: 12 MB of ids before they are packed.
MOST_REMEMBERED = 1_000_000
#: So many moments of a segment are remembered, the newest.
MOST_SNAPSHOTS = 50
#: So many who entered, and who left, are told by name.
MOST_NAMED = 100
LENGTH = 12


@dataclass(frozen=True)
class Moved:
    """Who entered and left since `snapshot` (raw, without its members). The rows are the first by name with their names
    alone; `deleted` are those of then who are no more."""

    snapshot: Raw
    entered: int
    left: int
    deleted: int
    entered_rows: Sequence[Raw]
    left_rows: Sequence[Raw]


def packed(ids: Iterable[ObjectId]) -> bytes:
    """Ids as a snapshot keeps them."""
    return zlib.compress(b"".join(sorted(one.binary for one in ids)), level=6)


def unpacked(data: bytes) -> set[ObjectId]:
    whole = zlib.decompress(data)
    return {ObjectId(whole[place:place + LENGTH]) for place in range(0, len(whole), LENGTH)}


def keep_members(
    session: ClientSession | None, segment_id: Any, mailing_id: ObjectId | None, ids: Iterable[ObjectId],
    by: ObjectId | None = None,
) -> ObjectId:  # fmt: skip
    """Remember who was in a segment when a mailing went to them (None: for no mailing); returns the snapshot's id.

    Called again for the same mailing, it remembers those instead. Raises ValidationFailed for too many.
    """
    snapshots, segment = SegmentSnapshot._get_collection(), ObjectId(segment_id)
    unique = set(ids)
    if len(unique) > MOST_REMEMBERED:
        raise ValidationFailed({"members": [_l("At most %(max)s members can be remembered.",
                                               max=f"{MOST_REMEMBERED:,}")]})  # fmt: skip
    if mailing_id is not None:
        snapshots.delete_many({"segment": segment, "mailing": mailing_id}, session=session)
    raw: Raw = {"_id": ObjectId(), "segment": segment, "mailing": mailing_id, "at": now(), "by": by,
                "count": len(unique), "members": Binary(packed(unique))}  # fmt: skip
    snapshots.insert_one(raw, session=session)
    newest = snapshots.find({"segment": segment}, {"_id": 1}, session=session).sort([("at", -1), ("_id", -1)])
    old = [one["_id"] for one in newest.skip(MOST_SNAPSHOTS)]
    if old:
        snapshots.delete_many({"_id": {"$in": old}}, session=session)
    return ObjectId(raw["_id"])


def remember(access: Access, segment_id: Any) -> Raw:
    """Remember who is in a segment now, as far as the user sees them. Raises RecordNotFound, NotAllowed,
    ConditionError, TooSlow, ValidationFailed."""
    raw = get_record(access, REGISTER, segment_id, "change")
    ids = member_ids(access, raw, MOST_REMEMBERED + 1)
    keep_members(None, raw["_id"], None, ids, access.user_id)
    return raw


def snapshots_of(access: Access, segment_id: Any) -> list[Raw]:
    """What is remembered of a segment, newest first, without the members. Raises RecordNotFound."""
    raw = get_record(access, REGISTER, segment_id)
    found = SegmentSnapshot._get_collection().find({"segment": raw["_id"]}, {"members": 0})
    return list(found.sort([("at", -1), ("_id", -1)]).limit(MOST_SNAPSHOTS))


def moved_since(access: Access, segment_id: Any, snapshot_id: Any = None) -> Moved | None:
    """Who entered and left since a snapshot, or since the last one; None where there is none. Only those whom the user
    sees are told. Raises RecordNotFound, ConditionError, TooSlow."""
    raw = get_record(access, REGISTER, segment_id)
    snapshot = snapshot_of(raw["_id"], snapshot_id)
    if snapshot is None:
        return None
    entered, left = compared(access, raw, snapshot)
    collection = register_of(raw["members"]).document._get_collection()
    seen_left = collection.count_documents(seen(access, raw, left)) if left else 0
    there = collection.count_documents({"_id": {"$in": list(left)}}) if left else 0
    told = {name: value for name, value in snapshot.items() if name != "members"}
    return Moved(told, len(entered), seen_left, len(left) - there, first_by_name(access, raw, entered),
                 first_by_name(access, raw, left))  # fmt: skip


def snapshot_of(segment_id: ObjectId, snapshot_id: Any) -> Raw | None:
    """A snapshot, with its members; the last one where none is named. Raises RecordNotFound."""
    snapshots = SegmentSnapshot._get_collection()
    if not snapshot_id:
        return snapshots.find_one({"segment": segment_id}, sort=[("at", -1), ("_id", -1)])
    raw = snapshots.find_one({"_id": object_id("segment_snapshot", snapshot_id), "segment": segment_id})
    if raw is None:
        raise RecordNotFound("segment_snapshot", snapshot_id)
    return raw


def compared(access: Access, raw: Raw, snapshot: Raw) -> tuple[set[ObjectId], set[ObjectId]]:
    """(who is in it and was not then, who was in it then and is no longer seen in it)."""
    then, today = unpacked(snapshot["members"]), set(member_ids(access, raw, MOST_REMEMBERED))
    return today - then, then - today


def entered_since(access: Access, segment_id: Any, snapshot_id: Any = None) -> list[ObjectId]:
    """The ids of those who entered. Raises RecordNotFound, ConditionError, TooSlow."""
    raw = get_record(access, REGISTER, segment_id)
    snapshot = snapshot_of(raw["_id"], snapshot_id)
    return list(compared(access, raw, snapshot)[0]) if snapshot else []


def seen(access: Access, raw: Mapping[str, Any], ids: Iterable[ObjectId]) -> Raw:
    return every_of([{"_id": {"$in": list(ids)}}, access.condition(raw["members"])])


def first_by_name(access: Access, raw: Mapping[str, Any], ids: Iterable[ObjectId]) -> list[Raw]:
    collection = register_of(raw["members"]).document._get_collection()
    return list(collection.find(seen(access, raw, ids), {"name": 1}).sort([("sort_name", 1), ("_id", 1)])
                .limit(MOST_NAMED))  # fmt: skip
