"""The screens of the offer book's past: weeks, what moved, conditions, rights, hostile addresses."""

import datetime as dt
import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.security import FieldRight, Role, User
from services.records import create_record, delete_record, update_record
from tests.services.replayed import Clock
from tests.views.test_board import sign_in_at
from tests.views.test_reports import plain

Raw = dict[str, Any]
NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
TODAY = NOW.date()
DEVELOPMENT, MOVED = "/opportunities/development", "/opportunities/moved"


def ago(**span: float) -> dt.datetime:
    return NOW - dt.timedelta(**span)


@pytest.fixture
def past(app: Flask, admin_access: Access, admin: User, make_user: Callable[..., User],
         monkeypatch: pytest.MonkeyPatch) -> dict[str, Raw]:  # fmt: skip
    """Opportunities of forty days ago, half of which moved ten days ago."""
    clock = Clock(monkeypatch)
    clock.to(ago(days=40))
    owners = {"mine": str(admin.pk), "hers": str(make_user("aino").pk)}
    made = {name: create_record(admin_access, "opportunity", {"name": name, "owner": owners[whose], **values})
            for name, whose, values in (
                ("Crane & Co", "mine", {"value": "1000 EUR", "closes_on": "2026-01-01"}),
                ("Hoist", "hers", {"value": "500.50 EUR"}), ("Bridge", "hers", {"value": "70 EUR"}),
                ("Gone", "mine", {"value": "9 EUR"}))}  # fmt: skip
    clock.to(ago(days=10))
    update_record(admin_access, "opportunity", made["Crane & Co"]["_id"], {"value": "1200 EUR",
                                                                          "closes_on": "2026-03-01"})  # fmt: skip
    update_record(admin_access, "opportunity", made["Hoist"]["_id"], {"state": "won"})
    delete_record(admin_access, "opportunity", made["Gone"]["_id"])
    clock.to(ago(days=1))
    made["Fresh"] = create_record(admin_access, "opportunity", {"name": "Fresh", "owner": owners["mine"],
                                                               "value": "30 EUR"})  # fmt: skip
    return made


def tables_of(text: str) -> list[list[list[str]]]:
    found = re.findall(r"<table class=\"k-list k-reporttable.*?</table>", text, re.DOTALL)
    return [[[plain(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", line, re.DOTALL)]
             for line in re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)] for table in found]  # fmt: skip


def test_weeks_tell_the_offer_book_newest_first(client: FlaskClient, past: dict[str, Raw]) -> None:
    (table,) = tables_of(client.get(f"{DEVELOPMENT}?weeks=13").text)
    assert table[0] == ["End of the week", "Total", "Admin Tester", "Aino Tester"]
    assert len(table) == 1 + 14
    assert table[1] == ["Now", "€1,300.00", "€1,230.00", "€70.00"]
    assert [row[1:] for row in table[-2:]] == [["€0.00"] * 3] * 2
    assert ["€1,579.50", "€1,009.00", "€570.50"] in [row[1:] for row in table]
    counted = tables_of(client.get(f"{DEVELOPMENT}?weeks=13&figure=count&by=stage").text)[0]
    assert counted[0][2:] == ["Qualification"]
    assert counted[1] == ["Now", "3", "3"]


def test_a_week_leads_to_what_moved_since_under_the_same_conditions(client: FlaskClient, past: dict[str, Raw]) -> None:
    text = html.unescape(client.get(f"{DEVELOPMENT}?_flt_ct_name=Crane").text)
    address = re.findall(r'class="name" href="([^"]*moved[^"]*)"', text)[3]
    assert re.fullmatch(r"/opportunities/moved\?_flt_ct_name=Crane&since=\d{4}-\d\d-\d\d", address)
    bridge = tables_of(client.get(address).text)[0]
    assert [row[0] for row in bridge[2:]] == ["Grown", "Now"]
    assert bridge[-1] == ["Now", "1", "€1,200.00"]


def test_what_moved_adds_up_and_names_the_records(client: FlaskClient, past: dict[str, Raw]) -> None:
    since = (TODAY - dt.timedelta(days=20)).isoformat()
    text = client.get(f"{MOVED}?since={since}").text
    bridge, *sections = tables_of(text)
    assert [row[1:] for row in bridge[1:]] == [
        ["4", "€1,579.50"], ["1", "+€30.00"], ["1", "+€200.00"], ["1", "-€500.50"], ["1", "-€9.00"], ["3", "€1,300.00"],
    ]  # fmt: skip
    assert [row[0] for row in bridge[2:]] == ["New", "Grown", "Won", "Deleted", "Now"]
    assert [section[1] for section in sections] == [
        ["Fresh", "Admin Tester", "–", "€30.00", "+€30.00"],
        ["Crane & Co", "Admin Tester", "€1,000.00", "€1,200.00", "+€200.00"],
        ["Hoist", "Aino Tester", "€500.50", "€500.50", "-€500.50"],
        ["Gone", "Admin Tester", "€9.00", "–", "-€9.00"],
        ["Crane & Co", "Admin Tester", "1 Jan 2026", "1 Mar 2026", "€1,200.00"],
    ]  # fmt: skip
    assert f'href="/opportunities/show/{past["Crane & Co"]["_id"]}"' in text
    assert f"/show/{past['Gone']['_id']}" not in text


def test_sellers_see_what_is_their_own(past: dict[str, Raw], make_role: Callable[..., Role],
                                       sign_in: Callable[[User], FlaskClient]) -> None:  # fmt: skip
    role = make_role("Own", ("opportunity", "see", "own"))
    aino = User.objects.get(username="aino")
    aino.update(set__roles=[role])
    client = sign_in(aino)
    assert tables_of(client.get(DEVELOPMENT).text)[0][1] == ["Now", "€70.00", "€70.00"]
    text = client.get(f"{MOVED}?since={TODAY - dt.timedelta(days=20)}").text
    assert "Hoist" in text
    assert "Crane" not in text
    assert "Gone" not in text


def test_readers_without_the_register_or_its_values_are_told(
    make_role: Callable[..., Role], make_user: Callable[..., User], sign_in: Callable[[User], FlaskClient]
) -> None:
    hidden = FieldRight(register="opportunity", column="value", access="hidden")
    blind = sign_in(make_user("blind", make_role("Blind", ("opportunity", "see", "all"), field_rights=[hidden])))
    for address in (DEVELOPMENT, MOVED):
        answer = blind.get(address)
        assert answer.status_code == 400
        assert "There is no field" in answer.text
    outside = sign_in(make_user("outside", make_role("Outside", ("company", "see", "all"))))
    assert {outside.get(address).status_code for address in (DEVELOPMENT, MOVED)} <= {302, 403, 404}


def test_an_empty_register_says_what_to_do(client: FlaskClient) -> None:
    for address in (DEVELOPMENT, MOVED):
        text = client.get(address).text
        assert "Nothing has been open" in text
        assert 'href="/opportunities/add"' in text


@pytest.mark.parametrize("query", [
    "weeks=-1&by=&figure=", "weeks=1e9&by=value&figure=nothing", "weeks=%00&by=%F0%9F%92%A9&figure[]=1",
    "by=products&weeks=52", "since=", "since=2026-13-45", "since=0001-01-01", "since=1960-05-05", "since=9999-12-31",
    "since=%00", "since=" + "9" * 500, "_flt_eq_nothing=1", "_flt_zz_name=1", "where=[", "where=[{\"any\":[]}]",
    "_flt_gt_value=x", "since=2026-01-01&since=x",
])  # fmt: skip
def test_hostile_addresses_are_answered_with_a_message(client: FlaskClient, past: dict[str, Raw], query: str) -> None:
    for address in (DEVELOPMENT, MOVED):
        answer = client.get(f"{address}?{query}")
        assert answer.status_code in (200, 400)
        assert "<h1" in answer.text


def test_a_day_that_is_not_past_is_told_and_kept(client: FlaskClient) -> None:
    for typed, told in ((TODAY.isoformat(), "Choose a day that is past."), ("x1", "Give a day as 2024-12-31.")):
        answer = client.get(f"{MOVED}?since={typed}")
        assert answer.status_code == 400
        assert told in answer.text
        assert f'value="{typed}"' in answer.text


def test_reports_as_of_a_past_day_lead_to_what_moved_since(client: FlaskClient, past: dict[str, Raw]) -> None:
    day = (TODAY - dt.timedelta(days=20)).isoformat()
    text = client.get(f"/reports/ready/offer_book?as_of={day}").text
    assert f"/opportunities/moved?_flt_eq_state=open&amp;since={day}" in text
    assert "€1,579.50" in text
    # Its records are listed nowhere: a list shows what is so now.
    assert 'class="name" href' not in text
    assert "/opportunities/moved" not in client.get("/reports/ready/offer_book").text


def test_the_way_between_board_development_and_what_moved(page: Page, past: dict[str, Raw]) -> None:
    sign_in_at(page, "/opportunities/board")
    page.get_by_role("link", name="Development").click()
    expect(page.get_by_role("heading", name="Development", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="Stacked bars")).to_be_visible()
    expect(page.locator("[data-chart-place] svg")).to_be_visible()
    page.get_by_role("link", name="13 weeks").click()
    expect(page.locator("tbody tr")).to_have_count(14)
    page.get_by_role("button", name="By").click()
    page.get_by_role("link", name="Stage").click()
    expect(page.get_by_role("columnheader", name="Qualification")).to_be_visible()
    page.get_by_role("link", name="What moved").click()
    page.get_by_label("Since", exact=True).last.fill((TODAY - dt.timedelta(days=20)).isoformat())
    page.get_by_role("button", name="Show", exact=True).click()
    page.get_by_role("link", name="Grown").click()
    section = page.get_by_role("region", name="Grown")
    expect(section).to_be_in_viewport()
    section.get_by_role("link", name="Crane & Co").click()
    expect(page.get_by_role("heading", name="Crane & Co")).to_be_visible()
