"""Booking a colleague: at once or as a proposal, its answer, and that each is written as a whole or not at all."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from models.activities import Activity
from models.notices import Notice
from models.outbox import Message
from models.rights import Access
from models.security import Team, User
from services.bookings import NotAsked, answer_booking, proposals
from services.calendar import entries_of
from services.history import record_at
from services.records import Overtaken, RecordNotFound, create_record, delete_record, update_record
from services.recycle_bin import restore_records
from tests.services import faults

Raw = dict[str, Any]
START = "2099-03-03T09:00"


@pytest.fixture
def people(make_user: Callable[..., User], make_role: Callable[..., Any]) -> dict[str, User]:
    """Aino leads the south, Ville works there, Eero elsewhere."""
    south = Team(name="South").save()
    lead = make_role("Lead", ("activity", "see", "all"), ("activity", "add", "all"), ("activity", "change", "team"),
                     ("activity", "delete", "team"))  # fmt: skip
    own = make_role("Own", *(("activity", action, "own") for action in ("see", "add", "change", "delete")))
    return {"aino": make_user("aino", lead, team=south), "ville": make_user("ville", own, team=south),
            "eero": make_user("eero", own, language="fi")}  # fmt: skip


@pytest.fixture
def rights(people: dict[str, User], access_of: Callable[[User], Access]) -> dict[str, Access]:
    return {name: access_of(user) for name, user in people.items()}


def book(access: Access, *users: User, **values: Any) -> Raw:
    return create_record(access, "activity", {"name": "Meeting", "kind": "meeting", "starts_at": START,
                                              "ends_at": "2099-03-03T10:00", "users": [str(user.pk) for user in users],
                                              **values})  # fmt: skip


def answers(raw: Raw) -> dict[str, str]:
    return Activity._get_collection().find_one({"_id": raw["_id"]}).get("answers") or {}


def test_leader_books_at_once_in_the_led_teams(
    people: dict[str, User], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    leader = access_of(make_user("leena", "Own", leads=[people["ville"].team]))
    raw = book(leader, people["ville"], people["eero"])
    assert answers(raw) == {str(people["eero"].pk): "proposed"}


def test_who_may_change_a_colleagues_entries_books_at_once_and_proposes_to_others(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    raw = book(rights["aino"], people["ville"], people["eero"])
    assert answers(raw) == raw["answers"] == {str(people["eero"].pk): "proposed"}
    assert [(one["user"], one["kind"]) for one in Notice._get_collection().find()] == [(people["eero"].pk, "proposal")]
    message = Message._get_collection().find_one()
    assert message["address"] == people["eero"].email
    assert "Meeting" in message["subject"]


def test_a_proposal_is_accepted_or_declined_and_the_owner_is_told(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    raw = book(rights["ville"], people["eero"])
    assert [one["_id"] for one in proposals(rights["eero"])[0]] == [raw["_id"]]
    assert [one["_id"] for one in proposals(rights["ville"])[1]] == [raw["_id"]]
    answer_booking(rights["eero"], raw["_id"], "declined", message="Another day?")
    assert proposals(rights["eero"]) == proposals(rights["ville"]) == ([], [])
    told = Notice._get_collection().find_one({"user": people["ville"].pk})
    assert (told["kind"], told["params"]["message"]) == ("proposal_answer", "Another day?")
    day = dt.datetime(2099, 3, 3, tzinfo=dt.UTC)
    assert entries_of(rights["eero"], [people["eero"].pk], day, day + dt.timedelta(days=1)) == []
    answer_booking(rights["eero"], raw["_id"], "accepted")
    (entry,) = entries_of(rights["eero"], [people["eero"].pk], day, day + dt.timedelta(days=1))
    assert not entry.proposed


def test_another_time_is_proposed_anew_by_whoever_may_not_book(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    raw = book(rights["ville"], people["eero"])
    answer_booking(rights["eero"], raw["_id"], "accepted")
    update_record(rights["ville"], "activity", raw["_id"], {"name": "Called otherwise"})
    assert answers(raw) == {str(people["eero"].pk): "accepted"}
    update_record(rights["ville"], "activity", raw["_id"], {"starts_at": "2099-03-03T08:00"})
    assert answers(raw) == {str(people["eero"].pk): "proposed"}
    update_record(rights["ville"], "activity", raw["_id"], {"users": []})
    assert answers(raw) == {}
    assert Notice._get_collection().count_documents({"user": people["eero"].pk}) == 2


def test_what_comes_back_from_the_recycle_bin_is_not_proposed_anew(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    raw = book(rights["ville"], people["eero"])
    answer_booking(rights["eero"], raw["_id"], "accepted")
    delete_record(rights["ville"], "activity", raw["_id"])
    restore_records(rights["ville"], [raw["_id"]])
    assert answers(raw) == {str(people["eero"].pk): "accepted"}


def test_nobody_answers_for_others_or_twice_at_a_time(people: dict[str, User], rights: dict[str, Access]) -> None:
    raw = book(rights["ville"], people["eero"])
    with pytest.raises(NotAsked):
        answer_booking(rights["ville"], raw["_id"], "accepted")
    with pytest.raises(NotAsked):
        answer_booking(rights["eero"], raw["_id"], "maybe")
    with pytest.raises(NotAsked):
        answer_booking(rights["aino"], raw["_id"], "accepted")
    with pytest.raises(Overtaken):
        answer_booking(rights["eero"], raw["_id"], "accepted", version=99)
    private = book(rights["ville"], private=True)
    with pytest.raises(RecordNotFound):
        answer_booking(rights["eero"], private["_id"], "accepted")


def test_an_answer_is_a_version_that_the_history_goes_back_from(
    people: dict[str, User], rights: dict[str, Access]
) -> None:
    raw = book(rights["ville"], people["eero"])
    after = answer_booking(rights["eero"], raw["_id"], "accepted")
    assert after["version"] == raw["version"] + 1
    changed = update_record(rights["ville"], "activity", raw["_id"], {"place": "Room 5"}, version=raw["version"])
    assert changed["version"] == after["version"] + 1
    past = record_at(rights["ville"], "activity", raw["_id"], dt.datetime.now(dt.UTC))
    assert past.raw["name"] == "Meeting"


def test_proposing_and_answering_are_all_or_nothing(
    people: dict[str, User], rights: dict[str, Access], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = faults.state
    monkeypatch.setattr(faults, "state", lambda: (*kept(), *(
        tuple(sorted(repr(sorted(raw.items())) for raw in document._get_collection().find()))
        for document in (Activity, Notice, Message))))  # fmt: skip
    made: list[Raw] = []
    assert faults.failed_at_each_write(monkeypatch, lambda: made.append(book(rights["ville"], people["eero"]))) >= 5
    assert Notice._get_collection().count_documents({}) == 1
    assert faults.failed_at_each_write(
        monkeypatch, lambda: answer_booking(rights["eero"], made[-1]["_id"], "declined")) >= 4  # fmt: skip
