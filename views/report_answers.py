"""Working a report out for a page: its figures, or what is wrong with what was asked, by part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.fields.errors import ConditionError, ValidationFailed
from models.fields.schema import Schema, schema_of
from models.registers import register_of
from services.reports.definition import Definition, definition_of
from services.reports.figures import Figures, figures_of
from services.search import TooSlow
from views.base import current_access
from views.conditions import Chip, comparison_words, node_words, unbracketed
from views.report_results import Result, result_of
from views.selection import comparison

#: The parts of a definition, under each of which a form tells what is wrong with it.
PARTS = ("register", "conditions", "groups", "across", "measures", "chart", "order", "limit", "as_of")
Errors = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Answer:
    """What came of a report. Where `errors` has something, by part ("" is the whole), there are no figures."""

    definition: Definition | None = None
    figures: Figures | None = None
    result: Result | None = None
    errors: Errors = field(default_factory=dict)

    @property
    def problem(self) -> str:
        """All that is wrong, as one text."""
        return " ".join(text for texts in self.errors.values() for text in texts)


def answer_to(mapping: Mapping[str, Any]) -> Answer:
    """Work out what plain values ask (services/reports/definition.py), for the user of this request."""
    access = current_access()
    try:
        definition = definition_of(access, mapping)
        figures = figures_of(access, definition)
    except (ValidationFailed, ConditionError, TooSlow) as error:
        return Answer(errors=errors_of(error))
    return Answer(definition, figures, result_of(register_of(definition.register), figures))


def errors_of(error: Exception) -> dict[str, list[str]]:
    """What an error says, by the part of the report that it is about."""
    if isinstance(error, ValidationFailed):
        return error.messages()
    column = error.column if isinstance(error, ConditionError) else ""
    part = column if column in PARTS else "conditions" if isinstance(error, ConditionError) else ""
    return {part: [str(error)]}


def schema_seen(register: str) -> Schema:
    """The register's fields as the user of this request has them."""
    return schema_of(register).for_access(current_access())


def chips_of(schema: Schema, definition: Definition) -> list[Chip]:
    """A report's conditions in words."""
    return [comparison_words(schema, node) if comparison(node)
            else {"label": "", "operator_label": "", "value_label": unbracketed(node_words(schema, node))}
            for node in definition.conditions]  # fmt: skip
