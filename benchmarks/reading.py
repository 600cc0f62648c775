"""Cases of reading: pages of the company list, filtered, sorted, far down, and counted."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Any

from bson import Decimal128
from flask import Flask
from flask.testing import FlaskClient

from benchmarks import floors
from benchmarks.measuring import ALLOWANCE, Case, Work
from benchmarks.place import PASSWORD, USERNAME
from models.companies import Company
from models.people import Person
from models.rights import Access
from services.quick_search import CANDIDATES, quick_search, ways_to_read
from services.search import find_page

Condition = dict[str, Any]
RICH = {"custom.industry": "G", "custom.headcount": {"$gte": 10}, "custom.revenue.currency": "EUR",
        "custom.revenue.amount": {"$gte": Decimal128("2000000")}}  # fmt: skip
RICH_CONDITIONS = (("x_industry", "eq", "G"), ("x_headcount", "ge", "10"), ("x_revenue", "ge", "2000000 EUR"))
SINCE = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
#: name -> (our conditions, the floor's query, the floor's index)
FILTERS: dict[str, tuple[tuple[tuple[str, str, Any], ...], dict[str, Any], str]] = {
    "first page": ((), {}, "name"),
    "one choice": ((("x_industry", "eq", "C"),), {"custom.industry": "C"}, "industry"),
    "a choice and two ranges": (RICH_CONDITIONS, RICH, "ranges"),
    "three choices": (
        (("x_industry", "eq", "F"), ("x_size_class", "eq", "small"), ("x_abc_class", "eq", "b")),
        {"custom.industry": "F", "custom.size_class": "small", "custom.abc_class": "b"}, "three",
    ),
    "a rare pair": (
        (("x_credit_ban", "eq", "1"), ("x_industry", "eq", "K")),
        {"custom.credit_ban": True, "custom.industry": "K"}, "rare",
    ),
    "five conditions": (
        (("x_size_class", "eq", "small"), ("x_language", "eq", "sv"), ("x_industry", "in", ["C", "F"]),
         ("x_headcount", "ge", "20"), ("x_customer_since", "ge", "2015-01-01")),
        {"custom.size_class": "small", "custom.language": "sv", "custom.industry": {"$in": ["C", "F"]},
         "custom.headcount": {"$gte": 20}, "custom.customer_since": {"$gte": SINCE}}, "five",
    ),
}  # fmt: skip


def conditions_of(parts: tuple[tuple[str, str, Any], ...]) -> list[Condition]:
    return [{"col": column, "opr": operator, "value": value} for column, operator, value in parts]


def page_case(name: str, ours: Work, floor: Work) -> Case:
    """A page of a list, which is held to its bound and must hold the floor's rows."""
    return Case(name, ours, floor, allowance=ALLOWANCE, same_rows=True)


def reading_cases(app: Flask, access: Access, records: int) -> Iterator[Case]:
    """Pages of 25 with a count to a thousand, as a list shows them; `records` is how many there are."""
    for name, (parts, query, index) in FILTERS.items():
        ours = partial(find_page, access, "company", conditions_of(parts))
        yield page_case(name, ours, partial(floors.page, query, index))
    order = floors.INDEXES["headcount"]
    largest = partial(find_page, access, "company", order="x_headcount", direction="desc")
    yield page_case("sorted by a custom number", largest, partial(floors.page, {}, "headcount", order))
    both = partial(find_page, access, "company", conditions_of((("x_industry", "eq", "C"),)), order="x_headcount",
                   direction="desc")  # fmt: skip
    its_floor = partial(floors.page, {"custom.industry": "C"}, "industry_headcount", order)
    yield page_case("filtered and sorted by custom fields", both, its_floor)
    yield from deep_cases(app, access, records)
    exact = partial(find_page, access, "company", conditions_of(RICH_CONDITIONS), exact=True)
    yield Case("page and exact count", exact, partial(page_and_count, RICH))
    for text in ("virt", "konepaja oy", "040 12"):
        yield Case(f"search box: {text}", partial(quick_search, access, text), partial(bare_words, text))


def deep_cases(app: Flask, access: Access, records: int) -> Iterator[Case]:
    """The 1,000th page, or the last full one of fewer: on from the page before, and counted to from the first one."""
    number = min(1_000, records // floors.PAGE) - 1
    with app.app_context():
        before = find_page(access, "company", page=number - 1)
    last = before.rows[-1]
    further = {"$or": [{"sort_name": {"$gt": last["sort_name"]}},
                       {"sort_name": last["sort_name"], "_id": {"$gt": last["_id"]}}]}  # fmt: skip
    query = {"sort_name": {"$gte": last["sort_name"]}, **further}
    floor = partial(floors.page, query, "name", count=False)
    by_key = partial(find_page, access, "company", page=number, after=before.after)
    yield page_case(f"page {number + 1:,} by key", by_key, floor)
    yield Case(f"page {number + 1:,} by number", partial(find_page, access, "company", page=number), floor)


def page_and_count(query: dict[str, Any]) -> None:
    floors.page(query, "ranges", count=False)
    floors.collection().count_documents(query, hint="count")


def bare_words(text: str) -> None:
    """Names of the companies with a word that begins as the longest one does; the box looks at people as well."""
    word = max(ways_to_read(text)[0], key=len)
    query = {"words": {"$elemMatch": {"$gte": word, "$lt": word + "\uffff"}}}
    list(Company._get_collection().find(query, {"name": 1}).hint("by_word").limit(CANDIDATES))


# Over HTTP


def signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/login/", data={"username": USERNAME, "password": PASSWORD})
    if answer.status_code != 302:
        raise RuntimeError(f"signing in was answered with {answer.status_code}")
    return client


def http_cases(client: FlaskClient) -> Iterator[Case]:
    """Whole pages through the web application; the floors are the bare queries beneath them."""
    yield Case("HTTP: first page", partial(get, client, "/companies/"), partial(floors.page, {}, "name"))
    yield Case("HTTP: one choice", partial(get, client, "/companies/?_flt_eq_x_industry=C"),
               partial(floors.page, {"custom.industry": "C"}, "industry"))  # fmt: skip


def company_page_case(app: Flask, client: FlaskClient) -> Case:
    """A company on one page, with its people; the floor reads the bare document."""
    with app.app_context():
        linked = Person._get_collection().find_one({"companies": {"$exists": True}}, {"companies": 1})
        chosen = linked["companies"][0] if linked else Company._get_collection().find_one({}, {"_id": 1})["_id"]
    floor = partial(bare_document, chosen)
    return Case("HTTP: a company's page", partial(get, client, f"/companies/show/{chosen}"), floor)


def bare_document(record_id: Any) -> None:
    floors.collection().find_one({"_id": record_id})


def get(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address} was answered with {answer.status_code}")
