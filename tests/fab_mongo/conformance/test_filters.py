"""Every operator of every kind against plain Python, over values that are there, blank, missing, odd and hostile."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fab_mongo import FilterError, Kind, MongoFilterConverter, MongoFilters
from fab_mongo.operators import FILTERS_BY_KIND
from tests.fab_mongo.conformance.documents import Maker, Sample, SampleInterface
from tests.fab_mongo.conformance.oracle import OPERATORS, passes
from tests.fab_mongo.conformance.registry import covers, real_only
from tests.fab_mongo.conformance.values import pool, probes, read, saved, sent

COLUMNS = SampleInterface(Sample).columns()
SEARCHED = [name for name in SampleInterface(Sample).get_search_columns_list() if name != "exact"]
EMPTY_OPERATORS = ("empty", "not_empty")
EMPTINESS = {"1": True, "0": False, True: True, False: False, "": True, "yes": True, "No": False}
SLOWLY = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def slow_if(slow: bool, name: str) -> Any:
    return pytest.param(name, marks=pytest.mark.slow) if slow else name


class Shelf:
    """Samples with all values of one column."""

    def __init__(self, column: str) -> None:
        self.interface = SampleInterface(Sample)
        self.column = column
        self.kind = self.interface.columns()[column].kind
        self.makers = [Maker(name=f"maker {number}").save() for number in range(4)]
        values = pool(self.kind, column, self.makers)
        self.rows = {saved(column, value).pk: read(value) for value in values}

    def asked(self) -> Sequence[Any]:
        return probes(self.kind, self.column, self.makers)

    def found(self, operator: str, value: Any) -> set[Any]:
        filters = self.interface.get_filters([self.column])
        filters.rest_add_filters([{"col": self.column, "opr": operator, "value": value}])
        return set(self.interface.filtered(filters).scalar("pk"))

    def expected(self, operator: str, values: list[Any]) -> set[Any]:
        return {key for key, stored in self.rows.items() if passes(self.kind, operator, stored, values)}

    def wrong(self, operator: str) -> list[str]:
        """Return what the operator finds otherwise than plain Python does."""
        if operator in EMPTY_OPERATORS:
            asked = [(value, [meant]) for value, meant in EMPTINESS.items()]
        else:
            singles = [[value] for value in self.asked()]
            asked = [(sent(values[0]), values) for values in singles]
            asked += [([sent(a), sent(b)], [a, b]) for a, b in list(pairwise(self.asked()))[::3]]
        return [
            f"{self.column} {operator} {value!r}: {self.difference(operator, value, meant)}"
            for value, meant in asked
            if self.found(operator, value) != self.expected(operator, meant)
        ]

    def difference(self, operator: str, value: Any, meant: list[Any]) -> str:
        found, expected = self.found(operator, value), self.expected(operator, meant)
        missed, took = ([self.rows[key] for key in keys] for keys in (expected - found, found - expected))
        return f"missed {missed}, took {took}"


def operators_of(column: str) -> list[str]:
    return [known.arg_name for known in MongoFilterConverter(SampleInterface(Sample)).convert(column)]


def check(column: str, operators: Sequence[str]) -> None:
    shelf = Shelf(column)
    assert operators
    assert [wrong for operator in operators for wrong in shelf.wrong(operator)] == []


@covers("BaseFilter.apply", "FilterRelation.apply", "BaseFilterConverter.convert", "Filters.apply_all")
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("column", [slow_if(name in ("text", "x_string", "x_text"), name) for name in SEARCHED])
def test_filter_every_operator_finds_what_plain_python_finds(column: str) -> None:
    lists = COLUMNS[column].kind.is_several
    check(column, [operator for operator in operators_of(column) if not lists or operator not in EMPTY_OPERATORS])


@real_only("mongomock never takes an empty list for one")
@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("column", [name for name in SEARCHED if COLUMNS[name].kind.is_several])
def test_filter_emptiness_of_lists_finds_what_plain_python_finds(column: str) -> None:
    check(column, EMPTY_OPERATORS)


@real_only("mongomock neither compares nor sorts Decimal128")
@pytest.mark.usefixtures("database")
def test_filter_every_operator_on_exact_numbers_finds_what_plain_python_finds() -> None:
    check("exact", operators_of("exact"))


def test_filter_matrix_knows_every_kind_and_operator() -> None:
    searchable = {kind for kind, classes in FILTERS_BY_KIND.items() if classes}
    assert {column.kind for column in COLUMNS.values()} >= searchable
    assert set(FILTERS_BY_KIND) == set(Kind)
    offered = {filter_class.arg_name for classes in FILTERS_BY_KIND.values() for filter_class in classes}
    assert offered == set(OPERATORS)
    assert len(operators_of("string")) == 12
    assert operators_of("json") == operators_of("nonsense") == []


# Texts, where a sign that means something to a pattern or to MongoDB would show. Letters whose capital is one other
# letter, as PCRE and Python agree about those.
SIGNS = st.text(alphabet="aAbBäÄöÖåÅéÉзЗ日 \n\t.*+?^$()[]{}|\\/-_#'\"%&<>0aA\u2028🦊", max_size=6)
TEXT_OPERATORS = st.sampled_from(("ct", "nct", "sw", "nsw", "ew", "new", "eq", "neq", "in", "not_in"))


@covers("BaseFilter.apply")
@SLOWLY
@given(stored=st.lists(SIGNS, min_size=1, max_size=6), asked=st.lists(SIGNS.filter(bool), min_size=1, max_size=3),
       operator=TEXT_OPERATORS, cut=st.integers(0, 4))  # fmt: skip
def test_filter_any_text_finds_what_plain_python_finds(
    database: str, stored: list[str], asked: list[str], operator: str, cut: int
) -> None:
    Sample.objects.delete()
    # A part of what is stored is asked for as well, or little would ever be found.
    asked = [*asked, stored[0][cut:] or "x"]
    rows = {saved("string", text).pk: text or None for text in stored}
    interface = SampleInterface(Sample)
    filters = interface.get_filters(["string"])
    filters.rest_add_filters([{"col": "string", "opr": operator, "value": asked}])
    found = {item.pk for item in interface.filtered(filters)}
    assert found == {key for key, text in rows.items() if passes(Kind.STRING, operator, text, asked)}


SEVERAL = st.fixed_dictionaries({}, optional={
    "string": st.sampled_from(["a", "b", "Ab"]), "integer": st.integers(0, 4), "boolean": st.booleans(),
    "number": st.sampled_from([0.5, 1.5]),
})  # fmt: skip
CONDITION = st.one_of(
    st.tuples(st.just("string"), st.sampled_from(["ct", "nct", "eq", "neq"]), st.sampled_from(["a", "B"])),
    st.tuples(st.just("integer"), st.sampled_from(["gt", "ge", "lt", "le", "eq", "neq"]), st.integers(0, 4)),
    st.tuples(st.just("boolean"), st.sampled_from(["eq", "neq"]), st.booleans()),
    st.tuples(st.just("number"), st.sampled_from(["gt", "lt", "eq"]), st.sampled_from([0.5, 1.5])),
    st.tuples(st.sampled_from(["string", "integer", "boolean"]), st.sampled_from(EMPTY_OPERATORS), st.booleans()),
)  # fmt: skip


@covers("Filters.rest_add_filters", "Filters.get_joined_filters", "Filters.apply_all", "BaseInterface.query")
@SLOWLY
@given(rows=st.lists(SEVERAL, max_size=8), conditions=st.lists(CONDITION, max_size=4), split=st.integers(0, 4))
def test_filters_together_find_what_all_of_them_find(
    database: str, rows: list[dict[str, Any]], conditions: list[tuple[str, str, Any]], split: int
) -> None:
    Sample.objects.delete()
    kept = {Sample(**row).save().pk: row for row in rows}
    interface = SampleInterface(Sample)
    asked = [{"col": column, "opr": operator, "value": value} for column, operator, value in conditions]
    first, second = interface.get_filters(list(COLUMNS)), interface.get_filters(list(COLUMNS))
    first.rest_add_filters(asked[:split])
    second.rest_add_filters(asked[split:])
    count, found = interface.query(first.get_joined_filters(second))
    assert count == len(found)
    assert {item.pk for item in found} == {
        key
        for key, row in kept.items()
        if all(passes(COLUMNS[name].kind, operator, row.get(name), [value]) for name, operator, value in conditions)
    }


# The set of filters.


def new_filters(*search: str) -> MongoFilters:
    return SampleInterface(Sample).get_filters(list(search or SEARCHED))


@covers("Filters.add_filter", "Filters.add_filter_list", "Filters.add_filter_related_view", "Filters.copy")
@covers("Filters.clear_filters", "Filters.get_filters_values", "Filters.get_filter_value", "Filters.get_relation_cols")
def test_filters_are_added_read_copied_and_cleared() -> None:
    interface = SampleInterface(Sample)
    filters = new_filters().add_filter("string", interface.FilterContains, "a")
    filters.add_filter_list([["integer", interface.FilterGreater, 1], ["boolean", interface.FilterEqual, True]])
    filters.add_filter_related_view("one", interface.FilterRelationOneToManyEqual, "0" * 24)
    told = [(flt.column_name, flt.arg_name, value) for flt, value in filters.get_filters_values()]
    assert told == [("string", "ct", "a"), ("integer", "gt", 1), ("boolean", "eq", True), ("one", "rel_o_m", "0" * 24)]
    assert filters.get_filter_value("integer") == 1
    assert filters.get_filter_value("text") is None
    assert filters.get_relation_cols() == ["one"]
    assert [flt.is_related_view for flt, _value in filters.get_filters_values()] == [False, False, False, True]
    copied = filters.copy()
    copied.clear_filters()
    assert copied.get_filters_values() == []
    assert len(filters.get_filters_values()) == 4


@covers("Filters.get_search_filters", "Filters.add_filter_index", "Filters.get_filters_values_tojson")
@covers("BaseInterface.get_filters", "Filters.__repr__", "BaseFilter.__repr__")
def test_filters_are_those_of_the_columns_to_search() -> None:
    filters = new_filters("string", "integer")
    assert list(filters.get_search_filters()) == ["string", "integer"]
    filters.add_filter_index("string", 0, "a")
    assert filters.get_filters_values_tojson() == [("string", "Contains", "a")]
    assert "string ct 'a'" in repr(filters)
    assert str(filters.get_filters_values()[0][0].name) == "Contains"
    with pytest.raises(FilterError):
        filters.add_filter_index("string", 12, "a")
    with pytest.raises(FilterError):
        filters.rest_add_filters([{"col": "boolean", "opr": "eq", "value": True}])


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("column", [name for name, column in COLUMNS.items() if column.searchable])
def test_filter_value_of_another_shape_is_refused(column: str) -> None:
    Sample().save()
    hostile = [{"$ne": None}, [{"$gt": ""}], [["x"], ["y"]], {"$where": "1"}, "x" * 2000, "\x00", "\ud800", 10**5000]
    if not COLUMNS[column].kind.is_textual:
        hostile += ["9" * 400, "$where", 10**400]
    for operator in operators_of(column):
        for value in hostile:
            filters = new_filters(column)
            filters.rest_add_filters([{"col": column, "opr": operator, "value": value}])
            with pytest.raises(FilterError) as refused:
                list(filters.apply_all(Sample.objects))
            assert refused.value.column == column
