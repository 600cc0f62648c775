"""Messages of mailings: behind all others, not twice, not against a refusal, held, called off, and at a set rate."""

import datetime as dt
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.outbox import Dispatch, Message
from models.rights import Access, NotAllowed
from models.security import User
from models.transactions import in_transaction
from services.leases import machine
from services.outbox import (
    CONTENT,
    Content,
    NoContent,
    Unchangeable,
    cancel_mailing,
    cancel_message,
    figures,
    list_messages,
    makes_content,
    messages_of,
    pause_mailing,
    queue_message,
    queue_messages,
    refuses_marketing,
    resume_mailing,
    retry_message,
    send_due,
    settle_all,
    settle_message,
)
from services.outbox.endings import KEPT
from services.outbox.histories import Sending
from services.outbox.lines import Line
from services.outbox.rates import seconds_until_free
from services.outbox.reading import Asked, find_message, may_read
from services.outbox.refusals import REFUSALS
from services.records import RecordNotFound, create_record, now
from services.recycle_bin import forget
from services.timeline import timeline_of
from tests.fixtures.mail import Inbox

Raw = dict[str, Any]
REFUSING = "refusing@example.com"


@pytest.fixture(autouse=True)
def consent(monkeypatch: pytest.MonkeyPatch) -> None:
    """One address refuses; what is due to be sent is made late, of the message's values."""
    monkeypatch.setattr("services.outbox.refusals.REFUSALS", REFUSALS_OF_TEST)
    monkeypatch.setitem(CONTENT, "mailing", made)


def refused(raw: Any) -> str:
    return "refused" if raw["address"] == REFUSING else ""


REFUSALS_OF_TEST = [refused]


def made(raw: Any) -> Content:
    values = raw.get("values") or {}
    if values.get("broken"):
        raise NoContent("the picture is gone")
    if values.get("bug"):
        raise KeyError("name")
    return Content(subject=f"Hello {values.get('name', '')}", text="Text", sender_name="Oy Firma Ab",
                   reply_to="sales@example.com", headers={"List-Unsubscribe": f"<https://example.com/{'u' * 200}>",
                   "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})  # fmt: skip


@pytest.fixture
def mailing(admin_access: Access) -> ObjectId:
    return create_record(admin_access, "mailing", {"name": "Autumn news"})["_id"]  # type: ignore[no-any-return]


def queue(mailing: ObjectId, *addresses: str, **values: Any) -> None:
    messages = [{"purpose": "mailing", "mailing": mailing, "marketing": True, "address": address,
                 "key": f"mailing:{mailing}:{address}", **values} for address in addresses]  # fmt: skip
    in_transaction(lambda session: queue_messages(session, messages))


def do(work: Callable[..., None], mailing: ObjectId) -> None:
    in_transaction(lambda session: work(session, mailing))


def state_of(address: str) -> tuple[str, str]:
    message = Message.objects.get(address=address)
    return message.state, message.error


def recipients(inbox: Inbox) -> list[str]:
    return [message["To"] for message in inbox.messages]


@pytest.fixture
def ended_process() -> str:
    """The name of a holder that was a process of this machine."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    return f"{machine()} {ended.pid} x"


def test_content_is_made_when_it_is_sent_with_its_own_headers(inbox: Inbox, mailing: ObjectId) -> None:
    queue(mailing, "a@example.com", values={"name": "Änna"})
    assert send_due() == 1
    (message,) = inbox.messages
    assert (message["Subject"], message["Reply-To"]) == ("Hello Änna", "sales@example.com")
    assert message["From"] == "Oy Firma Ab <kortisto@localhost>"
    assert (message["Precedence"], message["Auto-Submitted"]) == ("bulk", None)
    assert f"List-Unsubscribe: <https://example.com/{'u' * 200}>\r\n".encode() in inbox.contents[0]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_content_that_can_t_be_made_fails_or_waits_and_keeps_no_other_back(inbox: Inbox, mailing: ObjectId) -> None:
    queue(mailing, "a@example.com", values={"broken": True})
    queue(mailing, "b@example.com", values={"bug": True})
    queue(mailing, "c@example.com")
    assert send_due() == 1
    assert state_of("a@example.com") == ("failed", "the picture is gone")
    assert state_of("b@example.com") == ("waiting", "KeyError: 'name'")
    assert recipients(inbox) == ["c@example.com"]


def test_who_refuses_gets_no_marketing_but_a_notice(inbox: Inbox, mailing: ObjectId) -> None:
    queue(mailing, REFUSING, "a@example.com")
    queue(mailing, f"notice-{REFUSING}", marketing=False)
    assert send_due() == 2
    assert state_of(REFUSING) == ("suppressed", "refused")
    assert recipients(inbox) == ["a@example.com", f"notice-{REFUSING}"]


def test_where_nobody_knows_of_consent_marketing_goes_to_nobody(
    inbox: Inbox, mailing: ObjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.outbox.refusals.REFUSALS", [])
    queue(mailing, "a@example.com")
    assert send_due() == 0
    assert state_of("a@example.com") == ("suppressed", "no_rule")


def test_marks_of_makers_and_refusals_are_kept(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    @makes_content("other")
    def other(raw: Any) -> Content:
        return Content(text="other")

    @refuses_marketing
    def never(raw: Any) -> str:
        return ""

    assert CONTENT.pop("other") is other
    assert REFUSALS_OF_TEST.pop() is never
    assert REFUSALS is not REFUSALS_OF_TEST


def test_other_messages_go_before_mailings_and_mailings_take_turns(
    inbox: Inbox, mailing: ObjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.outbox.lines.BATCH", 1)
    second = ObjectId()
    queue(mailing, "a1@example.com", "a2@example.com")
    queue(second, "b1@example.com", "b2@example.com")
    in_transaction(lambda session: queue_message(session, purpose="test", address="first@example.com", subject="S",
                                                 text="T"))  # fmt: skip
    assert send_due() == 5
    assert recipients(inbox)[0] == "first@example.com"
    assert {address[0] for address in recipients(inbox)[1:3]} == {"a", "b"}
    assert {dispatch.state for dispatch in Dispatch.objects} == {"idle"}


def test_what_is_paused_or_called_off_on_the_way_is_not_taken(
    inbox: Inbox, mailing: ObjectId, admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue(mailing, "a@example.com", "b@example.com", "c@example.com", "d@example.com")
    line = Line("mail")
    assert line.next()[0]
    cancel_message(admin_access, Message.objects.get(address="b@example.com").pk)
    found, _wait = line.next()
    assert found
    assert found["address"] == "c@example.com"
    do(pause_mailing, mailing)
    line.stale_at = 0.0
    assert line.next() == (None, None)
    assert figures(mailing) == {"sending": 2, "cancelled": 1, "waiting": 1}


def test_a_paused_mailing_waits_and_goes_on(inbox: Inbox, mailing: ObjectId) -> None:
    queue(mailing, "a@example.com")
    do(pause_mailing, mailing)
    queue(mailing, "b@example.com")
    assert send_due() == 0
    assert figures(mailing) == {"waiting": 2}
    do(resume_mailing, mailing)
    assert send_due() == 2
    assert figures(mailing) == {"sent": 2}


def test_of_a_cancelled_mailing_nothing_more_goes_even_if_queued_later(
    inbox: Inbox, mailing: ObjectId, admin_access: Access
) -> None:
    queue(mailing, "a@example.com")
    inbox.answers["x@example.com"] = "550 No"
    queue(mailing, "x@example.com")
    send_due()
    queue(mailing, "b@example.com")
    do(cancel_mailing, mailing)
    assert send_due() == 0
    queue(mailing, "c@example.com")
    do(resume_mailing, mailing)
    assert send_due() == 0
    assert figures(mailing) == {"sent": 1, "failed": 1, "cancelled": 2}
    with pytest.raises(Unchangeable, match="cancelled"):
        retry_message(admin_access, Message.objects.get(state="failed").pk)


def test_nobody_is_in_a_mailing_twice(inbox: Inbox, mailing: ObjectId) -> None:
    queue(mailing, "a@example.com")
    send_due()
    queue(mailing, "a@example.com")
    assert send_due() == 0
    assert recipients(inbox) == ["a@example.com"]


def test_marketing_of_a_killed_worker_is_unclear_until_staff_say_what_became_of_it(
    inbox: Inbox, mailing: ObjectId, admin_access: Access, ended_process: str
) -> None:
    queue(mailing, "a@example.com", "b@example.com", "c@example.com")
    for _time in range(3):
        assert Line("mail").next()[0]
    Message._get_collection().update_many({}, {"$set": {"holder": ended_process}})
    assert send_due() == 0
    assert figures(mailing) == {"unclear": 3}
    assert all(now() - message.sent_at < dt.timedelta(minutes=1) for message in Message.objects)
    first = Message.objects.get(address="a@example.com").pk
    settle_message(admin_access, first, arrived=True)
    assert state_of("a@example.com") == ("sent", "")
    with pytest.raises(Unchangeable):
        settle_message(admin_access, first, arrived=False)
    settle_message(admin_access, Message.objects.get(address="b@example.com").pk, arrived=False)
    assert send_due() == 1
    assert settle_all(admin_access, mailing, arrived=False) == 1
    assert send_due() == 1
    assert recipients(inbox) == ["b@example.com", "c@example.com"]
    assert figures(mailing) == {"sent": 3}


def test_a_notice_of_a_killed_worker_is_sent_again(inbox: Inbox, mailing: ObjectId, ended_process: str) -> None:
    queue(mailing, "a@example.com", marketing=False)
    assert Line("mail").next()[0]
    Message._get_collection().update_many({}, {"$set": {"holder": ended_process}})
    assert send_due() == 1


def test_marketing_whose_connection_breaks_off_in_its_content_is_unclear(inbox: Inbox, mailing: ObjectId) -> None:
    inbox.breaks = True
    queue(mailing, "a@example.com")
    queue(mailing, "b@example.com", marketing=False)
    send_due()
    assert state_of("a@example.com")[0] == "unclear"
    assert state_of("b@example.com")[0] == "waiting"


def test_mailings_keep_to_their_rate_and_other_messages_do_not(
    app: Flask, inbox: Inbox, mailing: ObjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAIL_PER_MINUTE", 60)
    queue(mailing, *(f"{number}@example.com" for number in range(4)))
    in_transaction(lambda session: queue_messages(session, [
        {"purpose": "test", "address": f"t{number}@example.com", "subject": "S", "text": "T"} for number in range(5)
    ]))  # fmt: skip
    assert send_due(seconds=0.5) == 6
    # Another worker, or the same one started anew, finds the place taken.
    assert send_due(seconds=0.0) == 0
    began = time.monotonic()
    assert send_due() == 3
    assert time.monotonic() - began > 2.0


def test_the_places_of_a_rate_are_apart_by_the_database_s_clock(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMS_PER_MINUTE", 2)
    assert seconds_until_free("sms") == 0.0
    assert 25 < seconds_until_free("sms") <= 30
    assert seconds_until_free("mail") == 0.0 == seconds_until_free("mail")


def test_messages_of_mailings_stay_as_history_without_their_content(inbox: Inbox, mailing: ObjectId) -> None:
    queue(mailing, "a@example.com", values={"name": "Anna"})
    in_transaction(lambda session: queue_message(session, purpose="test", address="t@example.com", subject="S",
                                                 text="T"))  # fmt: skip
    send_due()
    raw = Message._get_collection().find_one({"address": "a@example.com"}) or {}
    assert "ended_at" not in raw
    assert KEPT - dt.timedelta(minutes=1) < raw["content_until"] - now() <= KEPT
    assert Message.objects.get(address="t@example.com").ended_at is not None
    Message._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"content_until": now() - KEPT}})
    send_due()
    raw = Message._get_collection().find_one({"_id": raw["_id"]}) or {}
    assert (raw["state"], "values" in raw, "content_until" in raw) == ("sent", False, False)


def test_one_sees_messages_to_records_one_sees_and_one_s_own(
    app: Flask, admin_access: Access, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access], mailing: ObjectId,
) -> None:  # fmt: skip
    make_role("Own", ("person", "see", "own"), ("mailing", "see", "all"))
    user = make_user("anna", "Own")
    access = access_of(user)
    mine = create_record(admin_access, "person", {"name": "Mine", "owner": user.pk})["_id"]
    other = create_record(admin_access, "person", {"name": "Other"})["_id"]
    queue(mailing, "mine@example.com", register="person", record=mine)
    queue(mailing, "other@example.com", register="person", record=other)
    in_transaction(lambda session: queue_messages(session, [
        {"purpose": purpose, "address": address, "subject": "S", "text": "T", "user": owner}
        for purpose, address, owner in (("reminder", "anna@example.com", user.pk), ("code", "x@example.com", user.pk),
                                        ("reminder", "bob@example.com", ObjectId()))
    ]))  # fmt: skip
    seen, after = list_messages(access)
    assert [raw["address"] for raw in seen] == ["x@example.com", "anna@example.com", "mine@example.com"]
    assert (after, "text" in seen[0], len(list_messages(admin_access)[0])) == ("", False, 5)
    assert [raw["address"] for raw in messages_of(access, mailing)[0]] == ["mine@example.com"]
    assert len(messages_of(admin_access, mailing, "waiting")[0]) == 2
    assert messages_of(admin_access, mailing, "sent") == ([], False)
    by_address = {raw["address"]: raw for raw in list_messages(admin_access)[0]}
    readable = [address for address, raw in by_address.items() if may_read(access, raw)]
    assert sorted(readable) == ["anna@example.com", "mine@example.com", "other@example.com"]
    assert not any(may_read(admin_access, by_address[address]) for address in ("bob@example.com", "x@example.com"))
    with pytest.raises(RecordNotFound):
        find_message(access, by_address["other@example.com"]["_id"])
    with pytest.raises(NotAllowed):
        settle_message(access, by_address["mine@example.com"]["_id"], arrived=True)


def test_the_outbox_is_found_by_its_filters_and_goes_on_by_key(admin_access: Access, mailing: ObjectId) -> None:
    queue(mailing, *(f"{number}@example.com" for number in range(60)), name="Matti (Oy) Möttönen")
    in_transaction(lambda session: queue_message(session, purpose="test", address="t@example.com", subject="S",
                                                 text="T"))  # fmt: skip
    first, after = list_messages(admin_access)
    rest, end = list_messages(admin_access, after=after)
    assert (len(first), len(rest), end) == (50, 11, "")
    assert len({raw["_id"] for raw in (*first, *rest)}) == 61
    for asked, count in ((Asked(purpose="test"), 1), (Asked(mailing=str(mailing)), 50), (Asked(text="(oy) mö"), 50),
                         (Asked(text="59@"), 1), (Asked(channel="sms"), 0), (Asked(state="sent"), 0)):  # fmt: skip
        assert len(list_messages(admin_access, asked)[0]) == count


def test_timelines_tell_of_what_was_sent_to_a_person_and_a_company_s_people(
    inbox: Inbox, admin_access: Access, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access], mailing: ObjectId,
) -> None:  # fmt: skip
    company = create_record(admin_access, "company", {"name": "Oy Firma Ab"})
    person = create_record(admin_access, "person", {"name": "Anna", "companies": [company["_id"]]})
    queue(mailing, "a@example.com", register="person", record=person["_id"])
    queue(mailing, "b@example.com", register="company", record=company["_id"])
    for state, number in (("sent", 1), ("failed", 2)):
        in_transaction(lambda session, state=state, number=number: queue_messages(session, [  # type: ignore[misc]
            {"purpose": "direct", "address": f"{number}@example.com", "register": "person", "record": person["_id"],
             "subject": "S", "state": state}
        ]))  # fmt: skip
    make_role("Without mailings", ("person", "see", "all"), ("company", "see", "all"))
    outsider = access_of(make_user("outsider", "Without mailings"))

    def told(access: Access, register: str, raw: Raw) -> list[tuple[str, str, str]]:
        return [(one.raw["address"], one.name, one.mailing) for one in timeline_of(access, register, raw)[0]
                if isinstance(one, Sending)]  # fmt: skip

    assert told(admin_access, "person", person) == [
        ("2@example.com", "", ""), ("a@example.com", "", "Autumn news")]  # fmt: skip
    assert sorted(told(admin_access, "company", company)) == [
        ("2@example.com", "Anna", ""), ("a@example.com", "Anna", "Autumn news"), ("b@example.com", "", "Autumn news")
    ]  # fmt: skip
    assert ("a@example.com", "", "") in told(outsider, "person", person)


def test_of_a_record_that_is_gone_for_good_only_that_messages_went_stays(
    inbox: Inbox, admin_access: Access, mailing: ObjectId
) -> None:
    person = create_record(admin_access, "person", {"name": "Anna"})["_id"]
    queue(mailing, "anna@example.com", name="Anna", register="person", record=person, values={"name": "Anna"})
    send_due()
    in_transaction(lambda session: queue_messages(session, [
        {"purpose": "direct", "address": "anna@example.com", "subject": "Anna", "text": "Anna", "name": "Anna",
         "register": "person", "record": person, "due_at": now() + dt.timedelta(hours=1)}
    ]))  # fmt: skip
    in_transaction(lambda session: forget(session, "person", person))
    rows = list(Message._get_collection().find())
    assert "anna" not in str(rows).lower()
    assert {raw["state"] for raw in rows} == {"sent", "cancelled"}
    assert figures(mailing) == {"sent": 1}
