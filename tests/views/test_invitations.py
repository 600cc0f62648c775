"""Inviting from the calendar's card and from a record's page, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.activities import Activity
from models.outbox import Message
from models.rights import Access
from models.security import User
from services.records import create_record, update_record
from tests.factories import PersonFactory
from tests.views.test_calendar_screen import entry, open_week

Raw = dict[str, Any]


@pytest.fixture
def aino(make_user: Callable[..., User], make_role: Callable[..., Any]) -> User:
    rights = [("activity", action, "all") for action in ("see", "add", "change", "delete", "send")]
    return make_user("aino", make_role("All", *rights, ("person", "see", "all")))


@pytest.fixture
def meeting(app: Any, aino: User, access_of: Callable[[User], Access]) -> Raw:
    people = [PersonFactory.create(first_name="Matti", last_name="Virtanen", email="matti@example.org"),
              PersonFactory.create(first_name="Liisa", last_name="Laine")]  # fmt: skip
    return create_record(access_of(aino), "activity", {
        "name": "Meeting", "kind": "meeting", "starts_at": "2099-10-20T09:00", "ends_at": "2099-10-20T10:00",
        "people": [str(one["_id"]) for one in people]})  # fmt: skip


def sent() -> list[tuple[str, str]]:
    return [(raw["address"], raw["attachments"][0]["method"]) for raw in Message._get_collection().find()]


def test_an_entry_is_invited_to_and_its_change_and_its_end_are_told(
    page: Page, aino: User, meeting: Raw, access_of: Callable[[User], Access]
) -> None:
    open_week(page)
    entry(page, "Meeting").press("Enter")
    page.locator(".k-calentry").get_by_role("link", name="Send invitations").click()
    expect(page.locator("main")).to_contain_text("matti@example.org")
    expect(page.locator("main")).to_contain_text("No e-mail address, and so no invitation: Liisa Laine")
    assert sent() == []
    page.get_by_role("button", name="Send invitations").click()
    expect(page.get_by_text("1 message is on its way.")).to_be_visible()
    assert sent() == [("matti@example.org", "REQUEST")]
    expect(page.get_by_role("link", name="Send invitations")).to_have_count(0)
    update_record(access_of(aino), "activity", meeting["_id"], {"place": "Room 6"})
    page.reload()
    expect(page.get_by_role("alert")).to_contain_text("The invitations are out of date.")
    page.goto("/calendar/?date=2099-10-19&view=week")
    page.locator("[data-cal-place][aria-busy=false]").wait_for()
    entry(page, "Meeting").press("Enter")
    expect(page.locator(".k-calentry")).to_contain_text("The invitations are out of date.")
    page.get_by_role("link", name="Send the change").click()
    page.get_by_role("button", name="Send the change").click()
    expect(page.get_by_text("1 message is on its way.")).to_be_visible()
    page.goto("/calendar/?date=2099-10-19&view=week")
    page.locator("[data-cal-place][aria-busy=false]").wait_for()
    entry(page, "Meeting").press("Enter")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".k-toast")).to_contain_text("Those invited have not been told.")
    page.goto(f"/calendar/invitations/{meeting['_id']}")
    expect(page.get_by_role("alert").first).to_contain_text("The entry was deleted.")
    page.get_by_role("button", name="Send the change").click()
    page.wait_for_url("**/calendar/")
    assert sent()[-1] == ("matti@example.org", "CANCEL")
    assert Activity.objects.count() == 0


def test_what_was_changed_meanwhile_is_not_sent_and_nothing_bad_is_a_server_error(
    sign_in: Callable[[User], FlaskClient], aino: User, meeting: Raw
) -> None:
    client, url = sign_in(aino), f"/calendar/invitations/{meeting['_id']}"
    for version in ("99", "x", "-1"):
        assert client.post(url, data={"version": version}).status_code == 302
    assert sent() == []
    assert {client.get(f"/calendar/invitations/{pk}").status_code for pk in ("x", "0" * 24, aino.pk)} == {404}
    assert client.post(url, data={"version": "1"}).status_code == 302
    assert sent() == [("matti@example.org", "REQUEST")]
    assert client.post(url, data={}, follow_redirects=True).status_code == 200


def test_pages_tell_who_may_not_send_that_no_invitations_go_out(
    sign_in: Callable[[User], FlaskClient], aino: User, meeting: Raw, make_user: Callable[..., User],
    make_role: Callable[..., Any],
) -> None:  # fmt: skip
    rights = [("activity", action, "all") for action in ("see", "add", "change", "delete")]
    writer = sign_in(make_user("writer", make_role("Writes", *rights, ("person", "see", "all"))))
    pages = [f"/activities/show/{meeting['_id']}", f"/calendar/entry/{meeting['_id']}"]
    for path in pages:
        page = writer.get(path)
        assert page.status_code == 200
        assert "No invitations go out by e-mail: you may not send them." in page.text
        assert "Send invitations" not in page.text
    assert all("No invitations go out" not in sign_in(aino).get(path).text for path in pages)
    url = f"/calendar/invitations/{meeting['_id']}"
    assert [writer.get(url).status_code, writer.post(url, data={"version": "1"}).status_code] == [403, 403]
    assert sent() == []
