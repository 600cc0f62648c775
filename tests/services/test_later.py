"""One occurrence and all later ones changed: two series then, one of them again when it is taken back."""

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from models.activities import Activity
from models.changes import DeletedRecord
from models.fields.errors import ValidationFailed
from models.fields.rules import moved_rule
from models.rights import Access
from models.security import User
from services.calendar import entries_of
from services.calendar_writing import Move, move_entry, wall_time
from services.later import change_later, rejoin
from services.occurrences import NoOccurrence, change_occurrence, skip_occurrence
from services.records import VersionConflict, create_record, get_record, update_record
from tests.services import faults

Raw = dict[str, Any]
HELSINKI = ZoneInfo("Europe/Helsinki")


def at(text: str) -> dt.datetime:
    """A wall time of Helsinki, as a moment."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=HELSINKI).astimezone(dt.UTC)


@pytest.fixture
def me(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


@pytest.fixture
def weekly(me: Access) -> Raw:
    """Mondays at nine in Helsinki, across both changes of the clock: 25 October 2026 and 28 March 2027."""
    return create_record(me, "activity", {"name": "Weekly", "kind": "meeting", "starts_at": "2026-10-05T09:00",
                                          "ends_at": "2026-10-05T10:00", "repeats": "FREQ=WEEKLY;COUNT=30;BYDAY=MO",
                                          "place": "Room 5"})  # fmt: skip


def starts(me: Access, first: str, last: str) -> list[str]:
    """What the calendar shows from a day until before another, in wall times of Helsinki."""
    found = entries_of(me, [me.user_id], at(first), at(last))
    return [f"{one.start.astimezone(HELSINKI):%m-%d %H:%M} {one.raw['name']}" for one in found]


def how_many(me: Access) -> int:
    """How many of them there are, looked at by the month."""
    days = [f"{year}-{month:02}-01" for year in (2026, 2027) for month in range(1, 13)]
    return sum(len(starts(me, *pair)) for pair in pairwise(days))


def test_a_series_goes_on_otherwise_across_both_changes_of_the_clock(me: Access, weekly: Raw) -> None:
    later = change_later(me, weekly["_id"], at("2026-10-19T09:00"),
                         {"name": "Tuesdays", "starts_at": "2026-10-20T11:00", "ends_at": "2026-10-20T12:30",
                          "repeats": "FREQ=WEEKLY;COUNT=28;BYDAY=TU"}, version=1)  # fmt: skip
    assert starts(me, "2026-10-01", "2026-11-05") == [
        "10-05 09:00 Weekly", "10-12 09:00 Weekly", "10-20 11:00 Tuesdays", "10-27 11:00 Tuesdays",
        "11-03 11:00 Tuesdays"]  # fmt: skip
    assert starts(me, "2027-03-20", "2027-04-08") == ["03-23 11:00 Tuesdays", "03-30 11:00 Tuesdays",
                                                      "04-06 11:00 Tuesdays"]  # fmt: skip
    # Thirty of them in all, as before.
    assert how_many(me) == 30
    assert (later["place"], later["_id"] != weekly["_id"]) == ("Room 5", True)


def test_a_rule_that_counts_has_fewer_to_come_and_what_was_left_out_counts(me: Access, weekly: Raw) -> None:
    skip_occurrence(me, weekly["_id"], at("2026-10-12T09:00"))
    later = change_later(me, weekly["_id"], at("2026-10-19T09:00"), {"name": "Renamed"})
    assert later["repeats"] == "FREQ=WEEKLY;COUNT=28;BYDAY=MO"
    assert get_record(me, "activity", weekly["_id"])["repeats"] == "FREQ=WEEKLY;UNTIL=20261018;BYDAY=MO"
    assert how_many(me) == 29


def test_what_was_left_out_or_changed_by_itself_follows_to_the_later_series(me: Access, weekly: Raw) -> None:
    own = change_occurrence(me, weekly["_id"], at("2026-10-26T09:00"), {"name": "By itself"})
    early = change_occurrence(me, weekly["_id"], at("2026-10-12T09:00"), {"name": "Early"})
    skip_occurrence(me, weekly["_id"], at("2026-11-02T09:00"))
    later = change_later(me, weekly["_id"], at("2026-10-19T09:00"),
                         {"starts_at": "2026-10-19T13:00", "ends_at": "2026-10-19T14:00"})  # fmt: skip
    assert later["skipped"] == [at("2026-10-26T13:00"), at("2026-11-02T13:00")]
    assert starts(me, "2026-10-01", "2026-11-12") == [
        "10-05 09:00 Weekly", "10-12 09:00 Early", "10-19 13:00 Weekly", "10-26 09:00 By itself", "11-09 13:00 Weekly"]
    own, early = (get_record(me, "activity", raw["_id"]) for raw in (own, early))
    assert (own["series"], own["occurrence"], own["version"]) == (later["_id"], at("2026-10-26T13:00"), 2)
    assert early["series"] == weekly["_id"]


def test_a_drag_of_it_and_all_later_ones_is_taken_back(me: Access, weekly: Raw) -> None:
    own = change_occurrence(me, weekly["_id"], at("2026-10-26T09:00"), {"name": "By itself"})
    shown = starts(me, "2026-10-01", "2027-12-01")
    move = Move(wall_time("2026-10-21T08:00"), occurrence=at("2026-10-19T09:00"), which="later")
    later = move_entry(me, weekly["_id"], move, version=2)
    assert later["repeats"] == "FREQ=WEEKLY;COUNT=28;BYDAY=WE"
    assert starts(me, "2026-10-15", "2026-11-05") == ["10-21 08:00 Weekly", "10-26 09:00 By itself",
                                                      "11-04 08:00 Weekly"]  # fmt: skip
    rule = "FREQ=WEEKLY;COUNT=30;BYDAY=MO"
    with pytest.raises(VersionConflict):
        rejoin(me, later["_id"], weekly["_id"], at("2026-10-19T09:00"), rule, version=1, series_version=2)
    with pytest.raises(NoOccurrence):
        rejoin(me, later["_id"], weekly["_id"], at("2026-11-02T09:00"), rule, version=1, series_version=3)
    with pytest.raises(ValidationFailed):
        rejoin(me, later["_id"], weekly["_id"], at("2026-10-19T09:00"), "never", version=1, series_version=3)
    whole = rejoin(me, later["_id"], weekly["_id"], at("2026-10-19T09:00"), rule, version=1, series_version=3)
    assert whole["repeats"] == rule
    assert starts(me, "2026-10-01", "2027-12-01") == shown
    own = get_record(me, "activity", own["_id"])
    assert (own["series"], own["occurrence"]) == (weekly["_id"], at("2026-10-26T09:00"))
    assert DeletedRecord._get_collection().find_one({"_id": later["_id"]}) is not None


def test_from_the_first_one_on_the_series_itself_is_changed(me: Access, weekly: Raw) -> None:
    same = change_later(me, weekly["_id"], at("2026-10-05T09:00"), {"name": "Renamed"}, version=1)
    assert (same["_id"], same["name"], same["repeats"]) == (weekly["_id"], "Renamed", weekly["repeats"])
    with pytest.raises(VersionConflict):
        change_later(me, weekly["_id"], at("2026-10-12T09:00"), {"name": "Late"}, version=1)
    with pytest.raises(ValidationFailed):
        change_later(me, weekly["_id"], at("2026-10-12T09:00"), {"name": "", "text": ""})


def test_a_series_that_moves_as_a_whole_takes_what_it_leaves_out_with_it(me: Access, weekly: Raw) -> None:
    own = change_occurrence(me, weekly["_id"], at("2026-10-12T09:00"), {"name": "By itself"})
    move = Move(wall_time("2026-10-27T10:00"), occurrence=at("2026-10-26T09:00"), which="all")
    move_entry(me, weekly["_id"], move)
    assert starts(me, "2026-10-01", "2026-10-30") == [
        "10-06 10:00 Weekly", "10-12 09:00 By itself", "10-20 10:00 Weekly", "10-27 10:00 Weekly"]  # fmt: skip
    assert get_record(me, "activity", own["_id"])["occurrence"] == at("2026-10-13T10:00")
    update_record(me, "activity", weekly["_id"], {"place": "Room 6"})
    assert get_record(me, "activity", weekly["_id"])["skipped"] == [at("2026-10-13T10:00")]


def test_a_repeating_task_is_due_otherwise_from_one_on(me: Access) -> None:
    task = create_record(me, "activity", {"name": "Report", "kind": "task", "due_on": "2026-10-02",
                                          "repeats": "FREQ=WEEKLY"})  # fmt: skip
    move = Move(wall_time("2026-10-12"), all_day=True, occurrence=at("2026-10-10T00:00"), which="later")
    later = move_entry(me, task["_id"], move)
    assert (later["due_on"].date(), later["repeats"]) == (dt.date(2026, 10, 12), "FREQ=WEEKLY")
    found = entries_of(me, [me.user_id], at("2026-10-01"), at("2026-10-21"), tasks=True)
    assert [one.days[0].day for one in found] == [2, 12, 19]


def test_a_reminder_at_a_moment_moves_with_its_occurrence(me: Access) -> None:
    raw = create_record(me, "activity", {"name": "Call", "starts_at": "2026-11-02T09:00", "repeats": "FREQ=WEEKLY",
                                         "reminder": "moment", "reminder_at": "2026-11-01T12:00"})  # fmt: skip
    changed = change_occurrence(me, raw["_id"], at("2026-11-09T09:00"), {"place": "Here"})
    assert changed["reminder_at"] == at("2026-11-08T12:00")


def test_changing_all_later_ones_and_taking_it_back_are_all_or_nothing(
    me: Access, weekly: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_occurrence(me, weekly["_id"], at("2026-10-26T09:00"), {"name": "By itself"})
    kept = faults.state
    monkeypatch.setattr(faults, "state", lambda: (*kept(), sorted(map(repr, Activity._get_collection().find()))))
    start, made = at("2026-10-19T09:00"), []
    work = [lambda: made.append(change_later(me, weekly["_id"], start, {"name": "Later"})),
            lambda: rejoin(me, made[0]["_id"], weekly["_id"], start, weekly["repeats"], version=1,
                           series_version=3)]  # fmt: skip
    assert faults.failed_at_each_write(monkeypatch, work[0]) >= 6
    assert faults.failed_at_each_write(monkeypatch, work[1]) >= 6


@pytest.mark.parametrize(("rule", "day", "moved"), [
    ("FREQ=WEEKLY;BYDAY=MO,SU", "2026-10-06", "FREQ=WEEKLY;BYDAY=MO,TU"),
    ("FREQ=WEEKLY", "2026-10-06", "FREQ=WEEKLY"),
    ("FREQ=MONTHLY;BYDAY=1MO", "2026-10-14", "FREQ=MONTHLY;BYDAY=2WE"),
    ("FREQ=MONTHLY;BYDAY=-1MO", "2026-10-30", "FREQ=MONTHLY;BYDAY=-1FR"),
    ("FREQ=MONTHLY;BYMONTHDAY=5", "2026-10-07", "FREQ=MONTHLY;BYMONTHDAY=7"),
    ("FREQ=MONTHLY;BYMONTHDAY=9", "2026-10-07", "FREQ=MONTHLY;BYMONTHDAY=9"),
    ("FREQ=WEEKLY;BYDAY=MO", "2026-10-05", "FREQ=WEEKLY;BYDAY=MO"),
])  # fmt: skip
def test_a_rule_moves_with_what_it_repeats(rule: str, day: str, moved: str) -> None:
    assert moved_rule(rule, dt.date(2026, 10, 5), dt.date.fromisoformat(day)) == moved
