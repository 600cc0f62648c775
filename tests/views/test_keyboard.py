"""A day's round by keyboard alone: log in, add a company, filter, choose rows, write letters, log out."""

import re
from typing import Any

from playwright.sync_api import Page, expect

from models.activities import Activity
from models.jobs import Job
from models.people import Person
from models.rights import Access
from models.security import User
from services.demo.letters import word_file
from services.files import get_file
from services.jobs import wake_due
from services.merge import upload_template
from services.records import create_record
from tests.fixtures.app import PASSWORD

#: More stops than any page has: whoever has not arrived by then goes round in circles.
MOST_STOPS = 80


def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until the element has the focus. Fails where the keyboard doesn't get there."""
    for _ in range(MOST_STOPS):
        if page.evaluate("selector => document.activeElement?.matches(selector)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
        lost = page.evaluate("document.activeElement === document.body && document.hasFocus()")
        # The body has the focus only on the way round the page's end.
        if lost:
            page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by Tab on {page.url}")


def arrived(page: Page, selector: str, text: str = "") -> None:
    """Wait for the page that a key led to, and for its script: a key pressed before it has run is nobody's."""
    expect(page.locator(selector).first).to_contain_text(text)
    page.wait_for_load_state()


def test_whole_round_by_keyboard_alone(page: Page, admin: User, admin_access: Access) -> None:
    for name in ("Alfa Oy", "Beta Oy"):
        create_record(admin_access, "company", {"name": name, "city": "Oulu"})
    upload_template(admin_access, "company", "Kirje", word_file(("{Name}", "{City}")))
    log_in(page)
    add_company(page, "Gamma Oy")
    filter_by_city(page)
    choose_two_rows(page)
    assert download_letters(page) == get_file(admin_access, finished_job()["result_file"])["name"]
    assert finished_job()["result"]["letters"] == 2
    log_out(page)


def log_in(page: Page) -> None:
    page.goto("/login/")
    tab_to(page, "#username")
    page.keyboard.type("admin")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    arrived(page, ".k-nav")


def add_company(page: Page, name: str) -> None:
    tab_to(page, ".k-nav a[href='/companies/']")
    page.keyboard.press("Enter")
    arrived(page, "h1", "Companies")
    page.keyboard.press("n")
    arrived(page, "h1", "Add company")
    tab_to(page, "#name")
    page.keyboard.type(name)
    tab_to(page, "#city")
    page.keyboard.type("Oulu")
    page.keyboard.press("Control+Enter")
    arrived(page, ".k-toast", f"{name} was added")


def filter_by_city(page: Page) -> None:
    tab_to(page, ".k-crumbs a", back=True)
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(3)
    page.wait_for_load_state()
    page.keyboard.press("f")
    add_condition(page, "City", "Oulu")
    arrived(page, ".k-chip", "Oulu")
    expect(page.locator("tr[data-row]")).to_have_count(3)


def choose_two_rows(page: Page) -> None:
    for count in (1, 2):
        page.keyboard.press("ArrowDown")
        page.keyboard.press("x")
        expect(page.locator(".k-bulk")).to_contain_text(f"{count} selected")


def download_letters(page: Page) -> str:
    """Have the letters made; returns the name of the file that came."""
    tab_to(page, ".k-bulk [formaction^='/merge/start']")
    page.keyboard.press("Enter")
    arrived(page, "main", "Make 2 letters")
    tab_to(page, "input[name=template]")
    page.keyboard.press("Space")
    tab_to(page, ".k-buttons .btn-primary")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/jobs/"))
    expect(page.locator("[data-job-result]")).to_be_visible()
    page.wait_for_load_state()
    tab_to(page, "[data-job-result]")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    return download.value.suggested_filename


def log_out(page: Page) -> None:
    tab_to(page, "[popovertarget=user-menu]")
    page.keyboard.press("Enter")
    tab_to(page, "#user-menu [formaction*=logout]")
    page.keyboard.press("Enter")
    expect(page.locator("#username, a[href*=login]").first).to_be_visible()


def add_condition(page: Page, column: str, value: str) -> None:
    """In the panel: the field, typed and chosen, then the condition that is offered, then the value."""
    keys = page.keyboard
    expect(page.locator("#filter-panel")).to_be_visible()
    expect(page.locator("#filter-panel .ts-control input").first).to_be_focused()
    keys.type(column)
    expect(page.locator("#filter-panel .ts-dropdown .option.active").first).to_have_text(column)
    keys.press("Enter")
    tab_to(page, "#filter-panel [data-filter-fields] input.form-control")
    keys.type(value)
    keys.press("Enter")


def finished_job() -> dict[str, Any]:
    """The one job there is; the tests' worker does it at once."""
    found: dict[str, Any] = Job._get_collection().find_one({"kind": "merge"})
    return found


def test_person_is_looked_for_and_erased_by_keyboard_alone(page: Page, admin: User, admin_access: Access) -> None:
    person = create_record(admin_access, "person", {"name": "Aino Aalto", "email": "aino@aalto.example"})
    named = create_record(admin_access, "activity", {"name": "Ring Aino Aalto", "kind": "task"})
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".k-nav", state="attached")
    page.goto(f"/people/personal_data/{person['_id']}")
    tab_to(page, '[formaction*="look_for"]')
    page.keyboard.press("Enter")
    expect(page.locator("#look progress")).to_be_visible()
    wake_due()
    arrived(page, "#look", "The person stands in 0 files.")
    tab_to(page, 'input[name="also"]')
    page.keyboard.press("Space")
    tab_to(page, 'input[name="how"]')
    page.keyboard.press("Space")
    tab_to(page, "#why")
    page.keyboard.type("Asked for it")
    page.keyboard.press("Tab")
    page.keyboard.type("Somebody else")
    page.keyboard.press("Enter")
    arrived(page, "#name-error", "This is not the person’s name.")
    assert page.input_value("#why") == "Asked for it"
    expect(page.locator('input[name="also"]')).to_be_checked()
    tab_to(page, "#name")
    page.keyboard.press("Control+a")
    page.keyboard.type("Aino Aalto")
    page.keyboard.press("Enter")
    arrived(page, "main", "The person was erased.")
    assert Person.objects(pk=person["_id"]).count() == Activity.objects(pk=named["_id"]).count() == 0


def test_help_on_a_narrow_screen_is_walked_by_keyboard(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/help/en/")
    tab_to(page, '.md-sidebar--primary a[href$="search/"]')
    expect(page.locator('.md-sidebar--primary a[href$="search/"]')).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    arrived(page, "h1", "Finding things")
    expect(page.locator(".md-search")).to_have_attribute("aria-label", "Search")
    page.keyboard.press("f")
    page.keyboard.type("erase")
    expect(page.locator(".md-search-result__link").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".md-search-result__link").first).to_be_hidden()
