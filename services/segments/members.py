"""Segments: who is in them, what is put into fixed ones, and what uses them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import ExecutionTimeout

from models.fields.conditions import SEGMENT, Node
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.query import FIXED
from models.fields.schema import schema_of
from models.fields.unseen import LOCKED_BY
from models.rights import Access
from models.segments import SegmentMember
from models.transactions import in_transaction
from services.conditions import asks_unseen
from services.following import follows
from services.linked import MOST_MEMBERS
from services.planning import predicates_of
from services.reading import Reader
from services.records import create_record, get_record, now, update_record
from services.search import Selection, TooSlow, selection_query

Raw = dict[str, Any]
REGISTER = "segment"
#: Written, or taken out, in one command.
BATCH = 10_000
#: The page of a segment counts its members exactly to here.
MOST_COUNTED = 100_000
TOO_MANY = _l("A fixed segment holds at most %(max)s records. Add a condition that narrows it.",
              max=f"{MOST_MEMBERS:,}")  # fmt: skip


# Who is in it


def member_of(segment_id: Any) -> Node:
    """The condition that holds for the members of a segment."""
    return {SEGMENT: str(segment_id)}


def members_selection(access: Access, segment_id: Any) -> tuple[str, Selection]:
    """(register, the selection of the segment's members in it). Raises RecordNotFound."""
    raw = get_record(access, REGISTER, segment_id)
    return raw["members"], Selection(conditions=(member_of(raw["_id"]),), all_matching=True)


def member_ids(access: Access, raw: Mapping[str, Any], most: int) -> list[ObjectId]:
    """The ids of a segment's members that the user sees, at most `most`, in no order. Raises ConditionError,
    TooSlow."""
    return matching_ids(access, raw["members"], Selection(conditions=(member_of(raw["_id"]),), all_matching=True), most)


def matching_ids(access: Access, register: str, selection: Selection, most: int) -> list[ObjectId]:
    """The ids of selected records that the user sees. Raises ConditionError, TooSlow."""
    query = selection_query(access, register, selection, "see")
    reader = Reader(schema_of(register).register.document._get_collection(), tuple(predicates_of(query)))
    try:
        return reader.different("_id", most)
    except ExecutionTimeout as error:
        raise TooSlow from error


def count_members(access: Access, raw: Mapping[str, Any]) -> tuple[int, bool]:
    """(how many members the user sees, at most MOST_COUNTED; whether that is all). Raises ConditionError, TooSlow."""
    selection = Selection(conditions=(member_of(raw["_id"]),), all_matching=True)
    query = selection_query(access, raw["members"], selection, "see")
    reader = Reader(schema_of(raw["members"]).register.document._get_collection(), tuple(predicates_of(query)))
    try:
        count = reader.count(MOST_COUNTED + 1)
    except ExecutionTimeout as error:
        raise TooSlow from error
    return min(count, MOST_COUNTED), count <= MOST_COUNTED


# Fixed ones


def add_members(access: Access, segment_id: Any, selection: Selection) -> int:
    """Put the selected records that the user sees into a fixed segment; how many were not in it yet.

    Raises RecordNotFound, NotAllowed, ConditionError, TooSlow, ValidationFailed for a living segment and for too many.
    """
    raw = changeable(access, segment_id)
    ids = matching_ids(access, raw["members"], selection, MOST_MEMBERS + 1)
    return in_transaction(lambda session: put_in(session, access, raw["_id"], ids))


def remove_members(access: Access, segment_id: Any, selection: Selection) -> int:
    """Take the selected records out of a fixed segment; how many were in it.

    Raises RecordNotFound, NotAllowed, ConditionError, TooSlow, ValidationFailed for a living segment.
    """
    raw = changeable(access, segment_id)
    ids = matching_ids(access, raw["members"], selection, MOST_MEMBERS)
    return in_transaction(lambda session: take_out(session, raw["_id"], ids))


def changeable(access: Access, segment_id: Any) -> Raw:
    """A fixed segment that the user may change. Raises RecordNotFound, NotAllowed, ValidationFailed."""
    raw = get_record(access, REGISTER, segment_id, "change")
    if raw["kind"] != FIXED:
        message = _l("A living segment holds what its conditions find: change those, or keep it as it is now.")
        raise ValidationFailed({"kind": [message]})
    return raw


def put_in(session: ClientSession, access: Access, segment_id: ObjectId, ids: Sequence[ObjectId]) -> int:
    """Raises ValidationFailed where they would be too many."""
    members, moment = SegmentMember._get_collection(), now()
    there = members.count_documents({"segment": segment_id}, session=session)
    fresh = [one for part in parts_of(ids) for one in (missing(session, segment_id, part) if there else part)]
    if there + len(fresh) > MOST_MEMBERS:
        raise ValidationFailed({"members": [TOO_MANY]})
    for part in parts_of(fresh):
        rows = ({"segment": segment_id, "record": one, "at": moment, "by": access.user_id} for one in part)
        members.insert_many(rows, ordered=False, session=session)
    return len(fresh)


def missing(session: ClientSession, segment_id: ObjectId, ids: Sequence[ObjectId]) -> Iterator[ObjectId]:
    """Those of the ids that are not in the segment."""
    there = {raw["record"] for raw in SegmentMember._get_collection().find(
        {"segment": segment_id, "record": {"$in": list(ids)}}, {"_id": 0, "record": 1}, session=session)}  # fmt: skip
    return (one for one in ids if one not in there)


def take_out(session: ClientSession, segment_id: ObjectId, ids: Sequence[ObjectId]) -> int:
    members = SegmentMember._get_collection()
    return sum(members.delete_many({"segment": segment_id, "record": {"$in": part}}, session=session).deleted_count
               for part in parts_of(ids))  # fmt: skip


def parts_of(ids: Sequence[ObjectId]) -> Iterator[list[ObjectId]]:
    """The ids, each once, in lists of BATCH."""
    unique = list(dict.fromkeys(ids))
    return (unique[place:place + BATCH] for place in range(0, len(unique), BATCH))


@follows(REGISTER)
def keep_those_of_now(
    session: ClientSession, access: Access, pairs: Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]
) -> None:  # fmt: skip
    """A segment with conditions that becomes fixed, whichever way, holds from then on those who are in it now.

    Raises ValidationFailed where they can't be found, or are too many.
    """
    for before, after in pairs:
        begins = before["kind"] != FIXED if before else after is not None and after["version"] == 1
        if after is None or after["kind"] != FIXED or not begins or not after.get("conditions"):
            continue
        if asks_unseen(access, {"register": after["members"], "conditions": after["conditions"]}):
            raise ValidationFailed({"kind": [LOCKED_BY]})
        living = Selection(conditions=tuple(after["conditions"]), all_matching=True)
        try:
            ids = matching_ids(access, after["members"], living, MOST_MEMBERS + 1)
        except (ConditionError, TooSlow) as error:
            raise ValidationFailed({"conditions": [str(error)]}) from error
        SegmentMember._get_collection().delete_many({"segment": after["_id"]}, session=session)
        put_in(session, access, after["_id"], ids)


def keep_as_now(access: Access, segment_id: Any) -> Raw:
    """Make a living segment a fixed one of its members of now. Raises RecordNotFound, NotAllowed, ValidationFailed."""
    return update_record(access, REGISTER, segment_id, {"kind": FIXED})


def create_fixed(access: Access, register: str, name: str, selection: Selection) -> tuple[Raw, int]:
    """(a new fixed segment, how many of the selected records are in it).

    Raises NotAllowed, ValidationFailed, ConditionError, TooSlow.
    """
    # Whether they can be found is told before there is a segment.
    ids = matching_ids(access, register, selection, MOST_MEMBERS + 1)
    if len(ids) > MOST_MEMBERS:
        raise ValidationFailed({"members": [TOO_MANY]})
    raw = create_record(access, REGISTER, {"name": name, "members": register, "kind": FIXED})
    return raw, in_transaction(lambda session: put_in(session, access, raw["_id"], ids))


# Merged and gone records


def move_membership(session: ClientSession, keep: ObjectId, other: ObjectId) -> None:
    """Have `keep` stand in the fixed segments in which `other` stands, which is merged into it."""
    members = SegmentMember._get_collection()
    its = list(members.find({"record": other}, session=session))
    there = {raw["segment"] for raw in members.find({"record": keep}, {"segment": 1}, session=session)}
    added = [{**raw, "_id": ObjectId(), "record": keep, "merged_from": other}
             for raw in its if raw["segment"] not in there]  # fmt: skip
    if added:
        members.insert_many(added, session=session)


def give_back_membership(session: ClientSession, keep: ObjectId, other: ObjectId) -> None:
    """Undo that: what `other` brought along leaves with it."""
    SegmentMember._get_collection().delete_many({"record": keep, "merged_from": other}, session=session)
