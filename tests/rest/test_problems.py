"""Whatever is sent, the answer is right or a problem document; never an error of the program."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.companies import Company
from tests.rest.conftest import PROBLEM_JSON, Caller

KINDS = ("text", "long_text", "rich_text", "number", "money", "date", "datetime", "boolean", "choice", "choices",
         "email", "phone",
         "url", "user", "users", "link", "files")  # fmt: skip
FUZZ = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


@pytest.fixture
def kinds(rest: Caller, choice_field: dict[str, Any]) -> Caller:
    """A caller, with a field of every kind and a record that fills most of them."""
    for kind in KINDS:
        choices = {"choices": choice_field["choices"]} if kind.startswith("choice") else {}
        rest.define(f"of_{kind}", kind, **choices)
    rest.add("company", name="Acme", x_of_number=5, x_of_money="5 EUR", x_of_date="2024-01-01", x_of_boolean=True)
    return rest


def assert_no_server_error(answer: Any) -> None:
    assert answer.status_code < 500, answer.text[:500]
    assert answer.mimetype == ("application/json" if answer.status_code < 400 else PROBLEM_JSON)


@pytest.mark.parametrize("q", [
    "!", "(", "(page:abc)", "(page:-1)", "(page:1e999)", "(page_size:-2)", "(page_size:abc)", "(page:1.5)", "!n",
    "(page:99999999999999999999)", "(page:100000)", "(order_column:unknown)", "(order_column:x_nope)", "'text'",
    "(order_column:'$where')", "(order_column:name,order_direction:sideways)", "(filters:abc)", "(filters:!(abc))",
    "(filters:!((col:name)))", "(filters:!((col:nope,opr:eq,value:1)))", "(filters:!((col:name,opr:zz,value:1)))",
    "(filters:!((col:'$where',opr:eq,value:'1')))", "(filters:!((col:name,opr:'$where',value:'1')))",
    "(filters:!((col:name,opr:eq,value:('$ne':1))))", "(filters:!((col:status,opr:eq,value:('$gt':''))))",
    "(filters:!((col:name,opr:eq,value:!(!(!(1))))))", "(filters:!((col:created_at,opr:ge,value:never)))",
    "(filters:!((col:name,opr:eq)))", "(filters:!((col:name,opr:in,value:!())))", "(columns:!(nope))", "(columns:1)",
    "(filters:!((col:name,opr:eq,value:a,extra:1)))", "(filter:!())", "(count:1)", "[1", '{"page": 1e400}', "null",
    "(filters:!((col:custom.x,opr:eq,value:1)))", "(filters:!((col:facets,opr:eq,value:1)))", "(!(!(!(",
])  # fmt: skip
def test_list_with_a_wrong_q_is_a_bad_request(rest: Caller, q: str) -> None:
    rest.call("GET", f"company/?q={quote(q)}", 400)


def test_list_with_a_deep_or_long_q_is_a_bad_request(rest: Caller) -> None:
    for q in ("!(" * 5_000, "(a:" * 3_000, "[" * 9_000, "x" * 50_000):
        rest.call("GET", f"company/?q={q}", 400)


def test_filters_beyond_their_number_and_length_are_bad_requests(rest: Caller) -> None:
    one = {"col": "name", "opr": "ct", "value": "a"}
    rest.page("company", 400, filters=[one] * 51)
    rest.page("company", 400, filters=[one | {"value": "ä" * 2_001}])
    rest.define("notes", "long_text")
    rest.page("company", filters=[one | {"col": "x_notes", "value": "€" * 2_000}])


@pytest.mark.parametrize(("column", "operator", "value"), [
    ("x_of_date", "eq", "9999-12-31"), ("x_of_datetime", "eq", "9999-12-31"), ("x_of_datetime", "le", "0001-01-01"),
    ("x_of_datetime", "eq", "9999-12-31T23:59:59Z"), ("x_of_date", "ge", "0001-01-01"),
    ("x_of_number", "eq", 2**63 - 1),
    ("x_of_money", "eq", {"amount": 5, "currency": "EUR"}), ("x_of_choices", "all", ["a", "b"]),
    ("x_of_money", "ge", "5 EUR"), ("x_of_boolean", "eq", "no"), ("x_of_link", "empty", None),
    ("x_of_phone", "eq", "🙂"), ("x_of_phone", "ct", "🙂"), ("x_of_user", "in", ["0" * 24]),
])  # fmt: skip
def test_filters_at_the_edges_of_their_kinds_answer(kinds: Caller, column: str, operator: str, value: Any) -> None:
    kinds.page("company", filters=[{"col": column, "opr": operator, "value": value}])


@pytest.mark.parametrize("body", [
    "", "{", "[1, 2", "nothing", '{"name": NaN}', '{"name": Infinity}', '{"name": "a", "name": "b"}', "[]", "5",
    '"text"', "null", "[" * 100_000, '{"name": ' * 900 + "1" + "}" * 900, b"\xff\xfe", '{"x_n": ' + "9" * 5_000 + "}",
    '{"name": "a", "custom": ' + "[" * 20 + "]" * 20 + "}",
])  # fmt: skip
def test_post_of_what_is_no_plain_json_object_is_a_bad_request(rest: Caller, body: str | bytes) -> None:
    for path in ("company/", "field_definition/"):
        answer = rest.raw("POST", path, body)
        assert (answer.status_code, answer.mimetype) == (400, PROBLEM_JSON)


def test_bulk_of_anything_but_an_array_is_a_bad_request(rest: Caller) -> None:
    for body in ('{"name": "a"}', "null", '"a"', "[", "[" * 100_000):
        assert rest.raw("POST", "company/bulk", body).status_code == 400


@pytest.mark.parametrize("value", [
    "\x00", "\ud800", "x" * 201, True, [], ["a"], {}, {"$ne": 1}, {"a": {"b": {}}}, -0.0, 1e308, "<script>",
], ids=repr)  # fmt: skip
def test_post_of_odd_names_is_refused_or_kept_as_text(rest: Caller, value: Any) -> None:
    answer = rest.raw("POST", "company/", json.dumps({"name": value}))
    assert answer.status_code == (201 if value in (-0.0, 1e308, "<script>") and value is not True else 422)


@pytest.mark.parametrize("kind", KINDS)
def test_values_of_the_wrong_kind_are_refused_by_property(kinds: Caller, kind: str) -> None:
    column = f"x_of_{kind}"
    for value in ({"$ne": 1}, {"amount": {}}, [[]], [{"a": 1}], "\x00", "\ud800x", {"id": [], "name": 1}):
        errors = kinds.call("POST", "company/", 422, json={"name": "A", column: value})["errors"]
        assert list(errors) == [column]
    assert Company.objects.count() == 1


@pytest.mark.parametrize("kind", KINDS)
def test_long_values_are_answered_at_once(kinds: Caller, kind: str) -> None:
    for value in ("EUR" + " " * 50_000 + "abcd", "1" * 200_000, "a" * 200_000, "@" * 100_000, "1," * 50_000):
        answer = kinds.raw("POST", "company/", json.dumps({"name": "A", f"x_of_{kind}": value}))
        assert_no_server_error(answer)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
    | st.sampled_from(["\ud800", "\x00", "$ne", "2024-13-01", "12.5.2024", "9999-12-31", "0001-01-01T00:00+14:00",
                       "1e999", "0" * 24, "5 XXX", "http://[", "a@", "+"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["$gt", "amount", "id", "x"]), inner),
    max_leaves=5,
)  # fmt: skip
COLUMNS = st.sampled_from([*(f"x_of_{kind}" for kind in KINDS), "name", "status", "owner", "version", "_keep", "team"])


def test_fuzzed_records_are_kept_or_refused(kinds: Caller) -> None:
    made = kinds.add("company", name="Fuzzed")

    @FUZZ
    @given(st.dictionaries(COLUMNS, JSON_VALUES, max_size=4))
    def fuzz(values: dict[str, Any]) -> None:
        for method, path in (("POST", "company/"), ("PUT", f"company/{made['id']}")):
            answer = kinds.raw(method, path, json.dumps(values))
            assert answer.status_code in (200, 201, 409, 422), answer.text[:500]
        assert kinds.raw("POST", "company/bulk", json.dumps([values])).status_code in (201, 422)

    fuzz()
    kinds.page("company", page_size=-1)


def test_fuzzed_filters_answer_or_are_bad_requests(kinds: Caller) -> None:
    operators = st.sampled_from(["eq", "neq", "ct", "sw", "gt", "le", "in", "nin", "all", "empty", "rel_o_m", "x"])
    filters = st.fixed_dictionaries({"col": COLUMNS, "opr": operators, "value": JSON_VALUES})

    @FUZZ
    @given(st.lists(filters, max_size=3))
    def fuzz(sent: list[Any]) -> None:
        answer = kinds.client.get(f"/api/v1/company/?q={quote(json.dumps({'filters': sent}))}",
                                  headers={"Authorization": f"Bearer {kinds.token}"})  # fmt: skip
        assert answer.status_code in (200, 400), answer.text[:500]

    fuzz()


def test_fuzzed_rison_answers_or_is_a_bad_request(rest: Caller) -> None:
    @FUZZ
    @given(st.text(st.sampled_from("()!:,'abn1.-e$&=%\x00\u00e4"), max_size=30))
    def fuzz(text: str) -> None:
        for path in ("company/", "company/_info", "field_definition/", "job/"):
            answer = rest.client.get(f"/api/v1/{path}?q={quote(text)}",
                                     headers={"Authorization": f"Bearer {rest.token}"})  # fmt: skip
            assert answer.status_code in (200, 400), answer.text[:500]

    fuzz()


def test_fuzzed_definitions_are_kept_or_refused(rest: Caller) -> None:
    names = st.sampled_from(["register", "key", "kind", "label", "choices", "default", "order", "section", "help",
                             "target", "currency", "required", "in_list", "retired", "id", "version", "x"])  # fmt: skip
    made = rest.define("first", "text")

    @FUZZ
    @given(st.dictionaries(names, JSON_VALUES | st.sampled_from(["company", "number", "choice", "money"]), max_size=6))
    def fuzz(values: dict[str, Any]) -> None:
        base = {"register": "company", "kind": "choice", "label": "L"}
        for method, path in (("POST", "field_definition/"), ("PUT", f"field_definition/{made['id']}")):
            body = json.dumps((base if method == "POST" else {}) | values)
            answer = rest.raw(method, path, body)
            assert answer.status_code in (200, 201, 409, 422), answer.text[:500]

    fuzz()
    rest.page("field_definition", page_size=-1)
    rest.page("company")


# Statuses that no resource decides by itself


def test_requests_without_a_good_token_are_unauthorized(app: Flask, rest: Caller, client: Any) -> None:
    refresh = {"Authorization": "Bearer nonsense"}
    for headers in ({}, refresh, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"},
                    {"Authorization": "Bearer a.b.c"}, {"Authorization": f"Bearer {rest.token}x"}):  # fmt: skip
        for path in ("company/", "company/_info", "field_definition/", "job/", "_openapi", f"company/{'0' * 24}"):
            # `client` carries a session cookie: it opens nothing here.
            answer = client.get(f"/api/v1/{path}", headers=headers)
            assert (answer.status_code, answer.mimetype) == (401, PROBLEM_JSON)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert client.post("/api/v1/company/", json={"name": "A"}).status_code == 401


def test_unknown_addresses_and_methods_are_problems(rest: Caller) -> None:
    assert rest.call("GET", "nothing/", 404)["instance"] == "/api/v1/nothing/"
    rest.call("GET", "company/a/b", 404)
    rest.call("POST", f"company/{'0' * 24}", 405)
    rest.call("PUT", "company/", 405, json={})


def test_other_content_than_json_is_unsupported(rest: Caller) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        answer = rest.raw("POST", "company/", "name=a", **{"Content-Type": content_type})
        assert (answer.status_code, answer.mimetype) == (415, PROBLEM_JSON)


def test_large_bodies_are_refused(rest: Caller) -> None:
    body = json.dumps({"name": "x" * 20_000_000})
    assert rest.raw("POST", "company/", body).status_code == 413
    assert rest.raw("POST", "company/bulk", f"[{body}]").status_code == 422


def test_problems_name_choices_in_the_language_asked_for(rest: Caller, choice_field: dict[str, Any]) -> None:
    rest.define("size", "number", required=True)
    told = [rest.call("POST", "company/", 422, json={"name": "A"}, headers={"Accept-Language": language})
            for language in ("fi", "en", "sv;q=0.5")]  # fmt: skip
    assert [message["errors"]["x_size"][0].split()[0] for message in told] == ["size", "Size", "Size"]
    rest.user.language = "fi"
    rest.user.save()
    assert "size fi" in rest.call("POST", "company/", 422, json={"name": "A"})["errors"]["x_size"][0]
