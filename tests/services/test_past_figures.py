"""Reports as of a past day: the values of then by the rights of now, equal to a plain replay over change entries."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import Decimal128, ObjectId
from flask import Flask, current_app

from app.cli import rebuild_past
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.schema import schema_of
from models.past import PastState, fork_of, states_at
from models.rates import ExchangeRate
from models.rights import Access, Scope, system_access
from models.security import User
from services.keeping_past import make_past_anew
from services.records import create_record, delete_record, update_record
from services.recycle_bin import empty_old
from services.reports.definition import definition_of
from services.reports.figures import Figures, figures_of
from services.upgrades import bring_up_to_date
from tests.services.replayed import FIRST, Clock, Histories, amounts, replayed

Raw = dict[str, Any]
DAYS = 120
HELSINKI = system_access("en", "Europe/Helsinki")
RATES = {"EUR": Decimal(1), "SEK": Decimal("0.0871")}


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def owners(make_user: Callable[..., User]) -> list[ObjectId]:
    return [make_user(name).pk for name in ("aino", "eero", "vilja")]


def keep_rate(currency: str, worth: str, day: dt.datetime) -> None:
    begins = dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    ExchangeRate(currency=currency, day=begins, rate=Decimal128(worth)).save()


def as_of(access: Access, day: dt.date, *groups: str, conditions: Any = (), measures: Any = ()) -> Figures:
    parts = [one.partition("/") for one in groups]
    asked = {"register": "opportunity", "as_of": day.isoformat(), "conditions": list(conditions),
             "groups": [{"column": column, "by": by} for column, _slash, by in parts],
             "measures": [{"how": "count"}, {"how": "sum", "column": "value"},
                          {"how": "weighted", "column": "value", "by": "probability"}, *measures]}  # fmt: skip
    return figures_of(access, definition_of(access, asked))


def midnight(day: dt.date, zone: str) -> dt.datetime:
    after = day + dt.timedelta(days=1)
    return dt.datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone))


def rows_of(figures: Figures) -> dict[Any, tuple[Any, ...]]:
    return {row.keys[0]: tuple(row.values) for row in figures.rows}


def plain_rows(records: dict[ObjectId, Raw], column: str) -> dict[Any, tuple[Any, ...]]:
    groups: dict[Any, list[Raw]] = {}
    for values in records.values():
        found = values.get(column)
        for key in found if isinstance(found, list) else [found]:
            groups.setdefault(key, []).append(values)
    return {key: (len(some), amounts(some, RATES), amounts(some, RATES, percent=True)) for key, some in groups.items()}


#: Conditions, and whether the values of then meet them.
CONDITIONS: list[tuple[list[Raw], Callable[[Raw], bool]]] = [
    ([], lambda values: True),
    ([{"col": "state", "opr": "eq", "value": "open"}], lambda values: values["state"] == "open"),
    ([{"col": "x_sector", "opr": "eq", "value": "a"}, {"col": "x_score", "opr": "lt", "value": 2}],
     lambda values: values.get("x_sector") == "a" and values.get("x_score") == 1),
    ([{"any": [{"col": "name", "opr": "sw", "value": "ää"}, {"col": "next_step", "opr": "ct", "value": "oit"}]}],
     lambda values: values["name"].startswith("Ää") or "oit" in values.get("next_step", "")),
    ([{"none": [{"col": "x_gone", "opr": "eq", "value": "b"}]}], lambda values: values.get("x_gone") != "b"),
    ([{"col": "closes_on", "opr": "nempty"}], lambda values: "closes_on" in values),
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_figures_of_any_past_day_equal_a_plain_replay(clock: Clock, owners: list[ObjectId], seed: int) -> None:
    keep_rate("SEK", str(RATES["SEK"]), FIRST - dt.timedelta(days=900))
    histories = Histories(clock, owners, seed)
    histories.run(160, DAYS)
    for _number in range(12):
        day = FIRST.date() + dt.timedelta(days=histories.chance.randrange(-2, DAYS + 2))
        zone = histories.chance.choice(["Europe/Helsinki", "UTC", "Asia/Kathmandu", "America/St_Johns"])
        conditions, meets = histories.chance.choice(CONDITIONS)
        column = histories.chance.choice(["owner", "stage", "state", "x_sector", "x_tags", "x_gone"])
        records = {key: values for key, values in replayed(midnight(day, zone)).items() if meets(values)}
        figures = as_of(system_access("en", zone), day, column, conditions=conditions)
        assert rows_of(figures) == plain_rows(records, column)
        assert figures.totals[:2] == [len(records), amounts(list(records.values()), RATES)]
        without = Counter(values["value"]["currency"] for values in records.values() if "value" in values)
        assert figures.left_out == {code: count for code, count in without.items() if code not in RATES}


@pytest.mark.parametrize("seed", range(2))
def test_the_past_made_anew_of_change_entries_is_what_was_kept(clock: Clock, owners: list[ObjectId], seed: int) -> None:
    Histories(clock, owners, seed).run(150, DAYS)
    kept = states()
    assert kept
    PastState._get_collection().insert_one({"register": "opportunity", "record": ObjectId(), "fork": 0, "ends": 0})
    make_past_anew(schema_of("opportunity"))
    assert states() == kept
    PastState._get_collection().delete_many({})
    bring_up_to_date()
    assert states() == kept
    bring_up_to_date()
    assert states() == kept
    PastState._get_collection().delete_many({})
    assert current_app.test_cli_runner().invoke(rebuild_past).exit_code == 0
    assert states() == kept


def states() -> list[Raw]:
    """All past states without what change entries don't speak of."""
    found = PastState._get_collection().find({}, {"_id": 0}).sort([("record", 1), ("begins", 1)])
    return [without_derived(raw) for raw in found]


def without_derived(state: Raw) -> Raw:
    document = {key: value for key, value in state["document"].items() if key != "stage_since"}
    document["ranges"] = {key: value for key, value in document["ranges"].items() if key != "stage_since"}
    return {**state, "document": {**document, "facets": sorted(document["facets"])}}


@pytest.mark.parametrize("quarter", [1, 700, 1_023, 1_024, 1_025, 1_500])
def test_a_moment_s_forks_find_exactly_the_states_that_hold_it(quarter: int) -> None:
    clauses = states_at("opportunity", quarter)["$or"]
    for begins in range(quarter - 200 if quarter > 200 else 0, quarter + 50, 3):
        for ends in [*range(begins + 1, begins + 130, 7), begins + 3_000]:
            fork = fork_of(begins, ends)
            held = [one for one in clauses if one["fork"] == fork and (
                ends >= one["ends"]["$gte"] if "ends" in one else begins < one["begins"]["$lt"])]
            assert begins < fork <= ends
            assert len(held) == (begins < quarter <= ends)


# Rights


def test_who_sees_own_records_now_sees_them_as_they_were_and_no_others(clock: Clock, owners: list[ObjectId]) -> None:
    mine, hers, _other = owners
    seller = Access(user_id=mine, grants={("opportunity", "see"): Scope.OWN}, time_zone="Europe/Helsinki")
    given = create_record(HELSINKI, "opportunity", {"name": "A", "owner": str(hers), "value": "10 EUR"})
    taken = create_record(HELSINKI, "opportunity", {"name": "B", "owner": str(mine), "value": "200 EUR"})
    deleted = create_record(HELSINKI, "opportunity", {"name": "C", "owner": str(mine), "value": "3000 EUR"})
    kept = create_record(HELSINKI, "opportunity", {"name": "D", "owner": str(mine), "value": "40000 EUR"})
    clock.to(FIRST + dt.timedelta(days=5))
    update_record(HELSINKI, "opportunity", given["_id"], {"owner": str(mine)})
    update_record(HELSINKI, "opportunity", taken["_id"], {"owner": str(hers)})
    delete_record(HELSINKI, "opportunity", deleted["_id"])
    update_record(HELSINKI, "opportunity", kept["_id"], {"value": "5 EUR"})
    day = FIRST.date()
    assert as_of(seller, day).totals[:2] == [3, Decimal("43010.00")]
    assert rows_of(as_of(seller, day, "owner")) == {hers: (1, 10, 1), mine: (2, 43000, 4300)}
    assert as_of(HELSINKI, day).totals[0] == 4
    nobody = Access(user_id=mine, grants={("company", "see"): Scope.ALL})
    with pytest.raises(ValidationFailed):
        as_of(nobody, day)


def test_hidden_fields_are_hidden_of_the_past_too(clock: Clock) -> None:
    raw = create_record(HELSINKI, "opportunity", {"name": "A", "value": "10 EUR"})
    clock.to(FIRST + dt.timedelta(days=5))
    update_record(HELSINKI, "opportunity", raw["_id"], {"value": "20 EUR"})
    reader = Access(user_id=ObjectId(), grants={("opportunity", "see"): Scope.ALL},
                    hidden={"opportunity": frozenset({"value"})})  # fmt: skip
    with pytest.raises(ValidationFailed):
        as_of(reader, FIRST.date())
    asked = {"register": "opportunity", "as_of": str(FIRST.date()), "measures": [{"how": "count"}]}
    with pytest.raises(ConditionError):
        definition_of(reader, {**asked, "conditions": [{"col": "value", "opr": "gt", "value": "5 EUR"}]})
    assert figures_of(reader, definition_of(reader, asked)).totals == [1]


def test_what_is_gone_for_good_is_gone_from_the_past(clock: Clock) -> None:
    raw = create_record(HELSINKI, "opportunity", {"name": "A", "value": "10 EUR"})
    clock.to(FIRST + dt.timedelta(days=5))
    delete_record(HELSINKI, "opportunity", raw["_id"])
    assert as_of(HELSINKI, FIRST.date()).totals[0] == 1
    clock.to(FIRST + dt.timedelta(days=100))
    assert empty_old(days=30) == 1
    assert as_of(HELSINKI, FIRST.date()).totals[0] == 0
    assert not PastState._get_collection().count_documents({})


# Days


def test_amounts_are_converted_by_the_rates_of_that_day(clock: Clock) -> None:
    keep_rate("SEK", "0.08", FIRST - dt.timedelta(days=30))
    keep_rate("SEK", "0.1", FIRST + dt.timedelta(days=10))
    create_record(HELSINKI, "opportunity", {"name": "A", "value": "1000 SEK"})
    days = (-1, 0, 9, 10)
    sums = [as_of(HELSINKI, FIRST.date() + dt.timedelta(days=day)).totals[1] for day in days]
    assert sums == [0, 80, 80, 100]


def test_periods_of_conditions_are_those_of_that_day(clock: Clock) -> None:
    create_record(HELSINKI, "opportunity", {"name": "A", "closes_on": "2026-03-20"})
    create_record(HELSINKI, "opportunity", {"name": "B", "closes_on": "2026-04-20"})
    this_month = [{"col": "closes_on", "opr": "period", "value": "this_month"}]
    for day in (dt.date(2026, 3, 15), dt.date(2026, 4, 15)):
        figures = as_of(HELSINKI, day, "closes_on/month", conditions=this_month)
        assert [row.keys for row in figures.rows] == [(day.replace(day=1),)]


def test_changes_within_a_quarter_of_an_hour_leave_one_state(clock: Clock) -> None:
    raw = create_record(HELSINKI, "opportunity", {"name": "A", "value": "1 EUR"})
    for minute, value in ((3, "2 EUR"), (14, "3 EUR"), (20, "4 EUR")):
        clock.to(FIRST + dt.timedelta(minutes=minute))
        update_record(HELSINKI, "opportunity", raw["_id"], {"value": value})
    kept = PastState._get_collection().find_one({})
    assert kept
    assert kept["document"]["value"]["amount"].to_decimal() == 3
    assert PastState._get_collection().count_documents({}) == 1


def test_the_past_of_a_register_that_keeps_none_is_refused_with_a_message(admin_access: Access) -> None:
    with pytest.raises(ValidationFailed) as failed:
        definition_of(admin_access, {"register": "company", "as_of": "2026-01-01"})
    assert set(failed.value.messages()) == {"as_of"}
