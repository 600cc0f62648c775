"""Random reports over random opportunities agree to the cent with a plain computation over the raw documents."""

import datetime as dt
import math
import random
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from bson import Decimal128
from flask import Flask

from models.fields.schema import schema_of
from models.opportunities import Opportunity, today
from models.pipelines import OWN
from models.rates import ExchangeRate
from models.rights import Access, Scope, system_access
from services.records import create_records
from services.reports.definition import definition_of, dimensions, measurable
from services.reports.figures import Figures, figures_of
from services.search import find_page
from services.settings import define_field
from tests.services.plain_reports import Condition, Plain, value_of

Raw = dict[str, Any]
ZONE = "Europe/Helsinki"
RECORDS, REPORTS = 150, 120
RATES = {"EUR": "1", "SEK": "0.087123456789", "JPY": "0.0061", "USD": "0.925"}
OWN_FIELDS = {"tags": "choices", "cost": "money", "score": "number", "met": "datetime", "big": "boolean",
              "town": "text", "helpers": "users"}  # fmt: skip
TOWNS = ("Oulu", "OULU", "Ähtäri", "ähtäri", "Äänekoski", "Å", "a.b")
CONDITIONS: list[Condition] = [
    ({"col": "state", "opr": "eq", "value": "open"}, lambda raw: raw["state"] == "open"),
    ({"col": "x_town", "opr": "ct", "value": "u"}, lambda raw: "u" in (value_of(raw, "x_town") or "").lower()),
    ({"col": "x_score", "opr": "ge", "value": 2}, lambda raw: (value_of(raw, "x_score") or -1) >= 2),
    ({"col": "closes_on", "opr": "nempty"}, lambda raw: raw.get("closes_on") is not None),
    ({"any": [{"col": "x_tags", "opr": "eq", "value": "a"}, {"col": "x_big", "opr": "eq", "value": True}]},
     lambda raw: "a" in (value_of(raw, "x_tags") or ()) or value_of(raw, "x_big") is True),
]  # fmt: skip


@pytest.fixture
def opportunities(app: Flask, admin_access: Access, make_user: Callable) -> tuple[list[Raw], Access]:
    """Random opportunities, read raw by pymongo, and a seller who sees own ones alone."""
    for key, kind in OWN_FIELDS.items():
        more = {"choices": [{"key": one, "label": {"en": one}} for one in "abc"]} if kind == "choices" else {}
        define_field(admin_access, {"register": "opportunity", "key": key, "kind": kind, "label": {"en": key}, **more})
    for currency, rate in RATES.items():
        for days, worth in ((1, rate), (30, "7"), (-2, "9")):
            day = today() - dt.timedelta(days=days)
            if currency != "EUR":
                ExchangeRate(currency=currency, day=day, rate=Decimal128(worth)).save()
    chance = random.Random(7)
    users = [str(make_user(name).pk) for name in ("a", "b", "c")]
    products = [str(raw["_id"]) for raw in create_records(admin_access, "product", [{"name": n} for n in "xyz"])]
    people = [str(raw["_id"]) for raw in create_records(admin_access, "person", [{"name": n} for n in "pq"])]
    create_records(system_access("en", ZONE), "opportunity",
                   [row(chance, users, products, people) for _number in range(RECORDS)])  # fmt: skip
    seller = Access(user_id=schema_of("opportunity").field("owner").kind.parse(users[0], None, None),
                    grants={("opportunity", "see"): Scope.OWN}, time_zone=ZONE)  # fmt: skip
    return list(Opportunity._get_collection().find()), seller


def row(chance: random.Random, users: list[str], products: list[str], people: list[str]) -> Raw:
    """An opportunity as it is typed, much of it left out."""
    currency, state = chance.choice([*RATES, "NOK"]), chance.choice(["open", "open", "won", "lost"])
    typed: Raw = {
        "owner": lambda: chance.choice(users), "people": lambda: chance.sample(people, chance.randint(1, 2)),
        "value": lambda: f"{chance.choice([0.005, 0.0149, 1.005, -3.335, 12345.6789, 999999999.99])} {currency}",
        "probability": lambda: chance.choice([0, 33.3, 12.5, 100, 0.1]),
        "closes_on": lambda: str((today() + dt.timedelta(days=chance.randint(-400, 400))).date()),
        "x_tags": lambda: chance.sample("abc", chance.randint(1, 3)), "x_score": lambda: chance.choice([1, 2, 2.5, 7]),
        "x_cost": lambda: f"{chance.choice(['0.5', '0.005', '77.7777'])} {chance.choice(['SEK', 'EUR', 'DKK'])}",
        "x_met": lambda: f"2025-0{chance.randint(1, 9)}-0{chance.randint(1, 9)}T2{chance.randint(0, 3)}:30Z",
        "x_big": lambda: chance.random() < 0.5, "x_town": lambda: chance.choice(TOWNS),
        "x_helpers": lambda: chance.sample(users, chance.randint(1, 3)),
        "products": lambda: [line(chance, products, currency) for _line in range(chance.randint(1, 4))],
    }  # fmt: skip
    given = {column: make() for column, make in typed.items() if chance.random() < 0.7}
    reason = {"reason": "price"} if state == "lost" else {}
    return {"name": "A", "stage": chance.choice(OWN.stages).key, "state": state, **reason, **given}


def line(chance: random.Random, products: list[str], currency: str) -> Raw:
    return {"product": chance.choice([*products, None]), "name": "Row", "currency": currency,
            "quantity": chance.choice(["1", "2.5", "0.333"]), "price": chance.choice(["0.05", "19.9999", "100000"]),
            "discount": chance.choice(["", "12.5"])}  # fmt: skip


def random_definition(chance: random.Random) -> tuple[Raw, list[Callable[[Raw], bool]]]:
    schema = schema_of("opportunity")
    chosen = chance.sample(dimensions(schema), chance.randint(0, 3))
    groups = [{"column": one.column, "by": chance.choice(one.ways)} for one in chosen]
    amounts = [field.column for field in measurable(schema)]
    measures: list[Raw] = [{"how": "count", "column": "", "by": ""}]
    for how in chance.sample(["sum", "mean", "weighted", "share", "share of count"], chance.randint(1, 4)):
        column = "" if how == "share of count" else chance.choice(amounts)
        by = chance.choice([one for one in ("probability", "x_score") if one != column]) if how == "weighted" else ""
        measures.append({"how": how.partition(" ")[0], "column": column, "by": by})
    conditions = chance.sample(CONDITIONS, chance.randint(0, 2))
    asked = {"register": "opportunity", "groups": groups, "measures": measures,
             "conditions": [node for node, _holds in conditions]}  # fmt: skip
    return asked, [holds for _node, holds in conditions]


def alike(found: list[Any], plain: list[Any]) -> bool:
    """Amounts and counts are equal; shares and sums of plain numbers as near as floating point goes."""
    return all(same(one, other) for one, other in zip(found, plain, strict=True))


def same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    return Fraction(one) == other if isinstance(one, Decimal) else math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def by_keys(figures: Figures) -> dict[tuple[Any, ...], list[Any]]:
    text = [one.field.kind.name == "text" for one in figures.dimensions]
    return {tuple(key.lower() if is_text and key else key for is_text, key in zip(text, row.keys, strict=True)):
            row.values for row in figures.rows}  # fmt: skip


@pytest.mark.parametrize("whose", ["all", "own"])
def test_random_reports_agree_with_a_plain_computation(
    opportunities: tuple[list[Raw], Access], whose: str
) -> None:
    raws, seller = opportunities
    access = seller if whose == "own" else system_access("en", ZONE)
    seen = [raw for raw in raws if whose == "all" or raw.get("owner") == seller.user_id]
    kinds = {field.column: field.kind.name for field in schema_of("opportunity").fields}
    rates = {currency: Fraction(rate) for currency, rate in RATES.items()}
    chance = random.Random(13)
    assert 0 < len(seen) < RECORDS or whose == "all"
    for _number in range(REPORTS):
        asked, holds = random_definition(chance)
        plain = Plain([raw for raw in seen if all(one(raw) for one in holds)], asked, kinds, rates, ZONE)
        figures = figures_of(access, definition_of(access, asked))
        found, wanted = by_keys(figures), plain.lines()
        assert found.keys() == wanted.keys(), asked
        for keys, values in wanted.items():
            assert alike(found[keys], values), (asked, keys)
        assert alike(figures.totals, plain.totals()), asked
        assert figures.left_out == plain.left_out(), asked


def test_lines_and_columns_agree_with_reports_of_their_own(opportunities: tuple[list[Raw], Access]) -> None:
    access, chance = system_access("en", ZONE), random.Random(17)
    for _number in range(25):
        asked, _holds = random_definition(chance)
        if not asked["groups"]:
            continue
        figures = figures_of(access, definition_of(access, {**asked, "across": True}))
        parts = ((figures.lines, asked["groups"][:-1]), (figures.columns, asked["groups"][-1:]))
        for rows, groups in parts:
            alone = figures_of(access, definition_of(access, {**asked, "groups": groups}))
            assert [(row.keys, row.conditions) for row in rows] == [(row.keys, row.conditions) for row in alone.rows]
            assert all(alike(row.values, other.values) for row, other in zip(rows, alone.rows, strict=True))


def test_the_rows_of_random_reports_lead_to_their_records(opportunities: tuple[list[Raw], Access]) -> None:
    access, chance = system_access("en", ZONE), random.Random(19)
    for _number in range(12):
        asked, _holds = random_definition(chance)
        rows = figures_of(access, definition_of(access, asked)).rows
        for one in chance.sample(rows, min(8, len(rows))):
            found = find_page(access, "opportunity", one.conditions, page_size=RECORDS + 1)
            assert len(found.rows) == one.values[0], (asked, one)
