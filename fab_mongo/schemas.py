"""Columns as marshmallow fields: what REST takes and gives, and what OpenAPI says of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar

from flask_appbuilder.api.convert import BaseModel2SchemaConverter
from flask_babel import gettext as _
from marshmallow import Schema, ValidationError, fields, validate

from fab_mongo.columns import Column, Kind
from fab_mongo.values import LARGEST_INTEGER, SMALLEST_INTEGER, is_storable, parse_number

if TYPE_CHECKING:
    from fab_mongo.interface import MongoInterface


def storable(value: Any) -> None:
    """Refuse what MongoDB cannot keep."""
    if not is_storable(value):
        raise ValidationError(_("This contains characters or numbers that cannot be saved."))


class Number(fields.Float):
    """A number with decimals, taken exactly as it was written."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return parse_number(value)
        except (ValueError, ArithmeticError) as error:
            raise self.make_error("invalid", input=value) from error


class Moment(fields.AwareDateTime):
    """A moment in UTC."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if value is not None and value.tzinfo is None:
            value = value.replace(tzinfo=dt.UTC)
        return super()._serialize(value, *args, **kwargs)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> dt.datetime:
        moment = super()._deserialize(value, *args, **kwargs)
        try:
            return moment.astimezone(dt.UTC)
        except OverflowError as error:
            raise self.make_error("invalid", input=value, obj_type="datetime") from error


class Reference(fields.String):
    """A related document, as its id."""

    def __init__(self, datamodel: MongoInterface, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.datamodel = datamodel

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> str | None:
        return None if value is None else _id_of(value)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        found = self.datamodel.get(super()._deserialize(value, *args, **kwargs))
        if found is None:
            raise ValidationError(_("There is no such record."))
        return found


class References(fields.List):
    """Related documents, as a list of their ids."""

    def __init__(self, datamodel: MongoInterface, **kwargs: Any) -> None:
        super().__init__(fields.String(), **kwargs)
        self.datamodel = datamodel

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any] | None:
        return [_id_of(item) for item in value or ()]

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        ids = super()._deserialize(value, *args, **kwargs)
        found = self.datamodel.get_many(ids)
        if len(found) < len(set(ids)):
            raise ValidationError(_("There is no such record."))
        return found


def _id_of(value: Any) -> str:
    return str(getattr(value, "pk", value))


class Structure(fields.Raw):
    """A structure of lists and dictionaries; what JSON does not know is given as text."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        return json.loads(json.dumps(value, default=str))


class Computed(fields.Field):
    """What a method or property of the document says; never taken."""

    def _serialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        value = value() if callable(value) else value
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        return value.isoformat() if isinstance(value, dt.date) else str(value)


class DocumentSchema(Schema):
    """Reads a document through its interface; loading gives a plain dictionary of values."""

    datamodel: ClassVar[MongoInterface]

    class Meta:
        """These classes come and go with the columns, so marshmallow must not keep them."""

        register = False

    def get_attribute(self, obj: Any, attr: str, default: Any) -> Any:
        """Return a column's value."""
        return self.datamodel.read(obj, attr)


class MongoSchemaConverter(BaseModel2SchemaConverter):
    """Makes schemas from an interface's columns. Override `field_for` to change how a column becomes a field."""

    datamodel: MongoInterface
    makers: ClassVar[Mapping[Kind, str]] = {
        Kind.STRING: "text_field",
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

    def convert(
        self,
        columns: Sequence[str],
        model: Any = None,
        nested: bool = True,
        parent_schema_name: str | None = None,
    ) -> Schema:
        """Return a schema of these columns, methods and properties; the other arguments are FAB's."""
        known = self.datamodel.columns()
        made = {name: self.field_for(known[name]) if name in known else Computed(dump_only=True) for name in columns}
        name = parent_schema_name or f"{self.datamodel.model_name}Schema"
        return type(name, (DocumentSchema,), {**made, "datamodel": self.datamodel})()

    def field_for(self, column: Column) -> fields.Field:
        """Return the schema field of a column."""
        options: dict[str, Any] = {
            "required": column.required,
            "allow_none": not column.required,
            "dump_only": column.read_only,
            "validate": self.checks_of(column),
        }
        make: Callable[..., fields.Field] = getattr(self, self.makers[column.kind])
        return make(column, options)

    def checks_of(self, column: Column) -> list[Any]:
        """Return the checks of a column's values, the view's own included."""
        checks: list[Any] = [storable, *_listed((self.validators_columns or {}).get(column.name))]
        if column.kind.is_textual:
            least = column.min_length if column.min_length is not None or not column.required else 1
            checks.append(validate.Length(min=least, max=column.max_length))
        if column.kind is Kind.INTEGER:
            checks.append(validate.Range(_or(column.minimum, SMALLEST_INTEGER), _or(column.maximum, LARGEST_INTEGER)))
        elif column.minimum is not None or column.maximum is not None:
            checks.append(validate.Range(column.minimum, column.maximum))
        return checks

    def text_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """Text."""
        return fields.String(**options)

    def email_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """An e-mail address."""
        return fields.Email(**options)

    def url_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A web address."""
        return fields.Url(**options)

    def integer_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A whole number."""
        return fields.Integer(strict=True, **options)

    def number_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A number with decimals."""
        return Number(**options)

    def boolean_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """Yes or no."""
        return fields.Boolean(truthy={True}, falsy={False}, **options)

    def date_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A day."""
        return fields.Date(**options)

    def datetime_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A moment; without an offset it is in UTC."""
        return Moment(default_timezone=dt.UTC, **options)

    def choice_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """One of the choices."""
        return _choice_class(column)(**options | {"validate": [*options["validate"], _one_of(column)]})

    def choices_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """Several of the choices."""
        return fields.List(_choice_class(column)(validate=_one_of(column)), **options)

    def one_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A related document."""
        return Reference(self.datamodel.get_related_interface(column.name), **options)

    def many_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """Several related documents."""
        return References(self.datamodel.get_related_interface(column.name), **options)

    def json_field(self, column: Column, options: dict[str, Any]) -> fields.Field:
        """A structure."""
        return Structure(**options)


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, (list, tuple)) else [value]


def _or(value: Any, default: Any) -> Any:
    return default if value is None else value


def _choice_class(column: Column) -> type[fields.Field]:
    textual = all(isinstance(value, str) for value, _label in column.choices)
    return fields.String if textual else fields.Raw


def _one_of(column: Column) -> validate.OneOf:
    values = [value for value, _label in column.choices]
    return validate.OneOf([float(value) if isinstance(value, Decimal) else value for value in values])
