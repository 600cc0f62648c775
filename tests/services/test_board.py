"""The pipeline board: columns with what they are worth, cards in order, what comes next, what has rested."""

import datetime as dt
import random
from collections import defaultdict
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import mongoengine as me
import pytest
from bson import Decimal128
from flask import Flask

from models.fields.kinds.numbers import amount_of
from models.opportunities import Opportunity
from models.organisation import Organisation
from models.pipelines import OWN, PipelineDocument
from models.rates import ExchangeRate
from models.rights import Access, system_access
from models.security import FieldRight, User
from services.board import CARDS, Asked, Board, cards_of, find_pipeline, more_cards, read_board, worth_of
from services.currencies import rates_on
from services.opportunities import close, move_to, reopen
from services.records import VersionConflict, create_record, update_record
from tests.factories import CompanyFactory

Raw = dict[str, Any]
SYSTEM = system_access()
TODAY = dt.datetime.now(dt.UTC).date()

pytestmark = pytest.mark.usefixtures("app")


def add(**values: Any) -> Raw:
    access = values.pop("access", SYSTEM)
    return create_record(access, "opportunity", {"name": "Siltanosturi", **values})


def activity(opportunity: Raw, **values: Any) -> Raw:
    linked = {"opportunities": [str(opportunity["_id"])]}
    access = values.pop("access", SYSTEM)
    return create_record(access, "activity", {"name": "Soitto", "kind": "task", **linked, **values})


def day(days: int) -> str:
    return (TODAY + dt.timedelta(days=days)).isoformat()


def board(access: Access = SYSTEM, *conditions: Raw) -> Board:
    return read_board(Asked(access, OWN, conditions))


def names(found: Board, stage: str) -> list[str]:
    return [raw["name"] for column in found.columns if column.stage.key == stage for raw in column.rows]


def test_columns_hold_the_open_ones_of_their_stage_and_what_they_are_worth() -> None:
    add(value="100.10 EUR")
    add(value="50 EUR", probability=33)
    add(stage="offer", value="1000 EUR", closes_on=day(-1))
    add(stage="offer")
    update_record(SYSTEM, "opportunity", add(stage="offer", value="7 EUR")["_id"], {"state": "won"})
    found = board()
    sums = {column.stage.key: column.sums for column in found.columns}
    assert list(sums) == ["qualification", "needs", "offer", "negotiation"]
    assert [sums[stage].count for stage in sums] == [2, 0, 2, 0]
    assert sums["qualification"].values == {"EUR": Decimal("150.10")}
    assert sums["qualification"].weighted == {"EUR": Decimal("26.51")}
    assert (sums["offer"].weighted, sums["offer"].late) == ({"EUR": Decimal(500)}, 1)
    assert (found.closed["won"].count, found.closed["won"].values) == (1, {"EUR": Decimal(7)})
    assert found.closed["lost"].count == 0
    assert (found.total.count, found.total.late, found.total.values["EUR"]) == (4, 1, Decimal("1150.10"))


def test_what_was_closed_before_this_quarter_is_not_told() -> None:
    lost = add(value="9 EUR")
    close(SYSTEM, lost["_id"], "lost", {"reason": "price", "closed_on": "2020-01-01"}, lost["version"])
    assert board().closed["lost"].count == 0


def test_cards_stand_by_their_day_then_by_name() -> None:
    for name, closes in (("B", ""), ("A", ""), ("Z", day(1)), ("Ä", day(2)), ("C", day(2))):
        add(name=name, closes_on=closes, value="1 SEK" if name in "AZ" else "")
    assert names(board(), "qualification") == ["Z", "C", "Ä", "A", "B"]


def test_more_cards_follow_where_the_first_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.board.CARDS", 3)
    for number in range(8):
        closes, currency = day(number // 2) if number < 6 else "", "EUR" if number % 2 else "SEK"
        add(name=f"N{number}", closes_on=closes, value=f"1 {currency}")
    asked = Asked(SYSTEM, OWN)
    column = read_board(asked).columns[0]
    seen, after = [raw["name"] for raw in column.rows], column.after
    while after:
        rows, after = more_cards(asked, "qualification", after)
        seen += [raw["name"] for raw in rows]
    assert seen == [f"N{number}" for number in range(8)]
    assert more_cards(asked, "nowhere", column.after)[0] == []


def test_conditions_narrow_cards_and_sums() -> None:
    add(name="Alfa", value="1 EUR")
    add(name="Beta", value="2 EUR")
    found = board(SYSTEM, {"col": "name", "opr": "ct", "value": "bet"})
    assert (found.total.count, found.total.values) == (1, {"EUR": Decimal(2)})


def test_sums_are_those_of_python_over_the_data() -> None:
    """To the cent, whatever the currencies and the probabilities."""
    rates = {"EUR": Decimal(1), "SEK": Decimal("0.0871234567"), "USD": Decimal("0.9")}
    for code in ("SEK", "USD"):
        ExchangeRate(currency=code, day=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), rate=Decimal128(rates[code])).save()
    numbers = random.Random(7)
    for _number in range(120):
        currency = numbers.choice(["EUR", "SEK", "USD", "NOK"])
        add(stage=numbers.choice([stage.key for stage in OWN.stages]),
            value=f"{numbers.randint(1, 10**7) / 100:.2f} {currency}", probability=numbers.randint(0, 100))  # fmt: skip
    exact: dict[str, Decimal] = defaultdict(Decimal)
    weighted: dict[str, Decimal] = defaultdict(Decimal)
    for raw in Opportunity._get_collection().find():
        if raw["value"]["currency"] in rates:
            amount = amount_of(raw["value"]) * rates[raw["value"]["currency"]]
            exact[raw["stage"]] += amount
            weighted[raw["stage"]] += amount * raw["probability"] / 100
    kept, left_out = rates_on(TODAY), 0
    for column in board().columns:
        sums = column.sums
        for values, wanted in ((sums.values, exact), (sums.weighted, weighted)):
            worth = worth_of(values, sums.valued, kept)
            assert worth.amount == wanted[column.stage.key].quantize(Decimal("0.01"), ROUND_HALF_UP)
        left_out += worth.left_out.get("NOK", 0)
    assert left_out == Opportunity.objects(value__currency="NOK").count() > 0


def test_sums_are_in_the_organisation_s_currency() -> None:
    Organisation(currency="SEK").save()
    ExchangeRate(currency="EUR", day=dt.datetime(2020, 1, 1, tzinfo=dt.UTC), rate=Decimal128("11.5")).save()
    assert worth_of({"EUR": Decimal(2), "SEK": Decimal(1)}, {}, rates_on(TODAY)).amount == Decimal(24)


def test_a_seller_with_own_records_sees_own_sums_and_activities_alone(
    make_user: Callable[..., User], make_role: Callable[..., Any], access_of: Callable[[User], Access]
) -> None:
    role = make_role("Own", *((register, action, "own") for register in ("opportunity", "activity")
                              for action in ("see", "add", "change")))  # fmt: skip
    seller = access_of(make_user("seller", role))
    mine = add(access=seller, value="5 EUR", name="Mine")
    add(value="1000 EUR", name="Other")
    won = add(value="800 EUR")
    update_record(SYSTEM, "opportunity", won["_id"], {"state": "won"})
    activity(mine, name="Not mine", due_on=day(1))
    found = board(seller)
    assert (names(found, "qualification"), found.total.values) == (["Mine"], {"EUR": Decimal(5)})
    assert found.closed["won"].count == 0
    assert cards_of(Asked(seller, OWN), found.columns[0].rows).steps == {}
    activity(mine, access=seller, name="My own", due_on=day(2))
    assert [raw["name"] for raw in cards_of(Asked(seller, OWN), found.columns[0].rows).steps.values()] == ["My own"]


def test_hidden_fields_are_in_no_sum_and_no_card(
    make_user: Callable[..., User], make_role: Callable[..., Any], access_of: Callable[[User], Access]
) -> None:
    hidden = [FieldRight(register="opportunity", column=name, access="hidden")
              for name in ("value", "closes_on", "closed_on", "company")]  # fmt: skip
    role = make_role("Narrow", ("opportunity", "see", "all"), field_rights=hidden)
    add(value="5 EUR", closes_on=day(-1), company=str(CompanyFactory()["_id"]))
    found = board(access_of(make_user("narrow", role)))
    column = found.columns[0]
    assert (column.sums.count, column.sums.late, column.sums.values, column.sums.weighted) == (1, 0, {}, {})
    assert not {"value", "closes_on", "company"} & set(column.rows[0])
    assert found.closed == {}


def test_what_comes_next_is_the_first_open_activity() -> None:
    raw = add()
    activity(raw, name="Done", due_on=day(1), state="done")
    activity(raw, name="Undated")
    activity(raw, name="Later", due_on=day(9))
    activity(raw, name="Weekly", kind="meeting", repeats="FREQ=WEEKLY",
             starts_at=(dt.datetime.now(dt.UTC) - dt.timedelta(days=364, hours=2)).isoformat())  # fmt: skip
    steps = cards_of(Asked(SYSTEM, OWN), [raw]).steps
    assert steps[raw["_id"]]["name"] == "Weekly"
    assert steps[raw["_id"]]["starts_at"] > dt.datetime.now(dt.UTC)
    activity(raw, name="Late", due_on=day(-3))
    assert cards_of(Asked(SYSTEM, OWN), [raw]).steps[raw["_id"]]["name"] == "Late"


def aged(raw: Raw, days: int) -> Raw:
    """The opportunity as if it had been in its stage for so many days."""
    since = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    Opportunity._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"stage_since": since}})
    return {**raw, "stage_since": since}


def test_what_has_rested_longer_than_its_stage_allows_stands_out() -> None:
    fresh, resting, called = aged(add(), 30), aged(add(), 45), aged(add(), 90)
    activity(called, kind="call", state="done")
    offered = aged(add(stage="offer"), 22)
    rows = [fresh, resting, called, offered]
    assert cards_of(Asked(SYSTEM, OWN), rows).resting == {resting["_id"]: 45, offered["_id"]: 22}


def test_a_retired_stage_has_its_column_as_long_as_something_is_in_it() -> None:
    stages = [{"key": "first", "label": {"en": "First"}, "probability": 1},
              {"key": "old", "label": {"en": "Old"}, "probability": 2}]  # fmt: skip
    document = PipelineDocument(key="sales", label={"en": "Sales"}, stages=stages).save()
    me.get_db()["schema_version"].update_one({"_id": "fields"}, {"$inc": {"n": 1}})
    from models.fields.definitions import forget_version

    forget_version()
    raw = add(stage="old")
    stages[1]["retired"] = True
    document.update(stages=stages)
    me.get_db()["schema_version"].update_one({"_id": "fields"}, {"$inc": {"n": 1}})
    forget_version()
    asked = Asked(SYSTEM, find_pipeline("sales"))
    assert [column.stage.key for column in read_board(asked).columns] == ["first", "old"]
    move_to(SYSTEM, raw["_id"], "first", raw["version"])
    assert [column.stage.key for column in read_board(asked).columns] == ["first"]


def test_moving_goes_by_the_version_that_was_seen() -> None:
    raw = add()
    moved = move_to(SYSTEM, raw["_id"], "offer", raw["version"])
    assert (moved["stage"], moved["probability"]) == ("offer", 50)
    with pytest.raises(VersionConflict):
        move_to(SYSTEM, raw["_id"], "needs", raw["version"])


def test_what_was_lost_is_taken_up_again() -> None:
    raw = add()
    lost = close(SYSTEM, raw["_id"], "lost", {"reason": "price"}, raw["version"])
    assert board().total.count == 0
    assert reopen(SYSTEM, raw["_id"], lost["version"])["state"] == "open"
    assert board().total.count == 1


def test_a_column_shows_so_many_cards_at_once(app: Flask) -> None:
    for number in range(CARDS + 1):
        add(name=f"N{number}")
    column = board().columns[0]
    assert (len(column.rows), column.sums.count, bool(column.after)) == (CARDS, CARDS + 1, True)
