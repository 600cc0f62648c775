"""The data console: what administrators see of the raw data, what nobody sees, and who looked."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import mongoengine as me
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from models.console import Look
from models.rights import Access
from models.security import Role, User
from services.console.extended_json import OPERATORS, ConsoleError, read_filter
from services.console.secrets import MASK, is_secret, masked
from services.records import create_record
from tests.fixtures.app import PASSWORD

PAGES = ("/console/", "/console/files/", "/console/looks/", "/console/collection/company/",
         "/console/collection/company/indexes/", "/console/collection/company/details/?id=x")  # fmt: skip


def url(collection: str, text: str = "", **query: str) -> str:
    return f"/console/collection/{collection}/?" + urlencode({"filter": text, **query})


@pytest.mark.parametrize("page", PAGES)
def test_console_is_for_administrators(
    app: Flask, page: str, make_user: Callable[..., User], make_role: Callable[..., Role],
    sign_in: Callable[[User], FlaskClient],
) -> None:  # fmt: skip
    role = make_role("Settings", ("settings", "change", "all"), ("*", "see", "all"), ("*", "change", "all"))
    manager = sign_in(make_user("ada", role))
    anonymous = app.test_client().get(page)
    assert (anonymous.status_code, "/login/" in anonymous.location) == (302, True)
    assert manager.get(page).status_code == 403
    assert "/console/" not in manager.get("/").text
    assert Look.objects.count() == 0


def test_console_lists_collections_documents_indexes_and_files(client: FlaskClient, admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Yritys Esimerkki Oy", "city": "Turku"})
    assert '/console/collection/company/"' in client.get("/console/").text
    assert "Yritys Esimerkki Oy" in client.get(url("company")).text
    document = client.get(f"/console/collection/company/details/?id={raw['_id']}").text
    assert "&#34;city&#34;: &#34;Turku&#34;" in document
    assert "by_facet" in client.get("/console/collection/company/indexes/").text
    assert client.get("/console/files/").status_code == 200


def test_console_filters_by_extended_json_and_finds_by_id(client: FlaskClient, admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Alfa Oy"})
    create_record(admin_access, "company", {"name": "Beta Oy"})
    for text in ('{"name": "Alfa Oy"}', str(raw["_id"]), json.dumps({"_id": {"$oid": str(raw["_id"])}}),
                 '{"$and": [{"version": {"$gte": 1}}, {"name": {"$in": ["Alfa Oy"]}}]}',
                 '{"created_at": {"$gt": {"$date": "2020-01-01T00:00:00Z"}}, "name": {"$ne": "Beta Oy"}}'):  # fmt: skip
        page = client.get(url("company", text)).text
        rows = page.partition("<tbody>")[2]
        assert ("Alfa Oy" in rows, "Beta Oy" in rows) == (True, False)
    assert "Nothing matches" in client.get(url("company", "nothing")).text


def test_console_turns_pages_by_id(client: FlaskClient) -> None:
    me.get_db()["numbered"].insert_many([{"_id": number, "n": f"row-{number:03d};"} for number in range(120)])
    seen, page = [], client.get(url("numbered")).text
    for _ in range(3):
        seen += [number for number in range(120) if f"row-{number:03d};" in page]
        page = client.get(url("numbered", after=str(min(seen)))).text
    me.get_db().drop_collection("numbered")
    assert sorted(seen) == list(range(120))


@pytest.mark.parametrize("text", [
    "{", "[1]", '{"$where": "1"}', '{"name": {"$regex": "a"}}', '{"$expr": {"$gt": [1, 0]}}', '{"a": {"$oid": "x"}}',
    '{"$function": {}}',
    '{"name": {"$in": 1}}', '{"$or": {}}', '{"n": 1e999}', '{"n": 99999999999999999999}',
    '{"a\\u0000": 1}', '{"a": {"$code": "x"}}', '{"password": {"$exists": true}}', '{"a.api_key": 1}',
    '{"a": {"b": {"Secret": 1}}}', '{"$nor": [{"password": "x"}]}', '{"a":' * 30 + "1" + "}" * 30,
    '{"a": "' + "x" * 20_000,
    '{"a": {"$type": "nope"}}', '{"$text": {"$search": "a"}}', '{"a": {"$date": "x"}}', "{'a': 1}",
    '{"a": {"$gt": NaN}}',
])  # fmt: skip
def test_console_refuses_filters_that_run_match_or_ask_for_secrets(client: FlaskClient, text: str) -> None:
    answer = client.get(url("ab_user", text))
    assert answer.status_code == 200
    assert "alert-danger" in answer.text or "Nothing matches" in answer.text
    assert "admin@example.com" not in answer.text


def test_read_filter_takes_every_operator_of_its_list() -> None:
    for operator in OPERATORS - {"$and", "$or", "$nor"}:
        assert read_filter(json.dumps({"a": {operator: 1}})) == {"a": {operator: 1}}
    with pytest.raises(ConsoleError, match="is not taken here"):
        read_filter('{"a": {"$mod": [2, 0]}}')


def test_masked_hides_secrets_at_any_depth_and_nothing_else() -> None:
    raw = {"password": "x", "a": [{"apiKey": "y", "b": {"reset_token": "z"}}], "postal_code": "00100", "code": "123",
           "facets": ["x_a=b"], "key": "sector", "data": b"bytes", "secret": None, "city": "Turku"}  # fmt: skip
    assert masked(raw) == {
        "password": MASK, "a": [{"apiKey": MASK, "b": {"reset_token": MASK}}], "postal_code": "00100", "code": MASK,
        "facets": ["x_a=b"], "key": "sector", "data": MASK, "secret": None, "city": "Turku",
    }  # fmt: skip
    assert not any(map(is_secret, ("name", "business_id", "country_code", "register", "choices", "sort_name")))


def test_console_shows_no_password_hash_anywhere(client: FlaskClient, admin: User) -> None:
    stored = User._get_collection().find_one({"_id": admin.pk})["password"]
    for page in (url("ab_user"), f"/console/collection/ab_user/details/?id={admin.pk}"):
        text = client.get(page).text
        assert stored not in text
        assert "argon2" not in text
    assert MASK in text


@pytest.mark.parametrize("name", [
    "blobs.chunks", "system.profile", "nope", "messages", "rate_limit_counters", "$where", "a%00", "a" * 300,
])  # fmt: skip
def test_console_of_a_collection_that_is_closed_or_missing_is_not_found(client: FlaskClient, name: str) -> None:
    me.get_db()["blobs.chunks"].insert_one({"data": b"kept to itself"})
    assert client.get(f"/console/collection/{name}/").status_code == 404
    assert client.get(f"/console/collection/{name}/details/?id=1").status_code == 404


@pytest.mark.parametrize("query", ["id=", "id=$where", "id={}", "id=%00", "id=[1]", "id=" + "0" * 24, "id=1e999", ""])
def test_console_of_a_document_that_is_not_there(client: FlaskClient, query: str) -> None:
    assert client.get(f"/console/collection/company/details/?{query}").status_code in (302, 404)


@pytest.mark.parametrize("after", ["x", "{}", "\x00", '{"$oid": 1}', "[1]", "9" * 400])
def test_console_with_an_odd_place_to_go_on_from(client: FlaskClient, after: str) -> None:
    assert client.get(url("company", after=after)).status_code == 200


@pytest.mark.parametrize("route", ["new/", "edit/", "delete/", "action/", "export/csv/", "ajax/update/"])
def test_console_has_no_route_that_writes(client: FlaskClient, route: str) -> None:
    address = f"/console/collection/company/{route}"
    assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)


def test_console_takes_nothing_but_get(client: FlaskClient) -> None:
    for page in ("/console/", "/console/looks/", "/console/collection/console_look/"):
        for method in (client.post, client.put, client.delete, client.patch):
            assert method(page).status_code in (404, 405)


def test_console_notes_every_look(client: FlaskClient, admin: User) -> None:
    for page in ("/console/", url("company", '{"name": "A"}'), "/console/collection/company/details/?id=abc",
                 "/console/collection/company/indexes/", "/console/files/", "/console/looks/"):  # fmt: skip
        client.get(page)
    looks = [(look.page, look.collection, look.detail, look.by) for look in Look.objects.order_by("at")]
    assert looks == [
        ("collections", "", "", admin.pk), ("documents", "company", '{"name": "A"}', admin.pk),
        ("document", "company", "abc", admin.pk), ("indexes", "company", "", admin.pk), ("files", "", "", admin.pk),
        ("looks", "", "", admin.pk),
    ]  # fmt: skip
    assert "Admin Tester" in client.get("/console/looks/").text


def test_console_shows_nothing_that_can_not_be_noted(
    client: FlaskClient, admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_record(admin_access, "company", {"name": "Unseen Oy"})

    def fail(*_args: Any, **_options: Any) -> None:
        raise me.connection.ConnectionFailure("no database")

    monkeypatch.setattr("views.console.note_look", fail)
    assert "Unseen Oy" not in client.get(url("company")).text


def test_console_in_a_browser(page: Page, admin: User, admin_access: Access) -> None:
    for number in range(60):
        create_record(admin_access, "company", {"name": f"Yritys {number:02d} Oy"})
    page.goto("/login/")
    page.fill("#username", "admin")
    page.fill("#password", PASSWORD)
    page.locator("button[type=submit]").first.click()
    page.wait_for_url("**/")
    page.get_by_role("link", name="Data console").first.click()
    page.get_by_role("link", name="company", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(50)
    page.get_by_role("link", name="Older ones").click()
    expect(page.locator("tbody tr")).to_have_count(10)
    page.get_by_label("Filter").fill('{"name": "Yritys 07 Oy"}')
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody a").first.click()
    expect(page.locator("pre")).to_contain_text('"name": "Yritys 07 Oy"')
    page.get_by_role("link", name="company", exact=True).click()
    page.get_by_role("link", name="Indexes").click()
    expect(page.locator("tbody")).to_contain_text("by_name")


def test_message_for_its_recipient_alone_is_shown_without_what_it_says(client: FlaskClient) -> None:
    messages = me.get_db()["message"]
    kept = {"subject": "Link inside", "text": "https://x/secret-link", "state": "waiting"}
    link, plain = (messages.insert_one({**kept, "message_id": f"<{purpose}@localhost>", "purpose": purpose}).inserted_id
                   for purpose in ("password", "direct"))  # fmt: skip
    assert "secret-link" not in client.get(f"/console/collection/message/details/?id={link}").text
    assert client.get("/console/collection/message/").text.count("secret-link") == 1
    assert "secret-link" in client.get(f"/console/collection/message/details/?id={plain}").text
