"""Finding what conditions speak of besides values: the records behind links and relationships, and segments."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo.errors import ExecutionTimeout

from models.changes import DeletedRecord
from models.fields.errors import ConditionError
from models.fields.query import Query, every_of
from models.fields.ways import Tie, Way
from models.registers import Register
from models.relationships import OBJECT, SUBJECT, Relationship, other_side
from models.rights import Access
from models.segments import Segment, SegmentMember
from services.planning import predicates_of, time_limit
from services.reading import Reader

#: More ids than that make a query that is slow to send and to read.
MOST_LINKED = 50_000
#: A fixed segment holds at most so many.
MOST_MEMBERS = 200_000
SEGMENT = "segment"


class Finder:
    """Finds in the database (`models.fields.query.Find`)."""

    def __call__(self, way: Way, query: Query) -> Sequence[ObjectId]:
        """The ids by which records are linked along the way with those that match the query: the matching records' own,
        or backwards those that they point at. Raises ConditionError where there are too many, or where it takes too
        long.
        """
        # Many records may point at few others: those are what counts.
        path = way.field.kind.reference_path(way.field) if way.backwards else "_id"
        return self.different(way.code, way.register, query, path, MOST_LINKED)

    def different(
        self, code: str, register: Register, query: Query, path: str, most: int
    ) -> list[ObjectId]:  # fmt: skip
        reader = Reader(register.document._get_collection(), tuple(predicates_of(query)))
        try:
            return few_enough(reader.different(path, most + 1), most, code, register)
        except ExecutionTimeout as error:
            raise too_slow(code, register) from error

    def related(self, tie: Tie, query: Query, title: str) -> Sequence[ObjectId]:
        """The ids of those who have such a current relationship with records that match. Raises ConditionError."""
        others = self.different(tie.code, tie.register, query, "_id", MOST_MEMBERS)
        sides = (SUBJECT, OBJECT) if tie.both_ways else (tie.side,)
        found = dict.fromkeys(one for side in sides for one in standing(tie, side, others, title))
        return list(found)

    def segment(self, access: Access, segment_id: str) -> Mapping[str, Any]:
        """The segment, also by the id of one that was merged into it. Raises ConditionError where it is deleted, or not
        there for the user."""
        try:
            key = ObjectId(segment_id)
        except InvalidId as error:
            raise ConditionError(SEGMENT, _l("“%(value)s” is not the id of a segment.",
                                             value=segment_id[:40])) from error  # fmt: skip
        segments, seen = Segment._get_collection(), access.condition(SEGMENT)
        found = (segments.find_one(every_of([asked, seen])) for asked in ({"_id": key}, {"merged_from": key}))
        raw = next((one for one in found if one), None)
        if raw is None:
            raise gone(access, key)
        return raw

    def members(self, segment_id: ObjectId) -> Sequence[ObjectId]:
        """The ids of what was put into a fixed segment, in no order."""
        found = SegmentMember._get_collection().find({"segment": segment_id}, {"_id": 0, "record": 1})
        return [raw["record"] for raw in found.hint("segment_1_record_1").limit(MOST_MEMBERS).batch_size(20_000)]


class Checker(Finder):
    """Conditions are only checked by it: nothing is looked for but segments, which must be there."""

    def __call__(self, way: Way, query: Query) -> Sequence[ObjectId]:
        return ()

    def related(self, tie: Tie, query: Query, title: str) -> Sequence[ObjectId]:
        return ()

    def members(self, segment_id: ObjectId) -> Sequence[ObjectId]:
        return ()


def standing(tie: Tie, side: str, others: Sequence[ObjectId], title: str) -> list[ObjectId]:
    """The ids on one side of the current relationships with these others. Raises ConditionError."""
    query: dict[str, Any] = {other_side(side): {"$in": list(others)}, "kind": tie.kind.key, "until": None}
    if title:
        query["title"] = {"$regex": re.escape(title), "$options": "i"}
    stages = [{"$match": query}, {"$group": {"_id": f"${side}"}}, {"$limit": MOST_MEMBERS + 1}]
    try:
        found = [raw["_id"] for raw in Relationship._get_collection().aggregate(stages, maxTimeMS=time_limit())]
        return few_enough(found, MOST_MEMBERS, tie.code, tie.register)
    except ExecutionTimeout as error:
        raise too_slow(tie.code, tie.register) from error


def few_enough(found: list[ObjectId], most: int, code: str, register: Register) -> list[ObjectId]:
    """What was found. Raises ConditionError where that is more than can be asked with."""
    if len(found) > most:
        message = _l("More than %(max)s of “%(name)s” match. Add a condition to them that narrows it.",
                     max=f"{most:,}", name=register.label)  # fmt: skip
        raise ConditionError(code, message)
    return found


def too_slow(code: str, register: Register) -> ConditionError:
    return ConditionError(code, _l("Looking through “%(name)s” took too long. Add a condition to it that narrows it.",
                                   name=register.label))  # fmt: skip


def gone(access: Access, segment_id: ObjectId) -> ConditionError:
    """Why there is no such segment for the user."""
    seen = access.condition(SEGMENT, within="document.")
    deleted = DeletedRecord._get_collection().find_one(
        every_of([{"_id": segment_id, "register": SEGMENT}, seen]), {"name": 1}
    )
    if deleted is None:
        return ConditionError(SEGMENT, _l("There is no such segment, or you may not see it. Take the condition away."))
    return ConditionError(SEGMENT, _l("The segment “%(name)s” has been deleted. Restore it from the recycle bin, or "
                                      "take the condition away.", name=deleted.get("name") or ""))  # fmt: skip


find_linked = Finder()
only_check = Checker()
