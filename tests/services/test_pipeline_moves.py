"""What moved in the offer book since a day: every way there is, and a bridge that adds up to the cent."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.changes import Change
from models.fields.errors import ConditionError
from models.rights import Access, Scope, system_access
from models.security import User
from services.pipeline_moves import Movement, Movements, movements
from services.records import create_record, delete_record, update_record
from services.recycle_bin import restore_records
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from tests.services.replayed import FIRST, Clock, Histories, replayed
from tests.services.test_past_figures import keep_rate, midnight

Raw = dict[str, Any]
HELSINKI = system_access("en", "Europe/Helsinki")
DAY = FIRST.date()
OPEN = {"col": "state", "opr": "eq", "value": "open"}


@pytest.fixture
def clock(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def owners(make_user: Callable[..., User]) -> list[ObjectId]:
    return [make_user(name).pk for name in ("aino", "eero", "vilja")]


def add(name: str, **values: Any) -> Raw:
    return create_record(HELSINKI, "opportunity", {"name": name, **values})


def change(raw: Raw, **values: Any) -> Raw:
    return update_record(HELSINKI, "opportunity", raw["_id"], values)


def told(found: Movements) -> dict[str, tuple[Decimal, list[str]]]:
    """{key: (sum, names)} of the movements that there are."""
    return {one.key: (one.sum, [moved.name for moved in one.largest()]) for one in found.all_movements if one.count}


def adds_up(found: Movements) -> bool:
    counts = {one.key: one.count for one in found.steps}
    came, gone = ("new", "reopened", "joined"), ("won", "lost", "left", "deleted")
    count = found.then_count + sum(counts[key] for key in came) - sum(counts[key] for key in gone)
    value = found.then + found.rates + sum((one.sum for one in found.steps), Decimal(0))
    return (count, value) == (found.now_count, found.now)


def test_each_way_of_moving_is_told(clock: Clock) -> None:
    kept = add("kept", value="1 EUR", closes_on="2026-06-01")
    records = {name: add(name, value="100 EUR", closes_on="2026-06-01") for name in (
        "won", "lost", "grown", "shrunk", "slipped", "sooner", "deleted", "emptied", "grown and won")}
    again = add("reopened", value="100 EUR", state="lost", reason="price")
    add("edited, lost", value="7 EUR", state="lost", reason="price")
    restored = add("restored", value="30 EUR")
    delete_record(HELSINKI, "opportunity", restored["_id"])
    clock.to(FIRST + dt.timedelta(days=3))
    change(records["won"], state="won")
    change(records["lost"], state="lost", reason="price")
    change(records["grown"], value="150 EUR")
    change(records["shrunk"], value="99.99 EUR")
    change(records["slipped"], closes_on="2026-07-01")
    change(records["sooner"], closes_on="2026-05-01")
    change(records["emptied"], value="")
    change(records["grown and won"], value="130 EUR", state="won")
    delete_record(HELSINKI, "opportunity", records["deleted"]["_id"])
    change(again, state="open")
    change(kept, next_step="Soita")
    restore_records(HELSINKI, [restored["_id"]])
    add("new", value="50 EUR")
    add("new and lost", value="5 EUR", state="lost", reason="price")
    found = movements(HELSINKI, [], DAY)
    assert (found.then, found.then_count, found.now, found.now_count) == (901, 10, Decimal("630.99"), 9)
    assert found.rates == 0
    assert told(found) == {
        "new": (55, ["new", "new and lost"]), "reopened": (130, ["reopened", "restored"]),
        "grown": (80, ["grown", "grown and won"]), "shrunk": (Decimal("-100.01"), ["emptied", "shrunk"]),
        "won": (-230, ["grown and won", "won"]), "lost": (-105, ["lost", "new and lost"]),
        "deleted": (-100, ["deleted"]), "slipped": (100, ["slipped"]), "sooner": (100, ["sooner"]),
    }  # fmt: skip
    assert adds_up(found)
    moved = by_key(found)["grown"].largest()[0]
    assert (moved.record, moved.amount) == (records["grown"]["_id"], 50)
    assert [str(raw["value"]["amount"]) for raw in (moved.before, moved.after) if raw] == ["100.00", "150.00"]


def by_key(found: Movements) -> dict[str, Movement]:
    return {one.key: one for one in found.all_movements}


def test_what_meets_the_conditions_no_more_has_left_and_what_meets_them_has_come(
    clock: Clock, owners: list[ObjectId]
) -> None:
    mine, other = map(str, owners[:2])
    given, taken = add("given", owner=mine, value="10 EUR"), add("taken", owner=other, value="20 EUR")
    clock.to(FIRST + dt.timedelta(days=3))
    change(given, owner=other, value="11 EUR")
    change(taken, owner=mine, value="22 EUR", state="won")
    found = movements(HELSINKI, [{"col": "owner", "opr": "eq", "value": mine}], DAY)
    assert told(found) == {"left": (-10, ["given"]), "joined": (22, ["taken"]), "won": (-22, ["taken"])}
    assert (found.then, found.now) == (10, 0)
    assert adds_up(found)


def test_rates_that_changed_are_a_step_of_their_own(clock: Clock) -> None:
    keep_rate("SEK", "0.08", FIRST - dt.timedelta(days=30))
    keep_rate("SEK", "0.1", FIRST + dt.timedelta(days=2))
    add("same", value="1000 SEK")
    grown = add("grown", value="100 SEK")
    add("without", value="9 NOK")
    clock.to(FIRST + dt.timedelta(days=3))
    change(grown, value="150 SEK")
    add("also without", value="9 NOK")
    found = movements(HELSINKI, [], DAY)
    assert (found.then, found.rates, found.now) == (88, 22, 115)
    assert told(found) == {"grown": (5, ["grown"]), "new": (0, ["also without"])}
    assert (found.left_out_then, found.left_out) == ({"NOK": 1}, {"NOK": 2})


@pytest.mark.parametrize("seed", range(3))
def test_the_bridge_of_any_history_adds_up_to_the_cent(clock: Clock, owners: list[ObjectId], seed: int) -> None:
    keep_rate("SEK", "0.0871234", FIRST - dt.timedelta(days=90))
    keep_rate("SEK", "0.0954321", FIRST + dt.timedelta(days=60))
    histories = Histories(clock, owners, seed)
    histories.run(170, 120)
    conditions: list[list[Raw]] = [[], [{"col": "owner", "opr": "eq", "value": str(owners[0])}],
                                   [{"col": "value", "opr": "gt", "value": "500 EUR"}], [OPEN]]  # fmt: skip
    for offset in range(-1, 121, 11):
        day = DAY + dt.timedelta(days=offset)
        asked = conditions[offset % len(conditions)]
        found = movements(HELSINKI, asked, day)
        assert adds_up(found)
        assert abs(found.rates) < (Decimal("0.1") if offset > 60 else Decimal(10**6))
        then, now = ((*figures.totals, dict(figures.left_out)) for figures in (book(asked, day), book(asked, None)))
        assert (found.then_count, found.then, dict(found.left_out_then)) == then
        assert (found.now_count, found.now, dict(found.left_out)) == now


def book(conditions: list[Raw], day: dt.date | None) -> Any:
    asked = {"register": "opportunity", "as_of": day and str(day), "conditions": [*conditions, OPEN],
             "measures": [{"how": "count"}, {"how": "sum", "column": "value"}]}  # fmt: skip
    return figures_of(HELSINKI, definition_of(HELSINKI, asked))


@pytest.mark.parametrize("seed", range(2))
def test_movements_equal_a_plain_comparison_of_replayed_records(
    clock: Clock, owners: list[ObjectId], seed: int
) -> None:
    Histories(clock, owners, 40 + seed).run(150, 100)
    now = replayed(FIRST + dt.timedelta(days=400))
    for offset in (0, 20, 50, 99):
        day = DAY + dt.timedelta(days=offset)
        then = replayed(midnight(day, "Europe/Helsinki"))
        found = {one.key: {moved.record for moved in one.moved} for one in movements(HELSINKI, [], day).all_movements}
        was_open = {key for key, values in then.items() if values["state"] == "open"}
        decided = {state: {key for key, values in now.items() if values["state"] == state} for state in ("won", "lost")}
        for state, records in decided.items():
            assert found[state] == {key for key in records if then.get(key, {}).get("state") != state and (
                key in then or key not in gone_then(day))}  # fmt: skip
        assert found["deleted"] == was_open - set(now)
        assert found["new"] == {key for key in now if key not in then and key not in gone_then(day)}
        later = {key for key in was_open & set(now) if now[key]["state"] == "open"
                 and (a := then[key].get("closes_on")) and (b := now[key].get("closes_on")) and b > a}  # fmt: skip
        assert found["slipped"] == later
        assert not found["left"] | found["joined"]


def gone_then(day: dt.date) -> set[ObjectId]:
    """What had been there and was deleted at the end of the day."""
    moment = midnight(day, "Europe/Helsinki")
    ever = Change._get_collection().distinct("record", {"register": "opportunity", "at": {"$lt": moment}})
    return set(ever) - set(replayed(moment))


def test_a_seller_sees_the_movements_of_own_records_alone(clock: Clock, owners: list[ObjectId]) -> None:
    seller = Access(user_id=owners[0], grants={("opportunity", "see"): Scope.OWN}, time_zone="Europe/Helsinki")
    both = [add(name, owner=str(owner), value="10 EUR") for name, owner in zip("ab", owners, strict=False)]
    clock.to(FIRST + dt.timedelta(days=3))
    for raw in both:
        change(raw, value="15 EUR")
    found = movements(seller, [], DAY)
    assert (told(found), found.then, found.now) == ({"grown": (5, ["a"])}, 10, 15)


def test_a_reader_without_values_is_refused_with_a_message(clock: Clock) -> None:
    reader = Access(user_id=ObjectId(), grants={("opportunity", "see"): Scope.ALL},
                    hidden={"opportunity": frozenset({"value"})})  # fmt: skip
    with pytest.raises(ConditionError):
        movements(reader, [], DAY)
