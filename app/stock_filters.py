"""The filters of Flask-AppBuilder's own lists (users, roles, groups) in the words the filter panel understands.

Flask-AppBuilder gives its search widget HTML for each field and addresses an operator by its position; the panel takes
plain data (see docs/look.md), the same as for every register.
"""

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from wtforms import BooleanField, DateField, DecimalField, Field, FloatField, Form, IntegerField

from views.links import query_url

Choices = list[dict[str, str]]
NUMBERS = (IntegerField, DecimalField, FloatField)


def stock_filter_columns(form: Form, columns: Iterable[str], operators: dict[str, list[str]]) -> list[dict[str, Any]]:
    """What may be filtered: a column's label, its operators by position, and its choices where it has some."""
    return [_column(form[name], operators[name]) for name in columns]


def stock_filters(form: Form, operators: dict[str, list[str]], active: Iterable[tuple]) -> list[dict[str, Any]]:
    """The active filters for their chips. `active` has (column, operator's name, value or list of values)."""
    return [
        _chip(form[column], operator, operators[column].index(operator), value)
        for column, operator, value in active
        if column in form and operator in operators.get(column, ())
    ]


def _column(field: Field, operators: list[str]) -> dict[str, Any]:
    choices = _choices(field)
    kind = "select" if choices is not None else _input(field)
    return {
        "column": field.name,
        "label": str(field.label.text),
        "operators": [{"op": str(i), "label": label, "input": kind} for i, label in enumerate(operators)],
        "choices": choices or [],
    }


def _chip(field: Field, operator: str, index: int, value: object) -> dict[str, Any]:
    labels = {choice["value"]: choice["label"] for choice in _choices(field) or []}
    values = [str(each) for each in value] if isinstance(value, list) else [str(value)]
    return {
        "label": str(field.label.text),
        "operator_label": operator,
        "value_label": ", ".join(labels.get(each, each) for each in values),
        "remove_url": query_url(without=(f"_flt_{index}_{field.name}",)),
    }


def _choices(field: Field) -> Choices | None:
    """A field's choices without the empty one; None for a field that is typed into."""
    if isinstance(field, BooleanField):
        return [{"value": "y", "label": _("Yes")}, {"value": "n", "label": _("No")}]
    if not hasattr(field, "iter_choices"):
        return None
    pairs = ((str(choice[0]), str(choice[1])) for choice in field.iter_choices())
    return [{"value": value, "label": label} for value, label in pairs if value not in ("", "__None")]


def _input(field: Field) -> str:
    if isinstance(field, NUMBERS):
        return "number"
    return "date" if isinstance(field, DateField) else "text"
