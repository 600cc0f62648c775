"""The bell, the list of notices, fresh ones on an open page; the outbox page; the digest on one's profile."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.notices import Notice
from models.outbox import Message
from models.security import User
from models.transactions import in_transaction
from services.mail import smtp_is_set
from services.notices import notify
from services.outbox import queue_message, send_due
from services.records import now
from services.rounds import tell_administrators
from tests.fixtures.app import PASSWORD
from tests.fixtures.mail import Inbox

Raw = dict[str, Any]


def tell(user: User, name: str = "Call <b>Virtanen</b>", **values: Any) -> None:
    params = {"name": name, "starts": now(), "whole_day": False, "zone": "UTC", "due": False}
    notice = {"user": user.pk, "kind": "reminder", "params": params, "url": "/companies/", **values}
    in_transaction(lambda session: notify(session, [notice]))


def queue(subject: str = "Hello", address: str = "anna@example.com") -> None:
    in_transaction(lambda session: queue_message(session, purpose="direct", address=address, subject=subject, text="T"))


def page_of(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_the_bell_counts_ones_own_unread_notices(
    client: FlaskClient, admin: User, make_user: Callable[..., User]
) -> None:
    other = make_user("other", "Staff")
    assert 'aria-label="Notices"' in page_of(client, "/companies/")
    for user in (admin, admin, other):
        tell(user)
    assert "Notices: 2 unread" in page_of(client, "/companies/")
    html = page_of(client, "/notices/")
    assert html.count("Call &lt;b&gt;Virtanen&lt;/b&gt;, ") >= 2
    assert "Mark all as read" in html


def test_a_notice_is_read_by_opening_it_and_all_by_a_button(
    client: FlaskClient, admin: User, make_user: Callable[..., User]
) -> None:
    for _number in range(3):
        tell(admin)
    tell(make_user("other", "Staff"))
    first, second, *_rest = Notice.objects(user=admin.pk)
    answer = client.get(f"/notices/open/{first.pk}")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/companies/")
    client.post(f"/notices/read/{second.pk}")
    assert Notice.objects(read_at=None, user=admin.pk).count() == 1
    client.post("/notices/read")
    assert Notice.objects(read_at=None).count() == 1
    foreign = Notice.objects.get(read_at=None)
    assert client.get(f"/notices/open/{foreign.pk}").status_code == 404
    assert client.post(f"/notices/read/{foreign.pk}").status_code == 404
    assert Notice.objects(read_at=None).count() == 1


def test_the_same_key_is_told_once_even_when_it_was_read(client: FlaskClient, admin: User) -> None:
    for _number in range(2):
        tell(admin, key="k")
        client.post("/notices/read")
    assert Notice.objects.count() == 1


def test_fresh_notices_are_those_after_the_moment_that_was_asked_for(client: FlaskClient, admin: User) -> None:
    tell(admin, "Old")
    Notice.objects.update(at=now() - dt.timedelta(hours=1))
    since = (now() - dt.timedelta(minutes=1)).isoformat()
    tell(admin, "New")
    answer = client.get("/notices/fresh", query_string={"since": since})
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.json["count"], answer.json["label"]) == (2, "Notices: 2 unread")
    assert [one["text"].partition(",")[0] for one in answer.json["notices"]] == ["New"]
    for nonsense in ("", "x", "2026-01-01", "9999-99-99"):
        assert client.get("/notices/fresh", query_string={"since": nonsense}).json["notices"] == []


def test_nobody_s_bell_is_asked_for_by_who_has_not_signed_in(app: Flask, admin: User) -> None:
    answer = app.test_client().get("/notices/fresh")
    assert answer.status_code == 302
    assert "data-notices-url" not in app.test_client().get("/login/").get_data(as_text=True)


def test_a_notice_of_a_kind_that_is_unknown_is_shown_all_the_same(client: FlaskClient, admin: User) -> None:
    tell(admin, kind="of_tomorrow")
    assert "A notice of another version" in page_of(client, "/notices/")


def test_a_fresh_notice_appears_on_an_open_page(page: Page, admin: User) -> None:
    page.clock.install()
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    expect(page.locator(".k-bell .n")).to_be_hidden()
    tell(admin)
    page.clock.fast_forward(76_000)
    toast = page.locator(".k-toast a")
    expect(toast).to_contain_text("Call <b>Virtanen</b>, ")
    expect(page.locator(".k-bell .n")).to_have_text("1")
    page.clock.fast_forward(61_000)
    expect(page.locator(".k-toast")).to_have_count(0)
    page.locator(".k-bell").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/notices/")
    page.get_by_role("button", name="Mark all as read").click()
    expect(page.locator(".k-bell .n")).to_be_hidden()


# The outbox


def test_the_outbox_shows_messages_by_state_and_says_that_no_server_is_set(client: FlaskClient, app: Flask) -> None:
    assert "Nothing has been sent yet" in page_of(client, "/outbox/")
    queue("To <Anna>")
    html = page_of(client, "/outbox/")
    assert "To &lt;Anna&gt;" in html
    assert "KORTISTO_SMTP_URL" in html
    assert "No such messages" in page_of(client, "/outbox/?state=failed")
    assert "To &lt;Anna&gt;" in page_of(client, "/outbox/?state=waiting")
    assert not smtp_is_set()


def test_a_failed_message_is_retried_and_a_waiting_one_cancelled(client: FlaskClient, inbox: Inbox) -> None:
    inbox.answers["anna@example.com"] = "550 No such <user>"
    queue()
    send_due()
    html = page_of(client, "/outbox/?state=failed")
    assert "550 No such &lt;user&gt;" in html
    assert "KORTISTO_SMTP_URL" not in html
    inbox.answers.clear()
    pk = Message.objects.get().pk
    client.post(f"/outbox/retry/{pk}")
    assert send_due() == 1
    client.post(f"/outbox/cancel/{pk}")
    assert Message.objects.get().state == "sent"
    queue("Another")
    client.post(f"/outbox/cancel/{Message.objects.get(subject='Another').pk}")
    assert send_due() == 0
    assert client.post("/outbox/retry/0123456789abcdef01234567").status_code == 404


def test_a_test_message_goes_to_who_asks_for_it(client: FlaskClient, inbox: Inbox) -> None:
    answer = client.post("/outbox/test", follow_redirects=True)
    assert "admin@example.com is on its way" in answer.get_data(as_text=True)
    assert send_due() == 1
    assert (inbox.messages[0]["To"], inbox.messages[0]["Subject"]) == ("admin@example.com", "Kortisto can send e-mail")


def test_others_messages_and_tests_are_for_administrators(
    app: Flask, make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient], admin: User
) -> None:
    queue()
    seller = sign_in(make_user("seller", "Staff"))
    pk = Message.objects.get().pk
    assert "Nothing has been sent yet" in page_of(seller, "/outbox/")
    for answer in (seller.get(f"/outbox/show/{pk}"), seller.post(f"/outbox/cancel/{pk}"),
                   seller.get(f"/outbox/content/{pk}"), seller.post("/outbox/test")):  # fmt: skip
        assert answer.status_code in (403, 404)
    assert [message.state for message in Message.objects] == ["waiting"]
    tell_administrators()
    assert [notice.user for notice in Notice.objects] == [admin.pk]


# The digest


@pytest.mark.parametrize(("sent", "status", "kept"), [("weekdays", 302, "weekdays"), ("", 302, ""), ("x", 422, "")])
def test_the_digest_is_chosen_on_one_s_own_profile(
    client: FlaskClient, admin: User, sent: str, status: int, kept: str
) -> None:
    data = {"first_name": "Admin", "last_name": "Tester", "email": "admin@example.com", "language": "en",
            "time_zone": "Europe/Helsinki", "digest": sent,
            "version": User.objects.get(pk=admin.pk).version}  # fmt: skip
    assert client.post("/profile/", data=data).status_code == status
    assert User.objects.get(pk=admin.pk).digest == kept
    assert "On weekdays at 7:00" in page_of(client, "/profile/")
