"""The public page behind the link in marketing."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.consent import Suppressed
from models.rights import Access
from models.security import User
from services.consent import unsubscribe_url
from services.records import create_record, delete_record, get_record

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def raw(admin: User, admin_access: Access) -> dict[str, Any]:
    return create_record(admin_access, "person", {"name": "Aino Secret", "email": "aino@example.fi"})


def path_of(raw: dict[str, Any], **values: Any) -> str:
    url = unsubscribe_url({"channel": "mail", "address": raw["email"], "register": "person", "record": raw["_id"],
                           "marketing": True, **values})  # fmt: skip
    return "/unsubscribe/" + url.rpartition("/")[2]


def test_a_visit_changes_nothing_and_tells_nothing(app: Flask, raw: dict[str, Any], admin_access: Access) -> None:
    stranger, path = app.test_client(), path_of(raw)
    for answer in (stranger.get(path), stranger.head(path)):
        assert answer.status_code == 200
        assert "aino" not in answer.text.lower()
    assert not Suppressed.objects.count()
    assert "email_consent" not in get_record(admin_access, "person", raw["_id"])


def test_one_click_needs_no_cookie_and_no_token(app: Flask, raw: dict[str, Any], admin_access: Access) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = app.test_client(use_cookies=False).post(path_of(raw), data=ONE_CLICK)
    finally:
        app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 200
    assert get_record(admin_access, "person", raw["_id"])["email_consent"]["state"] == "refused"


def test_unsubscribing_is_taken_back_on_the_page_that_follows(
    app: Flask, raw: dict[str, Any], admin_access: Access
) -> None:
    stranger, path = app.test_client(), path_of(raw)
    assert f'action="{path}/undo"' in stranger.post(path).text
    assert "subscribed again" in stranger.post(f"{path}/undo").text
    assert "Nothing was changed" in stranger.post(f"{path}/undo").text
    assert "email_consent" not in get_record(admin_access, "person", raw["_id"])
    assert not Suppressed.objects.count()


def test_a_deleted_record_s_address_is_suppressed_all_the_same(
    app: Flask, raw: dict[str, Any], admin_access: Access
) -> None:
    delete_record(admin_access, "person", raw["_id"])
    assert app.test_client().post(path_of(raw), data=ONE_CLICK).status_code == 200
    assert [one.address for one in Suppressed.objects] == ["aino@example.fi"]


@pytest.mark.parametrize("token", ["x", "a.b.c", "%00", "%FF", "..%2f..", "x" * 3_000, "<script>", "W10.x"])
def test_a_hostile_link_gets_a_friendly_page(client: FlaskClient, token: str) -> None:
    for answer in (client.get(f"/unsubscribe/{token}"), client.post(f"/unsubscribe/{token}", data=ONE_CLICK),
                   client.post(f"/unsubscribe/{token}/undo")):  # fmt: skip
        assert answer.status_code == 404
        assert "<script>" not in answer.text.split("<main", 1)[-1]


def test_page_speaks_the_language_of_the_message_else_of_the_browser(app: Flask, raw: dict[str, Any]) -> None:
    stranger = app.test_client()
    assert 'lang="fi"' in stranger.get(path_of(raw), headers={"Accept-Language": "fi"}).text
    assert 'lang="fi"' in stranger.get(path_of(raw, language="fi")).text
    assert 'lang="en"' in stranger.get(path_of(raw, language="en"), headers={"Accept-Language": "fi"}).text
