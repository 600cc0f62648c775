"""Our choice of index: what it reads, and that it never changes a result."""

import random
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.companies import Company
from models.fields.query import every_of
from services import planning
from services.planning import (
    BY_FACET,
    BY_NAME,
    BY_RANGE,
    READ_THROUGH,
    leads_of,
    plan_for_names,
    plan_for_sorting,
    predicates_of,
)
from services.reading import Reader

FACET = {"facets": "x_size=big"}
RANGE = {"ranges.staff": {"$gte": 90}}
TEXT = {"custom.note": {"$regex": "zzz"}}


@pytest.fixture
def companies(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """3,000 companies: 2,900 are big, 100 small; `staff` is 0 to 99."""
    # What was counted for other tests is remembered for a minute.
    monkeypatch.setattr(planning, "_estimates", {})
    collection = Company._get_collection()
    collection.insert_many([
        {"_id": ObjectId(), "name": f"Y{n:04}", "sort_name": f"y{n:04}", "version": 1,
         "facets": ["x_size=big" if n % 30 else "x_size=small"], "ranges": {"staff": n % 100}, "custom": {"note": "a"}}
        for n in range(3_000)
    ])  # fmt: skip
    return collection


def examined(collection: Any, query: dict, hint: Any) -> int:
    cursor = collection.find(query).sort([("sort_name", 1), ("_id", 1)]).limit(25)
    plan = (cursor.hint(hint) if hint else cursor).explain()
    assert plan["queryPlanner"]["rejectedPlans"] == []
    return plan["executionStats"]["totalDocsExamined"]


@pytest.mark.parametrize(("predicates", "hint"), [
    ([], BY_NAME),
    ([FACET], BY_FACET),
    ([FACET, {"facets": "x_size=small"}], BY_FACET),
    ([FACET, {"ranges.staff": {"$gte": 10, "$lt": 12}}], BY_RANGE),
    ([FACET, {"ranges.staff": {"$gte": 1}}], BY_FACET),
    ([{"ranges.staff": {"$gte": 10}}], BY_NAME),
    ([{"$nor": [FACET]}], BY_NAME),
    ([{"ranges.staff": None}], READ_THROUGH),
    ([TEXT], READ_THROUGH),
    ([TEXT, RANGE], BY_RANGE),
    ([{"sort_name": {"$regex": "zz"}}, TEXT], BY_NAME),
    ([{"_id": {"$in": []}}, FACET], "_id_"),
], ids=str)  # fmt: skip
def test_plan_for_names_takes_the_index_that_reads_least(companies: Any, predicates: list, hint: Any) -> None:
    assert plan_for_names(companies, predicates).hint == hint


def test_plan_leads_by_the_rarest_of_several_choices(companies: Any) -> None:
    plan = plan_for_names(companies, [FACET, {"facets": "x_size=small"}])
    assert plan.lead is not None
    assert plan.lead.predicates == ({"facets": "x_size=small"},)
    assert examined(companies, plan.query, plan.hint) == 100


def test_plan_reads_only_the_page_where_choices_come_in_name_order(companies: Any) -> None:
    plan = plan_for_names(companies, [FACET])
    assert examined(companies, plan.query, plan.hint) == 25


def test_plan_bounds_an_index_by_both_ends_of_a_range(companies: Any) -> None:
    ends = [{"ranges.staff": {"$gte": 10}}, {"ranges.staff": {"$lte": 11}}]
    assert [lead.index for lead in leads_of(ends)] == [BY_RANGE]
    plan = plan_for_sorting(companies, ends)
    assert examined(companies, plan.query, plan.hint) == 60


def test_reader_sorted_by_a_number_reads_only_the_page(companies: Any) -> None:
    assert Reader(companies, (FACET,)).counts_quickly()
    assert not Reader(companies, (FACET, {"ranges.staff": {"$gte": 1}})).counts_quickly()
    assert Reader(companies, (FACET, {"ranges.staff": {"$gte": 1}})).sample() <= 1_000


def test_predicates_of_nested_conditions_are_flat() -> None:
    inner = {"$and": [FACET, {"$and": [RANGE, TEXT]}]}
    assert predicates_of(every_of([inner, {"a": 1}])) == [FACET, RANGE, TEXT, {"a": 1}]
    assert predicates_of({}) == []


def test_plans_find_what_the_same_query_finds_without_a_hint(companies: Any) -> None:
    parts = [FACET, {"facets": {"$in": ["x_size=small", "x_no=1"]}}, RANGE, {"ranges.staff": {"$lt": 95}},
             {"ranges.staff": None}, {"$nor": [RANGE]}, {"sort_name": {"$regex": "^y1"}}, {"sort_name": {"$gt": "y2"}},
             {"facets": {"$elemMatch": {"$gte": "x_size=", "$lt": "x_size>"}}}, {"custom.note": "a"}]  # fmt: skip
    chance = random.Random(7)
    for _ in range(60):
        chosen = chance.sample(parts, chance.randint(0, 4))
        wanted = {raw["_id"] for raw in companies.find(every_of(chosen))}
        for plan in (plan_for_names(companies, chosen), plan_for_sorting(companies, chosen)):
            found = companies.find(plan.query, **plan.options).sort([("sort_name", 1), ("_id", 1)])
            assert {raw["_id"] for raw in found} == wanted
        assert Reader(companies, tuple(chosen)).count(None) == len(wanted)
