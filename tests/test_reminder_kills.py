"""Reminders survive: 2,000 are due in the same minute, and the worker that tells and sends is killed on the way."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from bson import ObjectId
from flask import Flask

from app import create_app
from config import load_settings
from models.notices import Notice
from models.outbox import Message
from models.reminders import Reminder
from models.security import User
from services.records import now
from tests.fixtures.mail import Inbox, insert_activity
from tests.fixtures.program import START_SECONDS, Program, until

pytestmark = pytest.mark.slow

REMINDERS, USERS, KILLS = 2_000, 20, 2
ALL_SECONDS = 180.0
TELL = """
from app import create_app
from services.reminders import tell_due
app = create_app()
input()
with app.app_context():
    print(tell_due())
"""


@pytest.fixture
def program(
    start: Callable[..., Program], smtp_server: tuple[Inbox, str], monkeypatch: pytest.MonkeyPatch
) -> Program:
    """The program, sending by our server."""
    monkeypatch.setattr(Program, "extra", {"KORTISTO_SMTP_URL": smtp_server[1]})
    begun = start()
    assert until(begun.is_up, START_SECONDS), begun.state()
    return begun


def make_due() -> None:
    """REMINDERS of USERS users, all at the same moment, which has just passed."""
    role = me.get_db()["ab_role"].find_one({"name": "Staff"})
    users = [ObjectId() for _number in range(USERS)]
    User._get_collection().insert_many([
        {"_id": user, "username": f"u{number}", "email": f"u{number}@example.com", "active": True,
         "roles": [role["_id"]], "first_name": "U", "last_name": str(number), "language": "fi", "version": 1}
        for number, user in enumerate(users)
    ])  # fmt: skip
    at = now().replace(microsecond=0) - dt.timedelta(seconds=1)
    starts = at + dt.timedelta(minutes=15)
    rows = [insert_activity(owner=users[number % USERS], starts_at=starts) for number in range(REMINDERS)]
    Reminder._get_collection().insert_many([
        {"activity": raw["_id"], "user": raw["owner"], "at": at, "starts": starts, "state": "waiting"} for raw in rows
    ])  # fmt: skip


def kill_mail_worker(program: Program) -> None:
    for pid in program.children("app.mail_worker"):
        os.kill(pid, signal.SIGKILL)


def test_reminders_are_told_and_sent_once_through_kills(
    program: Program, inside: Flask, smtp_server: tuple[Inbox, str]
) -> None:
    inbox = smtp_server[0]
    make_due()
    for share in (REMINDERS // 4, REMINDERS // 2)[:KILLS]:
        assert until(lambda share=share: len(inbox.messages) >= share, ALL_SECONDS), program.state()
        assert program.children("app.mail_worker")
        kill_mail_worker(program)
    assert until(lambda: Message.objects(state="sent").count() == REMINDERS, ALL_SECONDS), program.state()
    assert Reminder.objects(state="told").count() == Notice.objects.count() == REMINDERS
    assert set(inbox.ids) == {message.message_id for message in Message.objects.only("message_id")}
    assert len(set(inbox.ids)) == REMINDERS
    assert len(inbox.ids) <= REMINDERS + KILLS
    assert User.objects.sum("unread") == REMINDERS


def test_two_schedulers_at_the_same_moment_tell_none_twice(start: Callable[..., Program]) -> None:
    program = start()
    assert until(program.is_up, START_SECONDS), program.state()
    app = create_app(load_settings({"KORTISTO_DATA_DIR": str(program.folder), "KORTISTO_PORT": str(program.port)}))
    # Only our two tell: the program keeps the database, and its own worker is held.
    (worker,) = program.children("app.mail_worker")
    os.kill(worker, signal.SIGSTOP)
    tellers = [
        subprocess.Popen([sys.executable, "-c", TELL], env=program.environ, stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, text=True)
        for _number in range(2)
    ]  # fmt: skip
    with app.app_context():
        make_due()
        began = time.monotonic()
        told = [int(outcome.strip().splitlines()[-1]) for outcome in go(tellers)]
        assert sum(told) == Message.objects.count() == Notice.objects.count() == REMINDERS
        assert len(Message.objects.distinct("key")) == REMINDERS
        assert time.monotonic() - began < ALL_SECONDS
    me.disconnect()


def go(tellers: list[subprocess.Popen[str]]) -> list[Any]:
    """Let them begin together; what each printed."""
    for teller in tellers:
        assert teller.stdin
        teller.stdin.write("\n")
        teller.stdin.flush()
    return [teller.communicate(timeout=ALL_SECONDS)[0] for teller in tellers]
