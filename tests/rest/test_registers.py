"""Records over REST: adding, reading, changing, deleting, lists with filters, orders and pages."""

from typing import Any
from unittest.mock import Mock

import pytest
from pymongo.errors import BulkWriteError

from models.changes import Change
from models.companies import Company
from services.records import TOO_LARGE
from tests.rest.conftest import Caller

EVERY_KIND: dict[str, Any] = {
    "text": "some text", "long_text": "line\nline", "rich_text": "<p>some <em>text</em></p>",
    "number": 12.5, "money": {"amount": "1200.50", "currency": "EUR"},
    "date": "2024-02-29", "datetime": "2024-02-29T12:30:00Z", "boolean": True, "choice": "b", "choices": ["a", "c"],
    "email": "a@example.org", "phone": "+358401234567", "url": "https://example.org/x",
}  # fmt: skip


@pytest.fixture
def kinds(rest: Caller, choice_field: dict[str, Any]) -> Caller:
    """A caller, with a field of every kind on companies, each with the kind's name as its key."""
    for kind in (*EVERY_KIND, "user", "users", "link"):
        choices = {"choices": choice_field["choices"]} if kind.startswith("choice") else {}
        rest.define(f"of_{kind}", kind, **choices)
    return rest


def test_post_of_every_kind_is_read_back_as_it_was_sent(kinds: Caller) -> None:
    other = kinds.add("company", name="Other")
    sent = {f"x_of_{kind}": value for kind, value in EVERY_KIND.items()}
    sent |= {"x_of_user": str(kinds.user.pk), "x_of_link": other["id"], "x_of_users": [str(kinds.user.pk)]}
    made = kinds.add("company", name="Acme", **sent)
    read = kinds.call("GET", f"company/{made['id']}")
    assert read["result"] == made
    assert {column: made[column] for column in sent} == sent
    assert (made["name"], made["version"], made["owner"]) == ("Acme", 1, str(kinds.user.pk))
    assert read["label_columns"]["x_of_money"] == "Of_Money"


def test_post_answers_with_location_and_writes_a_change_entry(rest: Caller) -> None:
    answer = rest.raw("POST", "company/", '{"name": "Acme"}')
    assert answer.headers["Location"] == f"/api/v1/company/{answer.json['id']}"
    assert answer.headers["Cache-Control"] == "no-store"
    change = Change.objects.get(record=answer.json["id"])
    assert (change.source, change.action, change.by) == ("rest", "create", rest.user.pk)


def test_money_is_taken_as_number_and_text_whatever_the_language(rest: Caller) -> None:
    rest.define("worth", "money", currency="USD")
    headers = {"Accept-Language": "fi"}
    for value, amount, currency in [(1200.5, "1200.50", "USD"), ("1234.567 EUR", "1234.567", "EUR"),
                                    ({"amount": "1234.567"}, "1234.567", "USD"), (7, "7.00", "USD")]:  # fmt: skip
        made = rest.call("POST", "company/", 201, json={"name": "A", "x_worth": value}, headers=headers)
        assert made["result"]["x_worth"] == {"amount": amount, "currency": currency}


def test_put_changes_only_what_is_sent_and_counts_the_version(rest: Caller) -> None:
    made = rest.add("company", name="Acme", city="Turku", phone="040 123 4567")
    changed = rest.call("PUT", f"company/{made['id']}", json={"city": None, "version": 1})["result"]
    assert changed == made | {"city": None, "version": 2, "changed_at": changed["changed_at"]}
    assert rest.call("PATCH", f"company/{made['id']}", json={"fax": "09 123456"})["result"]["version"] == 3


def test_put_of_a_whole_answer_unchanged_writes_nothing(rest: Caller) -> None:
    made = rest.add("company", name="Acme", phone="040 123 4567")
    assert rest.call("PUT", f"company/{made['id']}", json=made)["result"] == made
    assert Change.objects.count() == 1


def test_put_with_an_old_version_conflicts_and_shows_the_record_as_it_is(rest: Caller) -> None:
    made = rest.add("company", name="Acme")
    now = rest.call("PUT", f"company/{made['id']}", json={"city": "Oulu", "version": 1})["result"]
    late = rest.call("PUT", f"company/{made['id']}", 409, json={"city": "Turku", "version": 1})
    assert late["current"] == now


@pytest.mark.parametrize(("sent", "wrong"), [
    ({"id": "0" * 24}, "id"), ({"created_at": "2020-01-01T00:00:00Z"}, "created_at"), ({"created_by": None}, ""),
    ({"changed_at": "x"}, "changed_at"), ({"created_by": "0" * 24}, "created_by"), ({"version": "1"}, "version"),
    ({"version": True}, "version"), ({"facets": []}, "facets"), ({"custom": {}}, "custom"), ({"x_no": 1}, "x_no"),
    ({"name": None}, "name"), ({"name": "  "}, "name"), ({"_keep": "phone"}, "_keep"), ({"owner": "x"}, "owner"),
    ({"owner": "0" * 24}, "owner"), ({"status": "none"}, "status"), ({"$set": {}}, "$set"),
])  # fmt: skip
def test_put_of_what_cannot_be_set_is_refused_by_property(rest: Caller, sent: dict[str, Any], wrong: str) -> None:
    made = rest.add("company", name="Acme")
    answer = rest.call("PUT", f"company/{made['id']}", 422, json={"city": "Oulu", **sent})
    if wrong:
        assert list(answer["errors"]) == [wrong]
    assert rest.call("GET", f"company/{made['id']}")["result"] == made


def test_odd_values_are_refused_and_kept_on_demand(rest: Caller) -> None:
    odd = {"name": "Acme", "phone": "ask Pirkko", "business_id": "123"}
    refused = rest.call("POST", "company/", 422, json=odd)
    assert sorted(refused["keepable"]) == sorted(refused["errors"]) == ["business_id", "phone"]
    refused = rest.call("POST", "company/", 422, json=odd | {"_keep": ["phone"]})
    assert list(refused["errors"]) == ["business_id"]
    made = rest.add("company", **odd, _keep=["phone", "business_id"])
    assert (made["phone"], made["business_id"]) == ("ask Pirkko", "123")
    assert rest.call("PUT", f"company/{made['id']}", json={"phone": "ask Pirkko", "city": "Oulu"})["id"] == made["id"]


def test_person_needs_a_name_of_any_form_and_links_companies(rest: Caller) -> None:
    one, two = rest.add("company", name="One"), rest.add("company", name="Two")
    made = rest.add("person", first_name="Maija", last_name="Meri", companies=[one["id"], two["id"]])
    assert (made["name"], made["companies"]) == ("Maija Meri", [one["id"], two["id"]])
    assert rest.names("person", ("companies", "eq", two["id"])) == ["Maija Meri"]
    assert rest.names("person", ("companies", "rel_m_m", one["id"])) == ["Maija Meri"]
    assert "companies" in rest.call("POST", "person/", 422, json={"name": "A", "companies": [made["id"]]})["errors"]
    assert "name" in rest.call("POST", "person/", 422, json={"title": "CEO"})["errors"]


def test_delete_moves_to_the_recycle_bin_and_is_then_not_found(rest: Caller) -> None:
    made = rest.add("company", name="Acme")
    assert rest.call("DELETE", f"company/{made['id']}") == {"message": "OK"}
    for method in ("GET", "DELETE", "PUT"):
        rest.call(method, f"company/{made['id']}", 404, json={})


@pytest.mark.parametrize("pk", ["nonsense", "0" * 24, "$ne", "1", "%00", "_bulk", "🙂"])
def test_unknown_and_malformed_ids_are_not_found(rest: Caller, pk: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        rest.call(method, f"company/{pk}", 404, json={})


def test_ids_of_other_registers_are_not_found(rest: Caller) -> None:
    person = rest.add("person", name="Maija")
    rest.call("GET", f"company/{person['id']}", 404)
    rest.call("PUT", f"company/{person['id']}", 404, json={"name": "x"})
    rest.call("DELETE", f"company/{person['id']}", 404)


# Bulk


def test_bulk_adds_all_in_their_order(rest: Caller) -> None:
    rows = [{"name": f"Company {number}", "status": "customer"} for number in range(50)]
    ids = rest.call("POST", "company/bulk", 201, json=rows)["ids"]
    assert [rest.call("GET", f"company/{pk}")["result"]["name"] for pk in ids[:3]] == [row["name"] for row in rows[:3]]
    assert Company.objects.count() == Change.objects(source="rest").count() == 50
    assert rest.call("POST", "company/bulk", 201, json=[]) == {"ids": []}


def test_bulk_with_errors_names_them_by_index_and_writes_nothing(rest: Caller) -> None:
    rows = [{"name": "Good"}, {"city": "Oulu"}, {"name": "Bad", "phone": "x", "nope": 1}]
    errors = rest.call("POST", "company/bulk", 422, json=rows)["errors"]
    assert {index: sorted(found) for index, found in errors.items()} == {"1": ["name"], "2": ["nope", "phone"]}
    assert all(isinstance(text, str) for text in errors["1"]["name"])
    assert Company.objects.count() == 0
    errors = rest.call("POST", "company/bulk", 422, json=[{"name": "Good"}, 5, None])["errors"]
    assert sorted(errors) == ["1", "2"]
    assert Company.objects.count() == 0


def test_bulk_keeps_odd_values_named_in_the_address(rest: Caller) -> None:
    rows = [{"name": "A", "phone": "x"}, {"name": "B", "phone": "040 123 4567"}]
    assert len(rest.call("POST", "company/bulk?keep=phone,fax", 201, json=rows)["ids"]) == 2


def test_bulk_that_the_database_has_no_room_for_is_told_of_and_writes_nothing(
    rest: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = BulkWriteError({"writeErrors": [{"index": 1, "code": TOO_LARGE, "errmsg": "too large for the cache"}]})
    monkeypatch.setattr("services.records.follow", Mock(side_effect=refused))
    problem = rest.call("POST", "company/bulk", 413, json=[{"name": "One"}, {"name": "Two"}])
    assert "in parts" in problem["detail"]
    monkeypatch.undo()
    assert rest.names("company") == []


def test_bulk_of_too_many_is_refused(rest: Caller) -> None:
    rest.call("POST", "company/bulk", 413, json=[{}] * 10_001)


# Lists


@pytest.fixture
def companies(rest: Caller) -> Caller:
    rest.define("size", "number")
    rest.define("since", "date")
    rows = [
        {"name": "Åkerlund Oy", "status": "customer", "x_size": 5, "x_since": "1999-12-31"},
        {"name": "Zeta Ab", "status": "prospect", "x_size": 50, "x_since": "2000-01-01"},
        {"name": "alfa Oy", "city": "Oulu", "x_size": 500}, {"name": "Ähtärin Saha"},
    ]  # fmt: skip
    rest.call("POST", "company/bulk", 201, json=rows)
    return rest


@pytest.mark.parametrize(("filters", "found"), [
    ([("status", "eq", "customer")], ["Åkerlund Oy"]),
    ([("status", "eq", "Customer")], ["Åkerlund Oy"]),
    ([("status", "in", ["customer", "prospect"])], ["Zeta Ab", "Åkerlund Oy"]),
    ([("status", "empty")], ["alfa Oy", "Ähtärin Saha"]),
    ([("status", "nempty", True)], ["Zeta Ab", "Åkerlund Oy"]),
    ([("name", "ct", "oy")], ["alfa Oy", "Åkerlund Oy"]),
    ([("name", "sw", "ä")], ["Ähtärin Saha"]),
    ([("name", "ct", ".*")], []),
    ([("x_size", "gt", 5)], ["alfa Oy", "Zeta Ab"]),
    ([("x_size", "ge", "5"), ("x_size", "lt", 500)], ["Zeta Ab", "Åkerlund Oy"]),
    ([("x_size", "empty")], ["Ähtärin Saha"]),
    ([("x_since", "ge", "2000-01-01")], ["Zeta Ab"]),
    ([("x_since", "lt", "1.1.2000"), ("status", "neq", "prospect")], ["Åkerlund Oy"]),
])  # fmt: skip
def test_list_filters_fixed_and_custom_fields_alike(companies: Caller, filters: list[Any], found: list[str]) -> None:
    assert companies.names("company", *filters) == found


def test_list_orders_and_pages(companies: Caller) -> None:
    in_order = ["alfa Oy", "Zeta Ab", "Åkerlund Oy", "Ähtärin Saha"]
    assert companies.names("company") == in_order
    assert companies.names("company", order_column="name", order_direction="desc") == in_order[::-1]
    assert companies.names("company", ("x_size", "nempty"), order_column="x_size", order_direction="desc") == [
        "alfa Oy", "Zeta Ab", "Åkerlund Oy"]  # fmt: skip
    assert companies.names("company", page=1, page_size=3) == in_order[3:]
    assert companies.names("company", page_size=-1) == companies.names("company", page_size=99_999) == in_order


def test_list_answers_in_flask_appbuilders_shape(companies: Caller) -> None:
    answer = companies.page("company", columns=["name", "x_size"], order_column="name")
    assert answer["count"] == 4
    assert answer["result"][0] == {"name": "alfa Oy", "x_size": 500}
    assert len(answer["ids"]) == 4
    assert answer["list_columns"] == ["name", "x_size"]
    assert answer["label_columns"] == {"name": "Name", "x_size": "Size"}
    assert "x_size" in answer["order_columns"]
    bare = companies.page("company", keys=["none"])
    assert sorted(bare) == ["after", "count", "count_is_exact", "ids", "result"]
    assert {"id", "version", "x_since"} <= set(bare["result"][0])


def test_list_count_is_exact_to_a_thousand_and_further_on_demand(rest: Caller) -> None:
    rest.call("POST", "company/bulk", 201, json=[{"name": f"C{number}"} for number in range(1_005)])
    capped, exact = rest.page("company", page_size=1), rest.page("company", page_size=1, count="exact")
    assert (capped["count"], capped["count_is_exact"]) == (1_000, False)
    assert (exact["count"], exact["count_is_exact"]) == (1_005, True)


def test_info_tells_rights_fields_and_operators(companies: Caller) -> None:
    info = companies.call("GET", "company/_info")
    assert info["permissions"] == ["can_bulk", "can_delete", "can_download", "can_get", "can_info", "can_post",
                                   "can_put"]  # fmt: skip
    fields = {field["name"]: field for field in info["add_columns"]}
    assert fields["x_size"] == {"name": "x_size", "label": "Size", "description": "", "type": "number",
                                "required": False, "unique": False, "section": "extra"}  # fmt: skip
    assert {"id": "customer", "value": "Customer"} in fields["status"]["values"]
    assert "created_at" not in fields
    assert {"name": "since", "operator": "ge"} in info["filters"]["x_since"]
    assert list(companies.call("GET", "company/_info?q=(keys:!(permissions))")) == ["permissions"]
