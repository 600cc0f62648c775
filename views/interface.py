"""A register as fab_mongo's views and REST see it: its columns and filters are those of the field registry."""

from collections.abc import Hashable, Mapping
from typing import Any

from markupsafe import escape

from fab_mongo import Column, FilterError, Kind, MongoInterface
from fab_mongo.filters import MongoFilter, MongoFilterConverter
from fab_mongo.request_cache import request_cache
from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.operators import OPERATORS
from models.fields.query import order_of
from models.fields.schema import Schema, schema_of
from models.registers import register_of
from services.search import COUNT_CAP, time_limit
from services.values import context_of
from views.base import current_access, current_language

#: How a kind of field counts among fab_mongo's kinds of column; every other one is text.
COLUMN_KINDS = {
    "long_text": Kind.TEXT, "rich_text": Kind.TEXT, "number": Kind.NUMBER,
    "money": Kind.JSON, "consent": Kind.JSON, "date": Kind.DATE, "datetime": Kind.DATETIME,
    "boolean": Kind.BOOLEAN, "choice": Kind.CHOICE, "choices": Kind.CHOICES, "email": Kind.EMAIL, "url": Kind.URL,
    "mail_html": Kind.TEXT,
}  # fmt: skip


class FieldLabel:
    """A field's label, in the language of whoever looks at it: a prototype view serves every language."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def __str__(self) -> str:
        return self.field.label_in(current_language())

    def __html__(self) -> str:
        return str(escape(str(self)))


class FieldHelp(FieldLabel):
    def __str__(self) -> str:
        return self.field.help_in(current_language())

    def __bool__(self) -> bool:
        return bool(str(self))


def field_texts(field: Field) -> tuple[FieldLabel, FieldHelp]:
    """Label and help of a field for a form."""
    return FieldLabel(field), FieldHelp(field)


def column_of(field: Field) -> Column:
    """A field of the registry as a column."""
    return Column(
        name=field.column, path=field.path, kind=COLUMN_KINDS.get(field.kind.name, Kind.STRING),
        label=FieldLabel(field), help=FieldHelp(field), required=field.required, default=field.default,
        read_only=field.read_only, orderable=field.kind.orderable, max_length=field.max_length,
        choices=tuple((choice.key, choice.label) for choice in field.choices),
    )  # fmt: skip


class KindFilter(MongoFilter):
    """One operator of a field's kind."""

    def __init__(self, column_name: str, datamodel: Any, code: str) -> None:
        super().__init__(column_name, datamodel)
        self.arg_name = code
        self.takes_blank = OPERATORS[code].takes == "none"

    @property
    def name(self) -> Any:
        return self.datamodel.schema.field(self.column_name).kind.operator_label(self.arg_name)

    def condition(self, value: Any) -> dict[str, Any]:
        """The query for the value. Raises FilterError for a wrong one."""
        try:
            field = self.datamodel.schema.field(self.column_name)
            return field.kind.condition(self.arg_name, value, field, context_of(current_access()))
        except ConditionError as error:
            raise FilterError(error.column, str(error)) from error


class KindFilterConverter(MongoFilterConverter):
    """The operators of a column: those of its field's kind, in its order."""

    def convert(self, col_name: str) -> list[KindFilter]:
        field = self.datamodel.schema.get(col_name)
        return [KindFilter(col_name, self.datamodel, code) for code in field.kind.operators] if field else []


class RegisterInterface(MongoInterface):
    """The records of one register that the user may see, with the fields that the user may see."""

    filter_converter_class = KindFilterConverter

    def __init__(self, register: str) -> None:
        self.register = register_of(register)
        super().__init__(self.register.document)

    @property
    def schema(self) -> Schema:
        """The register's schema as the current user has it."""
        cache, key = request_cache(), ("schema", self.register.key)
        if key not in cache:
            cache[key] = schema_of(self.register.key).for_access(current_access())
        return cache[key]

    def columns(self) -> Mapping[str, Column]:
        cache, key = request_cache(), ("columns", self.register.key)
        if key not in cache:
            cache[key] = {field.column: column_of(field) for field in self.schema.fields}
        return cache[key]

    def version(self) -> Hashable:
        """The schema version, and what this user's roles hide or lock: views are prepared once for each."""
        schema = self.schema
        limited = tuple((f.column, f.read_only) for f in schema.fields) if not current_access().everything else ()
        return schema.version, limited

    def objects(self) -> Any:
        return self.obj.objects.visible_to(current_access()).max_time_ms(time_limit())

    def count(self, query: Any) -> int:
        """Exact to COUNT_CAP, which then means "at least so many"."""
        return min(query.limit(COUNT_CAP + 1).count(with_limit_and_skip=True), COUNT_CAP)

    def ordered(self, query: Any, order_column: str, order_direction: str) -> Any:
        order = order_of(self.schema, order_column, order_direction)
        return query.order_by(*(f"{'-' if sign < 0 else '+'}{'pk' if path == '_id' else path}" for path, sign in order))

    def follow_references(self, items: Any) -> None:
        """Links are ids, and their names are read by `services.labels` for a whole page at once."""
