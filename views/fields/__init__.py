"""How registry fields look: one table of inputs says it for every name that a kind may give; forms, filters and cells
go by the table and ask no kind by name."""

from views.fields.cells import Cell, cell, only_condition, parts_of, whole_parts
from views.fields.filters import filter_column
from views.fields.forms import ValueField, form_class, form_fields
from views.fields.inputs import INPUTS, Input, input_of, local_options
from views.fields.parts import Part, choice_part, record_url, shortened
from views.fields.widgets import RichTextArea

__all__ = [
    "INPUTS", "Cell", "Input", "Part", "RichTextArea", "ValueField", "cell", "choice_part", "filter_column",
    "form_class", "form_fields", "input_of", "local_options", "only_condition", "parts_of", "record_url", "shortened",
    "whole_parts",
]  # fmt: skip
