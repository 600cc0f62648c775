"""The page of the REST interface, in a real browser under the page's own policy."""

import os
import re

from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.security import Role, User
from services.api_keys import add_key
from services.security import access_for
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD


def test_a_call_is_tried_with_an_api_key(page: Page, admin: User) -> None:
    CompanyFactory.create(name="Voima Oy")
    _raw, key = add_key(access_for(admin), {
        "name": "Shop", "owner": str(admin.pk), "roles": [str(Role.objects.get(name="Reader").pk)]})  # fmt: skip
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(".k-nav", state="attached")
    page.goto("/api/docs/")
    page.set_default_timeout(60_000)
    page.locator(".authorize").click()
    asking = page.locator(".modal-ux")
    asking.locator("input").fill(key)
    asking.get_by_role("button", name="Apply credentials").click()
    asking.locator(".btn-done").click()
    page.locator("#operations-tag-Companies").click()
    call = page.locator("#operations-Companies-list_company")
    call.get_by_role("button").first.click()
    call.get_by_role("button", name="Try it out").click()
    if os.environ.get("SHOT"):
        page.screenshot(path=os.environ["SHOT"], full_page=True)
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table")).to_contain_text("Voima Oy", timeout=60_000)
    if os.environ.get("SHOT"):
        page.screenshot(path=os.environ["SHOT"] + "2.png")
    own = re.match(r"https?://[^/]+", page.url)[0]  # type: ignore[index]
    assert [url for url in asked if not url.startswith((own, "data:", "blob:"))] == []


def test_the_page_is_for_those_who_are_signed_in_and_has_their_calls(client: FlaskClient) -> None:
    stranger = client.application.test_client()
    assert stranger.get("/api/docs/").status_code == 302
    assert stranger.get("/api/docs/openapi.json").status_code == 302
    answer = client.get("/api/docs/openapi.json")
    assert "/api/v1/company/" in answer.json["paths"]
    assert answer.headers["Cache-Control"] == "no-store"
