"""Duplicates on screen: told of while one types, looked for in a register."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.companies import Company
from models.rights import Access
from models.security import User
from services.jobs import claim, run_job
from services.records import create_record, update_record
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
    waiting = client.get(started.location).text
    # The link is there from the start, hidden, with what it will be called.
    assert "Show what was found" in waiting
    raw = claim()
    assert raw is not None
    run_job(raw)
    job = client.get(started.location).text
    assert "1 pair of records may be the same." in job
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


# Merging


def ids() -> tuple[str, str]:
    first, second = Company._get_collection().find().sort("_id", 1)
    return str(first["_id"]), str(second["_id"])


def test_two_are_merged_field_by_field_and_taken_back(client: FlaskClient, companies: None) -> None:
    keep, other = ids()
    page = client.get(f"/companies/join?keep={keep}&other={other}").text
    assert "Järvi &amp; Kone Oy" in page
    assert 'name="take_name" value="theirs"' in page
    assert "take_email" not in page
    data = {"keep": keep, "other": other, "keep_version": "1", "other_version": "1", "take_name": "theirs"}
    done = client.post("/companies/join", data=data, follow_redirects=True)
    assert done.request.path == f"/companies/show/{keep}"
    assert "The two are one record now." in done.text
    assert "<h1>Järvi Kone</h1>" in done.text
    assert client.get(f"/companies/show/{other}").location == f"/companies/show/{keep}"
    batch = re.search(r'formaction="/companies/part" name="batch" value="(\w+)"', done.text)
    assert batch
    back = client.post("/companies/part", data={"batch": batch[1]}, follow_redirects=True)
    assert back.request.path == f"/companies/show/{other}"
    assert "The two are as they were." in back.text
    assert Company.objects.count() == 2


def test_ticked_rows_lead_to_the_page(client: FlaskClient, companies: None) -> None:
    keep, other = ids()
    lead = client.post("/companies/join", data={"rowid": [keep, other], "back": "?order=city"})
    assert lead.location == f"/companies/join?keep={keep}&other={other}"
    for rows in ([keep], [keep, other, "x"], []):
        answer = client.post("/companies/join", data={"rowid": rows, "back": "?order=city"} if rows else {"rowid": ""})
        assert answer.status_code == 302
        assert "/join" not in answer.location


@pytest.mark.parametrize("data", [
    {}, {"keep": "abc", "other": "abc"}, {"keep": "0" * 24, "other": "$ne"}, {"take_name": "x", "take_$where": "1"},
])  # fmt: skip
def test_nonsense_merges_nothing(client: FlaskClient, companies: None, data: dict[str, str]) -> None:
    assert client.post("/companies/join", data=data).status_code in (302, 404)
    assert client.get("/companies/join", query_string=data).status_code in (302, 404)
    assert client.post("/companies/part", data={"batch": "abc"}).status_code == 302
    assert Company.objects.count() == 2


def test_somebody_else_s_save_comes_between(client: FlaskClient, companies: None, admin_access: Access) -> None:
    keep, other = ids()
    update_record(admin_access, "company", other, {"city": "Oulu"})
    data = {"keep": keep, "other": other, "keep_version": "1", "other_version": "1"}
    again = client.post("/companies/join", data=data)
    assert again.location == f"/companies/join?keep={keep}&other={other}"
    same = client.get(f"/companies/join?keep={keep}&other={keep}", follow_redirects=True)
    assert "These are one record already" in same.text
    assert Company.objects.count() == 2


def test_verb_for_two_shows_for_two(page: Page, admin: User, companies: None) -> None:
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    boxes, verb = page.locator("[data-select-row]"), page.get_by_role("button", name="Merge into one")
    boxes.nth(0).check()
    expect(verb).to_be_hidden()
    boxes.nth(1).check()
    with page.expect_navigation():
        verb.click()
    with page.expect_navigation():
        page.get_by_role("button", name="Merge into one").click()
    expect(page.get_by_text("The two are one record now.")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The two are as they were.")).to_be_visible()
