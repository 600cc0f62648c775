"""The help: a page for each screen, served under the policy and found by searching; asking for support."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from config import PROJECT_ROOT, VERSION
from models.organisation import THE_ONE, Organisation
from models.outbox import Message
from models.security import User
from views.help_pages import pages_by_screen

DOCS = Path(PROJECT_ROOT) / "docs"
SECTIONS = yaml.safe_load((Path(PROJECT_ROOT) / "help" / "pages.yaml").read_text(encoding="utf-8"))
PAGES = [page for section in SECTIONS for page in section["pages"]]
#: What has addresses but no screen of its own.
NO_SCREENS = {"HelpView", "LocaleView", "UtilView", "appbuilder", "health", "static"}


def screens_of(app: Flask) -> set[str]:
    """The views whose pages people see; programs use the rest."""
    names = {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    return {name for name in names if not name.endswith("Api")} - NO_SCREENS


def test_every_screen_has_one_page_of_help(app: Flask) -> None:
    told = [screen for page in PAGES for screen in page.get("screens", ())]
    assert sorted(told) == sorted(screens_of(app)), "say in help/pages.yaml which page is about each screen"


@pytest.mark.parametrize(("language", "folder"), [("en", DOCS), ("fi", DOCS / "fi")])
def test_every_page_of_docs_is_in_the_help(language: str, folder: Path) -> None:
    listed = [page[language] for page in PAGES if language in page]
    assert sorted(listed) == sorted(path.stem for path in folder.glob("*.md")), "list each page in help/pages.yaml"


def test_all_but_the_developers_pages_are_in_finnish_too() -> None:
    for section in SECTIONS:
        if section["title"]["en"] != "For developers":
            assert all(page.get("fi") for page in section["pages"]), section["title"]["en"]


@pytest.mark.parametrize("language", ["en", "fi"])
def test_every_page_is_served_to_anybody_with_the_policy_and_asked_for_anew(app: Flask, language: str) -> None:
    for page in {page[language] for page in PAGES if language in page} - {"index"}:
        answer = app.test_client().get(f"/help/{language}/{page}/")
        assert answer.status_code == 200, page
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-cache"
        assert f"{VERSION} ·" in answer.text
        answer.close()


@pytest.mark.parametrize("path", [
    "sv/", "en/nothing/", "en/../../pyproject.toml", "en/%2e%2e/%2e%2e/%2e%2e/config.py", "fi//etc/passwd", "en/a%00b",
])  # fmt: skip
def test_nothing_but_the_help_is_served(app: Flask, path: str) -> None:
    assert app.test_client().get(f"/help/{path}", follow_redirects=True).status_code == 404


def test_help_is_opened_in_the_readers_language_and_a_page_by_its_folder(app: Flask) -> None:
    client = app.test_client()
    assert client.get("/help/", headers={"Accept-Language": "fi"}).location == "/help/fi/"
    assert client.get("/help/en/lists").location == "/help/en/lists/"


def test_help_that_was_not_built_says_what_to_do(app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("views.help.BUILT", tmp_path)
    answer = app.test_client().get("/help/en/")
    assert answer.status_code == 404


def test_each_screen_leads_to_its_own_page_in_its_language(client: FlaskClient) -> None:
    assert 'href="/help/en/lists/"' in client.get("/companies/").text
    assert 'href="/help/en/administration/"' in client.get("/settings/").text
    client.get("/lang/fi")
    assert 'href="/help/fi/luettelot/"' in client.get("/companies/").text
    assert pages_by_screen("fi")["MergeView"] == "fi/kirjeet/"
    assert pages_by_screen("fi")["ApiKeyView"] in ("fi/rest/", "en/rest/")


# Asking for support


@pytest.fixture
def support(app: Flask) -> str:
    Organisation.objects(pk=THE_ONE).modify(upsert=True, set__support_email="support@example.com",
                                            set__name="Malli Oy")  # fmt: skip
    return "support@example.com"


WHERE = {"page": "/companies/", "reference": "0123456789abcdef"}


def test_request_for_support_carries_who_where_and_which_version(
    client: FlaskClient, support: str, admin: User
) -> None:
    page = client.get("/companies/").text
    assert "/support/?page=%2Fcompanies%2F&amp;reference=" in page
    answer = client.post("/support/", data={**WHERE, "text": "It broke.\nTwice."}, headers={"User-Agent": "Try/1"})
    assert answer.location == "/companies/"
    message = Message.objects.get(purpose="support")
    assert (message.address, message.reply_to, message.user) == (support, admin.email, admin.pk)
    assert message.subject == "Support request: It broke."
    for fact in ("It broke.\nTwice.", "Organisation: Malli Oy", "/companies/", "Reference: 0123456789abcdef",
                 f"Version: {VERSION}", "Try/1"):  # fmt: skip
        assert fact in message.text


def test_request_for_support_answers_with_the_id_that_the_log_has(client: FlaskClient) -> None:
    answer = client.get("/companies/")
    assert f"reference={answer.headers['X-Request-ID']}" in answer.text


@pytest.mark.parametrize("where", [
    {"page": "//evil.example/", "reference": "<script>"}, {"page": "https://evil.example/", "reference": "a b" * 9},
    {"page": "/\\evil.example", "reference": "\x00"}, {"page": "/a\r\nBcc: x@example.com", "reference": "x" * 999},
])  # fmt: skip
def test_request_for_support_leaves_out_what_is_no_page_and_no_id(
    client: FlaskClient, support: str, where: dict[str, str]
) -> None:
    answer = client.post("/support/", data={**where, "text": "It broke"})
    assert answer.location == "/"
    assert "evil" not in Message.objects.get(purpose="support").text


def test_request_for_support_without_text_is_sent_back_with_all_that_goes_along(
    client: FlaskClient, support: str
) -> None:
    answer = client.post("/support/", data={**WHERE, "text": "  "})
    assert answer.status_code == 422
    assert "Write what to send." in answer.text
    assert WHERE["reference"] in answer.text
    assert Message.objects.count() == 0


def test_without_an_address_nobody_is_written_to(client: FlaskClient, make_user: Any, sign_in: Any) -> None:
    assert "Set the address" in client.get("/support/").text
    answer = client.post("/support/", data={**WHERE, "text": "It broke"})
    assert "No address for support has been set yet." in answer.text
    assert "Ask an administrator" in sign_in(make_user("reader", "Staff")).get("/support/").text
    assert Message.objects.count() == 0


def test_help_is_searched_in_finnish_and_leads_back(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.goto("/help/fi/luettelot/")
    expect(page.locator("h1")).to_contain_text("Luettelot ja tietueet")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": 1280, "height": 800})
    page.locator(".md-search__input").click()
    page.keyboard.type("osoitetarrat")
    page.locator(".md-search-result__link").first.click()
    expect(page.locator("h1")).to_contain_text("Osoitetarrat")
    page.goto("/help/fi/luettelot/")
    page.get_by_role("link", name="English").click()
    expect(page.locator("h1")).to_contain_text("Lists and records")
    assert errors == []
