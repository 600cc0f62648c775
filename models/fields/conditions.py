"""Conditions as people and programs give them: comparisons, groups of them, and what must hold of linked records.

A comparison is `{"col", "opr", "value"}`. A group is `{"all": [...]}`, `{"any": [...]}` or `{"none": [...]}`. With
`"through"` a group speaks of linked records: `{"through": "companies", "all": [...]}` holds where some linked record
fits all of it, and with "none" where no linked record fits any of it (models/fields/ways.py has the names). Along a
relationship such a group may have a `"title"`, which the relationship's title must hold. `{"segment": "<id>"}` holds
for the members of a segment. A list of conditions is met where all of them are.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.errors import ConditionError

Node = Mapping[str, Any]
GROUPS = ("all", "any", "none")
THROUGH, TITLE, SEGMENT = "through", "title", "segment"
COMPARED = ("col", "opr")
#: Comparisons and groups in all, and groups within groups.
MAX_CONDITIONS, MAX_DEPTH = 50, 5


def group_of(node: Node) -> str:
    """Which group a node is; "" for a comparison or a segment."""
    return next((name for name in GROUPS if name in node), "")


def segments_of(conditions: Any) -> list[str]:
    """The ids of the segments that conditions speak of, each once. Raises ConditionError."""
    named = (node[SEGMENT] for node in walk(conditions, 0) if isinstance(node, Mapping) and SEGMENT in node)
    return list(dict.fromkeys(one for one in named if isinstance(one, str)))


def checked(conditions: Any) -> list[Node]:
    """The conditions, once their shape is right throughout. Raises ConditionError."""
    seen = sum(1 for node in walk(conditions, 0) if shape_fits(node))
    if seen > MAX_CONDITIONS:
        raise ConditionError("", _l("Too many conditions: at most %(max)s.", max=MAX_CONDITIONS))
    return list(conditions)


def walk(conditions: Any, depth: int) -> Iterator[Node]:
    """Every node, groups before what is in them. Raises ConditionError for lists that are none, or too deep."""
    if not isinstance(conditions, (list, tuple)):
        raise ConditionError("", _l("Give the conditions as a list of {col, opr, value}."))
    if len(conditions) > MAX_CONDITIONS:
        raise ConditionError("", _l("Too many conditions: at most %(max)s.", max=MAX_CONDITIONS))
    if depth > MAX_DEPTH:
        raise ConditionError("", _l("Groups stand in one another too deep: at most %(max)s levels.", max=MAX_DEPTH))
    for node in conditions:
        yield node
        if isinstance(node, Mapping) and (group := group_of(node)):
            yield from walk(node[group], depth + 1)


def shape_fits(node: Any) -> bool:
    """True for a comparison, a group or a segment that makes sense. Raises ConditionError."""
    if not isinstance(node, Mapping):
        raise ConditionError("", _l("Each condition needs “col” and “opr”, and most need “value”."))
    if SEGMENT in node:
        return segment_fits(node)
    groups = [name for name in GROUPS if name in node]
    if groups and (len(groups) > 1 or not set(node) <= {groups[0], THROUGH, TITLE} or not node[groups[0]]):
        raise ConditionError("", _l("A group needs one of “all”, “any” and “none” with conditions in it."))
    if not (groups or all(isinstance(node.get(key), str) for key in COMPARED)):
        raise ConditionError("", _l("Each condition needs “col” and “opr”, and most need “value”."))
    if not all(isinstance(node.get(key, ""), str) for key in (THROUGH, TITLE)):
        raise ConditionError("", _l("Give “through” and “title” as text."))
    if TITLE in node and THROUGH not in node:
        raise ConditionError("", _l("A “title” goes with “through” a relationship."))
    return True


def segment_fits(node: Node) -> bool:
    if set(node) != {SEGMENT} or not isinstance(node[SEGMENT], str):
        raise ConditionError("", _l("A segment stands by itself: {“segment”: its id}."))
    return True
