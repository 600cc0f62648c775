"""A register's records as JSON, and what is said of their fields."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from models.base import Record, stored_value
from models.fields.field import Field
from models.fields.schema import Schema
from views.rest.openapi import ID, as_sent, nullable, object_of

Raw = Mapping[str, Any]
KEEP = {
    "type": ["array", "null"], "items": {"type": "string"},
    "description": "Properties whose odd value (a phone number that is none) is kept as it is.",
}  # fmt: skip
VERSION_SEEN = {"type": ["integer", "null"], "description": "The version you saw: 409 if there is a newer one."}


def record_columns(schema: Schema) -> list[str]:
    """Every column of a record, as the caller may see it."""
    return ["id", *schema.by_column, "version"]


def record_json(schema: Schema, raw: Raw, columns: Sequence[str] | None = None) -> dict[str, Any]:
    """The chosen columns of a record, else all of them."""
    return {column: column_json(schema, raw, column) for column in columns or record_columns(schema)}


def column_json(schema: Schema, raw: Raw, column: str) -> Any:
    if column == "id":
        return str(raw["_id"])
    if column == "version":
        return raw.get("version", 1)
    field = schema.by_column[column]
    return field.kind.to_json(stored_value(field, raw), field)


def labels(fields: Iterable[Field], language: str) -> dict[str, str]:
    return {field.column: field.label_in(language) for field in fields}


def helps(fields: Iterable[Field], language: str) -> dict[str, str]:
    found = {field.column: field.help_in(language) for field in fields}
    return {column: text for column, text in found.items() if text}


def field_info(field: Field, language: str) -> dict[str, Any]:
    """A field as `_info` tells of it: what a program needs to make a form."""
    info: dict[str, Any] = {
        "name": field.column, "label": field.label_in(language), "description": field.help_in(language),
        "type": field.kind.name, "required": field.required, "unique": False, "section": field.section,
    }  # fmt: skip
    if field.choices:
        info["values"] = [{"id": choice.key, "value": choice.text(language)} for choice in field.offered]
    return info


def filter_info(field: Field) -> list[dict[str, str]]:
    """The operators a field can be asked by."""
    return [{"name": str(field.kind.operator_label(code)), "operator": code} for code in field.kind.operators]


# OpenAPI


def property_schema(field: Field, language: str) -> dict[str, Any]:
    schema = {**nullable(field.kind.json_schema(field)), "title": field.label_in(language)}
    if text := field.help_in(language):
        schema["description"] = text
    return {**schema, "readOnly": True} if field.read_only else schema


def record_schema(schema: Schema, language: str) -> dict[str, Any]:
    """A record as it is answered."""
    properties = {field.column: property_schema(field, language) for field in schema.fields}
    version = {"type": "integer", "description": "Counts the saves of the record."}
    return object_of({"id": {**ID, "readOnly": True}, **properties, "version": version})


def input_schema(schema: Schema, language: str, *, new: bool) -> dict[str, Any]:
    """A record as it is sent: a new one, or what changes of one."""
    writable = [field for field in schema.fields if not field.read_only]
    if new:
        # A retired choice may stay where it is, and is none for a new record.
        writable = [replace(field, choices=field.offered) for field in writable]
    properties = {field.column: as_sent(property_schema(field, language)) for field in writable}
    own: dict[str, Any] = {"_keep": KEEP} if new else {"_keep": KEEP, "version": VERSION_SEEN}
    # A register that completes its values (a person's name) may do without one that is required.
    completes = schema.register.document.complete.__func__ is not Record.complete.__func__  # type: ignore[attr-defined]
    asked = [f.column for f in writable if f.required and f.default is None and not (completes and not f.custom)]
    return object_of({**properties, **own}, required=asked if new else (), closed=True)
