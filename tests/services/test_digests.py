"""The daily digest and the rounds: who gets it when, what stands in it, and that one failing step stops no other."""

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from models.notices import Notice
from models.outbox import Message
from models.security import Team, User
from models.transactions import in_transaction
from services import rounds
from services.digests import make_digests
from services.outbox import queue_message
from services.rounds import deliver
from tests.fixtures.mail import Inbox

Raw = dict[str, Any]
#: A Wednesday, when it is 8:30 in Helsinki.
MORNING = dt.datetime(2026, 6, 10, 5, 30, tzinfo=dt.UTC)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[dt.datetime], None]:
    """Have digests believe that it is another moment."""
    return lambda moment: monkeypatch.setattr("services.digests.now", lambda: moment)


@pytest.fixture
def anna(make_user: Callable[..., User], at: Callable[[dt.datetime], None]) -> User:
    at(MORNING)
    return make_user("anna", "Staff", digest="weekdays", language="en", time_zone="Europe/Helsinki")


def test_a_digest_tells_todays_entries_tasks_due_and_overdue_ones(anna: User, add_activity: Callable[..., Raw]) -> None:
    add_activity(name="Late meeting", owner=anna.pk, starts_at=MORNING + 9 * HOUR)
    add_activity(name="Weekly", owner=anna.pk, starts_at=MORNING - 7 * DAY, repeats="FREQ=WEEKLY", place="Here")
    add_activity(name="Tomorrow's", owner=anna.pk, starts_at=MORNING + DAY)
    midnight = dt.datetime(2026, 6, 10, 21, tzinfo=dt.UTC)
    add_activity(name="Due task", owner=anna.pk, due_at=midnight)
    add_activity(name="Old task", owner=anna.pk, due_at=midnight - 3 * DAY)
    add_activity(name="Task of tomorrow", owner=anna.pk, due_at=midnight + HOUR, due_time="01:00")
    add_activity(name="Done task", owner=anna.pk, due_at=midnight, state="done")
    add_activity(name="Not mine", owner=None, users=[], due_at=midnight)
    add_activity(name="Not accepted", users=[anna.pk], answers={str(anna.pk): "proposed"}, starts_at=MORNING)
    assert make_digests() == 1
    message = Message.objects.get()
    assert message.subject == "Your day, Wed, 10 Jun 2026"
    assert message.key == f"digest:{anna.pk}:2026-06-10"
    lines = [line for line in message.text.splitlines() if line and not line.startswith("  http")]
    assert lines[1:8] == ["Today", "Weekly, 08:30–09:30", "Late meeting, 17:30–18:30", "Due today", "Due task",
                          "Overdue", "Old task, Sun, 7 Jun 2026"]  # fmt: skip
    assert "Tomorrow" not in message.text
    assert make_digests() == 0


@pytest.mark.parametrize(("moment", "made"), [
    (MORNING - 2 * HOUR, 0), (MORNING - HOUR - HOUR / 2, 1), (MORNING + 3 * HOUR, 1), (MORNING + 4 * HOUR, 0),
    (MORNING + 3 * DAY, 0), (MORNING + 4 * DAY, 0), (MORNING + 5 * DAY, 1),
])  # fmt: skip
def test_a_digest_comes_on_weekday_mornings(
    anna: User, add_activity: Callable[..., Raw], at: Callable[[dt.datetime], None], moment: dt.datetime, made: int
) -> None:
    add_activity(owner=anna.pk, due_at=MORNING - 10 * DAY)
    at(moment)
    assert make_digests() == made


def test_nobody_gets_an_empty_digest_or_one_that_was_not_asked_for(
    anna: User, make_user: Callable[..., User], add_activity: Callable[..., Raw]
) -> None:
    other = make_user("other", "Staff")
    left = make_user("left", "Staff", digest="weekdays")
    User.objects(pk=left.pk).update(active=False)
    for user in (other, left):
        add_activity(owner=user.pk, starts_at=MORNING)
    assert make_digests() == 0
    assert User.objects.get(pk=anna.pk).digest_day == "2026-06-10"


def test_a_digest_holds_only_what_the_user_may_see(
    at: Callable[[dt.datetime], None], make_user: Callable[..., User], add_activity: Callable[..., Raw]
) -> None:
    at(MORNING)
    nobody = make_user("nobody", digest="weekdays", team=Team(name="North").save())
    add_activity(owner=nobody.pk, starts_at=MORNING)
    assert make_digests() == 0


def test_a_round_goes_on_when_a_step_fails(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def tell_due() -> int:
        raise ValueError("broken")

    monkeypatch.setattr(rounds, "tell_due", tell_due)
    in_transaction(lambda session: queue_message(session, purpose="test", address="a@example.com", subject="S",
                                                 text="T"))  # fmt: skip
    with caplog.at_level(logging.ERROR):
        deliver()
    assert len(inbox.messages) == 1
    assert "tell_due failed" in caplog.text


def test_administrators_are_told_once_that_no_server_is_set(app: Flask, admin: User, make_user: Any) -> None:
    make_user("seller", "Staff")
    deliver()
    assert Notice.objects.count() == 0
    for _time in range(2):
        in_transaction(lambda session: queue_message(session, purpose="test", address="a@example.com", subject="S",
                                                     text="T"))  # fmt: skip
        deliver()
    (notice,) = Notice.objects
    assert (notice.user, notice.kind, notice.url) == (admin.pk, "no_mail_server", "/outbox/")
