"""Over REST, conditions that speak of what the caller does not see are null, and stay as they are."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from models.security import FieldRight, User
from services.saved_views import Query, save_view
from services.security import access_for
from tests.rest.conftest import Caller

PHONE = {"col": "phone", "opr": "sw", "value": "040"}
OULU = {"col": "city", "opr": "eq", "value": "Oulu"}


@pytest.fixture
def reader(app: Flask, make_role: Callable[..., Any], make_user: Callable[..., User]) -> Caller:
    """One who may change segments, and does not see the phone of companies."""
    make_role("Clerk", ("company", "see", "all"), ("segment", "see", "all"), ("segment", "change", "all"),
              field_rights=[FieldRight(register="company", column="phone", access="hidden")])  # fmt: skip
    return Caller(app, make_user("reader", "Clerk"))


def test_segment_tells_none_and_keeps_them(rest: Caller, reader: Caller) -> None:
    hidden = rest.add("segment", name="Phones", members="company", conditions=[PHONE])
    seen = rest.add("segment", name="In Oulu", members="company", conditions=[OULU])
    listed = {row["id"]: row["conditions"] for row in reader.page("segment")["result"]}
    assert listed == {hidden["id"]: None, seen["id"]: [OULU]}
    path = f"segment/{hidden['id']}"
    told = reader.call("GET", path)["result"]
    assert told["conditions"] is None
    for sent in ({"name": "Left out"}, {"name": "As it was told", "conditions": None}):
        assert reader.call("PATCH", path, json=sent)["result"]["conditions"] is None
        assert rest.call("GET", path)["result"]["conditions"] == [PHONE]
    for sent in ({"conditions": [OULU]}, {"conditions": []}):
        problem = reader.call("PATCH", path, 422, json=sent)
        assert "fields that you don’t see" in problem["errors"]["conditions"][0]
    problem = reader.call("GET", f"{path}/members", 400)
    assert "phone" not in problem["detail"].lower().replace("“phones”", "")


def test_view_tells_none_and_keeps_them(rest: Caller, reader: Caller) -> None:
    view = save_view(access_for(rest.user), "company", "Phones", "all", Query([PHONE]))
    path = f"saved_view/{view['_id']}"
    assert reader.call("GET", path)["result"]["conditions"] is None
    assert rest.call("GET", path)["result"]["conditions"] == [PHONE]
    view = save_view(access_for(rest.user), "company", "Renamed", "all", Query(None), replaces=view["_id"])
    assert rest.call("PATCH", path, json={"name": "Again"})["result"]["conditions"] == [PHONE]
