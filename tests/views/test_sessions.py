"""Sessions that the server knows, tries that are held up, and forgotten passwords."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.security import User
from models.sign_in import PasswordLink, Tries
from services import sign_in_tries
from services.forgotten_passwords import MOST_LINKS, send_links
from services.sessions import IDLE, MOST
from tests.fixtures.app import PASSWORD

COOKIE = "kortisto_session"


def stolen(app: Flask, client: FlaskClient) -> FlaskClient:
    """Another browser with a copy of this one's cookie."""
    found = client.get_cookie(COOKIE)
    assert found is not None
    thief = app.test_client()
    thief.set_cookie(COOKIE, found.value)
    return thief


def is_in(client: FlaskClient) -> bool:
    return client.get("/profile/").status_code == 200


def test_copied_cookie_dies_with_signing_out(app: Flask, client: FlaskClient) -> None:
    thief = stolen(app, client)
    assert is_in(thief)
    client.post("/logout/")
    assert not is_in(thief)


def test_new_password_ends_every_other_session_and_token(
    app: Flask, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    user = make_user("anna", "Staff")
    here, there = sign_in(user), sign_in(user)
    login = {"username": "anna", "password": PASSWORD, "refresh": True}
    tokens = app.test_client().post("/api/v1/security/login", json=login).json
    assert tokens
    bearer = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    assert app.test_client().get("/api/v1/company/", headers=bearer["access_token"]).status_code == 200
    new = {"old_password": PASSWORD, "new_password": "uusi pitkä lause", "repeated": "uusi pitkä lause"}
    assert here.post("/profile/password", data=new).status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert app.test_client().get("/api/v1/company/", headers=bearer["access_token"]).status_code == 401
    assert app.test_client().post("/api/v1/security/refresh", headers=bearer["refresh_token"]).status_code == 401


def test_password_set_by_an_administrator_ends_all_sessions(
    client: FlaskClient, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    user = make_user("anna", "Staff")
    inside = sign_in(user)
    raw = User._get_collection().find_one({"_id": user.pk}) or {}
    page = client.get(f"/settings/users/edit/{user.pk}").text
    assert "Signed in" in page
    sent = {"username": "anna", "first_name": "Anna", "last_name": "T", "email": "anna@example.com", "active": "y",
            "time_zone": "Europe/Helsinki", "language": "", "team": "", "password": "aivan uusi lause",
            "roles": [str(one) for one in raw["roles"]], "version": raw["version"]}  # fmt: skip
    assert client.post(f"/settings/users/edit/{user.pk}", data=sent).status_code == 302
    assert not is_in(inside)


def test_sessions_are_listed_and_ended_one_by_one(
    make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    user = make_user("anna", "Staff")
    here, there = sign_in(user), sign_in(user)
    page = here.get("/profile/").text
    assert page.count("this one") == 1
    ends = re.findall(r'formaction="(/profile/sessions/end/[0-9a-f]+)"', page)
    assert len(ends) == 1
    assert here.post(ends[0]).status_code == 302
    assert is_in(here)
    assert not is_in(there)


def test_administrator_ends_the_sessions_of_others_and_nobody_else_does(
    client: FlaskClient, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    anna, bertta = make_user("anna", "Staff"), make_user("bertta", "Staff")
    inside = sign_in(anna)
    assert sign_in(bertta).post(f"/settings/users/sessions/end/{anna.pk}").status_code == 403
    assert is_in(inside)
    assert client.post(f"/settings/users/sessions/end/{anna.pk}").status_code == 302
    assert not is_in(inside)


def test_session_ends_when_nothing_was_done_for_long(client: FlaskClient, admin: User) -> None:
    past = dt.datetime.now(dt.UTC) - IDLE - dt.timedelta(minutes=1)
    User._get_collection().update_one({"_id": admin.pk}, {"$set": {"sessions.0.seen_at": past}})
    assert not is_in(client)


def test_use_of_a_session_is_noted_now_and_then(client: FlaskClient, admin: User) -> None:
    past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    User._get_collection().update_one({"_id": admin.pk}, {"$set": {"sessions.0.seen_at": past}})
    assert is_in(client)
    assert User.objects.get(pk=admin.pk).sessions[0].seen_at > past + dt.timedelta(minutes=50)


def test_oldest_of_too_many_sessions_ends(admin: User, sign_in: Callable[[User], FlaskClient]) -> None:
    first = sign_in(admin)
    others = [sign_in(admin) for _number in range(MOST)]
    assert not is_in(first)
    assert is_in(others[0])


def test_nothing_of_the_earlier_session_is_left_by_signing_in(app: Flask, make_user: Callable) -> None:
    make_user("anna", "Staff")
    client = app.test_client()
    with client.session_transaction() as planted:
        planted["planted"], planted["locale"] = "by somebody else", "fi"
    assert client.post("/login/", data={"username": "anna", "password": PASSWORD}).status_code == 302
    with client.session_transaction() as begun:
        assert "planted" not in begun
        assert begun["locale"] == "fi"


@pytest.mark.parametrize("secure", [True, False])
def test_browsers_come_by_https_alone_where_that_is_how_people_come(
    app: Flask, monkeypatch: pytest.MonkeyPatch, secure: bool
) -> None:
    monkeypatch.setitem(app.config, "SESSION_COOKIE_SECURE", secure)
    assert ("Strict-Transport-Security" in app.test_client().get("/health").headers) is secure


# Tries that are held up


@pytest.mark.parametrize("name", ["anna", "nobody-of-that-name"])
def test_guesses_are_held_up_whether_there_is_such_an_account_or_not(
    app: Flask, make_user: Callable, name: str
) -> None:
    make_user("anna", "Staff")
    client = app.test_client()
    answers = [client.post("/login/", data={"username": name, "password": "wrong"})
               for _number in range(sign_in_tries.FREE_BY_ACCOUNT + 1)]  # fmt: skip
    assert [answer.status_code for answer in answers] == [401] * sign_in_tries.FREE_BY_ACCOUNT + [429]
    held = client.post("/login/", data={"username": name.upper(), "password": PASSWORD})
    assert held.status_code == 429
    assert "Too many failed tries" in held.text
    assert 0 < int(held.headers["Retry-After"]) <= 30
    rest = app.test_client().post("/api/v1/security/login", json={"username": name, "password": PASSWORD})
    assert rest.status_code == 429
    assert rest.headers["Retry-After"]


def test_wait_grows_with_each_failed_try_to_an_hour(app: Flask) -> None:
    counted = sign_in_tries.Counted.of("anna", "192.0.2.1")
    waits = []
    for _number in range(20):
        try:
            sign_in_tries.begin_try(counted)
        except sign_in_tries.TooManyTries as held:
            waits.append(held.seconds)
            Tries._get_collection().update_many({}, {"$set": {"until": None}})
    assert waits[:4] == sorted(waits[:4])
    assert 25 <= waits[0] <= 31
    assert 55 <= waits[1] <= 61
    assert 3_500 < waits[-1] <= 3_601


def test_right_password_lets_the_account_begin_anew(app: Flask, make_user: Callable) -> None:
    make_user("anna", "Staff")
    client = app.test_client()
    for _round in range(3):
        for _number in range(sign_in_tries.FREE_BY_ACCOUNT - 1):
            client.post("/login/", data={"username": "anna", "password": "wrong"})
        right = app.test_client().post("/login/", data={"username": "anna", "password": PASSWORD})
        assert right.status_code == 302


def test_addresses_of_one_customer_count_as_one() -> None:
    assert sign_in_tries.network_of("2001:db8:1:2::5") == sign_in_tries.network_of("2001:db8:1:2:aaaa::1")
    assert sign_in_tries.network_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert sign_in_tries.network_of("192.0.2.7") != sign_in_tries.network_of("192.0.2.8")


def test_guesses_for_many_names_from_one_address_are_held_up(app: Flask) -> None:
    for number in range(sign_in_tries.FREE_BY_ADDRESS):
        sign_in_tries.begin_try(sign_in_tries.Counted.of(f"name{number}", "192.0.2.1"))
    with pytest.raises(sign_in_tries.TooManyTries):
        sign_in_tries.begin_try(sign_in_tries.Counted.of("another", "192.0.2.1"))
    sign_in_tries.begin_try(sign_in_tries.Counted.of("another", "192.0.2.2"))


# Forgotten passwords


@pytest.fixture
def with_mail(app: Flask) -> None:
    app.config["SMTP_URL"] = "smtp://127.0.0.1:1"


@pytest.fixture(autouse=True)
def mail_as_before(app: Flask) -> object:
    before = app.config["SMTP_URL"]
    yield
    app.config["SMTP_URL"] = before


def links_sent(app: Flask) -> list[str]:
    from models.outbox import Message

    send_links()
    found = Message._get_collection().find({"purpose": "password"}).sort("_id", 1)
    return [re.search(r"/login/new-password/\S+", raw["text"])[0] for raw in found]  # type: ignore[index]


@pytest.mark.usefixtures("with_mail")
def test_forgotten_password_is_chosen_anew_by_a_link_that_works_once(
    app: Flask, make_user: Callable, sign_in: Callable[[User], FlaskClient]
) -> None:
    inside = sign_in(make_user("anna", "Staff"))
    client = app.test_client()
    for _number in range(sign_in_tries.FREE_BY_ACCOUNT):
        client.post("/login/", data={"username": "anna", "password": "wrong"})
    assert "is on its way" in client.post("/login/forgotten", data={"username": "ANNA@example.com"}).text
    (link,) = links_sent(app)
    assert "anna" in client.get(link).text
    weak = client.post(link, data={"new_password": "short", "repeated": "short"})
    assert weak.status_code == 422
    chosen = {"new_password": "aivan uusi lause", "repeated": "aivan uusi lause"}
    assert client.post(link, data=chosen).headers["Location"] == "/login/"
    assert not is_in(inside)
    assert client.post("/login/", data={"username": "anna", "password": "aivan uusi lause"}).status_code == 302
    again = app.test_client().post(link, data=chosen)
    assert again.headers["Location"] == "/login/forgotten"


@pytest.mark.usefixtures("with_mail")
def test_answer_is_the_same_for_a_name_that_nobody_has(app: Flask, make_user: Callable) -> None:
    make_user("anna", "Staff")
    pages = [re.sub(r'value="[^"]*"', "", app.test_client().post("/login/forgotten", data={"username": name}).text)
             for name in ("anna", "nobody")]  # fmt: skip
    assert pages[0] == pages[1]
    assert len(links_sent(app)) == 1


@pytest.mark.usefixtures("with_mail")
def test_link_is_good_for_an_hour_and_few_are_sent(app: Flask, make_user: Callable) -> None:
    make_user("anna", "Staff")
    client = app.test_client()
    for _number in range(MOST_LINKS + 2):
        client.post("/login/forgotten", data={"username": "anna"})
    links = links_sent(app)
    assert len(links) == MOST_LINKS
    PasswordLink._get_collection().update_many({}, {"$set": {"ends_at": dt.datetime.now(dt.UTC)}})
    assert client.get(links[0]).headers["Location"] == "/login/forgotten"


def test_page_says_so_where_no_mail_can_be_sent(app: Flask, admin: User) -> None:
    assert "Ask an administrator" in app.test_client().get("/login/forgotten").text


@pytest.mark.parametrize("token", ["x", "%00", "a" * 5_000, "ä"])
def test_made_up_links_lead_back(app: Flask, token: str) -> None:
    assert app.test_client().get(f"/login/new-password/{token}").status_code in (302, 404)
