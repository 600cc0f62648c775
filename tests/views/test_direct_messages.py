"""An e-mail or an SMS to one record from its page: in its user's name, noted as an activity, taken back in time."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from models.activities import Activity
from models.outbox import Message
from models.rights import Access, NotAllowed
from models.security import FieldRight, User
from services.outbox import cancel_message, retry_message, send_due, settle_message
from services.records import create_record, now
from services.sms import BASIC, EXTENSION, TABLE, sms_length
from tests.fixtures.app import PASSWORD
from tests.fixtures.mail import Inbox

Raw = dict[str, Any]
SCRIPT = Path(__file__).parents[2] / "assets" / "js" / "sms-length.js"
MAIL = {"address": "anna@example.com", "subject": "Hello", "text": "Hello Anna\r\nHow are you?"}


@pytest.fixture
def person(admin_access: Access) -> ObjectId:
    values = {"name": "Anna Virtanen", "email": "anna@example.com", "phone": "+358401234567"}
    return create_record(admin_access, "person", values)["_id"]  # type: ignore[no-any-return]


def write(client: FlaskClient, person: ObjectId, channel: str = "mail", **typed: str) -> Any:
    return client.post(f"/people/message/{person}?channel={channel}", data={**MAIL, **typed})


def make_due() -> None:
    Message.objects.update(due_at=now())


def test_an_e_mail_goes_by_its_user_s_name_and_is_noted(client: FlaskClient, person: ObjectId, inbox: Inbox) -> None:
    page = client.get(f"/people/show/{person}").text
    assert f"/people/message/{person}?channel=mail" in page
    assert f"/people/message/{person}?channel=sms" in page
    assert write(client, person).status_code == 302
    assert send_due() == 0
    make_due()
    assert send_due() == 1
    (message,) = inbox.messages
    assert (message["Subject"], message["Reply-To"]) == ("Hello", "admin@example.com")
    assert message["From"].startswith("Admin")
    assert (message["Auto-Submitted"], message["Precedence"]) == (None, None)
    assert message.get_content().split() == ["Hello", "Anna", "How", "are", "you?"]
    (noted,) = Activity._get_collection().find()
    assert (noted["kind"], noted["name"], noted["people"], noted["state"]) == ("email", "Hello", [person], "done")
    assert "How are you?" in noted["text"]
    timeline = client.get(f"/people/timeline/{person}").text
    assert timeline.count("Hello") >= 1
    assert "/outbox/show/" not in timeline


def test_an_sms_is_noted_as_one(client: FlaskClient, person: ObjectId) -> None:
    write(client, person, "sms", address="+358401234567", subject="")
    (message,) = Message.objects
    assert (message.channel, message.address, message.subject) == ("sms", "+358401234567", "")
    assert Activity._get_collection().find_one({"kind": "sms"}) is not None


@pytest.mark.parametrize("typed", [{"address": "other@example.com"}, {"text": " "}, {"subject": ""},
                                   {"text": "x" * 20_001}, {"subject": "x" * 201}])  # fmt: skip
def test_what_is_wrong_is_told_and_what_was_typed_is_kept(client: FlaskClient, person: ObjectId, typed: Raw) -> None:
    answer = write(client, person, **typed)
    assert answer.status_code == 422
    assert "Hello" in answer.text
    assert (Message.objects.count(), Activity._get_collection().count_documents({})) == (0, 0)


def test_a_message_is_taken_back_with_its_activity_while_it_waits(
    client: FlaskClient, person: ObjectId, inbox: Inbox
) -> None:
    write(client, person)
    pk = Message.objects.get().pk
    client.post(f"/people/message_back/{pk}")
    make_due()
    assert send_due() == 0
    assert (Message.objects.get().state, Activity._get_collection().count_documents({})) == ("cancelled", 0)
    write(client, person)
    make_due()
    send_due()
    sent = Message.objects.get(state="sent").pk
    client.post(f"/people/message_back/{sent}")
    assert (Message.objects.get(pk=sent).state, Activity._get_collection().count_documents({})) == ("sent", 1)
    assert client.post("/people/message_back/x").status_code == 404


def test_hidden_addresses_missing_rights_and_odd_ways_send_nothing(
    client: FlaskClient, person: ObjectId, admin_access: Access, make_user: Callable[..., User],
    make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    bare = create_record(admin_access, "person", {"name": "Bare"})["_id"]
    assert "/people/message/" not in client.get(f"/people/show/{bare}").text
    assert write(client, bare).status_code == 302
    assert write(client, person, "pigeon").status_code == 404
    hidden = FieldRight(register="person", column="email", access="hidden")
    sends, notes = ("person", "send", "all"), ("activity", "add", "all")
    make_role("Hidden", ("person", "see", "all"), sends, notes, field_rights=[hidden])
    make_role("Sends", ("person", "see", "all"), sends)
    make_role("Notes", ("person", "see", "all"), notes)
    make_role("Own", ("person", "see", "all"), ("person", "send", "own"), notes)
    for role in ("Hidden", "Sends", "Notes", "Own"):
        write(sign_in(make_user(role.lower(), role)), person)
    assert Message.objects.count() == 0


def test_who_may_send_no_more_sends_nothing_again_and_may_still_call_it_off(
    person: ObjectId, make_user: Callable[..., User], make_role: Callable[..., Any],
    access_of: Callable[[User], Access], sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    role = make_role("Writes", ("person", "see", "all"), ("person", "send", "all"), ("activity", "add", "all"))
    user = make_user("writer", role)
    write(sign_in(user), person)
    Message.objects.update(state="failed")
    message = Message.objects.get().pk
    role.update(pull__grants__action="send")
    access = access_of(User.objects.get(pk=user.pk))
    for again in (retry_message, lambda *found: settle_message(*found, arrived=False)):
        with pytest.raises(NotAllowed):
            again(access, message)
    cancel_message(access, message)
    assert Message.objects.get().state == "cancelled"


def test_somebody_else_s_message_is_not_taken_back(
    client: FlaskClient, person: ObjectId, make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    write(client, person)
    other = sign_in(make_user("other", "Staff"))
    assert other.post(f"/people/message_back/{Message.objects.get().pk}").status_code == 404
    assert Message.objects.get().state == "waiting"


def test_an_sms_is_written_and_taken_back_in_the_browser(page: Page, admin: User, person: ObjectId) -> None:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    page.goto(f"/people/show/{person}")
    page.get_by_role("link", name="Send SMS").click()
    page.get_by_label("Text").fill("š" * 71)
    expect(page.locator("[data-sms-length]")).to_contain_text("71 characters, goes as 2 messages, 63 left")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url(re.compile("/people/show/"))
    page.locator(".k-toast").get_by_role("button", name="Undo").click()
    expect(page.locator(".k-toast")).to_contain_text("The message was not sent.")
    assert Message.objects.get().state == "cancelled"


def test_the_browser_reckons_an_sms_s_length_as_the_server_does(browser: Browser) -> None:
    alphabet, wide = BASIC + EXTENSION, "šŽ😀"
    texts = ["", *(alphabet * times for times in (1, 2, 3)), *("€" * count for count in range(75, 160)),
             *(alphabet[shift:] + EXTENSION * 9 for shift in range(40)), *(wide * count for count in range(40)),
             *("a" * count + "😀" * 3 for count in range(60, 140)), *("a" * count + "€" for count in range(145, 320))]
    page = browser.new_page()
    shown = page.evaluate(
        """async ([script, texts, table]) => {
          const { smsLength } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
          return texts.map((text) => smsLength(text, table));
        }""",
        [SCRIPT.read_text(encoding="utf-8"), texts, json.loads(json.dumps(TABLE))],
    )
    page.close()
    assert shown == [vars(sms_length(text)) for text in texts]
