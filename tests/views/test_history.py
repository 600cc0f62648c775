"""A record's history on screen, and two people who edit the same record."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from models.rights import Access
from models.security import User
from services.records import create_record, get_record, update_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD


@pytest.fixture
def company(admin_access: Access) -> dict[str, Any]:
    define_field(admin_access, {"register": "company", "key": "story", "kind": "long_text", "label": {"en": "Story"}})
    raw = create_record(admin_access, "company", {"name": "Alfa <Oy>", "city": "Oulu"})
    update_record(admin_access, "company", raw["_id"], {"city": "Turku", "status": "customer", "x_story": "<b>a\nb"})
    create_record(admin_access, "person", {"name": "Maija Malli", "companies": [str(raw["_id"])]})
    return raw


def page_of(company: dict[str, Any], what: str) -> str:
    return f"/companies/{what}/{company['_id']}"


def test_timeline_tells_of_the_company_and_its_people(client: FlaskClient, company: dict[str, Any]) -> None:
    text = client.get(page_of(company, "timeline")).text
    assert text.index("Maija Malli") < text.index("Turku")
    assert "&lt;b&gt;a" in text
    assert "<b>a" not in text
    assert "badge c-green" in text
    assert page_of(company, "timeline") in client.get(page_of(company, "show")).text


def test_table_has_before_after_and_undo(client: FlaskClient, company: dict[str, Any], admin_access: Access) -> None:
    text = client.get(page_of(company, "history")).text
    assert re.search(r"Oulu.*Turku", text, re.DOTALL)
    back = client.post(page_of(company, "undo"), data={"version": "2"}, follow_redirects=True)
    assert "The change was taken back" in back.text
    assert "taken back" in back.text
    assert get_record(admin_access, "company", company["_id"])["city"] == "Oulu"
    update_record(admin_access, "company", company["_id"], {"city": "Lahti"})
    clash = client.post(page_of(company, "undo"), data={"version": "2"}, follow_redirects=True)
    assert "Changed again since" in clash.text


@pytest.mark.parametrize(("what", "query"), [
    ("timeline", "skip=99999999999"), ("timeline", "skip=-1"), ("history", "skip=abc"), ("history", "skip=9999"),
    ("as_of", "day="), ("as_of", "day=99999-12-31"), ("as_of", "day=9999-12-31"), ("as_of", "day=0001-01-01"),
    ("as_of", "day=31.2.2024"),
])  # fmt: skip
def test_nonsense_gets_an_answer(client: FlaskClient, company: dict[str, Any], what: str, query: str) -> None:
    answer = client.get(f"{page_of(company, what)}?{query}", follow_redirects=True)
    assert answer.status_code == 200


def test_record_as_it_was(client: FlaskClient, company: dict[str, Any]) -> None:
    assert "was not there yet" in client.get(page_of(company, "as_of") + "?day=1.1.2020").text
    assert "Turku" in client.get(page_of(company, "as_of") + "?day=2100-01-01").text


def typed(client: FlaskClient, company: dict[str, Any], **values: str) -> dict[str, str]:
    """What a form sends that was opened when the record was as it is now."""
    page = client.get(page_of(company, "edit")).text
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version
    raw = {"name": "Alfa <Oy>", "city": "Turku", "phone": "", "x_story": "<b>a\nb"}
    return {**raw, "version": version[1], **values}


def test_other_fields_of_two_people_merge_and_the_same_field_is_chosen(
    client: FlaskClient, company: dict[str, Any], admin_access: Access
) -> None:
    mine = typed(client, company, city="Lahti", phone="040 1234567")
    update_record(admin_access, "company", company["_id"], {"city": "Espoo", "name": "Beta Oy"})
    clash = client.post(page_of(company, "edit"), data=mine)
    assert clash.status_code == 409
    page = clash.text
    # Mine stays in the input, theirs is told, and what only the other one changed is there.
    assert 'value="Lahti"' in page
    assert "It is now: Espoo" in page
    assert 'value="Beta Oy"' in page
    assert "It is now: Beta Oy" not in page
    assert 'name="theirs" value="city"' in page
    again = {**mine, "name": "Beta Oy", "version": "3", "theirs": "city"}
    assert client.post(page_of(company, "edit"), data=again).status_code == 302
    saved = get_record(admin_access, "company", company["_id"])
    assert (saved["city"], saved["name"], saved["phone"]) == ("Espoo", "Beta Oy", "+358401234567")


def test_mine_is_saved_where_i_leave_it(client: FlaskClient, company: dict[str, Any], admin_access: Access) -> None:
    mine = typed(client, company, city="Lahti")
    update_record(admin_access, "company", company["_id"], {"city": "Espoo"})
    assert client.post(page_of(company, "edit"), data=mine).status_code == 409
    assert client.post(page_of(company, "edit"), data={**mine, "version": "3"}).status_code == 302
    assert get_record(admin_access, "company", company["_id"])["city"] == "Lahti"


def signed_in(page: Page, address: str) -> Page:
    page.goto(address)
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    return page


def test_two_browsers_edit_the_same_company_in_every_order_of_saves(
    browser: Browser, live_server: str, admin: User, company: dict[str, Any], admin_access: Access
) -> None:
    contexts = [browser.new_context(base_url=live_server, locale="en-GB") for _who in range(2)]
    pages = [signed_in(context.new_page(), page_of(company, "edit")) for context in contexts]
    for first, second in ((0, 1), (1, 0)):
        for page in pages:
            page.goto(page_of(company, "edit"))
        number = f"{first}{second}"
        pages[0].get_by_label("Street address").fill(f"Katu {number}")
        pages[1].get_by_label("Postal code").fill(f"000{number}")
        for page in pages:
            page.get_by_label("City", exact=True).fill(f"Town {pages.index(page)} {number}")
        pages[first].get_by_role("button", name="Save", exact=True).click()
        expect(pages[first].locator(".k-toast")).to_contain_text("was saved")
        pages[second].get_by_role("button", name="Save", exact=True).click()
        expect(pages[second].locator(".k-error")).to_contain_text(f"It is now: Town {first} {number}")
        expect(pages[second].get_by_label("City", exact=True)).to_have_value(f"Town {second} {number}")
        box = pages[second].get_by_label("Use the saved value of “City”")
        if second == 1:
            box.check()
        pages[second].get_by_role("button", name="Save", exact=True).click()
        expect(pages[second].locator(".k-toast")).to_contain_text("was saved")
        saved = get_record(admin_access, "company", company["_id"])
        assert (saved["street"], saved["postal_code"]) == (f"Katu {number}", f"000{number}")
        assert saved["city"] == (f"Town {first} {number}" if second == 1 else f"Town {second} {number}")
    for context in contexts:
        context.close()


def test_timeline_comes_by_itself_and_shows_older_ones(
    page: Page, admin: User, company: dict[str, Any], admin_access: Access
) -> None:
    for number in range(25):
        update_record(admin_access, "company", company["_id"], {"street": f"Katu {number}"})
    signed_in(page, page_of(company, "show"))
    expect(page.locator(".k-timeline > li")).to_have_count(21)
    page.get_by_role("button", name="Show older").press("Enter")
    expect(page.locator(".k-timeline > li")).to_have_count(28)
    expect(page.locator(".k-timeline > li").nth(20)).to_be_focused()
    page.keyboard.press("h")
    page.wait_for_url("**/history/**")
    page.get_by_role("button", name=re.compile("^Undo, ")).first.click()
    expect(page.locator(".k-toast")).to_contain_text("The change was taken back")
