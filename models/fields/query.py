"""Conditions and orders, as people and programs give them, as MongoDB queries."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.collation import collation_key
from models.fields.conditions import SEGMENT, THROUGH, TITLE, Node, checked, group_of
from models.fields.context import Context
from models.fields.errors import ConditionError
from models.fields.operators import canonical
from models.fields.schema import Schema, schema_of
from models.fields.unseen import UNSEEN, speaks_of_unseen
from models.fields.ways import Tie, Way, way_of
from models.rights import Access

#: How a comparison with a name stands as an expression for its collation key.
KEY_PATTERNS = {"ct": "{}", "sw": "^{}", "eq": "^{}$"}
Query = dict[str, Any]
Order = list[tuple[str, int]]
NOBODY: Query = {"_id": {"$in": []}}
#: How a fixed segment is told from a living one (models/segments.py).
FIXED = "fixed"
#: Segments within one another, and in one search altogether.
MAX_SEGMENT_DEPTH, MAX_SEGMENTS = 5, 30


class Find(Protocol):
    """Finds what conditions speak of besides the values of the records themselves. All may raise ConditionError."""

    def __call__(self, way: Way, query: Query) -> Sequence[ObjectId]:
        """What a way leads from: the ids of the records that match the query, or of those that they point at."""

    def related(self, tie: Tie, query: Query, title: str) -> Sequence[ObjectId]:
        """The ids of those who have such a current relationship, of that title, with records that match the query."""

    def segment(self, access: Access, segment_id: str) -> Mapping[str, Any]:
        """A segment (raw): its `name`, whose `members` it has (a register), its `kind` and `conditions`."""

    def members(self, segment_id: ObjectId) -> Sequence[ObjectId]:
        """The ids of what was put into a fixed segment."""


@dataclass(frozen=True)
class Asking:
    """Who asks: how values are read, what the user may see, and how linked records are found.

    `within` are the segments that led here, one within the other; `asked` are all that the search has come by.
    """

    access: Access
    context: Context
    find: Find
    within: tuple[ObjectId, ...] = ()
    asked: list[ObjectId] = field(default_factory=list)


def visible_query(
    schema: Schema, access: Access, conditions: Iterable[Node], context: Context, find: Find, action: str = "see"
) -> Query:
    """The conditions within what the user may do: what every list, export, merge and REST call reads by.

    Raises ConditionError, and what `find` raises.
    """
    seen = schema.for_access(access)
    allowed = access.condition(schema.register.key, action)
    return every_of([allowed, conditions_query(seen, conditions, Asking(access, context, find))])


def conditions_query(schema: Schema, conditions: Iterable[Node], asking: Asking) -> Query:
    """The query for conditions (models/fields/conditions.py), all of which must hold. Raises ConditionError."""
    return every_of([node_query(schema, node, asking) for node in checked(conditions)])


def node_query(schema: Schema, node: Node, asking: Asking) -> Query:
    if SEGMENT in node:
        return segment_query(schema, node[SEGMENT], asking)
    group = group_of(node)
    if not group:
        return condition_query(schema, node, asking.context)
    if THROUGH in node:
        return linked_query(schema, node, group, asking)
    return joined(group, [node_query(schema, inner, asking) for inner in node[group]])


def joined(group: str, parts: Sequence[Query]) -> Query:
    if group == "all":
        return every_of(parts)
    either = any_of(parts)
    return either if group == "any" else {"$nor": [either]}


def linked_query(schema: Schema, node: Node, group: str, asking: Asking) -> Query:
    """The query for what must hold of linked records: their ids are found first."""
    way = way_of(schema, asking.access, node[THROUGH])
    if way is None:
        raise ConditionError(node[THROUGH][:80], _l("There is no link “%(name)s”.", name=node[THROUGH][:80]))
    other = schema_of(way.register.key).for_access(asking.access)
    wanted = joined("any" if group == "none" else group, [node_query(other, inner, asking) for inner in node[group]])
    found = along(way, every_of([asking.access.condition(way.register.key), wanted]), node, asking)
    return {"$nor": [found]} if group == "none" else found


def along(way: Way | Tie, wanted: Query, node: Node, asking: Asking) -> Query:
    """The query for the records from which the way leads to such as are wanted."""
    if isinstance(way, Tie):
        return {"_id": {"$in": list(asking.find.related(way, wanted, node.get(TITLE, "")))}}
    if node.get(TITLE):
        raise ConditionError(way.code, _l("A “title” goes with “through” a relationship."))
    ids = asking.find(way, wanted)
    if way.backwards:
        return {"_id": {"$in": list(ids)}}
    return {"facets": {"$in": [token for one in ids for token in way.field.kind.facets(one, way.field)]}}


def segment_query(schema: Schema, segment_id: str, asking: Asking) -> Query:
    """The query for the members of a segment: a living one's own conditions as whoever asks may ask them."""
    raw = asking.find.segment(asking.access, segment_id)
    asking.asked.append(raw["_id"])
    if raw["_id"] in asking.within:
        raise segment_error(raw, _l("The segment “%(name)s” leads to itself. Take it out of its conditions.",
                                    name=raw["name"]))  # fmt: skip
    if len(asking.within) >= MAX_SEGMENT_DEPTH or len(asking.asked) > MAX_SEGMENTS:
        raise segment_error(raw, _l("Too many segments in one another: at most %(depth)s deep and %(max)s in all.",
                                    depth=MAX_SEGMENT_DEPTH, max=MAX_SEGMENTS))  # fmt: skip
    if raw["members"] != schema.register.key:
        raise segment_error(raw, _l("“%(name)s” is a segment of other records, and these are: %(register)s.",
                                    name=raw["name"], register=schema.register.label))  # fmt: skip
    if raw["kind"] == FIXED:
        return {"_id": {"$in": list(asking.find.members(raw["_id"]))}}
    try:
        inner = replace(asking, within=(*asking.within, raw["_id"]))
        found = conditions_query(schema, raw.get("conditions") or (), inner)
    except SegmentError:
        raise
    except ConditionError as error:
        # What is wrong with it would tell of what it speaks.
        hidden = speaks_of_unseen(asking.access, raw["members"], raw["conditions"])
        raise segment_error(raw, _l("The segment “%(name)s” can't be asked: %(message)s", name=raw["name"],
                                    message=UNSEEN if hidden else error.message)) from error  # fmt: skip
    # One that says nothing yet has nobody: a mailing to all by an oversight can't be taken back.
    return found if raw.get("conditions") else NOBODY


class SegmentError(ConditionError):
    """A condition that speaks of a segment which can't be asked; the message names it already."""


def segment_error(raw: Mapping[str, Any], message: Any) -> SegmentError:
    return SegmentError(str(raw["_id"]), message)


def condition_query(schema: Schema, condition: Node, context: Context) -> Query:
    field, code, raw = schema.field(condition["col"]), str(condition["opr"]), condition.get("value")
    found = field.kind.condition(code, raw, field, context)
    if field.column == schema.register.name_field and canonical(code) in KEY_PATTERNS:
        return every_of([name_key_query(canonical(code), raw), found])
    return found


def name_key_query(code: str, raw: Any) -> Query:
    """What a name's collation key must hold where the name is to hold a text: the index of names answers it."""
    key = collation_key(str(raw[0] if isinstance(raw, (list, tuple)) else raw))
    return {"sort_name": {"$regex": KEY_PATTERNS[code].format(re.escape(key))}} if key else {}


def every_of(parts: Iterable[Mapping[str, Any]]) -> Query:
    """All of the queries at once."""
    filled = [dict(part) for part in parts if part]
    if len(filled) < 2:
        return filled[0] if filled else {}
    return {"$and": filled}


def within(query: Query, path: str) -> Query:
    """The query for documents that are kept in others, at `path`."""
    return {key if key.startswith("$") else f"{path}.{key}":
            [within(part, path) for part in asked] if key.startswith("$") else asked
            for key, asked in query.items()}  # fmt: skip


def inside(expression: Any, path: str) -> Any:
    """The same of an aggregation expression."""
    if isinstance(expression, str):
        own = expression.startswith("$") and not expression.startswith("$$")
        return f"${path}.{expression[1:]}" if own else expression
    if isinstance(expression, Mapping):
        return {name: inside(part, path) for name, part in expression.items()}
    return [inside(part, path) for part in expression] if isinstance(expression, list) else expression


def any_of(parts: Sequence[Query]) -> Query:
    """At least one of the queries. Tokens make one set, which the index of tokens answers."""
    if not all(parts):
        return {}
    if len(parts) == 1:
        return parts[0]
    tokens = [tokens_of(part) for part in parts]
    if all(tokens):
        return {"facets": {"$in": list(dict.fromkeys(token for some in tokens for token in some))}}
    return {"$or": list(parts)}


def tokens_of(part: Query) -> list[str]:
    """The tokens any of which the query asks for; none for any other query."""
    asked = part.get("facets") if set(part) == {"facets"} else None
    if isinstance(asked, str):
        return [asked]
    return list(asked["$in"]) if isinstance(asked, Mapping) and set(asked) == {"$in"} else []


def chosen_order(schema: Schema, column: str | None, direction: str | None) -> tuple[str, str]:
    """(column, direction) that a list is ordered by: the register's own where nobody has chosen; "" is by name."""
    return (column, direction or "asc") if column else schema.register.order


def order_of(schema: Schema, column: str | None, direction: str | None) -> Order:
    """The sort for a column, or the register's own; an unknown one or one that has no order gives the name order."""
    column, direction = chosen_order(schema, column, direction)
    sign = -1 if direction == "desc" else 1
    field = schema.get(column) if column else None
    if field is None or not field.kind.orderable or column == schema.register.name_field:
        sign = sign if column == schema.register.name_field else 1
        return [("sort_name", sign), ("_id", sign)]
    return [(field.kind.sort_path(field), sign), ("sort_name", 1), ("_id", 1)]
