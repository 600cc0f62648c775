"""The OpenAPI document: valid, and right for the fields of this moment."""

import re
from typing import Any

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from models.registers import REGISTERS
from tests.rest.conftest import Caller


def test_document_is_valid_openapi(rest: Caller, choice_field: dict[str, Any]) -> None:
    rest.define("colour", **choice_field)
    rest.define("worth", "money", register="person")
    validate(rest.call("GET", "_openapi"))


def test_document_describes_every_address_there_is(rest: Caller) -> None:
    for register in REGISTERS:
        # Only where records can be related are there calls for it.
        rest.add("relationship_kind", subject=register, object="company", label="Is of", reverse="Has")
    described = {
        (method.upper(), path) for path, calls in rest.call("GET", "_openapi")["paths"].items() for method in calls
    }
    rules = rest.client.application.url_map.iter_rules()
    there = {
        (method, re.sub(r"<(?:record:)?(\w+)>", r"{\1}", rule.rule))
        for rule in rules if rule.rule.startswith("/api/v1/") for method in rule.methods or () if
        method not in ("HEAD", "OPTIONS")
    }  # fmt: skip
    assert described == there


def test_document_follows_the_definitions(rest: Caller, choice_field: dict[str, Any]) -> None:
    made = rest.define("colour", **choice_field)
    schemas = rest.call("GET", "_openapi")["components"]["schemas"]
    for name in ("Company", "CompanyNew", "CompanyChange"):
        assert schemas[name]["properties"]["x_colour"] == {
            "type": ["string", "null"], "enum": ["a", "b", "c", None], "title": "Colour"}  # fmt: skip
    assert "x_colour" not in schemas["Person"]["properties"]
    assert schemas["CompanyNew"]["required"] == ["name"]
    assert "required" not in schemas["PersonNew"]
    rest.call("DELETE", f"field_definition/{made['id']}")
    assert "x_colour" not in rest.call("GET", "_openapi")["components"]["schemas"]["Company"]["properties"]


def test_document_is_in_the_language_asked_for(rest: Caller) -> None:
    rest.define("size", "number")
    document = rest.call("GET", "_openapi", headers={"Accept-Language": "fi"})
    assert document["components"]["schemas"]["Company"]["properties"]["x_size"]["title"] == "size fi"


def test_answers_fit_the_schemas_of_the_document(rest: Caller, choice_field: dict[str, Any]) -> None:
    for kind in ("number", "money", "date", "datetime", "boolean", "url", "text", "user"):
        rest.define(f"of_{kind}", kind)
    rest.define("colours", **choice_field | {"kind": "choices"})
    rest.add("company", name="Empty")
    rest.add("company", name="Full", x_of_number=1.5, x_of_money="5 EUR", x_of_date="2024-01-01", x_of_boolean=False,
             x_of_datetime="2024-01-01T10:00Z", x_colours=["a"], x_of_user=str(rest.user.pk))  # fmt: skip
    rest.add("person", name="Maija", companies=rest.page("company")["ids"])
    document = rest.call("GET", "_openapi")
    for register in ("company", "person", "field_definition"):
        name = register.title().replace("_", "")
        schema = {**document["components"]["schemas"][name], "additionalProperties": False}
        for row in rest.page(register)["result"]:
            Draft202012Validator(schema).validate(row)
