"""Conditions that are kept: whether they make sense to whoever writes them, and whether a reader may see them."""

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from models.base import stored_value
from models.fields.conditions import SEGMENT, THROUGH, Node, group_of
from models.fields.errors import ConditionError
from models.fields.query import FIXED, MAX_SEGMENT_DEPTH, Asking, conditions_query
from models.fields.schema import Schema, schema_of
from models.fields.unseen import LOCKED_BY, UNSEEN, judges_unseen
from models.fields.ways import way_of
from models.registers import REGISTERS
from models.rights import Access
from models.segments import Segment
from services.linked import find_linked, only_check
from services.values import Parsed, context_of

Raw = Mapping[str, Any]
#: The segments that a condition stands in.
Within = frozenset[ObjectId]
NOWHERE: Within = frozenset()


def check_conditions(access: Access, parsed: Parsed, schema: Schema, result: Raw, before: Raw | None = None) -> None:
    """Note conditions that make no sense to whoever writes them, of what the finished record is about. Those of the
    record `before` that the writer does not see are not made to speak of something else."""
    for found in schema.speaking:
        if not parsed.values.keys() & {found.column, found.about} or result.get(found.about) not in REGISTERS:
            continue
        if before is not None and stored_value(found, before) is UNSEEN:
            parsed.fail(found.about, LOCKED_BY)
            continue
        asking = Asking(access, context_of(access), only_check, within=(result["_id"],))
        try:
            about = schema_of(result[found.about]).for_access(access)
            conditions_query(about, result.get(found.key) or (), asking)
        except ConditionError as error:
            parsed.fail(found.column, error.message)


# Who sees them


def asks_unseen(access: Access, asked: Raw) -> bool:
    """Whether one of the `conditions` about the records of the `register` is about what the user does not see: what it
    asks for would tell of it."""
    return unseen_in(access, str(asked["register"]), asked.get("conditions") or ())


@judges_unseen
def unseen_in(access: Access, register: str, conditions: Iterable[Node], within: Within = NOWHERE) -> bool:
    """The same of conditions about the records of a register; of any, where it is ""."""
    if register and (register not in REGISTERS or not access.may(register, "see")):
        return True
    return any(node_unseen(access, register, node, within) for node in conditions)


def node_unseen(access: Access, register: str, node: Node, within: Within) -> bool:
    if SEGMENT in node:
        return segment_unseen(access, node[SEGMENT], within)
    group = group_of(node)
    if not group:
        return any(access.hides(one, node["col"]) for one in known(register))
    if THROUGH in node:
        return linked_unseen(access, register, node, node[group], within)
    return any(node_unseen(access, register, inner, within) for inner in node[group])


def known(register: str) -> Iterable[str]:
    return (register,) if register else REGISTERS


def linked_unseen(access: Access, register: str, node: Node, inner: Iterable[Node], within: Within) -> bool:
    """Whether the way is none that the user sees, also where it is gone, or what must hold there is not seen."""
    seen = {key: way_of(schema_of(key).for_access(access), access, node[THROUGH]) for key in known(register)}
    targets = {way.register.key for way in seen.values() if way}
    hidden = not targets or any(access.hides(key, node[THROUGH]) for key in seen)
    return hidden or any(unseen_in(access, target, inner, within) for target in targets)


def segment_unseen(access: Access, segment_id: str, within: Within) -> bool:
    """Whether there is a segment which the user does not see, or which speaks of what the user does not see."""
    try:
        raw = find_linked.segment(access, segment_id)
    except ConditionError:
        # One that is gone tells nothing.
        return ObjectId.is_valid(segment_id) and bool(Segment.objects(pk=segment_id).only("pk").first())
    if raw["_id"] in within or len(within) > MAX_SEGMENT_DEPTH:
        return True
    conditions = () if raw["kind"] == FIXED else raw.get("conditions") or ()
    return unseen_in(access, raw["members"], conditions, within | {raw["_id"]})
