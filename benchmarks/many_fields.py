"""Cases of a register with five hundred fields: its pages beside those of one with thirty."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from benchmarks.measuring import Case
from benchmarks.reading import get
from models.companies import Company
from models.rights import Access
from services.records import create_records
from services.settings import define_field

MANY = 500
PEOPLE = 30
#: Kinds of field in turn, and a value of each.
VALUES: dict[str, Any] = {
    "text": "Something written", "number": "1234", "choice": "b", "date": "2024-12-31", "boolean": "1",
    "money": "1200 EUR", "choices": ["a", "c"], "email": "matti.malli@yritys.fi", "phone": "+358401234567",
    "url": "https://www.yritys.fi",
}  # fmt: skip


def many_fields_cases(app: Flask, access: Access, client: FlaskClient) -> Iterator[Case]:
    """List, forms and record of people with 500 fields, all of them filled, beside those of companies with 30."""
    with app.app_context():
        person = fill(access)
        company = Company._get_collection().find_one({}, {"_id": 1})["_id"]
    for name, page in (("list", ""), ("add form", "add"), ("record", "show/{}"), ("edit form", "edit/{}")):
        yield Case(f"HTTP: {name}, {MANY} fields for 30", partial(get, client, f"/people/{page.format(person)}"),
                   partial(get, client, f"/companies/{page.format(company)}"), allowance=0.0)  # fmt: skip


def fill(access: Access) -> Any:
    """Make the fields and some people with a value in each; returns the id of one of them."""
    kinds = list(VALUES)
    for number in range(MANY):
        kind = kinds[number % len(kinds)]
        choices = {"choices": [{"key": key, "label": key.upper()} for key in "abcde"]} if "choice" in kind else {}
        define_field(access, {"register": "person", "key": f"many_{number}", "label": f"Field {number}", "kind": kind,
                              "section": ("basic", "classification", "extra")[number % 3], "order": number,
                              **choices})  # fmt: skip
    values = {f"x_many_{number}": VALUES[kinds[number % len(kinds)]] for number in range(MANY)}
    return create_records(access, "person", [{"name": f"Person {n}", **values} for n in range(PEOPLE)])[0]["_id"]
