"""Opportunities and products over REST: rows of products, what follows from stages, filters, the bin, rights."""

import json
from typing import Any

import pytest

from models.changes import DeletedRecord
from tests.rest.conftest import Caller

Json = dict[str, Any]


@pytest.fixture
def crane(rest: Caller) -> Json:
    made: Json = rest.add("product", name="Crane", code="C-1", price={"amount": "18400", "currency": "EUR"}, unit="pcs")
    return made


def test_rows_of_products_are_read_as_they_were_sent_with_their_amounts(rest: Caller, crane: Json) -> None:
    sent = [{"product": crane["id"], "quantity": 2, "discount": "12.5"}, {"name": "Fitting", "price": 99.99}]
    made = rest.add("opportunity", name="Hall", products=sent)
    assert made["products"] == [
        {"product": crane["id"], "name": "Crane", "quantity": "2", "unit": "pcs", "price": "18400.00",
         "discount": "12.5", "amount": "32200.00", "currency": "EUR"},
        {"product": None, "name": "Fitting", "quantity": "1", "price": "99.99", "discount": "0", "amount": "99.99",
         "currency": "EUR"},
    ]  # fmt: skip
    assert made["value"] == {"amount": "32299.99", "currency": "EUR"}
    assert rest.call("GET", f"opportunity/{made['id']}")["result"] == made


def test_a_whole_answer_sent_back_changes_nothing(rest: Caller, crane: Json) -> None:
    made = rest.add("opportunity", name="Hall", stage="offer", products=[{"product": crane["id"]}])
    assert rest.call("PUT", f"opportunity/{made['id']}", json=made)["result"] == made


def test_patch_of_rows_and_of_the_stage_writes_what_follows(rest: Caller, crane: Json) -> None:
    made = rest.add("opportunity", name="Hall", products=[{"product": crane["id"]}])
    path = f"opportunity/{made['id']}"
    rows = [{**made["products"][0], "quantity": "3", "amount": "1"}]
    changed = rest.call("PATCH", path, json={"products": rows, "stage": "negotiation"})["result"]
    assert (changed["value"]["amount"], changed["probability"]) == ("55200.00", 70)
    lost = rest.call("PATCH", path, 422, json={"state": "lost"})
    assert "reason" in lost["errors"]
    won = rest.call("PATCH", path, json={"state": "won"})["result"]
    assert (won["probability"], bool(won["closed_on"])) == (100, True)
    emptied = rest.call("PATCH", path, json={"products": None})["result"]
    assert (emptied["products"], emptied["value"]) == ([], won["value"])


@pytest.mark.parametrize("rows", [
    "text", 5, {"name": "A"}, [5], [{"name": "A"}], [{"name": "A", "price": "x"}], [{"product": "0" * 24}],
    [{"name": ["A"], "price": 1}], [{"name": "A", "price": 1, "quantity": True}], [{"name": "A", "price": 1e400}],
    [{"name": "A", "price": 1, "currency": "XYZ"}], [{"name": "A", "price": 1, "discount": -1}],
    [{"name": "A", "price": 999999999999999, "quantity": 999999999999999}], [{"name": "x" * 201, "price": 1}],
    [{"name": "A", "price": 1, "unit": "x" * 21}], [{"product": {"a": 1}}], [{"product": ["x"]}], [None],
])  # fmt: skip
def test_rows_that_make_no_sense_are_told(rest: Caller, rows: Any) -> None:
    answer = rest.raw("POST", "opportunity/", json.dumps({"name": "Hall", "products": rows}))
    assert answer.status_code in (400, 422), answer.text


def test_filters_by_product_by_stage_and_through_products(rest: Caller, crane: Json) -> None:
    other = rest.add("product", name="Pump", price="5 EUR")
    rest.add("opportunity", name="Hall", stage="offer", products=[{"product": crane["id"]}, {"product": other["id"]}])
    rest.add("opportunity", name="Yard", products=[{"product": other["id"]}])
    rest.add("opportunity", name="Bare")
    assert rest.names("opportunity", ("products", "eq", crane["id"])) == ["Hall"]
    assert rest.names("opportunity", ("products", "all", [crane["id"], other["id"]])) == ["Hall"]
    assert rest.names("opportunity", ("products", "empty", True)) == ["Bare"]
    assert rest.names("opportunity", ("stage", "eq", "offer")) == ["Hall"]
    through = {"through": "products", "all": [{"col": "code", "opr": "eq", "value": "C-1"}]}
    assert rest.page("opportunity", filters=[through])["count"] == 1
    back = {"through": "opportunity.products", "all": [{"col": "name", "opr": "eq", "value": "Yard"}]}
    assert [row["name"] for row in rest.page("product", filters=[back])["result"]] == ["Pump"]


def test_what_is_deleted_lies_in_the_bin_and_a_row_keeps_what_was_sold(rest: Caller, crane: Json) -> None:
    made = rest.add("opportunity", name="Hall", products=[{"product": crane["id"]}])
    rest.call("DELETE", f"product/{crane['id']}")
    rest.call("GET", f"product/{crane['id']}", 404)
    assert DeletedRecord.objects(register="product").count() == 1
    path = f"opportunity/{made['id']}"
    kept = rest.call("PATCH", path, json={"next_step": "Call"})["result"]
    assert kept["products"] == made["products"]
    more = [*made["products"], {"name": "Fitting", "price": 5}]
    assert rest.call("PATCH", path, json={"products": more})["result"]["value"]["amount"] == "18405.00"


def test_the_document_describes_rows_and_both_registers(rest: Caller) -> None:
    document = rest.call("GET", "_openapi")
    text = str(document)
    assert "/api/v1/opportunity/" in text
    assert "/api/v1/product/" in text
    assert "'discount'" in text


def test_what_the_program_keeps_can_not_be_sent(rest: Caller) -> None:
    for column, value in (("pipeline", "sales"), ("stage_since", "2020-01-01T00:00:00Z")):
        answer = rest.call("POST", "opportunity/", 422, json={"name": "A", column: value})
        assert column in answer["errors"]
