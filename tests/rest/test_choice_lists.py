"""Choices of fixed fields over REST: reading, changing, who may, and that records follow at once."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from models.changes import Change
from models.fields.choice_lists import ChoiceList
from models.registers import all_registers
from models.security import FieldRight, User
from tests.rest.conftest import Caller

PATH = "choice_list/company.status"
OWN = ["prospect", "customer", "former", "other"]


def change(rest: Caller, *choices: Any, status: int = 200, **values: Any) -> Any:
    """Send the choices there are, and behind them these."""
    there = rest.call("GET", PATH)["result"]["choices"]
    return rest.call("PUT", PATH, status, json={"choices": [*there, *choices], **values})


def test_what_is_read_can_be_sent_back_and_changes_nothing(rest: Caller) -> None:
    found = rest.call("GET", PATH)["result"]
    assert (found["id"], found["version"], [choice["key"] for choice in found["choices"]]) == ("company.status", 0, OWN)
    assert found["choices"][0]["label"] == {"en": "Prospect", "fi": "Prospekti"}
    all_lists = rest.call("GET", "choice_list/")
    assert all_lists["ids"] == [
        f"{card.key}.{field.key}" for card in all_registers() for field in card.fixed_fields if field.extensible
    ]  # fmt: skip
    assert {"company.status", "product.category", "opportunity.reason", "activity.kind", "document.tags"} <= set(
        all_lists["ids"])  # fmt: skip
    assert all_lists["result"][0] == found
    assert rest.call("PUT", PATH, json=found)["result"] == found
    assert rest.call("PATCH", PATH, json={})["result"] == found
    assert ChoiceList.objects.count() == 0


def test_added_choice_is_in_records_info_and_description_at_once(rest: Caller) -> None:
    rest.call("POST", "company/", 422, json={"name": "Early", "status": "partner"})
    made = change(rest, {"key": "partner", "label": {"en": "Partner", "fi": "Kumppani"}, "colour": "teal"}, version=0)
    assert made["result"]["version"] == 1
    assert rest.add("company", name="Acme", status="partner")["status"] == "partner"
    assert rest.add("company", name="Beta", status="Kumppani")["status"] == "partner"
    assert sorted(rest.names("company", ("status", "eq", "partner"))) == ["Acme", "Beta"]
    info = rest.call("GET", "company/_info")
    (field,) = [field for field in info["add_columns"] if field["name"] == "status"]
    assert field["values"][-1] == {"id": "partner", "value": "Partner"}
    document = rest.call("GET", "_openapi")
    validate(document)
    assert document["components"]["schemas"]["CompanyNew"]["properties"]["status"]["enum"] == [*OWN, "partner", None]
    assert Change.objects.get(register="choice_list").source == "rest"


def test_retired_choice_is_read_and_not_taken_for_new_values(rest: Caller) -> None:
    made = rest.add("company", name="Acme", status="former")
    there = rest.call("GET", PATH)["result"]["choices"]
    rest.call("PUT", PATH, json={"choices": [choice for choice in there if choice["key"] != "former"]})
    assert rest.call("GET", PATH)["result"]["choices"][-1]["retired"] is True
    rest.call("POST", "company/", 422, json={"name": "Beta", "status": "former"})
    rest.call("PUT", f"company/{made['id']}", json={"city": "Oulu", "status": "former"})
    assert rest.names("company", ("status", "eq", "former")) == ["Acme"]
    enum = rest.call("GET", "_openapi")["components"]["schemas"]["CompanyNew"]["properties"]["status"]["enum"]
    assert "former" not in enum


def test_who_comes_late_is_told_what_is_there(rest: Caller) -> None:
    change(rest, "Partner", version=0)
    late = change(rest, "Dealer", status=409, version=0)
    assert [choice["key"] for choice in late["current"]["choices"]] == [*OWN, "partner"]
    assert late["current"]["id"] == "company.status"


@pytest.mark.parametrize(("sent", "wrong"), [
    ({"choices": []}, "choices"), ({"choices": "a"}, "choices"), ({"choices": {"a": 1}}, "choices"),
    ({"choices": [{"key": "a b", "label": "A"}]}, "choices"), ({"choices": [5]}, "choices"), ({"key": "city"}, "key"),
    ({"choices": ["A", "A"]}, "choices"), ({"choices": [{"key": "a", "label": {"en": "a\x00"}}]}, "choices"),
    ({"version": "1"}, "version"), ({"label": "State"}, "label"), ({"id": "person.status"}, "id"),
])  # fmt: skip
def test_wrong_choices_are_refused_by_property(rest: Caller, sent: dict[str, Any], wrong: str) -> None:
    assert list(rest.call("PUT", PATH, 422, json=sent)["errors"]) == [wrong]
    assert ChoiceList.objects.count() == 0


def test_fuzzed_choices_are_kept_or_refused(rest: Caller) -> None:
    words = st.text(max_size=8) | st.sampled_from(["customer", "en", "teal"])
    scalar = st.none() | st.booleans() | st.integers() | words
    names = st.sampled_from(["key", "label", "colour", "retired", "en", "fi", "x"])
    nested = st.recursive(scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3))

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(st.lists(st.dictionaries(names, nested, max_size=4) | nested, max_size=4))
    def fuzz(choices: list[Any]) -> None:
        answer = rest.raw("PUT", PATH, json.dumps({"choices": choices}))
        assert answer.status_code in (200, 422), answer.text[:500]

    fuzz()
    rest.call("GET", PATH)
    rest.add("company", name="Acme")


@pytest.mark.parametrize("pk", ["nonsense", "company.name", "person.status", "company.status.x", "$ne", "0" * 24])
def test_fields_without_such_choices_are_not_found(rest: Caller, pk: str) -> None:
    for method in ("GET", "PUT"):
        rest.call(method, f"choice_list/{pk}", 404, json={})


def test_everybody_reads_and_those_who_manage_settings_write(
    rest: Caller, make_role: Callable[..., Any], make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    reader = caller_of(make_user("reader", "Reader"))
    assert reader.call("GET", PATH) == rest.call("GET", PATH)
    reader.call("PUT", PATH, 403, json={"choices": ["A"]})
    assert "put" not in reader.call("GET", "_openapi")["paths"]["/api/v1/choice_list/{pk}"]
    manager = caller_of(make_user("manager", make_role("Manager", ("settings", "change", "all"))))
    change(manager, "Partner")


def test_hidden_fields_choices_are_hidden(
    make_role: Callable[..., Any], make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    hidden = FieldRight(register="company", column="status", access="hidden")
    blind = caller_of(make_user("blind", make_role("Blind", ("company", "see", "all"), field_rights=[hidden])))
    blind.call("GET", PATH, 404)
    assert blind.call("GET", "choice_list/")["result"] == []
    validate(blind.call("GET", "_openapi"))
