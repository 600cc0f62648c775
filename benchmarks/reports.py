"""Cases of the ready reports, over a large register of opportunities, companies and what was done with them."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

from bson import Decimal128, ObjectId
from flask import Flask

from benchmarks.activities import within
from benchmarks.measuring import Case
from models.activities import Activity
from models.base import Record, derived_values
from models.companies import Company
from models.fields.kinds.lines import sum_of, with_amount
from models.fields.schema import Schema, schema_of
from models.opportunities import CERTAIN, LOST, OPEN, REASONS, WON, Opportunity
from models.pipelines import OWN
from models.rates import ExchangeRate
from models.rights import Access, Scope, system_access
from services.records import create_records
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from services.reports.ready import READY

Raw = dict[str, Any]
BATCH, SELLERS, PRODUCTS = 5_000, 50, 100
#: Of a hundred opportunities so many are still open; of the rest every third was won.
STILL_OPEN = 40
#: What each ready report is asked to take at most with 100,000 opportunities, in milliseconds.
ALLOWANCE = 500.0
DAY = dt.timedelta(days=1)


def report_cases(app: Flask, records: int) -> Iterator[Case]:
    """Each ready report for an administrator and for a seller who sees own records alone."""
    with app.app_context():
        sellers = fill_all(records)
    own = {(register, "see"): Scope.OWN for register in ("opportunity", "company", "activity")}
    seller = Access(user_id=sellers[0], grants={**own, ("product", "see"): Scope.ALL}, time_zone="Europe/Helsinki")
    readers = (("all records", system_access("en", "Europe/Helsinki")), ("own records", seller))
    for key, report in READY.items():
        for name, access in readers:
            floor = partial(bare, report.definition["register"], access)
            yield Case(f"report {key}: {name}", within(app, partial(worked_out, access, report.definition)), floor,
                       allowance=ALLOWANCE)  # fmt: skip


def worked_out(access: Access, asked: Mapping[str, Any]) -> object:
    return figures_of(access, definition_of(access, asked))


def bare(register: str, access: Access) -> None:
    """Reading the register's records through and counting them by owner: what no report can do without."""
    stages: list[Raw] = [{"$match": access.condition(register)}, {"$group": {"_id": "$owner", "n": {"$sum": 1}}}]
    list(schema_of(register).register.document._get_collection().aggregate(stages))


# Records


def fill_all(records: int) -> list[ObjectId]:
    """Write so many opportunities, and twice as many activities with the companies there are; returns the sellers,
    those who own companies first."""
    random, owners = Random(11), [one for one in Company._get_collection().distinct("owner") if one is not None]
    sellers = [*owners, *(ObjectId() for _number in range(SELLERS - len(owners)))]
    companies = [raw["_id"] for raw in Company._get_collection().find({}, {"_id": 1}).limit(records)]
    rows = [{"name": f"Product {number}", "price": f"{number + 1}.50 EUR"} for number in range(PRODUCTS)]
    products = list(create_records(system_access(), "product", rows))
    today = dt.datetime.combine(dt.datetime.now(dt.UTC).date(), dt.time(), dt.UTC)
    for currency, rate in (("SEK", "0.0871"), ("NOK", "0.085")):
        ExchangeRate(currency=currency, day=today - 1_000 * DAY, rate=Decimal128(rate)).save()
    write(Opportunity, records, lambda number: opportunity(number, random, today, sellers, companies, products))
    write(Activity, 2 * records, lambda number: contact(number, random, today, sellers, companies))
    return sellers


def write(document: type[Record], count: int, make: Callable[[int], Raw]) -> None:
    schema = schema_of(document.register_key)
    for start in range(0, count, BATCH):
        rows = [made(schema, make(number)) for number in range(start, min(start + BATCH, count))]
        document._get_collection().insert_many(rows, ordered=False)


def made(schema: Schema, raw: Raw) -> Raw:
    """The document with all that is derived."""
    raw = {name: value for name, value in schema.register.document.derive(raw).items() if value is not None}
    return {**raw, **derived_values(schema.filled(raw), raw["name"])}


def opportunity(
    number: int, random: Random, today: dt.datetime, sellers: Sequence[ObjectId], companies: Sequence[ObjectId],
    products: Sequence[Raw],
) -> Raw:  # fmt: skip
    """One of three years; every other one with rows of products, one of ten in another currency."""
    created = today - random.randrange(3 * 365) * DAY
    stage = random.choice(OWN.stages)
    state = OPEN if random.randrange(100) < STILL_OPEN else random.choice((WON, LOST, LOST))
    currency = random.choice(("SEK", "NOK")) if number % 10 == 0 else "EUR"
    lines = [line(random, random.choice(products), currency) for _row in range(random.randint(1, 4) * (number % 2))]
    value = {"amount": Decimal128(Decimal(random.randrange(100, 5_000_000)) / 100), "currency": currency}
    closed = today - random.randrange(2 * 365) * DAY if state != OPEN else None
    return {
        "_id": ObjectId(), "name": f"Delivery of cranes {number}", "owner": random.choice(sellers), "stage": stage.key,
        "company": random.choice(companies) if companies else None, "pipeline": OWN.key, "state": state,
        "probability": CERTAIN.get(state, stage.probability), "products": lines or None,
        "value": sum_of(lines) or value,
        "closes_on": today + random.randrange(-60, 400) * DAY, "closed_on": closed, "stage_since": created,
        "reason": random.choice(REASONS).key if state == LOST else None, "next_step": "Call and ask what they think",
        "description": "They need two cranes for the new harbour, with training. " * 3,
        "created_at": created, "changed_at": created, "version": 3, "custom": {},
    }  # fmt: skip


def line(random: Random, product: Raw, currency: str) -> Raw:
    return with_amount({
        "product": product["_id"], "name": product["name"], "quantity": Decimal128(str(random.randint(1, 20))),
        "price": product["price"]["amount"], "discount": Decimal128(str(random.choice((0, 0, 5, 12.5)))),
        "currency": currency,
    })  # fmt: skip


def contact(
    number: int, random: Random, today: dt.datetime, sellers: Sequence[ObjectId], companies: Sequence[ObjectId]
) -> Raw:  # fmt: skip
    """Something of the last two years, most of it done."""
    starts = today - random.randrange(2 * 365 * 24) * dt.timedelta(hours=1)
    return {
        "_id": ObjectId(), "name": f"Call {number}", "kind": random.choice(("call", "meeting", "email", "task")),
        "state": "open" if number % 10 == 0 else "done", "owner": random.choice(sellers), "starts_at": starts,
        "companies": [random.choice(companies)] if companies else None, "zone": "Europe/Helsinki",
        "created_at": starts, "version": 1, "custom": {},
    }  # fmt: skip
