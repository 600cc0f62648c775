"""Form fields that FAB and WTForms do not have, or whose own lose what was typed when it is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from flask_appbuilder.fieldwidgets import (
    BS3TextAreaFieldWidget,
    BS3TextFieldWidget,
    Select2ManyWidget,
    Select2Widget,
)
from flask_babel import gettext as _
from wtforms import DateField, DateTimeField, DecimalField, StringField, TextAreaField, ValidationError
from wtforms.fields import Choice, SelectChoice, SelectFieldBase

from fab_mongo.columns import Column
from fab_mongo.values import parse_number

if TYPE_CHECKING:
    from fab_mongo.interface import MongoInterface

MOST_OPTIONS = 500
"""Related documents a selection offers; a larger collection needs a picker of the application's own."""


class InputWidget(BS3TextFieldWidget):
    """An input of one of HTML's types, which shows again what was typed."""

    def __init__(self, input_type: str) -> None:
        super().__init__(input_type=input_type)

    def __call__(self, field: Any, **kwargs: Any) -> Any:
        if self.input_type == "number":
            kwargs.setdefault("step", "any")
        return super().__call__(field, **kwargs)


def _trimmed(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value


def _present(value: Any) -> Any:
    return value if not isinstance(value, str) or value.strip() else None


class LineField(StringField):
    """Text of one line, without blanks around it; nothing typed is no value."""

    widget = BS3TextFieldWidget()

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, filters=(_trimmed,), **kwargs)


class TextField(TextAreaField):
    """Text of several lines; nothing but blanks is no value."""

    widget = BS3TextAreaFieldWidget()

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, filters=(_present,), **kwargs)


class NumberField(DecimalField):
    """A number with a decimal point or comma."""

    widget = InputWidget("text")

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, places=None, **kwargs)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Parse what was typed."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            self.data = parse_number(valuelist[0])
        except (ValueError, ArithmeticError) as error:
            self.data = None
            raise ValueError(self.gettext("Not a valid decimal value.")) from error


class DayField(DateField):
    """A day."""

    widget = InputWidget("date")


class MomentField(DateTimeField):
    """A day and time, taken and shown as UTC; an application with users' time zones replaces it."""

    widget = InputWidget("datetime-local")
    accepted = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"]

    def __init__(self, label: Any = None, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, format=self.accepted, **kwargs)


class JsonField(TextAreaField):
    """A structure typed as JSON."""

    widget = BS3TextAreaFieldWidget()

    def _value(self) -> str:
        if self.raw_data:
            return self.raw_data[0]
        return "" if self.data in (None, "") else json.dumps(self.data, ensure_ascii=False, indent=2, default=str)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Parse what was typed."""
        if not valuelist or not valuelist[0].strip():
            self.data = None
            return
        try:
            self.data = json.loads(valuelist[0])
        except (ValueError, RecursionError) as error:
            self.data = None
            raise ValueError(_("This is not valid JSON.")) from error


def options_of(column: Column) -> list[SelectChoice]:
    """Return the column's choices as WTForms wants them."""
    return [SelectChoice(str(value), label) for value, label in column.choices]


def choice_of(column: Column) -> Callable[[Any], Any]:
    """Return a function from sent text to the column's own value; None for nothing, unknown text as it is."""
    by_text = {str(value): value for value, _label in column.choices}

    def coerce(sent: Any) -> Any:
        return None if sent in ("", None) else by_text.get(str(sent), sent)

    return coerce


class DocumentField(SelectFieldBase):
    """A related document, chosen from a list that is only read when it is shown.

    What is sent is looked up by its key, so that neither saving nor checking reads the whole collection.
    """

    widget = Select2Widget()
    several = False

    def __init__(
        self,
        label: Any = None,
        validators: Any = None,
        *,
        datamodel: MongoInterface,
        related_filters: Sequence[Any] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(label, validators, **kwargs)
        self.datamodel = datamodel
        self.related_filters = related_filters
        self._unknown = False

    def _filters(self) -> Any:
        return self.datamodel.get_filters().add_filter_list(self.related_filters)

    def chosen(self) -> list[Any]:
        """Return the documents chosen now."""
        return [] if self.data is None else [self.data]

    def iter_choices(self) -> Iterator[Choice]:
        """Yield what can be chosen, the current choice included even when it is not among the first."""
        if not self.several:
            yield Choice(value="", label="", selected=self.data is None, render_kw={})
        offered = self.datamodel.query(self._filters(), page_size=MOST_OPTIONS)[1]
        chosen = {self.datamodel.get_pk_value(item): item for item in self.chosen()}
        options = {self.datamodel.get_pk_value(item): item for item in offered} | chosen
        for key, item in options.items():
            yield Choice(value=key, label=str(item), selected=key in chosen, render_kw={})

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Look up what was sent."""
        keys = [key for key in dict.fromkeys(valuelist) if key not in ("", "__None")]
        found = self.datamodel.get_many(keys, self._filters()) if keys else []
        self._unknown = len(found) < len(keys)
        self.data = self._taken(found)

    def _taken(self, found: list[Any]) -> Any:
        return found[0] if found else None

    def pre_validate(self, form: Any) -> None:
        """Refuse what was not found."""
        if self._unknown:
            raise ValidationError(self.gettext("Not a valid choice."))


class DocumentsField(DocumentField):
    """Several related documents."""

    widget = Select2ManyWidget()
    several = True

    def process_data(self, value: Any) -> None:
        """Take a document's list, without what its references have lost."""
        self.data = list(value or ())

    def chosen(self) -> list[Any]:
        """Return the documents chosen now."""
        return list(self.data or ())

    def _taken(self, found: list[Any]) -> Any:
        return found
