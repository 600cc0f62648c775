"""What an import makes, as pages tell it: figures, new fields and choices, the first records."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from models.fields.field import CUSTOM_PREFIX, label_in
from models.fields.schema import Schema, schema_of
from models.registers import register_of
from services.imports.report import ImportReport
from views.base import current_access, current_language

Raw = dict[str, Any]
#: (what was made, its names)
Made = list[tuple[str, Sequence[str]]]
#: New choices of one field that are named one by one.
MOST_NAMED = 12


@dataclass(frozen=True)
class Figure:
    """How many of something; `kind` (warning, danger) asks for a look where there are any. Of what is `rare` there is
    nothing to tell where there is none."""

    label: str
    count: int
    kind: str = ""
    rare: bool = False


def worth_telling(figures: Sequence[Figure]) -> list[Figure]:
    return [figure for figure in figures if figure.count or not figure.rare]


def made_by(register: str, report: ImportReport) -> Made:
    """The fields and choices that an import has made."""
    schema = own_schema(register)
    choices = {label_of(schema, key): texts for key, texts in report.choices_added.items()}
    return [*new_fields([label_of(schema, key) for key in report.fields_created]), *new_choices(choices)]


def made_of_check(register: str, checked: Mapping[str, Any]) -> Made:
    """The fields, choices and linked records that an import would make."""
    schema = own_schema(register)
    fields = [label_in(field["label"], current_language()) for field in checked["new_fields"]]
    choices = {label_of(schema, column): texts for column, texts in checked["new_choices"].items()}
    links = [f"{register_of(target).label}: {count}" for target, count in checked["new_links"].items()]
    return [*new_fields(fields), *new_choices(choices), *([(_("New linked records"), links)] if links else [])]


def own_schema(register: str) -> Schema:
    return schema_of(register).for_access(current_access())


def label_of(schema: Schema, key: str) -> str:
    field = schema.get(key) or schema.get(CUSTOM_PREFIX + key)
    return field.label_in(current_language()) if field else key


def new_fields(labels: Sequence[str]) -> Made:
    return [(_("New fields"), labels)] if labels else []


def new_choices(choices: Mapping[str, Iterable[str]]) -> Made:
    """The new choices of each field, the first of them by name."""
    made: Made = []
    for label, texts in choices.items():
        names = list(texts)
        more = [_("and %(count)s more", count=len(names) - MOST_NAMED)] if len(names) > MOST_NAMED else []
        made.append((_("New choices of %(field)s", field=label), [*names[:MOST_NAMED], *more]))
    return made


def shown_samples(raw: Raw) -> Raw:
    """The first records as they will be: the labels of the file's fields, and each record's values in their order."""
    checked, schema = raw["checked"], own_schema(raw["register"])
    rows = checked["sample_rows"]
    labels = {CUSTOM_PREFIX + field["key"]: label_in(field["label"], current_language())
              for field in checked["new_fields"]}  # fmt: skip
    # The name stands at the beginning of each row.
    columns = [column for column in rows[0]["values"] if column != schema.register.name_field] if rows else []
    actions = {"create": _("To be added"), "change": _("To be changed")}
    return {
        "heads": [labels.get(column) or label_of(schema, column) for column in columns],
        "rows": [{"action": actions[row["action"]], "name": row["name"],
                  "cells": [row["values"].get(column) or "" for column in columns]} for row in rows],
    }  # fmt: skip
