"""Making a report in a real browser: from nothing to its records, by mouse and by keyboard, in both languages; and its
chart."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from models.reports import Report
from models.rights import Access
from models.security import Role, User
from services.records import create_record
from tests.fixtures.app import PASSWORD
from tests.views.test_every_screen import violations
from tests.views.test_keyboard import tab_to


@pytest.fixture
def projects(admin_access: Access, admin: User) -> None:
    """Sales projects of two stages, of one owner."""
    for name, stage, value in (("Alfa", "qualification", "1000 EUR"), ("Beta", "qualification", "500.50 EUR"),
                               ("Gamma", "offer", "20 EUR")):  # fmt: skip
        create_record(admin_access, "opportunity", {"name": name, "stage": stage, "value": value,
                                                    "owner": str(admin.pk)})  # fmt: skip


@pytest.fixture
def seller(make_role: Callable[..., Role], make_user: Callable[..., User]) -> User:
    return make_user("anna", make_role("Seller", ("opportunity", "see", "own")))


def log_in(page: Page, username: str = "admin") -> None:
    page.goto("/login/")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.press("#password", "Enter")


def cells(page: Page) -> list[list[str]]:
    """The table's rows, totals last."""
    expect(page.locator(".k-reporttable")).to_be_visible()
    rows = page.locator(".k-reporttable tbody tr, .k-reporttable tfoot tr").all()
    return [[text.replace("\u00a0", " ") for text in row.locator("th, td").all_inner_texts()] for row in rows]


def test_report_is_made_from_nothing_saved_shared_and_drilled_into(
    page: Page, browser: Browser, live_server: str, projects: None, seller: User, admin_access: Access
) -> None:
    create_record(admin_access, "opportunity", {"name": "Hers", "stage": "offer", "value": "7 EUR",
                                                "owner": str(seller.pk)})  # fmt: skip
    log_in(page)
    page.get_by_role("link", name="Reports", exact=True).click()
    page.get_by_role("link", name="New report").click()
    page.locator(".k-starts").get_by_role("link", name="Opportunities", exact=True).click()
    page.select_option("#group-0", "stage")
    page.select_option("#how-0", "sum")
    page.select_option("#measured-0", "value")
    expect(page.locator(".k-reporttable tfoot")).to_contain_text("€1,527.50")
    expect(page.locator("[data-report-status]")).to_have_text("The result has 2 rows.")
    expect(page.locator(".k-chart svg path").first).to_be_attached()
    condition(page, "Value", "ge", "100")
    expect(page.locator(".k-reporttable tfoot")).to_contain_text("€1,500.50")
    page.locator(".k-cond").get_by_role("button", name="Remove").click()
    expect(page.locator(".k-reporttable tfoot")).to_contain_text("€1,527.50")
    page.fill("#report-name", "Value by stage")
    page.select_option("#audience", "role")
    page.locator("#roles-ts-control").click()
    page.keyboard.type("Sell")
    page.keyboard.press("Enter")
    assert violations(page, "form") == []
    page.get_by_role("button", name="Save the report").click()
    expect(page.get_by_role("heading", name="Value by stage")).to_be_visible()
    assert cells(page) == [["Qualification", "€1,500.50"], ["Offer made", "€27.00"], ["Total", "€1,527.50"]]
    address = page.url
    page.locator(".k-reporttable").get_by_role("link", name="Qualification").click()
    expect(page.locator("#records tbody .name")).to_have_text(["Alfa", "Beta"])

    context = browser.new_context(base_url=live_server, locale="fi-FI")
    theirs = context.new_page()
    log_in(theirs, "anna")
    theirs.goto("/reports/")
    theirs.get_by_role("link", name="Value by stage").click()
    expect(theirs.locator(".k-reporttable tfoot")).to_be_visible()
    assert theirs.url == address
    assert [row[-1] for row in cells(theirs)] == ["7,00 €", "7,00 €"]
    theirs.locator(".k-reporttable tbody a").click()
    expect(theirs.locator("#records tbody .name")).to_have_text(["Hers"])
    context.close()


def condition(page: Page, field: str, operator: str, value: str) -> None:
    """Add a condition."""
    page.locator(".k-group > .acts > button").first.click()
    page.keyboard.type(field)
    page.keyboard.press("Enter")
    row = page.locator(".k-cond")
    row.get_by_label("Condition").select_option(operator)
    row.get_by_label("Value").fill(value)


def test_form_shows_what_the_choices_call_for(page: Page, projects: None) -> None:
    log_in(page)
    page.goto("/reports/new?register=opportunity")
    shown = page.locator(".k-pair:visible")
    expect(shown).to_have_count(2)
    expect(page.locator("#group-by-0")).to_be_hidden()
    expect(page.locator("[name=across]")).to_be_hidden()
    page.select_option("#group-0", "closes_on")
    expect(page.locator("#group-by-0")).to_be_visible()
    page.select_option("#group-1", "stage")
    expect(page.locator("[name=across]")).to_be_visible()
    expect(page.locator("#percent-1")).to_be_hidden()
    page.get_by_role("button", name="Add a figure").click()
    expect(page.locator("#how-1")).to_be_focused()
    page.select_option("#how-1", "weighted")
    page.select_option("#measured-1", "value")
    expect(page.locator("#percent-1")).to_be_visible()
    expect(page.locator("#order option:not([hidden])")).to_have_text(
        ["By the groups", "Count, the largest first", "Weighted sum: Value, the largest first"]
    )
    page.get_by_role("button", name="Remove figure 2").click()
    expect(page.locator("#how-1")).to_be_hidden()
    expect(page.get_by_role("button", name="Add a figure")).to_be_focused()
    expect(page.locator(".k-reporttable thead th")).to_have_count(3)
    expect(page.locator("#weekday")).to_be_hidden()
    page.select_option("#every", "week")
    expect(page.locator("#weekday")).to_be_visible()
    expect(page.locator("#day")).to_be_hidden()


def test_report_is_made_by_keyboard_alone(page: Page, projects: None) -> None:
    log_in(page)
    page.goto("/reports/")
    with page.expect_navigation():
        page.keyboard.press("n")
    tab_to(page, ".k-starts a[href*='register=opportunity']")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab_to(page, "#report-name")
    page.keyboard.type("By keyboard")
    tab_to(page, "#group-0")
    page.keyboard.type("Stage")
    expect(page.locator("#group-0")).to_have_value("stage")
    expect(page.locator(".k-reporttable tbody tr")).to_have_count(2)
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    tab_to(page, ".k-reporttable tbody a")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#records tbody .name")).to_have_text(["Alfa", "Beta"])


def test_form_works_without_script(
    app: Any, browser: Browser, live_server: str, projects: None
) -> None:
    context = browser.new_context(base_url=live_server, locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    log_in(page)
    page.goto("/reports/new?register=opportunity&_flt_eq_stage=qualification")
    page.select_option("#group-0", "owner")
    page.select_option("#how-1", "sum")
    page.select_option("#measured-1", "value")
    with page.expect_navigation():
        page.get_by_role("button", name="Show the result").click()
    assert cells(page) == [["Admin Tester", "2", "€1,500.50"], ["Total", "2", "€1,500.50"]]
    page.fill("#report-name", "Without script")
    with page.expect_navigation():
        page.get_by_role("button", name="Save the report").click()
    assert cells(page)[-1] == ["Total", "2", "€1,500.50"]
    context.close()


def saved(projects: None, **values: Any) -> str:
    """A report of the administrator, kept as it is."""
    report = Report(register="opportunity", name="Kept", owner=User.objects.get(username="admin").pk, audience="me",
                    groups=[{"column": "stage", "by": ""}], measures=[{"how": "sum", "column": "value", "by": ""}],
                    chart="bar", created_at="2026-01-01", **values).save()  # fmt: skip
    return f"/reports/{report.pk}"


def test_chart_leads_to_the_records_and_follows_the_theme(page: Page, projects: None) -> None:
    log_in(page)
    page.goto(saved(projects))
    chart = page.locator("[data-chart]")
    expect(chart).to_have_attribute("aria-label", re.compile("The largest is Qualification: €1,500.50"))
    bar = chart.locator("svg path[fill]").filter(has_not_text=re.compile(".")).last
    fills = "paths => paths.map(path => path.getAttribute('fill'))"
    light = page.evaluate(f"({fills})([...document.querySelectorAll('[data-chart] svg path')])")
    page.evaluate("localStorage.setItem('theme', 'dark'); document.dispatchEvent(new Event('themechange'))")
    page.wait_for_function(
        f"before => JSON.stringify(({fills})([...document.querySelectorAll('[data-chart] svg path')])) !== before",
        arg=str(page.evaluate("JSON.stringify", light)),
    )
    expect(bar).to_be_attached()
    box = chart.locator("svg").bounding_box()
    assert box is not None
    with page.expect_navigation():
        page.mouse.click(box["x"] + 150, box["y"] + 26)
    expect(page.locator("#records tbody .name")).to_have_text(["Alfa", "Beta"])


def test_deleting_is_taken_back_from_the_message(page: Page, projects: None) -> None:
    log_in(page)
    address = saved(projects)
    page.goto(address)
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Delete the report").click()
    expect(page.get_by_text("was deleted")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("heading", name="Kept")).to_be_visible()
    assert page.url.endswith(address)
