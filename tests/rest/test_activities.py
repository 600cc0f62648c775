"""Activities over REST, as any register: created, cleaned, filtered, private ones hidden, fields of one's own."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from models.security import User
from tests.rest.conftest import Caller


@pytest.fixture
def anna(make_user: Callable[..., User], caller_of: Callable[[User], Caller]) -> Caller:
    return caller_of(make_user("anna", "Staff", time_zone="Europe/Helsinki"))


@pytest.fixture
def bo(make_user: Callable[..., User], caller_of: Callable[[User], Caller]) -> Caller:
    return caller_of(make_user("bo", "Staff"))


def test_an_activity_is_added_with_its_moments_and_its_text_cleaned(anna: Caller, bo: Caller) -> None:
    company = anna.add("company", name="Voima Oy")
    made = anna.add("activity", name="Kokous", kind="meeting", starts_at="2026-10-25T03:30:00+03:00",
                    due_on="2026-10-25",
                    companies=[company["id"]], users=[str(bo.user.pk)],
                    text='<p onclick="x()">Sovittiin <b>hinta</b></p><script>alert(1)</script>')  # fmt: skip
    assert made["starts_at"] == made["at"] == "2026-10-25T00:30:00Z"
    assert made["due_at"] == "2026-10-25T22:00:00Z"
    assert "script" not in made["text"]
    assert "onclick" not in made["text"]
    assert anna.names("activity", ("companies", "eq", company["id"])) == ["Kokous"]
    assert bo.names("activity", ("users", "eq", "me")) == ["Kokous"]
    assert anna.names("activity", ("text", "ct", "sovittiin hinta")) == ["Kokous"]


def test_private_ones_are_not_there_for_others(anna: Caller, bo: Caller, rest: Caller) -> None:
    made = anna.add("activity", name="Hammaslääkäri", private=True)
    assert anna.call("GET", f"activity/{made['id']}")["result"]["name"] == "Hammaslääkäri"
    for other in (bo, rest):
        assert other.names("activity") == []
        other.call("GET", f"activity/{made['id']}", 404)
        other.call("PUT", f"activity/{made['id']}", 404, json={"name": "x"})
        other.call("DELETE", f"activity/{made['id']}", 404)


@pytest.mark.parametrize("values", [
    {"starts_at": "2026-07-01T10:00:00Z", "ends_at": "2026-07-01T09:00:00Z"}, {"repeats": "FREQ=SECONDLY"},
    {"due_time": "25:00"}, {"at": "2026-07-01T10:00:00Z"}, {"users": ["nobody"]}, {"kind": {"$ne": 1}},
    {"text": {"$where": "1"}}, {"answers": {}}, {"files": ["0123456789abcdef01234567"]}, {"zone": "Mars/Base"},
    {"starts_at": "9999-12-31T23:59:59-12:00"}, {"due_on": "0001-01-01", "repeats": "FREQ=YEARLY"},
])  # fmt: skip
def test_what_an_activity_can_t_be_is_refused_or_kept_without_harm(anna: Caller, values: dict[str, Any]) -> None:
    answer = anna.raw("POST", "activity/", json.dumps({"name": "x", **values}))
    assert answer.status_code in (201, 422), answer.text[:300]
    assert anna.client.get("/activities/").status_code < 500
    if "due_on" not in values:
        assert answer.status_code == 422


def test_a_field_of_one_s_own_is_a_property_a_filter_and_an_order(rest: Caller) -> None:
    rest.define("mood", "choice", register="activity", choices=[{"key": "good", "label": "Good"}])
    rest.define("minutes", "number", register="activity")
    rest.call("POST", "activity/bulk", 201, json=[
        {"name": "A", "x_mood": "good", "x_minutes": 30}, {"name": "B", "x_minutes": 10}, {"name": "C"},
    ])  # fmt: skip
    assert rest.names("activity", ("x_mood", "eq", "good")) == ["A"]
    assert rest.names("activity", ("x_minutes", "ge", 5), order_column="x_minutes", order_direction="asc") == ["B", "A"]
