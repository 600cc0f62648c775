"""Changing the chosen rows on screen: the form, the preview, the message with its undo, and what is wrong."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.jobs import Job
from models.rights import Access
from models.security import User
from services import bulk_edit
from services.jobs import claim, run_job
from services.records import create_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD

ALL = {"all_matching": "1", "conditions": "[]", "back": "?order=city"}
ADDRESS = "/companies/edit_chosen"


@pytest.fixture
def companies(admin_access: Access) -> list[dict[str, Any]]:
    choices = [{"key": key, "label": {"en": key.title()}} for key in ("gold", "tin")]
    define_field(admin_access, {"register": "company", "key": "tags", "kind": "choices", "label": {"en": "Tags"},
                                "choices": choices})  # fmt: skip
    rows = (("Alfa", "Oulu"), ("Beta", "Pori"), ("Gamma", "Oulu"))
    return [create_record(admin_access, "company", {"name": name, "city": city}) for name, city in rows]


def cities() -> list[str]:
    return [raw.get("city") for raw in Company._get_collection().find().sort("name", 1)]


def test_form_preview_and_change(client: FlaskClient, companies: list[dict[str, Any]]) -> None:
    form = client.post(ADDRESS, data=ALL)
    assert "Change 3 records" in form.text
    assert 'href="/companies/?order=city"' in form.text
    typed = {**ALL, "city": "Turku", "x_tags": ["", "tin"], "how_x_tags": "add"}
    preview = client.post(ADDRESS, data={**typed, "step": "preview"})
    assert preview.text.count("Turku") >= 3
    assert cities() == ["Oulu", "Pori", "Oulu"]
    sent = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', preview.text)
    carried: dict[str, list[str]] = {}
    for name, value in sent:
        carried.setdefault(name, []).append(value)
    assert carried["x_tags"] == ["", "tin"]
    back = client.post(ADDRESS, data={**carried, "step": "form"})
    assert 'value="Turku"' in back.text
    assert '<option value="add" selected>' in back.text
    done = client.post(ADDRESS, data={**carried, "step": "run"}, follow_redirects=True)
    assert done.request.full_path == "/companies/?order=city"
    assert "3 records were changed." in done.text
    assert cities() == ["Turku"] * 3
    batch = re.search(r'formaction="/companies/take_back" name="batch" value="(\w+)"', done.text)
    assert batch
    undone = client.post("/companies/take_back", data={"batch": batch[1]}, follow_redirects=True)
    assert "3 records are as they were." in undone.text
    assert cities() == ["Oulu", "Pori", "Oulu"]


def test_chosen_rows_alone_are_changed(client: FlaskClient, companies: list[dict[str, Any]]) -> None:
    rows = [str(one["_id"]) for one in companies[:2]]
    client.post(ADDRESS, data={"rowid": rows, "city": "", "step": "run"})
    assert cities() == [None, None, "Oulu"]


def test_nothing_typed_is_lost_when_something_is_wrong(client: FlaskClient, companies: list[dict[str, Any]]) -> None:
    typed = {**ALL, "city": "Turku", "phone": "ask Liisa", "x_tags": ["", "bronze"], "how_x_tags": "remove"}
    for step in ("preview", "run"):
        answer = client.post(ADDRESS, data={**typed, "step": step})
        assert answer.status_code == 422
        assert 'value="Turku"' in answer.text
        assert 'value="ask Liisa"' in answer.text
        assert 'name="keep" value="phone"' in answer.text
        assert "bronze" in answer.text
        assert '<option value="remove" selected>' in answer.text
    none = client.post(ADDRESS, data={**ALL, "step": "run"})
    assert none.status_code == 422
    assert "Choose what to change" in none.text
    assert cities() == ["Oulu", "Pori", "Oulu"]


@pytest.mark.parametrize("sent", [
    {}, {"rowid": "abc", "city": "x", "step": "run"}, {**ALL, "conditions": "[[]]", "step": "run", "city": "x"},
    {**ALL, "conditions": '[{"col": "x", "opr": "$where"}]', "city": "x", "step": "preview"},
    {**ALL, "step": "nonsense", "how_city": "$", "city": "\x00"}, {"rowid": "0" * 24, "step": "run", "city": "x"},
])  # fmt: skip
def test_nonsense_gets_an_answer_and_changes_nothing(
    client: FlaskClient, companies: list[dict[str, Any]], sent: dict[str, str]
) -> None:
    assert client.post(ADDRESS, data=sent).status_code in (200, 302, 422)
    assert client.get(ADDRESS).location == "/companies/?view=all"
    assert client.post("/companies/take_back", data={"batch": "nonsense"}).status_code == 302
    assert cities() == ["Oulu", "Pori", "Oulu"]


def test_many_rows_become_a_job_with_its_way_back(
    client: FlaskClient, companies: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_edit, "AT_ONCE", 1)
    started = client.post(ADDRESS, data={**ALL, "city": "Turku", "step": "run"})
    raw = claim()
    assert raw is not None
    assert started.location == f"/jobs/show/{raw['_id']}"
    assert "/companies/take_back" not in client.get(started.location).text
    run_job(raw)
    page = client.get(started.location)
    assert "3 records were changed, 0 could not be." in page.text
    batch = Job.objects.get(pk=raw["_id"]).result["batch"]
    assert f'name="batch" value="{batch}"' in page.text
    assert client.post("/companies/take_back", data={"batch": batch}).location.startswith("/jobs/show/")


def test_without_the_right_there_is_neither_button_nor_way(
    companies: list[dict[str, Any]], make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    make_role("Looks only", ("company", "see", "all"))
    reader = sign_in(make_user("risto", "Looks only"))
    assert "edit_chosen" not in reader.get("/companies/").text
    assert reader.post(ADDRESS, data={**ALL, "city": "x", "step": "run"}).status_code in (302, 403)
    assert cities() == ["Oulu", "Pori", "Oulu"]


def test_fields_are_added_by_name_and_taken_out_again(page: Page, admin: User, companies: list[dict[str, Any]]) -> None:
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.locator("[data-select-all]").check()
    with page.expect_navigation():
        page.locator(".k-bulk").get_by_role("button", name="Edit").click()
    for name, column in (("City", "city"), ("Tags", "x_tags")):
        page.locator("#more-field-ts-control").click()
        page.keyboard.type(name)
        expect(page.locator(".ts-dropdown .option.active")).to_have_text(name)
        page.keyboard.press("Enter")
        expect(page.locator(f'[data-field="{column}"]')).to_be_visible()
    page.locator('[data-field="city"] input').fill("Turku")
    page.get_by_role("button", name="Leave Tags as it is").click()
    expect(page.locator("[data-field]")).to_have_count(1)
    with page.expect_navigation():
        page.get_by_role("button", name="Preview").click()
    expect(page.locator("table tbody tr")).to_have_count(3)
    with page.expect_navigation():
        page.get_by_role("button", name="Change 3 records").click()
    expect(page.get_by_text("3 records were changed.")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("3 records are as they were.")).to_be_visible()
    assert cities() == ["Oulu", "Pori", "Oulu"]
