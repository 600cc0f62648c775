"""Duplicates on screen: told of while one types, looked for in a register."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.security import User
from services.jobs import claim, run_job
from services.records import create_record
from tests.fixtures.app import PASSWORD


@pytest.fixture
def companies(admin_access: Access) -> None:
    create_record(admin_access, "company", {"name": "Järvi & Kone Oy", "email": "info@jarvi.example"})
    create_record(admin_access, "company", {"name": "Järvi Kone", "email": "info@jarvi.example"})


def test_part_tells_who_and_why(client: FlaskClient, companies: None) -> None:
    part = client.get("/companies/similar?name=jarvi+kone&email=info@jarvi.example&business_id=").text
    assert "Järvi &amp; Kone Oy" in part
    assert "90 %" in part
    assert "Name, E-mail" in part
    assert client.get("/companies/similar?name=nobody").text.strip() == ""
    for odd in ("", "?name=%00", "?name[]=x&email=%ff", "?but=abc&name=" + "x" * 3_000, "?phone=$where&name=(("):
        assert client.get(f"/companies/similar{odd}").status_code == 200


def test_search_is_a_job_that_leads_to_its_pairs(client: FlaskClient, companies: None) -> None:
    assert "Nobody has looked yet" in client.get("/companies/duplicates").text
    started = client.post("/companies/duplicates")
    raw = claim()
    assert raw is not None
    run_job(raw)
    job = client.get(started.location).text
    assert "1 pairs of records may be the same." in job
    assert 'href="/companies/duplicates"' in job
    page = client.get("/companies/duplicates").text
    assert page.count('class="name"') == 2
    assert page.count("is-same") == 2
    assert "90 %" in page


def test_nothing_found_says_so(client: FlaskClient) -> None:
    client.post("/companies/duplicates")
    raw = claim()
    assert raw is not None
    run_job(raw)
    assert "No duplicates" in client.get("/companies/duplicates").text


def test_without_the_register_there_is_no_way(
    companies: None, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    make_role("People only", ("person", "see", "all"))
    other = sign_in(make_user("anna", "People only"))
    for answer in (other.get("/companies/similar?name=jarvi"), other.get("/companies/duplicates"),
                   other.post("/companies/duplicates")):  # fmt: skip
        assert answer.status_code in (302, 403)
        assert "Järvi" not in answer.text


def test_form_tells_while_one_types(page: Page, admin: User, companies: None) -> None:
    page.goto("/companies/add")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    page.locator("#name").press_sequentially("Jarvi kone ab")
    told = page.locator("[data-similar]")
    expect(told).to_contain_text("Järvi & Kone Oy")
    expect(told).to_contain_text("65 %")
    page.locator("#email").fill("info@jarvi.example")
    expect(told).to_contain_text("90 %")
    page.locator("#name").fill("Something else")
    page.locator("#email").fill("")
    expect(told.locator("li")).to_have_count(0)
    page.goto("/companies/")
    page.get_by_label("Quick add: name").press_sequentially("Järvi Kone Oy")
    expect(page.locator("[data-similar]")).to_contain_text("Järvi & Kone Oy")
