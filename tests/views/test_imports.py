"""Bringing in a list on its screens: by clicks alone in a real browser, and what the pages are sent that they did not
ask for."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.fields.definitions import FieldDefinition
from models.imports import ImportDraft
from models.rights import Access
from models.security import User
from services.jobs import wake_due
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD

SP500 = Path(__file__).parents[1] / "data" / "sp500" / "constituents.csv"
LIST = """Customers of ours,,,
exported 1.2.2026,,,

Name,City,Founded,Size
Aalto Oy,Oulu,1990,small
Koski Oy,Turku,perhaps 1991,large
Meri Oy,Turku,perhaps 1991,large
Niemi Oy,Vaasa,1992,small
"""


def sign_in_on(page: Page) -> None:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.locator(".k-nav").first.wait_for(state="attached")


def sent(client: FlaskClient, text: str | bytes = LIST, name: str = "customers.csv", register: str = "company") -> Any:
    content = text.encode() if isinstance(text, str) else text
    return client.post(f"/import/{register}/", data={"file": (io.BytesIO(content), name)})


def begun(client: FlaskClient, text: str = LIST, register: str = "company") -> str:
    """The address of an import that has just begun, without its last part."""
    answer = sent(client, text, register=register)
    assert answer.status_code == 302, answer.text
    return str(answer.location).rpartition("/")[0]


def test_a_list_goes_in_and_out_again_by_clicks_alone(page: Page, admin: User) -> None:
    sign_in_on(page)
    page.goto("/companies/")
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("link", name="Import", exact=True).click()
    page.set_input_files("#file", str(SP500))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("“Security” becomes")).to_have_value("field:name")
    expect(page.get_by_label("“GICS Sector” becomes")).to_have_value("new:choice")
    page.get_by_label("“CIK” becomes").select_option("")
    page.locator("tr", has_text="Headquarters Location").get_by_label("Name of the new field").fill("Home")
    page.get_by_role("button", name="Check the rows").click()
    page.get_by_role("button", name="Import 503 rows").click()
    expect(page.get_by_text("What happened")).to_be_visible()
    assert Company.objects.count() == 503
    fields = {field.key: field.label["en"] for field in FieldDefinition.objects}
    assert fields["headquarters_location"] == "Home" and "cik" not in fields
    page.get_by_role("button", name="Undo the import").click()
    page.get_by_role("dialog").get_by_role("button", name="Undo the import").click()
    expect(page.locator(".k-wayhead .badge")).to_have_text("Undone")
    assert Company.objects.count() == 0
