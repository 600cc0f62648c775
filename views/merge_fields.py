"""Merge fields as pages show them: those of a template with what fills them, and all that a template may use."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.registers import SECTIONS
from services.merge import FieldState
from services.merge.besides import ROWS, Beside
from services.merge.sources import Sources
from views.base import current_language

PARTS = {
    "body": _l("Text"), "header": _l("Header"), "footer": _l("Footer"), "footnotes": _l("Footnotes"),
    "endnotes": _l("Endnotes"),
}  # fmt: skip
STATES = {
    FieldState.KNOWN: (_l("Known"), "green"), FieldState.UNKNOWN: (_l("Unknown"), "amber"),
    FieldState.UNSUPPORTED: (_l("Not supported"), "red"),
}  # fmt: skip


def copied_fields(table: Beside) -> list[tuple[str, str]]:
    """(merge field, label) of each column of a table."""
    return [(source.column.replace(ROWS, ""), source.field.label_in(current_language())) for source in table.sources()]


def field_row(found: Any) -> Mapping[str, Any]:
    """A field of a template (FieldStatus) as its page shows it."""
    label, colour = STATES[found.state]
    return {
        "name": found.name, "parts": ", ".join(str(PARTS.get(part, part)) for part in found.parts),
        "state_label": str(label), "colour": colour, "label": found.label, "nearest": found.nearest,
        "column": found.column, "choose": (found.state == FieldState.UNKNOWN and not found.whole) or found.mapped,
        "unsupported": found.state == FieldState.UNSUPPORTED,
    }  # fmt: skip


def column_options(sources: Sources) -> list[tuple[str, list[tuple[str, str]]]]:
    """Section -> (column, label) of every field that the user sees, then what stands beside the record, then the
    tables of which the template repeats rows."""
    language = current_language()
    own = [(str(SECTIONS[section]), [(field.column, field.label_in(language)) for field in fields])
           for section, fields in sources.schema.sections()]  # fmt: skip
    repeated = [table for name in sorted(sources.wanted_tables) if (table := sources.table(name)) is not None]
    besides = [(beside.label_in(language), list(beside.sources())) for beside in sources.linked.values()]
    besides += [(_("Rows of %(name)s", name=table.label_in(language)), list(table.sources())) for table in repeated]
    return own + [(label, [(source.column, source.field.label_in(language)) for source in found])
                  for label, found in besides]  # fmt: skip
