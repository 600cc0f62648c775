"""One occurrence of a repeating activity changed or left out, and what both records then say."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from models.activities import Activity
from models.fields.errors import ValidationFailed
from models.rights import Access
from models.security import User
from services.calendar import entries_of
from services.occurrences import (
    NoOccurrence,
    change_occurrence,
    end_before,
    moved_start,
    skip_occurrence,
    take_up_again,
)
from services.records import VersionConflict, create_record, get_record, update_record
from tests.services import faults

Raw = dict[str, Any]


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def me(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


@pytest.fixture
def weekly(me: Access) -> Raw:
    """Mondays at nine in Helsinki, right across the end of summer time on 25 October 2026."""
    return create_record(me, "activity", {"name": "Weekly", "kind": "meeting", "starts_at": "2026-10-05T09:00",
                                          "ends_at": "2026-10-05T10:00", "repeats": "FREQ=WEEKLY",
                                          "place": "Room 5"})  # fmt: skip


def starts(me: Access) -> list[str]:
    found = entries_of(me, [me.user_id], at("2026-10-01"), at("2026-11-04"))
    return [f"{one.start:%m-%d %H:%M} {one.raw['name']}" for one in found]


def test_one_occurrence_changes_by_itself(me: Access, weekly: Raw) -> None:
    changed = change_occurrence(me, weekly["_id"], at("2026-10-26T07:00"),
                                {"name": "Later", "starts_at": "2026-10-26T13:00",
                                 "ends_at": "2026-10-26T14:00"}, version=1)  # fmt: skip
    assert starts(me) == ["10-05 06:00 Weekly", "10-12 06:00 Weekly", "10-19 06:00 Weekly", "10-26 11:00 Later",
                          "11-02 07:00 Weekly"]  # fmt: skip
    assert (changed["series"], changed["occurrence"]) == (weekly["_id"], at("2026-10-26T07:00"))
    assert (changed["place"], changed.get("repeats")) == ("Room 5", None)


def test_one_occurrence_is_left_out_and_taken_up_again(me: Access, weekly: Raw) -> None:
    skip_occurrence(me, weekly["_id"], at("2026-10-19T06:00"))
    assert "10-19 06:00 Weekly" not in starts(me)
    with pytest.raises(NoOccurrence):
        skip_occurrence(me, weekly["_id"], at("2026-10-19T06:00"))
    take_up_again(me, weekly["_id"], at("2026-10-19T06:00"))
    assert "10-19 06:00 Weekly" in starts(me)
    assert get_record(me, "activity", weekly["_id"])["version"] == 3


def test_a_series_ends_before_an_occurrence_or_moves_as_a_whole(me: Access, weekly: Raw) -> None:
    moved = moved_start(weekly, at("2026-10-26T07:00"), at("2026-10-27T08:00"))
    assert moved == at("2026-10-06T07:00")
    rule = end_before(me, weekly["_id"], at("2026-10-26T07:00"))
    update_record(me, "activity", weekly["_id"], {"repeats": rule})
    assert starts(me) == ["10-05 06:00 Weekly", "10-12 06:00 Weekly", "10-19 06:00 Weekly"]


def test_what_is_no_occurrence_or_was_changed_meanwhile_is_refused(me: Access, weekly: Raw) -> None:
    with pytest.raises(NoOccurrence):
        change_occurrence(me, weekly["_id"], at("2026-10-20T06:00"), {})
    with pytest.raises(VersionConflict):
        change_occurrence(me, weekly["_id"], at("2026-10-19T06:00"), {}, version=9)
    with pytest.raises(ValidationFailed):
        change_occurrence(me, weekly["_id"], at("2026-10-19T06:00"), {"ends_at": "2020-01-01T10:00"})
    once = create_record(me, "activity", {"name": "Once", "starts_at": "2026-10-05T09:00"})
    with pytest.raises(NoOccurrence):
        skip_occurrence(me, once["_id"], at("2026-10-05T06:00"))


def test_a_repeating_task_changes_once_with_its_due_day(me: Access) -> None:
    task = create_record(me, "activity", {"name": "Report", "kind": "task", "due_on": "2026-10-02",
                                          "repeats": "FREQ=WEEKLY"})  # fmt: skip
    changed = change_occurrence(me, task["_id"], at("2026-10-09T21:00"), {"name": "Report of the quarter"})
    assert changed["due_on"] == at("2026-10-09")


def test_changing_and_leaving_out_are_all_or_nothing(
    me: Access, weekly: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.state
    monkeypatch.setattr(faults, "state", lambda: (*kept(), sorted(map(repr, Activity._get_collection().find()))))
    start = at("2026-10-19T06:00")
    assert faults.failed_at_each_write(monkeypatch, lambda: change_occurrence(me, weekly["_id"], start, {})) >= 4
    later = at("2026-11-02T07:00")
    assert faults.failed_at_each_write(monkeypatch, lambda: skip_occurrence(me, weekly["_id"], later)) >= 2
