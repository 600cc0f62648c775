"""Rows of products beyond their form: merging, undo, bulk edits, the bin, links back, what is told of them."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest

from models.changes import Change
from models.fields.conditions import Node
from models.fields.context import Context
from models.fields.definitions import bump_version, forget_version
from models.fields.errors import ValidationFailed
from models.fields.kinds.lines import ProductLines
from models.fields.schema import schema_of
from models.opportunities import Opportunity
from models.pipelines import OWN, PipelineDocument
from models.rights import system_access
from models.transactions import in_transaction
from services.bulk_edit import Edit, edit_selected, take_back
from services.history import undo_change
from services.joining import MINE, join_records, part_records, rows_of
from services.quick_search import quick_search
from services.records import create_record, delete_record, get_record, update_record
from services.recycle_bin import restore_records
from services.related import related_records
from services.search import Selection, find_page
from tests.factories import CompanyFactory

Raw = dict[str, Any]
SYSTEM = system_access()
FINNISH = Context(language="fi")
ALL = Selection(all_matching=True)

pytestmark = pytest.mark.usefixtures("app")


def add(**values: Any) -> Raw:
    return create_record(SYSTEM, "opportunity", {"name": "Siltanosturi", **values})


def change(raw: Raw, **values: Any) -> Raw:
    return update_record(SYSTEM, "opportunity", raw["_id"], values)


def now(raw: Raw) -> Raw:
    return get_record(SYSTEM, "opportunity", raw["_id"])


def product(name: str = "Nosturi", **values: Any) -> Raw:
    return create_record(SYSTEM, "product", {"name": name, "price": "1 000 EUR", **values})


def row(raw: Raw, **values: Any) -> Raw:
    return {"product": str(raw["_id"]), **values}


def products_in(raw: Raw) -> list[Any]:
    return [line["product"] for line in now(raw)["products"]]


def without_products(lines: list[Raw]) -> list[Raw]:
    return [{**line, "product": None} for line in lines]


@pytest.fixture
def two_pipelines() -> Iterator[None]:
    """A pipeline of service deals beside the program's own."""
    for place, (key, stages) in enumerate((("sales", OWN.stages), ("service", OWN.stages[:1]))):
        PipelineDocument(key=key, label={"en": key}, order=place, stages=[
            {"key": stage.key if key == "sales" else "inquiry", "label": {"en": stage.key}, "probability": 15}
            for stage in stages
        ]).save()  # fmt: skip
    in_transaction(bump_version)
    forget_version()
    yield
    PipelineDocument.drop_collection()
    in_transaction(bump_version)
    forget_version()


# Merging


def test_merging_two_products_moves_the_rows_of_both_and_parts_them_again() -> None:
    mine, theirs, other = product(), product("Nosturi 5 t"), product("Muu")
    deal = add(products=[row(theirs, quantity=2), row(other), {"name": "Asennus", "price": 5}])
    before = now(deal)["products"]
    outcome = join_records(SYSTEM, "product", mine["_id"], theirs["_id"], {})
    assert products_in(deal) == [mine["_id"], other["_id"], None]
    # What was sold keeps its name, price and amount.
    assert without_products(now(deal)["products"]) == without_products(before)
    assert f"products={mine['_id']}" in now(deal)["facets"]
    part_records(SYSTEM, "product", outcome.batch)
    assert now(deal)["products"] == before


def test_merging_two_companies_moves_their_opportunities() -> None:
    mine, theirs = CompanyFactory(), CompanyFactory()
    deal = add(company=str(theirs["_id"]), stage="offer", probability=65)
    join_records(SYSTEM, "company", mine["_id"], theirs["_id"], {})
    after = now(deal)
    assert (after["company"], after["probability"]) == (mine["_id"], 65)
    assert after["stage_since"] == now(deal)["stage_since"]


def test_merging_two_opportunities_counts_no_row_twice_unless_both_are_asked_for() -> None:
    crane = product()
    mine, theirs = add(products=[row(crane)]), add(products=[row(crane, quantity=3)])
    usual = {one.field.column: one.usual for one in rows_of(SYSTEM, "opportunity", mine, theirs)}
    assert usual["products"] == MINE
    both = join_records(SYSTEM, "opportunity", mine["_id"], theirs["_id"], {"products": "both"}).record
    assert (len(both["products"]), str(both["value"]["amount"])) == (2, "4000.00")


def test_merging_what_does_not_go_together_is_refused() -> None:
    mine, theirs = add(products=[{"name": "A", "price": 1}]), add(products=[
        {"name": "B", "price": 1, "currency": "SEK"}])  # fmt: skip
    with pytest.raises(ValidationFailed) as failed:
        join_records(SYSTEM, "opportunity", mine["_id"], theirs["_id"], {"products": "both"})
    assert "products" in failed.value.messages()


# What follows from a stage


def test_undoing_a_change_of_stage_brings_back_its_pipeline_and_probability(two_pipelines: None) -> None:
    deal = add(stage="offer", probability=65)
    moved = change(deal, stage="inquiry")
    assert (moved["pipeline"], moved["probability"]) == ("service", 15)
    undo_change(SYSTEM, "opportunity", deal["_id"], moved["version"])
    again = now(deal)
    assert (again["stage"], again["pipeline"], again["probability"]) == ("offer", "sales", 65)


def test_bulk_edit_of_stages_gives_each_what_follows_and_takes_it_back() -> None:
    deals = [add(probability=number) for number in (5, 95)]
    outcome = edit_selected(SYSTEM, "opportunity", ALL, [Edit("stage", "negotiation")])
    assert [now(deal)["probability"] for deal in deals] == [70, 70]
    take_back(SYSTEM, "opportunity", outcome.batch)
    assert [(now(deal)["stage"], now(deal)["probability"]) for deal in deals] == [
        ("qualification", 5), ("qualification", 95)]  # fmt: skip


def test_bulk_edit_to_lost_without_a_reason_is_refused_row_by_row() -> None:
    add(), add(reason="price")
    outcome = edit_selected(SYSTEM, "opportunity", ALL, [Edit("state", "lost")])
    assert (outcome.changed, len(outcome.refused)) == (1, 1)
    won = Opportunity._get_collection().find_one({"state": "lost"})
    assert won is not None
    assert (won["probability"], won["closed_on"].date()) == (0, dt.datetime.now(dt.UTC).date())


def test_undoing_what_a_later_change_stands_on_is_refused() -> None:
    deal = change(add(), reason="price")
    change(deal, state="lost")
    with pytest.raises(ValidationFailed, match="reason"):
        undo_change(SYSTEM, "opportunity", deal["_id"], 2)


def test_restoring_from_the_bin_gives_what_was_and_begins_no_stage_anew() -> None:
    deal = change(add(stage="offer", probability=65, products=[row(product())]), next_step="Soita")
    delete_record(SYSTEM, "opportunity", deal["_id"])
    restore_records(SYSTEM, [deal["_id"]])
    again = now(deal)
    names = ("stage", "probability", "products", "value", "stage_since", "state")
    assert {name: again[name] for name in names} == {name: deal[name] for name in names}


# Texts and histories


def test_a_row_tells_quantity_price_discount_and_amount() -> None:
    lines = add(products=[row(product(unit="kpl"), quantity="2,5", discount=10), {"name": "Asennus", "price": 80}])
    field, kind = schema_of("opportunity").field("products"), ProductLines()
    value = lines["products"]
    assert kind.text(value, field, FINNISH) == "2,5 kpl × Nosturi, 1 × Asennus"
    assert kind.full_text(value, field, FINNISH).replace("\xa0", " ") == (
        "2,5 kpl × Nosturi, 1 000,00 € − 10 % = 2 250,00 €; 1 × Asennus, 80,00 €"
    )
    assert kind.merge_value(value, field, FINNISH).count("\n") == 1


def test_a_change_of_rows_is_told_by_the_rows_that_changed() -> None:
    crane = product()
    deal = add(products=[row(crane), {"name": "Asennus", "price": 80}])
    after = change(deal, products=[row(crane, quantity=2), {"name": "Asennus", "price": 80}])
    entry = Change.objects.get(record=deal["_id"], version=after["version"])
    gone, new = ProductLines().changed(*entry.changes["products"])
    assert [[str(line["quantity"]) for line in lines] for lines in (gone, new)] == [["1"], ["2"]]
    turned = ProductLines().changed(new + gone, gone + new)
    assert turned == (new + gone, gone + new)


def test_a_row_takes_unit_and_price_from_its_product_and_keeps_its_own() -> None:
    crane = product(unit="kpl")
    taken, own = add(products=[row(crane), row(crane, unit="erä", price="5", name="Erä")])["products"]
    assert (taken["unit"], str(taken["price"]), taken["name"]) == ("kpl", "1000.00", "Nosturi")
    assert (own["unit"], str(own["price"]), own["name"]) == ("erä", "5.00", "Erä")


@pytest.mark.parametrize(("quantity", "price", "discount", "amount"), [
    ("0.0001", "50", "0", "0.01"), ("1", "0.005", "0", "0.01"), ("1", "-0.005", "0", "-0.01"),
    ("999999999999", "999.9999", "0", "999999899999000.00"), ("3", "33.3333", "33.3333", "66.67"),
])  # fmt: skip
def test_amounts_are_exact_and_rounded_half_up(quantity: str, price: str, discount: str, amount: str) -> None:
    line = {"name": "A", "quantity": quantity, "price": price, "discount": discount}
    assert str(add(products=[line])["products"][0]["amount"]) == amount


def test_an_amount_beyond_all_measure_is_told() -> None:
    with pytest.raises(ValidationFailed) as failed:
        add(products=[{"name": "A", "quantity": "999999999999999", "price": "999999999999999"}])
    assert "too large" in failed.value.messages()["products"][0]


# Ways between the registers


def found(register: str, *nodes: Node) -> list[str]:
    return [raw["name"] for raw in find_page(SYSTEM, register, list(nodes), order="name").rows]


def test_conditions_go_from_opportunities_to_products_and_back() -> None:
    crane, other = product(code="N-1"), product("Muu")
    add(products=[row(crane), {"name": "Asennus", "price": 1}]), add(name="Toinen", products=[row(other)])
    through: Node = {"through": "products", "all": [{"col": "code", "opr": "eq", "value": "N-1"}]}
    assert found("opportunity", through) == ["Siltanosturi"]
    back: Node = {"through": "opportunity.products", "all": [{"col": "name", "opr": "eq", "value": "Toinen"}]}
    assert found("product", back) == ["Muu"]


def test_a_product_tells_which_opportunities_have_it() -> None:
    crane = product()
    deal = add(products=[row(crane), row(crane)])
    related = {one.way.code: [raw["_id"] for raw in one.rows]
               for one in related_records(SYSTEM, "product", crane, {})}  # fmt: skip
    assert related["opportunity.products"] == [deal["_id"]]


def test_the_search_box_finds_products_and_opportunities() -> None:
    product(code="SN-5000"), add(name="Nosturi halliin")
    hits = {one.card.key: [hit.raw["name"] for hit in one.hits] for one in quick_search(SYSTEM, "nosturi")}
    assert hits == {"product": ["Nosturi"], "opportunity": ["Nosturi halliin"]}
    assert [one.card.key for one in quick_search(SYSTEM, "SN-5000")] == ["product"]
