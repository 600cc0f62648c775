"""The outbox on its pages: found by filters, read by rights, shown without running or loading anything, settled."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.outbox import Message
from models.rights import Access
from models.security import FieldRight, User
from models.transactions import in_transaction
from services.message_content import CONTENT, Content
from services.outbox import figures, queue_messages
from services.records import create_record
from tests.fixtures.app import PASSWORD

HOSTILE = ('<p onclick="parent.x=1">Hello</p><script>parent.hacked=1;document.title="x"</script>'
           '<img src="https://example.com/seen.png"><img src="cid:logo">'
           '<a href="https://example.com/stop">Unsubscribe</a>')  # fmt: skip


def queue(**values: Any) -> ObjectId:
    given = {"purpose": "direct", "address": f"{ObjectId()}@example.com", "subject": "Hello", "text": "T", **values}
    in_transaction(lambda session: queue_messages(session, [given]))
    return Message.objects.order_by("-id").first().pk  # type: ignore[no-any-return]


@pytest.fixture
def mailing(admin_access: Access) -> ObjectId:
    return create_record(admin_access, "mailing", {"name": "Autumn <news>"})["_id"]  # type: ignore[no-any-return]


def page_of(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.get_data(as_text=True)


def test_messages_are_found_by_recipient_mailing_channel_and_purpose(client: FlaskClient, mailing: ObjectId) -> None:
    queue(name="Anna Virtanen", subject="To Anna")
    queue(channel="sms", purpose="mailing", mailing=mailing, address="+358401234567")
    for query, found in (("q=virtanen", "To Anna"), ("purpose=direct", "To Anna"),
                         ("channel=sms", "Autumn &lt;news&gt;"), (f"mailing={mailing}", "+358401234567")):  # fmt: skip
        html = page_of(client, f"/outbox/?{query}")
        assert found in html
        assert html.count('class="name" href="/outbox/show/') == 1
    assert "No such messages" in page_of(client, "/outbox/?q=.*")
    for odd in ("state=x&channel=y&purpose=z", "q=%00%ff(", "state=failed&state=sent"):
        page_of(client, f"/outbox/?{odd}")
    for none in ("mailing=x", "after=x"):
        page_of(client, f"/outbox/?{none}", 404)


def test_more_than_a_page_is_reached_by_key(client: FlaskClient) -> None:
    for _number in range(51):
        queue()
    html = page_of(client, "/outbox/")
    after = html.partition("/outbox/?after=")[2][:24]
    assert page_of(client, f"/outbox/?after={after}").count('class="name" href="/outbox/show/') == 1


def test_secret_content_is_shown_to_nobody_and_others_reminders_to_their_users(
    client: FlaskClient, admin: User
) -> None:
    secret = queue(purpose="password", subject="Your code 123456", text="123456", user=admin.pk)
    other = queue(purpose="reminder", subject="See the doctor", user=ObjectId())
    mine = queue(purpose="reminder", subject="Call Anna", user=admin.pk)
    html = page_of(client, "/outbox/")
    assert ("123456" in html, "doctor" in html, "Call Anna" in html) == (False, False, True)
    assert "123456" not in page_of(client, f"/outbox/show/{secret}")
    assert "doctor" not in page_of(client, f"/outbox/show/{other}")
    assert "Call Anna" in page_of(client, f"/outbox/show/{mine}")
    page_of(client, f"/outbox/content/{secret}", 404)


def test_whoever_sees_a_record_sees_its_messages_and_no_hidden_address(
    admin_access: Access, make_user: Callable[..., User], make_role: Callable[..., Any],
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    person = create_record(admin_access, "person", {"name": "Anna", "email": "anna@example.com"})["_id"]
    hidden = FieldRight(register="person", column="email", access="hidden")
    make_role("Seer", ("person", "see", "all"), field_rights=[hidden])
    seer = sign_in(make_user("seer", "Seer"))
    pk = queue(address="anna@example.com", name="Anna", register="person", record=person)
    html = page_of(seer, f"/outbox/show/{pk}")
    assert ("anna@example.com" in html, f"/people/show/{person}" in html) == (False, True)
    assert "anna@example.com" not in page_of(seer, "/outbox/")
    assert [f"/outbox/show/{pk}" in page_of(seer, f"/outbox/?q={text}") for text in ("Ann", "anna@", "example")] == [
        True, False, False]  # fmt: skip
    assert "Send again" not in html
    seer.post(f"/outbox/cancel/{pk}")
    assert Message.objects.get().state == "waiting"


def test_unclear_messages_are_settled_one_by_one_and_all_at_once(client: FlaskClient, mailing: ObjectId) -> None:
    rows = [queue(purpose="mailing", mailing=mailing, marketing=True, state="unclear") for _number in range(4)]
    assert "All unclear ones arrived" in page_of(client, f"/outbox/?mailing={mailing}")
    assert "It arrived" in page_of(client, f"/outbox/show/{rows[0]}")
    client.post(f"/outbox/settle/{rows[0]}", data={"arrived": "1"})
    client.post(f"/outbox/settle/{rows[1]}")
    assert figures(mailing) == {"sent": 1, "waiting": 1, "unclear": 2}
    client.post(f"/outbox/settle_all/{mailing}", data={"arrived": "1"})
    assert figures(mailing) == {"sent": 3, "waiting": 1}
    assert client.post("/outbox/settle_all/x").status_code == 404


def test_the_old_address_leads_to_the_new_one(client: FlaskClient) -> None:
    assert client.get("/settings/outbox/").headers["Location"].endswith("/outbox/")


def test_a_message_is_shown_as_it_looks_and_runs_and_loads_nothing(
    page: Page, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = {"cid": "logo", "name": "logo.gif", "content_type": "image/gif", "content": b"GIF89a"}
    monkeypatch.setitem(CONTENT, "mailing", lambda raw: Content("Hello", "Plain", HOSTILE, inline=[picture]))
    pk = queue(purpose="mailing")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    page.goto(f"/outbox/show/{pk}")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_text("Hello")).to_be_visible()
    assert frame.get_by_text("Unsubscribe").get_attribute("href") is None
    assert frame.locator("img").nth(1).get_attribute("src") == "data:image/gif;base64,R0lGODlh"
    assert page.evaluate("window.hacked === undefined && document.title !== 'x'")
    assert not any("example.com" in url for url in asked)
