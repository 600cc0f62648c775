"""A record on one page: its head, its blocks, what is linked, and the ways to its neighbours in the list."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.security import Team, User
from services.layouts import place_block, places_for
from services.records import create_record, create_records, update_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD
from tests.fixtures.commands import commands

Raw = dict[str, Any]
#: What a company's page may ask of the database (issue: "at most 8 commands").
MOST_COMMANDS = 8


@pytest.fixture
def companies(admin_access: Access) -> list[Raw]:
    define_field(admin_access, {"register": "company", "key": "revenue", "kind": "money", "label": {"en": "Revenue"},
                                "in_head": True})  # fmt: skip
    rows = [{"name": f"Firm {letter}", "city": "Oulu", "business_id": "0112038-9", "status": "customer",
             "x_revenue": "1000 EUR"} for letter in "ABC"]  # fmt: skip
    made = create_records(admin_access, "company", rows)
    create_records(admin_access, "person", [
        {"name": f"Person {number:02}", "title": "Clerk", "phone": "+358401234567", "companies": [str(made[0]["_id"])]}
        for number in range(12)
    ])  # fmt: skip
    return made


def page_of(client: FlaskClient, raw: Raw, register: str = "companies") -> str:
    answer = client.get(f"/{register}/show/{raw['_id']}")
    assert answer.status_code == 200
    return answer.text


def test_head_tells_what_matters(client: FlaskClient, companies: list[Raw]) -> None:
    text = page_of(client, companies[0])
    head = text[text.index('class="k-rechead"') : text.index('class="k-blocks"')]
    assert 'data-initials="FA"' in head
    for told in ("0112038-9", "Oulu", "Customer", "Revenue"):
        assert told in head
    assert re.search(r'<dd class="num">.*1,000', head)


def test_linked_people_stand_with_title_and_phone_the_first_eight(
    client: FlaskClient, companies: list[Raw], admin_access: Access
) -> None:
    text = page_of(client, companies[0])
    assert text.count("Clerk") == 8
    assert text.count("tel:+358401234567") == 8
    assert f'href="/people/?_flt_eq_companies={companies[0]["_id"]}"' in text
    assert f'href="/people/add?companies={companies[0]["_id"]}"' in text
    assert "Nothing is linked here yet." in page_of(client, companies[1])
    person = create_record(admin_access, "person", {"name": "Zed", "companies": [str(companies[1]["_id"])]})
    assert f'<a class="name" href="/companies/show/{companies[1]["_id"]}">Firm B</a>' in page_of(
        client, person, "people")  # fmt: skip


def test_a_company_s_page_asks_the_database_few_things(
    client: FlaskClient, companies: list[Raw], admin: User, admin_access: Access
) -> None:
    """Also where it has an owner, a team, and links of the organisation's own in both directions."""
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "target": "company",
                                "label": {"en": "Parent"}})  # fmt: skip
    team = Team(name="North").save()
    ids = [str(one["_id"]) for one in companies]
    update_record(admin_access, "company", ids[0], {"x_parent": ids[1], "owner": str(admin.pk), "team": str(team.pk)})
    update_record(admin_access, "company", ids[2], {"x_parent": ids[0]})
    assert "North" in page_of(client, companies[0])
    with commands(lambda name: not name.endswith("system.profile")) as asked:
        page_of(client, companies[0])
    assert 3 <= len(asked) <= MOST_COMMANDS, "\n".join(asked)


def test_neighbours_are_those_of_the_list(client: FlaskClient, companies: list[Raw]) -> None:
    first, second, third = (str(one["_id"]) for one in companies)
    url = f"/companies/beside/{second}"
    assert client.get(url).json == {"before": f"/companies/show/{first}", "after": f"/companies/show/{third}"}
    turned = client.get(f"{url}?order=name&dir=desc").json
    assert turned == {"before": f"/companies/show/{third}", "after": f"/companies/show/{first}"}
    assert client.get(f"/companies/beside/{first}?_flt_ct_name=Firm&order=x_revenue").json["before"] == ""
    for query in ("_flt_ct_name=nothing", "_flt_eq_nothing=1", "where=[", "order=$where&dir=x&_flt_eq_name=Firm A"):
        assert client.get(f"{url}?{query}").json == {"before": "", "after": ""}
    assert client.get("/companies/beside/abc").status_code == 404


def test_reader_walks_from_record_to_record_and_back_to_the_list(page: Page, admin: User, companies: list[Raw]) -> None:
    page.goto("/companies/?_flt_ct_name=Firm&order=name&dir=desc")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    with page.expect_navigation():
        page.get_by_role("link", name="Firm C").click()
    expect(page.locator("h1")).to_have_text("Firm C")
    expect(page.get_by_role("link", name="The next record")).to_be_visible()
    expect(page.get_by_label("The record before")).to_have_attribute("aria-disabled", "true")
    with page.expect_navigation():
        page.keyboard.press(".")
    expect(page.locator("h1")).to_have_text("Firm B")
    expect(page.get_by_role("link", name="The record before")).to_be_visible()
    with page.expect_navigation():
        page.locator("[data-back-to-list]").click()
    assert page.url.endswith("?_flt_ct_name=Firm&order=name&dir=desc")


def test_blocks_stand_where_they_were_put(client: FlaskClient, companies: list[Raw], admin_access: Access) -> None:
    place_block(admin_access, "company", None, "timeline", "hidden", "")
    place_block(admin_access, "company", None, "related.person.companies", "left", "")
    text = page_of(client, companies[0])
    place_block(admin_access, "company", None, "activities", "hidden", "")
    text = page_of(client, companies[0])
    assert 'data-column="middle"' not in text
    assert "/timeline/" not in text
    assert text.index("Person 00") < text.index('data-section="basic"')


def test_layout_is_dragged_by_keys_and_put_back(
    page: Page, admin: User, companies: list[Raw], admin_access: Access
) -> None:
    page.goto("/settings/layouts/company")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    with page.expect_response("**/place"):
        page.get_by_role("button", name="Move Extra data").press("Alt+ArrowDown")
    expect(page.get_by_text("The new order is saved.")).to_be_visible()
    assert places_for(admin_access, "company")["middle"] == ["section.extra", "activities", "timeline"]
    page.reload()
    with page.expect_navigation():
        page.get_by_role("button", name="As it was at first").click()
    assert places_for(admin_access, "company")["middle"] == ["activities", "timeline"]


def test_layout_of_what_is_not_there(client: FlaskClient) -> None:
    assert client.get("/settings/layouts/").status_code == 302
    assert client.get("/settings/layouts/nothing").status_code == 404
    assert client.get("/settings/layouts/company?role=abc").status_code == 404
    assert client.post("/settings/layouts/company/place", data={"item": "x", "list": "left"}).status_code == 404
    assert client.post("/settings/layouts/company/reset").status_code == 302
