"""Lists for work: values edited in their cells, rows grouped by a choice with counts."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.fields.schema import schema_of
from models.rights import Access
from models.security import FieldRight, User
from services.groups import group_counts, group_field, groupable
from services.records import create_records, get_record
from services.settings import define_field
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]


@pytest.fixture
def companies(admin_access: Access) -> list[Raw]:
    choices = [{"key": key, "label": {"en": key.title()}} for key in ("gold", "tin")]
    define_field(admin_access, {"register": "company", "key": "grade", "kind": "choice", "label": {"en": "Grade"},
                                "choices": choices, "in_list": True})  # fmt: skip
    rows = (("Alfa", "tin", "Oulu"), ("Beta", "gold", "Oulu"), ("Gamma", None, "Pori"), ("Delta", "tin", "Pori"))
    return create_records(admin_access, "company", [
        {"name": name, "city": city, **({"x_grade": grade} if grade else {})} for name, grade, city in rows
    ])  # fmt: skip


def lines(text: str) -> list[str]:
    """The rows of a list as they are read: a group's value with its count, else the record's name."""
    found = re.findall(r'<tr class="k-grouprow">.*?>([^<>]+)(?:</span>)? <span class="n num">(\d+)</span>|class="name" '
                       r'href="[^"]+">([^<]+)', text)  # fmt: skip
    return [name or f"{value} {count}" for value, count, name in found]


def test_rows_stand_below_their_groups_by_name_those_without_last(client: FlaskClient, companies: list[Raw]) -> None:
    page = client.get("/companies/?group=x_grade")
    assert lines(page.text) == ["Gold 1", "Beta", "Tin 2", "Alfa", "Delta", "Without a value 1", "Gamma"]
    narrowed = client.get("/companies/?group=x_grade&_flt_eq_city=Pori&order=name&dir=desc")
    assert lines(narrowed.text) == ["Tin 1", "Delta", "Without a value 1", "Gamma"]
    second = client.get("/companies/?group=x_grade&page_size=2&page=1")
    # The group goes on from the page before, with its whole count.
    assert lines(second.text) == ["Tin 2", "Delta", "Without a value 1", "Gamma"]


@pytest.mark.parametrize("column", ["name", "x_nothing", "$where", "owner", "x_tags", ""])
def test_what_can_t_be_grouped_by_is_passed_over(client: FlaskClient, companies: list[Raw], column: str) -> None:
    page = client.get(f"/companies/?group={column}")
    assert page.status_code == 200
    assert "k-grouprow" not in page.text


def test_counts_are_of_what_the_reader_may_see(
    companies: list[Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    grade = group_field(schema_of("company"), "x_grade")
    assert grade is not None
    assert group_counts(admin_access, "company", (), grade) == {"gold": 1, "tin": 2, None: 1}
    asked = (
        {"any": [{"col": "name", "opr": "eq", "value": "Alfa"}, {"col": "x_grade", "opr": "eq", "value": "gold"}]},
    )
    assert group_counts(admin_access, "company", asked, grade) == {"gold": 1, "tin": 1}
    make_role("Own", ("company", "see", "own"), field_rights=[
        FieldRight(register="company", column="status", access="hidden")])  # fmt: skip
    limited = access_of(make_user("anna", "Own"))
    assert group_counts(limited, "company", (), grade) == {}
    assert [field.column for field in groupable(schema_of("company").for_access(limited))] == ["x_grade"]


def test_grouping_is_chosen_with_the_columns_and_kept_in_a_view(client: FlaskClient, companies: list[Raw]) -> None:
    panel = client.get("/companies/columns?group=x_grade").text
    assert '<option value="x_grade" selected>' in panel
    sent = {"back": "?_flt_eq_city=Oulu&page=3&after=x", "column": ["name", "x_grade"], "group": "x_grade"}
    assert client.post("/companies/columns", data=sent).location == "/companies/?_flt_eq_city=Oulu&group=x_grade"
    without = {**sent, "back": "?group=x_grade", "group": ""}
    assert client.post("/companies/columns", data=without).location == "/companies/"
    saved = client.post("/views/save", data={"register": "company", "name": "By grade", "audience": "me",
                                             "query": "?group=x_grade"})  # fmt: skip
    page = client.get(saved.location, follow_redirects=True)
    assert "group=x_grade" in page.request.url
    assert lines(page.text)[0] == "Gold 1"
    assert "Changed" not in page.text
    odd = client.post("/views/save", data={"register": "company", "name": "Odd", "audience": "me",
                                           "query": "?group=name"})  # fmt: skip
    assert "group" not in client.get(odd.location, follow_redirects=True).request.url


# Cells


def test_saved_cell_comes_as_the_list_has_it(client: FlaskClient, companies: list[Raw], admin_access: Access) -> None:
    url = f"/companies/value/{companies[0]['_id']}"
    form = client.get(f"{url}/city?cell=1").text
    assert f'action="{url}/city?cell=1"' in form
    cell = client.post(f"{url}/city?cell=1", data={"city": "Turku & Co"}).text
    assert '<td data-label="City" data-only="_flt_eq_city=Turku+%26+Co">Turku &amp; Co</td>' in cell
    name = client.post(f"{url}/name?cell=1", data={"name": "<Alfa>"}).text
    assert f'<a class="name" href="/companies/show/{companies[0]["_id"]}">&lt;Alfa&gt;</a>' in name
    assert get_record(admin_access, "company", companies[0]["_id"])["city"] == "Turku & Co"
    wrong = client.post(f"{url}/email?cell=1", data={"email": "nonsense"})
    assert wrong.status_code == 422
    assert 'value="nonsense"' in wrong.text
    assert f'action="{url}/email?cell=1"' in wrong.text


@pytest.fixture
def listed(page: Page, admin: User, companies: list[Raw]) -> Page:
    page.goto("/companies/")
    page.get_by_label("User name").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.get_by_role("button", name="Log in").click()
    return page


def test_cell_is_edited_from_its_menu(listed: Page) -> None:
    row = listed.locator("tr[data-row]", has_text="Alfa")
    row.locator('td[data-label="City"]').click(button="right")
    listed.locator("#row-menu").get_by_role("button", name="Edit the value").click()
    expect(listed.locator("#cell-form input.form-control")).to_be_focused()
    listed.keyboard.type("Turku")
    listed.keyboard.press("Enter")
    expect(row.locator('td[data-label="City"]')).to_have_text("Turku")
    expect(row.locator('td[data-label="City"]')).to_be_focused()
    listed.reload()
    expect(row.locator('td[data-label="City"]')).to_have_text("Turku")


def test_cells_are_gone_through_and_edited_by_keys(listed: Page) -> None:
    row = listed.locator("tr[data-row]", has_text="Alfa")
    row.locator("a.name").focus()
    cells = row.locator("td[data-label]")
    labels = cells.evaluate_all("cells => cells.map(cell => cell.dataset.label)")
    for _ in range(labels.index("Grade")):
        listed.keyboard.press("ArrowRight")
    expect(row.locator('td[data-label="Grade"]')).to_be_focused()
    listed.keyboard.press("Enter")
    expect(listed.locator("#cell-form .ts-control input")).to_be_focused()
    listed.keyboard.type("Gold")
    listed.keyboard.press("Enter")
    listed.locator("#cell-form").get_by_role("button", name="Save").click()
    expect(row.locator('td[data-label="Grade"]')).to_have_text("Gold")
    listed.keyboard.press("ArrowLeft")
    listed.keyboard.press("F2")
    expect(listed.locator("#cell-form .ts-dropdown")).to_be_visible()
    # The first folds the list of choices, the second takes back.
    listed.keyboard.press("Escape")
    expect(listed.locator("#cell-form .ts-dropdown")).to_be_hidden()
    listed.keyboard.press("Escape")
    expect(listed.locator("#cell-form")).to_be_hidden()
    expect(listed.locator("td:focus")).to_have_count(1)


LATE_TIMERS = """() => {
  const inTime = window.setTimeout.bind(window);
  window.setTimeout = (work, delay = 0, ...given) => inTime(work, delay + 1000, ...given);
}"""


def test_what_is_typed_into_a_box_at_once_is_looked_for(listed: Page) -> None:
    """A busy browser tells scripts late of the focus; the keys of a quick typist come before that."""
    row = listed.locator("tr[data-row]", has_text="Alfa")
    grade = row.locator('td[data-label="Grade"]')
    expect(grade).to_have_text("Tin")
    listed.evaluate(LATE_TIMERS)
    grade.evaluate("cell => { cell.tabIndex = -1; cell.focus(); }")
    listed.keyboard.press("F2")
    expect(listed.locator("#cell-form .ts-control input")).to_be_focused()
    listed.keyboard.type("Gold")
    listed.keyboard.press("Enter")
    listed.keyboard.press("Enter")
    expect(grade).to_have_text("Gold")


def test_what_is_wrong_with_a_cell_stands_in_its_form(listed: Page) -> None:
    row = listed.locator("tr[data-row]", has_text="Alfa")
    row.locator('td[data-label="Business ID"]').click(button="right")
    listed.get_by_role("button", name="Edit the value").click()
    listed.locator("#cell-form input.form-control").fill("123")
    listed.keyboard.press("Enter")
    expect(listed.locator("#cell-form .k-error")).to_be_visible()
    expect(listed.locator("#cell-form input.form-control")).to_have_value("123")
    listed.locator("#cell-form").get_by_role("button", name="Cancel").click()
    expect(row.locator('td[data-label="Business ID"]')).to_have_text("–")
