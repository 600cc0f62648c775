"""Reference columns of a whole page, fetched with one query a column."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import mongoengine as me
from bson import DBRef
from mongoengine.base.datastructures import BaseList

from fab_mongo.columns import Column, Kind


def dereference(
    items: Sequence[me.Document],
    columns: Iterable[Column],
    objects: Callable[[Column], Any],
) -> None:
    """Replace the references of `items` by documents, with one query for each reference column.

    `objects(column)` gives the QuerySet to fetch from. A reference to a document that is gone becomes None, or is
    dropped from its list: MongoEngine's own lazy loading asks once for every row and raises for a lost one. What is
    put in place is not marked as changed, so saving such a document leaves the stored references as they are.
    """
    if not items:
        return
    for column in columns:
        if column.kind.is_relation and column.name in items[0]._fields:
            _dereference_column(items, column, objects)


def _dereference_column(items: Sequence[me.Document], column: Column, objects: Callable[[Column], Any]) -> None:
    wanted = {key for item in items for key in map(_key, _stored(item, column)) if key is not None}
    found = objects(column).in_bulk(list(wanted)) if wanted else {}
    put = _put_many if column.kind is Kind.MANY else _put_one
    for item in items:
        put(item, column.name, found)


def _stored(item: me.Document, column: Column) -> Sequence[Any]:
    value = item._data.get(column.name)
    if column.kind is Kind.MANY:
        return value or ()
    return (value,)


def _key(reference: Any) -> Any:
    """Return the primary key of a reference that has not been followed yet."""
    return reference.id if isinstance(reference, DBRef) else None


def _resolved(reference: Any, found: dict[Any, me.Document]) -> Any:
    return found.get(reference.id) if isinstance(reference, DBRef) else reference


def _put_one(item: me.Document, name: str, found: dict[Any, me.Document]) -> None:
    item._data[name] = _resolved(item._data.get(name), found)


def _put_many(item: me.Document, name: str, found: dict[Any, me.Document]) -> None:
    documents = [_resolved(reference, found) for reference in item._data.get(name) or ()]
    known = BaseList([document for document in documents if document is not None], item, name)
    known._dereferenced = True
    item._data[name] = known
