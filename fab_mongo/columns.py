"""Columns: what a view needs to know of one field of a document."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import mongoengine as me
from mongoengine.base import BaseField

LONG_TEXT = 500
"""A StringField that may be longer than this is edited as text of several lines."""


class Kind(StrEnum):
    """The kinds of value; filters, form fields and REST properties are chosen by them."""

    STRING = "string"
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    CHOICE = "choice"
    CHOICES = "choices"
    ONE = "one"
    MANY = "many"
    EMAIL = "email"
    URL = "url"
    JSON = "json"

    @property
    def is_textual(self) -> bool:
        """Whether values are free text."""
        return self in (Kind.STRING, Kind.TEXT, Kind.EMAIL, Kind.URL)

    @property
    def is_relation(self) -> bool:
        """Whether values are references to other documents."""
        return self in (Kind.ONE, Kind.MANY)

    @property
    def is_several(self) -> bool:
        """Whether a value is a list."""
        return self in (Kind.CHOICES, Kind.MANY)


@dataclass(frozen=True)
class Column:
    """One column of a list, field of a form, filter and REST property.

    `name` is what views, forms and addresses call it, `path` where the value lies in the stored document (dotted).
    `label`, `help` and the labels of `choices` may be lazy strings; they are translated when shown. `default` may be
    callable. `related` is the document class a reference leads to.
    """

    name: str
    path: str
    kind: Kind
    label: Any = ""
    choices: tuple[tuple[Any, Any], ...] = ()
    required: bool = False
    unique: bool = False
    max_length: int | None = None
    min_length: int | None = None
    default: Any = None
    related: type[me.Document] | None = None
    read_only: bool = False
    orderable: bool = True
    searchable: bool = True
    help: Any = ""
    minimum: Any = None
    maximum: Any = None


def columns_of(document_class: type[me.Document]) -> dict[str, Column]:
    """Describe the fields of a MongoEngine document class, in the order they were declared.

    Left out are an automatic `id`, the class marker of inherited documents, and fields declared with `secret=True`
    (password hashes, tokens), which no list, form, filter or REST answer may show. A field may carry
    `verbose_name`, `help_text`, `read_only` and `kind` as extra keywords.
    """
    # The stored description depends on the class only; the copy keeps a caller from changing what others get.
    return dict(_described(document_class))  # type: ignore[arg-type]


@cache
def _described(document_class: Any) -> tuple[tuple[str, Column], ...]:
    fields = ((name, document_class._fields[name]) for name in document_class._fields_ordered)
    return tuple((name, _column(name, field)) for name, field in fields if _is_shown(name, field))


def _is_shown(name: str, field: BaseField) -> bool:
    if name in ("_cls", "_id") or getattr(field, "secret", False):
        return False
    automatic = field.db_field == "_id" and isinstance(field, me.ObjectIdField)
    return not automatic and not isinstance(field, (me.BinaryField, me.FileField))


def _column(name: str, field: BaseField) -> Column:
    kind = kind_of(field)
    plain = kind is not Kind.JSON
    return Column(
        name=name,
        path=field.db_field,
        kind=kind,
        label=getattr(field, "verbose_name", None) or prettified(name),
        choices=_choices(field),
        required=bool(field.required),
        unique=bool(field.unique) or field.primary_key,
        max_length=_limit(field, "max_length", kind),
        min_length=_limit(field, "min_length", kind),
        default=field.default,
        related=_related(field),
        read_only=bool(getattr(field, "read_only", False)) or isinstance(field, _NOT_EDITED),
        orderable=plain and not kind.is_relation and not kind.is_several,
        searchable=plain and not isinstance(field, _NOT_EDITED),
        help=getattr(field, "help_text", None) or "",
        minimum=getattr(field, "min_value", None),
        maximum=getattr(field, "max_value", None),
    )


_NOT_EDITED = (
    me.ObjectIdField,
    me.UUIDField,
    me.SequenceField,
    me.EmbeddedDocumentField,
    me.GenericReferenceField,
    me.GenericEmbeddedDocumentField,
)
"""Fields that a person does not type."""

_KINDS: tuple[tuple[Any, Kind], ...] = (
    (me.BooleanField, Kind.BOOLEAN),
    (me.DateField, Kind.DATE),
    ((me.DateTimeField, me.ComplexDateTimeField), Kind.DATETIME),
    (me.IntField, Kind.INTEGER),
    ((me.FloatField, me.DecimalField, me.Decimal128Field), Kind.NUMBER),
    (me.EmailField, Kind.EMAIL),
    (me.URLField, Kind.URL),
    ((me.UUIDField, me.ObjectIdField, me.SequenceField), Kind.STRING),
)


def kind_of(field: BaseField) -> Kind:
    """Return the kind of a MongoEngine field; what is not searched or edited as one value is `Kind.JSON`."""
    declared = getattr(field, "kind", None)
    if declared is not None:
        return Kind(declared)
    if isinstance(field, me.ReferenceField):
        return Kind.ONE
    if isinstance(field, me.ListField):
        return _kind_of_list(field)
    if field.choices:
        return Kind.CHOICE
    for classes, kind in _KINDS:
        if isinstance(field, classes):
            return kind
    if isinstance(field, me.StringField):
        return Kind.TEXT if (field.max_length or 0) > LONG_TEXT else Kind.STRING
    return Kind.JSON


def _kind_of_list(field: me.ListField) -> Kind:
    if isinstance(field.field, me.ReferenceField):
        return Kind.MANY
    if field.field is not None and field.field.choices:
        return Kind.CHOICES
    return Kind.JSON


def _limit(field: BaseField, name: str, kind: Kind) -> int | None:
    # MongoEngine's choices and lists may carry a length too, but a form asks it of text only.
    return getattr(field, name, None) if kind.is_textual else None


def _choices(field: BaseField) -> tuple[tuple[Any, Any], ...]:
    inner = field.field if isinstance(field, me.ListField) and field.field is not None else field
    return tuple(_pairs(inner.choices or ()))


def _pairs(choices: Iterable[Any]) -> Iterable[tuple[Any, Any]]:
    for choice in choices:
        yield tuple(choice) if isinstance(choice, (list, tuple)) else (choice, choice)


def _related(field: BaseField) -> type[me.Document] | None:
    inner = field.field if isinstance(field, me.ListField) else field
    return inner.document_type if isinstance(inner, me.ReferenceField) else None


def prettified(name: str) -> str:
    """Return a label for a name: `first_name` becomes `First Name`."""
    return re.sub("[._]", " ", name).title()
