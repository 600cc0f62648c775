"""From what was typed or sent to the values of a record, with everything that is wrong said at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bson import ObjectId
from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from models.base import stored_value
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.schema import Schema
from models.registers import REGISTERS
from models.rights import Access
from models.security import Team, User

Reference = tuple[str, ObjectId]


@dataclass
class Parsed:
    """One record's parsed values: `values` maps columns to stored values (None clears), `errors` to messages."""

    values: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, list[Any]] = field(default_factory=dict)
    keepable: list[str] = field(default_factory=list)

    def fail(self, column: str, message: Any, *, keepable: bool = False) -> None:
        self.errors.setdefault(column, []).append(message)
        if keepable:
            self.keepable.append(column)


def context_of(access: Access) -> Context:
    """The context in which one user's input is read and output is written."""
    return Context(language=access.language, time_zone=access.time_zone)


def parse_values(
    schema: Schema, raw: Mapping[str, Any], context: Context, *,
    before: Mapping[str, Any] | None = None, keep: Collection[str] = (),
) -> Parsed:  # fmt: skip
    """Parse `raw` ({column: what was sent}) by the schema as its user sees it.

    A value that is sent as it stands already is left alone, so an odd value that was kept once stays quietly.
    """
    parsed, insisting = Parsed(), replace(context, keep_odd=True)
    for column, value in raw.items():
        found = schema.get(column)
        if found is None:
            parsed.fail(column, _l("There is no field “%(column)s”.", column=str(column)[:80]))
        elif unchanged(found, value, before, context):
            continue
        elif found.read_only:
            parsed.fail(column, _l("You can't change this field."))
        else:
            reading = insisting if column in keep else context
            parse_one(parsed, found, value, replace(reading, held=stored_value(found, before)) if before else reading)
    return parsed


def unchanged(found: Field, value: Any, before: Mapping[str, Any] | None, context: Context) -> bool:
    if before is None:
        return found.read_only and value in (None, "", [])
    stored = stored_value(found, before)
    return value in (found.kind.edit_text(stored, found, context), found.kind.to_json(stored, found))


def parse_one(parsed: Parsed, found: Field, value: Any, context: Context) -> None:
    try:
        parsed.values[found.column] = found.kind.parse(value, found, context)
    except FieldError as error:
        parsed.fail(found.column, error.message, keepable=error.keepable)


def check_required(parsed: Parsed, fields: Iterable[Field], result: Mapping[str, Any]) -> None:
    """Note each required field that the finished record leaves empty and nothing else is said of."""
    for found in fields:
        if found.required and found.column not in parsed.errors and stored_value(found, result) in (None, "", []):
            parsed.fail(found.column, _l("%(label)s is missing: fill it in.", label=LazyLabel(found)))


class LazyLabel:
    """A field's label in the language of whoever reads the message."""

    def __init__(self, found: Field) -> None:
        self.found = found

    def __str__(self) -> str:
        return self.found.label_in(str(get_locale() or "en"))


def check_references(
    access: Access, schema: Schema, rows: Sequence[Parsed], before: Mapping[str, Any] | None = None
) -> None:
    """Note every value that points at a record that is not there or that the user may not see; one query a target.

    What the record pointed at `before` may stay: its user may not see it, or it may be in the recycle bin.
    """
    held = held_references(schema, before or {})
    wanted: dict[str, set[ObjectId]] = {}
    for _, _, (target, reference) in references(schema, rows):
        wanted.setdefault(target, set()).add(reference)
    known = {target: existing(access, target, ids) for target, ids in wanted.items()}
    for parsed, column, (target, reference) in references(schema, rows):
        if reference not in known[target] and (column, reference) not in held:
            parsed.fail(column, _l("There is no record with the id %(id)s. Choose one from the list.", id=reference))


def held_references(schema: Schema, raw: Mapping[str, Any]) -> set[tuple[str, ObjectId]]:
    """(column, id) of everything that a raw document points at."""
    pairs = ((found, stored_value(found, raw)) for found in schema.fields)
    return {(found.column, key) for found, value in pairs for _, key in found.kind.references(value, found)}


def references(schema: Schema, rows: Sequence[Parsed]) -> Iterable[tuple[Parsed, str, Reference]]:
    for parsed in rows:
        for column, value in parsed.values.items():
            found = schema.by_column[column]
            for reference in found.kind.references(value, found):
                yield parsed, column, reference


def existing(access: Access, target: str, ids: set[ObjectId]) -> set[ObjectId]:
    """Those of the ids that exist and that the user may see."""
    if target == "user":
        query: dict[str, Any] = {"active": True}
        document: Any = User
    elif target == "team":
        query, document = {}, Team
    elif target in REGISTERS:
        query, document = access.condition(target), REGISTERS[target].document
    else:
        return set()
    narrowed = {"$and": [{"_id": {"$in": list(ids)}}, query]}
    return {raw["_id"] for raw in document._get_collection().find(narrowed, {"_id": 1})}
