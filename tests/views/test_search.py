"""The search box of every page, under the hands and as a page of its own."""

import re

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.security import User
from services.records import create_record
from tests.fixtures.app import PASSWORD


@pytest.fixture
def records(admin_access: Access) -> None:
    company = create_record(admin_access, "company", {"name": "Järvenpään Konepaja Oy", "city": "Nokia",
                                                      "phone": "+358401234567"})  # fmt: skip
    create_record(admin_access, "person",
                  {"name": "Maija Järvinen", "title": "CEO", "companies": [str(company["_id"])]})  # fmt: skip
    create_record(admin_access, "company", {"name": "<b>Järki</b> Oy"})


@pytest.fixture
def signed_in(page: Page, admin: User, records: None) -> Page:
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    return page


def test_page_shows_what_is_found_with_what_tells_it_apart(client: FlaskClient, records: None) -> None:
    answer = client.get("/search/?q=jarv")
    assert answer.status_code == 200
    assert "Maija Järvinen" in answer.text
    assert "CEO · Järvenpään Konepaja Oy" in answer.text
    assert "Phone: +358 40 1234567" in client.get("/search/?q=040 1234567").text
    assert "&lt;b&gt;Järki&lt;/b&gt;" in client.get("/search/?q=jarki").text
    assert "Nothing was found" in client.get("/search/?q=zzz").text


@pytest.mark.parametrize("text", ["", "%00", "%ff%fe", "$where", "a" * 3_000, "%F0%9F%98%80", "(", "q=1&q=2"])
def test_anything_typed_gets_an_answer(client: FlaskClient, records: None, text: str) -> None:
    for address in ("/search/", "/search/found"):
        assert client.get(f"{address}?q={text}").status_code == 200


def test_strangers_are_led_to_sign_in(app: object, admin: User) -> None:
    stranger = app.test_client()  # type: ignore[attr-defined]
    assert stranger.get("/search/?q=a").status_code == 302
    assert stranger.get("/search/found?q=a").status_code == 302


def test_picker_finds_without_accents_and_inside_words_too(client: FlaskClient, records: None) -> None:
    found = [option["label"] for option in client.get("/options/company?q=jarvenp").json["results"]]
    assert found == ["Järvenpään Konepaja Oy, Nokia"]
    assert len(client.get("/options/company?q=nepaja").json["results"]) == 1


def test_ctrl_k_typing_arrows_and_enter_open_a_record(signed_in: Page) -> None:
    signed_in.keyboard.press("Control+k")
    box = signed_in.get_by_role("combobox", name="Search")
    expect(box).to_be_focused()
    signed_in.keyboard.type("jarv")
    options = signed_in.get_by_role("option")
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    signed_in.keyboard.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    signed_in.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    signed_in.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    signed_in.keyboard.press("ArrowDown")
    signed_in.keyboard.press("ArrowUp")
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator("h1")).to_have_text("Maija Järvinen")


def test_enter_shows_everything_and_clicking_opens(signed_in: Page) -> None:
    signed_in.keyboard.press("/")
    signed_in.keyboard.type("jarv")
    signed_in.keyboard.press("Enter")
    expect(signed_in).to_have_url(re.compile(r"/search/\?q=jarv"))
    signed_in.get_by_role("combobox", name="Search").fill("konepaja")
    signed_in.get_by_role("option", name=re.compile("Konepaja")).click()
    expect(signed_in.locator("h1")).to_have_text("Järvenpään Konepaja Oy")


def test_nothing_found_says_so(signed_in: Page) -> None:
    signed_in.keyboard.press("/")
    signed_in.keyboard.type("zzzz")
    expect(signed_in.locator("#search-found")).to_contain_text("Nothing is called that.")


def test_add_menu_leads_to_each_register(signed_in: Page) -> None:
    signed_in.keyboard.press("a")
    signed_in.get_by_role("link", name="Add person").click()
    expect(signed_in.locator("h1")).to_contain_text("Add person")
