"""Flask-AppBuilder's data interface over a MongoEngine document class."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, ClassVar

import mongoengine as me
from bson import Decimal128
from flask_appbuilder.models.base import BaseInterface
from flask_babel import gettext as _

from fab_mongo import filters as mongo_filters
from fab_mongo import operators
from fab_mongo.columns import Column, Kind, columns_of
from fab_mongo.references import dereference
from fab_mongo.values import parse_id
from fab_mongo.writes import REFUSALS, Outcome, refused

LARGEST_SKIP = 10_000_000
"""Rows a page number may skip; a larger page shows the same as one past the end."""


class _PerThread(threading.local):
    """The outcome of a thread's last write: one interface serves many requests at once."""

    outcome = Outcome()


class MongoInterface(BaseInterface):
    """Reads and writes the documents of one class for FAB's views and REST.

    Made to be subclassed: `columns` and `version` make columns that change while the program runs, `objects` sets
    what anybody may see at all, `read` and `write` reach values kept elsewhere than in attributes, `stored` turns a
    parsed value into what MongoDB keeps, `count` may be cheaper than exact.
    """

    filter_converter_class = mongo_filters.MongoFilterConverter
    filters_class: ClassVar[type[mongo_filters.MongoFilters]] = mongo_filters.MongoFilters
    max_page_size = 1000

    # FAB takes these from the interface by name.
    FilterEqual = operators.FilterEqual
    FilterNotEqual = operators.FilterNotEqual
    FilterContains = operators.FilterContains
    FilterNotContains = operators.FilterNotContains
    FilterStartsWith = operators.FilterStartsWith
    FilterEndsWith = operators.FilterEndsWith
    FilterGreater = operators.FilterGreater
    FilterSmaller = operators.FilterSmaller
    FilterEqualFunction = operators.FilterEqualFunction
    FilterRelationOneToManyEqual = operators.FilterRelationOneToManyEqual
    FilterRelationManyToManyEqual = operators.FilterRelationManyToManyEqual

    def __init__(self, document_class: type[me.Document]) -> None:
        super().__init__(document_class)
        self._last = _PerThread()

    # Override points.

    def columns(self) -> Mapping[str, Column]:
        """Return the columns by name, in the order they are shown. Called often: keep it cheap."""
        return columns_of(self.obj)

    def version(self) -> Hashable:
        """Return a value that changes whenever `columns` does; views rebuild their forms when they see a new one."""
        return 0

    def objects(self) -> Any:
        """Return the QuerySet everything else starts from; narrow it here to hide documents from every reader."""
        return self.obj.objects

    def related_objects(self, column: Column) -> Any:
        """Return the QuerySet that the documents a reference column leads to are fetched from."""
        return column.related.objects  # type: ignore[union-attr]

    def count(self, query: Any) -> int:
        """Return how many documents match."""
        return query.count()

    def stored(self, column: Column, value: Any) -> Any:
        """Return a parsed value as it is kept in MongoDB, so that comparing with it finds it."""
        field = self.obj._fields.get(column.name)
        inner = field.field if isinstance(field, me.ListField) else field
        if column.kind.is_relation and inner is not None:
            return inner.to_mongo(value)
        if isinstance(value, me.Document):
            return value.pk
        if isinstance(value, Decimal):
            return float(value) if inner is None else inner.to_mongo(inner.to_python(value))
        if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
        return value

    def read(self, item: Any, name: str) -> Any:
        """Return a column's value of a document: its attribute, or what lies at the column's path inside it."""
        column = self.columns().get(name)
        if column is None or name in self.obj._fields:
            return _attribute(item, name)
        value = reduce(_inside, column.path.split("."), item)
        if isinstance(value, Decimal128):
            return value.to_decimal()
        return value.date() if column.kind is Kind.DATE and isinstance(value, dt.datetime) else value

    def write(self, item: Any, name: str, value: Any) -> None:
        """Set a column's value on a document; a blank one is removed from the map it would lie in."""
        column = self.columns().get(name)
        if column is None or name in self.obj._fields:
            is_decimal = isinstance(value, Decimal) and name in self.obj._fields
            setattr(item, name, self.obj._fields[name].to_python(value) if is_decimal else value)
            return
        value = self.stored(column, value)
        *parents, key = column.path.split(".")
        target = reduce(_inside, parents, item)
        if value in (None, "", []):
            target.pop(key, None)
        else:
            target[key] = value

    # Reading.

    def get_filters(
        self,
        search_columns: Sequence[str] | None = None,
        search_filters: Mapping[str, Any] | None = None,
    ) -> mongo_filters.MongoFilters:
        """Return an empty set of filters that knows the operators of `search_columns`."""
        return self.filters_class(self.filter_converter_class, self, search_columns, search_filters)

    def filtered(self, filters: Any = None) -> Any:
        """Return the QuerySet of all documents that pass `filters`; raises FilterError for wrong values."""
        query = self.objects()
        return filters.apply_all(query) if filters else query

    def query(
        self,
        filters: Any = None,
        order_column: str = "",
        order_direction: str = "",
        page: int | None = None,
        page_size: int | None = None,
        select_columns: Sequence[str] | None = None,
        outer_default_load: bool = False,
    ) -> tuple[int, list[Any]]:
        """Return how many documents pass the filters, and one page of them with their references followed.

        An unknown column to order by means the default order, a page out of bounds the nearest sensible one. The
        last two arguments are FAB's for SQL loading and mean nothing here. Raises FilterError for wrong values.
        """
        matching = self.filtered(filters)
        query = self.ordered(matching, order_column, order_direction)
        if page_size:
            size = max(1, min(int(page_size), self.max_page_size))
            query = query.skip(max(0, min(int(page or 0) * size, LARGEST_SKIP))).limit(size)
        items = list(query)
        self.follow_references(items)
        return self.count(matching), items

    def ordered(self, query: Any, order_column: str, order_direction: str) -> Any:
        """Sort a QuerySet by a column, else by its own order; the primary key last, so that pages never overlap."""
        column = self.columns().get(order_column)
        if column is None or not column.orderable:
            return query.order_by(*(self.obj._meta.get("ordering") or ()), "pk")
        name = column.name if column.name in self.obj._fields else column.path
        return query.order_by(("-" if order_direction == "desc" else "+") + name, "pk")

    def follow_references(self, items: Sequence[Any]) -> None:
        """Fetch the documents that a page of items refers to, with one query a reference column."""
        dereference(items, self.columns().values(), self.related_objects)

    def get(
        self,
        pk: Any,
        filters: Any = None,
        select_columns: Sequence[str] | None = None,
        outer_default_load: bool = False,
    ) -> Any:
        """Return one document by its primary key; None when it is malformed, gone or outside of the filters."""
        found = self.get_many([pk], filters)
        return found[0] if found else None

    def get_many(self, ids: Sequence[Any], filters: Any = None) -> list[Any]:
        """Return the documents with these primary keys, in their order, without those `get` would not return."""
        keys = list(dict.fromkeys(key for key in map(self._parsed_id, ids) if key is not None))
        found = {item.pk: item for item in self.filtered(filters).filter(__raw__={"_id": {"$in": keys}})}
        items = [found[key] for key in keys if key in found]
        self.follow_references(items)
        return items

    def _parsed_id(self, value: Any) -> Any:
        try:
            return parse_id(self.obj, value)
        except ValueError:
            return None

    # Writing.

    @property
    def outcome(self) -> Outcome:
        """What became of this thread's last write."""
        return self._last.outcome

    @property
    def message(self) -> tuple[str, str]:
        """The last write's sentence for a person and its category (success, warning or danger)."""
        return self.outcome.message

    @property
    def errors(self) -> Mapping[str, list[str]]:
        """The last write's messages by column."""
        return self.outcome.errors

    def add(self, item: Any, commit: bool = True) -> bool:
        """Insert a document; False, with `message` and `errors` set, when it is not valid or not unique."""
        return self._write(lambda: item.save(force_insert=True), _("Added Row"))

    def edit(self, item: Any, commit: bool = True) -> bool:
        """Save a changed document; False, with `message` and `errors` set, when it is not valid or not unique."""
        return self._write(item.save, _("Changed Row"))

    def delete(self, item: Any, commit: bool = True) -> bool:
        """Delete a document; False, with `message` set, when others that refer to it forbid that."""
        return self._write(item.delete, _("Deleted Row"))

    def _write(self, action: Callable[[], Any], done: str) -> bool:
        try:
            action()
        except REFUSALS as error:
            self._last.outcome = refused(error, self.columns())
            return False
        self._last.outcome = Outcome((done, "success"))
        return True

    # What FAB asks of columns.

    @property
    def model_name(self) -> str:
        """The document class's name."""
        return self.obj.__name__

    def kind(self, col_name: str) -> Kind | None:
        """Return the kind of a column, None for an unknown one."""
        column = self.columns().get(col_name)
        return column.kind if column else None

    def is_string(self, col_name: str) -> bool:
        """Whether it is text of one line."""
        return self.kind(col_name) in (Kind.STRING, Kind.EMAIL, Kind.URL, Kind.CHOICE)

    def is_text(self, col_name: str) -> bool:
        """Whether it is text of several lines."""
        return self.kind(col_name) is Kind.TEXT

    def is_integer(self, col_name: str) -> bool:
        """Whether it is a whole number."""
        return self.kind(col_name) is Kind.INTEGER

    def is_numeric(self, col_name: str) -> bool:
        """Whether it is a number with decimals."""
        return self.kind(col_name) is Kind.NUMBER

    is_float = is_numeric

    def is_boolean(self, col_name: str) -> bool:
        """Whether it is yes or no."""
        return self.kind(col_name) is Kind.BOOLEAN

    def is_date(self, col_name: str) -> bool:
        """Whether it is a day."""
        return self.kind(col_name) is Kind.DATE

    def is_datetime(self, col_name: str) -> bool:
        """Whether it is a day and time."""
        return self.kind(col_name) is Kind.DATETIME

    def is_json(self, col_name: str) -> bool:
        """Whether it is a structure that is neither searched nor sorted."""
        return self.kind(col_name) is Kind.JSON

    def is_relation(self, col_name: str) -> bool:
        """Whether it refers to other documents."""
        return self.kind(col_name) in (Kind.ONE, Kind.MANY)

    is_relation_col = is_relation

    def is_relation_many_to_one(self, col_name: str) -> bool:
        """Whether it refers to one other document."""
        return self.kind(col_name) is Kind.ONE

    is_fk = is_relation_many_to_one

    def is_relation_many_to_many(self, col_name: str) -> bool:
        """Whether it refers to several other documents."""
        return self.kind(col_name) is Kind.MANY

    def is_nullable(self, col_name: str) -> bool:
        """Whether it may be left blank."""
        column = self.columns().get(col_name)
        return column is None or not column.required

    def is_unique(self, col_name: str) -> bool:
        """Whether no two documents may have the same value."""
        column = self.columns().get(col_name)
        return column is not None and column.unique

    def is_pk(self, col_name: str) -> bool:
        """Whether it is the primary key."""
        return col_name == self.obj._meta["id_field"]

    def get_max_length(self, col_name: str) -> int:
        """Return the most characters, -1 for any number."""
        column = self.columns().get(col_name)
        return -1 if column is None or column.max_length is None else column.max_length

    def get_min_length(self, col_name: str) -> int:
        """Return the least characters, -1 for any number."""
        column = self.columns().get(col_name)
        return -1 if column is None or column.min_length is None else column.min_length

    def get_col_default(self, col_name: str) -> Any:
        """Return what a new document's form starts with; may be callable."""
        column = self.columns().get(col_name)
        return column.default if column else None

    def get_columns_list(self) -> list[str]:
        """Return the names of all columns."""
        return list(self.columns())

    def get_search_columns_list(self) -> list[str]:
        """Return the names of the columns that can be filtered by."""
        return [column.name for column in self.columns().values() if column.searchable]

    def get_order_columns_list(self, list_columns: Sequence[str] | None = None) -> list[str]:
        """Return the names, among `list_columns` if given, that rows can be ordered by."""
        columns = self.columns()
        names = columns if list_columns is None else list_columns
        return [name for name in names if name in columns and columns[name].orderable]

    # Keys and relations.

    def get_pk_name(self) -> str:
        """Return `pk`, which MongoEngine knows on every document."""
        return "pk"

    def get_pk_value(self, item: Any) -> str:
        """Return a document's primary key as text, as addresses and REST have it."""
        return str(item.pk)

    def get_keys(self, lst: Sequence[Any]) -> list[str]:
        """Return the primary keys of documents as text."""
        return [self.get_pk_value(item) for item in lst]

    def get_related_model(self, col_name: str) -> type[me.Document]:
        """Return the document class a reference column leads to."""
        related = self.columns()[col_name].related
        if related is None:
            raise TypeError(f"{col_name} of {self.model_name} refers to no document")
        return related

    def get_related_interface(self, col_name: str) -> MongoInterface:
        """Return an interface to the documents a reference column leads to, as forms offer them."""
        return MongoInterface(self.get_related_model(col_name))

    def get_related_obj(self, col_name: str, value: Any) -> Any:
        """Return the related document with this primary key, None for none."""
        key = value[0] if isinstance(value, (list, tuple)) and value else value
        return self.get_related_interface(col_name).get(key)

    def get_related_fk(self, model: type[me.Document]) -> str | None:
        """Return the first column that refers to documents of this class."""
        for column in self.columns().values():
            if column.related is not None and issubclass(model, column.related):
                return column.name
        return None

    def _get_attr_value(self, item: Any, col: str) -> Any:
        value = self.read(item, col)
        return value() if callable(value) else value


def _attribute(item: Any, name: str) -> Any:
    """Return an attribute, or a chain of them such as `author.name`; None where the chain breaks."""
    if hasattr(type(item), name) or "." not in name:
        return getattr(item, name)
    return reduce(lambda target, part: getattr(target, part, None), name.split("."), item)


def _inside(target: Any, key: str) -> Any:
    return target.get(key) if isinstance(target, Mapping) else getattr(target, key, None)
