"""The outbox: queued once, sent once by a real SMTP server, tried again, and not lost with a worker that is killed."""

import datetime as dt
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from models.consent import Suppressed
from models.outbox import Message
from models.rights import Access, NotAllowed
from models.security import User
from models.transactions import in_transaction
from services.leases import machine
from services.mail import email_of
from services.mail_headers import one_line
from services.message_content import Content
from services.message_looks import shown_html
from services.outbox import (
    DELAYS,
    Unchangeable,
    cancel_message,
    list_messages,
    queue_message,
    queue_messages,
    queue_test,
    retry_message,
    send_due,
)
from services.outbox.lines import Line
from services.outbox.reading import Asked
from services.records import RecordNotFound, now
from services.sending import Refused
from tests.fixtures.mail import Inbox

Raw = dict[str, Any]


def queue(address: str = "anna@example.com", **values: Any) -> None:
    given = {"purpose": "test", "subject": "Hello", "text": "Hello, Ännä", "address": address, **values}
    in_transaction(lambda session: queue_message(session, **given))


def stored() -> Raw:
    (raw,) = Message._get_collection().find()
    return raw


def make_due() -> None:
    Message._get_collection().update_many({}, {"$set": {"due_at": now()}})


def test_a_message_is_sent_once_with_text_html_and_attachment(inbox: Inbox) -> None:
    calendar = {"name": "meeting.ics", "content_type": "text/calendar", "content": b"BEGIN:VCALENDAR",
                "method": "REQUEST"}  # fmt: skip
    queue(html="<p>Hello, Ännä</p>", attachments=[calendar])
    assert send_due() == 1
    assert send_due() == 0
    (message,) = inbox.messages
    raw = stored()
    assert (raw["state"], raw["attempts"], message["Message-ID"]) == ("sent", 1, raw["message_id"])
    assert (message["To"], message["From"]) == ("anna@example.com", "Kortisto <kortisto@localhost>")
    assert message.get_body(("plain",)).get_content().strip() == "Hello, Ännä"  # type: ignore[union-attr]
    assert "<p>Hello, Ännä</p>" in message.get_body(("html",)).get_content()  # type: ignore[union-attr]
    (attachment,) = message.iter_attachments()
    assert (attachment.get_filename(), attachment.get_content_type()) == ("meeting.ics", "application/ics")
    assert b"BEGIN:VCALENDAR" in attachment.get_content()
    (asked,) = (part for part in message.walk() if part.get_content_type() == "text/calendar")
    assert asked["Content-Type"].params["method"] == "REQUEST"
    assert "BEGIN:VCALENDAR" in asked.get_content()


def test_a_key_queues_once_and_many_go_over_one_connection(inbox: Inbox) -> None:
    for _time in range(3):
        queue(key="reminder:1")
    in_transaction(lambda session: queue_messages(session, [
        {"purpose": "test", "address": f"{number}@example.com", "subject": "S", "text": "T", "key": f"k{number}"}
        for number in range(10)
    ]))  # fmt: skip
    assert send_due() == 11
    assert inbox.connections == 1
    assert len(set(inbox.ids)) == 11


def test_what_is_queued_in_a_transaction_that_fails_is_not_there(inbox: Inbox) -> None:
    def work(session: Any) -> None:
        queue_message(session, purpose="test", address="a@example.com", subject="S", text="T")
        raise ValueError

    with pytest.raises(ValueError):
        in_transaction(work)
    assert send_due() == 0


def test_headers_can_t_be_forged(inbox: Inbox) -> None:
    queue(subject="Hello\r\nBcc: all@example.com\u2028X", attachments=[
        {"name": 'a"\r\nX-Evil: 1\r\n.txt', "content_type": "text/plain", "content": b"x"}])  # fmt: skip
    assert send_due() == 1
    (message,) = inbox.messages
    assert (message["Subject"], message["Bcc"]) == ("Hello Bcc: all@example.com X", None)
    assert b"\nX-Evil" not in message.as_bytes()
    assert one_line("a\x00b\tc") == "a b c"


@pytest.mark.parametrize("address", ["no address", "a@b\r\nBcc: c@d", "", "a@b, c@d", "@"])
def test_an_address_that_is_none_fails_for_good(inbox: Inbox, address: str) -> None:
    queue(address)
    assert send_due() == 0
    assert stored()["state"] == "failed"
    with pytest.raises(Refused):
        email_of(stored())


def test_a_temporary_failure_is_tried_again_later_and_later(inbox: Inbox) -> None:
    inbox.answers["anna@example.com"] = "451 Greylisted, come again"
    queue()
    queue("other@example.com")
    for attempt, delay in enumerate(DELAYS, 1):
        make_due()
        send_due()
        raw = Message._get_collection().find_one({"address": "anna@example.com"}) or {}
        assert (raw["state"], raw["attempts"], raw["error"]) == ("waiting", attempt, "451 Greylisted, come again")
        assert delay - dt.timedelta(seconds=30) < raw["due_at"] - now() <= delay
    assert sum(DELAYS, dt.timedelta()) > dt.timedelta(hours=47)
    make_due()
    send_due()
    assert Message.objects.get(address="anna@example.com").state == "failed"
    assert [message["To"] for message in inbox.messages] == ["other@example.com"]


def test_a_refusal_fails_with_the_server_s_words_and_is_sent_when_retried(
    inbox: Inbox, admin_access: Access
) -> None:
    inbox.answers["anna@example.com"] = "550 No such user here"
    queue()
    send_due()
    assert (stored()["state"], stored()["error"]) == ("failed", "550 No such user here")
    inbox.answers.clear()
    retry_message(admin_access, stored()["_id"])
    assert send_due() == 1
    assert inbox.ids == [stored()["message_id"]]
    for change in (retry_message, cancel_message):
        with pytest.raises(Unchangeable):
            change(admin_access, stored()["_id"])


@pytest.mark.parametrize(("answer", "known"), [
    ("550 5.1.1 User unknown", True), ("550 5.2.1 Mailbox disabled", True), ("550 5.7.1 You are not welcome", False),
    ("550 No such user here", False), ("450 4.2.2 Mailbox full", False),
])  # fmt: skip
def test_address_that_does_not_exist_gets_no_marketing_any_more(
    app: Flask, inbox: Inbox, answer: str, known: bool
) -> None:
    inbox.answers["anna@example.com"] = answer
    queue(address="Anna@example.com")
    inbox.answers["Anna@example.com"] = answer
    send_due()
    found = Suppressed._get_collection().find_one({"channel": "mail", "address": "anna@example.com"})
    assert (found is not None and found["reason"] == "undeliverable") is known


def test_a_server_that_does_not_answer_costs_one_message_one_try(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:1")
    for number in range(3):
        queue(f"{number}@example.com")
    assert send_due() == 0
    assert sorted(message.attempts for message in Message.objects) == [0, 0, 1]
    assert {message.state for message in Message.objects} == {"waiting"}


def test_without_a_server_messages_wait(app: Flask) -> None:
    queue()
    assert send_due() == 0
    assert (stored()["state"], stored()["attempts"]) == ("waiting", 0)


def test_a_message_of_a_killed_worker_is_sent_by_the_next_with_the_same_id(inbox: Inbox) -> None:
    queue()
    raw = Line("mail").next()[0] or {}
    assert send_due() == 0
    ended = subprocess.Popen(["true"])
    ended.wait()
    gone = f"{machine()} {ended.pid} x"
    Message._get_collection().update_one({}, {"$set": {"holder": gone}})
    assert send_due() == 1
    assert inbox.ids == [raw["message_id"]]


def test_a_message_of_another_machine_waits_for_its_lease(inbox: Inbox) -> None:
    queue()
    assert Line("mail").next()[0]
    Message._get_collection().update_one({}, {"$set": {"holder": f"elsewhere {os.getpid()} x"}})
    assert send_due() == 0
    Message._get_collection().update_one({}, {"$set": {"lease_until": now() - dt.timedelta(seconds=1)}})
    assert send_due() == 1
    assert stored()["state"] == "sent"


def test_a_worker_that_lost_its_message_leaves_it_alone(inbox: Inbox) -> None:
    queue()
    line = Line("mail")
    raw = line.next()[0] or {}
    Message._get_collection().update_one({}, {"$set": {"holder": "another"}})
    line.hand.put_off(raw, "too late")
    line.hand.let_go()
    assert (stored()["state"], stored()["error"]) == ("sending", "")


def test_several_workers_send_each_message_once(app: Flask, inbox: Inbox) -> None:
    for number in range(40):
        queue(f"{number}@example.com")

    def work() -> None:
        with app.app_context():
            send_due()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(inbox.ids) == len(set(inbox.ids)) == 40


def test_others_messages_are_for_administrators_alone(
    inbox: Inbox, make_user: Callable[..., User], access_of: Callable[[User], Access], admin_access: Access
) -> None:
    queue()
    staff = access_of(make_user("seller", "Staff"))
    assert list_messages(staff) == ([], "")
    for hidden in (retry_message, cancel_message):
        with pytest.raises(RecordNotFound):
            hidden(staff, stored()["_id"])
    with pytest.raises(NotAllowed):
        queue_test(staff, "S", "T")
    cancel_message(admin_access, stored()["_id"])
    assert send_due() == 0
    rows, more = list_messages(admin_access, Asked(state="cancelled"))
    assert ([row["subject"] for row in rows], more, "text" in rows[0]) == (["Hello"], "", False)
    with pytest.raises(RecordNotFound):
        cancel_message(admin_access, "0123456789abcdef01234567")


def test_attachments_that_are_too_large_are_refused(app: Flask) -> None:
    with pytest.raises(ValueError, match="larger"):
        queue(attachments=[{"name": "a", "content_type": "text/plain", "content": b"x" * 6_000_000}])


def test_message_is_looked_at_without_its_title_scripts_and_links() -> None:
    page = ("<html><head><title>Not to be read</title></head><body><p>Hello</p><script>alert(1)</script>"
            '<a href="https://example.com/unsubscribe">Unsubscribe</a><img src="https://example.com/a.png"></body></html>')
    shown = shown_html(Content(html=page))
    assert "<p>Hello</p>" in shown
    assert "Unsubscribe" in shown
    for hidden in ("Not to be read", "alert", "https://"):
        assert hidden not in shown
