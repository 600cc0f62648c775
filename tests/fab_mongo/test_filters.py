"""Filters: every operator of every kind, and values that do not fit."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from werkzeug.datastructures import MultiDict

from fab_mongo import FilterError, MongoFilters
from fab_mongo.arguments import add_filter_arguments, paging_of
from fab_mongo.operators import FILTERS_BY_KIND
from tests.fab_mongo.toys import Author, Book, BookInterface, Genre, utc

pytestmark = [pytest.mark.on_both, pytest.mark.usefixtures("library")]

AUTHOR_IDS = {"Kivi": ObjectId("0" * 23 + "1"), "Linna": ObjectId("0" * 23 + "2")}
GENRE_IDS = {"novel": ObjectId("0" * 23 + "3"), "war": ObjectId("0" * 23 + "4")}


@pytest.fixture
def shelf(library: None) -> None:
    """Three books: one with everything, one with other values, one with nothing but its title."""
    for name, key in AUTHOR_IDS.items():
        Author(id=key, name=name).save()
    for name, key in GENRE_IDS.items():
        Genre(id=key, name=name).save()
    Book(
        title="Seitsemän veljestä (1.0)",
        summary="Seven brothers\nin the woods",
        pages=400,
        weight=0.5,
        price=Decimal("19.90"),
        in_print=True,
        published=dt.date(1870, 1, 31),
        lent_on=utc(2026, 1, 31, 12, 30),
        binding="hard",
        languages=["fi", "sv"],
        author=AUTHOR_IDS["Kivi"],
        genres=[GENRE_IDS["novel"]],
        contact="Kivi@example.org",
        page_url="https://example.org/kivi",
    ).save()
    Book(
        title="Tuntematon sotilas",
        summary="The unknown soldier",
        pages=477,
        weight=0.75,
        price=Decimal("25"),
        in_print=False,
        published=dt.date(1954, 12, 3),
        lent_on=utc(2026, 2, 1),
        binding="soft",
        languages=["fi"],
        author=AUTHOR_IDS["Linna"],
        genres=[GENRE_IDS["novel"], GENRE_IDS["war"]],
        contact="linna@example.org",
        page_url="https://example.com/linna",
    ).save()
    Book(title="Z").save()


def new_filters() -> MongoFilters:
    interface = BookInterface(Book)
    return interface.get_filters(interface.get_search_columns_list())


def titles(column: str, operator: str, value: Any) -> str:
    """Return the first letters of the titles that pass."""
    filters = new_filters()
    filters.add_filter_named(column, operator, value)
    _count, found = BookInterface(Book).query(filters, "title", "asc")
    return "".join(book.title[0] for book in found)


KIVI, LINNA = str(AUTHOR_IDS["Kivi"]), str(AUTHOR_IDS["Linna"])
NOVEL, WAR = str(GENRE_IDS["novel"]), str(GENRE_IDS["war"])


CASES: list[tuple[str, str, Any, str]] = [
    ("title", "ct", "VELJ", "S"),
    ("title", "ct", "(1.0)", "S"),
    ("title", "ct", "1x0", ""),
    ("title", "ct", ".*", ""),
    ("title", "ct", ["velj", "sotilas"], "ST"),
    ("title", "nct", "velj", "TZ"),
    ("title", "nct", ["velj", "sotilas"], "Z"),
    ("title", "sw", "tunte", "T"),
    ("title", "nsw", "tunte", "SZ"),
    ("title", "ew", "SOTILAS", "T"),
    ("title", "new", "sotilas", "SZ"),
    ("title", "eq", "z", "Z"),
    ("title", "eq", "Tuntematon", ""),
    ("title", "neq", "Z", "ST"),
    ("title", "in", ["z", "tuntematon SOTILAS"], "TZ"),
    ("title", "not_in", ["Z"], "ST"),
    ("summary", "ct", "brothers\nin", "S"),
    ("summary", "sw", "in", ""),
    ("summary", "empty", "1", "Z"),
    ("summary", "empty", "", "Z"),
    ("summary", "empty", "0", "ST"),
    ("summary", "empty", False, "ST"),
    ("summary", "not_empty", "yes", "ST"),
    ("contact", "eq", "kivi@EXAMPLE.org", "S"),
    ("page_url", "ew", ".com/linna", "T"),
    ("pages", "eq", "400", "S"),
    ("pages", "neq", 400, "TZ"),
    ("pages", "gt", "400", "T"),
    ("pages", "ge", 400.0, "ST"),
    ("pages", "lt", " 477 ", "S"),
    ("pages", "le", "477", "ST"),
    ("pages", "in", ["400", 477], "ST"),
    ("pages", "not_in", ["400"], "TZ"),
    ("pages", "empty", "1", "Z"),
    ("weight", "ge", "0,75", "T"),
    ("weight", "lt", "0.75", "S"),
    ("price", "eq", "19.9", "S"),
    ("price", "gt", "19.90", "T"),
    ("price", "in", ["25.00"], "T"),
    ("in_print", "eq", "1", "S"),
    ("in_print", "eq", "no", "T"),
    ("in_print", "neq", True, "TZ"),
    ("in_print", "empty", "1", "Z"),
    ("published", "eq", "1870-01-31", "S"),
    ("published", "neq", "1870-01-31", "TZ"),
    ("published", "gt", "1870-01-31", "T"),
    ("published", "le", "1954-12-03", "ST"),
    ("published", "not_empty", "1", "ST"),
    ("lent_on", "eq", "2026-01-31", "S"),
    ("lent_on", "neq", "2026-01-31", "TZ"),
    ("lent_on", "le", "2026-01-31", "S"),
    ("lent_on", "gt", "2026-01-31", "T"),
    ("lent_on", "lt", "2026-01-31", ""),
    ("lent_on", "ge", "2026-01-31", "ST"),
    ("lent_on", "eq", "2026-01-31T12:30", "S"),
    ("lent_on", "le", "2026-01-31T14:30:00+02:00", "S"),
    ("lent_on", "lt", "2026-01-31T12:30:00Z", ""),
    ("binding", "eq", "hard", "S"),
    ("binding", "neq", "hard", "TZ"),
    ("binding", "in", ["hard", "soft"], "ST"),
    ("binding", "empty", "1", "Z"),
    ("languages", "eq", "sv", "S"),
    ("languages", "neq", "sv", "TZ"),
    ("languages", "in", ["sv", "en"], "S"),
    ("languages", "not_in", ["sv"], "TZ"),
    ("languages", "empty", "1", "Z"),
    ("author", "rel_o_m", KIVI, "S"),
    ("author", "nrel_o_m", KIVI, "TZ"),
    ("author", "in", [KIVI, LINNA], "ST"),
    ("author", "eq", AUTHOR_IDS["Linna"], "T"),
    ("author", "empty", "1", "Z"),
    ("genres", "rel_m_m", WAR, "T"),
    ("genres", "nrel_m_m", WAR, "SZ"),
    ("genres", "in", [NOVEL], "ST"),
    ("genres", "not_empty", "1", "ST"),
]
#: What mongomock answers otherwise than MongoDB does, and why.
MONGOMOCK_CANNOT = {
    ("price", "eq"): "compares decimals as texts", ("price", "gt"): "compares decimals as texts",
    ("price", "in"): "compares decimals as texts", ("languages", "empty"): "takes an empty list for a value",
    ("genres", "not_empty"): "takes an empty list for a value",
}  # fmt: skip


def engine_cases() -> Iterator[Any]:
    """Every case on MongoDB, and on mongomock as far as it can; the name of one that is not tells why."""
    for case in CASES:
        reason = MONGOMOCK_CANNOT.get((case[0], case[1]))
        name = "-".join(map(str, case))
        yield pytest.param("mongodb", *case, id=f"mongodb-{name}" + (f" (mongomock {reason})" if reason else ""))
        if reason is None:
            yield pytest.param("mongomock", *case, id=f"mongomock-{name}")


@pytest.mark.usefixtures("shelf")
@pytest.mark.parametrize(
    ("engine", "column", "operator", "value", "expected"), list(engine_cases()), indirect=["engine"]
)
def test_filter_operator_finds_its_rows(column: str, operator: str, value: Any, expected: str) -> None:
    assert titles(column, operator, value) == expected


@pytest.mark.parametrize("blank", ["", None, "__None", [], [""]])
def test_filter_blank_value_narrows_nothing(shelf: None, blank: Any) -> None:
    assert titles("title", "ct", blank) == "STZ"


WRONG = [
    ("pages", "abc"),
    ("pages", "1.5"),
    ("pages", "9" * 25),
    ("pages", "9" * 5000),
    ("pages", "1_0"),
    ("pages", True),
    ("weight", "nan"),
    ("weight", "Infinity"),
    ("weight", "1e999999"),
    ("weight", "1,2,3"),
    ("in_print", "maybe"),
    ("published", "31.1.2026"),
    ("published", "2026-02-30"),
    ("lent_on", "soon"),
    ("lent_on", "0001-01-01T00:00:00+14:00"),
    ("binding", "spiral"),
    ("languages", "xx"),
    ("author", "nobody"),
    ("author", "0" * 23),
    ("genres", "1"),
    ("title", "a\x00b"),
    ("title", "\ud800"),
    ("title", "x" * 1001),
    ("title", {"$ne": None}),
    ("pages", {"$gt": 0}),
    ("author", {"$where": "1"}),
]


@pytest.mark.parametrize(("column", "value"), WRONG)
def test_filter_wrong_value_is_refused_with_the_column(column: str, value: Any) -> None:
    filters = new_filters()
    filters.add_filter_named(column, "eq", value)
    with pytest.raises(FilterError) as refused:
        filters.apply_all(Book.objects)
    assert refused.value.column == column
    assert refused.value.message


def test_filter_operator_text_is_only_text(shelf: None) -> None:
    assert titles("title", "eq", "$where") == ""
    assert titles("title", "neq", "$ne") == "STZ"


def test_filter_day_at_the_end_of_time_is_refused() -> None:
    filters = new_filters()
    filters.add_filter_named("lent_on", "le", "9999-12-31")
    with pytest.raises(FilterError, match="far away"):
        filters.conditions()


def test_filter_too_many_values_is_refused() -> None:
    for operator in ("eq", "in"):
        filters = new_filters()
        filters.add_filter_named("pages", operator, list(range(1001)))
        with pytest.raises(FilterError, match="1000"):
            filters.conditions()


def test_filter_unknown_operator_or_column_is_refused() -> None:
    filters = new_filters()
    for column, operator in (("title", "gt"), ("nonsense", "eq"), ("notes", "eq"), ("secret_code", "eq")):
        with pytest.raises(FilterError):
            filters.add_filter_named(column, operator, "1")
        with pytest.raises(FilterError):
            filters.rest_add_filters([{"col": column, "opr": operator, "value": "1"}])
    with pytest.raises(FilterError):
        filters.add_filter_index("title", 99, "x")


def test_filters_every_searchable_kind_has_operators_with_names_of_their_own() -> None:
    for kind, classes in FILTERS_BY_KIND.items():
        names = [filter_class.arg_name for filter_class in classes]
        assert len(names) == len(set(names)), kind
        assert bool(names) == (kind != "json")


def test_filters_fresh_and_joined_leave_the_original_alone() -> None:
    filters = new_filters()
    filters.add_filter_named("title", "ct", "a")
    assert filters.fresh().get_filters_values() == []
    other = new_filters()
    other.add_filter_named("pages", "gt", 1)
    assert len(filters.get_joined_filters(other).conditions()) == 2
    assert len(filters.conditions()) == 1
    assert filters.nothing().apply_all(Book.objects).count() == 0
    assert "title ct 'a'" in repr(filters)


def test_filters_of_equal_operators_are_joined_by_and(shelf: None) -> None:
    filters = new_filters()
    filters.add_filter_named("pages", "gt", 399)
    filters.add_filter_named("pages", "lt", 401)
    assert BookInterface(Book).query(filters)[0] == 1


def conditions_of(address: str) -> list[tuple[str, str, Any]]:
    filters = new_filters()
    add_filter_arguments(filters, MultiDict(pair.split("=") for pair in address.split("&")))
    return sorted((flt.column_name, flt.arg_name, value) for flt, value in filters.get_filters_values())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("_flt_ct_title=ab", [("title", "ct", ["ab"])]),
        ("_flt_0_title=ab", [("title", "ct", ["ab"])]),
        ("_flt_11_title=1", [("title", "not_empty", ["1"])]),
        ("_flt_empty_page_url=1", [("page_url", "empty", ["1"])]),
        ("_flt_not_empty_in_print=1", [("in_print", "not_empty", ["1"])]),
        ("_flt_not_in_pages=1&_flt_not_in_pages=2", [("pages", "not_in", ["1", "2"])]),
        ("_flt_rel_o_m_author=1", [("author", "rel_o_m", ["1"])]),
        ("page=3&other=x", []),
    ],
)
def test_filter_arguments_are_found_by_number_and_name(address: str, expected: list[Any]) -> None:
    assert conditions_of(address) == expected


@pytest.mark.parametrize("name", ["99_title", "gt_title", "0_nonsense", "", "title", "0_", "9" * 40 + "_title"])
def test_filter_arguments_unknown_are_refused(name: str) -> None:
    with pytest.raises(FilterError):
        conditions_of(f"_flt_{name}=1")


@pytest.mark.parametrize(
    ("args", "page", "size"),
    [
        ({"page_V": "2", "psize_V": "50"}, 2, 50),
        ({"page": "1", "page_size": "10"}, 1, 10),
        ({"page_V": "abc", "psize_V": "x"}, None, None),
        ({"page_V": "-1", "psize_V": "-1"}, 0, 1),
        ({"page_V": "9" * 18, "psize_V": "9" * 18}, 10_000_000, 100),
        ({"page_V": "9" * 99, "psize_V": "0"}, None, 1),
        ({"page_V": "٣"}, None, None),
    ],
)
def test_paging_arguments_are_brought_into_bounds(args: dict[str, str], page: int | None, size: int | None) -> None:
    paging = paging_of(MultiDict(args), "V", 100, plain=True)
    assert (paging.page, paging.page_size) == (page, size)


def test_paging_plain_arguments_count_for_the_main_list_only() -> None:
    args = MultiDict({"page": "3", "order": "title", "dir": "desc"})
    assert paging_of(args, "V", 100, plain=True).order_column == "title"
    assert paging_of(args, "V", 100, plain=True).order_direction == "desc"
    assert paging_of(args, "V", 100).page is None
    assert paging_of(args, "V", 100).order_column == ""
