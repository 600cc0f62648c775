"""Tasks on screen: the list and its quick ways, by mouse and by keys, and what answers where somebody came before."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.activities import Activity
from models.rights import Access
from models.security import Team, User
from services.records import create_record, get_record, update_record
from services.tasks import add_task
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
TODAY = dt.datetime.now(ZoneInfo("Europe/Helsinki")).date()


def day(days: int) -> str:
    return (TODAY + dt.timedelta(days=days)).isoformat()


@pytest.fixture
def mine(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


@pytest.fixture
def tasks(mine: Access) -> dict[str, Raw]:
    company = create_record(mine, "company", {"name": "Alfa & Co"})
    rows = [("Ring", {"due_on": day(-4), "priority": "high", "companies": [str(company["_id"])]}),
            ("Write", {"due_on": day(-3)}), ("Think", {})]  # fmt: skip
    return {name: add_task(mine, {"name": name, **values}) for name, values in rows}


def stored(raw: Raw) -> Raw:
    return Activity._get_collection().find_one({"_id": raw["_id"]}) or {}


def test_list_tells_what_is_to_be_done(client: FlaskClient, tasks: dict[str, Raw]) -> None:
    text = client.get("/tasks/").text
    assert text.index("Overdue") < text.index("Ring") < text.index("Without a day") < text.index("Think")
    assert "Alfa &amp; Co" in text
    assert "High" in text
    assert re.search(r"data-menu-count[^>]*>2<", text)
    assert "Write" not in client.get("/tasks/?priority=high").text
    assert "No such tasks" in client.get("/tasks/?priority=low").text
    assert "Nothing has been done yet" in client.get("/tasks/?due=done").text
    assert client.get("/tasks/?due=overdue&after=x").status_code == 404


def test_tasks_stand_before_activities_in_the_menu(client: FlaskClient) -> None:
    text = client.get("/tasks/").text
    assert text.index('href="/tasks/"') < text.index('href="/activities/"')
    assert 'href="/tasks/" aria-current="page"' in text


def test_who_may_not_see_activities_has_no_tasks(
    make_user: Callable[..., User], make_role: Callable[..., Any], sign_in: Callable[[User], FlaskClient]
) -> None:
    narrow = sign_in(make_user("narrow", make_role("Narrow", ("company", "see", "all"))))
    assert narrow.get("/tasks/").status_code in (302, 403)
    assert 'href="/tasks/"' not in narrow.get("/companies/").text


def test_a_task_is_worked_on_without_scripts(client: FlaskClient, tasks: dict[str, Raw], admin: User) -> None:
    ring = tasks["Ring"]
    answer = client.post(f"/tasks/done/{ring['_id']}?version=1&back=/companies/show/{'a' * 24}")
    assert answer.location == f"/companies/show/{'a' * 24}"
    assert stored(ring)["state"] == "done"
    assert client.post(f"/tasks/undo/{ring['_id']}?version=2&back=//evil.example/").location == "/tasks/"
    assert stored(ring)["state"] == "open"
    client.post(f"/tasks/postpone/{ring['_id']}?version=3&to=tomorrow")
    assert stored(ring)["due_on"].date() == TODAY + dt.timedelta(days=1)
    team = Team(name="North").save()
    client.post(f"/tasks/assign/{ring['_id']}?version=4", data={"team": str(team.pk)})
    assert stored(ring)["team"] == team.pk
    assert client.post("/tasks/add", data={"name": "New", "due_on": day(2)}).location == "/tasks/"
    refused = client.post("/tasks/add", data={"name": "Kept", "due_on": "someday"})
    assert refused.status_code == 422
    assert 'value="Kept"' in refused.text
    client.post(f"/tasks/delete/{ring['_id']}?version=5")
    assert not stored(ring)


def test_a_leader_is_offered_the_tasks_of_all_and_who_sees_own_ones_is_not(
    make_role: Callable[..., Any], make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    role = make_role("Own", ("activity", "see", "own"))
    leader = make_user("leader", role, leads=[Team(name="North").save()])
    assert "whose=all" in sign_in(leader).get("/tasks/").text
    assert "whose=all" not in sign_in(make_user("seller", role)).get("/tasks/").text


def test_a_conflict_is_told(client: FlaskClient, tasks: dict[str, Raw], mine: Access) -> None:
    ring = tasks["Ring"]
    update_record(mine, "activity", ring["_id"], {"due_on": day(5)})
    answer = client.post(f"/tasks/postpone/{ring['_id']}?version=1&to=tomorrow", data={"part": "1"})
    assert answer.status_code == 409
    assert 'data-said="danger"' in answer.text
    assert "Somebody else" in answer.text
    # What others have changed elsewhere stands in nobody's way.
    assert client.post(f"/tasks/done/{ring['_id']}?version=1", data={"part": "1"}).status_code == 200


def test_a_repeating_task_tells_when_it_comes_again(client: FlaskClient, mine: Access) -> None:
    task = add_task(mine, {"name": "Report", "due_on": day(1), "repeats": "FREQ=WEEKLY"})
    answer = client.post(f"/tasks/done/{task['_id']}?version=1", data={"part": "1"}).text
    assert "The next one is due" in answer
    assert "data-next" not in answer


def sign_in_at(page: Page, address: str) -> None:
    page.goto(address)
    page.locator("#username").fill("admin")
    page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        page.locator("#password").press("Enter")


def test_keys_tick_off_and_what_comes_next_is_asked_in_place(page: Page, admin: User, tasks: dict[str, Raw]) -> None:
    sign_in_at(page, "/tasks/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Ring")).to_be_focused()
    page.keyboard.press("x")
    subject = page.locator("[data-next] .subject")
    expect(subject).to_be_focused()
    page.keyboard.type("Send the offer")
    page.keyboard.press("Enter")
    expect(page.locator("[data-row]", has_text="Send the offer")).to_contain_text("Alfa & Co")
    expect(page.locator("[data-row]", has_text="Ring")).to_have_count(0)
    expect(page.locator("[data-menu-count]")).to_contain_text("1")
    made = Activity._get_collection().find_one({"name": "Send the offer"}) or {}
    assert made["previous"] == tasks["Ring"]["_id"]
    # The next row has the focus; Space is as good, and Escape asks for nothing more.
    expect(page.get_by_role("link", name="Write")).to_be_focused()
    page.keyboard.press("Space")
    expect(subject).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("[data-row]", has_text="Write")).to_have_count(0)
    page.locator(".k-toast", has_text="Write is done").get_by_role("button", name="Undo").click()
    expect(page.locator("[data-row]", has_text="Write")).to_have_count(1)
    page.keyboard.press("?")
    expect(page.get_by_text("Mark the task done")).to_be_visible()


def test_menu_postpones_and_hands_over(page: Page, admin: User, tasks: dict[str, Raw], make_user: Any) -> None:
    mikko = make_user("mikko", "Admin")
    sign_in_at(page, "/tasks/")
    row = page.locator("[data-row]", has_text="Ring")
    row.click(button="right")
    page.get_by_role("button", name="Postpone to tomorrow").click()
    expect(page.locator("[data-row]", has_text="Ring").locator(".is-late")).to_have_count(0)
    page.locator("[data-row]", has_text="Ring").get_by_role("button", name="Actions for Ring").click()
    page.get_by_role("button", name="Hand over…").click()
    page.keyboard.type("Mikko")
    page.locator("#hand-over .option", has_text="Mikko").click()
    page.locator("#hand-over").get_by_role("button", name="Hand over").click()
    expect(page.locator("[data-row]", has_text="Ring")).to_have_count(0)
    assert stored(tasks["Ring"])["owner"] == mikko.pk


def test_a_task_is_dragged_onto_a_colleague(page: Page, admin: User, tasks: dict[str, Raw], make_user: Any) -> None:
    mikko = make_user("mikko", "Admin")
    sign_in_at(page, "/tasks/")
    page.locator("[data-row]", has_text="Write").drag_to(page.locator("[data-assign=user]", has_text="Mikko"))
    expect(page.locator("[data-row]", has_text="Write")).to_have_count(0)
    assert stored(tasks["Write"])["owner"] == mikko.pk


def test_a_task_is_added_in_one_line_on_a_phone_in_finnish(page: Page, admin: User, mine: Access) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_extra_http_headers({"Accept-Language": "fi"})
    sign_in_at(page, "/tasks/")
    subject = page.locator(".k-quick [name=name]")
    subject.fill("Soita Matille")
    subject.press("Enter")
    expect(page.locator("[data-row]", has_text="Soita Matille")).to_be_visible()
    expect(subject).to_have_value("")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator("[data-row-tick]").click()
    expect(page.locator("[data-next]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    made = Activity._get_collection().find_one({"name": "Soita Matille"}) or {}
    assert get_record(mine, "activity", made["_id"])["owner"] == admin.pk


def test_forms_begin_with_what_their_kind_needs(client: FlaskClient) -> None:
    task = client.get("/activities/add?kind=task").text
    assert task.index('name="kind"') < task.index('name="due_on"') < task.index('name="companies"')
    call = client.get("/activities/add?kind=call").text
    assert call.index('name="companies"') < call.index('name="text"') < call.index('name="due_on"')
    assert re.search(r'<option (selected )?value="done"( selected)?', call)
    assert re.search(r'value="done"[^>]*selected|selected[^>]*value="done"', call)
    assert not re.search(r'value="done"[^>]*selected|selected[^>]*value="done"', task)


def test_activities_stand_newest_first(client: FlaskClient, tasks: dict[str, Raw]) -> None:
    text = client.get("/activities/").text
    assert re.search(r'data-column="at"[^>]*aria-sort="descending"', text)
    assert re.search(r'order=at&amp;dir=asc', text)
