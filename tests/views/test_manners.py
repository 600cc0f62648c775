"""How lists and records behave under the hands: double-click, right-click, keys, dragging, editing in place."""

import html
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.rights import Access, system_access
from models.security import FieldRight, User
from services.records import create_record, get_record, update_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD

SECTORS = [{"key": "energy", "label": {"en": "Energy", "fi": "Energia"}, "colour": "orange"},
           {"key": "it", "label": {"en": "IT"}}]  # fmt: skip


@pytest.fixture
def sector(admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "sector", "kind": "choice", "in_list": True,
                                "label": {"en": "Sector", "fi": "Toimiala"}, "choices": SECTORS})  # fmt: skip


@pytest.fixture
def companies(admin_access: Access, sector: None) -> list[dict[str, Any]]:
    rows = [{"name": "Alfa Oy", "city": "Oulu", "x_sector": "energy"}, {"name": "Beta Oy", "city": "Turku"},
            {"name": "Gamma Oy", "city": "Oulu", "x_sector": "it"}]  # fmt: skip
    return [create_record(admin_access, "company", row) for row in rows]


# Editing a value in its place, as the server answers it


def value_url(record: dict[str, Any], column: str) -> str:
    return f"/companies/value/{record['_id']}/{column}"


def test_value_form_holds_the_value_and_posted_gives_it_as_it_is_shown(
    client: FlaskClient, companies: list[dict[str, Any]], admin_access: Access
) -> None:
    form = client.get(value_url(companies[0], "city"))
    assert form.status_code == 200
    assert 'value="Oulu"' in form.text
    saved = client.post(value_url(companies[0], "city"), data={"city": "Ähtäri", "was": json.dumps("Oulu")})
    assert (saved.status_code, saved.text.strip()) == (200, "Ähtäri")
    assert get_record(admin_access, "company", companies[0]["_id"])["city"] == "Ähtäri"
    badge = client.post(value_url(companies[0], "x_sector"), data={"x_sector": "it", "was": json.dumps("energy")})
    assert 'class="badge c-grey">IT' in badge.text


def test_value_that_is_wrong_comes_back_with_what_was_typed(
    client: FlaskClient, companies: list[dict[str, Any]]
) -> None:
    answer = client.post(value_url(companies[0], "business_id"), data={"business_id": "123", "was": '""'})
    assert answer.status_code == 422
    assert 'value="123"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    kept = client.post(value_url(companies[0], "business_id"),
                       data={"business_id": "123", "was": '""', "keep": "business_id"})  # fmt: skip
    assert (kept.status_code, kept.text.strip()) == (200, "123")


def test_value_changed_by_somebody_else_is_shown_and_saved_over_only_knowingly(
    client: FlaskClient, companies: list[dict[str, Any]], admin_access: Access
) -> None:
    update_record(admin_access, "company", companies[0]["_id"], {"city": "Kuopio"})
    answer = client.post(value_url(companies[0], "city"), data={"city": "Ähtäri", "was": json.dumps("Oulu")})
    assert answer.status_code == 409
    assert "it is now Kuopio" in answer.text
    assert 'value="Ähtäri"' in answer.text
    # Another field's change is no conflict.
    update_record(admin_access, "company", companies[0]["_id"], {"street": "Tie 1"})
    again = client.post(value_url(companies[0], "city"), data={"city": "Ähtäri", "was": json.dumps("Kuopio")})
    assert again.status_code == 200


def test_value_that_was_empty_and_is_filled_meanwhile_is_a_conflict(
    client: FlaskClient, companies: list[dict[str, Any]], admin_access: Access
) -> None:
    for column, value, later in (("street", "Tie 1", "Tie 2"), ("x_sector", "it", "energy")):
        form = client.get(value_url(companies[1], column)).text
        was = html.unescape(re.search(r'name="was" value="([^"]*)"', form)[1])  # type: ignore[index]
        update_record(admin_access, "company", companies[1]["_id"], {column: value})
        assert client.post(value_url(companies[1], column), data={column: later, "was": was}).status_code == 409


@pytest.mark.parametrize("column", ["nope", "created_at", "$where", "x_nope", "name.x"])
def test_value_of_a_field_that_may_not_be_written_is_not_found(
    client: FlaskClient, companies: list[dict[str, Any]], column: str
) -> None:
    assert client.get(value_url(companies[0], column)).status_code == 404
    assert client.post(value_url(companies[0], column), data={column: "x"}).status_code == 404


@pytest.mark.parametrize("pk", ["nope", "0" * 24, "%00", "a" * 3000])
def test_value_of_a_record_that_is_not_there_is_not_found(client: FlaskClient, sector: None, pk: str) -> None:
    assert client.get(f"/companies/value/{pk}/city").status_code == 404


@pytest.mark.parametrize("was", ["", "{", "null", "[1]", '{"$where": 1}', "x" * 5000])
def test_value_with_an_odd_memory_of_what_was_there_never_fails(
    client: FlaskClient, companies: list[dict[str, Any]], was: str
) -> None:
    assert client.post(value_url(companies[0], "city"), data={"city": "x", "was": was}).status_code in (200, 409)


def test_value_of_others_records_and_locked_fields_is_refused(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient],
    companies: list[dict[str, Any]],
) -> None:  # fmt: skip
    rights = [FieldRight(register="company", column="city", access="read_only")]
    role = make_role("Seller", ("company", "see", "all"), ("company", "change", "own"), field_rights=rights)
    seller = make_user("seller", role)
    own = create_record_of(seller)
    client = sign_in(seller)
    assert client.get(value_url(companies[0], "street")).status_code == 403
    assert client.get(value_url(own, "street")).status_code == 200
    assert client.get(value_url(own, "city")).status_code == 404
    page = client.get(f"/companies/show/{companies[0]['_id']}").text
    assert "data-edit-start" not in page
    page = client.get(f"/companies/show/{own['_id']}").text
    assert f'data-edit="/companies/value/{own["_id"]}/street"' in page
    assert f'data-edit="/companies/value/{own["_id"]}/city"' not in page


def create_record_of(user: User) -> dict[str, Any]:
    return create_record(system_access(), "company", {"name": "Own Oy", "owner": str(user.id)})


# Quick add


def test_quick_add_by_name_stays_in_the_list(client: FlaskClient, sector: None) -> None:
    answer = client.post("/companies/quick_add", data={"name": "Uusi & Oy", "back": "?order=name"})
    assert (answer.status_code, answer.location) == (302, "/companies/?order=name")
    page = client.get(answer.location).text
    assert re.search(r'<a href="/companies/show/[0-9a-f]{24}">Uusi &amp; Oy</a> was added', page)


@pytest.mark.parametrize("name", ["", "   ", "x" * 100_000, "\x00"])
def test_quick_add_that_needs_more_goes_on_in_the_form(client: FlaskClient, sector: None, name: str) -> None:
    answer = client.post("/companies/quick_add", data={"name": name, "back": "?page=2"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert Company.objects.count() == 0


def test_quick_add_with_another_required_field_keeps_the_name(client: FlaskClient, admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "region", "kind": "text", "required": True,
                                "label": "Region"})  # fmt: skip
    answer = client.post("/companies/quick_add", data={"name": "Uusi Oy"})
    assert answer.status_code == 422
    assert 'value="Uusi Oy"' in answer.text
    assert "Region is missing" in answer.text


def test_quick_add_by_somebody_who_may_not_write_a_field_with_a_default(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient],
    admin_access: Access,
) -> None:  # fmt: skip
    define_field(admin_access, {"register": "company", "key": "terms", "kind": "text", "default": "14 days",
                                "label": "Terms"})  # fmt: skip
    rights = [FieldRight(register="company", column="x_terms", access="read_only")]
    grants = (("company", "see", "all"), ("company", "add", "all"))
    client = sign_in(make_user("seller", make_role("Adder", *grants, field_rights=rights)))
    assert client.post("/companies/quick_add", data={"name": "Uusi Oy"}).status_code == 302
    assert Company.objects.get(name="Uusi Oy")


def test_reader_is_offered_no_quick_add(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient]
) -> None:
    client = sign_in(make_user("reader", make_role("Looker", ("company", "see", "all"))))
    assert "quick_add" not in client.get("/companies/").text
    assert client.post("/companies/quick_add", data={"name": "X"}).status_code in (302, 403)
    assert Company.objects.count() == 0


# In a browser


@pytest.fixture
def signed_in(page: Page, admin: User, companies: list[dict[str, Any]]) -> Page:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/$"))
    page.goto("/companies/")
    return page


def test_double_click_opens_and_right_click_shows_only_the_value(signed_in: Page) -> None:
    row = signed_in.locator("tr[data-row]", has_text="Alfa Oy")
    row.get_by_text("Oulu").click(button="right")
    menu = signed_in.locator("#row-menu")
    expect(menu).to_be_visible()
    expect(menu.get_by_role("link", name="Open", exact=False).first).to_be_focused()
    menu.get_by_text("Show only “Oulu”").click()
    expect(signed_in.locator("tr[data-row]")).to_have_count(2)
    expect(signed_in.locator(".k-chip")).to_contain_text("Oulu")
    signed_in.wait_for_load_state()
    signed_in.locator("tr[data-row]", has_text="Gamma Oy").get_by_text("IT").click(button="right")
    signed_in.get_by_text("Show only “IT”").click()
    expect(signed_in.locator("tr[data-row]")).to_have_count(1)
    signed_in.wait_for_load_state()
    # The columns in which all are the same now are not shown.
    signed_in.locator("tr[data-row] td[data-label]").last.dblclick()
    expect(signed_in.locator("h1")).to_have_text("Gamma Oy")


def test_row_menu_has_a_visible_twin_and_gives_the_focus_back(signed_in: Page) -> None:
    button = signed_in.get_by_role("button", name="Actions for Beta Oy")
    button.focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator("#row-menu")).to_be_visible()
    signed_in.keyboard.press("Escape")
    expect(signed_in.locator("#row-menu")).to_be_hidden()
    expect(button).to_be_focused()
    signed_in.keyboard.press("Enter")
    signed_in.locator("#row-menu").get_by_role("button", name="Delete").click()
    expect(signed_in.locator(".k-toast")).to_contain_text("Beta Oy was moved to the recycle bin")
    expect(signed_in.locator("tr[data-row]")).to_have_count(2)
    signed_in.locator(".k-toast").get_by_role("button", name="Undo").click()
    expect(signed_in.locator("h1")).to_have_text("Beta Oy")


def test_rows_are_walked_ticked_and_edited_by_keys(signed_in: Page) -> None:
    signed_in.keyboard.press("ArrowDown")
    expect(signed_in.get_by_role("link", name="Alfa Oy")).to_be_focused()
    signed_in.keyboard.press("j")
    expect(signed_in.get_by_role("link", name="Beta Oy")).to_be_focused()
    signed_in.keyboard.press("x")
    expect(signed_in.locator(".k-bulk")).to_contain_text("1 selected")
    signed_in.keyboard.press("Shift+F10")
    expect(signed_in.locator("#row-menu")).to_be_visible()
    signed_in.keyboard.press("Escape")
    signed_in.get_by_role("link", name="Beta Oy").focus()
    signed_in.keyboard.press("e")
    expect(signed_in.locator("h1")).to_contain_text("Edit Beta Oy")


def test_overview_of_keys_lists_those_of_the_page_and_switches_them_off(signed_in: Page) -> None:
    signed_in.keyboard.press("?")
    dialog = signed_in.get_by_role("dialog", name="Keys on this page")
    for text in ("Add company", "Quick add", "Columns", "Add a condition", "Go through the rows"):
        expect(dialog.get_by_text(text, exact=True)).to_be_visible()
    dialog.get_by_role("checkbox").uncheck()
    signed_in.keyboard.press("Escape")
    expect(signed_in.get_by_role("dialog")).to_have_count(0)
    signed_in.keyboard.press("q")
    expect(signed_in.get_by_label("Quick add: name")).not_to_be_focused()
    signed_in.keyboard.press("?")
    signed_in.get_by_role("dialog").get_by_role("checkbox").check()
    signed_in.keyboard.press("Escape")
    expect(signed_in.get_by_role("dialog")).to_have_count(0)
    signed_in.keyboard.press("q")
    expect(signed_in.get_by_label("Quick add: name")).to_be_focused()
    signed_in.keyboard.type("Pika Oy")
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".k-toast")).to_contain_text("Pika Oy was added")


def heads(page: Page) -> list[str]:
    return [text for text in page.locator("#records thead th").all_inner_texts() if text.strip() not in ("", "Actions")]


def test_columns_are_ordered_by_dragging_and_by_keys(signed_in: Page) -> None:
    first = heads(signed_in)
    signed_in.keyboard.press("c")
    signed_in.get_by_role("button", name=f"Move {first[2]}").press("Alt+ArrowUp")
    expect(signed_in.get_by_role("button", name=f"Move {first[2]}")).to_be_focused()
    # A key pressed before the next page's script has run would be nobody's: expect_navigation waits for its load.
    with signed_in.expect_navigation():
        signed_in.get_by_role("button", name="Show these columns").click()
    expect(signed_in.locator("#records thead th").nth(2)).to_have_text(first[2])
    signed_in.keyboard.press("c")
    handle = signed_in.get_by_role("button", name=f"Move {first[0]}")
    box = handle.bounding_box()
    assert box
    signed_in.mouse.move(box["x"] + 8, box["y"] + 8)
    signed_in.mouse.down()
    signed_in.mouse.move(box["x"] + 8, box["y"] + 46, steps=10)
    signed_in.mouse.up()
    with signed_in.expect_navigation():
        signed_in.get_by_role("button", name="Show these columns").click()
    expect(signed_in.locator("#records thead th").nth(1)).not_to_have_text(first[0])
    assert sorted(heads(signed_in)) == sorted(first)


def test_value_is_edited_in_its_place_saved_by_enter_and_taken_back_by_escape(
    signed_in: Page, admin_access: Access, companies: list[dict[str, Any]]
) -> None:
    signed_in.goto(f"/companies/show/{companies[0]['_id']}")
    place = signed_in.locator("[data-edit$='/city']")
    place.get_by_text("Oulu").dblclick()
    box = signed_in.locator(".k-inplace input[name=city]")
    expect(box).to_be_focused()
    box.fill("Ähtäri")
    signed_in.keyboard.press("Escape")
    expect(place).to_contain_text("Oulu")
    expect(place.get_by_role("button", name="Edit City")).to_be_focused()
    signed_in.keyboard.press("Enter")
    box.fill("Ähtäri")
    signed_in.keyboard.press("Enter")
    expect(place.locator("[data-value]")).to_have_text("Ähtäri")
    assert get_record(admin_access, "company", companies[0]["_id"])["city"] == "Ähtäri"
    signed_in.get_by_role("button", name="Edit Business ID").press("Enter")
    signed_in.locator("input[name=business_id]").fill("123")
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".k-inplace .k-error")).to_be_visible()
    expect(signed_in.locator("input[name=business_id]")).to_have_value("123")


def test_choice_is_edited_in_its_place(signed_in: Page, companies: list[dict[str, Any]]) -> None:
    signed_in.goto(f"/companies/show/{companies[0]['_id']}")
    signed_in.get_by_role("button", name="Edit Sector").press("Enter")
    # The list opens by itself, so that a choice takes one click.
    signed_in.locator(".k-inplace .ts-dropdown").get_by_text("IT").click()
    signed_in.locator(".k-inplace").get_by_role("button", name="Save").click()
    expect(signed_in.locator("[data-edit$='/x_sector'] .badge")).to_have_text("IT")


def test_value_typed_when_the_session_has_ended_is_not_lost(
    signed_in: Page, companies: list[dict[str, Any]]
) -> None:
    signed_in.goto(f"/companies/show/{companies[0]['_id']}")
    signed_in.get_by_role("button", name="Edit City").press("Enter")
    box = signed_in.locator("input[name=city]")
    box.fill("Ähtäri")
    signed_in.context.clear_cookies()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".k-toast")).to_be_visible()
    expect(box).to_have_value("Ähtäri")
    signed_in.keyboard.press("Escape")
    signed_in.get_by_role("button", name="Edit City").press("Enter")
    expect(signed_in.locator(".k-toast").last).to_contain_text("no longer signed in")
    expect(signed_in.locator("[data-edit$='/city'] [data-value]")).to_have_text("Oulu")


def test_height_of_rows_is_kept(signed_in: Page) -> None:
    height = "() => document.querySelector('#records tbody tr').getBoundingClientRect().height"
    usual = signed_in.evaluate(height)
    signed_in.keyboard.press("c")
    signed_in.get_by_role("button", name="Low").click()
    expect(signed_in.get_by_role("button", name="Low")).to_have_attribute("aria-pressed", "true")
    assert signed_in.evaluate(height) < usual
    signed_in.reload()
    assert signed_in.evaluate(height) < usual
    signed_in.keyboard.press("c")
    expect(signed_in.get_by_role("button", name="Low")).to_have_attribute("aria-pressed", "true")
    signed_in.get_by_role("button", name="Usual").click()
    assert signed_in.evaluate(height) == usual


def test_quick_ways_stand_on_the_row_under_the_pointer(signed_in: Page) -> None:
    rows = signed_in.locator("#records tbody tr")
    rows.nth(1).hover()
    expect(signed_in.locator(".k-rowacts")).to_have_count(1)
    edit = rows.nth(1).locator(".k-rowacts a").first
    expect(edit).to_have_attribute("href", f"/companies/edit/{rows.nth(1).get_attribute('data-row')}")
    rows.nth(0).hover()
    expect(rows.nth(0).locator(".k-rowacts button")).to_have_attribute(
        "value", str(rows.nth(0).get_attribute("data-row")))  # fmt: skip
    with signed_in.expect_navigation():
        rows.nth(0).locator(".k-rowacts a").first.click()
    assert "/companies/edit/" in signed_in.url
