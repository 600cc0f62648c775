"""Logging in with the passwords of a directory (LDAP): who is let in, who is added, and which roles they get."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ldap3
import pytest
import trustme
from flask import Flask
from flask.testing import FlaskClient

from models.audit import AuditEntry
from models.security import BY_BOTH, Role, User
from services.sign_in_tries import FREE_BY_ACCOUNT
from tests.fixtures.app import PASSWORD
from tests.fixtures.ldap import PEOPLE, SERVICE, SERVICE_PASSWORD, Directory

SALES = "cn=Sales,ou=groups,dc=example,dc=com"


@pytest.fixture
def ldap(app: Flask, admin: User, directory: Directory, monkeypatch: pytest.MonkeyPatch) -> Directory:
    """A directory that this application asks; its users are known ones only."""
    settings = {"AUTH_LDAP_SERVER": directory.url, "AUTH_LDAP_USE_TLS": False, "AUTH_LDAP_SEARCH": PEOPLE,
                "AUTH_LDAP_BIND_USER": SERVICE, "AUTH_LDAP_BIND_PASSWORD": SERVICE_PASSWORD}  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setitem(app.config, name, value)
    return directory


@pytest.fixture
def adding(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "AUTH_USER_REGISTRATION", True)
    monkeypatch.setitem(app.config, "AUTH_ROLES_MAPPING", {"*": ["Reader"], SALES: ["Sales staff"]})


def login(app: Flask, name: str, password: str) -> Any:
    return app.test_client().post("/login/", data={"username": name, "password": password})


def raw_user(name: str) -> dict[str, Any]:
    return User._get_collection().find_one({"username": name}) or {}


def roles_of(name: str) -> set[str]:
    return {role.name for role in Role.objects(pk__in=raw_user(name).get("roles") or ())}


def test_known_user_comes_in_by_the_directory_s_password_alone(
    app: Flask, ldap: Directory, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    make_user("anna", "Staff")
    ldap.add("anna", "from the directory")
    assert login(app, "anna", "from the directory").status_code == 302
    assert login(app, "ANNA@example.com", "from the directory").status_code == 302
    assert login(app, "anna", PASSWORD).status_code == 401
    entry = AuditEntry.objects(what="signed_in").order_by("-id").first()
    assert entry.details["how"] == "ldap"
    assert len(raw_user("anna")["sessions"]) == 2
    rest = app.test_client().post("/api/v1/security/login", json={"username": "anna", "password": "from the directory"})
    assert rest.status_code == 200


def test_administrators_keep_their_own_passwords_while_the_directory_is_away(
    app: Flask, ldap: Directory, make_user: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("anna", "Staff")
    monkeypatch.setitem(app.config, "AUTH_LDAP_SERVER", "ldap://127.0.0.1:1")
    assert login(app, "admin", PASSWORD).status_code == 302
    for _number in range(FREE_BY_ACCOUNT + 1):
        # Not counted as guesses.
        assert login(app, "anna", PASSWORD).status_code == 503
    rest = app.test_client().post("/api/v1/security/login", json={"username": "anna", "password": PASSWORD})
    assert rest.status_code == 503
    monkeypatch.setitem(app.config, "LOCAL_PASSWORDS", "everybody")
    assert login(app, "anna", PASSWORD).status_code == 302


def test_directory_that_is_away_leaves_no_socket_open(
    app: Flask, ldap: Directory, make_user: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("anna", "Staff")
    monkeypatch.setitem(app.config, "AUTH_LDAP_SERVER", "ldap://127.0.0.1:1")
    made: list[ldap3.Connection] = []

    def connect(*arguments: Any, **options: Any) -> ldap3.Connection:
        made.append(ldap3.Connection(*arguments, **options))
        return made[-1]

    monkeypatch.setattr("services.directory.Connection", connect)
    assert login(app, "anna", PASSWORD).status_code == 503
    assert [one.socket.fileno() for one in made] == [-1]


@pytest.mark.parametrize(("name", "password"), [
    ("anna", ""), ("anna", "wrong"), ("*", "from the directory"), ("ann*", "from the directory"),
    ("anna)(uid=*", "from the directory"), ("anna\\", "from the directory"), ("a\x00", "x"), ("", "from the directory"),
    ("ä" * 300, "x"), ("stranger", "x"),
])  # fmt: skip
def test_wrong_and_odd_names_and_passwords_let_nobody_in(
    app: Flask, ldap: Directory, adding: None, name: str, password: str
) -> None:
    ldap.add("anna", "from the directory")
    assert login(app, name, password).status_code == 401
    assert User.objects.count() == 1


@pytest.mark.usefixtures("adding")
def test_whoever_comes_is_added_with_the_roles_of_their_groups_which_follow_at_each_login(
    app: Flask, ldap: Directory
) -> None:
    ldap.add("anna", "from the directory", SALES.upper())
    assert login(app, "anna", "from the directory").status_code == 302
    raw = raw_user("anna")
    assert (raw["first_name"], raw["last_name"], raw["email"]) == ("Anna", "Outside", "anna@example.com")
    assert not raw.get("password")
    assert roles_of("anna") == {"Reader", "Sales staff"}
    staff = Role.objects.get(name="Management")
    User._get_collection().update_one({"_id": raw["_id"]}, {"$push": {"roles": staff.pk}})
    ldap.add("anna", "from the directory")
    assert login(app, "anna", "from the directory").status_code == 302
    assert roles_of("anna") == {"Reader", "Management"}
    told = AuditEntry.objects(what="user_changed", target__id=raw["_id"]).order_by("id")
    assert [one.details["source"] for one in told] == ["outside"] * len(told)
    assert len(told) >= 2


def test_nobody_is_added_unasked_nor_without_a_role_nor_deactivated_ones(
    app: Flask, ldap: Directory, make_user: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    ldap.add("anna", "from the directory")
    ldap.add("bertta", "from the directory")
    make_user("bertta", "Staff").update(active=False)
    for name in ("anna", "bertta"):
        answer = login(app, name, "from the directory")
        assert answer.status_code == 403
        assert "Ask an administrator" in answer.text
    monkeypatch.setitem(app.config, "AUTH_USER_REGISTRATION", True)
    monkeypatch.setitem(app.config, "AUTH_ROLES_MAPPING", {SALES: ["Sales staff"]})
    assert login(app, "anna", "from the directory").status_code == 403
    assert raw_user("anna") == {}


@pytest.mark.usefixtures("adding")
def test_entry_without_what_a_user_needs_is_told_and_not_added(
    app: Flask, ldap: Directory, make_user: Callable
) -> None:
    make_user("other", "Staff")
    ldap.add("anna", "from the directory", mail="")
    ldap.add("bertta", "from the directory", mail="other@example.com")
    for name, reason in (("anna", "This is required"), ("bertta", "has this e-mail address already")):
        answer = login(app, name, "from the directory")
        assert answer.status_code == 403
        assert reason in answer.text


def test_last_administrator_keeps_the_role_whatever_the_directory_says(
    app: Flask, ldap: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ldap.add("admin", "from the directory")
    monkeypatch.setitem(app.config, "AUTH_ROLES_MAPPING", {"admins": ["Admin"]})
    assert login(app, "admin", "from the directory").status_code == 302
    assert roles_of("admin") == {"Admin"}


def test_codes_are_asked_for_after_the_directory_too(app: Flask, ldap: Directory, make_user: Callable) -> None:
    make_user("anna", "Staff", sign_in_way=BY_BOTH, phone="+358401234567")
    ldap.add("anna", "from the directory")
    answer = login(app, "anna", "from the directory")
    assert answer.headers["Location"] == "/login/code"


def test_guesses_at_the_directory_are_held_up(app: Flask, ldap: Directory, make_user: Callable) -> None:
    make_user("anna", "Staff")
    ldap.add("anna", "from the directory")
    for _number in range(FREE_BY_ACCOUNT):
        assert login(app, "anna", "wrong").status_code == 401
    asked = len(ldap.binds)
    assert login(app, "anna", "from the directory").status_code == 429
    assert len(ldap.binds) == asked


@pytest.mark.parametrize("known", [True, False])
def test_password_goes_over_an_encrypted_connection_to_the_right_server_alone(
    app: Flask, ldap: Directory, make_user: Callable, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, known: bool
) -> None:
    authority = trustme.CA()
    ldap.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost" if known else "another.example").configure_cert(ldap.context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setitem(app.config, "AUTH_LDAP_USE_TLS", True)
    make_user("anna", "Staff")
    ldap.add("anna", "from the directory")
    assert login(app, "anna", "from the directory").status_code == (302 if known else 503)
    assert bool(ldap.binds) is known


def test_user_of_the_directory_changes_no_password_here_and_proves_who_it_is_by_that_of_the_directory(
    app: Flask, ldap: Directory, make_user: Callable
) -> None:
    make_user("anna", "Staff")
    ldap.add("anna", "from the directory")
    client = app.test_client()
    client.post("/login/", data={"username": "anna", "password": "from the directory"})
    assert 'name="old_password"' not in client.get("/profile/").text
    for password, told in (("from the directory", False), (PASSWORD, True)):
        answer = client.post("/profile/authenticator/", data={"code": "000000", "password": password})
        assert answer.status_code == 422
        assert ("not your present password" in answer.text) is told
