"""What there is of segments: those that a record may be put into, those that use another one, people of companies."""

from typing import Any

from bson import ObjectId

from models.fields.conditions import Node
from models.fields.query import FIXED, every_of
from models.rights import Access
from models.segments import Segment
from services.segments.members import REGISTER, member_of

Raw = dict[str, Any]
#: So many segments are told.
MOST_TOLD = 200


def segments_of_register(access: Access, register: str, *, fixed: bool = False) -> list[Raw]:
    """The register's segments that the user sees, by name; with `fixed` those into which records can be put."""
    action = "change" if fixed else "see"
    asked: list[Raw] = [access.condition(REGISTER), access.condition(REGISTER, action),
                        {"facets": f"members={register}"}]  # fmt: skip
    if fixed:
        asked.append({"facets": f"kind={FIXED}"})
    found = Segment._get_collection().find(every_of(asked), {"name": 1})
    return list(found.sort([("sort_name", 1), ("_id", 1)]).limit(MOST_TOLD))


def used_in(access: Access, segment_id: ObjectId) -> list[Raw]:
    """The segments whose conditions speak of this one, as far as the user sees them, by name."""
    query = every_of([{"facets": f"conditions={segment_id}"}, access.condition(REGISTER)])
    return list(Segment._get_collection().find(query, {"name": 1}).sort([("sort_name", 1), ("_id", 1)])
                .limit(MOST_TOLD))  # fmt: skip


def people_of(segment_id: Any, kind: str, title: str) -> list[Node]:
    """The conditions for the people who stand to the companies of a segment in a relationship of this kind, with this
    title or of this title themselves (where one is given)."""
    through: Node = {"through": f"relationship.{kind}.subject", "all": [member_of(segment_id)]}
    if not title:
        return [through]
    by_title = {"through": through["through"], "title": title, "all": through["all"]}
    return [{"any": [by_title, {"all": [through, {"col": "title", "opr": "ct", "value": title}]}]}]
