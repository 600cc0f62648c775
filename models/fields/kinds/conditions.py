"""Conditions as a value: what a living segment holds whoever matches by."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from models.fields import operators as ops
from models.fields.conditions import SEGMENT, THROUGH, TITLE, Node, checked, group_of, segments_of
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.base import Faceted, Query, text_of
from models.fields.unseen import UNSEEN

#: What a whole number may be in the database: 64 bits.
LARGEST = 2**63 - 1
MOST_VALUES = 1_000
ALONE = _l("Hidden: they speak of fields that you don’t see")


class Conditions(Faceted):
    """A list of conditions (models/fields/conditions.py) about the records of the register that the field's `about`
    names. Their shape is checked here; whether they make sense to whoever writes them, services check. Who does not see
    all that they speak of is told that alone (UNSEEN).

    Tokens tell which segments they speak of.
    """

    name = "conditions"
    label = _l("Conditions")
    input = "conditions"
    importable = False
    not_imported = _l("conditions can't be imported. Leave the column out and put them together on the records.")
    orderable = False
    offered = False
    needs_room = True
    operators: ClassVar[Sequence[str]] = ops.EMPTINESS
    groupings: ClassVar[Sequence[str]] = ()
    #: As forms send them: a text of JSON.
    longest = 100_000

    def parse_value(self, raw: Any, field: Field, context: Context) -> list[Node] | None:
        if isinstance(raw, str):
            try:
                raw = json.loads(text_of(raw, field))
            except (ValueError, RecursionError) as error:
                raise FieldError(_l("Give the conditions as a list of {col, opr, value}.")) from error
        return [cleaned(node, field) for node in checked(raw)] or None

    def document_field(self, **options: Any) -> Any:
        return me.ListField(me.DictField(), **options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        if value is UNSEEN:
            return str(ALONE)
        return ngettext("%(num)s condition", "%(num)s conditions", len(value)) if value else ""

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        if value is UNSEEN or not value:
            return ""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def cell(self, value: Any, field: Field, context: Context) -> str:
        return self.edit_text(value, field, context)

    def changed(self, before: Any, after: Any) -> tuple[Any, Any]:
        """The conditions that only one of both has; all where they only stand in another order. Where one is UNSEEN,
        the other would tell of it."""
        if UNSEEN in (before, after):
            return before and UNSEEN, after and UNSEEN
        gone, new = ([node for node in these or () if node not in (those or ())]
                     for these, those in ((before, after), (after, before)))  # fmt: skip
        return (gone, new) if gone or new else (before, after)

    def to_json(self, value: Any, field: Field) -> Any:
        return None if value is UNSEEN else list(value or ())

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "array", "items": {"type": "object"}}

    def presence(self, field: Field, *, present: bool = True) -> Query:
        return {field.path: {"$nin": [None, []]} if present else {"$in": [None, []]}}

    def facets(self, value: Any, field: Field) -> Iterable[str]:
        return [self.facet(one, field) for one in segments_of(value or ())]


def cleaned(node: Node, field: Field) -> Node:
    """A condition of the right shape as it is kept, its parts in one order. Raises FieldError."""
    if SEGMENT in node:
        return {SEGMENT: text_of(node[SEGMENT], field)}
    group = group_of(node)
    if not group:
        extra = {"value": cleaned_value(node["value"], field)} if "value" in node else {}
        return {"col": text_of(node["col"], field), "opr": text_of(node["opr"], field), **extra}
    named = {name: text_of(node[name], field) for name in (THROUGH, TITLE) if node.get(name)}
    return {**named, group: [cleaned(inner, field) for inner in node[group]]}


def cleaned_value(value: Any, field: Field) -> Any:
    """What is compared with: text, a number, yes or no, or a list of them. Raises FieldError."""
    if isinstance(value, (list, tuple)):
        if len(value) > MOST_VALUES or any(isinstance(one, (list, tuple)) for one in value):
            raise FieldError(_l("Give at most %(max)s values to compare with.", max=MOST_VALUES))
        return [cleaned_value(one, field) for one in value]
    if isinstance(value, str):
        return text_of(value, field)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)) and math.isfinite(value) and abs(value) <= LARGEST:
        return value
    if isinstance(value, Mapping) and set(value) <= {"id", "name"} and value.get("id"):
        # A link as REST may send it.
        return cleaned_value(value["id"], field)
    raise FieldError(_l("Give text, a number or a list of them to compare with."))
