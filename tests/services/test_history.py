"""A record's history: who sees what of it, taking changes back, the record as it once was."""

import datetime as dt
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson import ObjectId
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.changes import Change, Source
from models.companies import Company
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services.history import State, UndoFailed, end_of_day, events_of, record_at, undo_change
from services.records import (
    RecordNotFound,
    create_record,
    delete_record,
    get_record,
    update_record,
    visible_values,
)
from services.recycle_bin import restore_records
from services.settings import change_field, define_field, retire_field
from services.timeline import timeline_of
from tests.services.faults import failed_at_each_write

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
VALUES = st.fixed_dictionaries({}, optional={
    "name": TEXT.filter(lambda text: text.strip()), "city": TEXT, "street": TEXT,
    "status": st.sampled_from(["", "customer", "prospect"]),
    "x_staff": st.one_of(st.just(""), st.integers(0, 10**6)), "x_tags": st.lists(st.sampled_from(["a", "b", "c"])),
    "x_worth": st.one_of(st.just(""), st.integers(1, 10**6).map(lambda amount: f"{amount} EUR")),
    "x_since": st.one_of(st.just(""), st.dates(dt.date(1900, 1, 1)).map(str)),
})  # fmt: skip


@pytest.fixture
def fields(admin_access: Access) -> list[dict[str, Any]]:
    kinds = {"staff": "number", "tags": "choices", "worth": "money", "since": "date"}
    return [define_field(admin_access, {"register": "company", "key": key, "kind": kind, "label": {"en": key.title()},
                                        "choices": ["A", "B", "C"] if kind == "choices" else []})
            for key, kind in kinds.items()]  # fmt: skip


def values_of(raw: dict[str, Any]) -> dict[str, Any]:
    return visible_values(schema_of("company"), raw)


def current(access: Access, key: ObjectId) -> dict[str, Any]:
    return get_record(access, "company", key)


def test_events_tell_who_what_and_whence_newest_first(admin_access: Access, fields: Any) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu"})
    update_record(admin_access, "company", raw["_id"], {"city": "Turku", "x_staff": 5})
    events, more = events_of(admin_access, "company", current(admin_access, raw["_id"]))
    assert not more
    assert [event.raw["action"] for event in events] == ["update", "create"]
    told = [(change.field.column, change.before, change.after) for change in events[0].changes]
    assert told == [("city", "Oulu", "Turku"), ("x_staff", None, 5)]
    assert [event.undoable for event in events] == [True, False]


def test_events_of_a_companys_people_come_along_as_far_as_one_may_see_them(
    admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    company = create_record(admin_access, "company", {"name": "Alfa Oy"})
    create_record(admin_access, "person", {"name": "Maija", "companies": [str(company["_id"])]})
    create_record(admin_access, "person", {"name": "Other"})
    events, _more = timeline_of(admin_access, "company", company)
    assert [(event.card.key, event.name) for event in events] == [("person", "Maija"), ("company", "Alfa Oy")]
    assert len(events_of(admin_access, "company", company)[0]) == 1
    make_role("Companies", ("company", "see", "all"))
    make_role("Own people", ("company", "see", "all"), ("person", "see", "own"))
    for role in ("Companies", "Own people"):
        access = access_of(make_user(role.lower().replace(" ", ""), role))
        assert [event.card.key for event in timeline_of(access, "company", company)[0]] == ["company"]


def test_events_are_read_page_by_page(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy"})
    for number in range(5):
        update_record(admin_access, "company", raw["_id"], {"city": f"C{number}"})
    first, more = events_of(admin_access, "company", raw, limit=4)
    rest, no_more = events_of(admin_access, "company", raw, limit=4, skip=4)
    assert [event.raw["version"] for event in first + rest] == [6, 5, 4, 3, 2, 1]
    assert (more, no_more) == (True, False)


def test_hidden_and_retired_fields_are_not_told_of(
    admin_access: Access, fields: Any, make_role: Callable[..., Any], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    make_role("No city", ("company", "see", "all"), ("company", "change", "all"),
              field_rights=[FieldRight(register="company", column="city", access="hidden")])  # fmt: skip
    access = access_of(make_user("nocity", "No city"))
    raw = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu", "x_staff": 5})
    update_record(admin_access, "company", raw["_id"], {"city": "Turku"})
    events, _more = events_of(access, "company", raw)
    # The change of a town that one may not see is not told of at all.
    told = [{change.field.column for change in event.changes} - {"owner"} for event in events]
    assert told == [{"name", "x_staff"}]
    with pytest.raises(NotAllowed):
        undo_change(access, "company", raw["_id"], 2)
    update_record(admin_access, "company", raw["_id"], {"x_staff": 6})
    retire_field(admin_access, fields[0]["_id"])
    with pytest.raises(NotAllowed):
        undo_change(admin_access, "company", raw["_id"], 3)


def test_change_is_taken_back_and_that_is_a_change_too(admin_access: Access, fields: Any) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu", "x_tags": ["a"]})
    update_record(admin_access, "company", raw["_id"], {"city": "", "x_tags": ["b"], "x_worth": "5 EUR"})
    update_record(admin_access, "company", raw["_id"], {"street": "Katu 1"})
    saved = undo_change(admin_access, "company", raw["_id"], "2")
    assert values_of(saved) == values_of(raw) | {"street": "Katu 1"}
    entry = Change.objects.get(record=raw["_id"], version=4)
    assert (entry.source, entry.action) == (Source.UNDO.value, "update")
    again = undo_change(admin_access, "company", raw["_id"], 4)
    assert again["custom"]["tags"] == ["b"]
    assert "city" not in again


def test_what_was_changed_again_is_not_taken_back(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu"})
    for city in ("Turku", "Lahti"):
        update_record(admin_access, "company", raw["_id"], {"city": city})
    with pytest.raises(UndoFailed, match="City"):
        undo_change(admin_access, "company", raw["_id"], 2)
    assert current(admin_access, raw["_id"])["city"] == "Lahti"


@pytest.mark.parametrize("version", [0, 99, "abc", "$where", None, "9" * 40, -1])
def test_version_that_is_not_there(admin_access: Access, version: Any) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy"})
    with pytest.raises(RecordNotFound):
        undo_change(admin_access, "company", raw["_id"], version)


def test_adding_is_not_taken_back_here(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy"})
    with pytest.raises(UndoFailed):
        undo_change(admin_access, "company", raw["_id"], 1)


def test_field_that_is_required_by_now_is_not_emptied(admin_access: Access, fields: Any) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy"})
    update_record(admin_access, "company", raw["_id"], {"x_staff": 5})
    change_field(admin_access, fields[0]["_id"], {"required": True})
    with pytest.raises(ValidationFailed):
        undo_change(admin_access, "company", raw["_id"], 2)


def test_readers_take_nothing_back(admin_access: Access, make_user: Callable[..., User],
                                   access_of: Callable[[User], Access]) -> None:  # fmt: skip
    reader = access_of(make_user("reader", "Reader"))
    raw = create_record(admin_access, "company", {"name": "Alfa Oy"})
    update_record(admin_access, "company", raw["_id"], {"city": "Oulu"})
    with pytest.raises(NotAllowed):
        undo_change(reader, "company", raw["_id"], 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(VALUES, max_size=6))
def test_any_edits_undone_in_reverse_give_the_first_state(
    app: Flask, admin_access: Access, fields: Any, edits: list[dict[str, Any]]
) -> None:
    first = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu", "x_staff": 1})
    key = first["_id"]
    for values in edits:
        update_record(admin_access, "company", key, values, keep=tuple(values))
    versions = [raw["version"] for raw in Change._get_collection().find({"record": key, "action": "update"})]
    states = {version: values_of(record_at(admin_access, "company", key, moment_of(key, version)).raw)
              for version in versions}  # fmt: skip
    assert not states or states[max(states)] == values_of(current(admin_access, key))
    for version in sorted(versions, reverse=True):
        undo_change(admin_access, "company", key, version)
    last = current(admin_access, key)
    derived = ("facets", "ranges", "words", "sort_name")
    assert values_of(last) == values_of(first)
    assert {name: last[name] for name in derived} == {name: first[name] for name in derived}


def moment_of(key: ObjectId, version: int) -> dt.datetime:
    """A moment right after a version: entries of a test come too fast for the clock, so they are put apart."""
    changes = Change._get_collection()
    for raw in changes.find({"record": key}):
        changes.update_one({"_id": raw["_id"]}, {"$set": {"at": START + dt.timedelta(hours=raw["version"])}})
    return START + dt.timedelta(hours=version)


START = dt.datetime(2024, 3, 30, 12, tzinfo=dt.UTC)


def test_record_as_it_was_before_added_and_in_the_bin(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy", "city": "Oulu"})
    key = raw["_id"]
    update_record(admin_access, "company", key, {"city": "Turku", "street": "Katu 1"})
    delete_record(admin_access, "company", key)
    restore_records(admin_access, [key])
    update_record(admin_access, "company", key, {"name": "Beta Oy"})
    moments = {version: moment_of(key, version) for version in range(6)}
    past = {version: record_at(admin_access, "company", key, moment) for version, moment in moments.items()}
    assert [past[version].state for version in range(6)] == [
        State.NOT_YET, State.THERE, State.THERE, State.DELETED, State.THERE, State.THERE]  # fmt: skip
    assert (past[1].raw["city"], past[2].raw["city"], past[2].raw["street"]) == ("Oulu", "Turku", "Katu 1")
    assert "street" not in past[1].raw
    assert (past[4].raw["name"], past[5].raw["name"]) == ("Alfa Oy", "Beta Oy")
    with pytest.raises(RecordNotFound):
        record_at(Access(), "company", key, START)
    assert Company.objects.count() == 1


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-11-25", 24)])
def test_day_ends_by_the_readers_clock(day: str, hours: int) -> None:
    zone = ZoneInfo("Europe/Helsinki")
    date = dt.date.fromisoformat(day)
    start = end_of_day(date - dt.timedelta(days=1), zone)
    passed = end_of_day(date, zone).astimezone(dt.UTC) - start.astimezone(dt.UTC)
    assert passed == dt.timedelta(hours=hours)


def test_fault_at_each_write_of_an_undo_leaves_the_state_before(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The undo of a change of links ends a relationship too."""
    alfa = create_record(admin_access, "company", {"name": "Alfa"})
    maija = create_record(admin_access, "person", {"name": "Maija"})
    update_record(admin_access, "person", maija["_id"], {"companies": [str(alfa["_id"])]})
    assert failed_at_each_write(monkeypatch, lambda: undo_change(admin_access, "person", maija["_id"], 2)) == 3
    assert not get_record(admin_access, "person", maija["_id"]).get("companies")
