"""Bringing in vCards, in a real browser, and what the page is sent that it did not ask for."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.people import Person
from models.security import User
from tests.factories import PersonFactory
from tests.fixtures.app import PASSWORD
from tests.services.test_vcards import NEW, OLD


def sign_in_on(page: Page) -> None:
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.locator(".k-nav").first.wait_for(state="attached")


def test_cards_are_looked_at_and_those_ticked_are_added(page: Page, admin: User, tmp_path: Path) -> None:
    PersonFactory.create(first_name="Aino", last_name="Mäkelä", email="aino@example.com")
    files = []
    for name, text in (("old.vcf", OLD), ("new.vcf", NEW)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        files.append(str(tmp_path / name))
    sign_in_on(page)
    page.goto("/people/")
    page.get_by_role("button", name="More", exact=True).first.click()
    page.get_by_role("link", name="Bring in vCards").click()
    page.set_input_files("#files", files)
    page.get_by_role("button", name="Continue").click()
    row = page.get_by_role("row", name="Aino Mäkelä")
    expect(row).to_contain_text("There already:")
    expect(row.get_by_role("checkbox")).not_to_be_checked()
    expect(page.get_by_role("row", name="Ville Laine")).to_contain_text("Left out: second@example.com")
    assert Person.objects.count() == 1
    row.get_by_role("checkbox").check()
    page.get_by_role("checkbox", name="Add Kaija Koo").uncheck()
    page.get_by_role("button", name="Add those ticked").click()
    expect(page.get_by_text("2 people were added.")).to_be_visible()
    assert sorted(person.name for person in Person.objects) == ["Aino Mäkelä", "Aino Mäkelä", "Ville Laine"]
    assert [company.name for company in Company.objects] == ["Testi Oy"]


@pytest.mark.parametrize("sent", [
    {}, {"files": (io.BytesIO(b"\x00\xff"), "x.vcf")}, {"cards": "{"}, {"cards": "[1]"}, {"cards": '[{"name": "A"}]'},
    {"cards": '[{"name": "A"}]', "take": ["x", "-1", "9" * 30]},
])  # fmt: skip
def test_what_can_t_be_added_is_told(client: FlaskClient, sent: dict[str, Any]) -> None:
    sent = {name: (io.BytesIO(b"\x00\xff"), "x.vcf") if name == "files" else value for name, value in sent.items()}
    assert client.post("/people/vcards", data=sent).status_code == 422
    assert Person.objects.count() == 0


def test_who_may_not_add_people_is_offered_nothing(
    sign_in: Callable[[User], FlaskClient], make_user: Callable[..., User], make_role: Callable[..., Any]
) -> None:
    client = sign_in(make_user("reader", make_role("Reads people", ("person", "see", "all"))))
    assert "vcards" not in client.get("/people/").text
    assert client.get("/people/vcards").status_code in (302, 403)
