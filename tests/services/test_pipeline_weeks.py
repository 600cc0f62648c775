"""The offer book week by week: each week's figures are those of a report as of the week's end."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from flask import Flask

from models.fields.errors import ConditionError
from models.past import PastState, fork_of, states_within
from models.rights import Access, Scope, system_access
from models.security import User
from services import pipeline_weeks
from services.past_records import end_of
from services.pipeline_weeks import Development, development, equal_weeks, groups_of, place_after, week_ends
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


def test_each_week_is_a_report_as_of_its_end(recent: Histories, owners: list[ObjectId]) -> None:
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


@pytest.mark.parametrize(("first", "last"), [(600, 700), (1_000, 1_100), (1_024, 1_025), (0, 900)])
def test_states_within_a_span_meet_one_half_of_its_condition_and_others_none(first: int, last: int) -> None:
    halves = states_within("opportunity", first, last)
    for begins in range(max(first - 150, 0), last + 20, 3):
        for ends in [*range(begins + 1, begins + 140, 7), begins + 3_000]:
            state = {"begins": begins, "ends": ends, "fork": fork_of(begins, ends)}
            held = [clause for half in halves for clause in half["$or"] if meets(state, clause)]
            assert len(held) == (begins < last and ends >= first)


def meets(state: dict[str, int], clause: Raw) -> bool:
    compare = {"$gte": int.__ge__, "$gt": int.__gt__, "$lte": int.__le__, "$lt": int.__lt__}
    return all(state[name] == asked if isinstance(asked, int) else
               all(compare[code](state[name], bound) for code, bound in asked.items())
               for name, asked in clause.items() if name != "register")  # fmt: skip


def test_places_are_counted_over_changed_clocks(app: Flask) -> None:
    zone = ZoneInfo("Europe/Helsinki")
    ends = [end_of(day, zone) for day in week_ends(dt.date(2026, 12, 1), 52)]
    assert len(list(equal_weeks(ends))) == 3
    quarters = [end + step for end in ends for step in (-700, -5, -4, -1, 0, 1, 4, 300)]
    PastState._get_collection().insert_many([{"begins": quarter} for quarter in quarters])
    found = PastState._get_collection().aggregate([{"$project": {"begins": 1, "n": place_after("$begins", ends)}}])
    for raw in found:
        assert raw["n"] == sum(end <= raw["begins"] for end in ends)


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
