"""What stands in whose calendar, as one reader may see it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from models.rights import Access
from models.security import Team, User
from services.calendar import Entry, entries_of
from services.records import create_record, update_record

Raw = dict[str, Any]
START, END = (dt.datetime(2026, 3, day, tzinfo=dt.UTC) for day in (2, 9))


@pytest.fixture
def people(make_user: Callable[..., User], make_role: Callable[..., Any]) -> dict[str, User]:
    """Aino and Ville may see what is their team's, Eero only his own, Sanna everything."""
    south = Team(name="South").save()
    everything = make_role("All", *(("activity", action, "all") for action in ("see", "add", "change", "delete")))
    team = make_role("Team", *(("activity", action, "team") for action in ("see", "add", "change", "delete")))
    own = make_role("Own", *(("activity", action, "own") for action in ("see", "add", "change", "delete")))
    return {"aino": make_user("aino", team, team=south), "ville": make_user("ville", team, team=south),
            "eero": make_user("eero", own), "sanna": make_user("sanna", everything)}  # fmt: skip


@pytest.fixture
def rights(people: dict[str, User], access_of: Callable[[User], Access]) -> dict[str, Access]:
    return {name: access_of(user) for name, user in people.items()}


def meet(access: Access, start: str = "2026-03-03T09:00", end: str = "2026-03-03T10:00", **values: Any) -> Raw:
    return create_record(access, "activity", {"name": "Meeting", "kind": "meeting", "starts_at": start,
                                              "ends_at": end, **values})  # fmt: skip


def seen(access: Access, *users: User, start: dt.datetime = START, end: dt.datetime = END, **how: Any) -> list[Entry]:
    return entries_of(access, [user.pk for user in users], start, end, **how)


def names(found: list[Entry]) -> list[Any]:
    return [one.raw and one.raw["name"] for one in found]


def test_what_one_owns_or_takes_part_in_stands_in_ones_calendar(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    meet(rights["sanna"], name="Own")
    meet(rights["sanna"], "2026-03-04T09:00", "2026-03-04T10:00", name="Together", users=[str(people["aino"].pk)])
    meet(rights["ville"], name="Ville's")
    assert names(seen(rights["sanna"], people["sanna"])) == ["Own", "Together"]
    assert names(seen(rights["aino"], people["aino"])) == ["Together"]
    both = seen(rights["sanna"], people["sanna"], people["aino"])
    assert [len(one.users) for one in both] == [1, 2]


def test_what_the_reader_may_not_see_shows_as_busy_with_its_times_alone(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    meet(rights["aino"], name="Team's")
    meet(rights["aino"], "2026-03-04T09:00", "2026-03-04T10:00", name="Dentist", private=True)
    assert names(seen(rights["ville"], people["aino"])) == ["Team's", None]
    assert names(seen(rights["eero"], people["aino"])) == [None, None]
    assert names(seen(rights["aino"], people["aino"])) == ["Team's", "Dentist"]
    busy = seen(rights["sanna"], people["aino"])[1]
    assert busy == Entry(dt.datetime(2026, 3, 4, 7, tzinfo=dt.UTC), dt.datetime(2026, 3, 4, 8, tzinfo=dt.UTC),
                         (people["aino"].pk,), None)  # fmt: skip


def test_hidden_fields_are_not_told(
    people: dict[str, User], rights: dict[str, Access], make_role: Callable[..., Any], make_user: Callable[..., User],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    hiding = make_role("Hides", ("activity", "see", "all"),
                       field_rights=[{"register": "activity", "column": "place", "access": "hidden"}])  # fmt: skip
    meet(rights["sanna"], place="Room 5")
    (told,) = seen(access_of(make_user("reader", hiding)), people["sanna"])
    assert told.raw is not None
    assert "place" not in told.raw
    assert seen(rights["sanna"], people["sanna"])[0].raw["place"] == "Room 5"


def test_long_entries_and_those_across_an_edge_are_there(people: dict[str, User], rights: dict[str, Access]) -> None:
    meet(rights["sanna"], "2025-11-01T00:00", "2026-06-01T00:00", name="Leave")
    meet(rights["sanna"], "2026-03-01T22:00", "2026-03-02T08:00", name="Night")
    meet(rights["sanna"], "2026-03-01T10:00", "2026-03-01T11:00", name="Before")
    meet(rights["sanna"], "2026-03-09T02:00", "2026-03-09T03:00", name="After")
    assert names(seen(rights["sanna"], people["sanna"])) == ["Leave", "Night"]
    shortened = next(one.raw for one in seen(rights["sanna"], people["sanna"]) if one.raw["name"] == "Leave")
    update_record(rights["sanna"], "activity", shortened["_id"], {"ends_at": "2025-11-01T01:00"})
    assert names(seen(rights["sanna"], people["sanna"])) == ["Night"]


def test_a_repeating_entry_comes_each_time_at_its_hour_on_the_wall(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    meet(rights["sanna"], "2026-10-19T09:00", "2026-10-19T10:00", repeats="FREQ=WEEKLY")
    found = seen(rights["sanna"], people["sanna"], start=dt.datetime(2026, 10, 19, tzinfo=dt.UTC),
                 end=dt.datetime(2026, 11, 3, tzinfo=dt.UTC))  # fmt: skip
    assert [(one.start.day, one.start.hour) for one in found] == [(19, 6), (26, 7), (2, 7)]


def test_cancelled_and_declined_entries_stand_in_no_calendar(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    meet(rights["sanna"], state="cancelled")
    assert seen(rights["sanna"], people["sanna"]) == []


def test_tasks_come_along_on_the_day_they_are_due_when_asked_for(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    task = {"kind": "task", "due_on": "2026-03-08", "name": "By Sunday"}
    create_record(rights["aino"], "activity", task)
    create_record(rights["aino"], "activity", {**task, "name": "Private", "private": True, "due_time": "12:00"})
    again = {**task, "name": "Again", "due_on": "2026-03-01", "repeats": "FREQ=DAILY"}
    create_record(rights["aino"], "activity", again)
    assert seen(rights["aino"], people["aino"]) == []
    start = dt.datetime(2026, 3, 7, 22, tzinfo=dt.UTC)
    sunday = seen(rights["aino"], people["aino"], start=start, end=start + dt.timedelta(days=1), tasks=True)
    assert sorted(names(sunday)) == ["Again", "By Sunday", "Private"]
    assert sorted(names(seen(rights["ville"], people["aino"], start=start, end=start + dt.timedelta(days=1),
                             tasks=True))) == ["Again", "By Sunday"]  # fmt: skip
