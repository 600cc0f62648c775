"""The screen of a fixed field's choices: renaming, adding, moving, retiring; what is typed stays."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.fields.choice_lists import ChoiceList
from models.fields.schema import schema_of
from models.rights import Access
from models.security import User
from services.choice_lists import change_choices, get_choices
from services.records import create_record, get_record
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD

URL = "/settings/choices/company/status"
OWN = ["prospect", "customer", "former", "other"]


def sent(*new: str, version: int = 0, retired: tuple[str, ...] = (), **labels: str) -> dict[str, Any]:
    """What the page sends: the choices there are with English `labels` by their key, and new ones by their label."""
    rows = [(choice["key"], labels.get(choice["key"], choice["label"].get("en", "")), choice["label"].get("fi", ""),
             choice["colour"], "retired" if choice["key"] in retired else "")
            for choice in get_choices("company", "status")["choices"]]  # fmt: skip
    rows += [("", label, "", "teal", "") for label in new]
    names = ("choice_key", "choice_en", "choice_fi", "choice_colour", "choice_state")
    return {"version": str(version), **dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))}


def offered() -> list[str]:
    return [choice.key for choice in schema_of("company").field("status").offered]


def test_fields_lead_to_the_choices_of_those_that_take_some(client: FlaskClient) -> None:
    page = client.get("/settings/fields/company").text
    assert re.findall(r'href="/settings/choices/([^"]*)"', page) == ["company/status"] * 2
    assert "/settings/choices/" not in client.get("/settings/fields/person").text


def test_added_choice_is_in_forms_lists_and_conditions_at_once(client: FlaskClient) -> None:
    before = client.get("/companies/add").text
    answer = client.post(URL, data=sent("Partner", customer="Client"), follow_redirects=True)
    assert "The choices were saved." in answer.text
    assert offered() == [*OWN, "partner"]
    form = client.get("/companies/add").text
    assert 'value="partner"' in form
    assert 'value="partner"' not in before
    assert ">Client<" in form
    assert client.post("/companies/add", data={"name": "Acme", "status": "partner"}).status_code == 302
    rows = client.get("/companies/?_flt_eq_status=partner").text
    assert "Acme" in rows
    assert "Partner" in rows
    assert "Acme" not in client.get("/companies/?_flt_eq_status=customer").text


def test_choices_changed_by_another_process_show_in_the_next_request(client: FlaskClient) -> None:
    assert "Reseller" not in client.get("/companies/add").text
    # As another process does it: through the database alone.
    ChoiceList(register="company", key="status", choices=[{"key": "reseller", "label": {"en": "Reseller"}}]).save()
    ChoiceList._get_db()["schema_version"].update_one({"_id": "fields"}, {"$inc": {"n": 1}}, upsert=True)
    assert "Reseller" in client.get("/companies/add").text


def test_retired_choice_stays_on_its_records_and_is_not_offered(client: FlaskClient, admin_access: Access) -> None:
    former = create_record(admin_access, "company", {"name": "Acme", "status": "former"})
    client.post(URL, data=sent(retired=("former",)))
    assert 'value="former"' not in client.get("/companies/add").text
    form = client.get(f"/companies/edit/{former['_id']}").text
    assert re.search(r'<option[^>]*selected[^>]*value="former"|<option[^>]*value="former"[^>]*selected', form)
    values = {"name": "Acme Oy", "status": "former", "version": "1"}
    assert client.post(f"/companies/edit/{former['_id']}", data=values).status_code == 302
    assert get_record(admin_access, "company", former["_id"])["status"] == "former"
    assert "Former customer" in client.get("/companies/").text


def test_names_are_the_programs_own_in_both_languages_until_changed(client: FlaskClient) -> None:
    names = re.findall(r'name="choice_fi" value="([^"]*)"', client.get(URL).text)
    assert names == ["Prospekti", "Asiakas", "Entinen asiakas", "Muu", ""]
    client.post(URL, data=sent("Partner"))
    client.get("/lang/fi")
    assert ">Entinen asiakas<" in client.get("/companies/add").text


def test_rows_are_added_moved_and_retired_without_saving(client: FlaskClient) -> None:
    moved = client.post(URL, data=sent("Partner") | {"rows": "down:0"})
    keys = re.findall(r'name="choice_key" value="([^"]*)"', moved.text)
    assert keys == ["customer", "prospect", "former", "other", ""]
    retired = client.post(URL, data=sent() | {"rows": "remove:1"})
    assert retired.text.count('name="choice_state" value="retired"') == 1
    assert client.post(URL, data=sent() | {"rows": "add"}).text.count('name="choice_en"') == 7
    assert ChoiceList.objects.count() == 0


def test_errors_keep_everything_typed(client: FlaskClient) -> None:
    answer = client.post(URL, data=sent("Other", "Päämies & muut"))
    assert answer.status_code == 422
    assert "is there twice" in answer.text
    assert 'value="Päämies &amp; muut"' in answer.text
    assert ChoiceList.objects.count() == 0


def test_choices_that_somebody_else_changed_show_both(client: FlaskClient, admin_access: Access) -> None:
    late = sent("Dealer")
    there = get_choices("company", "status")["choices"]
    change_choices(admin_access, "company", "status", [{"key": "partner", "label": "Partner"}, *there])
    answer = client.post(URL, data=late)
    assert answer.status_code == 409
    assert "It is now: Partner, Prospect, Customer, Former customer, Other" in answer.text
    assert 'name="version" value="1"' in answer.text
    assert re.findall(r'name="choice_en" value="([^"]*)"', answer.text)[-2:] == ["Dealer", "Partner"]
    assert client.post(URL, data=sent("Dealer", version=1)).status_code == 302
    assert offered() == ["partner", *OWN, "dealer"]


@pytest.mark.parametrize("data", [
    {}, {"rows": "up:99999999999"}, {"rows": "sideways:x"}, {"choice_key": ["a", "b"], "version": "abc"},
    {"choice_en": ["\x00\ud7ff"], "choice_key": [""], "version": "0"}, {"version": "0", "choice_key": ["$where"]},
])  # fmt: skip
def test_odd_requests_never_fail(client: FlaskClient, data: dict[str, Any]) -> None:
    assert client.post(URL, data=data).status_code in (200, 302, 409, 422)


@pytest.mark.parametrize("address", ["company/name", "company/nothing", "nothing/status", "person/status"])
def test_fields_without_such_choices_are_not_found(client: FlaskClient, address: str) -> None:
    assert client.get(f"/settings/choices/{address}").status_code == 404


def test_only_who_manages_settings_opens_the_choices(
    make_role: Callable[..., Any], make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    staff = sign_in(make_user("staff", "Staff"))
    assert staff.get(URL).status_code == staff.post(URL, data=sent("Partner")).status_code == 403
    keeper = sign_in(make_user("keeper", make_role("Keeper", ("settings", "change", "all"))))
    assert keeper.post(URL, data=sent("Partner")).status_code == 302


def test_choices_without_token_are_refused(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    assert client.post(URL, data=sent("Partner")).status_code == 400
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get(URL).text)
    assert token
    assert client.post(URL, data=sent("Partner") | {"csrf_token": token[1]}).status_code == 302


def test_choice_added_in_the_browser_is_chosen_on_a_record(page: Page, make_user: Callable[..., User]) -> None:
    make_user("admin", "Admin")
    company = CompanyFactory.create()
    page.goto("/settings/fields/company")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("link", name="Status", exact=True).click()
    page.get_by_label("English", exact=True).last.fill("Partner")
    page.get_by_label("Finnish", exact=True).last.fill("Kumppani")
    page.get_by_label("Colour", exact=True).last.select_option("pink")
    page.get_by_role("button", name="Move up").last.click()
    page.get_by_role("button", name="Retire").first.click()
    expect(page.locator("[data-preview] .badge")).to_have_text("Customer")
    page.get_by_label("English", exact=True).first.press("Enter")
    expect(page.get_by_text("The choices were saved")).to_be_visible()
    assert offered() == ["customer", "former", "partner", "other"]
    page.goto(f"/companies/edit/{company['_id']}")
    select = page.locator("select[name=status]")
    expect(select.locator("option")).to_have_text(["", "Customer", "Former customer", "Partner", "Other"])
