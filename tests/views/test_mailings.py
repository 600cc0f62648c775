"""The pages of mailings: written with the editor, looked at as each recipient, tried, checked, sent and followed."""

import re
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from models.mailings import Mailing
from models.outbox import Message
from models.rights import Access
from models.security import User
from services.mailings import save_content
from services.mailings.members import members, place_of
from services.records import create_record, get_record
from services.rounds import deliver
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD
from tests.fixtures.mail import Inbox
from tests.fixtures.sms import Gateway

Raw = dict[str, Any]
HTML = '<style>.letter{color:#111111}</style><div class="letter"><p>Hei {{name}}, {{city}}!</p></div>'


@pytest.fixture
def companies(admin_access: Access) -> list[Raw]:
    rows = [("Alfa Oy", "a@example.com", "Oulu"), ("Beta Oy", "b@example.com", ""), ("Gamma Oy", "", "Turku"),
            ("Delta Oy", "A@example.com", "Turku")]  # fmt: skip
    return [CompanyFactory.create(access=admin_access, name=name, email=email, city=city) for name, email, city in rows]


@pytest.fixture
def segment(admin_access: Access, companies: list[Raw]) -> Raw:
    conditions = [{"col": "name", "opr": "nempty", "value": ""}]
    return create_record(admin_access, "segment", {"name": "Everybody", "members": "company", "conditions": conditions})


@pytest.fixture
def mailing(admin_access: Access, segment: Raw) -> Raw:
    return create_record(admin_access, "mailing", {"name": "News", "purpose": "notice", "segment": str(segment["_id"]),
                                                   "language": "en"})  # fmt: skip


@pytest.fixture
def written(admin_access: Access, mailing: Raw) -> Raw:
    return save_content(admin_access, mailing["_id"], {"subject": "Hei {{name}}", "html": HTML}, mailing["version"])


@pytest.fixture
def signed_in(page: Page, admin: User) -> Page:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    return page


def picture(size: tuple[int, int] = (40, 20)) -> bytes:
    out = BytesIO()
    Image.new("RGB", size, 120).save(out, "PNG")
    return out.getvalue()


def editor(page: Page) -> Locator:
    return page.locator(".k-editor").get_by_role("textbox", name="Message")


def html_of(mailing: Raw) -> str:
    raw = Mailing._get_collection().find_one({"_id": mailing["_id"]}) or {}
    return str(raw.get("html") or "")


# Writing


def test_text_is_written_with_a_field_a_button_and_a_picture(
    signed_in: Page, admin_access: Access, mailing: Raw
) -> None:
    signed_in.goto(f"/mailings/content/{mailing['_id']}")
    signed_in.fill("#subject", "News for ")
    signed_in.get_by_role("button", name="Merge field into “Subject”").click()
    signed_in.get_by_role("button", name="Name {{name}}", exact=True).click()
    expect(signed_in.locator("#subject")).to_have_value("News for {{name}}")
    editor(signed_in).click()
    signed_in.get_by_role("button", name="Heading 1").click()
    signed_in.keyboard.type("Hello {{city|there}}")
    expect(editor(signed_in).locator(".k-mergechip")).to_have_text("City")
    signed_in.keyboard.press("Enter")
    signed_in.get_by_role("button", name="In the middle").click()
    signed_in.get_by_role("button", name="Button", exact=True).click()
    signed_in.get_by_label("Text of the link").fill("Read more")
    signed_in.get_by_label("Address of the link").fill("www.company.fi")
    signed_in.get_by_label("Address of the link").press("Enter")
    signed_in.keyboard.press("Enter")
    signed_in.locator(".k-editor input[type=file]").set_input_files(
        [{"name": "logo.png", "mimeType": "image/png", "buffer": picture()}])  # fmt: skip
    expect(editor(signed_in).locator("img[src]")).to_have_attribute("width", "40")
    signed_in.get_by_label("What it shows").fill("Our logo")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("News was saved.")).to_be_visible()
    saved = get_record(admin_access, "mailing", mailing["_id"])
    assert saved["subject"] == "News for {{name}}"
    assert len(saved["pictures"]) == 1
    assert "<h1>Hello {{city|there}}</h1>" in saved["html"]
    assert '<p align="center"><a class="button" href="https://www.company.fi">Read more</a></p>' in saved["html"]
    assert f'<img src="cid:{saved["pictures"][0]}" alt="Our logo" width="40">' in saved["html"]
    expect(editor(signed_in).locator("img[src]")).to_be_visible()
    assert editor(signed_in).locator("img[src]").evaluate("image => image.naturalWidth") == 40


def test_pasted_and_dropped_pictures_are_taken_in(signed_in: Page, mailing: Raw) -> None:
    signed_in.goto(f"/mailings/content/{mailing['_id']}")
    editor(signed_in).click()
    signed_in.evaluate("""async bytes => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true,
                                                                        cancelable: true}));
    }""", list(picture()))  # fmt: skip
    expect(editor(signed_in).locator("img[src]")).to_have_count(1)
    signed_in.evaluate("""async bytes => {
      const data = new DataTransfer(), place = document.querySelector(".ProseMirror");
      const box = place.getBoundingClientRect();
      data.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
      place.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true,
                                                 clientX: box.left + 200, clientY: box.top + 60}));
    }""", list(picture((60, 20))))  # fmt: skip
    expect(editor(signed_in).locator("img[src]")).to_have_count(2)


def test_file_that_is_no_picture_is_refused_with_a_message(signed_in: Page, mailing: Raw) -> None:
    signed_in.goto(f"/mailings/content/{mailing['_id']}")
    signed_in.locator(".k-editor input[type=file]").set_input_files(
        [{"name": "evil.png", "mimeType": "image/png", "buffer": b"<script>alert(1)</script>"}])  # fmt: skip
    expect(signed_in.get_by_text("is not a picture that mail programs show")).to_be_visible()
    expect(editor(signed_in).locator("img[src], .k-sending")).to_have_count(0)


def test_html_of_its_own_layout_is_kept_as_it_is(signed_in: Page, mailing: Raw) -> None:
    table = '<table width="600"><tbody><tr><td style="color:#ff0000">Own</td></tr></tbody></table>'
    signed_in.goto(f"/mailings/content/{mailing['_id']}")
    signed_in.get_by_role("button", name="HTML", exact=True).click()
    signed_in.fill("#html", table)
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("News was saved.")).to_be_visible()
    assert html_of(mailing) == table
    expect(signed_in.locator("#html")).to_have_value(table)
    signed_in.get_by_role("button", name="HTML", exact=True).click()
    expect(signed_in.get_by_text("Press again to go on.")).to_be_visible()
    expect(signed_in.locator("#html")).to_be_visible()


def test_what_is_only_looked_at_is_not_changed(signed_in: Page, written: Raw) -> None:
    signed_in.goto(f"/mailings/content/{written['_id']}")
    expect(editor(signed_in).locator(".k-mergechip")).to_have_count(2)
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("News was saved.")).to_be_visible()
    assert html_of(written) == HTML


def test_leaving_asks_as_long_as_something_is_not_saved(signed_in: Page, written: Raw) -> None:
    asked: list[str] = []
    signed_in.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    signed_in.goto(f"/mailings/content/{written['_id']}")
    signed_in.fill("#subject", "Typed")
    expect(signed_in.get_by_text("Not saved yet")).to_be_visible()
    signed_in.get_by_role("link", name="Recipients").click()
    expect(signed_in.locator("#subject")).to_have_value("Typed")
    assert asked == ["beforeunload"]
    signed_in.keyboard.press("Control+s")
    expect(signed_in.get_by_text("News was saved.")).to_be_visible()
    signed_in.get_by_role("link", name="Recipients").click()
    signed_in.wait_for_url("**/recipients/**")
    assert asked == ["beforeunload"]


def test_two_who_write_see_both_texts(signed_in: Page, admin_access: Access, written: Raw) -> None:
    signed_in.goto(f"/mailings/content/{written['_id']}")
    signed_in.fill("#subject", "Mine")
    save_content(admin_access, written["_id"], {"subject": "Theirs", "preheader": "Theirs too"}, written["version"])
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("Somebody else has changed this record")).to_be_visible()
    expect(signed_in.locator("#subject")).to_have_value("Mine")
    expect(signed_in.locator("#preheader")).to_have_value("Theirs too")
    expect(signed_in.locator(".k-theirs pre")).to_have_text("Theirs")
    signed_in.get_by_label("Use the saved value of “Subject”").check()
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.get_by_text("News was saved.")).to_be_visible()
    assert get_record(admin_access, "mailing", written["_id"])["subject"] == "Theirs"


def test_page_is_uploaded_and_bad_ones_are_told(signed_in: Page, mailing: Raw) -> None:
    signed_in.goto(f"/mailings/content/{mailing['_id']}")
    place = signed_in.get_by_label("HTML or ZIP file")
    place.set_input_files([{"name": "a.html", "mimeType": "text/html", "buffer": b"no page at all"}])
    expect(signed_in.get_by_text("This is not an HTML page")).to_be_visible()
    place.set_input_files([{"name": "a.html", "mimeType": "text/html",
                            "buffer": b"<html><table><tr><td>Up</td></tr></table><script>x</script>"}])  # fmt: skip
    expect(signed_in.get_by_text("The message was taken in")).to_be_visible()
    assert "<td>Up</td>" in html_of(mailing)
    assert "script" not in html_of(mailing)


# Looking at it


def test_preview_goes_through_the_recipients(signed_in: Page, written: Raw) -> None:
    signed_in.goto(f"/mailings/check/{written['_id']}")
    frame = signed_in.frame_locator(".is-desktop iframe")
    expect(frame.get_by_text("Hei Alfa Oy, Oulu!")).to_be_visible()
    expect(signed_in.get_by_role("heading", name="Hei Alfa Oy")).to_be_visible()
    signed_in.get_by_role("link", name="The next recipient").click()
    expect(frame.locator("mark")).to_have_text("city")
    expect(signed_in.get_by_text("Empty for this recipient: city")).to_be_visible()
    signed_in.get_by_label("Find a recipient").fill("gamma")
    signed_in.get_by_label("Find a recipient").press("Enter")
    expect(frame.get_by_text("Hei Gamma Oy, Turku!")).to_be_visible()
    expect(signed_in.get_by_text("gets no message: no address")).to_be_visible()
    signed_in.get_by_role("link", name="Plain text").click()
    expect(signed_in.locator(".k-textpart")).to_contain_text("Hei Gamma Oy, Turku!")


def test_frame_shows_pictures_and_runs_and_fetches_nothing(
    client: FlaskClient, admin_access: Access, mailing: Raw
) -> None:
    sent = client.post(f"/mailings/{mailing['_id']}/pictures", data={"file": (BytesIO(picture()), "a.png")})
    assert set(sent.json or {}) >= {"cid", "url"}
    html = f'<p><img src="cid:{(sent.json or {})["cid"]}"></p>'
    save_content(admin_access, mailing["_id"], {"html": html, "subject": "x"})
    answer = client.get(f"/mailings/frame/{mailing['_id']}")
    assert 'src="data:image/png;base64,' in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; img-src data:;")
    assert "script" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    shown = client.get((sent.json or {})["url"])
    assert (shown.status_code, shown.mimetype) == (200, "image/png")
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_dark_surroundings_and_widths_are_chosen(client: FlaskClient, written: Raw) -> None:
    page = client.get(f"/mailings/check/{written['_id']}?tone=dark&size=phone").text
    assert "k-device is-phone is-dark" in page
    assert "is-desktop" not in page
    assert "color-scheme:dark" in client.get(f"/mailings/frame/{written['_id']}?tone=dark").text
    assert "color-scheme:dark" not in client.get(f"/mailings/frame/{written['_id']}").text


def test_errors_keep_it_from_being_sent_and_lead_to_where_they_are_mended(client: FlaskClient, mailing: Raw) -> None:
    page = client.get(f"/mailings/check/{mailing['_id']}").text
    assert "The subject is missing." in page
    assert f'href="/mailings/content/{mailing["_id"]}"' in page
    assert "Go on to sending" not in page
    assert "It can't be sent yet." in client.get(f"/mailings/send/{mailing['_id']}").text
    assert client.post(f"/mailings/send/{mailing['_id']}", data={"when": "now"}).status_code == 422
    assert Mailing._get_collection().find_one({"_id": mailing["_id"]}, {"state": 1}) in (
        {"_id": mailing["_id"], "state": "draft"}, {"_id": mailing["_id"]})  # fmt: skip


def test_those_left_out_are_counted_and_listed_by_reason(client: FlaskClient, written: Raw) -> None:
    page = client.get(f"/mailings/recipients/{written['_id']}").text
    assert "Alfa Oy" in page
    assert "Gamma Oy" not in page
    assert "Gamma Oy" in client.get(f"/mailings/recipients/{written['_id']}?reason=no_address").text
    assert "Delta Oy" in client.get(f"/mailings/recipients/{written['_id']}?reason=double").text


def test_members_are_counted_and_found(admin_access: Access, written: Raw) -> None:
    found = members(admin_access, written["_id"])
    assert (found.count, found.going, dict(found.left_out)) == (4, 2, {"no_address": 1, "double": 1})
    assert [one.name for one in found.rows] == ["Alfa Oy", "Beta Oy"]
    assert place_of(admin_access, written["_id"], "oy") == 0
    assert place_of(admin_access, written["_id"], "oy", after=0) == 1
    assert place_of(admin_access, written["_id"], "b@EXAMPLE") == 1
    assert place_of(admin_access, written["_id"], ".*") is None


def test_segment_is_chosen_on_the_page_of_recipients(client: FlaskClient, admin_access: Access, segment: Raw) -> None:
    raw = create_record(admin_access, "mailing", {"name": "Bare"})
    address = f"/mailings/recipients/{raw['_id']}"
    assert "Nobody is chosen yet" in client.get(address).text
    assert client.post(address, data={"segment": "nonsense", "version": "1"}).status_code == 422
    assert client.post(address, data={"segment": str(segment["_id"]), "version": "1"}).status_code == 302
    assert "Alfa Oy" in client.get(address).text


# Sending


def test_test_message_goes_to_oneself(signed_in: Page, app: Flask, inbox: Inbox, written: Raw) -> None:
    signed_in.goto(f"/mailings/check/{written['_id']}?place=1")
    expect(signed_in.get_by_label("Send it to")).to_have_value("admin@example.com")
    signed_in.get_by_label("Send it to").fill("admin@example.com, nonsense")
    signed_in.get_by_role("button", name="Send the test").click()
    expect(signed_in.get_by_text("“nonsense” is not an e-mail address")).to_be_visible()
    expect(signed_in.get_by_label("Send it to")).to_have_value("admin@example.com, nonsense")
    signed_in.get_by_label("Send it to").fill("admin@example.com, me@example.com")
    signed_in.get_by_role("button", name="Send the test").click()
    expect(signed_in.get_by_text("A test is on its way to 2 addresses.")).to_be_visible()
    deliver()
    assert {message["To"] for message in inbox.messages} == {"admin@example.com", "me@example.com"}
    assert "Hei Beta Oy" in inbox.messages[0]["Subject"]


def test_mailing_is_sent_and_followed_to_its_end(
    signed_in: Page, app: Flask, inbox: Inbox, admin_access: Access, written: Raw
) -> None:
    signed_in.goto(f"/mailings/show/{written['_id']}")
    signed_in.get_by_role("link", name="Check and send").click()
    signed_in.get_by_role("link", name="Go on to sending").click()
    signed_in.get_by_role("button", name="Send to 2 recipients").click()
    expect(signed_in.get_by_text("“News” goes to 2 recipients.")).to_be_visible()
    signed_in.locator("dialog").get_by_role("button", name="Send to 2 recipients").click()
    signed_in.wait_for_url("**/follow/**")
    expect(signed_in.locator("[data-going]")).to_be_visible()
    expect(signed_in.locator("[data-follow]")).to_contain_text("of 2 messages")
    for _round in range(3):
        deliver()
    expect(signed_in.locator("[data-follow]")).to_contain_text("Sent at")
    assert sorted(message["To"] for message in inbox.messages) == ["a@example.com", "b@example.com"]
    expect(signed_in.locator("#messages")).to_contain_text("Beta Oy")
    assert signed_in.locator(".k-way").get_by_role("link", name="Content").count() == 0
    signed_in.get_by_role("button", name="Copy as a new mailing").click()
    signed_in.wait_for_url("**/content/**")
    expect(signed_in.locator("#subject")).to_have_value("Hei {{name}}")


def test_sending_at_a_moment_is_ordered_and_called_off(client: FlaskClient, inbox: Inbox, written: Raw) -> None:
    address = f"/mailings/send/{written['_id']}"
    assert client.post(address, data={"when": "later", "at": "soon"}).status_code == 422
    assert client.post(address, data={"when": "later", "at": "2999-01-01T10:00"}).status_code == 422
    moment = "2027-11-01T10:00"
    assert client.post(address, data={"when": "later", "at": moment}).status_code == 302
    assert "It starts at" in client.get(f"/mailings/follow/{written['_id']}").text
    assert client.post(f"/mailings/cancel/{written['_id']}").status_code == 302
    assert (Mailing._get_collection().find_one({"_id": written["_id"]}) or {})["state"] == "draft"


def test_unclear_messages_are_decided_about(client: FlaskClient, admin_access: Access, written: Raw) -> None:
    Mailing._get_collection().update_one({"_id": written["_id"]}, {"$set": {"state": "sending"}})
    now = written["created_at"]
    for number in range(3):
        Message(purpose="mailing", mailing=written["_id"], address=f"{number}@example.com", state="unclear",
                name="Unsure", message_id=f"<{number}@x>", attempts=1, due_at=now, created_at=now).save()  # fmt: skip
    page = client.get(f"/mailings/follow/{written['_id']}?state=unclear").text
    assert "Of 3 messages nobody knows whether they went" in page
    first, second, third = Message.objects.order_by("address")
    assert client.post(f"/mailings/settle/{written['_id']}/arrived/{first.pk}").status_code == 302
    assert client.post(f"/mailings/settle/{written['_id']}/again/{second.pk}").status_code == 302
    assert client.post(f"/mailings/settle_all/{written['_id']}/arrived").status_code == 302
    assert [Message.objects.get(pk=one.pk).state for one in (first, second, third)] == ["sent", "waiting", "sent"]
    assert client.post(f"/mailings/settle/{written['_id']}/nonsense/{first.pk}").status_code == 404
    assert client.post(f"/mailings/settle/{written['_id']}/again/nonsense").status_code == 404


def test_sending_is_paused_and_gone_on_with(client: FlaskClient, inbox: Inbox, written: Raw) -> None:
    client.post(f"/mailings/send/{written['_id']}", data={"when": "now"})
    assert "Pause" in client.get(f"/mailings/progress/{written['_id']}").text
    client.post(f"/mailings/pause/{written['_id']}")
    assert "Paused: nothing more goes out until you go on." in client.get(f"/mailings/progress/{written['_id']}").text
    client.post(f"/mailings/resume/{written['_id']}")
    assert (Mailing._get_collection().find_one({"_id": written["_id"]}) or {})["state"] == "sending"
    # Pressed on a page that is old by now.
    assert client.post(f"/mailings/resume/{written['_id']}", follow_redirects=True).status_code == 200


def test_sms_is_written_tried_and_sent(
    signed_in: Page, gateway: Gateway, admin_access: Access, segment: Raw
) -> None:
    CompanyFactory.create(access=admin_access, name="Mobile Oy", phone="+358 40 1234567")
    CompanyFactory.create(access=admin_access, name="Fixed Oy", phone="+358 3 1234567")
    signed_in.goto(f"/mailings/add?segment={segment['_id']}")
    signed_in.fill("#name", "Reminder")
    signed_in.locator("#channel").select_option("sms")
    signed_in.locator("#purpose").select_option("notice")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.wait_for_url("**/content/**")
    expect(signed_in.locator(".k-editor")).to_have_count(0)
    signed_in.fill("#text", "Hei {{name}}! 😊")
    expect(signed_in.locator("#text-help")).to_contain_text("16 characters, 54 left in one message")
    signed_in.get_by_role("button", name="Save and check").click()
    signed_in.wait_for_url("**/check/**")
    signed_in.get_by_label("Find a recipient").fill("mobile")
    signed_in.get_by_label("Find a recipient").press("Enter")
    expect(signed_in.locator(".bubble")).to_have_text("Hei Mobile Oy! 😊")
    signed_in.get_by_label("Send it to").fill("+358 50 7654321")
    signed_in.get_by_role("button", name="Send the test").click()
    expect(signed_in.get_by_text("A test is on its way to 1 address.")).to_be_visible()
    deliver()
    assert [text for _number, text in gateway.messages] == ["Hei Mobile Oy! 😊"]
    signed_in.get_by_role("link", name="Go on to sending").click()
    expect(signed_in.get_by_text("1 message for each, so at most 1 to pay")).to_be_visible()
    signed_in.get_by_role("button", name="Send to 1 recipient").click()
    signed_in.locator("dialog").get_by_role("button", name="Send to 1 recipient").click()
    signed_in.wait_for_url("**/follow/**")
    expect(signed_in.locator("[data-follow]")).to_contain_text("of 1 message")
    deliver()
    deliver()
    expect(signed_in.locator("[data-follow]")).to_contain_text("Sent at")
    assert [number for number, _text in gateway.messages] == ["+358507654321", "+358401234567"]


def test_only_drafts_are_deleted(client: FlaskClient, written: Raw) -> None:
    draft = {"$set": {"state": "draft"}, "$push": {"facets": "state=draft"}}
    sent = {"$set": {"state": "sent"}, "$pull": {"facets": "state=draft"}}
    Mailing._get_collection().update_one({"_id": written["_id"]}, sent)
    answer = client.post(f"/mailings/delete/{written['_id']}", follow_redirects=True)
    assert "Only a draft can be deleted" in answer.text
    assert f"/mailings/delete/{written['_id']}" not in answer.text
    Mailing._get_collection().update_one({"_id": written["_id"]}, draft)
    assert f"/mailings/delete/{written['_id']}" in client.get(f"/mailings/show/{written['_id']}").text
    client.post(f"/mailings/delete/{written['_id']}")
    assert Mailing._get_collection().find_one({"_id": written["_id"]}) is None


# Rights


def test_who_writes_mailings_without_sending_them_is_told_who_goes_on(
    make_role: Any, make_user: Any, sign_in: Any, written: Raw
) -> None:
    sees = ((register, "see", "all") for register in ("mailing", "company", "segment"))
    writer = sign_in(make_user("writer", make_role("Writer", *sees, ("mailing", "change", "all"),
                                                   ("company", "send", "all"))))  # fmt: skip
    assert writer.get(f"/mailings/content/{written['_id']}").status_code == 200
    page = writer.get(f"/mailings/check/{written['_id']}").text
    assert "somebody who may send them goes on from here" in page
    assert not re.findall(rf"/mailings/(?:send|test)/{written['_id']}", page)
    for name in ("send", "test", "pause", "resume", "cancel"):
        assert writer.post(f"/mailings/{name}/{written['_id']}").status_code in (302, 403)
    kept = Mailing._get_collection().find_one({"_id": written["_id"]}) or {}
    assert (kept["state"], kept["version"]) == ("draft", written["version"])


def test_who_only_sees_mailings_changes_and_sends_none(
    make_role: Any, make_user: Any, sign_in: Any, written: Raw
) -> None:
    role = make_role("Onlooker", ("mailing", "see", "all"), ("company", "see", "all"), ("segment", "see", "all"))
    client = sign_in(make_user("reader", role))
    assert client.get(f"/mailings/check/{written['_id']}").status_code == 200
    for page in ("content", "send"):
        assert client.get(f"/mailings/{page}/{written['_id']}").status_code in (302, 403)
    assert client.post(f"/mailings/{written['_id']}/pictures").status_code in (302, 403, 404)
    for page in ("upload", "test", "pause", "send", "content"):
        assert client.post(f"/mailings/{page}/{written['_id']}").status_code in (302, 403, 404)
    assert (Mailing._get_collection().find_one({"_id": written["_id"]}) or {})["version"] == written["version"]
