"""The calendar as people use it, in a real browser: dragging, adding, answering, and what the server refuses."""

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Locator, Page, expect

from models.activities import Activity
from models.rights import Access
from models.security import User
from services.preferences import choose_calendar
from services.records import create_record, update_record
from tests.fixtures.app import PASSWORD

Raw = dict[str, Any]
MONDAY = dt.datetime(2099, 10, 19, tzinfo=dt.UTC)


@pytest.fixture
def people(make_user: Callable[..., User], make_role: Callable[..., Any]) -> dict[str, User]:
    own = make_role("Own", ("activity", "see", "all"),
                    *(("activity", action, "own") for action in ("add", "change", "delete")))  # fmt: skip
    return {"aino": make_user("aino", own), "ville": make_user("ville", own)}


@pytest.fixture
def rights(people: dict[str, User], access_of: Callable[[User], Access]) -> dict[str, Access]:
    return {name: access_of(user) for name, user in people.items()}


def add(access: Access, name: str = "Meeting", day: int = 20, **values: Any) -> Raw:
    return create_record(access, "activity", {"name": name, "kind": "meeting", "starts_at": f"2099-10-{day}T09:00",
                                              "ends_at": f"2099-10-{day}T10:00", **values})  # fmt: skip


def now(raw: Raw) -> Raw:
    return Activity._get_collection().find_one({"_id": raw["_id"]}) or {}


def sign_in(page: Page, name: str) -> None:
    page.goto("/login/")
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.locator(".k-nav").wait_for(state="attached")


def open_week(page: Page, name: str = "aino", view: str = "week") -> None:
    sign_in(page, name)
    page.goto(f"/calendar/?date=2099-10-19&view={view}")
    page.locator("[data-cal-place][aria-busy=false]").wait_for()


def entry(page: Page, name: str) -> Locator:
    return page.locator(".ec-event:not(.ec-ghost):not(.ec-preview)", has_text=name)


def drag(page: Page, source: Locator, right: float, down: float, *, from_bottom: bool = False) -> None:
    # What is fetched anew takes the place of what would be dragged.
    page.locator("[data-cal-place][aria-busy=false]").wait_for()
    page.wait_for_timeout(300)
    box = source.bounding_box()
    assert box is not None
    x, y = box["x"] + 12, box["y"] + (box["height"] - 2 if from_bottom else 8)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + right / 2, y + down / 2, steps=4)
    page.mouse.move(x + right, y + down, steps=6)
    page.mouse.up()


def test_an_entry_is_dragged_and_lengthened_and_a_move_taken_back(page: Page, rights: dict[str, Access]) -> None:
    raw = add(rights["aino"])
    open_week(page)
    width = page.locator(".ec-col-head").nth(1).bounding_box()["width"]
    drag(page, entry(page, "Meeting"), width, 52)
    expect(page.locator(".k-toast")).to_contain_text("Meeting was moved.")
    assert now(raw)["starts_at"] == dt.datetime(2099, 10, 21, 7, tzinfo=dt.UTC)
    assert now(raw)["ends_at"] - now(raw)["starts_at"] == dt.timedelta(hours=1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".k-toast", has_text="It is back where it was.")).to_be_visible()
    assert now(raw)["starts_at"] == dt.datetime(2099, 10, 20, 6, tzinfo=dt.UTC)
    entry(page, "Meeting").hover()
    drag(page, entry(page, "Meeting"), 0, 52, from_bottom=True)
    expect(page.locator(".k-toast", has_text="Meeting was moved.")).to_be_visible()
    assert now(raw)["ends_at"] - now(raw)["starts_at"] == dt.timedelta(hours=2)


def test_what_somebody_else_changed_meanwhile_is_not_moved(page: Page, rights: dict[str, Access]) -> None:
    raw = add(rights["aino"])
    open_week(page)
    update_record(rights["aino"], "activity", raw["_id"], {"place": "Room 5"})
    drag(page, entry(page, "Meeting"), 0, 52)
    expect(page.get_by_role("alert")).to_contain_text("Somebody else has changed this record meanwhile")
    page.get_by_role("button", name="Show it as it is now").click()
    expect(entry(page, "Meeting")).to_contain_text("Room 5")
    assert now(raw)["starts_at"] == raw["starts_at"]


def test_one_of_a_repeating_entry_moves_alone_across_the_end_of_summer_time(
    page: Page, rights: dict[str, Access]
) -> None:
    raw = add(rights["aino"], "Weekly", 19, repeats="FREQ=WEEKLY")
    open_week(page)
    page.locator("[data-cal-next]").click()
    page.locator("[data-cal-title]", has_text="26").wait_for()
    drag(page, entry(page, "Weekly"), 0, 52)
    page.get_by_role("button", name="Only this one").click()
    expect(page.locator(".k-toast")).to_contain_text("Weekly was moved.")
    own = Activity._get_collection().find_one({"series": raw["_id"]}) or {}
    # Summer time ended the day before: ten o'clock is eight in UTC, and would have been seven.
    assert (own["occurrence"].hour, own["starts_at"].hour) == (7, 8)
    assert now(raw)["skipped"] == [own["occurrence"]]


def test_a_colleague_is_booked_and_declines_with_a_message(
    page: Page, browser: Browser, live_server: str, people: dict[str, User], rights: dict[str, Access]
) -> None:
    both = [str(user.pk) for user in people.values()]
    choose_calendar(rights["aino"], users=both, teams=[], view="people", tasks=False, colours="person")
    open_week(page, view="people")
    column = page.locator(".ec-col-head", has_text="Ville").last.bounding_box()
    slot = page.locator(".ec-slot", has_text="10:00").first.bounding_box()
    page.mouse.click(column["x"] + 40, slot["y"] + 6)
    form = page.locator(".k-calquick")
    form.locator("[name=name]").fill("Planning")
    expect(form.locator(".ts-control", has_text="Ville Tester")).to_be_visible()
    form.get_by_role("button", name="Save").click()
    expect(page.locator(".k-toast")).to_contain_text("Planning was added and proposed.")
    expect(entry(page, "Planning").first).to_contain_text("proposed")
    raw = Activity._get_collection().find_one({"name": "Planning"}) or {}
    assert raw["answers"] == {str(people["ville"].pk): "proposed"}
    other = browser.new_context(base_url=live_server, locale="en-GB").new_page()
    open_week(other, "ville")
    expect(entry(other, "Planning")).to_have_class(re.compile("is-proposed"))
    other.get_by_label("Message to Aino Tester").fill("Another day?")
    other.get_by_role("button", name="Decline").click()
    expect(other.locator(".k-toast")).to_contain_text("Your answer was sent.")
    other.locator("[data-cal-place][aria-busy=false]").wait_for()
    expect(entry(other, "Planning")).to_have_count(0)
    other.context.close()
    assert now(raw)["answers"] == {str(people["ville"].pk): "declined"}
    page.reload()
    page.locator("[data-cal-place][aria-busy=false]").wait_for()
    expect(entry(page, "Planning")).to_have_count(1)


def test_a_task_gets_a_time_by_dragging_and_by_the_keyboard(page: Page, rights: dict[str, Access]) -> None:
    tasks = [create_record(rights["aino"], "activity", {"name": name, "kind": "task"}) for name in ("First", "Second")]
    open_week(page)
    task = page.locator("[data-cal-task]", has_text="First")
    start, slot = task.bounding_box(), page.locator(".ec-slot", has_text="10:00").first.bounding_box()
    page.mouse.move(start["x"] + 8, start["y"] + start["height"] - 6)
    page.mouse.down()
    page.mouse.move(slot["x"] + 200, slot["y"] + 60, steps=6)
    page.mouse.move(slot["x"] + 150, slot["y"] + 15, steps=6)
    page.mouse.up()
    expect(page.locator(".k-toast", has_text="First was moved.")).to_be_visible()
    assert now(tasks[0])["starts_at"].strftime("%H:%M") == "07:00"
    page.locator("[data-cal-task]", has_text="Second").get_by_role("button").press("Enter")
    page.get_by_label("Length in minutes").fill("45")
    page.get_by_label("Length in minutes").press("Enter")
    expect(page.locator(".k-toast", has_text="Second was moved.")).to_be_visible()
    assert now(tasks[1])["ends_at"] - now(tasks[1])["starts_at"] == dt.timedelta(minutes=45)


def test_a_card_finishes_and_deletes_by_keyboard_and_escape_closes_it(page: Page, rights: dict[str, Access]) -> None:
    raw = add(rights["aino"])
    open_week(page)
    entry(page, "Meeting").press("Enter")
    card = page.locator("#calendar-card")
    expect(card.get_by_role("heading", name="Meeting")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    entry(page, "Meeting").press("Enter")
    card.get_by_role("button", name="Done").press("Enter")
    expect(page.locator(".k-toast")).to_contain_text("Meeting was saved.")
    assert now(raw)["state"] == "done"
    entry(page, "Meeting").press("Enter")
    card.get_by_role("button", name="Delete").press("Enter")
    expect(page.locator(".k-toast", has_text="was deleted")).to_be_visible()
    assert now(raw) == {}
    page.locator(".k-toast", has_text="was deleted").get_by_role("button", name="Undo").click()
    expect(entry(page, "Meeting")).to_be_visible()


def test_the_short_form_says_what_is_wrong_keeps_what_was_typed_and_goes_on_in_the_whole_form(
    page: Page, rights: dict[str, Access]
) -> None:
    open_week(page)
    page.keyboard.press("n")
    form = page.locator(".k-calquick")
    form.locator("[name=ends_at]").fill("2099-10-01T10:00")
    form.locator("[name=name]").fill("Planning")
    form.get_by_role("button", name="Save").click()
    expect(form.locator(".k-error")).to_have_text("It can't end before it starts.")
    expect(form.locator("[name=name]")).to_have_value("Planning")
    form.get_by_role("button", name="More").click()
    page.wait_for_url("**/activities/add?*")
    expect(page.locator("#name")).to_have_value("Planning")


def test_a_phone_begins_with_the_list(browser: Browser, live_server: str, rights: dict[str, Access]) -> None:
    add(rights["aino"])
    page = browser.new_context(base_url=live_server, viewport={"width": 360, "height": 740}, locale="en-GB").new_page()
    sign_in(page, "aino")
    page.goto("/calendar/?date=2099-10-19")
    expect(page.locator(".ec-list .ec-event")).to_contain_text("Meeting")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()


@pytest.mark.parametrize(("path", "data", "status"), [
    ("move/{}", {"start": "never"}, 422), ("move/{}", {"start": "9999-01-01T00:00"}, 422),
    ("move/{}", {"start": "2099-01-01T00:00", "version": "99"}, 409), ("move/nonsense", {"start": "2099-01-01"}, 404),
    ("move/{}", {"start": "2099-01-01T00:00", "occurrence": "2099-01-01T00:00:00+00:00", "which": "one"}, 200),
    ("delete/{}", {"version": "99"}, 409), ("done/{}", {"occurrence": "2099-01-01T00:00:00+00:00"}, 409),
    ("again/{}", {}, 409), ("done/{}", {"occurrence": "x"}, 422), ("add", {"name": "\x00", "starts_at": "x"}, 422),
])  # fmt: skip
def test_what_is_sent_amiss_is_refused(
    sign_in: Callable[[User], FlaskClient], people: dict[str, User], rights: dict[str, Access], path: str, data: Raw,
    status: int,
) -> None:  # fmt: skip
    raw = add(rights["aino"])
    answer = sign_in(people["aino"]).post(f"/calendar/{path.format(raw['_id'])}", data=data)
    assert answer.status_code == status


def test_others_entries_are_neither_moved_nor_told(
    sign_in: Callable[[User], FlaskClient], people: dict[str, User], rights: dict[str, Access]
) -> None:
    raw = add(rights["aino"], "Secret", private=True)
    open_one = add(rights["aino"], "Open", 21)
    choose_calendar(rights["ville"], users=[str(people["aino"].pk)], teams=[], view="", tasks=True, colours="kind")
    client = sign_in(people["ville"])
    told = client.get("/calendar/entries?start=2099-10-19T00:00&end=2099-10-26T00:00")
    assert [one["title"] for one in told.json["entries"]] == ["Busy", "Open"]
    assert b"Secret" not in told.data
    assert str(raw["_id"]).encode() not in told.data
    assert client.post(f"/calendar/move/{raw['_id']}", data={"start": "2099-10-20T12:00"}).status_code == 404
    assert client.post(f"/calendar/move/{open_one['_id']}", data={"start": "2099-10-20T12:00"}).status_code == 403
    assert client.get("/calendar/entries?start=x&end=y").status_code == 422


def test_one_occurrence_is_made_only_when_its_form_is_saved(page: Page, rights: dict[str, Access]) -> None:
    raw = add(rights["aino"], "Weekly", 19, repeats="FREQ=WEEKLY")
    open_week(page)
    for _time in range(2):
        page.goto("/calendar/?date=2099-10-26&view=week")
        entry(page, "Weekly").click()
        page.locator("#calendar-card").get_by_role("link", name="Edit").click()
        page.get_by_role("link", name="Only this one").click()
        expect(page.locator("#starts_at")).to_have_value("2099-10-26T09:00")
        expect(page.locator("#repeats")).to_have_count(0)
    page.get_by_role("link", name="Cancel").click()
    assert Activity._get_collection().count_documents({}) == 1
    page.go_back()
    page.fill("#name", "By itself")
    page.fill("#ends_at", "2099-10-01T10:00")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#ends_at-error")).to_have_text("It can't end before it starts.")
    expect(page.locator("#name")).to_have_value("By itself")
    page.fill("#ends_at", "2099-10-26T10:00")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**/calendar/?date=2099-10-26")
    expect(entry(page, "By itself")).to_be_visible()
    assert Activity._get_collection().count_documents({"series": raw["_id"]}) == 1


def test_one_and_all_later_ones_are_edited_and_moved_and_a_move_taken_back(
    page: Page, rights: dict[str, Access]
) -> None:
    raw = add(rights["aino"], "Weekly", 19, repeats="FREQ=WEEKLY;COUNT=5")
    open_week(page)
    page.goto("/calendar/?date=2099-10-26&view=week")
    drag(page, entry(page, "Weekly"), 0, 52)
    page.get_by_role("button", name="This one and all later ones").click()
    expect(page.locator(".k-toast")).to_contain_text("Weekly was moved.")
    later = Activity._get_collection().find_one({"_id": {"$ne": raw["_id"]}}) or {}
    assert (later["repeats"], later["starts_at"].hour) == ("FREQ=WEEKLY;COUNT=4", 8)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".k-toast", has_text="It is back where it was.")).to_be_visible()
    assert now(later) == {}
    assert now(raw)["repeats"] == "FREQ=WEEKLY;COUNT=5"
    entry(page, "Weekly").click()
    page.locator("#calendar-card").get_by_role("link", name="Edit").click()
    page.get_by_role("link", name="This one and all later ones").click()
    page.fill("#name", "Renamed")
    page.get_by_role("button", name="Save").click()
    expect(entry(page, "Renamed")).to_be_visible()
    page.locator("[data-cal-next]").click()
    expect(entry(page, "Renamed")).to_be_visible()
    assert now(raw)["name"] == "Weekly"


@pytest.mark.parametrize(("data", "status"), [
    ({"name": "Typed", "version": "9"}, 409), ({"name": "", "text": "", "version": "1"}, 422),
    ({"name": "Typed", "starts_at": "x", "version": "1"}, 422),
])  # fmt: skip
@pytest.mark.parametrize("which", ["one", "later"])
def test_the_form_of_an_occurrence_keeps_what_was_typed(
    sign_in: Callable[[User], FlaskClient], people: dict[str, User], rights: dict[str, Access], which: str, data: Raw,
    status: int,
) -> None:  # fmt: skip
    raw = add(rights["aino"], "Weekly", 19, repeats="FREQ=WEEKLY")
    address = f"/activities/occurrence/{raw['_id']}?which={which}&occurrence="
    client = sign_in(people["aino"])
    answer = client.post(address + "2099-10-26T07:00:00Z", data={"place": "Room 5", **data})
    assert answer.status_code == status
    assert 'value="Room 5"' in answer.text
    assert Activity._get_collection().count_documents({}) == 1
    assert client.get(address + "2099-10-27T07:00:00Z").status_code == 302
    assert client.get(address + "x").status_code == 302
    assert client.post(address + "2099-10-27T07:00:00Z", data={"name": "Typed", "version": "1"}).status_code == 422
    assert sign_in(people["ville"]).get(address + "2099-10-26T07:00:00Z").status_code == 403
