"""The widgets of one-line inputs and selects; those of larger values have modules of their own."""

from datetime import datetime
from typing import Any

from flask import url_for
from markupsafe import Markup
from wtforms import Field as FormField
from wtforms.widgets import TextArea, TextInput, html_params

from models.fields.field import Field
from models.fields.kinds.clock import USUAL
from views.recurrence import recurrence_editor

#: A browser shows nothing for text that its own date input does not understand: then the text is shown as text.
PICKER_FORMATS = {"date": ("%Y-%m-%d",), "datetime-local": ("%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")}


def options_url(field: Field) -> str:
    """Where the options of a link, user or team field are searched as one types."""
    return url_for("OptionsView.options", target=field.kind.target(field))


class ValueInput(TextInput):
    """A one-line input of the right type for the field's kind."""

    def __init__(self, html_type: str, *, mode: str = "") -> None:
        super().__init__()
        self.input_type = html_type
        self.mode = mode

    def __call__(self, field: FormField, **attributes: Any) -> Markup:
        if self.mode:
            attributes.setdefault("inputmode", self.mode)
        attributes.setdefault("type", self.input_type)
        return super().__call__(field, autocomplete="off", **attributes)


class PickerInput(ValueInput):
    """An input in which the browser offers its calendar."""

    def __call__(self, field: FormField, **attributes: Any) -> Markup:
        shown = self.input_type if fits_picker(self.input_type, field._value()) else "text"
        return super().__call__(field, type=shown, **attributes)


def fits_picker(html_type: str, text: str) -> bool:
    if not text:
        return True
    for pattern in PICKER_FORMATS[html_type]:
        try:
            datetime.strptime(text, pattern)  # noqa: DTZ007 - only its shape matters
        except ValueError:
            continue
        return True
    return False


class RichTextArea(TextArea):
    """The HTML of a formatted text; assets/js/rich-texts.js sets an editor over it."""

    def __call__(self, field: FormField, **attributes: Any) -> Markup:
        return super().__call__(field, **{"data-rich-text": True, "rows": 6}, **attributes)


class ValueSelect:
    """A select; one that searches on the server holds only the options that are chosen already."""

    def __init__(self, *, multiple: bool = False) -> None:
        self.multiple = multiple

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        if field.spec.remote:
            attributes["data-options-url"] = options_url(field.field)
        attributes.update({"class": "form-select", "multiple": self.multiple})
        attributes = {"id": field.id, "name": field.name, "data-enhance": True, **attributes}
        options = [
            Markup("<option {}>{}</option>").format(Markup(html_params(value=value, selected=chosen)), label)
            for value, label, chosen in field.choices()
        ]
        # Unticking everything sends nothing at all, so an empty value goes along to say "none".
        none = Markup('<input type="hidden" name="{}" value="">').format(field.name) if self.multiple else Markup()
        return none + Markup("<select {}>{}</select>").format(Markup(html_params(**attributes)), Markup().join(options))


class RecurrenceSelect(ValueSelect):
    """The usual rules; with script any other rule is put together beneath (assets/js/recurrence.js)."""

    def __call__(self, field: Any, **attributes: Any) -> Markup:
        return super().__call__(field, **attributes, **{"data-enhance": False, "data-repeat": len(USUAL)}) + (
            recurrence_editor(field.id, field.label.text))  # fmt: skip
