"""The reports that are there from the start: what they show, to whom, and where their rows lead."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from models.opportunities import today
from models.rights import Access
from models.security import FieldRight
from services.records import create_record, update_record
from services.reports.definition import definition_of
from services.reports.figures import Figures, figures_of
from services.reports.ready import READY, ready_reports
from services.search import find_page

Raw = dict[str, Any]
DAY = dt.timedelta(days=1)


def ready(access: Access, key: str) -> Figures:
    return figures_of(access, definition_of(access, READY[key].definition))


def shown(figures: Figures) -> list[tuple[Any, ...]]:
    return [(*row.texts, *row.values) for row in figures.rows]


def day(days: int) -> str:
    return str((today() + days * DAY).date())


@pytest.fixture
def sellers(make_user: Callable, make_role: Callable, access_of: Callable) -> tuple[Access, Access]:
    """Aino and Eero, each of whom sees what is her or his own."""
    make_role("Own", *((register, action, "own") for register in ("opportunity", "company", "activity")
                       for action in ("see", "add", "change")), ("product", "see", "all"))  # fmt: skip
    aino, eero = (access_of(make_user(name, "Own")) for name in ("aino", "eero"))
    return aino, eero


def add(access: Access, **values: Any) -> Raw:
    return create_record(access, "opportunity", {"name": "A", "owner": str(access.user_id), **values})


@pytest.fixture
def offers(app: Flask, admin_access: Access, sellers: tuple[Access, Access]) -> dict[str, Raw]:
    """Open, won and lost projects of the two, with and without rows of products; the two products."""
    aino, eero = sellers
    crane, service = (create_record(admin_access, "product", {"name": name}) for name in ("Crane", "Service"))
    add(aino, stage="offer", closes_on=day(0), products=[
        {"product": str(crane["_id"]), "quantity": 2, "price": "100"},
        {"product": str(crane["_id"]), "quantity": 1, "price": "50", "discount": 10},
        {"product": str(service["_id"]), "quantity": "0.5", "price": "10"}, {"name": "Freight", "price": "7.50"},
    ])  # fmt: skip
    add(aino, stage="needs", value="1000 EUR", closes_on=day(400))
    add(eero, stage="offer", value="0.05 EUR", closes_on=day(-100))
    won = add(eero, stage="offer", value="300 EUR", state="won")
    campaign = create_record(admin_access, "campaign", {"name": "Autumn"})
    update_record(admin_access, "opportunity", won["_id"], {"campaign": str(campaign["_id"])})
    add(aino, stage="offer", value="20 EUR", state="lost", reason="price")
    add(aino, stage="offer", value="30 EUR", state="lost", reason="price", closed_on=day(-400))
    return {"crane": crane, "service": service}


def test_offer_book_by_stage(offers: dict[str, Raw], admin_access: Access) -> None:
    figures = ready(admin_access, "offer_book")
    assert [one.label_in("en") for one in figures.measures] == [
        "Count", "Value", "Value, weighted", "Value, share"]  # fmt: skip
    # 257.50 + 0.05 at 50 %.
    assert [row[:4] for row in shown(figures)] == [
        ("Needs known", 1, Decimal("1000.00"), Decimal("300.00")),
        ("Offer made", 2, Decimal("257.55"), Decimal("128.78"))]  # fmt: skip
    assert figures.totals == [3, Decimal("1257.55"), Decimal("428.78"), 1.0]


def test_offer_book_by_seller_holds_own_records_alone_for_a_seller(
    offers: dict[str, Raw], admin_access: Access, sellers: tuple[Access, Access]
) -> None:
    assert [row[:3] for row in shown(ready(admin_access, "offer_book_sellers"))] == [
        ("Aino Tester", 2, Decimal("1257.50")), ("Eero Tester", 1, Decimal("0.05"))]  # fmt: skip
    mine = ready(sellers[1], "offer_book_sellers")
    assert [row[:3] for row in shown(mine)] == [("Eero Tester", 1, Decimal("0.05"))]
    assert mine.totals[:2] == [1, Decimal("0.05")]


def test_offer_book_by_product_takes_each_product_s_rows_and_counts_a_record_once(
    offers: dict[str, Raw], admin_access: Access
) -> None:
    figures = ready(admin_access, "offer_book_products")
    assert [row[:4] for row in shown(figures)] == [
        ("Not given", 2, Decimal("1000.05"), Decimal("300.03")), ("Crane", 1, Decimal("245.00"), Decimal("122.50")),
        ("Row without a product", 1, Decimal("7.50"), Decimal("3.75")),
        ("Service", 1, Decimal("5.00"), Decimal("2.50"))]  # fmt: skip
    assert figures.totals == [3, Decimal("1257.55"), Decimal("428.78"), 1.0]


def test_forecast_by_month_holds_this_month_and_the_coming_twelve(
    offers: dict[str, Raw], admin_access: Access
) -> None:
    figures = ready(admin_access, "forecast")
    assert [(row.keys, row.values) for row in figures.rows] == [
        ((today().date().replace(day=1),), [1, Decimal("257.50"), Decimal("128.75")])]  # fmt: skip


def test_won_and_lost_by_reason(offers: dict[str, Raw], admin_access: Access) -> None:
    figures = ready(admin_access, "won_lost")
    assert shown(figures) == [("Price", "Lost", 1, Decimal("20.00")), ("Not given", "Won", 1, Decimal("300.00"))]
    assert [row.texts for row in figures.columns] == [("Won",), ("Lost",)]
    assert figures.totals == [2, Decimal("320.00")]


def test_activity_by_seller(sellers: tuple[Access, Access], admin_access: Access) -> None:
    aino, eero = sellers
    for access, kind, state in ((aino, "call", "done"), (aino, "call", "done"), (eero, "meeting", "done"),
                                (eero, "call", "open")):  # fmt: skip
        create_record(access, "activity", {"name": "A", "kind": kind, "state": state})
    assert shown(ready(admin_access, "activity_by_seller")) == [
        ("Aino Tester", "Call", 2), ("Eero Tester", "Meeting", 1)]  # fmt: skip
    assert ready(eero, "activity_by_seller").totals == [1]


def test_customers_without_contact(sellers: tuple[Access, Access], admin_access: Access) -> None:
    aino, eero = sellers
    made = [create_record(access, "company", {"name": name, "status": "customer"})
            for access, name in ((aino, "Called"), (aino, "Planned"), (eero, "Never"))]  # fmt: skip
    create_record(eero, "company", {"name": "Prospect", "status": "prospect"})
    for company, state in zip(made, ("done", "open"), strict=False):
        create_record(aino, "activity", {"name": "A", "state": state, "companies": [str(company["_id"])]})
    figures = ready(admin_access, "customers_without_contact")
    assert shown(figures) == [("Aino Tester", 1, 0.5), ("Eero Tester", 1, 0.5)]
    found = [find_page(admin_access, "company", row.conditions).rows for row in figures.rows]
    assert [[raw["name"] for raw in rows] for rows in found] == [["Planned"], ["Never"]]


def test_opportunities_by_campaign(offers: dict[str, Raw], admin_access: Access) -> None:
    figures = ready(admin_access, "opportunities_by_campaign")
    assert shown(figures) == [("Autumn", "Won", 1, Decimal("300.00"))]
    assert figures.count == 1


@pytest.mark.parametrize("key", [key for key, one in READY.items() if one.definition["register"] == "opportunity"])
def test_the_rows_of_each_lead_to_their_records(offers: dict[str, Raw], admin_access: Access, key: str) -> None:
    figures = ready(admin_access, key)
    assert figures.rows
    for row in [*figures.rows, *figures.lines, *figures.columns]:
        assert find_page(admin_access, "opportunity", row.conditions, page_size=100).count == row.values[0]


def test_those_about_what_one_does_not_see_are_not_there(
    app: Flask, admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    assert [one.key for one in ready_reports(admin_access)] == list(READY)
    make_role("No values", ("opportunity", "see", "all"),
              field_rights=[FieldRight(register="opportunity", column="value", access="hidden")])  # fmt: skip
    assert ready_reports(access_of(make_user("reader", "No values"))) == []
    make_role("Companies", ("company", "see", "all"))
    assert ready_reports(access_of(make_user("other", "Companies"))) == []
