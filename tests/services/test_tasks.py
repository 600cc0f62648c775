"""Tasks in groups by when they are due, worked on quickly, repeating ones going on."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from models.activities import Activity
from models.fields.errors import ValidationFailed
from models.rights import Access, NotAllowed
from models.security import Team, User
from services.history import undo_change
from services.records import RecordNotFound, VersionConflict, create_record, get_record, update_record
from services.tasks import (
    DONE_LATELY,
    GROUPS,
    LATER,
    NO_DAY,
    OVERDUE,
    TODAY,
    WEEK,
    Asked,
    add_task,
    finish_task,
    follow_up,
    hand_over,
    overdue_count,
    postpone_task,
    task_groups,
    task_page,
    today_of,
)

Raw = dict[str, Any]
DAY = dt.timedelta(days=1)
EVERY = Asked()


@pytest.fixture
def access(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


def day(access: Access, days: int) -> str:
    return (today_of(access) + days * DAY).date().isoformat()


def named(access: Access, asked: Asked = EVERY) -> dict[str, list[str]]:
    return {group.key: [raw["name"] for raw in group.rows] for group in task_groups(access, asked)}


def test_tasks_stand_in_groups_by_when_they_are_due(access: Access) -> None:
    sunday = 6 - today_of(access).weekday()
    add_task(access, {"name": "late", "due_on": day(access, -1)})
    add_task(access, {"name": "later still", "due_on": day(access, -3)})
    add_task(access, {"name": "today", "due_on": day(access, 0)})
    add_task(access, {"name": "far", "due_on": day(access, sunday + 1)})
    add_task(access, {"name": "some day"})
    # Neither a meeting nor what is done is to be done; a call with a day is.
    create_record(access, "activity", {"name": "met", "kind": "meeting", "starts_at": "2020-01-01T10:00"})
    add_task(access, {"name": "done", "due_on": day(access, -1), "state": "done"})
    create_record(access, "activity", {"name": "call", "kind": "call", "due_on": day(access, 0), "state": "waiting"})
    expected = {OVERDUE: ["later still", "late"], TODAY: ["today", "call"], LATER: ["far"], NO_DAY: ["some day"]}
    if sunday:
        add_task(access, {"name": "sunday", "due_on": day(access, sunday)})
        expected[WEEK] = ["sunday"]
    assert named(access) == expected
    assert overdue_count(access) == 2
    assert [raw["name"] for raw in task_page(access, Asked(), DONE_LATELY).rows] == ["done"]


def test_mine_the_team_s_and_everybody_s_within_what_one_may_see(
    access: Access, make_user: Callable[..., User], make_role: Callable[..., Any], access_of: Callable[[User], Access]
) -> None:
    team = Team(name="North").save()
    role = make_role("Own", *(("activity", action, "team") for action in ("see", "add", "change")))
    other = access_of(make_user("mikko", role, team=team))
    add_task(access, {"name": "hers", "priority": "high"})
    add_task(access, {"name": "shared", "users": [str(other.user_id)]})
    mine = add_task(other, {"name": "his"})
    assert named(other) == {NO_DAY: ["shared", "his"]}
    assert named(other, Asked("team")) == {NO_DAY: ["his"]}
    assert named(other, Asked("all")) == {NO_DAY: ["shared", "his"]}
    assert named(access, Asked("all")) == {NO_DAY: ["hers", "shared", "his"]}
    assert named(access, Asked("all", "high")) == {NO_DAY: ["hers"]}
    hand_over(other, mine["_id"], 1, team=str(team.pk))
    assert named(other, Asked("team")) == {NO_DAY: ["his"]}
    assert get_record(other, "activity", mine["_id"]).get("owner") is None


def test_a_group_is_read_page_by_page(access: Access) -> None:
    for number in range(7):
        add_task(access, {"name": f"n{number}", "due_on": day(access, -1 - number % 2)})
    for key, names in ((OVERDUE, 7), (NO_DAY, 0)):
        seen, after = [], ""
        while True:
            page = task_page(access, Asked(), key, after=after, size=3)
            seen += [raw["name"] for raw in page.rows]
            after = page.after
            if not after:
                break
            assert page.count == names
        assert len(seen) == len(set(seen)) == names
    for wrong in ("x", "12.abc", "9" * 30 + "." + "a" * 24, "-1." + "a" * 24):
        with pytest.raises(RecordNotFound):
            task_page(access, Asked(), OVERDUE, after=wrong)
    with pytest.raises(RecordNotFound):
        task_page(access, Asked(), "$where")


def test_postponed_tasks_keep_their_time(access: Access) -> None:
    task = add_task(access, {"name": "t", "due_on": day(access, -9), "due_time": "9:30"})
    after = postpone_task(access, task["_id"], 1, "tomorrow")
    assert (after["due_on"].date().isoformat(), after["due_time"]) == (day(access, 1), "09:30")
    monday = postpone_task(access, task["_id"], after["version"], "next_week")["due_on"]
    assert monday.weekday() == 0
    assert monday > today_of(access)
    with pytest.raises(ValidationFailed):
        postpone_task(access, task["_id"], None, "never")
    with pytest.raises(ValidationFailed):
        hand_over(access, task["_id"], None)


def test_what_two_change_at_once_is_a_conflict(access: Access) -> None:
    task = add_task(access, {"name": "t", "due_on": day(access, 40)})
    postpone_task(access, task["_id"], 1, "tomorrow")
    update_record(access, "activity", task["_id"], {"due_on": day(access, 30)})
    with pytest.raises(VersionConflict):
        postpone_task(access, task["_id"], 1, "next_week")


def test_a_follow_up_is_with_the_same_people_and_linked_to_it(access: Access) -> None:
    company = create_record(access, "company", {"name": "Alfa"})
    person = create_record(access, "person", {"name": "Maija"})
    task = add_task(access, {"name": "t", "companies": [str(company["_id"])], "people": [str(person["_id"])]})
    finish_task(access, task["_id"], 1)
    made = follow_up(access, task["_id"], {"name": "Ring back", "due_on": day(access, 1)})
    assert (made["companies"], made["people"], made["previous"]) == (task["companies"], task["people"], task["_id"])
    assert made["state"] == "open"


def test_a_repeating_task_that_is_done_goes_on_and_undone_is_alone_again(access: Access) -> None:
    task = add_task(access, {"name": "report", "due_on": day(access, 1), "repeats": "FREQ=WEEKLY;COUNT=3"})
    done = finish_task(access, task["_id"], 1)
    assert "repeats" not in done
    following = Activity._get_collection().find_one({"previous": task["_id"]})
    assert following is not None
    assert following["due_on"] == task["due_on"] + 7 * DAY
    assert (following["repeats"], following["state"], following["version"]) == ("FREQ=WEEKLY;COUNT=2", "open", 1)
    assert following["at"] == following["due_at"] > task["due_at"]
    undo_change(access, "activity", task["_id"], done["version"])
    again = get_record(access, "activity", task["_id"])
    assert (again["state"], again["repeats"]) == ("open", "FREQ=WEEKLY;COUNT=3")
    assert Activity._get_collection().count_documents({}) == 1
    # The last one of three is the end of it.
    for count in (2, 3, 3):
        last = Activity._get_collection().find_one({"state": "open"}) or {}
        finish_task(access, last["_id"], None)
        assert Activity._get_collection().count_documents({}) == count


def test_the_next_one_stays_where_somebody_has_worked_on_it(access: Access) -> None:
    task = add_task(access, {"name": "report", "due_on": day(access, 1), "repeats": "FREQ=DAILY"})
    done = finish_task(access, task["_id"], 1)
    following = Activity._get_collection().find_one({"previous": task["_id"]}) or {}
    update_record(access, "activity", following["_id"], {"priority": "high"})
    undo_change(access, "activity", task["_id"], done["version"])
    assert Activity._get_collection().count_documents({"state": "open"}) == 2


def test_what_went_by_is_not_made_up_for(access: Access) -> None:
    task = add_task(access, {"name": "daily", "due_on": day(access, -30), "due_time": "00:00", "repeats": "FREQ=DAILY"})
    finish_task(access, task["_id"], 1)
    following = Activity._get_collection().find_one({"previous": task["_id"]}) or {}
    assert following["due_on"] == today_of(access) + DAY


def test_meetings_that_repeat_are_left_to_the_calendar(access: Access) -> None:
    weekly = {"name": "weekly", "kind": "meeting", "starts_at": "2026-01-05T09:00", "repeats": "FREQ=WEEKLY"}
    meeting = create_record(access, "activity", weekly)
    done = update_record(access, "activity", meeting["_id"], {"state": "done"})
    assert done["repeats"] == "FREQ=WEEKLY"
    assert Activity._get_collection().count_documents({}) == 1


def test_who_may_not_change_a_task_can_not_work_on_it(
    access: Access, make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    reader = access_of(make_user("reader", "Reader"))
    task = add_task(access, {"name": "t", "due_on": day(access, 1)})
    with pytest.raises(NotAllowed):
        finish_task(reader, task["_id"], 1)
    assert set(GROUPS) >= {group.key for group in task_groups(reader, Asked("all"))}
