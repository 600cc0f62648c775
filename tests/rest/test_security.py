"""Signing in over REST."""

from typing import Any

import pytest
from flask import Flask

from models.security import User
from tests.fixtures.app import PASSWORD
from tests.rest.conftest import PROBLEM_JSON, Caller

LOGIN = "/api/v1/security/login"


def test_login_gives_tokens_that_open_what_the_user_may(app: Flask, admin: User) -> None:
    client = app.test_client()
    sent = {"username": "admin", "password": PASSWORD, "provider": "db", "refresh": True}
    tokens = client.post(LOGIN, json=sent).json
    assert sorted(tokens) == ["access_token", "refresh_token"]
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert client.get("/api/v1/company/", headers=headers).status_code == 200
    assert client.get_cookie("kortisto_session") is None
    again = client.post("/api/v1/security/refresh", headers={"Authorization": f"Bearer {tokens['refresh_token']}"})
    assert client.get("/api/v1/company/", headers={"Authorization": f"Bearer {again.json['access_token']}"}).json
    # A refresh token opens nothing else, an access token refreshes nothing.
    wrong = {"Authorization": f"Bearer {tokens['refresh_token']}"}
    assert client.get("/api/v1/company/", headers=wrong).status_code == 401
    assert client.post("/api/v1/security/refresh", headers=headers).status_code == 401


def test_login_without_provider_and_refresh_is_enough(app: Flask, admin: User) -> None:
    answer = app.test_client().post(LOGIN, json={"username": "admin", "password": PASSWORD})
    assert list(answer.json) == ["access_token"]


def test_login_tells_no_difference_between_unknown_users_and_wrong_passwords(app: Flask, admin: User) -> None:
    client = app.test_client()
    answers = [client.post(LOGIN, json={"username": name, "password": "wrong"}) for name in ("admin", "nobody", "$ne")]
    bodies = [{**answer.json, "request_id": ""} for answer in answers]
    assert {answer.status_code for answer in answers} == {401}
    assert {answer.mimetype for answer in answers} == {PROBLEM_JSON}
    assert bodies[0] == bodies[1] == bodies[2]


@pytest.mark.parametrize("sent", [
    {}, [], 5, {"username": "admin"}, {"username": {"$ne": ""}, "password": {"$ne": ""}}, {"password": PASSWORD},
    {"username": "admin", "password": 5}, {"username": "admin", "password": PASSWORD, "provider": "ldap"},
    {"username": "admin", "password": PASSWORD, "refresh": "yes"}, {"username": "a", "password": "b", "x": 1},
    {"username": "admin", "password": "\ud800"}, {"username": "\ud800", "password": "x"},
], ids=repr)  # fmt: skip
def test_login_of_the_wrong_shape_is_a_bad_request(app: Flask, admin: User, sent: Any) -> None:
    answer = app.test_client().post(LOGIN, json=sent)
    assert (answer.status_code, answer.mimetype) == (400, PROBLEM_JSON)


def test_login_is_rate_limited(app: Flask, admin: User, rest: Caller) -> None:
    app.extensions["appbuilder"].sm.limiter.enabled = True
    client = app.test_client()
    # For one name tries are held up sooner (services/sign_in_tries.py).
    statuses = [client.post(LOGIN, json={"username": f"name{number}", "password": "wrong"}).status_code
                for number in range(12)]  # fmt: skip
    assert statuses[:10] == [401] * 10
    assert statuses[10:] == [429] * 2
    refused = client.post(LOGIN, json={"username": "admin", "password": PASSWORD})
    assert (refused.status_code, refused.mimetype) == (429, PROBLEM_JSON)
    rest.page("company")
