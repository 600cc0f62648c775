"""What our own forms share: services' refusals beside their fields, the version seen, several checkboxes."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, SelectMultipleField
from wtforms.fields import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from models.fields.errors import ValidationFailed


class CheckboxesField(SelectMultipleField):
    """Several of a few choices, each with a box to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def options(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """The options of a select or of boxes to tick, of (value, label) each."""
    return [SelectChoice(value, label) for value, label in pairs]


def labels_of(field: Field) -> dict[str, str]:
    """{value: label} of a field's options."""
    return {option.value: str(option.label) for option in field.choices}


def add_errors(form: FlaskForm, error: ValidationFailed, columns: Mapping[str, str] | None = None) -> None:
    """Put a service's messages beside their fields; `columns` maps a column to another field's name.

    What belongs to no field of the form is shown at the top of the page.
    """
    for column, messages in error.messages().items():
        name = (columns or {}).get(column, column)
        if name in form:
            form[name].errors = [*form[name].errors, *messages]
        else:
            flash(" ".join(messages), "danger")


def add_differences(form: FlaskForm, now: Mapping[str, Any], texts: Mapping[str, Any] | None = None) -> None:
    """After a conflict: beside each field that differs, what it holds now; saving again overwrites it knowingly.

    `now` maps field names to values as the form has them, `texts` to what to show of them where that differs.
    """
    for name, value in now.items():
        if name in form and form[name].data != value:
            shown = (texts or {}).get(name, value)
            form[name].errors = [*form[name].errors, _("It is now: %(value)s", value=shown or _("nothing"))]


def version_seen() -> int:
    """The version that the page was made from; one that no document has where the page did not send any."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
