"""Logging in at a provider of OpenID Connect: who is let in, and which tokens are not believed."""

import base64
import hashlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.integrations.flask_client import OAuth
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from config import Settings, flask_config, load_settings
from models.audit import AuditEntry
from models.security import BY_BOTH, Role, User
from tests.fixtures.app import PASSWORD
from tests.fixtures.openid import CLIENT, SECRET, Provider

BACK = "/oauth-authorized/openid"
ANNA = {"email": "anna@example.com", "email_verified": True, "name": "Anna Maria Virtanen"}


@pytest.fixture
def openid(
    app: Flask, admin: User, settings: Settings, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Provider]:
    """A provider that this application is set to, as its settings set it."""
    environ = {"KORTISTO_OIDC_ISSUER": provider.url, "KORTISTO_OIDC_CLIENT_ID": CLIENT, "KORTISTO_OIDC_NAME": "Office",
               "KORTISTO_OIDC_CLIENT_SECRET": SECRET, "KORTISTO_DATA_DIR": str(settings.data_dir)}  # fmt: skip
    config = flask_config(load_settings(environ), settings.mongodb_uri)
    for name in ("OAUTH_PROVIDERS", *(name for name in config if name.startswith("OIDC_"))):
        monkeypatch.setitem(app.config, name, config[name])
    (told,) = config["OAUTH_PROVIDERS"]
    client = OAuth(app).register(told["name"], **told["remote_app"])
    monkeypatch.setattr(app.extensions["appbuilder"].sm, "oauth_remotes", {"openid": client})
    before = dict(vars(provider))
    provider.claims = dict(ANNA)
    yield provider
    vars(provider).update(before)


@pytest.fixture
def anna(make_user: Callable) -> User:
    return make_user("anna", "Staff")


def there(client: FlaskClient, query: str = "") -> str:
    """The provider's address that the login leads to."""
    answer = client.get(f"/login/openid{query}")
    assert answer.status_code == 302
    return answer.headers["Location"]


def come_in(app: Flask, openid: Provider, query: str = "") -> tuple[FlaskClient, Any]:
    client = app.test_client()
    return client, client.get(f"{BACK}?{openid.come_back(there(client, query))}")


def is_in(client: FlaskClient) -> bool:
    return client.get("/profile/").status_code == 200


def test_known_user_comes_in_to_the_page_that_was_asked_for(app: Flask, openid: Provider, anna: User) -> None:
    assert "Log in with Office" in app.test_client().get("/login/").text
    client, answer = come_in(app, openid, "?next=/companies/")
    assert answer.headers["Location"] == "/companies/"
    assert is_in(client)
    raw = User._get_collection().find_one({"_id": anna.pk}) or {}
    assert raw["identities"] == [f"openid {openid.url} subject-1"]
    assert len(raw["sessions"]) == 1
    entry = AuditEntry.objects(what="signed_in").order_by("-id").first()
    assert (entry.by, entry.details["how"]) == (anna.pk, "openid")
    # Their own password is not good beside it; administrators' is.
    for name, status in (("anna", 401), ("admin", 302)):
        answer = app.test_client().post("/login/", data={"username": name, "password": PASSWORD})
        assert answer.status_code == status
    # Known again by the subject, whatever the address is now.
    openid.claims["email"] = "another@example.com"
    assert is_in(come_in(app, openid)[0])


def test_request_asks_for_a_code_with_proof_and_comes_back_to_our_own_address(app: Flask, openid: Provider) -> None:
    client = app.test_client()
    answer = client.get("/login/openid", headers={"Host": "evil.example"})
    asked = {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}
    assert asked["redirect_uri"] == app.config["PUBLIC_ADDRESS"] + BACK
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    client, _answer = come_in(app, openid)
    verifier = openid.asked[-1]["code_verifier"][0]
    proof = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    assert proof == openid.challenge


@pytest.mark.parametrize("wrong", [
    {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": [CLIENT, "another"], "azp": "another"},
    {"nonce": "another"}, {"exp": 1}, {"sub": ""}, {"sub": 7}, {"sub": "x" * 300},
])  # fmt: skip
def test_token_that_is_not_for_us_lets_nobody_in(app: Flask, openid: Provider, anna: User, wrong: dict) -> None:
    openid.claims.update(wrong)
    client, answer = come_in(app, openid)
    assert answer.headers["Location"] == "/login/"
    assert "did not succeed" in client.get("/login/").text
    assert not is_in(client)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
def test_token_signed_otherwise_lets_nobody_in(app: Flask, openid: Provider, anna: User, algorithm: str) -> None:
    openid.algorithm = algorithm
    if algorithm == "RS256":
        openid.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert not is_in(come_in(app, openid)[0])


def test_answer_of_another_browser_or_none_at_all_lets_nobody_in(app: Flask, openid: Provider, anna: User) -> None:
    first, other = app.test_client(), app.test_client()
    query = openid.come_back(there(first))
    for client, sent in ((other, query), (first, "code=a-code&state=made-up"), (first, "error=access_denied"),
                         (first, ""), (first, "code=%00&state=%00")):  # fmt: skip
        assert client.get(f"{BACK}?{sent}").headers["Location"] == "/login/"
        assert not is_in(client)
    assert first.get(f"{BACK}?{query}").headers["Location"] == "/"
    assert is_in(first)
    again = app.test_client()
    assert again.get(f"{BACK}?{query}").headers["Location"] == "/login/"


@pytest.mark.parametrize("claims", [
    {"email": "stranger@example.com"}, {"email_verified": False}, {"email_verified": "true"}, {"email": None},
    {"email": ["anna@example.com"]}, {"email": "anna@example.com\x00"}, {"email": "an\u200bna@example.com"},
])  # fmt: skip
def test_address_that_the_provider_does_not_vouch_for_is_nobodys(
    app: Flask, openid: Provider, anna: User, claims: dict
) -> None:
    openid.claims.update(claims)
    client, _answer = come_in(app, openid)
    assert "Ask an administrator" in client.get("/login/").text
    assert not is_in(client)


def test_address_without_a_word_on_it_counts_where_the_settings_say_so(
    app: Flask, openid: Provider, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    del openid.claims["email_verified"]
    assert not is_in(come_in(app, openid)[0])
    monkeypatch.setitem(app.config, "OIDC_UNVERIFIED_EMAIL", True)
    assert is_in(come_in(app, openid)[0])


def test_another_subject_with_the_same_address_is_not_taken_for_the_user(
    app: Flask, openid: Provider, anna: User
) -> None:
    assert is_in(come_in(app, openid)[0])
    openid.claims["sub"] = "subject-2"
    assert not is_in(come_in(app, openid)[0])


def test_whoever_comes_is_added_where_that_is_set(
    app: Flask, openid: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "AUTH_USER_REGISTRATION", True)
    monkeypatch.setitem(app.config, "AUTH_ROLES_MAPPING", {"sales": ["Sales staff"]})
    assert not is_in(come_in(app, openid)[0])
    openid.claims["groups"] = ["Sales", 7, None]
    assert is_in(come_in(app, openid)[0])
    user = User.objects.get(email="anna@example.com")
    assert (user.username, user.first_name, user.last_name) == ("anna@example.com", "Anna Maria", "Virtanen")
    assert [role.name for role in user.roles] == [Role.objects.get(name="Sales staff").name]


def test_codes_are_asked_for_after_the_provider_too(app: Flask, openid: Provider, make_user: Callable) -> None:
    make_user("anna", "Staff", sign_in_way=BY_BOTH, phone="+358401234567")
    client, answer = come_in(app, openid)
    assert answer.headers["Location"] == "/login/code"
    assert not is_in(client)


def test_provider_that_does_not_answer_is_told(
    app: Flask, openid: Provider, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.extensions["appbuilder"].sm.oauth_remotes["openid"]
    monkeypatch.setattr(client, "_server_metadata_url", "http://127.0.0.1:1/")
    browser = app.test_client()
    assert browser.get("/login/openid").headers["Location"] == "/login/"
    assert "does not answer now" in browser.get("/login/").text


def test_without_a_provider_there_is_no_such_page(app: Flask, admin: User) -> None:
    assert "/login/openid" not in app.test_client().get("/login/").text
    for path in ("/login/openid", f"{BACK}?code=x&state=y"):
        assert app.test_client().get(path).status_code == 404
