"""SMS: to a real HTTP endpoint of this machine by Apprise; numbers, answers, silence; and how long texts are."""

import json
import subprocess
import sys
from typing import Any

import pytest
from flask import Flask

from config import PROJECT_ROOT
from models.organisation import THE_ONE, Organisation
from models.outbox import Message
from models.transactions import in_transaction
from services.outbox import queue_messages, send_due
from services.outbox.refusals import REFUSALS
from services.sms import BASIC, EXTENSION, SmsLength, sms_length
from tests.fixtures.program import free_port
from tests.fixtures.sms import Gateway

Raw = dict[str, Any]


def queue(address: str, **values: Any) -> None:
    given = {"channel": "sms", "purpose": "direct", "address": address, "text": "Hyvää päivää, {to}!", **values}
    in_transaction(lambda session: queue_messages(session, [given]))


def stored() -> tuple[str, str]:
    (message,) = Message.objects
    return message.state, message.error


@pytest.mark.parametrize(("address", "number"), [
    ("040 123 4567", "+358401234567"), ("+46 70-123 45 67", "+46701234567"), ("00358401234567", "+358401234567"),
])  # fmt: skip
def test_a_message_goes_to_its_number_as_it_is_written(gateway: Gateway, address: str, number: str) -> None:
    queue(address)
    assert send_due() == 1
    ((agent, sent),) = gateway.requests
    assert (sent["to"], sent["message"], sent["title"], agent) == (number, "Hyvää päivää, {to}!", "", "Kortisto")
    assert "apprise" not in json.dumps(sent).lower()


def test_a_number_without_its_country_is_of_the_organisation_s(gateway: Gateway) -> None:
    Organisation._get_collection().update_one({"_id": THE_ONE}, {"$set": {"country": "SE"}}, upsert=True)
    queue("070-123 45 67")
    send_due()
    assert gateway.requests[0][1]["to"] == "+46701234567"


@pytest.mark.parametrize("address", ["", "Anna", "12", "+358" + "1" * 30, "040 123 4567&x=1\r\n"])
def test_what_is_no_number_fails_and_is_not_sent(gateway: Gateway, address: str) -> None:
    queue(address)
    send_due()
    if stored()[0] == "sent":
        # What follows a number is cut off before it could mean anything in an address.
        assert gateway.requests[0][1]["to"] == "+358401234567"
    else:
        assert (stored()[0], gateway.requests) == ("failed", [])


@pytest.mark.parametrize(("status", "state"), [
    (400, "failed"), (422, "failed"), (401, "waiting"), (429, "waiting"), (500, "waiting"), (0, "waiting"),
])  # fmt: skip
def test_a_refusal_fails_and_what_may_pass_is_tried_again(gateway: Gateway, status: int, state: str) -> None:
    gateway.status = status
    queue("040 123 4567")
    assert send_due() == 0
    assert stored()[0] == state
    assert stored()[1]
    gateway.status = 200
    Message.objects.update(due_at=Message.objects.first().created_at)
    assert send_due() == (state == "waiting")


def test_marketing_that_the_service_broke_off_is_unclear(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.outbox.refusals.REFUSALS", [*REFUSALS, lambda raw: ""])
    gateway.status = 0
    queue("040 123 4567", marketing=True)
    send_due()
    assert stored()[0] == "unclear"


def test_a_service_that_does_not_answer_costs_one_message_one_try(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMS_URL", f"json://127.0.0.1:{free_port()}/?:to={{to}}")
    for number in range(3):
        queue(f"040 123 456{number}")
    send_due()
    assert sorted(message.attempts for message in Message.objects) == [0, 0, 1]
    monkeypatch.setitem(app.config, "SMS_URL", "nonsense://{to}")
    send_due()
    assert {message.state for message in Message.objects} == {"waiting"}


def test_without_a_service_messages_wait(app: Flask) -> None:
    queue("040 123 4567")
    assert send_due() == 0
    assert stored() == ("waiting", "")


def test_apprise_asks_nobody_when_it_is_imported() -> None:
    # With no connection to be had, an import that asked anybody would fail.
    code = "import socket\nsocket.socket.connect = socket.getaddrinfo = None\nimport services.sms"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT_ROOT, check=True)


# How long texts are


@pytest.mark.parametrize(("text", "length"), [
    ("", SmsLength("gsm7", 0, 0, 160)),
    ("Hyvää päivää", SmsLength("gsm7", 12, 1, 148)),
    ("a" * 160, SmsLength("gsm7", 160, 1, 0)),
    ("a" * 161, SmsLength("gsm7", 161, 2, 145)),
    ("€" * 80, SmsLength("gsm7", 160, 1, 0)),
    # A euro sign is not cut in two: the first part stays one short.
    ("a" * 152 + "€" + "a" * 10, SmsLength("gsm7", 164, 2, 141)),
    ("š" * 70, SmsLength("ucs2", 70, 1, 0)),
    ("š" * 71, SmsLength("ucs2", 71, 2, 63)),
    ("😀" * 35, SmsLength("ucs2", 70, 1, 0)),
    ("😀" * 36, SmsLength("ucs2", 72, 2, 61)),
])  # fmt: skip
def test_how_long_a_text_is(text: str, length: SmsLength) -> None:
    assert sms_length(text) == length


def test_the_alphabet_is_that_of_the_standard() -> None:
    assert (len(BASIC), len(set(BASIC)), len(EXTENSION)) == (127, 127, 10)
