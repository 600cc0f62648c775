"""What attackers try first, at every address there is: forged forms, frames, redirects, hosts, caches, fields that are
not theirs, and telling users from strangers."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from models.companies import Company
from models.outbox import Message
from models.rights import Access
from models.security import User
from services import passwords
from services.forgotten_passwords import send_links
from services.records import create_record
from tests.fixtures.app import PASSWORD, QUICK_HASHER

EVIL, HOST = "evil.example", "another-host.example"
#: Another site's addresses, as browsers read them.
ELSEWHERE = (f"//{EVIL}/", f"https://{EVIL}/", f"/\\{EVIL}/")
#: Headers by which a request says what the site is called. No proxy stands in front of the tests: none is believed.
FORGED = {"X-Forwarded-Host": HOST, "Forwarded": f"host={HOST}", "X-Original-URL": f"https://{HOST}/",
          "X-Forwarded-For": "192.0.2.1", "Referer": f"https://{EVIL}/", "Origin": f"https://{EVIL}"}  # fmt: skip
#: Names by which programs are told where to go next.
WHERE_TO = ("next", "back", "url", "redirect", "return", "target", "continue", "to")
#: These end the session that the rest needs.
ENDING = ("/logout/",)
#: Whoever is unsubscribed is known by a signed token; mailboxes send it without a form of ours (RFC 8058).
WITHOUT_TOKEN = ("UnsubscribeView.",)
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


def rules(app: Flask, methods: set[str]) -> Iterator[tuple[Rule, str]]:
    """Each rule that takes one of these methods, and an address of it."""
    adapter = app.url_map.bind("localhost")
    for rule in app.url_map.iter_rules():
        if rule.methods and rule.methods & methods and not rule.rule.startswith(ENDING):
            method = sorted(rule.methods & methods)[0]
            values = {name: 7 if type(one).__name__ == "IntegerConverter" else "0123456789abcdef01234567"
                      for name, one in rule._converters.items()}  # fmt: skip
            yield rule, f"{method} {adapter.build(rule.endpoint, values, method=method)}"


def test_form_without_the_page_s_token_is_refused_everywhere(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    taken = []
    for rule, request in rules(app, CHANGING):
        method, address = request.split(" ", 1)
        answer = client.open(address, method=method, data={"name": "x"}, headers={"Origin": f"https://{EVIL}"})
        # Programs (REST) send a token of their own in a header: a cookie alone is nobody there.
        refused = answer.status_code in ((400, 401, 415) if address.startswith("/api/") else (400,))
        if not refused and not rule.endpoint.startswith(WITHOUT_TOKEN):
            taken.append((rule.endpoint, answer.status_code))
    assert taken == []


@pytest.fixture
def shown(app: Flask, client: FlaskClient, admin_access: Access) -> dict[str, Any]:
    """Endpoint -> what every address answers to a GET that names other hosts wherever a request can."""
    company = create_record(admin_access, "company", {"name": "Salaisuus Oy"})
    pages = [(path, f"GET {path}") for path in (f"/companies/show/{company['_id']}", "/no/such/page")]
    found = {}
    for number, (name, request) in enumerate((*((rule.endpoint, one) for rule, one in rules(app, {"GET"})), *pages)):
        asked = dict.fromkeys(WHERE_TO, ELSEWHERE[number % len(ELSEWHERE)])
        found[name] = client.get(request.removeprefix("GET "), query_string=asked, headers=FORGED)
    return found


def test_no_page_is_shown_in_a_frame_kept_in_a_cache_or_led_astray(shown: dict[str, Any]) -> None:
    wrong: dict[str, list[str]] = {"framed": [], "kept": [], "leads away": [], "names a host": []}
    for endpoint, answer in shown.items():
        policy = answer.headers.get("Content-Security-Policy", "")
        if not re.search("frame-ancestors '(none|self)'|sandbox", policy) or "X-Frame-Options" not in answer.headers:
            wrong["framed"].append(endpoint)
        kept = re.search("no-store|no-cache|private", answer.headers.get("Cache-Control", ""))
        if endpoint not in ("static", "appbuilder.static") and not kept:
            wrong["kept"].append(endpoint)
        if leads_away(answer):
            wrong["leads away"].append(endpoint)
        if HOST.encode() in answer.data + str(answer.headers).encode():
            wrong["names a host"].append(endpoint)
    assert wrong == {"framed": [], "kept": [], "leads away": [], "names a host": []}


def leads_away(answer: Any) -> bool:
    return bool(re.match(rf"(https?:)?[/\\]{{2,}}({EVIL}|{HOST})", answer.headers.get("Location", "")))


@pytest.mark.slow
def test_no_form_leads_to_another_site_whatever_is_asked(app: Flask, client: FlaskClient) -> None:
    led = []
    for address in ELSEWHERE:
        asked = dict.fromkeys(WHERE_TO, address)
        for rule, request in rules(app, {"POST"}):
            answer = client.post(request.removeprefix("POST "), query_string=asked, data=asked, headers=FORGED)
            if leads_away(answer):
                led.append((rule.endpoint, answer.headers["Location"]))
    assert led == []


@pytest.mark.parametrize("path", ["/", "/login/", "/login/by-code", "/login/forgotten", "/no/such/page",
                                  "/api/v1/company/", "/lang/fi"])  # fmt: skip
@pytest.mark.parametrize("host", [HOST, f"localhost@{HOST}", f"localhost.{HOST}:80"])
def test_strangers_find_the_host_that_they_name_on_no_page(app: Flask, admin: User, path: str, host: str) -> None:
    browser = app.test_client()
    answers = [browser.get(path, headers={**FORGED, "Host": host}, query_string={"next": ELSEWHERE[0]})]
    if path.startswith("/login/"):
        sent = {"username": "admin", "password": PASSWORD}
        answers.append(browser.post(path, headers={**FORGED, "Host": host}, data=sent,
                                    query_string={"next": ELSEWHERE[0]}))  # fmt: skip
    for answer in answers:
        assert answer.status_code < 500
        assert HOST not in answer.text + str(answer.headers)
        assert not leads_away(answer)


def test_page_asked_for_by_another_host_is_not_gone_to(app: Flask, admin: User) -> None:
    browser = app.test_client()
    led = browser.get("/companies/", headers={"Host": HOST}).headers["Location"]
    assert led.startswith("/login/?next=")
    answer = browser.post(led, data={"username": "admin", "password": PASSWORD})
    assert answer.headers["Location"] == "/"


def test_link_by_e_mail_leads_to_the_host_that_is_set(
    app: Flask, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:1")
    app.test_client().post("/login/forgotten", data={"username": "admin"}, headers={**FORGED, "Host": HOST})
    send_links()
    (message,) = Message._get_collection().find({"purpose": "password"})
    assert f"{app.config['PUBLIC_ADDRESS']}/login/new-password/" in message["text"]
    assert HOST not in message["text"] + message["html"]


# Fields that are not theirs to set

OTHERS = {"roles": ["Admin"], "groups": ["x"], "active": "y", "username": "other", "password": "x", "team": "x",
          "sign_in_way": "code", "identities": "openid x", "token_era": "7", "authenticator": "x", "password_given": "",
          "_id": str(ObjectId()), "id": "x", "login_count": "99"}  # fmt: skip


def test_profile_takes_nothing_but_what_is_one_s_own(
    make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    user = make_user("anna", "Reader")
    client = sign_in(user)
    before = User._get_collection().find_one({"_id": user.pk}) or {}
    mine = {"first_name": "Anna", "last_name": "Uusi", "email": user.email, "phone": "", "language": "", "digest": "",
            "time_zone": "Europe/Helsinki", "signature": "", "version": before["version"]}  # fmt: skip
    assert client.post("/profile/", data={**OTHERS, **mine}).status_code == 302
    after = User._get_collection().find_one({"_id": user.pk}) or {}
    assert after["last_name"] == "Uusi"
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert changed <= {*mine, "changed_on", "sessions"}


def test_record_takes_no_field_that_the_program_keeps_for_itself(client: FlaskClient, admin: User) -> None:
    forged = {"_id": str(ObjectId()), "version": "77", "created_at": "2001-01-01", "created_by": str(ObjectId()),
              "facets": ["owner=x"], "words": ["x"], "custom": "x", "sort_name": "x", "ranges": "x"}  # fmt: skip
    assert client.post("/companies/add", data={"name": "Oma Oy", "owner": str(admin.pk), **forged}).status_code == 302
    raw = Company._get_collection().find_one({"name": "Oma Oy"}) or {}
    assert raw["version"] == 1
    assert raw["created_by"] == admin.pk
    assert raw["created_at"].year > 2001
    assert str(raw["_id"]) != forged["_id"]
    assert not {"owner=x", "x"} & {*raw["facets"], *raw["words"], raw["sort_name"]}
    tokens = client.post("/api/v1/security/login", json={"username": "admin", "password": PASSWORD}).json
    assert tokens
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    for name, value in forged.items():
        answer = client.post("/api/v1/company/", json={"name": "Toinen Oy", name: value}, headers=bearer)
        assert answer.status_code in (400, 422), name
    assert Company.objects(name="Toinen Oy").count() == 0


# Telling users from strangers


class CountingHasher:
    """Hashes as the tests do, and notes how often a password was looked at: an answer's time is made of that."""

    def __init__(self) -> None:
        self.looked_at = 0

    def verify(self, hashed: str, password: str) -> bool:
        self.looked_at += 1
        return QUICK_HASHER.verify(hashed, password)

    def hash(self, password: str) -> str:
        return QUICK_HASHER.hash(password)


@pytest.mark.parametrize("by_rest", [False, True])
def test_a_password_is_looked_at_once_whoever_it_is(
    app: Flask, make_user: Callable, monkeypatch: pytest.MonkeyPatch, by_rest: bool
) -> None:
    make_user("anna", "Staff")
    make_user("gone", "Staff").update(active=False)
    make_user("invited", "Staff").update(unset__password=True)
    passwords.hash_of_nothing()
    hasher = CountingHasher()
    monkeypatch.setattr(passwords.Hashing, "hasher", hasher)
    told = []
    for name in ("anna", "anna@example.com", "gone", "invited", "nobody", "nobody@example.com", "ä" * 200):
        before = hasher.looked_at
        sent = {"username": name, "password": "wrong"}
        browser = app.test_client()
        answer = (browser.post("/api/v1/security/login", json=sent) if by_rest
                  else browser.post("/login/", data=sent))  # fmt: skip
        page = answer.text.replace(name, "")
        told.append((hasher.looked_at - before, answer.status_code, len(re.sub(r'value="[^"]*"', "", page))))
    assert len(set(told)) == 1, told
    assert told[0][:2] == (1, 401)


# A password that somebody else knows


def test_password_that_an_administrator_typed_is_good_for_choosing_another_alone(
    app: Flask, client: FlaskClient
) -> None:
    given, own = "lammas kävelee", "oma pitkä lause"
    person = {"username": "anna", "first_name": "Anna", "last_name": "V", "email": "anna@example.com", "active": "y",
              "language": "fi", "time_zone": "Europe/Helsinki", "password": given}  # fmt: skip
    assert client.post("/settings/users/add", data=person).status_code == 302
    browser = app.test_client()
    led = browser.post("/login/", data={"username": "anna", "password": given}).headers["Location"]
    assert led.startswith("/login/new-password/")
    assert browser.get("/profile/").status_code == 302
    assert browser.post("/api/v1/security/login", json={"username": "anna", "password": given}).status_code == 403
    same = browser.post(led, data={"new_password": given, "repeated": given})
    assert same.status_code == 422
    assert browser.post(led, data={"new_password": own, "repeated": own}).headers["Location"] == "/login/"
    assert browser.post("/login/", data={"username": "anna", "password": own}).headers["Location"] == "/"
    assert browser.get("/profile/").status_code == 200


def test_browser_is_told_to_forget_at_signing_out(client: FlaskClient) -> None:
    assert client.post("/logout/").headers["Clear-Site-Data"] == '"cache"'
