"""The screen of address labels: from chosen rows to a file, with a picture of the first page."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.jobs import Job
from models.security import User
from services.jobs import wake_due
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
ADDRESS = {"street": "Katu 1", "postal_code": "00100", "city": "Helsinki"}
ALL = {"all_matching": "1", "conditions": "[]"}


@pytest.fixture
def client(make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]) -> FlaskClient:
    return sign_in(make_user("anna", "Staff"))


@pytest.fixture
def companies(client: FlaskClient) -> list[Raw]:
    return [CompanyFactory(name=f"Firm {letter} & Co", **ADDRESS) for letter in "ABC"]


@pytest.mark.usefixtures("companies")
def test_labels_are_made_for_chosen_rows_and_the_settings_remembered(client: FlaskClient) -> None:
    assert "Make 3 labels" in client.post("/labels/start/company", data=ALL).text
    answer = client.post("/labels/run/company", data={**ALL, "sheet": "5160", "start": "4", "move_right": "1,5"})
    assert answer.status_code == 302
    wake_due()
    assert Job.objects.get().result["labels"] == 3
    again = client.post("/labels/start/company", data=ALL).text
    assert '<option value="5160" selected>' in again
    assert 'value="1,5"' in again


@pytest.mark.usefixtures("companies")
@pytest.mark.parametrize("wrong", [
    {"sheet": "nothing"}, {"start": "22"}, {"start": "0"}, {"start": "x"}, {"move_right": "nan"}, {"move_down": "1e9"},
    {"sheet": "own"}, {"sheet": "own", "paper_width": "inf"}, {"start": "9" * 400}, {"form": "$where"},
    {"all_matching": "", "rowid": "x"}, {"conditions": "["}, {"conditions": '[{"col": "$where", "opr": "eq"}]'},
], ids=str)  # fmt: skip
def test_what_can_not_be_printed_is_told_and_what_was_typed_stays(client: FlaskClient, wrong: Raw) -> None:
    data = {**ALL, "sheet": "L7160", "start": "2", **wrong}
    for path in ("run", "picture", "start"):
        assert client.post(f"/labels/{path}/company", data=data).status_code in (200, 302, 422)
    if "start" in wrong:
        answer = client.post("/labels/run/company", data=data)
        assert answer.status_code == 422
        assert f'value="{wrong["start"]}"' in answer.text


def test_who_may_not_merge_prints_nothing(
    make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    nobody = sign_in(make_user("nobody"))
    for path in ("run", "picture", "start"):
        assert nobody.post(f"/labels/{path}/company", data=ALL).status_code == 403
        assert nobody.post(f"/labels/{path}/nothing", data=ALL).status_code in (403, 404)


@pytest.mark.usefixtures("companies")
def test_a_click_on_a_label_begins_there(page: Page, client: FlaskClient) -> None:
    page.goto("/companies/")
    page.get_by_label("User name").fill("anna")
    page.locator("#password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.locator("[data-select-all]").check()
    page.get_by_role("button", name="Labels").click()
    picture = page.locator("[data-labels-picture]")
    expect(picture.locator("text").first).to_contain_text("Firm A & Co")
    expect(page.locator("[data-own-sheet]")).to_be_hidden()
    picture.locator("rect.label").nth(4).click()
    expect(page.get_by_label("Begin at label")).to_have_value("5")
    expect(picture.locator("text")).to_have_count(3)
    page.get_by_label("Label sheet", exact=True).select_option("own")
    expect(picture.get_by_role("alert")).to_contain_text("Width of the paper")
    page.get_by_label("Label sheet", exact=True).select_option("3474")
    expect(picture.locator("rect.label")).to_have_count(24)
    page.get_by_role("button", name="Make 3 labels").click()
    expect(page.locator("h1")).to_contain_text("Labels")
