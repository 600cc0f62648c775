"""Activities on a record's page: what is open or coming, and logging in seconds without leaving it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.activities import Activity
from models.rights import Access
from models.security import User
from services.records import create_record
from tests.views.test_tasks import sign_in_at

Raw = dict[str, Any]


@pytest.fixture
def mine(admin: User, access_of: Callable[[User], Access]) -> Access:
    return access_of(admin)


@pytest.fixture
def records(mine: Access) -> dict[str, Raw]:
    alfa = create_record(mine, "company", {"name": "Alfa & Co"})
    maija = create_record(mine, "person", {"name": "Maija", "companies": [str(alfa["_id"])]})
    return {"Alfa": alfa, "Maija": maija}


def only() -> Raw:
    found = list(Activity._get_collection().find({}))
    assert len(found) == 1
    return found[0]


def test_what_is_open_or_coming_stands_in_its_order(client: FlaskClient, mine: Access, records: dict[str, Raw]) -> None:
    alfa = [str(records["Alfa"]["_id"])]
    soon = (dt.datetime.now(dt.UTC) + dt.timedelta(days=3)).isoformat()
    for values in ({"name": "Meet", "kind": "meeting", "starts_at": soon}, {"name": "Ring", "due_on": "2020-01-01"},
                   {"name": "Done", "state": "done"},
                   {"name": "Weekly", "kind": "meeting", "starts_at": "2020-01-01T10:00", "repeats": "FREQ=DAILY"}):
        create_record(mine, "activity", {**values, "companies": alfa})
    text = client.get(f"/companies/activities/{alfa[0]}").text
    assert text.index(">Ring<") < text.index(">Weekly<") < text.index(">Meet<")
    assert ">Done<" not in text
    page = client.get(f"/companies/show/{alfa[0]}").text
    assert f'data-part="/companies/activities/{alfa[0]}"' in page
    assert page.index("/companies/activities/") < page.index("/companies/timeline/")
    assert "/activities/add?companies=" not in page
    assert client.get(f"/activities/activities/{Activity.objects.first().pk}").status_code == 404


def test_a_call_is_logged_as_done_now(client: FlaskClient, records: dict[str, Raw]) -> None:
    url = f"/people/activities/{records['Maija']['_id']}"
    assert "Alfa &amp; Co" in client.get(url).text
    data = {"kind": "call", "name": "Asked for an offer", "companies": str(records["Alfa"]["_id"])}
    assert client.post(url, data=data).location == f"/people/show/{records['Maija']['_id']}"
    made = only()
    told = client.post(url, data={**data, "part": "1"}).text
    link = f'<a href="/activities/show/{Activity.objects.order_by("-id").first().pk}">Asked for an offer</a>'
    assert f"{link} was added." in told
    assert (made["kind"], made["state"], made["people"]) == ("call", "done", [records["Maija"]["_id"]])
    assert made["companies"] == [records["Alfa"]["_id"]]
    assert made["done_at"] == made["at"]


@pytest.mark.parametrize(("typed", "state", "minutes"), [
    ({"minutes": "30"}, "done", 30), ({"starts_at": "2099-05-01T10:00", "minutes": "60"}, "open", 60),
    ({"starts_at": "2020-05-01T10:00"}, "done", None), ({"kind": "task", "due_on": "2099-01-01"}, "open", None),
    ({"kind": "task", "minutes": "rubbish"}, "open", None),
])  # fmt: skip
def test_time_length_and_day_are_understood(
    client: FlaskClient, records: dict[str, Raw], typed: Raw, state: str, minutes: int | None
) -> None:
    url = f"/companies/activities/{records['Alfa']['_id']}"
    assert client.post(url, data={"kind": "meeting", "name": "x", **typed}).status_code == 302
    made = only()
    length = made["ends_at"] - made["starts_at"] if "ends_at" in made else None
    assert (made["state"], length) == (state, None if minutes is None else dt.timedelta(minutes=minutes))


@pytest.mark.parametrize("typed", [
    {}, {"name": "x", "minutes": "-1"}, {"name": "x", "minutes": "99999"}, {"name": "x", "starts_at": "someday"},
    {"name": "x", "kind": "task", "due_on": "someday"}, {"name": "x", "kind": "$"}, {"name": "x", "owner": "abc"},
])  # fmt: skip
def test_what_is_wrong_stays_as_it_was_typed(client: FlaskClient, records: dict[str, Raw], typed: Raw) -> None:
    url = f"/companies/activities/{records['Alfa']['_id']}"
    answer = client.post(url, data={"kind": "call", "text": "", "part": "1", **typed})
    assert answer.status_code == 422
    assert 'class="k-error"' in answer.text
    assert Activity.objects.count() == 0


def test_who_may_only_read_logs_nothing(
    make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient], records: dict[str, Raw]
) -> None:
    reader, url = sign_in(make_user("reader", "Reader")), f"/companies/activities/{records['Alfa']['_id']}"
    assert "data-log" not in reader.get(url).text
    assert reader.post(url, data={"kind": "call", "name": "x", "part": "1"}).status_code == 422
    assert Activity.objects.count() == 0


def test_logged_by_keys_and_told_at_once(page: Page, admin: User, records: dict[str, Raw]) -> None:
    sign_in_at(page, f"/people/show/{records['Maija']['_id']}")
    subject = page.locator("[data-log] [name=name]")
    expect(subject).to_be_visible()
    page.keyboard.press("l")
    expect(subject).to_be_focused()
    page.keyboard.type("Asked for an offer")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".k-timeline")).to_contain_text("Asked for an offer")
    expect(subject).to_be_focused()
    expect(subject).to_have_value("")
    # A task in the same line; then it is ticked off, and nothing follows.
    page.locator(".k-logkinds label", has_text="Task").click()
    subject.fill("Send it")
    page.locator("[data-log] [name=due_on]").fill("2099-01-01")
    subject.press("Enter")
    row = page.locator(".k-open-acts li", has_text="Send it")
    expect(row).to_contain_text("Alfa & Co")
    row.locator("[data-row-tick]").click()
    expect(page.locator("[data-next] .subject")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_text("Nothing is open or coming.")).to_be_visible()
    # What is wrong stays, and is said where it is.
    page.locator("[data-log] summary").click()
    page.locator("[data-log] [name=minutes]").fill("long")
    subject.fill("Kept")
    subject.press("Enter")
    expect(page.locator("[data-log] .k-error")).to_contain_text("minutes")
    expect(subject).to_have_value("Kept")


def test_the_block_fits_a_phone(page: Page, admin: User, records: dict[str, Raw]) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.set_extra_http_headers({"Accept-Language": "fi"})
    sign_in_at(page, f"/companies/show/{records['Alfa']['_id']}")
    expect(page.locator("[data-log] [name=name]")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
