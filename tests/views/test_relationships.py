"""Relationships on screen: the block of a record's page, the forms, dropping, the kinds' settings."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.relationships import OwnKind, Relationship
from models.rights import Access
from models.security import User
from services.records import create_record
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]


@pytest.fixture
def records(admin_access: Access) -> dict[str, str]:
    alfa, beta = (create_record(admin_access, "company", {"name": name}) for name in ("Alfa & Co", "Beta"))
    maija = create_record(admin_access, "person", {"name": "Maija", "companies": [str(alfa["_id"])]})
    return {raw["name"]: str(raw["_id"]) for raw in (alfa, beta, maija)}


def relate_url(records: dict[str, str], query: str = "kind=works_for&side=subject") -> str:
    return f"/people/relate/{records['Maija']}?{query}"


def test_block_shows_both_sides_and_what_is_over(client: FlaskClient, records: dict[str, str]) -> None:
    block = client.get(f"/people/relationships/{records['Maija']}").text
    assert "Works for" in block
    assert "Alfa &amp; Co" in block
    its = Relationship.objects.get()
    end = client.post(f"/people/relationship_end/{records['Maija']}/{its.pk}")
    assert end.location == f"/people/show/{records['Maija']}"
    over = client.get(f"/companies/relationships/{records['Alfa & Co']}").text
    assert "Earlier" in over
    assert "Employs" in over
    assert f"/people/show/{records['Maija']}" in over
    assert "None yet." in client.get(f"/companies/relationships/{records['Beta']}").text


def test_a_new_employer_ends_the_old_one(client: FlaskClient, records: dict[str, str]) -> None:
    its = Relationship.objects.get()
    form = client.get(relate_url(records) + f"&other={records['Beta']}").text
    assert f'name="ends" value="{its.pk}" checked' in form
    assert f'<option value="{records["Beta"]}" selected>Beta</option>' in form
    data = {"other": records["Beta"], "title": "CEO", "since": "2026-01-01", "ends": str(its.pk)}
    done = client.post(relate_url(records), data=data)
    assert done.location == f"/people/show/{records['Maija']}"
    block = client.get(f"/people/relationships/{records['Maija']}").text
    assert block.index("Beta") < block.index("Earlier") < block.index("Alfa &amp; Co")
    assert "CEO" in block


def test_a_company_offers_to_end_only_the_persons_own_employment(client: FlaskClient, records: dict[str, str]) -> None:
    its = Relationship.objects.get()
    address = "/companies/relate/{}?kind=works_for&side=object"
    assert 'name="ends"' not in client.get(address.format(records["Alfa & Co"])).text
    form = client.get(address.format(records["Beta"]) + f"&other={records['Maija']}").text
    assert f'name="ends" value="{its.pk}" checked' in form
    assert "Works for Alfa &amp; Co" in form
    # Chosen on the page itself: asked before it is written.
    asked = client.post(address.format(records["Beta"]), data={"other": records["Maija"], "title": "CEO"})
    assert asked.status_code == 422
    assert f'name="ends" value="{its.pk}" checked' in asked.text
    assert 'value="CEO"' in asked.text
    assert Relationship.objects.count() == 1
    data = {"other": records["Maija"], "offered": records["Maija"], "ends": str(its.pk)}
    assert client.post(address.format(records["Beta"]), data=data).status_code == 302
    assert Relationship.objects.get(object=records["Alfa & Co"]).until


def test_what_was_typed_stays_when_something_is_wrong(client: FlaskClient, records: dict[str, str]) -> None:
    answer = client.post(relate_url(records), data={"other": records["Beta"], "title": "Boss", "since": "someday"})
    assert answer.status_code == 422
    assert 'value="Boss"' in answer.text
    assert 'value="someday"' in answer.text
    assert "is not a date" in answer.text
    assert f'<option value="{records["Beta"]}" selected>Beta</option>' in answer.text
    its = Relationship.objects.get()
    url = f"/people/relationship/{records['Maija']}/{its.pk}"
    assert client.post(url, data={"title": "x", "until": "1.1.2999", "version": "1"}).status_code == 422
    assert client.post(url, data={"title": "x", "version": "9"}).status_code == 422
    saved = client.post(url, data={"title": "Clerk", "since": "2020-05-01", "version": "1"})
    assert saved.status_code == 302
    assert "Clerk" in client.get(url).text
    assert client.post(f"/people/relationship_end/{records['Maija']}/{its.pk}", data={"remove": "1"}).status_code == 302
    assert Relationship.objects.count() == 0


@pytest.mark.parametrize("address", [
    "/people/relate/{0}?kind=nothing&side=subject", "/people/relate/{0}", "/people/relate/abc?kind=knows&side=subject",
    "/people/relationship/{0}/abc", "/people/relationships/abc", "/companies/relate/{0}?kind=owns&side=subject",
])  # fmt: skip
def test_what_is_not_there_is_404(client: FlaskClient, records: dict[str, str], address: str) -> None:
    assert client.get(address.format(records["Maija"])).status_code == 404


def test_whoever_only_looks_sees_no_ways_to_change(
    records: dict[str, str], make_role: Callable, make_user: Callable, sign_in: Callable
) -> None:
    make_role("Looks only", ("company", "see", "all"), ("person", "see", "all"))
    reader = sign_in(make_user("risto", "Looks only"))
    block = reader.get(f"/people/relationships/{records['Maija']}").text
    assert "Alfa &amp; Co" in block
    assert "/relate/" not in block
    assert reader.post(relate_url(records), data={"other": records["Beta"]}).status_code in (302, 403)
    assert Relationship.objects.count() == 1


def test_kinds_are_added_and_retired(client: FlaskClient) -> None:
    page = client.get("/settings/relationships/").text
    assert "Works for" in page
    data = {"subject": "person", "object": "company", "label_en": "Advises <b>", "reverse_en": "Is advised by"}
    assert client.post("/settings/relationships/", data=data).status_code == 302
    assert "Advises &lt;b&gt;" in client.get("/settings/relationships/").text
    wrong = client.post("/settings/relationships/", data={**data, "label_en": "", "reverse_en": "stays"})
    assert wrong.status_code == 422
    assert 'value="stays"' in wrong.text
    key = OwnKind.objects.get().key
    client.post(f"/settings/relationships/retire/{key}")
    assert OwnKind.objects.get().retired
    client.post(f"/settings/relationships/retire/{key}", data={"again": "1"})
    assert not OwnKind.objects.get().retired
    assert client.post("/settings/relationships/retire/nothing").status_code == 404


def sign_in_at(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()


def test_a_relationship_is_added_from_the_page(page: Page, admin: User, records: dict[str, str]) -> None:
    sign_in_at(page, f"/people/show/{records['Maija']}")
    block = page.locator("[data-drop-url]")
    expect(block).to_contain_text("Alfa & Co")
    block.get_by_role("button", name="Add a relationship").click()
    with page.expect_navigation():
        page.locator("#relate-menu").get_by_role("link", name="Works for").click()
    page.locator("#other-ts-control").click()
    page.keyboard.type("Beta")
    expect(page.locator(".ts-dropdown .option.active")).to_have_text("Beta")
    page.keyboard.press("Enter")
    page.get_by_label("Title or role").fill("Chair")
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    expect(block).to_contain_text("Beta")
    expect(block).to_contain_text("Chair")
    expect(block.locator("details")).to_contain_text("Earlier")


def test_what_is_typed_before_the_focus_is_told_is_asked(page: Page, admin: User, records: dict[str, str]) -> None:
    sign_in_at(page, f"/people/relate/{records['Maija']}?kind=works_for&side=subject")
    expect(page.locator("#other-ts-control")).to_be_visible()
    page.evaluate("""() => {
        const box = document.querySelector("#other").tomselect;
        box.focus();
        box.control_input.value = "Beta";
        box.control_input.dispatchEvent(new Event("input"));
    }""")
    expect(page.locator(".ts-dropdown .option")).to_have_text(["Beta"])


def test_a_person_dropped_on_a_company_leads_to_the_form(page: Page, admin: User, records: dict[str, str]) -> None:
    sign_in_at(page, f"/companies/show/{records['Beta']}")
    expect(page.locator("[data-drop-kinds]")).to_have_count(1)
    with page.expect_navigation():
        page.evaluate(
            """id => {
            const data = new DataTransfer();
            data.setData("text/uri-list", `${location.origin}/people/show/${id}`);
            const place = document.querySelector("[data-drop-url]");
            for (const name of ["dragover", "drop"]) {
                place.dispatchEvent(new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true }));
            }
        }""",
            records["Maija"],
        )
    expect(page.locator("h1")).to_have_text("Employs")
    expect(page.locator("#other + .ts-wrapper .item")).to_have_text("Maija")
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    expect(page.locator("[data-drop-url]")).to_contain_text("Maija")
