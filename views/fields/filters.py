"""A registry field as the filter panel takes it (docs/look.md)."""

from typing import Any

from models.fields.field import Field
from models.fields.operators import OPERATORS
from views.fields.inputs import Input, input_of, local_options
from views.fields.widgets import options_url


def filter_column(field: Field, language: str, section: str) -> dict[str, Any]:
    """The field's label, operators and options."""
    spec = input_of(field)
    own = field.kind.operand_choices
    return {
        "column": field.column, "label": field.label_in(language), "section": section,
        "operators": [
            {"op": code, "label": str(field.kind.operator_label(code)),
             "input": "select" if own(code) and not spec.remote else filter_input(spec, code),
             "choices": [{"value": value, "label": str(label)} for value, label in own(code)]}
            for code in field.kind.operators
        ],
        "choices": [
            {"value": v, "label": text}
            for v, text in local_options(field, language, {c.key for c in field.choices})
        ],
        "options_url": options_url(field) if spec.remote else None,
    }  # fmt: skip


def filter_input(spec: Input, code: str) -> str:
    takes = OPERATORS[code].takes
    if takes == "none":
        return "none"
    return "multi" if takes == "many" and spec.filter in ("select", "remote") else spec.filter
