"""Columns as WTForms fields, and forms that read and write documents through their interface."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from flask_appbuilder.fieldwidgets import Select2ManyWidget, Select2Widget
from flask_appbuilder.forms import DynamicForm, GeneralModelConverter
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, IntegerField, SelectField, SelectMultipleField, validators
from wtforms.fields import SelectChoice

from fab_mongo import form_fields
from fab_mongo.columns import Column, Kind
from fab_mongo.form_validators import Storable, UniqueValue
from fab_mongo.values import LARGEST_INTEGER, SMALLEST_INTEGER

if TYPE_CHECKING:
    from fab_mongo.interface import MongoInterface

log = logging.getLogger(__name__)


class Record:
    """A document seen through its interface: its attributes are the interface's columns."""

    def __init__(self, datamodel: MongoInterface, item: Any) -> None:
        self.__dict__.update(_datamodel=datamodel, _item=item)

    def __getattr__(self, name: str) -> Any:
        return self._datamodel.read(self._item, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._datamodel.write(self._item, name, value)


class MongoForm(DynamicForm):
    """A form over one document class; `_datamodel` is set on the classes the converter makes."""

    _datamodel: ClassVar[MongoInterface]
    _id: Any = None
    """The primary key of the document being edited; None for a new one."""

    @classmethod
    def refresh(cls, obj: Any = None) -> Self:
        """Return a form filled from the request, else from a document, else with defaults."""
        return cls() if obj is None else cls(obj=Record(cls._datamodel, obj))

    def populate_obj(self, obj: Any) -> None:
        """Write the values into a document."""
        super().populate_obj(Record(self._datamodel, obj))

    def add_errors(self, errors: Mapping[str, Sequence[str]]) -> list[str]:
        """Show messages at their fields; returns those whose field this form does not have."""
        homeless: list[str] = []
        for name, messages in errors.items():
            if name in self:
                self[name].errors = [*self[name].errors, *messages]
            else:
                homeless += messages
        return homeless


class MongoModelConverter(GeneralModelConverter):
    """Makes form classes from an interface's columns; with `search` nothing is required or checked.

    Override `field_for` to change how a column becomes a field, or `fields` to change single kinds.
    """

    fields: ClassVar[Mapping[Kind, str]] = {
        Kind.STRING: "string_field",
        Kind.TEXT: "text_field",
        Kind.EMAIL: "email_field",
        Kind.URL: "url_field",
        Kind.INTEGER: "integer_field",
        Kind.NUMBER: "number_field",
        Kind.BOOLEAN: "boolean_field",
        Kind.DATE: "date_field",
        Kind.DATETIME: "datetime_field",
        Kind.CHOICE: "choice_field",
        Kind.CHOICES: "choices_field",
        Kind.ONE: "one_field",
        Kind.MANY: "many_field",
        Kind.JSON: "json_field",
    }
    form_class: ClassVar[type[MongoForm]] = MongoForm

    def __init__(self, datamodel: MongoInterface, search: bool = False) -> None:
        super().__init__(datamodel)
        self.search = search

    def create_form(
        self,
        label_columns: Mapping[str, Any] | None = None,
        inc_columns: Sequence[str] | None = None,
        description_columns: Mapping[str, Any] | None = None,
        validators_columns: Mapping[str, Sequence[Any]] | None = None,
        extra_fields: Mapping[str, Any] | None = None,
        filter_rel_fields: Mapping[str, Sequence[Any]] | None = None,
    ) -> type[MongoForm]:
        """Return a form class; the arguments are FAB's. Names that are no column and no extra field are left out."""
        columns, made = self.datamodel.columns(), {}
        for name in inc_columns or ():
            if extra_fields and name in extra_fields:
                made[name] = extra_fields[name]
            elif name in columns:
                made[name] = self.field_for(
                    columns[name],
                    label=(label_columns or {}).get(name) or columns[name].label,
                    description=(description_columns or {}).get(name) or columns[name].help,
                    validators=(validators_columns or {}).get(name, ()),
                    related_filters=(filter_rel_fields or {}).get(name, ()),
                )
            else:
                log.warning("%s has no column %s for a form", self.datamodel.model_name, name)
        return type("MongoForm", (self.form_class,), {**made, "_datamodel": self.datamodel})

    def field_for(
        self,
        column: Column,
        *,
        label: Any,
        description: Any = "",
        validators: Sequence[Any] = (),
        related_filters: Sequence[Any] = (),
    ) -> Any:
        """Return the form field of a column. `validators` are the view's own, added to the column's.

        `related_filters` narrow what a reference offers, as FAB's `add_form_query_rel_fields` does.
        """
        options: dict[str, Any] = {"description": description, "validators": self.validators_of(column, validators)}
        if not self.search:
            options["default"] = column.default
        if column.kind.is_relation:
            options["datamodel"] = self.datamodel.get_related_interface(column.name)
            options["related_filters"] = related_filters
        make: Callable[..., Field] = getattr(self, self.fields[column.kind])
        return make(column, label, options)

    def validators_of(self, column: Column, more: Sequence[Any] = ()) -> list[Any]:
        """Return new validators for a column: forms must not share them, as some keep state."""
        if self.search:
            return []
        # A view's own come first, as in FAB: what says that a value may be blank forgives a blank one everything.
        checks = [*more, *self._presence(column), Storable()]
        if column.max_length is not None or column.min_length is not None:
            most = -1 if column.max_length is None else column.max_length
            least = -1 if column.min_length is None else column.min_length
            checks.append(validators.Length(min=least, max=most))
        if column.kind is Kind.INTEGER or column.minimum is not None or column.maximum is not None:
            checks.append(self._range(column))
        if column.kind is Kind.EMAIL:
            checks.append(validators.Email())
        if column.kind is Kind.URL:
            checks.append(validators.URL())
        if column.unique:
            checks.append(UniqueValue(self.datamodel, column))
        return checks

    @staticmethod
    def _presence(column: Column) -> list[Any]:
        if column.kind is Kind.BOOLEAN or (column.kind.is_several and not column.required):
            return []
        if not column.required:
            return [validators.Optional()]
        numeric = column.kind in (Kind.INTEGER, Kind.NUMBER)
        return [validators.InputRequired() if numeric else validators.DataRequired()]

    @staticmethod
    def _range(column: Column) -> validators.NumberRange:
        whole = column.kind is Kind.INTEGER
        least = SMALLEST_INTEGER if column.minimum is None and whole else column.minimum
        most = LARGEST_INTEGER if column.maximum is None and whole else column.maximum
        return validators.NumberRange(min=least, max=most)

    # A field for each kind.

    def string_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """Text of one line."""
        return form_fields.LineField(label, **options)

    def text_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """Text of several lines, one when searching."""
        return (form_fields.LineField if self.search else form_fields.TextField)(label, **options)

    def email_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """An e-mail address; any part of one when searching."""
        kind = "text" if self.search else "email"
        return form_fields.LineField(label, widget=form_fields.InputWidget(kind), **options)

    def url_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A web address; any part of one when searching."""
        kind = "text" if self.search else "url"
        return form_fields.LineField(label, widget=form_fields.InputWidget(kind), **options)

    def integer_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A whole number."""
        return IntegerField(label, widget=form_fields.InputWidget("number"), **options)

    def number_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A number with decimals."""
        return form_fields.NumberField(label, **options)

    def boolean_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A box to tick; yes or no when searching."""
        if self.search:
            yes_or_no = [SelectChoice("1", _l("Yes")), SelectChoice("0", _l("No"))]
            return SelectField(label, choices=yes_or_no, widget=Select2Widget(), **options)
        return BooleanField(label, **options)

    def date_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A day."""
        return form_fields.DayField(label, **options)

    def datetime_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A day and time; a day is enough when searching."""
        return (form_fields.DayField if self.search else form_fields.MomentField)(label, **options)

    def choice_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """One of the choices, or none."""
        choices = [SelectChoice("", ""), *form_fields.options_of(column)]
        coerce = form_fields.choice_of(column)
        return SelectField(label, choices=choices, coerce=coerce, widget=Select2Widget(), **options)

    def choices_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """Several of the choices; one of them when searching."""
        if self.search:
            return self.choice_field(column, label, options)
        options |= {"choices": form_fields.options_of(column), "coerce": form_fields.choice_of(column)}
        return SelectMultipleField(label, widget=Select2ManyWidget(), **options)

    def one_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A related document, or none."""
        return form_fields.DocumentField(label, **options)

    def many_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """Several related documents; one of them when searching."""
        return (form_fields.DocumentField if self.search else form_fields.DocumentsField)(label, **options)

    def json_field(self, column: Column, label: Any, options: dict[str, Any]) -> Field:
        """A structure, typed as JSON."""
        return form_fields.JsonField(label, **options)
