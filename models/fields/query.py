"""Conditions and orders, as people and programs give them, as MongoDB queries."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from models.collation import collation_key
from models.fields.context import Context
from models.fields.errors import ConditionError
from models.fields.operators import canonical
from models.fields.schema import Schema
from models.rights import Access

MAX_CONDITIONS = 50
#: How a comparison with a name stands as an expression for its collation key.
KEY_PATTERNS = {"ct": "{}", "sw": "^{}", "eq": "^{}$"}
Order = list[tuple[str, int]]


def conditions_query(schema: Schema, conditions: Iterable[Mapping[str, Any]], context: Context) -> dict[str, Any]:
    """The query for conditions `{"col", "opr", "value"}`, all of which must hold. Raises ConditionError."""
    parts = [condition_query(schema, condition, context) for condition in checked(conditions)]
    return every_of(parts)


def condition_query(schema: Schema, condition: Mapping[str, Any], context: Context) -> dict[str, Any]:
    field, code, raw = schema.field(condition["col"]), str(condition["opr"]), condition.get("value")
    found = field.kind.condition(code, raw, field, context)
    if field.column == schema.register.name_field and canonical(code) in KEY_PATTERNS:
        return every_of([name_key_query(canonical(code), raw), found])
    return found


def name_key_query(code: str, raw: Any) -> dict[str, Any]:
    """What a name's collation key must hold where the name is to hold a text: the index of names answers it."""
    key = collation_key(str(raw[0] if isinstance(raw, (list, tuple)) else raw))
    return {"sort_name": {"$regex": KEY_PATTERNS[code].format(re.escape(key))}} if key else {}


def checked(conditions: Any) -> list[Mapping[str, Any]]:
    """The conditions, once their shape is right. Raises ConditionError."""
    if not isinstance(conditions, (list, tuple)):
        raise ConditionError("", _l("Give the conditions as a list of {col, opr, value}."))
    if len(conditions) > MAX_CONDITIONS:
        raise ConditionError("", _l("Too many conditions: at most %(max)s.", max=MAX_CONDITIONS))
    for condition in conditions:
        if not isinstance(condition, Mapping) or not {"col", "opr"} <= set(condition):
            raise ConditionError("", _l("Each condition needs “col” and “opr”, and most need “value”."))
    return list(conditions)


def every_of(parts: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """All of the queries at once."""
    filled = [dict(part) for part in parts if part]
    if len(filled) < 2:
        return filled[0] if filled else {}
    return {"$and": filled}


def visible_query(
    schema: Schema, access: Access, conditions: Iterable[Mapping[str, Any]], context: Context, action: str = "see"
) -> dict[str, Any]:
    """The conditions within what the user may do: what every list, export, merge and REST call reads by."""
    key = schema.register.key
    seen = schema.for_access(access)
    return every_of([access.condition(key, action), conditions_query(seen, conditions, context)])


def order_of(schema: Schema, column: str | None, direction: str | None) -> Order:
    """The sort for a column; an unknown one or one that has no order gives the name order."""
    sign = -1 if direction == "desc" else 1
    field = schema.get(column) if column else None
    if field is None or not field.kind.orderable or column == schema.register.name_field:
        sign = sign if column == schema.register.name_field else 1
        return [("sort_name", sign), ("_id", sign)]
    return [(field.kind.sort_path(field), sign), ("sort_name", 1), ("_id", 1)]
