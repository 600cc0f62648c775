"""That the backend is whole: FAB's own list of what one must do, every operator of every kind, orders, delete rules."""

import datetime as dt
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mongoengine as me
import pytest
from bson import Decimal128, ObjectId
from flask_appbuilder.cli import fab
from flask_appbuilder.models.base import BaseInterface
from flask_appbuilder.security.manager import BaseSecurityManager

from fab_mongo import MongoInterface, MongoSecurityManager, columns_of
from fab_mongo.operators import FILTERS_BY_KIND
from fab_mongo.unsupported import COMMANDS, METHODS
from tests.fab_mongo.test_filters import AUTHOR_IDS, GENRE_IDS, MONGOMOCK_CANNOT, new_filters, shelf
from tests.fab_mongo.toys import Author, Book, BookInterface, Genre

__all__ = ["shelf"]
pytestmark = [pytest.mark.on_both, pytest.mark.usefixtures("library")]
DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "fab_mongo.md"
#: Commands of `flask fab` that work, and the tests that run them (in test_security.py).
WORKING = {
    "create-admin", "create-user", "create-db", "create-permissions", "export-roles", "import-roles", "list-users",
    "list-views", "reset-password", "security-cleanup", "security-converge", "version",
}  # fmt: skip


def abstract_methods(owner: type) -> Iterator[str]:
    """The methods that FAB leaves to a backend: those that raise NotImplementedError."""
    for name, attribute in vars(owner).items():
        function = attribute.fget if isinstance(attribute, property) else attribute
        if inspect.isfunction(function) and "NotImplementedError" in inspect.getsource(function):
            yield name


@pytest.mark.parametrize(("base", "ours", "unsupported"), [
    (BaseInterface, MongoInterface, {}), (BaseSecurityManager, MongoSecurityManager, METHODS),
])  # fmt: skip
def test_every_abstract_method_is_implemented_or_listed_as_unsupported(
    base: type, ours: type, unsupported: dict[str, str]
) -> None:
    asked = set(abstract_methods(base))
    assert asked, "FAB says in another way now what a backend must do"
    left = {name for name in asked if getattr(ours, name) is getattr(base, name)}
    assert left == set(unsupported)


def test_every_command_of_fab_works_or_is_listed_as_unsupported() -> None:
    assert set(fab.commands) == WORKING | set(COMMANDS)
    assert not WORKING & set(COMMANDS)
    source = Path(__file__).with_name("test_security.py").read_text()
    assert all(f'"{name}"' in source for name in WORKING)


def test_documentation_lists_what_is_unsupported_with_its_reason() -> None:
    text = DOCUMENTATION.read_text(encoding="utf-8")
    for name, reason in {**METHODS, **COMMANDS}.items():
        assert re.search(rf"^\| .*`{name}`.* \| {re.escape(reason)} \|$", text, re.MULTILINE), name


# Every operator of every kind, against the same said in Python

VALUES = {
    "title": ["Seitsemän veljestä (1.0)", "veljes", "z", "", ".*"], "summary": ["brothers\nin", "The", "soldier", "x"],
    "contact": ["kivi@example.org", "linna", ".org"], "page_url": ["https://example.org/kivi", "linna", "https"],
    "pages": [400, 450, 477], "weight": [0.5, 0.6, 0.75], "price": ["19.90", "25"], "in_print": [True, False],
    "published": ["1870-01-31", "1900-01-01"], "binding": ["hard", "soft"], "languages": ["fi", "sv", "en"],
    "author": list(AUTHOR_IDS.values()), "genres": list(GENRE_IDS.values()),
}  # fmt: skip
TESTS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda stored, asked: stored == asked, "gt": lambda stored, asked: stored > asked,
    "lt": lambda stored, asked: stored < asked, "ge": lambda stored, asked: stored >= asked,
    "le": lambda stored, asked: stored <= asked, "ct": lambda stored, asked: asked in stored,
    "sw": lambda stored, asked: stored.startswith(asked), "ew": lambda stored, asked: stored.endswith(asked),
    "in": lambda stored, asked: stored == asked, "rel_o_m": lambda stored, asked: stored == asked,
    "rel_m_m": lambda stored, asked: stored == asked,
}  # fmt: skip
OPPOSITES = {"neq": "eq", "nct": "ct", "nsw": "sw", "new": "ew", "not_in": "in", "nrel_o_m": "rel_o_m",
             "nrel_m_m": "rel_m_m"}  # fmt: skip


def said(value: Any) -> Any:
    """A value as it is compared: text without regard to case, references by their ids, decimals as numbers."""
    if isinstance(value, str):
        return value.casefold()
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return value.pk if isinstance(value, me.Document) else value


def passes(operator: str, stored: Any, asked: Any) -> bool:
    if operator in OPPOSITES:
        return not passes(OPPOSITES[operator], stored, asked)
    items = stored if isinstance(stored, (list, me.base.BaseList)) else [stored]
    return any(TESTS[operator](said(item), asked) for item in items if item is not None)


def asked_of(column: str, value: Any) -> Any:
    if column == "published":
        return dt.date.fromisoformat(value)
    return type(Decimal128("1").to_decimal())(value) if column == "price" else said(value)


def pairs() -> Iterator[tuple[str, str]]:
    columns = columns_of(Book)
    for column in VALUES:
        for filter_class in FILTERS_BY_KIND[columns[column].kind]:
            yield column, str(filter_class.arg_name)


def engines_of_pairs() -> Iterator[Any]:
    for column, operator in pairs():
        yield pytest.param("mongodb", column, operator)
        if column != "price" and (column, operator) not in MONGOMOCK_CANNOT and "empty" not in operator:
            yield pytest.param("mongomock", column, operator)


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(("engine", "column", "operator"), list(engines_of_pairs()), indirect=["engine"])
def test_operator_agrees_with_python(column: str, operator: str) -> None:
    books = list(Book.objects)
    for value in ["1"] if "empty" in operator else VALUES[column]:
        filters = new_filters()
        filters.add_filter_named(column, operator, str(value) if isinstance(value, ObjectId) else value)
        _count, found = BookInterface(Book).query(filters)
        stored = {book.pk: getattr(book, column) for book in books}
        if operator == "empty":
            expected = {key for key, held in stored.items() if held in (None, "", [])}
        elif operator == "not_empty":
            expected = {key for key, held in stored.items() if held not in (None, "", [])}
        elif value == "":
            expected = set(stored)
        else:
            expected = {key for key, held in stored.items() if passes(operator, held, asked_of(column, value))}
        assert {book.pk for book in found} == expected, value


def test_every_kind_has_a_column_whose_operators_are_tried() -> None:
    columns = columns_of(Book)
    tried = {columns[column].kind for column in [*VALUES, "lent_on"]}
    assert tried == {kind for kind, filters in FILTERS_BY_KIND.items() if filters}


@pytest.mark.parametrize("column", [
    "title", "summary", "pages", "weight", "in_print", "published", "lent_on", "binding", "contact", "page_url",
])  # fmt: skip
@pytest.mark.parametrize("page_size", [1, 2, 3])
def test_order_both_ways_and_in_pages_has_every_row_once(shelf: None, column: str, page_size: int) -> None:
    orders = {}
    for direction in ("asc", "desc"):
        rows = [book for page in range(5) for book in
                BookInterface(Book).query(order_column=column, order_direction=direction, page=page,
                                          page_size=page_size)[1]][:3]  # fmt: skip
        assert len({book.pk for book in rows}) == 3
        orders[direction] = [getattr(book, column) for book in rows if getattr(book, column) is not None]
    assert orders["asc"] == sorted(orders["asc"])
    assert orders["desc"] == orders["asc"][::-1]


# Deleting what others refer to, by each rule


def referring(rule: int) -> type[me.Document]:
    """A document class that refers to authors with the rule."""
    name = f"Referring{rule}"
    several = rule == me.PULL
    field = me.ListField(me.ReferenceField(Author, reverse_delete_rule=rule)) if several else me.ReferenceField(
        Author, reverse_delete_rule=rule)  # fmt: skip
    return type(name, (me.Document,), {"author": field, "meta": {"collection": name.lower()}})


@pytest.fixture
def rules() -> Iterator[Callable[[int], type[me.Document]]]:
    """Makes referring classes and takes their rules off the author again, for the tests that come after."""
    before = dict(Author._meta.get("delete_rules") or {})
    made: list[type[me.Document]] = []

    def make(rule: int) -> type[me.Document]:
        made.append(referring(rule))
        return made[-1]

    yield make
    Author._meta["delete_rules"] = before
    for document in made:
        document.drop_collection()
        me.base.common._document_registry.pop(document.__name__, None)


@pytest.mark.parametrize(("rule", "deleted", "left"), [
    (me.DENY, False, 1), (me.CASCADE, True, 0), (me.NULLIFY, True, 1), (me.PULL, True, 1), (me.DO_NOTHING, True, 1),
])  # fmt: skip
def test_delete_keeps_to_the_rule_of_references(
    rules: Callable[[int], Any], rule: int, deleted: bool, left: int
) -> None:
    document = rules(rule)
    author = Author(name="Kivi").save()
    document(author=[author] if rule == me.PULL else author).save()
    interface = MongoInterface(Author)
    assert interface.delete(author) is deleted
    assert bool(Author.objects) is not deleted
    assert document.objects.count() == left
    if not deleted:
        assert interface.message[1] in ("warning", "danger")
    elif rule in (me.NULLIFY, me.PULL):
        assert not document.objects.first().author


def test_dangling_references_of_a_page_show_as_nothing(shelf: None) -> None:
    Author.objects.delete()
    Genre.objects.delete()
    _count, found = BookInterface(Book).query(order_column="title", order_direction="asc")
    assert [book.author for book in found] == [None] * 3
