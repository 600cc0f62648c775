"""What has become of companies, asked through their activities: overdue tasks, and nobody in touch for months."""

import datetime as dt
import json
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.rights import Access
from models.security import User
from services.records import create_record
from services.search import find_page
from tests.views.test_tasks import sign_in_at

SILENT = [{"through": "activity.companies", "none": [{"col": "at", "opr": "period", "value": "last_6_months"}]}]
LATE = {"col": "due_at", "opr": "period", "value": "past"}
PENDING = {"col": "state", "opr": "in", "value": ["open", "waiting"]}
OVERDUE = [{"through": "activity.companies", "all": [LATE, PENDING]}]


@pytest.fixture
def companies(admin_access: Access) -> None:
    now = dt.datetime.now(dt.UTC)

    def with_activity(name: str, **values: Any) -> None:
        company = create_record(admin_access, "company", {"name": name})
        create_record(admin_access, "activity", {"name": "x", "companies": [str(company["_id"])], **values})

    create_record(admin_access, "company", {"name": "Never"})
    with_activity("Long ago", starts_at=(now - dt.timedelta(days=200)).isoformat(), state="done")
    with_activity("Lately", starts_at=(now - dt.timedelta(days=100)).isoformat(), state="done")
    with_activity("Late", due_on=(now - dt.timedelta(days=300)).date().isoformat())
    with_activity("Done", due_on=(now - dt.timedelta(days=3)).date().isoformat(), state="done")
    with_activity("Coming", due_on=(now + dt.timedelta(days=3)).date().isoformat())


def names(access: Access, conditions: Any) -> list[str]:
    return [raw["name"] for raw in find_page(access, "company", conditions).rows]


def test_companies_without_activity_for_months_and_with_overdue_tasks(companies: None, admin_access: Access) -> None:
    assert names(admin_access, SILENT) == ["Coming", "Late", "Long ago", "Never"]
    assert names(admin_access, OVERDUE) == ["Late"]
    coming = [{"through": "activity.companies", "any": [{"col": "due_at", "opr": "period", "value": "future"}]}]
    assert names(admin_access, coming) == ["Coming"]
    late = [{"col": "due_on", "opr": "period", "value": "past"}]
    assert {raw["state"] for raw in find_page(admin_access, "activity", late).rows} == {"open", "done"}


def test_a_past_that_is_asked_of_over_an_address_is_told_in_words(client: FlaskClient, companies: None) -> None:
    text = client.get("/activities/?_flt_period_due_at=past&_flt_in_state=open&_flt_in_state=waiting").text
    assert "in the past" in text
    assert text.count("data-row=") == 1
    assert "the last 6 months" in client.get("/activities/?_flt_period_at=last_6_months").text


def test_advanced_search_puts_them_together(page: Page, admin: User, companies: None) -> None:
    sign_in_at(page, f"/companies/search?where={quote(json.dumps(SILENT))}")
    expect(page.locator("[data-sentence]")).to_contain_text("the last 6 months")
    with page.expect_navigation():
        page.locator("[data-show]").click()
    expect(page.locator("[data-row]")).to_have_count(4)
    expect(page.locator("[data-row] a.name").first).to_have_text("Coming")
