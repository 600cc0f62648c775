"""A register of five hundred fields: what its pages show from the start, what comes by itself, what is searched for."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.fields.field import Field
from models.fields.kinds import KINDS
from models.rights import Access
from models.security import FieldRight
from services.records import create_record, get_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD
from views.many_fields import AT_ONCE, find_fields, shown_fields

MANY = 500


def field_of(number: int, **options: Any) -> Field:
    return Field(key=f"f{number}", kind=KINDS["text"], label={"en": f"Field {number}"}, custom=True, **options)


@pytest.fixture
def many_fields(admin_access: Access) -> None:
    kinds = ("text", "number", "choice", "date", "boolean")
    for number in range(MANY):
        kind = kinds[number % len(kinds)]
        choices = {"choices": [{"key": "a", "label": "Apple"}]} if kind == "choice" else {}
        define_field(admin_access, {
            "register": "company", "key": f"f{number}", "kind": kind, "order": number, **choices,
            "label": {"en": f"Field {number}", "fi": f"Kenttä {number}"},
            "section": ("basic", "classification", "extra")[number % 3],
        })  # fmt: skip


def inputs(html: str) -> set[str]:
    return set(re.findall(r'data-field="([^"]+)"', html))


def test_shown_fields_of_few_are_all() -> None:
    fields = [field_of(number) for number in range(AT_ONCE)]
    assert shown_fields(fields, ()).at_once == tuple(fields)


def test_shown_fields_of_many_begin_with_the_needed_and_the_filled() -> None:
    fields = [field_of(number, required=number == 400) for number in range(MANY)]
    filled = {f"x_f{number}" for number in range(100, 200)}
    shown = shown_fields(fields, filled, always={"x_f499"})
    first = {field.column for field in shown.at_once}
    assert len(first) == AT_ONCE
    assert {"x_f400", "x_f499", "x_f100"} <= first
    assert first | {field.column for field in shown.later} == filled | {"x_f400", "x_f499"}
    assert shown.aside == MANY - 102


def test_shown_fields_of_a_form_are_filled_up_with_empty_ones() -> None:
    fields = [field_of(number) for number in range(MANY)]
    shown = shown_fields(fields, {"x_f300"}, empty_too=True)
    assert [field.key for field in shown.at_once] == [*(f"f{number}" for number in range(AT_ONCE - 1)), "f300"]


def test_find_fields_by_label_in_any_language_or_key_begins_with_the_nearest() -> None:
    fields = [Field(key=key, kind=KINDS["text"], label=label, custom=True) for key, label in (
        ("a", {"en": "Own sector", "fi": "Oma toimiala"}), ("b", {"en": "Sector", "fi": "Toimiala"}),
        ("nace", {"en": "Class", "fi": "Luokka"}))]  # fmt: skip
    assert find_fields(fields, "sect", "en") == [("x_b", "Sector"), ("x_a", "Own sector")]
    assert find_fields(fields, "toimi", "en") == [("x_b", "Sector"), ("x_a", "Own sector")]
    assert find_fields(fields, "NAC", "fi") == [("x_nace", "Luokka")]
    assert find_fields(fields, "zzz", "fi") == []


def test_pages_of_five_hundred_fields_begin_with_some(
    client: FlaskClient, many_fields: None, admin_access: Access
) -> None:
    raw = create_record(admin_access, "company", {"name": "A", "x_f450": "found me", "x_f1": "7"})
    form = inputs(client.get(f"/companies/edit/{raw['_id']}").text)
    assert len(form) == AT_ONCE
    assert {"name", "x_f450", "x_f1"} <= form
    record = client.get(f"/companies/show/{raw['_id']}").text
    assert "found me" in record
    assert "Field 449" not in record
    assert f"{MANY - 2} empty fields" in record
    assert "Field 449" in client.get(f"/companies/show/{raw['_id']}?fields=all").text
    assert len(inputs(client.get("/companies/add?fields=all").text)) > MANY


def test_pages_of_a_record_with_everything_filled_bring_the_rest_by_themselves(
    client: FlaskClient, many_fields: None, admin_access: Access
) -> None:
    texts = {f"x_f{number}": f"value {number}" for number in range(0, MANY, 5)}
    raw = create_record(admin_access, "company", {"name": "A", **texts})
    shown, whole = client.get(f"/companies/show/{raw['_id']}").text, client.get(f"/companies/values/{raw['_id']}").text
    assert "value 495" not in shown
    assert all(f">{text}<" in whole for text in texts.values())
    form = inputs(client.get(f"/companies/edit/{raw['_id']}").text)
    rest = inputs(client.get(f"/companies/form_fields?pk={raw['_id']}").text)
    assert not form & rest
    assert set(texts) <= form | rest


def test_form_that_comes_back_has_every_field_that_was_sent(client: FlaskClient, many_fields: None) -> None:
    answer = client.post("/companies/add", data={"name": "", "x_f495": "kept", "x_f496": "no number"})
    assert answer.status_code == 422
    assert 'value="kept"' in answer.text
    assert 'value="no number"' in answer.text


def test_form_saves_fields_that_were_added_to_it(
    client: FlaskClient, many_fields: None, admin_access: Access
) -> None:
    raw = create_record(admin_access, "company", {"name": "A", "x_f450": "stays"})
    client.post(f"/companies/edit/{raw['_id']}", data={"name": "A", "x_f495": "new", "x_f496": "12", "version": "1"})
    assert get_record(admin_access, "company", raw["_id"])["custom"] == {"f450": "stays", "f495": "new", "f496": 12}


@pytest.mark.parametrize("query", ["column=nope", "column=created_at", "column=$where", "pk=abc", "pk=" + "0" * 24, ""])
def test_form_fields_of_nonsense_are_none(client: FlaskClient, many_fields: None, query: str) -> None:
    answer = client.get(f"/companies/form_fields?{query}")
    assert answer.status_code in (200, 404)
    assert inputs(answer.text) == set()


def test_names_and_parts_keep_to_field_rights(
    many_fields: None, make_user: Any, make_role: Any, sign_in: Any, admin_access: Access
) -> None:
    hidden = FieldRight(register="company", column="x_f450", access="hidden")
    locked = FieldRight(register="company", column="x_f455", access="read_only")
    role = make_role("Seller", ("company", "see", "all"), ("company", "change", "own"), field_rights=[hidden, locked])
    seller = sign_in(make_user("ada", role))
    raw = create_record(admin_access, "company", {"name": "A", "x_f450": "secret", "x_f455": "locked"})
    assert seller.get("/companies/field_names?q=Field 450").json["results"] == []
    assert seller.get("/companies/field_names?q=Field 455&writable=1").json["results"] == []
    assert len(seller.get("/companies/field_names?q=Field 455").json["results"]) == 1
    assert "x_f450" not in seller.get("/companies/filter_fields").text
    assert inputs(seller.get("/companies/form_fields?column=x_f450").text) == set()
    assert inputs(seller.get("/companies/form_fields?column=x_f455").text) == set()
    assert "secret" not in seller.get(f"/companies/values/{raw['_id']}").text
    # The record is somebody else's: it may be seen, not changed.
    assert seller.get(f"/companies/form_fields?pk={raw['_id']}").status_code == 403


def test_five_hundred_fields_in_a_browser(many_fields: None, page: Page, admin: Any, admin_access: Access) -> None:
    texts = {f"x_f{number}": f"value {number}" for number in range(0, MANY, 5)}
    raw = create_record(admin_access, "company", {"name": "Everything Oy", **texts})
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    # A column that is a search away.
    page.goto("/companies/")
    page.get_by_role("button", name="Columns").click()
    page.locator("#columns-panel .ts-control").click()
    page.keyboard.type("Field 495")
    page.locator("#columns-panel .option", has_text="Field 495").click()
    page.get_by_role("button", name="Show these columns").click()
    expect(page.locator("th", has_text="Field 495")).to_be_visible()
    expect(page.locator("td", has_text="value 495")).to_be_visible()
    # A condition on one of the five hundred.
    page.get_by_role("button", name="Add a condition").click()
    expect(page.locator("#filter-panel .ts-control input")).to_be_focused()
    page.keyboard.type("Field 490")
    page.keyboard.press("Enter")
    page.locator("#flt-value").fill("value 490")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".k-chip", has_text="Field 490")).to_be_visible()
    # Every value of the record comes by itself, each once.
    page.goto(f"/companies/show/{raw['_id']}")
    expect(page.locator("dd", has_text=re.compile("^value 495$"))).to_have_count(1)
    expect(page.locator("dd", has_text=re.compile("^value 0$"))).to_have_count(1)
    # So do the filled fields of the form; an empty one is searched for, by the keyboard alone.
    page.goto(f"/companies/edit/{raw['_id']}")
    expect(page.locator("#x_f495")).to_have_value("value 495")
    page.locator("#more-field-ts-control").focus()
    page.keyboard.type("Field 496")
    expect(page.locator(".option", has_text="Field 496")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#x_f496")).to_be_focused()
    page.keyboard.type("4.5")
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/companies/show/*")
    custom = get_record(admin_access, "company", raw["_id"])["custom"]
    assert (custom["f496"], len(custom)) == (4.5, len(texts) + 1)
