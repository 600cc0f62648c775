"""A caller of the REST interface, with a token."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import prison
import pytest
from flask import Flask
from flask_jwt_extended import create_access_token

from models.security import User

PROBLEM_JSON = "application/problem+json"


class Caller:
    """Calls REST as one user; every answer is checked to be what its status says it is."""

    def __init__(self, app: Flask, user: User) -> None:
        self.client = app.test_client()
        self.user = user
        self.token = create_access_token(identity=str(user.pk), fresh=True)

    def call(self, method: str, path: str, status: int = 200, **options: Any) -> Any:
        """Call `/api/v1/<path>`; returns the JSON of the answer, which must have this status."""
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        answer = self.open(f"/api/v1/{path}", method=method, headers=headers, **options)
        assert answer.status_code == status, f"{answer.status} {answer.text[:600]}"
        assert answer.mimetype == (PROBLEM_JSON if status >= 400 else "application/json")
        if status >= 400:
            assert answer.json["status"] == status
            assert answer.json["title"]
            assert answer.json["detail"]
        return answer.json

    def page(self, register: str, status: int = 200, **query: Any) -> Any:
        """A page of a register as `q` asks for it."""
        return self.call("GET", f"{register}/?q={quote(prison.dumps(query))}", status)

    def names(self, register: str, *filters: tuple[Any, ...], **query: Any) -> list[str]:
        """The names of the records that pass filters of (column, operator[, value])."""
        conditions = [dict(zip(("col", "opr", "value"), one, strict=False)) for one in filters]
        found = self.page(register, filters=conditions, **query)
        return [row["name"] for row in found["result"]]

    def add(self, register: str, **values: Any) -> Any:
        """Add a record; returns its `result`."""
        return self.call("POST", f"{register}/", 201, json=values)["result"]

    def define(self, key: str, kind: str, register: str = "company", **values: Any) -> Any:
        """Define a field; returns its definition."""
        data = {"register": register, "key": key, "kind": kind, "label": {"en": key.title(), "fi": f"{key} fi"}}
        return self.call("POST", "field_definition/", 201, json=data | values)["result"]

    def raw(self, method: str, path: str, body: bytes | str, **options: Any) -> Any:
        """Call with a body as it stands; returns the answer, whatever it is."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"} | options
        return self.open(f"/api/v1/{path}", method=method, headers=headers, data=body)

    def open(self, *args: Any, **options: Any) -> Any:
        # An application context of its own, as a server gives every request: languages and rights are kept on it.
        with self.client.application.app_context():
            return self.client.open(*args, **options)


@pytest.fixture
def caller_of(app: Flask) -> Callable[[User], Caller]:
    """A caller signed in as a user."""
    return lambda user: Caller(app, user)


@pytest.fixture
def rest(app: Flask, admin: User) -> Caller:
    """A caller signed in as administrator."""
    return Caller(app, admin)


@pytest.fixture
def choice_field() -> dict[str, Any]:
    """What makes a field a choice of three."""
    choices = [{"key": key, "label": {"en": key.upper()}} for key in ("a", "b", "c")]
    return json.loads(json.dumps({"kind": "choice", "choices": choices, "section": "classification"}))
