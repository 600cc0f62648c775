"""An administrator looks at the program as another user sees it: with that user's rights, and without writing."""

from collections.abc import Callable
from typing import Any

import mongoengine as me
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.audit import AuditEntry
from models.console import Look
from models.rights import Access
from models.security import Role, User
from services.audit.chain import check_chain
from tests.factories import CompanyFactory
from tests.fixtures.app import PASSWORD
from tests.test_every_route import addresses, rules

BANNER = "You see Kortisto as Anna Tester does"
#: What is written beside any request: that the session goes on, how often somebody asks, what was carried out.
BESIDE = ("ab_user", "rate_limit_counters", "rate_limit_windows", "audit", "audit_head")


@pytest.fixture
def anna(make_user: Callable, make_role: Callable[..., Role]) -> User:
    return make_user("anna", make_role("Seller", ("company", "see", "own"), ("company", "change", "own")))


@pytest.fixture
def looker(client: FlaskClient, anna: User) -> FlaskClient:
    """The administrator's browser while it looks as Anna."""
    assert client.post(f"/settings/look/{anna.pk}").headers["Location"] == "/"
    return client


def told() -> list[tuple[str, Any, Any]]:
    found = AuditEntry._get_collection().find({"what": {"$regex": "^looked"}}).sort("_id", 1)
    return [(raw["what"], raw["by"], raw["target"]["id"]) for raw in found]


def test_looking_shows_what_the_user_sees_and_ends(
    client: FlaskClient, admin: User, admin_access: Access, anna: User
) -> None:
    mine, other = CompanyFactory.create(name="Annan Oy", owner=str(anna.pk)), CompanyFactory.create(name="Muiden Oy")
    assert "See as this user" in client.get(f"/settings/users/edit/{anna.pk}").text
    client.post(f"/settings/look/{anna.pk}")
    page = client.get("/companies/").text
    assert BANNER in page
    assert ("Annan Oy" in page, "Muiden Oy" in page) == (True, False)
    assert client.get(f"/companies/show/{other['_id']}").status_code == 404
    assert client.get(f"/companies/show/{mine['_id']}").status_code == 200
    assert client.get("/settings/users/").status_code == 403
    assert client.post("/settings/look/stop").headers["Location"] == f"/settings/users/edit/{anna.pk}"
    page = client.get("/companies/").text
    assert ("Muiden Oy" in page, BANNER in page) == (True, False)
    assert told() == [("looked_as_begun", admin.pk, anna.pk), ("looked_as_ended", admin.pk, anna.pk)]
    check_chain()


def test_nothing_is_written_while_looking(app: Flask, looker: FlaskClient, anna: User) -> None:
    """Every address there is, read and sent to: the database stays as it is."""
    refused, before = [], (hashes(), User._get_collection().find_one({"_id": anna.pk}))
    for rule in rules(app):
        address = next(addresses(app, rule))
        if "GET" in (rule.methods or ()) and not rule.rule.startswith("/login/"):
            looker.get(address)
        for method in {"POST", "PUT", "DELETE", "PATCH"} & (rule.methods or set()):
            if rule.endpoint not in ("LookingView.stop", "static"):
                refused.append((rule.rule, looker.open(address, method=method, data={}).status_code))
    assert [pair for pair in refused if pair[1] != 403] == []
    assert len(refused) > 100
    assert (hashes(), User._get_collection().find_one({"_id": anna.pk})) == before


def hashes() -> dict[str, str]:
    """What the database makes of each collection as it stands."""
    found = me.get_db().command("dbHash")["collections"]
    return {name: digest for name, digest in found.items() if name not in BESIDE}


@pytest.mark.parametrize("address", ["/profile/", "/profile/authenticator/", "/calendar/addresses", "/lang/fi"])
def test_what_is_the_users_own_is_closed(looker: FlaskClient, address: str) -> None:
    answer = looker.get(address)
    assert (answer.status_code, "stop looking first" in answer.text) == (403, True)


def test_writing_is_refused_with_a_message_by_page_and_by_rest(looker: FlaskClient) -> None:
    page = looker.post("/companies/add", data={"name": "Uusi Oy"})
    assert (page.status_code, "Nothing can be changed: stop looking first" in page.text) == (403, True)
    rest = looker.post("/api/v1/company/", json={"name": "Uusi Oy"})
    assert (rest.status_code, "stop looking first" in rest.json["detail"]) == (403, True)  # type: ignore[index]


def test_nobody_else_looks_and_at_administrators_nobody(
    app: Flask, client: FlaskClient, admin: User, anna: User, make_user: Callable,
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    bertta, boss = make_user("bertta", "Staff"), make_user("boss", "Admin")
    gone = make_user("gone", "Staff")
    User.objects(pk=gone.pk).update(active=False)
    assert sign_in(bertta).post(f"/settings/look/{anna.pk}").status_code == 403
    for other in (boss.pk, admin.pk, gone.pk):
        client.post(f"/settings/look/{other}")
    assert client.post("/settings/look/nonsense").status_code == 404
    assert "See as this user" not in client.get(f"/settings/users/edit/{boss.pk}").text
    login = {"username": "admin", "password": PASSWORD}
    token = app.test_client().post("/api/v1/security/login", json=login).json["access_token"]  # type: ignore[index]
    program = app.test_client()
    bearer = {"Authorization": f"Bearer {token}"}
    assert program.post(f"/settings/look/{anna.pk}", headers=bearer).status_code == 302
    assert program.get("/api/v1/company/", headers=bearer).status_code == 200
    assert told() == []
    assert BANNER not in client.get("/").text


def test_looking_ends_with_the_right_to_it(looker: FlaskClient, admin: User, anna: User, make_user: Callable) -> None:
    make_user("second", "Admin")
    User.objects(pk=anna.pk).update(active=False)
    assert BANNER not in looker.get("/").text
    User.objects(pk=anna.pk).update(active=True)
    assert BANNER in looker.get("/").text
    User.objects(pk=admin.pk).update(roles=[Role.objects.get(name="Reader")])
    assert BANNER not in looker.get("/").text


def test_other_sessions_of_the_administrator_are_their_own(
    looker: FlaskClient, admin: User, sign_in: Callable[[User], FlaskClient]
) -> None:
    elsewhere = sign_in(admin)
    assert BANNER not in elsewhere.get("/").text
    assert BANNER in looker.get("/").text


def test_copied_cookie_does_not_go_on_looking(app: Flask, looker: FlaskClient) -> None:
    cookie = looker.get_cookie("kortisto_session")
    assert cookie is not None
    looker.post("/settings/look/stop")
    thief = app.test_client()
    thief.set_cookie("kortisto_session", cookie.value)
    assert BANNER not in thief.get("/").text


def test_signing_out_while_looking_ends_both(looker: FlaskClient, admin: User, anna: User) -> None:
    looker.post("/logout/")
    assert looker.get("/companies/").status_code == 302
    assert told()[-1] == ("looked_as_ended", admin.pk, anna.pk)
    (out,) = AuditEntry._get_collection().find({"what": "signed_out"})
    assert out["by"] == admin.pk
    assert User.objects.get(pk=admin.pk).sessions == []


def test_what_is_carried_out_while_looking_is_the_administrators_doing(
    looker: FlaskClient, admin: User, anna: User
) -> None:
    assert looker.get("/reports/ready/offer_book/xlsx").status_code in (200, 302, 403, 404)
    for entry in AuditEntry._get_collection().find({"what": "workbook_made"}):
        assert (entry["by"], entry["details"]["looking_as"]) == (admin.pk, "Anna Tester")
    assert Look.objects(by=anna.pk).count() == 0


def test_banner_is_on_the_page_and_stops_by_its_button(page: Page, admin: User, anna: User) -> None:
    page.goto(f"/login/?next=/settings/users/edit/{anna.pk}")
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="See as this user").click()
    page.get_by_role("button", name="Look", exact=True).click()
    expect(page.get_by_text(BANNER)).to_be_visible()
    page.set_viewport_size({"width": 360, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text(BANNER)).to_have_count(0)
