"""Saved views on a list's page: opening, changing, sharing an address, the side bar, a default."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.saved_views import SavedView
from models.security import FieldRight, User
from services.records import create_record
from tests.fixtures.app import PASSWORD

QUERY = "?_flt_eq_city=Oulu&order=name&dir=desc&cols=name%2Ccity"


@pytest.fixture
def companies(admin_access: Access) -> None:
    for name, city in (("Alfa Oy", "Oulu"), ("Beta Oy", "Turku"), ("Gamma Oy", "Oulu")):
        create_record(admin_access, "company", {"name": name, "city": city})


def save(client: FlaskClient, name: str = "Oulu", **values: str) -> str:
    """Save a view; returns its id."""
    data = {"register": "company", "name": name, "audience": "me", "query": QUERY} | values
    answer = client.post("/views/save", data=data)
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer.location).query)["view"][0]


def shown(text: str) -> list[str]:
    return re.findall(r'class="name" href="[^"]+">([^<]+)', text)


def test_view_shows_what_was_saved(client: FlaskClient, companies: None) -> None:
    view = save(client)
    page = client.get(f"/companies/?view={view}", follow_redirects=True)
    assert f"from={view}" in page.request.url
    assert shown(page.text) == ["Gamma Oy", "Alfa Oy"]
    assert page.text.count("<th scope") == 4
    assert 'aria-current="page">Oulu</a>' in page.text
    assert "Changed" not in page.text
    changed = client.get(f"{page.request.full_path}&_flt_ct_name=Alfa")
    assert shown(changed.text) == ["Alfa Oy"]
    assert "Changed" in changed.text


def test_view_that_is_gone_or_not_shared_shows_all_and_says_so(
    client: FlaskClient, companies: None, make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    view = save(client)
    staff = sign_in(make_user("staff", "Staff"))
    for wanted in (view, "abc", "$where", "0" * 24):
        page = staff.get(f"/companies/?view={wanted}", follow_redirects=True)
        assert page.status_code == 200
        assert "not shared with you" in page.text
        assert len(shown(page.text)) == 3


def test_view_does_not_tell_what_it_asks_of_a_hidden_field(
    client: FlaskClient, companies: None, make_role: Callable[..., Any], make_user: Callable[..., User],
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    make_role("No city", ("company", "see", "all"),
              field_rights=[FieldRight(register="company", column="city", access="hidden")])  # fmt: skip
    view = save(client, audience="all")
    page = sign_in(make_user("nocity", "No city")).get(f"/companies/?view={view}", follow_redirects=True)
    assert "a field that you do not see" in page.text
    assert "_flt_eq_city" not in page.request.url
    assert ">Oulu<" in client.get(f"/companies/?view={view}", follow_redirects=True).text
    assert len(shown(page.text)) == 3


def test_default_opens_the_register_and_all_is_one_click_away(client: FlaskClient, companies: None) -> None:
    view = save(client)
    client.post(f"/views/default/{view}", data={"on": "1"})
    assert f"from={view}" in client.get("/companies/").location
    assert len(shown(client.get("/companies/?view=all").text)) == 3
    client.post(f"/views/default/{view}", data={"on": "0"})
    assert client.get("/companies/").status_code == 200


def test_pinned_view_is_in_the_side_bar_of_every_page(client: FlaskClient, companies: None) -> None:
    view = save(client)
    client.post(f"/views/pin/{view}", data={"on": "1"})
    assert f'href="/companies/?view={view}"' in client.get("/jobs/").text
    client.post(f"/views/pin/{view}", data={"on": "0"})
    assert view not in client.get("/jobs/").text


def test_columns_of_a_view_are_its_own(client: FlaskClient, companies: None) -> None:
    view = save(client)
    address = urlsplit(client.get(f"/companies/?view={view}").location)
    back = client.post("/companies/columns", data={"back": f"?{address.query}", "column": ["name", "phone"]})
    assert parse_qs(urlsplit(back.location).query)["cols"] == ["name,phone"]
    assert "Business ID" in client.get("/companies/?view=all").text


def test_what_is_wrong_is_said_and_the_list_stays(client: FlaskClient, companies: None) -> None:
    answer = client.post("/views/save", data={"register": "company", "name": "", "audience": "me", "query": QUERY})
    assert answer.location.endswith(QUERY.removeprefix("?")) or "_flt_eq_city" in answer.location
    assert "Give the view a name" in client.get(answer.location).text
    for data in ({}, {"register": "nope"}, {"register": "company", "name": "x", "query": "?_flt_eq_nope=1"},
                 {"register": "company", "name": "x", "audience": "all", "replaces": "abc"}):  # fmt: skip
        assert client.post("/views/save", data=data).status_code in (302, 404)
    assert SavedView.objects.count() == 0
    assert client.get("/views/panel/nope").status_code == 404
    assert client.get("/views/panel/company?from=$where").status_code == 200


def test_deleting_leads_to_all_records(client: FlaskClient, companies: None) -> None:
    view = save(client)
    assert client.post(f"/views/delete/{view}").location == "/companies/?view=all"
    assert client.post(f"/views/delete/{view}").status_code == 404


def test_view_is_saved_changed_and_pinned_in_the_browser(page: Page, admin: User, companies: None) -> None:
    page.goto("/companies/?_flt_eq_city=Oulu")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.get_by_role("button", name="Save view").click()
    page.get_by_label("Name of the view").fill("Oulun firmat")
    page.get_by_label("Who sees it").select_option("Everybody")
    with page.expect_navigation():
        page.locator("#view-panel").get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="Oulun firmat")).to_have_attribute("aria-current", "page")
    expect(page.locator("tr[data-row]")).to_have_count(2)
    with page.expect_navigation():
        page.get_by_role("link", name="Name").click()
    expect(page.get_by_text("Changed", exact=True)).to_be_visible()
    page.keyboard.press("v")
    with page.expect_navigation():
        page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_text("Changed", exact=True)).to_have_count(0)
    page.keyboard.press("v")
    with page.expect_navigation():
        page.get_by_role("button", name="Pin it to the side bar").click()
    side = page.locator("#side").get_by_role("link", name="Oulun firmat")
    expect(side).to_have_attribute("aria-current", "page")
    view: Any = SavedView.objects.get()
    assert (view.audience, view.order, view.conditions) == (
        "all", "name", [{"col": "city", "opr": "eq", "value": "Oulu"}])  # fmt: skip
    # Without its last condition the list shows all, and stays the view's until it is saved.
    with page.expect_navigation():
        page.get_by_role("link", name="Remove the condition City").click()
    expect(page.locator("tr[data-row]")).to_have_count(3)
    expect(page.get_by_text("Changed", exact=True)).to_be_visible()
