"""The opportunity register: what follows from stages, from winning and losing, and from rows of products."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from models.fields.errors import ValidationFailed
from models.fields.kinds.numbers import amount_of
from models.rights import Access, system_access
from models.security import FieldRight, Role, User
from services.history import undo_change
from services.records import create_record, get_record, update_record
from services.search import find_page
from tests.factories import CompanyFactory

Raw = dict[str, Any]
SYSTEM = system_access()

pytestmark = pytest.mark.usefixtures("app")


def add(**values: Any) -> Raw:
    return create_record(SYSTEM, "opportunity", {"name": "Siltanosturi", **values})


def change(raw: Raw, **values: Any) -> Raw:
    return update_record(SYSTEM, "opportunity", raw["_id"], values)


def product(**values: Any) -> Raw:
    return create_record(SYSTEM, "product", {"name": "Nosturi", "price": "1 000 EUR", **values})


def test_a_new_one_starts_at_the_first_stage_with_its_probability() -> None:
    raw = add()
    assert (raw["stage"], raw["pipeline"], raw["state"], raw["probability"]) == ("qualification", "sales", "open", 10)
    assert dt.datetime.now(dt.UTC) - raw["stage_since"] < dt.timedelta(minutes=1)


def test_the_probability_follows_the_stage_unless_one_is_given() -> None:
    raw = add(stage="offer")
    assert raw["probability"] == 50
    raw = change(raw, probability=80)
    assert raw["probability"] == 80
    assert change(raw, stage="negotiation", probability=75)["probability"] == 75
    raw = change(raw, stage="needs")
    assert raw["probability"] == 30
    assert change(raw, probability="")["probability"] == 30


def test_only_another_stage_begins_the_time_in_it_anew() -> None:
    raw = add()
    later = change(raw, next_step="Soita")
    assert later["stage_since"].replace(microsecond=0) == raw["stage_since"].replace(microsecond=0)
    assert change(later, stage="offer")["stage_since"] > raw["stage_since"]


def test_what_is_won_is_certain_and_has_its_day() -> None:
    won = change(add(), state="won")
    assert (won["probability"], won["closed_on"].date()) == (100, dt.datetime.now(dt.UTC).date())
    assert change(add(), state="won", closed_on="2026-03-01")["closed_on"] == dt.datetime(2026, 3, 1, tzinfo=dt.UTC)


def test_what_is_lost_needs_a_reason() -> None:
    raw = add()
    with pytest.raises(ValidationFailed) as failed:
        change(raw, state="lost")
    assert "reason" in failed.value.messages()
    assert change(raw, state="lost", reason="price")["probability"] == 0


def test_what_is_taken_up_again_has_its_stage_s_probability_and_no_reason() -> None:
    lost = change(add(stage="offer", probability=65), state="lost", reason="price", reason_text="Liian kallis")
    again = change(lost, state="open")
    assert again["probability"] == 50
    assert not {"reason", "reason_text", "closed_on"} & set(again)


def test_undoing_a_loss_brings_back_what_was() -> None:
    raw = add(stage="offer", probability=65)
    change(raw, state="lost", reason="price")
    undo_change(SYSTEM, "opportunity", raw["_id"], 2)
    again = get_record(SYSTEM, "opportunity", raw["_id"])
    assert (again["state"], again["probability"], again.get("reason")) == ("open", 65, None)


@pytest.mark.parametrize(("values", "column"), [
    ({"probability": 101}, "probability"), ({"probability": -1}, "probability"),
    ({"closed_on": "2026-01-01"}, "closed_on"),
    ({"stage": "nowhere"}, "stage"), ({"products": "[{]"}, "products"), ({"products": [{"name": "Nosto"}]}, "products"),
    ({"products": [{"name": "A", "price": 1, "discount": 101}]}, "products"),
    ({"products": [{"name": "A", "price": 1}, {"name": "B", "price": 1, "currency": "SEK"}]}, "products"),
    ({"products": [{"name": "A", "price": 1}] * 201}, "products"),
    ({"products": [{"product": "0123456789abcdef01234567"}]}, "products"),
])  # fmt: skip
def test_what_makes_no_sense_is_told_at_its_field(values: Raw, column: str) -> None:
    with pytest.raises(ValidationFailed) as failed:
        add(**values)
    assert set(failed.value.messages()) == {column}


def test_rows_of_products_make_the_value() -> None:
    crane = product()
    raw = add(products=[
        {"product": str(crane["_id"]), "quantity": 2, "discount": 10},
        {"name": "Asennus", "quantity": "1.5", "price": "99.99"},
    ])  # fmt: skip
    first, second = raw["products"]
    assert (first["name"], str(first["price"]), str(first["amount"])) == ("Nosturi", "1000.00", "1800.00")
    # 149.985 is rounded half up.
    assert str(second["amount"]) == "149.99"
    assert amount_of(raw["value"]) == Decimal("1949.99")
    assert change(raw, value="5 EUR")["value"] == raw["value"]
    assert change(raw, products=[])["value"] == raw["value"]


def test_rows_of_products_find_their_opportunities() -> None:
    crane, other = product(), product(name="Muu")
    add(products=[{"product": str(crane["_id"])}])
    condition = {"col": "products", "opr": "eq", "value": str(crane["_id"])}
    assert find_page(SYSTEM, "opportunity", [condition]).count == 1
    assert find_page(SYSTEM, "opportunity", [{**condition, "value": str(other["_id"])}]).count == 0


def test_a_row_whose_product_has_no_price_needs_one() -> None:
    free = product(price="")
    with pytest.raises(ValidationFailed) as failed:
        add(products=[{"product": str(free["_id"])}])
    assert "products" in failed.value.messages()
    assert add(products=[{"product": str(free["_id"]), "price": 5}])["value"]["currency"] == "EUR"


def test_a_row_tells_nobody_a_price_that_is_hidden_from_them(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    make_role("Blind", *[(register, action, "all") for register in ("opportunity", "product")
                         for action in ("see", "add", "change")],
              field_rights=[FieldRight(register="product", column="price", access="hidden")])  # fmt: skip
    access, crane = access_of(make_user("bo", "Blind")), product()
    rows = [{"product": str(crane["_id"])}]
    with pytest.raises(ValidationFailed) as failed:
        create_record(access, "opportunity", {"name": "Nosturi", "products": rows})
    assert set(failed.value.messages()) == {"products"}
    made = create_record(access, "opportunity", {"name": "Nosturi", "products": [{**rows[0], "price": 7}]})
    assert str(made["value"]["amount"]) == "7.00"


def test_activities_are_linked_to_opportunities(app: Flask) -> None:
    raw = add(company=str(CompanyFactory()["_id"]))
    call = create_record(SYSTEM, "activity", {"name": "Soitto", "opportunities": [str(raw["_id"])]})
    condition = {"col": "opportunities", "opr": "eq", "value": str(raw["_id"])}
    assert [row["_id"] for row in find_page(SYSTEM, "activity", [condition]).rows] == [call["_id"]]
