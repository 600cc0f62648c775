"""Field definitions over REST: defining, changing, retiring, and who may."""

from collections.abc import Callable
from typing import Any

import pytest

from models.changes import Change
from models.fields.definitions import FieldDefinition
from models.security import User
from tests.rest.conftest import Caller

GOOD = {"register": "company", "key": "good", "kind": "text", "label": {"en": "Good"}}


def test_post_defines_a_field_that_is_there_at_once(rest: Caller, choice_field: dict[str, Any]) -> None:
    made = rest.define("colour", register="person", required=True, default="a", order=3, help="Which?", **choice_field)
    assert made["column"] == "x_colour"
    assert (made["required"], made["default"], made["order"], made["retired"]) == (True, "a", 3, False)
    assert [choice["key"] for choice in made["choices"]] == ["a", "b", "c"]
    assert rest.add("person", name="Maija")["x_colour"] == "a"
    assert Change.objects(register="field_definition", source="rest").count() == 1


def test_put_renames_and_leaves_key_and_kind(rest: Caller) -> None:
    made = rest.define("size", "number")
    path = f"field_definition/{made['id']}"
    changed = rest.call("PUT", path, json={"label": {"en": "Staff", "fi": "Väki"}, "version": 1})["result"]
    assert changed["label"] == {"en": "Staff", "fi": "Väki"}
    assert rest.page("company")["label_columns"]["x_size"] == "Staff"
    assert sorted(rest.call("PUT", path, 422, json={"key": "other", "kind": "text"})["errors"]) == ["key", "kind"]
    late = rest.call("PUT", path, 409, json={"label": "Late", "version": 1})
    assert late["current"]["label"]["en"] == "Staff"
    assert rest.call("PUT", path, json=changed)["result"] == changed


def test_delete_retires_and_put_brings_back_with_its_values(rest: Caller) -> None:
    made = rest.define("size", "number")
    company = rest.add("company", name="Acme", x_size=5)
    path = f"field_definition/{made['id']}"
    assert rest.call("DELETE", path)["result"]["retired"] is True
    assert "x_size" not in rest.call("GET", f"company/{company['id']}")["result"]
    rest.call("PUT", f"company/{company['id']}", 422, json={"x_size": 6})
    rest.page("company", 400, filters=[{"col": "x_size", "opr": "eq", "value": 5}])
    rest.call("PUT", path, json={"retired": False})
    assert rest.names("company", ("x_size", "eq", 5)) == ["Acme"]


@pytest.mark.parametrize(("sent", "wrong"), [
    ({"register": "nope"}, "register"), ({"register": ["company"]}, "register"), ({"kind": "nope"}, "kind"),
    ({"kind": "links"}, "kind"), ({"kind": {}}, "kind"), ({"key": "name"}, "key"), ({"key": "custom"}, "key"),
    ({"key": "Über"}, "key"), ({"key": "a.b"}, "key"), ({"key": "$a"}, "key"), ({"key": "9a"}, "key"),
    ({"key": "x" * 60}, "key"), ({"label": {}}, "label"), ({"label": {"en": 5}}, "label"), ({"label": 5}, "label"),
    ({"label": {"en": "a\x00"}}, "label"), ({"label": {"en": "\ud800"}}, "label"), ({"kind": "choice"}, "choices"),
    ({"choices": [{"key": "a"}]}, "choices"), ({"order": 10**30}, "order"), ({"order": "abc"}, "order"),
    ({"section": "nope"}, "section"), ({"section": []}, "section"), ({"kind": "number", "default": "x"}, "default"),
    ({"required": "yes"}, "required"), ({"help": [1]}, "help"), ({"currency": "euro"}, "currency"),
    ({"kind": "link", "target": "nope"}, "target"), ({"nope": 1}, "nope"), ({"id": "0" * 24}, "id"),
    ({"retired": True}, "retired"), ({"version": 7}, "version"), ({"column": "x_a"}, "column"),
    ({"kind": "choice", "choices": [{"key": "a b", "label": "A"}]}, "choices"),
    ({"kind": "choice", "choices": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]}, "choices"),
    ({"kind": "choice", "choices": [5]}, "choices"), ({"kind": "choice", "choices": {"a": 1}}, "choices"),
])  # fmt: skip
def test_post_of_a_wrong_definition_is_refused_by_property(rest: Caller, sent: dict[str, Any], wrong: str) -> None:
    assert list(rest.call("POST", "field_definition/", 422, json=GOOD | sent)["errors"]) == [wrong]
    assert FieldDefinition.objects.count() == 0


def test_post_of_a_key_that_is_taken_is_refused_retired_or_not(rest: Caller) -> None:
    made = rest.define("size", "number")
    assert "key" in rest.call("POST", "field_definition/", 422, json=GOOD | {"key": "size"})["errors"]
    rest.call("DELETE", f"field_definition/{made['id']}")
    assert "key" in rest.call("POST", "field_definition/", 422, json=GOOD | {"key": "size"})["errors"]
    rest.define("size", "number", register="person")


def test_list_filters_orders_and_selects(rest: Caller) -> None:
    for key, register in (("b", "company"), ("a", "company"), ("c", "person")):
        rest.define(key, "text", register=register)
    one = [{"col": "register", "opr": "eq", "value": "company"}]
    found = rest.page("field_definition", filters=one, order_column="key", columns=["key", "column"])
    assert found["result"] == [{"key": "a", "column": "x_a"}, {"key": "b", "column": "x_b"}]
    assert found["count"] == 2
    assert rest.page("field_definition", page=1, page_size=2)["count"] == 3
    for query in ({"order_column": "label"}, {"columns": ["nope"]}, {"page": -1},
                  {"filters": [{"col": "label", "opr": "eq", "value": "a"}]},
                  {"filters": [{"col": "register", "opr": "eq", "value": {"$ne": 1}}]},
                  {"filters": [{"col": "register", "opr": "eq"}]}):  # fmt: skip
        rest.page("field_definition", 400, **query)


@pytest.mark.parametrize("pk", ["nonsense", "0" * 24, "$ne"])
def test_unknown_definitions_are_not_found(rest: Caller, pk: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        rest.call(method, f"field_definition/{pk}", 404, json={})


def test_everybody_reads_and_those_who_manage_settings_write(
    rest: Caller, make_role: Callable[..., Any], make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    made = rest.define("size", "number")
    reader = caller_of(make_user("reader", "Reader"))
    assert reader.page("field_definition")["ids"] == [made["id"]]
    assert reader.call("GET", f"field_definition/{made['id']}")["result"] == made
    reader.call("POST", "field_definition/", 403, json=GOOD)
    reader.call("PUT", f"field_definition/{made['id']}", 403, json={"label": "x"})
    reader.call("DELETE", f"field_definition/{made['id']}", 403)
    manager = caller_of(make_user("manager", make_role("Manager", ("settings", "change", "all"))))
    manager.call("PUT", f"field_definition/{made['id']}", json={"label": "x"})
