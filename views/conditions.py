"""The conditions of a list as people read them, and what its panels offer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _

from models.fields.field import Field
from models.fields.operators import OPERATORS, canonical
from models.fields.schema import Schema
from models.registers import SECTIONS
from services.labels import names_of
from services.values import context_of
from views.base import current_access, current_language
from views.fields import INPUTS, filter_column
from views.links import query_url
from views.many_fields import AT_ONCE

Chip = dict[str, str]


def chips(schema: Schema, conditions: Sequence[Mapping[str, Any]]) -> list[Chip]:
    """The active conditions in plain words, each with the address of the list without it."""
    return [chip(schema, condition) for condition in conditions]


def chip(schema: Schema, condition: Mapping[str, Any]) -> Chip:
    """One condition; what is wrong with it stays as it was typed, so that it can be seen and removed."""
    field, code = schema.get(condition["col"]), canonical(condition["opr"])
    values = condition["value"] if isinstance(condition["value"], list) else [condition["value"]]
    known = field is not None and code in OPERATORS
    bare = known and OPERATORS[code].takes == "none"
    return {
        "label": field.label_in(current_language()) if field else condition["col"],
        "operator_label": str(field.kind.operator_label(code)) if field and known else condition["opr"],
        "value_label": "" if bare else ", ".join(value_label(field, value) for value in values),
        "remove_url": query_url(without=(f"_flt_{condition['opr']}_{condition['col']}", "page")),
    }


def value_label(field: Field | None, value: str) -> str:
    if field is None:
        return value
    if INPUTS[field.kind.input].remote:
        return option_labels(field, [value]).get(value, value)
    context = replace(context_of(current_access()), asking=True)
    try:
        parsed = field.kind.parse(value, field, context)
    except ValueError:
        return value
    return field.kind.text(parsed, field, context) or value


def option_labels(field: Field, ids: Sequence[str]) -> dict[str, str]:
    """id -> name of the records, users or teams that a field points at, as far as the user may see them."""
    good = [ObjectId(text) for text in ids if ObjectId.is_valid(text)]
    target = field.kind.target(field)  # type: ignore[attr-defined]
    return {str(key): name for key, name in names_of(current_access(), target, good).items()}


def chosen_options(field: Field, ids: Sequence[str]) -> list[tuple[str, str]]:
    """(id, name) of what a field points at; what its user may not see, or what is deleted, keeps its place unnamed."""
    names = option_labels(field, ids)
    return [(key, names.get(key) or _("Not visible to you, or deleted")) for key in ids if ObjectId.is_valid(key)]


def filter_columns(schema: Schema) -> list[dict[str, Any]]:
    """Every field as the filter panel takes it (docs/look.md)."""
    language = current_language()
    return [
        filter_column(field, language, str(SECTIONS[section]))
        for section, fields in schema.sections() for field in fields
    ]  # fmt: skip


def all_columns(schema: Schema, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Every field for the panel that chooses columns: the chosen ones first, in their order; of very many fields the
    chosen ones alone, for the panel searches for the others."""
    language = current_language()
    rest = [column for column in schema.by_column if column not in chosen] if len(schema.fields) <= AT_ONCE else []
    return [
        {"column": column, "label": schema.by_column[column].label_in(language), "shown": column in chosen}
        for column in (*chosen, *rest)
    ]
