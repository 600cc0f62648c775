"""Sending mailings: checked, tried, made once for each address whatever is killed, held, called off, counted."""

import datetime as dt
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from flask import Flask

from models.consent import Reason, Suppressed
from models.jobs import Job
from models.mailings import Mailing
from models.notices import Notice
from models.outbox import Message
from models.rights import Access, NotAllowed, system_access
from models.segments import SegmentSnapshot
from services.jobs import wake_due
from services.mailings import (
    Check,
    MailingProblem,
    add_picture,
    cancel,
    checks,
    follow_mailings,
    pause,
    progress,
    resume,
    save_content,
    send_test,
    sending,
    start,
)
from services.outbox import CONTENT, send_due
from services.records import create_record, delete_record, get_record, now, update_record
from services.search import Selection
from services.segments import create_fixed
from tests.factories import CompanyFactory
from tests.fixtures.mail import Inbox
from tests.services.mailing_fixtures import HTML, everybody, mailing_to, people_of, picture

Raw = dict[str, Any]


@pytest.fixture(autouse=True)
def woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are run by the tests themselves."""
    monkeypatch.setattr("services.mailings.sending.wake", lambda: None)


@pytest.fixture
def user(make_user: Any, access_of: Any) -> Access:
    return access_of(make_user("marketer", "Marketing staff"))  # type: ignore[no-any-return]


def granted(access: Access, *people: Raw) -> None:
    for raw in people:
        update_record(access, "person", raw["_id"], {"email_consent": {"state": "granted", "source": "x"}})


def found_checks(access: Access, raw: Raw) -> dict[str, Check]:
    return {check.code: check for check in checks(access, raw["_id"])}


def run(access: Access, raw: Raw) -> None:
    """Start it, make its messages, send them, and see it to its end."""
    start(access, raw["_id"])
    wake_due()
    send_due()
    follow_mailings()


def test_mailing_goes_to_each_recipient_with_their_own_values(admin_access: Access, user: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com", "b@example.com")
    raw = mailing_to(user, everybody(admin_access), sender_name="Voima Oy", reply_to="myynti@voima.fi")
    cid = add_picture(user, raw["_id"], "logo.png", picture())["cid"]
    add_picture(user, raw["_id"], "unused.png", picture(size=(7, 7)))
    save_content(user, raw["_id"], {"html": f'{HTML}<img src="cid:{cid}" alt="Logo">'})
    run(user, raw)
    assert sorted((one["To"], one["Subject"]) for one in inbox.messages) == [
        ("a@example.com", "Hei Matti0"), ("b@example.com", "Hei Matti1")]  # fmt: skip
    first = next(one for one in inbox.messages if one["To"] == "a@example.com")
    assert (first["From"].split(" <")[0], first["Reply-To"]) == ("Voima Oy", "myynti@voima.fi")
    html = first.get_body(("html",)).get_content()
    assert "Hei Matti0, Voima &amp; Pojat Oy!" in html
    assert "Hei Matti0, Voima & Pojat Oy!" in first.get_body(("plain",)).get_content()
    assert [part["Content-ID"] for part in first.walk() if part.get_content_maintype() == "image"] == [f"<{cid}>"]
    ended = get_record(user, "mailing", raw["_id"])
    assert (ended["state"], ended["recipients"], ended["went_out"]) == ("sent", 2, 2)
    assert ended["sent_at"]
    done = progress(user, raw["_id"])
    assert (done.recipients, done.ended, done.percent, done.counts) == (2, 2, 100, {"sent": 2})
    assert SegmentSnapshot.objects.get(mailing=raw["_id"]).count == 2


def test_marketing_leaves_out_who_may_not_get_it_and_has_a_link_of_one_click(
    app: Flask, admin_access: Access, user: Access, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "PUBLIC_ADDRESS", "https://crm.example.com")
    people = people_of(admin_access, "a@example.com", "b@example.com", "c@example.com", "", "later@example.com")
    granted(admin_access, people[0], people[2], people[4])
    Suppressed(channel="mail", address="c@example.com", reason=Reason.UNSUBSCRIBED.value, at=now()).save()
    raw = mailing_to(user, everybody(admin_access), purpose="marketing")
    noticed = found_checks(user, raw)
    assert noticed["recipients"].count == 2
    assert {code: noticed[code].count for code in noticed if code.startswith("left_out")} == {
        "left_out_no_consent": 1, "left_out_suppressed": 1, "left_out_no_address": 1}  # fmt: skip
    start(user, raw["_id"])
    wake_due()
    Suppressed(channel="mail", address="later@example.com", reason=Reason.UNSUBSCRIBED.value, at=now(),
               mailing=raw["_id"]).save()  # fmt: skip
    send_due()
    follow_mailings()
    [message] = inbox.messages
    assert message["To"] == "a@example.com"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message["List-Unsubscribe"].strip("<>")
    assert link.startswith("https://crm.example.com/unsubscribe/")
    assert link in message.get_body(("html",)).get_content()
    done = progress(user, raw["_id"])
    assert done.left_out == {"no_address": 1, "no_consent": 1, "suppressed": 2}
    assert (done.recipients, done.unsubscribed) == (1, 1)


def test_each_address_gets_one_message(admin_access: Access, user: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com", "A@Example.com", "a@example.com", "b@example.com")
    raw = mailing_to(user, everybody(admin_access))
    noticed = found_checks(user, raw)
    assert (noticed["recipients"].count, noticed["left_out_double"].count) == (2, 2)
    run(user, raw)
    assert sorted(one["To"].lower() for one in inbox.messages) == ["a@example.com", "b@example.com"]
    assert progress(user, raw["_id"]).left_out == {"double": 2}


@pytest.mark.parametrize("after", [0, 1, 2])
def test_job_killed_between_its_batches_makes_each_message_once(
    admin_access: Access, user: Access, inbox: Inbox, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    """A worker that is killed leaves the job running; the next one goes on from its position."""
    monkeypatch.setattr("services.mailings.recipients.BATCH", 2)
    people_of(admin_access, *(f"p{n}@example.com" for n in range(5)), "p0@example.com", "")
    raw = mailing_to(user, everybody(admin_access))
    start(user, raw["_id"])
    whole, written = sending.write_batch, []

    def killed(*arguments: Any) -> None:
        if len(written) == after:
            raise KeyboardInterrupt
        whole(*arguments)
        written.append(arguments)

    monkeypatch.setattr(sending, "write_batch", killed)
    with pytest.raises(KeyboardInterrupt):
        wake_due()
    monkeypatch.setattr(sending, "write_batch", whole)
    Job._get_collection().update_one({}, {"$set": {"state": "running", "lease_until": now() - dt.timedelta(hours=1)}})
    wake_due()
    assert Message.objects(mailing=raw["_id"]).count() == 5
    job = Job.objects.get()
    assert (job.state, job.done, job.result) == (
        "done", 7, {"made": 5, "left_out": {"double": 1, "no_address": 1}})  # fmt: skip
    send_due()
    follow_mailings()
    assert sorted(one["To"] for one in inbox.messages) == [f"p{n}@example.com" for n in range(5)]
    assert get_record(user, "mailing", raw["_id"])["state"] == "sent"


def test_a_transaction_that_is_tried_again_counts_once(
    admin_access: Access, user: Access, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    people_of(admin_access, "a@example.com", "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    start(user, raw["_id"])
    twice = sending.in_transaction

    def again(work: Callable[[Any], Any]) -> Any:
        def failing(session: Any) -> Any:
            work(session)
            raise InterruptedError

        with pytest.raises(InterruptedError):
            twice(failing)
        return twice(work)

    monkeypatch.setattr(sending, "in_transaction", again)
    wake_due()
    assert Job.objects.get().result == {"made": 1, "left_out": {"double": 1}}
    assert Message.objects(mailing=raw["_id"]).count() == 1


def test_paused_mailing_waits_whatever_its_job_makes_and_goes_on(
    admin_access: Access, user: Access, inbox: Inbox
) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    start(user, raw["_id"])
    pause(user, raw["_id"])
    wake_due()
    assert send_due() == 0
    follow_mailings()
    assert get_record(user, "mailing", raw["_id"])["state"] == "paused"
    resume(user, raw["_id"])
    assert send_due() == 1
    follow_mailings()
    assert get_record(user, "mailing", raw["_id"])["state"] == "sent"
    with pytest.raises(MailingProblem):
        pause(user, raw["_id"])


@pytest.mark.parametrize("made", [False, True])
def test_cancelled_mailing_sends_no_more(admin_access: Access, user: Access, inbox: Inbox, made: bool) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    start(user, raw["_id"])
    if made:
        wake_due()
    cancel(user, raw["_id"])
    wake_due()
    assert send_due() == 0
    follow_mailings()
    assert get_record(user, "mailing", raw["_id"])["state"] == "cancelled"
    with pytest.raises(MailingProblem):
        start(user, raw["_id"])


def test_scheduled_mailing_begins_at_its_moment_with_its_users_rights(
    admin_access: Access, user: Access, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    at = now() + dt.timedelta(hours=1)
    assert start(user, raw["_id"], at) is None
    follow_mailings()
    assert get_record(user, "mailing", raw["_id"])["state"] == "scheduled"
    monkeypatch.setattr("services.mailings.following.now", lambda: at)
    follow_mailings()
    assert Job.objects.get().owner == user.user_id
    wake_due()
    assert send_due() == 1


def test_scheduled_mailing_may_be_called_off_and_changed(admin_access: Access, user: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    start(user, raw["_id"], now() + dt.timedelta(hours=1))
    back = cancel(user, raw["_id"])
    assert (back["state"], back.get("starts_at")) == ("draft", None)
    save_content(user, raw["_id"], {"subject": "Uusi"})
    with pytest.raises(MailingProblem):
        start(user, raw["_id"], now() + dt.timedelta(days=800))


def test_scheduled_mailing_that_can_t_begin_is_a_draft_and_its_user_is_told(
    admin_access: Access, user: Access, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    [person] = people_of(admin_access, "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    at = now() + dt.timedelta(hours=1)
    start(user, raw["_id"], at)
    delete_record(admin_access, "person", person["_id"])
    monkeypatch.setattr("services.mailings.following.now", lambda: at)
    follow_mailings()
    assert get_record(user, "mailing", raw["_id"])["state"] == "draft"
    assert Notice.objects.get(user=user.user_id).params == {"name": "News"}
    assert not Job.objects.count()


def test_job_that_failed_goes_on_when_it_is_resumed(admin_access: Access, user: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com")
    segment = everybody(admin_access)
    raw = mailing_to(user, segment)
    start(user, raw["_id"])
    Mailing._get_collection().update_one({"_id": raw["_id"]}, {"$unset": {"segment": ""}})
    wake_due()
    follow_mailings()
    failed = progress(user, raw["_id"])
    assert (failed.state, failed.job) == ("sending", "failed")
    assert "segment" in failed.problem
    Mailing._get_collection().update_one({"_id": raw["_id"]}, {"$set": {"segment": segment["_id"]}})
    resume(user, raw["_id"])
    wake_due()
    assert send_due() == 1
    follow_mailings()
    assert get_record(user, "mailing", raw["_id"])["state"] == "sent"


def test_message_of_a_deleted_mailing_fails(admin_access: Access, user: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(user, everybody(admin_access))
    start(user, raw["_id"])
    wake_due()
    Mailing._get_collection().delete_one({"_id": raw["_id"]})
    assert send_due() == 0
    message = Message.objects.get(mailing=raw["_id"])
    assert (message.state, message.error) == ("failed", "The mailing was deleted.")


# Rights


def test_mailing_is_sent_by_who_may_change_and_send_it_and_send_to_its_recipients(
    admin_access: Access, make_user: Any, make_role: Any, access_of: Any, inbox: Inbox
) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(admin_access, everybody(admin_access))
    sees = [(register, "see", "all") for register in ("mailing", "segment", "person")]
    reader, editor, writer = (access_of(make_user(name, make_role(name, *sees, *((*grant, "all") for grant in grants))))
                              for name, grants in {
                                  "reader": [("person", "send"), ("mailing", "send")],
                                  "editor": [("mailing", "change"), ("mailing", "send"), ("person", "merge")],
                                  "writer": [("mailing", "change"), ("person", "send")],
                              }.items())  # fmt: skip
    for access in (reader, editor, writer):
        with pytest.raises(NotAllowed):
            start(access, raw["_id"])
    for access, act in product((reader, writer), (pause, resume, cancel)):
        with pytest.raises(NotAllowed):
            act(access, raw["_id"])
    for access in (reader, writer):
        with pytest.raises(NotAllowed):
            send_test(access, raw["_id"], ["a@example.com"])
    assert not Job.objects.count()


def test_mailing_goes_to_those_alone_to_whom_its_sender_may_send(
    admin_access: Access, make_user: Any, make_role: Any, access_of: Any, inbox: Inbox
) -> None:
    role = make_role("Own", ("person", "see", "all"), ("person", "send", "own"),
                     *((register, action, "all") for register in ("mailing", "segment")
                       for action in ("see", "change", "send")))  # fmt: skip
    access = access_of(make_user("own", role))
    people = people_of(admin_access, "a@example.com", "b@example.com")
    update_record(admin_access, "person", people[1]["_id"], {"owner": str(access.user_id)})
    run(access, mailing_to(admin_access, everybody(admin_access), html="<p>Hei {{first_name}}</p>"))
    assert [one["To"] for one in inbox.messages] == ["b@example.com"]


# Tests


def test_test_message_goes_to_chosen_addresses_whatever_was_said_of_marketing(
    admin_access: Access, user: Access, inbox: Inbox
) -> None:
    people_of(admin_access, "a@example.com", "b@example.com")
    raw = mailing_to(user, everybody(admin_access), purpose="marketing", language="en")
    Suppressed(channel="mail", address="me@example.com", reason=Reason.UNSUBSCRIBED.value, at=now()).save()
    assert send_test(user, raw["_id"], ["me@example.com", " you@example.com ", ""], 1) == 2
    assert send_due() == 2
    message = next(one for one in inbox.messages if one["To"] == "me@example.com")
    assert message["Subject"] == "Test: Hei Matti1"
    assert "/unsubscribe/test" in message.get_body(("html",)).get_content()
    assert "List-Unsubscribe" not in message
    assert progress(user, raw["_id"]).counts == {}


@pytest.mark.parametrize("addresses", [[], [""], ["x"], ["a@b.fi\r\nBcc: c@d.fi"], ["a@b.fi, c@d.fi"],
                                       [f"{n}@example.com" for n in range(6)]])  # fmt: skip
def test_test_message_wants_a_few_good_addresses(admin_access: Access, addresses: list[str]) -> None:
    raw = mailing_to(admin_access, None)
    with pytest.raises(MailingProblem):
        send_test(admin_access, raw["_id"], addresses)
    assert not Message.objects.count()


# SMS


def test_sms_goes_to_mobile_phones_and_says_its_length(
    app: Flask, admin_access: Access, user: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMS_URL", "json://127.0.0.1:1/?to={to}")
    CompanyFactory(name="Mobile", phone="040 123 4567", email="")
    CompanyFactory(name="Landline", phone="09 310 1691")
    CompanyFactory(name="Double", phone="+358401234567")
    raw = create_record(user, "mailing", {
        "name": "S", "channel": "sms", "purpose": "notice", "text": "Hei {{name}}, " + "x" * 170,
        "segment": str(everybody(admin_access, "company")["_id"])})  # fmt: skip
    noticed = found_checks(user, raw)
    assert [noticed[code].count for code in ("recipients", "left_out_no_address", "left_out_double")] == [1, 1, 1]
    assert (noticed["sms_length"].level, noticed["sms_length"].count) == ("warning", 2)
    start(user, raw["_id"])
    wake_due()
    message = Message.objects.get(mailing=raw["_id"])
    assert (message.channel, message.address, message.name) == ("sms", "+358401234567", "Mobile")
    assert CONTENT["mailing"](message.to_mongo().to_dict()).text == "Hei Mobile, " + "x" * 170


# Checks


def test_checks_tell_what_keeps_a_mailing_from_being_sent(admin_access: Access, app: Flask) -> None:
    empty = create_record(admin_access, "mailing", {"name": "Empty"})
    noticed = found_checks(admin_access, empty)
    assert {code for code in noticed if noticed[code].level == "error"} == {
        "no_subject", "no_content", "no_segment", "no_server"}  # fmt: skip
    with pytest.raises(MailingProblem):
        start(admin_access, empty["_id"])
    sms = create_record(admin_access, "mailing", {"name": "Empty", "channel": "sms"})
    assert {"no_content", "no_server"} <= set(found_checks(admin_access, sms))


def test_checks_tell_what_readers_would_miss(admin_access: Access, inbox: Inbox) -> None:
    granted(admin_access, *people_of(admin_access, "a@example.com"))
    html = ('<p>{{title}} {{frist_name}} {{<b>x</b>}}</p><a>none</a><a href="https://">bad</a>'
            '<img src="https://example.com/a.png"><img src="cid:0123456789abcdef01234567" alt="x">')  # fmt: skip
    raw = mailing_to(admin_access, everybody(admin_access), html=html, purpose="marketing")
    noticed = found_checks(admin_access, raw)
    expected = {"missing_values": ("warning", 1), "stray_braces": ("warning", 2), "bad_links": ("warning", 2),
                "remote_pictures": ("warning", 1), "missing_pictures": ("error", 1), "no_alternative": ("info", 1),
                "no_unsubscribe_link": ("info", 0), "unknown_field": ("error", 0)}  # fmt: skip
    for code, (level, count) in expected.items():
        assert (noticed[code].level, noticed[code].count) == (level, count), code
    unknown = [check.message for check in checks(admin_access, raw["_id"]) if check.code == "unknown_field"]
    assert unknown == ["Nothing fills “frist_name”. Did you mean “first_name”?", "Nothing fills “x”."]


def test_checks_tell_of_large_mailings(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = mailing_to(admin_access, None, html="<p>" + "word " * 25_000 + "</p>")
    assert found_checks(admin_access, raw)["long_html"].level == "warning"
    monkeypatch.setattr("services.mailings.checking.LARGEST", 100_000)
    assert found_checks(admin_access, raw)["too_large"].level == "error"


def test_good_mailing_has_no_error_and_no_warning(admin_access: Access, inbox: Inbox) -> None:
    people_of(admin_access, "a@example.com")
    raw = mailing_to(admin_access, everybody(admin_access))
    assert [check.code for check in checks(admin_access, raw["_id"])] == ["recipients"]


def test_fixed_segment_s_members_get_it(admin_access: Access, inbox: Inbox) -> None:
    people = people_of(admin_access, "a@example.com", "b@example.com")
    fixed, _count = create_fixed(admin_access, "person", "Chosen", Selection(ids=(str(people[0]["_id"]),)))
    run(system_access(), mailing_to(admin_access, fixed))
    assert [one["To"] for one in inbox.messages] == ["a@example.com"]
