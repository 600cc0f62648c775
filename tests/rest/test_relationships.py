"""Relationships over REST: begun from either side, changed, ended, removed, as far as the caller may; their kinds."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from jsonschema import Draft202012Validator

from models.changes import Change
from models.security import Role, User
from tests.rest.conftest import Caller

Raw = dict[str, Any]


@pytest.fixture
def ids(rest: Caller) -> dict[str, str]:
    found = {name: rest.add("company", name=name)["id"] for name in ("Alfa", "Beta")}
    return found | {"Maija": rest.add("person", name="Maija")["id"]}


def test_a_relationship_is_begun_changed_ended_and_removed(rest: Caller, ids: dict[str, str]) -> None:
    path = f"person/{ids['Maija']}/relationships"
    new = {"kind": "works_for", "other": ids["Alfa"], "title": "Buyer", "since": "2024-01-01"}
    made = rest.call("POST", path, 201, json=new)["result"]
    assert (made["side"], made["name"], made["register"], made["until"]) == ("subject", "Alfa", "company", None)
    assert rest.call("GET", f"person/{ids['Maija']}")["result"]["companies"] == [ids["Alfa"]]
    [seen] = rest.call("GET", f"company/{ids['Alfa']}/relationships")["result"]
    assert (seen["id"], seen["side"], seen["other"]) == (made["id"], "object", ids["Maija"])
    one = f"{path}/{made['id']}"
    # What was read is sent back as it is, with a change.
    changed = rest.call("PUT", one, json=made | {"title": None})["result"]
    assert (changed["title"], changed["since"], changed["version"]) == (None, "2024-01-01", 2)
    conflict = rest.call("PATCH", one, 409, json={"title": "Seller", "version": 1})
    assert conflict["current"] == changed
    rest.call("PATCH", one, json={"until": "2024-12-31"})
    assert rest.call("GET", one)["result"]["until"] == "2024-12-31"
    assert rest.call("GET", f"person/{ids['Maija']}")["result"]["companies"] == []
    rest.call("DELETE", one)
    rest.call("GET", one, 404)
    assert rest.call("GET", path)["count"] == 0
    assert set(Change.objects(register="relationship").distinct("source")) == {"rest"}


def test_a_new_one_ends_the_one_that_is_named(rest: Caller, ids: dict[str, str]) -> None:
    path = f"person/{ids['Maija']}/relationships"
    first = rest.call("POST", path, 201, json={"kind": "works_for", "other": ids["Alfa"]})["id"]
    rest.call("POST", path, 201, json={"kind": "works_for", "other": ids["Beta"], "ends": [first]})
    rows = rest.call("GET", path)["result"]
    assert [(row["name"], row["until"] is None) for row in rows] == [("Beta", True), ("Alfa", False)]


@pytest.mark.parametrize(("change", "column"), [
    ({"kind": "nothing"}, "kind"), ({"kind": "owns"}, "kind"), ({"side": "object"}, "kind"),
    ({"other": str(ObjectId())}, "other"), ({"other": "x"}, "other"), ({"other": None}, "other"),
    ({"since": "yesterday"}, "since"), ({"until": "2999-01-01"}, "until"), ({"title": "x" * 201}, "title"),
    ({"title": "\x00"}, "title"), ({"since": "2024-01-02", "until": "2024-01-01"}, "until"), ({"ends": 7}, "ends"),
    ({"nothing": 1}, "nothing"), ({"version": 3}, "version"),
])  # fmt: skip
def test_what_makes_no_sense_is_refused_by_property(
    rest: Caller, ids: dict[str, str], change: Raw, column: str
) -> None:
    new = {"kind": "works_for", "other": ids["Alfa"]} | change
    assert list(rest.call("POST", f"person/{ids['Maija']}/relationships", 422, json=new)["errors"]) == [column]


def test_relationships_follow_the_rights_on_their_records(
    rest: Caller, ids: dict[str, str], make_role: Callable[..., Role], make_user: Callable[..., User],
    caller_of: Callable[[User], Caller],
) -> None:  # fmt: skip
    path = f"company/{ids['Alfa']}/relationships"
    new = {"kind": "owns", "other": ids["Beta"], "side": "subject"}
    made = rest.call("POST", path, 201, json=new)["id"]
    rest.call("POST", path, 201, json={"kind": "works_for", "other": ids["Maija"]})
    reader = caller_of(make_user("reader", make_role("Companies", ("company", "see", "all"))))
    assert [row["kind"] for row in reader.call("GET", path)["result"]] == ["owns"]
    for method, where in (("POST", path), ("PUT", f"{path}/{made}"), ("DELETE", f"{path}/{made}")):
        reader.call(method, where, 403, json=new)
    reader.call("GET", f"person/{ids['Maija']}/relationships", 403)
    paths = reader.call("GET", "_openapi")["paths"]
    assert [*paths["/api/v1/company/{pk}/relationships"]] == ["get"]
    assert "/api/v1/person/{pk}/relationships" not in paths
    assert reader.call("GET", "relationship_kind/")["ids"] == ["owns", "supplies", "part_of"]
    assert rest.call("GET", path)["count"] == 2


def test_kinds_of_the_program_stay_and_own_ones_are_offered_at_once(rest: Caller, ids: dict[str, str]) -> None:
    new = {"subject": "person", "object": "company", "label": {"en": "Advises", "fi": None}, "reverse": "Is advised by"}
    key = rest.call("POST", "relationship_kind/", 201, json=new)["id"]
    document = rest.call("GET", "_openapi")
    call = document["paths"]["/api/v1/person/{pk}/relationships"]
    assert key in call["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]["kind"]["enum"]
    path = f"person/{ids['Maija']}/relationships"
    rest.call("POST", path, 201, json={"kind": key, "other": ids["Alfa"]})
    rest.call("PATCH", f"relationship_kind/{key}", json={"retired": True})
    assert "kind" in rest.call("POST", path, 422, json={"kind": key, "other": ids["Beta"]})["errors"]
    answer = rest.call("GET", path)
    assert answer["count"] == 1
    schema = call["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert not [*Draft202012Validator({**schema, "components": document["components"]}).iter_errors(answer)]
    assert "retired" in rest.call("PATCH", "relationship_kind/works_for", 422, json={"retired": True})["errors"]
