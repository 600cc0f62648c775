"""The editor of a rule of repeating: in forms, in its place, by keyboard, on a phone, and what is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page, expect

from models.activities import Activity
from models.rights import Access
from models.security import User
from services.records import create_record, get_record
from tests.views.test_every_screen import sign_in_at, violations

Raw = dict[str, Any]


@pytest.fixture
def me(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


def add(me: Access, rule: str) -> Raw:
    return create_record(me, "activity", {"name": "Meeting", "starts_at": "2026-10-13T09:00", "repeats": rule})


def part(page: Page, name: str) -> Locator:
    return page.locator(f"[data-rule={name}]")


def said(page: Page) -> Locator:
    return page.locator("[data-in-words]")


def test_a_rule_is_put_together_said_in_words_and_saved(page: Page, live_server: str, me: Access) -> None:
    sign_in_at(page, live_server)
    page.goto("/activities/add?name=Meeting&starts_at=2026-10-13T09:00")
    editor = page.get_by_role("group", name="Repeats: custom")
    expect(editor).to_be_hidden()
    page.get_by_label("Repeats", exact=True).select_option("Custom…")
    expect(part(page, "interval")).to_be_focused()
    # The thirteenth of October is a Tuesday.
    expect(said(page)).to_have_text("Every week: Tuesday")
    part(page, "interval").fill("2")
    page.get_by_role("button", name="Friday").press("Space")
    page.get_by_label("Ends", exact=True).last.select_option("on a date")
    expect(said(page)).to_have_text("The last day of repeating can't be read.")
    part(page, "until").fill("2026-12-31")
    expect(said(page)).to_have_text("Every 2 weeks: Tuesday, Friday, until 31 Dec 2026")
    expect(page.locator(".k-toast")).to_have_count(0)
    assert violations(page, "the form") == []
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/activities/show/*")
    raw = Activity._get_collection().find_one() or {}
    assert raw["repeats"] == "FREQ=WEEKLY;INTERVAL=2;UNTIL=20261231;BYDAY=TU,FR"


@pytest.mark.parametrize(("rule", "shown"), [
    ("FREQ=MONTHLY;COUNT=6;BYDAY=2TU", {"frequency": "MONTHLY", "by": "weekday", "ordinal": "2", "weekday": "TU",
                                        "ends": "count", "count": "6"}),
    ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1", {"interval": "2", "by": "day", "month_day": "-1", "ends": "never"}),
    ("FREQ=DAILY;INTERVAL=3;UNTIL=20261231T120000Z", {"frequency": "DAILY", "ends": "until", "until": "2026-12-31"}),
])  # fmt: skip
def test_a_rule_that_is_held_is_shown_and_stays_as_it_was(
    page: Page, live_server: str, me: Access, rule: str, shown: Raw
) -> None:
    raw = add(me, rule)
    sign_in_at(page, live_server)
    page.goto(f"/activities/edit/{raw['_id']}")
    for name, value in shown.items():
        expect(part(page, name)).to_have_value(value)
    part(page, "interval").fill("5")
    part(page, "interval").fill(shown.get("interval", "3" if "INTERVAL=3" in rule else "1"))
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url("**/activities/show/*")
    assert get_record(me, "activity", raw["_id"])["repeats"] == rule


def test_a_rule_that_the_controls_can_not_show_stays_until_another_is_chosen(
    page: Page, live_server: str, me: Access
) -> None:
    raw = add(me, "FREQ=MONTHLY;BYMONTHDAY=1,15")
    sign_in_at(page, live_server)
    page.goto(f"/activities/edit/{raw['_id']}")
    select = page.get_by_label("Repeats", exact=True)
    expect(select.locator("option:checked")).to_have_text("Every month, on day 1, 15")
    expect(page.locator(".k-repeat")).to_be_hidden()
    select.select_option("Custom…")
    expect(said(page)).to_have_text("Every week: Tuesday")
    select.select_option("Every day")
    expect(page.locator(".k-repeat")).to_be_hidden()
    select.select_option("Custom…")
    expect(said(page)).to_have_text("Every week: Tuesday")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_rule_is_edited_in_its_place_on_a_phone(
    browser: Browser, live_server: str, me: Access, scheme: Any
) -> None:
    raw = add(me, "FREQ=WEEKLY;INTERVAL=3")
    page = browser.new_context(base_url=live_server, viewport={"width": 360, "height": 740}, locale="en-GB",
                               color_scheme=scheme).new_page()  # fmt: skip
    sign_in_at(page, live_server)
    page.goto(f"/activities/show/{raw['_id']}")
    page.get_by_role("button", name="Edit Repeats").click()
    part(page, "frequency").select_option("MONTHLY")
    part(page, "by").select_option("weekday")
    part(page, "ordinal").select_option("-1")
    part(page, "weekday").select_option("FR")
    expect(said(page)).to_have_text("Every 3 months: last Friday")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert violations(page, "in place") == []
    part(page, "interval").press("Enter")
    expect(page.locator(".k-inplace")).to_have_count(0)
    assert get_record(me, "activity", raw["_id"])["repeats"] == "FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR"
    page.context.close()


@pytest.mark.parametrize(("rule", "answer"), [
    ("FREQ=MONTHLY;BYDAY=2TU", {"text": "Every month: second Tuesday"}),
    ("FREQ=MONTHLY;BYMONTHDAY=-1", {"text": "Every month, on the last day"}),
    ("FREQ=WEEKLY;INTERVAL=0", {"error": "Give an interval from 1 to 1000."}),
    ("FREQ=WEEKLY;COUNT=0", {"error": "Give either a last day or a number of times, at most 5000."}),
    ("nonsense", {"error": "Choose how often it repeats: by days, weeks, months or years."}),
    ("FREQ=DAILY;BYDAY=MO(2)", {"error": "This rule of repeating can't be read."}),
    ("freq=daily;byday=mo", {"text": "Every day: Monday"}),
    ("FREQ=WEEKLY;BYDAY=XX", {"error": "This rule of repeating can't be read."}),
])  # fmt: skip
def test_a_rule_is_said_in_words_or_what_is_wrong_with_it(client: FlaskClient, rule: str, answer: Raw) -> None:
    assert client.get("/recurrence/words", query_string={"rule": rule}).json == answer


@pytest.mark.parametrize("rule", [
    "nonsense", "FREQ=WEEKLY;UNTIL=", "FREQ=WEEKLY;BYDAY=XX", "FREQ=MONTHLY;BYDAY=2", "x=1",
])  # fmt: skip
def test_a_form_keeps_a_rule_that_is_refused(client: FlaskClient, rule: str) -> None:
    answer = client.post("/activities/add", data={"name": "Meeting", "starts_at": "2026-10-13T09:00", "repeats": rule})
    assert answer.status_code == 422
    assert f'<option selected value="{rule}">{rule}</option>' in answer.text
