"""Reminders: made, moved and cancelled with their activity; told once, late rather than never, in the user's language."""

import datetime as dt
import threading
from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from flask import Flask
from flask_babel import force_locale

from models.notices import Notice
from models.outbox import Message
from models.reminders import Reminder
from models.rights import Access, system_access
from models.security import User
from models.transactions import in_transaction
from services.notices import text_of
from services.records import now
from services.reminders import follow_activities, tell_due
from tests.fixtures.mail import insert_activity

Raw = dict[str, Any]
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def anna(make_user: Callable[..., User]) -> User:
    return make_user("anna", "Staff", language="fi", time_zone="Europe/Helsinki")


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob", "Staff", language="en", time_zone="America/New_York")


def save(raw: Raw | None = None, **changes: Any) -> Raw:
    """Write an activity as its register does, with its followers."""
    before = me.get_db()["activity"].find_one({"_id": raw["_id"]}) if raw else None
    after = {**before, **changes} if before else insert_activity(**changes)
    if before:
        me.get_db()["activity"].replace_one({"_id": after["_id"]}, after)
    in_transaction(lambda session: follow_activities(session, system_access(), [(before, after)]))
    return after


def delete(raw: Raw) -> None:
    me.get_db()["activity"].delete_one({"_id": raw["_id"]})
    in_transaction(lambda session: follow_activities(session, system_access(), [(raw, None)]))


def waiting() -> list[tuple[Any, dt.datetime]]:
    return [(one.user, one.at) for one in Reminder.objects(state="waiting").order_by("at", "user")]


def soon(minutes: int = 60) -> dt.datetime:
    return now().replace(second=0, microsecond=0) + minutes * MINUTE


def test_owner_and_users_who_take_part_have_a_reminder(anna: User, bob: User) -> None:
    declined, asked = ObjectId(), ObjectId()
    answers = {str(declined): "declined", str(asked): "proposed"}
    raw = save(owner=anna.pk, users=[bob.pk, declined, asked], answers=answers, starts_at=soon())
    assert waiting() == [(anna.pk, soon(45)), (bob.pk, soon(45))]
    save(raw, answers={**answers, str(asked): "accepted"})
    assert (asked, soon(45)) in waiting()
    save(raw, users=[])
    assert waiting() == [(anna.pk, soon(45))]


def test_a_moved_activity_moves_its_reminder_and_back_again(anna: User) -> None:
    raw = save(owner=anna.pk, starts_at=soon())
    save(raw, starts_at=soon(120))
    assert waiting() == [(anna.pk, soon(105))]
    save(raw, starts_at=soon())
    assert waiting() == [(anna.pk, soon(45))]
    save(raw, reminder="60", starts_at=soon(90))
    assert waiting() == [(anna.pk, soon(30))]
    save(raw, name="Another name")
    assert waiting() == [(anna.pk, soon(30))]


@pytest.mark.parametrize("change", [{"state": "done"}, {"state": "cancelled"}, {"reminder": ""}, {"starts_at": None}])
def test_an_activity_that_has_ended_reminds_nobody(anna: User, change: Raw) -> None:
    raw = save(owner=anna.pk, starts_at=soon())
    save(raw, **change)
    assert waiting() == []
    save(raw, starts_at=soon(), state="open", reminder="15")
    assert waiting() == [(anna.pk, soon(45))]


def test_a_deleted_activity_reminds_nobody_and_a_restored_one_does(anna: User) -> None:
    raw = save(owner=anna.pk, starts_at=soon())
    delete(raw)
    assert waiting() == []
    in_transaction(lambda session: follow_activities(session, system_access(), [(None, raw)]))
    assert waiting() == [(anna.pk, soon(45))]


def test_tasks_are_reminded_before_they_are_due_and_at_a_chosen_moment(anna: User) -> None:
    raw = save(owner=anna.pk, due_at=soon())
    assert waiting() == [(anna.pk, soon(45))]
    save(raw, reminder="moment", reminder_at=soon(10))
    assert waiting() == [(anna.pk, soon(10))]
    save(raw, reminder="moment", reminder_at=None)
    assert waiting() == []


def test_what_begins_shortly_is_told_and_what_has_begun_is_not(anna: User) -> None:
    save(owner=anna.pk, starts_at=soon(5))
    save(owner=anna.pk, starts_at=soon(-5))
    assert tell_due() == 1


def test_telling_makes_a_notice_and_a_mail_once_in_the_user_s_language_and_zone(anna: User, bob: User) -> None:
    starts = dt.datetime(now().year + 1, 7, 1, 6, 0, tzinfo=dt.UTC)
    raw = save(name="Soita <Virtaselle>", owner=anna.pk, users=[bob.pk], starts_at=starts, place="Kahvila",
               reminder="moment", reminder_at=now() - MINUTE)  # fmt: skip
    assert len(waiting()) == 2
    assert tell_due() == 2
    assert tell_due() == 0
    finnish, english = (Message.objects.get(user=user.pk) for user in (anna, bob))
    assert finnish.address == "anna@example.com"
    assert f"1.7.{starts.year}" in finnish.subject
    assert finnish.subject.endswith("9.00")
    assert english.subject.endswith(f"1 Jul {starts.year} at 02:00")
    assert english.subject.startswith("Reminder: Soita <Virtaselle>, ")
    assert f"http://127.0.0.1:8080/activities/show/{raw['_id']}" in english.text
    assert "Soita &lt;Virtaselle&gt;" in english.html
    assert "Kahvila" in english.text
    assert english.key == f"reminder:{Reminder.objects.get(user=bob.pk).pk}"
    notice = Notice.objects.get(user=anna.pk)
    with force_locale("en"):
        assert text_of(notice.to_mongo()).startswith("Soita <Virtaselle>, ")
    assert notice.url == f"/activities/show/{raw['_id']}"


def test_a_whole_day_is_told_as_the_day_it_is_where_it_is_meant(bob: User) -> None:
    midnight = dt.datetime(now().year + 1, 6, 9, 21, 0, tzinfo=dt.UTC)
    raw = save(owner=bob.pk, starts_at=midnight, ends_at=midnight + DAY, all_day=True, reminder="moment",
               reminder_at=now() - MINUTE)  # fmt: skip
    task = save(name="Send offer", owner=bob.pk, due_on=midnight.replace(hour=0), due_at=midnight,
                reminder="moment", reminder_at=now() - MINUTE)  # fmt: skip
    assert tell_due() == 2
    subjects = {one.url: one.to_mongo() for one in Notice.objects}
    with force_locale("en"):
        entry, due = (text_of(subjects[f"/activities/show/{one['_id']}"]) for one in (raw, task))
    assert "10 Jun" in entry or "Jun 10" in entry
    assert due.startswith("Send offer, due")
    assert "9 Jun" in due or "Jun 9" in due


def test_late_reminders_are_told_after_a_stop_unless_too_late(anna: User) -> None:
    late, old, done = (save(owner=anna.pk, starts_at=soon(60 * 24 * 30)) for _number in range(3))
    for raw, days in ((late, 6), (old, 8), (done, 1)):
        at = (now() - days * DAY).replace(microsecond=0)
        Reminder.objects(activity=raw["_id"]).update(at=at)
        me.get_db()["activity"].update_one({"_id": raw["_id"]}, {"$set": {"starts_at": at + 15 * MINUTE}})
    me.get_db()["activity"].update_one({"_id": done["_id"]}, {"$set": {"state": "done"}})
    assert tell_due() == 1
    states = {one.activity: one.state for one in Reminder.objects}
    assert (states[late["_id"]], states[old["_id"]], states[done["_id"]]) == ("told", "cancelled", "cancelled")


def test_an_edit_between_the_moment_and_the_telling_loses_no_reminder(anna: User) -> None:
    raw = save(owner=anna.pk, starts_at=soon(15) - MINUTE, reminder="15")
    save(raw, users=[ObjectId()])
    weekly = insert_activity(owner=anna.pk, starts_at=soon(14), repeats="FREQ=WEEKLY")
    Reminder(activity=weekly["_id"], user=anna.pk, at=soon(-1), starts=soon(14), state="waiting").save()
    save(weekly, users=[ObjectId()])
    assert tell_due() >= 2
    assert Reminder.objects(user=anna.pk, state="told").count() == 2


def test_a_repeating_activity_has_one_reminder_and_telling_makes_the_next(anna: User) -> None:
    raw = save(owner=anna.pk, starts_at=soon(16) - 7 * DAY, repeats="FREQ=DAILY", zone="UTC")
    assert waiting() == [(anna.pk, soon(1))]
    Reminder.objects.update(at=soon(1) - DAY)
    assert tell_due() == 1
    assert waiting() == [(anna.pk, soon(1))]
    save(raw, skipped=[soon(16)])
    assert waiting() == [(anna.pk, soon(1) + DAY)]


def test_the_hour_of_a_repeating_reminder_stays_through_a_change_of_the_clock(
    anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = dt.datetime(2026, 3, 27, 6, 50, tzinfo=dt.UTC)
    monkeypatch.setattr("services.reminders.now", lambda: moment)
    save(owner=anna.pk, starts_at=dt.datetime(2026, 3, 27, 7, 0, tzinfo=dt.UTC), repeats="FREQ=WEEKLY", reminder="0")
    monkeypatch.setattr("services.reminders.now", lambda: moment + HOUR)
    assert tell_due() == 1
    assert waiting() == [(anna.pk, dt.datetime(2026, 4, 3, 6, 0, tzinfo=dt.UTC))]


def test_a_user_who_has_left_is_told_nothing(anna: User) -> None:
    save(owner=anna.pk, starts_at=soon(5))
    User.objects(pk=anna.pk).update(active=False)
    assert tell_due() == 0
    assert (Notice.objects.count(), Message.objects.count(), waiting()) == (0, 0, [])


def test_a_rule_that_is_none_reminds_of_nothing(anna: User) -> None:
    save(owner=anna.pk, starts_at=soon(5), repeats="FREQ=NEVER")
    assert waiting() == []


def test_many_due_at_once_are_told_once_by_several_workers(app: Flask, anna: User, admin_access: Access) -> None:
    at = now() - MINUTE
    rows = [insert_activity(owner=anna.pk, starts_at=at + 15 * MINUTE) for _number in range(600)]
    Reminder._get_collection().insert_many([
        {"activity": raw["_id"], "user": anna.pk, "at": raw["starts_at"] - 15 * MINUTE, "starts": raw["starts_at"],
         "state": "waiting"} for raw in rows
    ])  # fmt: skip
    told: list[int] = []

    def work() -> None:
        with app.app_context():
            told.append(tell_due())

    threads = [threading.Thread(target=work) for _number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(told) == Message.objects.count() == Notice.objects.count() == 600
    assert len(Message.objects.distinct("key")) == 600


def test_a_telling_that_fails_leaves_no_half(anna: User, monkeypatch: pytest.MonkeyPatch) -> None:
    save(owner=anna.pk, starts_at=soon(5))

    def fail(*_: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr("services.reminders.queue_messages", fail)
        with pytest.raises(ConnectionError):
            tell_due()
    assert (Notice.objects.count(), len(waiting())) == (0, 1)
    assert tell_due() == 1
