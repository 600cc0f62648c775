"""How a field will look while it is being defined: in a form, in a list, as a condition."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from models.fields.context import Context
from models.fields.definitions import choice_of
from models.fields.field import Field
from models.fields.kinds import OFFERED_KINDS
from models.registers import REGISTERS
from views.base import current_access, current_language
from views.field_form import WITH_CHOICES, ChoiceRow, FieldForm, definition_of
from views.fields import Cell, Part, form_class, local_options, parts_of
from views.interface import field_texts

#: A value for each kind that stands for itself; the others take theirs from the choices, the user or a register.
SAMPLES: Mapping[str, Any] = {
    "number": Decimal("1234.5"), "date": dt.datetime(2026, 6, 1), "datetime": dt.datetime(2026, 6, 1, 12, 30),  # noqa: DTZ001
    "boolean": True, "email": "matti.malli@example.com", "phone": "+358401234567", "url": "https://www.example.com",
}  # fmt: skip
KEY = "preview"


@dataclass(frozen=True)
class Preview:
    """What the preview shows: the form's field, the list's cell, and the condition's words."""

    field: Any
    cell: Cell
    operator: str


def preview(form: FieldForm, rows: Sequence[ChoiceRow], kind: str) -> Preview:
    """The preview of what the page holds now, however incomplete; a kind that is not offered is shown as text."""
    kind = kind if kind in OFFERED_KINDS else "text"
    field = field_of(definition_of(form, rows, kind), rows, kind, form.target.data)
    made = form_class((field,), field_texts)(formdata=None)[field.column]
    if made.spec.selects and not made.spec.remote:
        made.options = local_options(field, current_language())
    text = sample_parts(field)
    return Preview(made, Cell(field, field.label_in(current_language()), text, field.kind.numeric),
                   str(field.kind.operator_label(field.kind.operators[0])))  # fmt: skip


def field_of(data: Mapping[str, Any], rows: Sequence[ChoiceRow], kind: str, target: str) -> Field:
    """A field like the one that the page describes."""
    choices = []
    for place, row in enumerate(row for row in rows if not row.empty and not row.retired):
        definition = row.definition()
        choices.append(choice_of({**definition, "key": definition["key"] or f"choice_{place}"}))
    label = {language: text for language, text in data["label"].items() if text.strip()}
    # The label stands for a key that is not made yet.
    return Field(
        KEY, OFFERED_KINDS[kind], label or {"en": _("New field")}, help=data["help"], required=data["required"],
        choices=tuple(choices) if kind in WITH_CHOICES else (), custom=True,
        target=target if target in REGISTERS else next(iter(REGISTERS)), currency=data.get("currency") or "EUR",
    )  # fmt: skip


def sample_parts(field: Field) -> tuple[Part, ...]:
    language = current_language()
    if field.kind.name in WITH_CHOICES:
        most = 2 if field.kind.name == "choices" else 1
        return tuple(Part(choice.text(language), colour=choice.colour) for choice in field.choices[:most])
    if field.kind.name in ("user", "users"):
        return (Part(_("Matti Malli")),)
    if field.kind.name == "link":
        return (Part(_("Example Company Ltd"), href="#preview"),)
    if field.kind.name == "files":
        return (Part(_("Offer.pdf"), href="#preview"),)
    access = current_access()
    value = SAMPLES.get(field.kind.name, _("Text as it will be"))
    if field.kind.name == "money":
        value = {"amount": Decimal("1234.50"), "currency": field.currency}
    context = Context(language=language, time_zone=access.time_zone)
    return parts_of(field, value, context)
