"""Values that point elsewhere: users, a team, linked records."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import mongoengine as me
from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.base import Faceted

#: What values of files point at, where links name a register.
FILE = "file"
#: In a condition: whoever asks, and the team of whoever asks.
ME, MINE = "me", "mine"
#: Nobody has this id: a condition about somebody who is not there holds for no record.
NOBODY = ObjectId(b"\0" * 12)


def parse_id(raw: Any) -> ObjectId:
    """An id out of its 24 hexadecimal digits. Raises FieldError."""
    if isinstance(raw, dict) and set(raw) <= {"id", "name"}:
        raw = raw.get("id")
    try:
        return ObjectId(raw if isinstance(raw, (str, ObjectId)) else None if raw is None else str(raw))
    except (InvalidId, TypeError) as error:
        raise FieldError(_l("“%(value)s” is not the id of a record. Choose one from the list.",
                            value=str(raw)[:40])) from error  # fmt: skip


class Link(Faceted):
    """One record of the register that the field's `target` names."""

    name = "link"
    label = _l("Link to a record")
    input = "link"
    refers = True
    operators: ClassVar[Sequence[str]] = ops.MEMBER
    orderable = False

    def target(self, field: Field) -> str:
        return field.target

    def parse_value(self, raw: Any, field: Field, context: Context) -> Any:
        return parse_id(raw)

    def document_field(self, **options: Any) -> Any:
        return me.ObjectIdField(**options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        return context.labels.get((self.target(field), value), "") if value else ""

    def edit_text(self, value: Any, field: Field, context: Context) -> Any:
        return str(value or "")

    def to_json(self, value: Any, field: Field) -> Any:
        return str(value) if value else None

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[0-9a-f]{24}$"}

    def references(self, value: Any, field: Field) -> Iterable[tuple[str, ObjectId]]:
        return ((self.target(field), value),) if value else ()

    def pointed(self, value: Any, keep: ObjectId, other: ObjectId) -> Any:
        return keep if value == other else value

    def group_references(self, key: Any, field: Field) -> Sequence[tuple[str, ObjectId]]:
        return ((self.target(field), key),) if key else ()


class Links(Link):
    """Several records of one register: the companies a person works for."""

    name = "links"
    label = _l("Links to records")
    input = "multi_link"
    operators: ClassVar[Sequence[str]] = ops.SEVERAL
    operator_labels: ClassVar[Mapping[str, Any]] = ops.SEVERAL_LABELS
    several = True
    offered = False

    def parse_value(self, raw: Any, field: Field, context: Context) -> list[ObjectId]:
        items = raw if isinstance(raw, (list, tuple)) else str(raw).split(",") if isinstance(raw, str) else [raw]
        return list(dict.fromkeys(parse_id(item) for item in items if item not in (None, "")))

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        values = super().operand_value(code, raw, field, context)
        return values[0] if values else None

    def document_field(self, **options: Any) -> Any:
        return me.ListField(me.ObjectIdField(), **options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        names = (super(Links, self).text(item, field, context) for item in value or ())
        return ", ".join(filter(None, names))

    def edit_text(self, value: Any, field: Field, context: Context) -> Any:
        return [str(item) for item in value or ()]

    def to_json(self, value: Any, field: Field) -> Any:
        return [str(item) for item in value or ()]

    def json_schema(self, field: Field) -> dict[str, Any]:
        return {"type": "array", "items": super().json_schema(field)}

    def references(self, value: Any, field: Field) -> Iterable[tuple[str, ObjectId]]:
        return [(self.target(field), item) for item in value or ()]

    def pointed(self, value: Any, keep: ObjectId, other: ObjectId) -> Any:
        return list(dict.fromkeys(keep if one == other else one for one in value or ()))


class Files(Links):
    """Files, as ids of StoredFile: a record holds what it held before and what its user has uploaded."""

    name = "files"
    label = _l("Files")
    input = "files"
    operators = ops.EMPTINESS
    operator_labels: ClassVar[Mapping[str, Any]] = {"empty": _l("has none"), "nempty": _l("has some")}
    offered = True
    importable = False
    groupings: ClassVar[Sequence[str]] = ()
    not_imported = _l("files can't be imported. Leave the column out and add the files on the records.")

    def target(self, field: Field) -> str:
        return FILE


class User(Link):
    name = "user"
    label = _l("User")
    input = "user"

    def target(self, field: Field) -> str:
        return "user"

    def operand_choices(self, code: str) -> Sequence[tuple[str, Any]]:
        return ((ME, _l("me")),) if code not in ops.EMPTINESS else ()

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        return context.user_id or NOBODY if raw == ME else super().operand_value(code, raw, field, context)


class Users(Links, User):
    """Several users: the colleagues who take part."""

    name = "users"
    label = _l("Several users")
    input = "multi_user"
    offered = True

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        return context.user_id or NOBODY if raw == ME else super().operand_value(code, raw, field, context)


class Team(Link):
    name = "team"
    label = _l("Team")
    input = "team"
    offered = False

    def target(self, field: Field) -> str:
        return "team"

    def operand_choices(self, code: str) -> Sequence[tuple[str, Any]]:
        return ((MINE, _l("my team")),) if code not in ops.EMPTINESS else ()

    def operand_value(self, code: str, raw: Any, field: Field, context: Context) -> Any:
        return context.team_id or NOBODY if raw == MINE else super().operand_value(code, raw, field, context)
