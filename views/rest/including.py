"""What a REST answer has of the records that its records point at, as `include` in `q` asks for it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from models.fields.kinds.references import FILE
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS
from models.rights import Access
from services.included import NAMED, find_included, ids_by_target
from views.rest.problems import Problem
from views.rest.records import record_columns, record_json

Raw = dict[str, Any]
#: So many records are told along with an answer.
MOST = 5_000
#: {register: {id: record}}, in the document.
INCLUDED = {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "object"}}}


def includable(schema: Schema) -> dict[str, str]:
    """Column -> what it points at: a register's key, "user" or "team"."""
    targets = {field.column: field.kind.target(field) for field in schema.referring}
    return {column: target for column, target in targets.items() if target != FILE}


def included_json(access: Access, schema: Schema, raws: Collection[Mapping[str, Any]], sent: Mapping[str, Any]) -> Raw:
    """{"included": {register: {id: record}}} where `q` asks for it, else {}. `company` includes whole records,
    `company.name` that column of them. Raises Problem."""
    if "include" not in sent:
        return {}
    included: Raw = {}
    left = MOST
    for column, columns in chosen_columns(access, schema, sent["include"]).items():
        for target, keys in ids_by_target([schema.by_column[column]], raws).items():
            left -= len(keys)
            if left < 0:
                raise refused(_("More than %(most)s records would be included. Ask for a smaller page.", most=MOST))
            records = included.setdefault(target, {})
            for key, record in target_json(access, target, keys, columns).items():
                records.setdefault(key, {}).update(record)
    return {"included": included}


def chosen_columns(access: Access, schema: Schema, sent: Iterable[str]) -> dict[str, list[str]]:
    """Column of the register -> the columns of what it points at that are asked for. Raises Problem."""
    known = includable(schema)
    chosen: dict[str, list[str]] = {}
    for column, _dot, inner in (name.partition(".") for name in sent):
        if column not in known:
            raise refused(_("“%(column)s” points at no records that could be included.", column=column))
        there = columns_of(access, known[column])
        if inner and inner not in there:
            raise refused(_("There is no field “%(column)s”.", column=f"{column}.{inner}"))
        chosen.setdefault(column, ["id"]).extend([inner] if inner else there)
    return {column: list(dict.fromkeys(columns)) for column, columns in chosen.items()}


def columns_of(access: Access, target: str) -> list[str]:
    if target in REGISTERS:
        return record_columns(schema_of(target).for_access(access))
    return ["id", "name"]


def target_json(access: Access, target: str, keys: Collection[Any], columns: list[str]) -> dict[str, Raw]:
    """{id: record} of those that the caller may see."""
    found = {str(raw["_id"]): raw for raw in find_included(access, target, keys)}
    if target in NAMED:
        return {key: {"id": key, "name": raw["name"]} for key, raw in found.items()}
    schema = schema_of(target).for_access(access)
    return {key: record_json(schema, raw, columns) for key, raw in found.items()}


def refused(message: str) -> Problem:
    return Problem(400, message, {"include": [message]})
