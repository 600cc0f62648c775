"""Formatted text on screen: written with the editor in forms and in its place, shown as formatted, found as text."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from models.companies import Company
from models.fields.conditions import Node
from models.rights import Access
from models.security import User
from services.history import undo_change
from services.quick_search import find_options
from services.records import create_record, delete_record, get_record, update_record
from services.search import Selection, count_selected
from services.settings import define_field
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
STORY = "<p>Met <strong>Anna</strong></p><ul><li><p>tea</p></li></ul>"


@pytest.fixture
def company(admin_access: Access) -> Raw:
    define_field(admin_access, {"register": "company", "key": "story", "kind": "rich_text", "label": {"en": "Story"},
                                "in_list": True})  # fmt: skip
    return create_record(admin_access, "company", {"name": "Acme", "x_story": STORY})


@pytest.fixture
def signed_in(page: Page, admin: User, company: Raw) -> Page:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    return page


def editor(page: Page) -> Locator:
    # The textarea beneath, which is there until the editor has come, has the same name.
    return page.locator(".k-editor").get_by_role("textbox", name="Story")


def to_the_beginning(page: Page) -> None:
    """The cursor before all of the text: an editor that has just come tells the browser of its own place a moment after
    it has the focus, and a key pressed meanwhile would count for nothing."""
    at_the_beginning = """() => new Promise((done) => setTimeout(() => {
        const selection = window.getSelection(), text = document.createRange();
        text.selectNodeContents(document.activeElement);
        text.setEnd(selection.anchorNode, selection.anchorOffset);
        done(text.toString() === "");
    }, 100))"""
    for _attempt in range(50):
        page.keyboard.press("Control+Home")
        if page.evaluate(at_the_beginning):
            return
    raise AssertionError("The cursor does not stay at the beginning.")


def story(admin_access: Access, company: Raw) -> str:
    return str(get_record(admin_access, "company", company["_id"])["custom"].get("story"))


def test_record_shows_formats_list_shows_one_line(client: FlaskClient, company: Raw) -> None:
    assert f'<div class="k-rich">{STORY}</div>' in client.get(f"/companies/show/{company['_id']}").text
    rows = client.get("/companies/").text
    assert "Met Anna • tea" in rows
    assert "<strong>Anna" not in rows


def test_form_keeps_what_was_typed_when_something_is_wrong(client: FlaskClient, company: Raw) -> None:
    answer = client.post("/companies/add", data={"name": "", "x_story": "<p>Typed <em>here</em></p><script>x</script>"})
    assert answer.status_code == 422
    assert "&lt;p&gt;Typed &lt;em&gt;here&lt;/em&gt;&lt;/p&gt;" in answer.text
    assert "<script>x</script>" not in answer.text


def test_hostile_text_is_harmless_wherever_it_came_from(
    client: FlaskClient, admin_access: Access, company: Raw
) -> None:
    update_record(admin_access, "company", company["_id"], {"x_story": "<img src=x onerror=alert(1)><p>Safe</p>"})
    assert story(admin_access, company) == "<p>Safe</p>"
    # As if something else had written it into the database.
    Company._get_collection().update_one({"_id": company["_id"]}, {"$set": {"custom.story": "<p onclick=x>Odd</p>"}})
    assert "onclick" not in client.get(f"/companies/show/{company['_id']}").text


def test_text_is_found_by_its_words_and_not_by_its_elements(admin_access: Access, company: Raw) -> None:
    def count(*nodes: Node) -> int:
        return count_selected(admin_access, "company", Selection(conditions=nodes, all_matching=True), "see")

    assert count({"col": "x_story", "opr": "ct", "value": "met anna"}) == 1
    assert count({"col": "x_story", "opr": "ct", "value": "strong"}) == 0
    assert count({"col": "x_story", "opr": "nempty", "value": None}) == 1
    update_record(admin_access, "company", company["_id"], {"x_story": "<p></p>"})
    assert count({"col": "x_story", "opr": "empty", "value": None}) == 1
    assert count({"col": "x_story", "opr": "ct", "value": "anna"}) == 0
    undo_change(admin_access, "company", company["_id"], 2)
    assert count({"col": "x_story", "opr": "ct", "value": "anna"}) == 1


def test_pages_without_formatted_text_fetch_no_editor(signed_in: Page, company: Raw) -> None:
    asked: list[str] = []
    signed_in.on("request", lambda request: asked.append(request.url))
    signed_in.goto("/companies/")
    signed_in.goto(f"/companies/show/{company['_id']}")
    signed_in.wait_for_load_state("networkidle")
    assert not [url for url in asked if "editor.js" in url]
    assert [url for url in asked if "main.js" in url]


def test_text_is_written_with_formats_and_a_link(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/edit/{company['_id']}")
    box = editor(signed_in)
    expect(box.locator("strong")).to_have_text("Anna")
    box.press("Control+a")
    signed_in.keyboard.type("Plain ")
    signed_in.keyboard.press("Control+b")
    signed_in.keyboard.type("bold")
    expect(signed_in.get_by_role("button", name="Bold")).to_have_attribute("aria-pressed", "true")
    signed_in.keyboard.press("Control+b")
    signed_in.keyboard.type(" and ")
    signed_in.get_by_role("button", name="Link", exact=True).click()
    address = signed_in.get_by_label("Address of the link")
    expect(address).to_be_focused()
    address.fill("javascript:alert(1)")
    address.press("Enter")
    expect(signed_in.get_by_text("Give an address such as")).to_be_visible()
    address.fill("www.company.fi")
    address.press("Enter")
    expect(box).to_be_focused()
    signed_in.keyboard.press("Control+Enter")
    signed_in.wait_for_url("**/show/**")
    expect(signed_in.locator("[data-value] .k-rich a")).to_have_attribute("href", "https://www.company.fi")
    assert story(admin_access, company) == (
        '<p>Plain <strong>bold</strong> and '
        '<a href="https://www.company.fi" rel="noopener noreferrer">www.company.fi</a></p>'
    )  # fmt: skip


def test_tools_go_by_keys_and_label_leads_to_the_editor(signed_in: Page, company: Raw) -> None:
    signed_in.goto(f"/companies/edit/{company['_id']}")
    box = editor(signed_in)
    signed_in.locator("label", has_text="Story").click()
    expect(box).to_be_focused()
    signed_in.keyboard.press("Shift+Tab")
    expect(signed_in.get_by_role("button", name="Bold")).to_be_focused()
    signed_in.keyboard.press("ArrowRight")
    signed_in.keyboard.press("ArrowRight")
    expect(signed_in.get_by_role("button", name="Heading")).to_be_focused()
    signed_in.keyboard.press("Enter")
    expect(box.locator("h3")).to_have_count(1)
    signed_in.get_by_role("button", name="Undo").click()
    expect(box.locator("h3")).to_have_count(0)


def test_text_survives_a_form_that_comes_back(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/edit/{company['_id']}")
    signed_in.fill("#name", "")
    editor(signed_in).press("Control+End")
    signed_in.keyboard.type(" kept")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    expect(signed_in.locator(".k-summary")).to_be_visible()
    expect(editor(signed_in)).to_contain_text("tea kept")
    signed_in.fill("#name", "Acme")
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.wait_for_url("**/show/**")
    assert story(admin_access, company) == STORY.replace("tea", "tea kept")


def test_text_is_edited_in_its_place(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/show/{company['_id']}")
    place = signed_in.locator("[data-edit$='/x_story']")
    signed_in.get_by_role("button", name="Edit Story").press("Enter")
    expect(editor(signed_in)).to_be_focused()
    to_the_beginning(signed_in)
    signed_in.keyboard.type("Yes. ")
    signed_in.keyboard.press("Control+Enter")
    expect(place.locator("[data-value] .k-rich")).to_contain_text("Yes. Met Anna")
    assert story(admin_access, company).startswith("<p>Yes. Met <strong>Anna</strong></p>")
    signed_in.get_by_role("button", name="Edit Story").press("Enter")
    expect(editor(signed_in)).to_be_focused()
    signed_in.keyboard.type("never")
    signed_in.keyboard.press("Escape")
    expect(place.locator("[data-value]")).not_to_contain_text("never")


def test_form_that_is_only_saved_changes_nothing(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/edit/{company['_id']}")
    expect(editor(signed_in)).to_be_visible()
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.wait_for_url("**/show/**")
    assert get_record(admin_access, "company", company["_id"])["version"] == 1


def test_pasted_html_is_brought_to_the_formats_there_are(signed_in: Page, admin_access: Access, company: Raw) -> None:
    signed_in.goto(f"/companies/edit/{company['_id']}")
    editor(signed_in).press("Control+a")
    signed_in.evaluate("""() => {
      const data = new DataTransfer();
      data.setData("text/html", "<p style='color:red'>Red <b>word</b><img src=x onerror='window.bad=1'></p>");
      document.activeElement.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true,
                                                                        cancelable: true}));
    }""")  # fmt: skip
    signed_in.get_by_role("button", name="Save", exact=True).click()
    signed_in.wait_for_url("**/show/**")
    assert story(admin_access, company) == "<p>Red <strong>word</strong></p>"
    assert signed_in.evaluate("window.bad") is None


def test_deleted_record_shows_its_text_in_the_bin(client: FlaskClient, admin_access: Access, company: Raw) -> None:
    delete_record(admin_access, "company", company["_id"])
    assert "<strong>Anna</strong>" in client.get(f"/bin/show/{company['_id']}").text
    assert find_options(admin_access, "company", "strong") == []
