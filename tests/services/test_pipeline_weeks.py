"""The offer book week by week: each week's figures are those of a report as of the week's end."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.fields.errors import ConditionError
from models.past import PastState
from models.rights import Access, Scope, system_access
from models.security import User
from services import pipeline_weeks
from services.pipeline_weeks import Development, development, groups_of, week_ends
from services.records import create_record
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from tests.services.replayed import Clock, Histories
from tests.services.test_past_figures import keep_rate

Raw = dict[str, Any]
HELSINKI = system_access("en", "Europe/Helsinki")
OPEN = {"col": "state", "opr": "eq", "value": "open"}


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def owners(make_user: Callable[..., User]) -> list[ObjectId]:
    return [make_user(name).pk for name in ("aino", "eero", "vilja")]


@pytest.fixture
def recent(clock: Clock, owners: list[ObjectId], monkeypatch: pytest.MonkeyPatch) -> Histories:
    """A history that ends today, over a change of clocks or not."""
    start = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(days=200)
    monkeypatch.setattr("tests.services.replayed.FIRST", start)
    keep_rate("SEK", "0.0871234", start - dt.timedelta(days=90))
    keep_rate("SEK", "0.0954321", start + dt.timedelta(days=100))
    histories = Histories(clock, owners, 11)
    histories.run(220, 200)
    return histories


def report(access: Access, day: dt.date | None, by: str, conditions: list[Raw]) -> Any:
    return figures_of(access, definition_of(access, {
        "register": "opportunity", "as_of": str(day) if day else None, "groups": [{"column": by}],
        "conditions": [*conditions, OPEN], "measures": [
            {"how": "count"}, {"how": "sum", "column": "value"},
            {"how": "weighted", "column": "value", "by": "probability"}]}))  # fmt: skip


def assert_same_as_reports(access: Access, found: Development, by: str, conditions: list[Raw]) -> None:
    for place, day in enumerate(found.days):
        figures = report(access, day if place < len(found.days) - 1 else None, by, conditions)
        there = {course.text: course.values[place] for course in found.courses if course.values[place][0]}
        assert there == {row.texts[0]: row.values for row in figures.rows}
        assert found.totals[place] == figures.totals
    assert dict(found.left_out) == dict(figures.left_out)


@pytest.mark.parametrize("through", [True, False])
def test_each_week_is_a_report_as_of_its_end(
    recent: Histories, owners: list[ObjectId], monkeypatch: pytest.MonkeyPatch, through: bool
) -> None:
    monkeypatch.setattr(pipeline_weeks, "LARGE_PART", 0.0 if through else 2.0)
    mine: list[Raw] = [{"col": "owner", "opr": "eq", "value": str(owners[0])}]
    for zone in ("Europe/Helsinki", "America/New_York"):
        access = system_access("en", zone)
        for by, conditions in (("owner", []), ("stage", mine), ("x_sector", [])):
            found = development(access, conditions, 30, by)
            assert len(found.days) == 31
            assert_same_as_reports(access, found, by, conditions)


def test_a_seller_sees_own_records_alone(recent: Histories, owners: list[ObjectId]) -> None:
    seller = Access(user_id=owners[1], grants={("opportunity", "see"): Scope.OWN}, time_zone="Europe/Helsinki")
    assert_same_as_reports(seller, development(seller, [], 13, "stage"), "stage", [])


def test_beyond_the_largest_groups_the_others_share_a_course(
    recent: Histories, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = development(HELSINKI, [], 4, "stage")
    monkeypatch.setattr(pipeline_weeks, "MOST_COURSES", 1)
    cut = development(HELSINKI, [], 4, "stage")
    assert [course.others for course in cut.courses] == [False, True]
    assert cut.courses[1].text == f"{len(whole.courses) - 1} others"
    assert cut.totals == whole.totals
    for place in range(5):
        assert sum(course.values[place][0] for course in cut.courses) == whole.totals[place][0]


def test_weeks_end_on_sundays_before_today() -> None:
    assert week_ends(dt.date(2026, 11, 27), 2) == [dt.date(2026, 11, 15), dt.date(2026, 11, 22)]
    assert week_ends(dt.date(2026, 11, 29), 1) == [dt.date(2026, 11, 22)]
    assert week_ends(dt.date(2026, 11, 30), 1) == [dt.date(2026, 11, 29)]


def test_an_empty_offer_book_has_days_and_no_courses(app: Flask) -> None:
    found = development(HELSINKI, [], 13)
    assert (len(found.days), found.courses) == (14, [])
    assert found.totals == [[0, 0, 0]] * 14


def test_only_fields_of_few_values_that_the_reader_sees_tell_it(app: Flask) -> None:
    columns = {one.column for one in groups_of(HELSINKI)}
    assert {"owner", "team", "stage", "company"} <= columns
    assert not {"name", "value", "people", "products"} & columns
    reader = Access(user_id=ObjectId(), grants={("opportunity", "see"): Scope.ALL},
                    hidden={"opportunity": frozenset({"stage"})})  # fmt: skip
    for access, by in ((HELSINKI, "name"), (HELSINKI, ""), (reader, "stage")):
        with pytest.raises(ConditionError):
            development(access, [], 4, by)


def test_what_was_added_since_the_last_week_is_there_now(app: Flask) -> None:
    create_record(HELSINKI, "opportunity", {"name": "A", "value": "5 EUR"})
    found = development(HELSINKI, [], 1, "stage")
    assert [day[0] for day in found.totals] == [0, 1]
    assert not PastState._get_collection().count_documents({})
