"""A mailing to 10,000 survives: its worker is killed twice on the way, nobody gets it twice, and none is forgotten."""

import logging
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from bson import ObjectId
from flask import Flask

from config import PROJECT_ROOT, Settings
from models.outbox import Message
from models.rights import Access
from models.transactions import in_transaction
from services.outbox import figures, list_messages, queue_messages
from services.outbox.reading import Asked
from services.records import create_record
from tests.fixtures.program import free_port, until

pytestmark = pytest.mark.slow

RECIPIENTS, BATCH, REFUSING_EACH, KILLS = 10_000, 1_000, 20, 2
#: Only so that a test which waits in vain comes to an end.
ALL_SECONDS = 900.0
#: The sending of the mail worker, with a consent and a content of the test's own.
SENDER = """
import time
from app import create_app
from services.outbox import CONTENT, Content, send_due
from services.outbox.refusals import REFUSALS
REFUSALS[:] = [lambda raw: "refused" if raw["values"]["refuses"] else ""]
CONTENT["mailing"] = lambda raw: Content(f"Hello {raw['values']['number']}", "News", "<p>News</p>")
with create_app().app_context():
    while True:
        send_due()
        time.sleep(0.1)
"""


class Recipients:
    """What aiosmtpd calls: keeps to whom messages came."""

    def __init__(self) -> None:
        self.got: list[str] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.got += envelope.rcpt_tos
        return "250 OK"


@pytest.fixture
def smtp() -> Iterator[tuple[Recipients, str]]:
    """Who got messages at a real SMTP server, and its URL."""
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    recipients, port = Recipients(), free_port()
    controller = Controller(recipients, hostname="127.0.0.1", port=port)
    controller.start()
    yield recipients, f"smtp://127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def sender(
    app: Flask, settings: Settings, smtp: tuple[Recipients, str]
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Start a process that sends what is due from the test's database to the test's server."""
    started: list[subprocess.Popen[bytes]] = []
    environ = {name: value for name, value in os.environ.items() if not name.startswith("KORTISTO_")}
    environ |= {"KORTISTO_MONGODB_URI": settings.mongodb_uri, "KORTISTO_DATA_DIR": str(settings.data_dir),
                "KORTISTO_BROKER_URL": "memory://", "KORTISTO_SMTP_URL": smtp[1]}  # fmt: skip

    def start() -> subprocess.Popen[bytes]:
        started.append(subprocess.Popen([sys.executable, "-c", SENDER], cwd=PROJECT_ROOT, env=environ))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


def refuses(number: int) -> bool:
    return number % REFUSING_EACH == 0


def queue(mailing: ObjectId) -> None:
    for first in range(0, RECIPIENTS, BATCH):
        messages: list[dict[str, Any]] = [
            {"purpose": "mailing", "mailing": mailing, "marketing": True, "address": f"{number}@example.com",
             "key": f"mailing:{mailing}:{number}@example.com", "values": {"number": number, "refuses": refuses(number)}}
            for number in range(first, first + BATCH)
        ]  # fmt: skip
        in_transaction(lambda session, messages=messages: queue_messages(session, messages))  # type: ignore[misc]


def test_a_mailing_reaches_each_once_although_its_worker_is_killed_twice(
    sender: Callable[[], subprocess.Popen[bytes]], smtp: tuple[Recipients, str], admin_access: Access
) -> None:
    inbox = smtp[0]
    mailing = create_record(admin_access, "mailing", {"name": "Christmas greeting"})["_id"]
    queue(mailing)
    worker = sender()
    for share in (RECIPIENTS // 4, RECIPIENTS // 2)[:KILLS]:
        assert until(lambda share=share: len(inbox.got) >= share, ALL_SECONDS)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker = sender()
    assert until(lambda: not {"waiting", "sending"} & set(figures(mailing)), ALL_SECONDS), figures(mailing)

    got = Counter(inbox.got)
    assert set(got.values()) == {1}
    sent, unclear = (set(Message.objects(state=state).distinct("address")) for state in ("sent", "unclear"))
    assert sent <= set(got) <= sent | unclear
    assert len(unclear) <= KILLS
    refusing = {f"{number}@example.com" for number in range(RECIPIENTS) if refuses(number)}
    assert refusing.isdisjoint(got)
    assert set(Message.objects(state="suppressed").distinct("address")) == refusing
    assert len(sent) + len(unclear) == RECIPIENTS - len(refusing)
    shown, _after = list_messages(admin_access, Asked(state="unclear"))
    assert {raw["address"] for raw in shown} == unclear
