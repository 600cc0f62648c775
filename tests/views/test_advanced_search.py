"""Advanced search: the page on which conditions are put together, its sentence and count, and the list it leads to."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.security import User
from services.records import create_record
from tests.fixtures.app import PASSWORD

EITHER = [{"any": [{"col": "city", "opr": "eq", "value": "Oulu"}, {"col": "city", "opr": "eq", "value": "Pori"}]}]
CEO = [{"through": "person.companies", "all": [{"col": "title", "opr": "eq", "value": "CEO"}]}]


def where(nodes: Any) -> str:
    return f"where={quote(nodes if isinstance(nodes, str) else json.dumps(nodes))}"


@pytest.fixture
def records(admin_access: Access) -> None:
    for name, city in (("Alfa", "Oulu"), ("Beta", "Pori"), ("Gamma", "Vaasa")):
        company = create_record(admin_access, "company", {"name": name, "city": city})
        if name != "Beta":
            create_record(admin_access, "person", {"name": f"{name}'s head", "title": "CEO",
                                                   "companies": [str(company["_id"])]})  # fmt: skip


def test_list_shows_groups_as_sentences_that_can_be_removed(client: FlaskClient, records: None) -> None:
    page = client.get(f"/companies/?_flt_sw_name=a&{where(EITHER + CEO)}")
    assert page.status_code == 200
    assert "City is Oulu or City is Pori" in page.text
    assert "People where Title is CEO" in page.text
    assert "Alfa" in page.text
    assert "Beta" not in page.text
    without = client.get(f"/companies/?_flt_sw_name=b&{where(EITHER)}")
    assert "Beta" in without.text


def test_found_leads_to_an_address_of_plain_conditions_and_groups(client: FlaskClient) -> None:
    twice = [{"col": "name", "opr": "ct", "value": "a"}, {"col": "name", "opr": "ct", "value": "l"}]
    answer = client.get(f"/companies/found?order=city&dir=desc&{where(twice + EITHER)}")
    assert answer.status_code == 302
    assert answer.location == (
        f"/companies/?order=city&dir=desc&_flt_ct_name=a&where="
        f"{quote(json.dumps([{'all': [twice[1]]}, *EITHER], separators=(',', ':')), safe='').replace('%20', '+')}"
    )
    assert client.get(answer.location).status_code == 200
    assert client.get("/companies/found").location == "/companies/?view=all"


def test_matching_tells_count_and_sentence(client: FlaskClient, records: None) -> None:
    found = client.get(f"/companies/matching?{where(EITHER)}").json
    assert found == {"count": 2, "exact": True, "sentence": "Companies where (City is Oulu or City is Pori)"}
    assert client.get("/companies/matching").json["sentence"] == "Companies: all of them"
    none = [
        {"none": [{"col": "city", "opr": "eq", "value": "50 %(x)s"}]},
        {"through": "person.companies", "none": CEO[0]["all"]},
    ]
    found = client.get(f"/companies/matching?{where(none)}").json
    assert found["count"] == 1
    assert found["sentence"] == "Companies where not (City is 50 %(x)s) and (no People where Title is CEO)"


@pytest.mark.parametrize("sent", [
    "{", "7", "[7]", '{"any": []}', '[{"any": []}]', '[{"col": "nothing", "opr": "eq", "value": 1}]', "[" * 5_000,
    '[{"col": "name", "opr": "$where", "value": "1"}]', '[{"col": "name", "opr": "eq", "value": {"$gt": ""}}]',
    '[{"through": "nowhere", "any": [{"col": "name", "opr": "nempty"}]}]',
    '[{"col": "owner", "opr": "eq", "value": "x"}]',
    '[{"through": "person.companies", "any": [{"col": "companies", "opr": "eq", "value": "x"}]}]', "[null]",
    '[{"col": "name", "opr": "eq", "value": "\\ud800"}]', '[{"col": "created_at", "opr": "period", "value": []}]',
    json.dumps([{"any": [{"col": "name", "opr": "eq", "value": "x"}] * 60}]),
])  # fmt: skip
def test_nonsense_is_answered_with_what_is_wrong(client: FlaskClient, records: None, sent: str) -> None:
    listed = client.get(f"/companies/?{where(sent)}")
    assert listed.status_code == 400
    assert "alert-danger" in listed.text
    assert "Alfa" not in listed.text
    assert client.get(f"/companies/search?{where(sent)}").status_code == 200
    assert client.get(f"/companies/matching?{where(sent)}").json["error"]
    assert client.get(f"/companies/found?{where(sent)}").status_code == 302


def test_links_of_the_search_page_keep_names_and_columns(client: FlaskClient, admin: User, records: None) -> None:
    page = client.get(f"/companies/search?cols=name,city&_flt_eq_owner={admin.pk}&_flt_neq_team=mine")
    assert page.status_code == 200
    assert f'"labels": {{"{admin.pk}": ' in page.text
    assert 'name="cols" value="name,city"' in page.text


def test_ways_are_those_that_the_user_may_go(
    client: FlaskClient, make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    ways = client.get("/companies/ways").json
    assert [(way["code"], way["label"], way["register"]) for way in ways if not way["titled"]] == [
        ("person.companies", "People", "person"), ("opportunity.company", "Opportunities", "opportunity"),
        ("activity.companies", "Activities", "activity"), ("document.companies", "Documents", "document"),
    ]  # fmt: skip
    # Along relationships, in which there are titles.
    assert {("relationship.works_for.object", "Employs"), ("relationship.owns.subject", "Owns")} <= {
        (way["code"], way["label"]) for way in ways if way["titled"]}  # fmt: skip
    assert [way["code"] for way in client.get("/people/ways").json if not way["titled"]] == [
        "companies", "opportunity.people", "activity.people", "document.people"]  # fmt: skip
    make_role("Companies only", ("company", "see", "all"))
    limited = sign_in(make_user("anna", "Companies only"))
    assert {way["register"] for way in limited.get("/companies/ways").json} == {"company"}
    assert "/people/" not in limited.get("/companies/search").text


def test_a_view_keeps_groups(client: FlaskClient, records: None) -> None:
    view = {"register": "company", "name": "Two towns", "audience": "me", "query": f"?{where(EITHER + CEO)}"}
    saved = client.post("/views/save", data=view)
    page = client.get(saved.location, follow_redirects=True)
    assert 'aria-current="page">Two towns</a>' in page.text
    assert "City is Oulu or City is Pori" in page.text
    assert "Changed" not in page.text
    assert "Alfa" in page.text
    assert "Gamma" not in page.text


def test_search_is_put_together_on_the_page(page: Page, admin: User, records: None) -> None:
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    with page.expect_navigation():
        page.keyboard.press("s")
    group = page.locator(".k-built > .k-group")
    choose(page, group.locator("> .nodes > .k-cond").first, "City", "Oulu")
    expect(page.locator("[data-sentence]")).to_have_text("Companies where City contains Oulu")
    expect(page.locator("[data-show]")).to_have_text("Show (1)")
    group.locator("> .acts > button").first.click()
    choose(page, group.locator("> .nodes > .k-cond").nth(1), "City", "Pori")
    group.locator("> .head select").select_option("any")
    expect(page.locator("[data-show]")).to_have_text("Show (2)")
    group.locator("> .acts > .k-way").select_option("person.companies")
    choose(page, group.locator(".k-group .k-cond"), "Title", "CEO")
    expect(page.locator("[data-show]")).to_have_text("Show (3)")
    with page.expect_navigation():
        page.locator("[data-show]").click()
    expect(page.locator(".k-chip")).to_contain_text(
        "City contains Oulu or City contains Pori or (People where Title contains CEO)"
    )
    expect(page.locator("#records tbody tr")).to_have_count(3)
    with page.expect_navigation():
        page.get_by_role("link", name="Advanced search").click()
    expect(page.locator(".k-group .k-group .k-cond")).to_have_count(1)
    expect(page.locator("[data-show]")).to_have_text("Show (3)")
    page.locator(".k-built > .k-group > .nodes > .k-cond").nth(1).get_by_role("button", name="Remove").click()
    page.locator(".k-group .k-group").get_by_role("button", name="Remove").first.click()
    expect(page.locator("[data-show]")).to_have_text("Show (1)")
    with page.expect_navigation():
        page.locator("[data-show]").click()
    expect(page.locator("#records tbody tr")).to_have_count(1)


def choose(page: Page, row: Any, field: str, value: str) -> None:
    """Fill in one comparison by keyboard: the field's name, then the value."""
    row.locator(".ts-control input").first.click()
    page.keyboard.type(field)
    page.keyboard.press("Enter")
    expect(row.locator(".rest input.form-control")).to_be_focused()
    page.keyboard.type(value)
