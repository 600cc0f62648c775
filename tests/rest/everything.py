"""Some of everything that REST knows, so that calls made up by schemathesis meet something."""

import json
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from models.rights import Access
from services.jobs import start_job, wake_due
from services.settings import change_field
from tests.fixtures.app import PASSWORD
from tests.rest.conftest import Caller
from tests.rest.test_letter_templates import FILE as LETTER
from tests.rest.test_problems import KINDS as FIELD_KINDS
from tests.rest.test_settings import KINDS as SETTINGS

Raw = dict[str, Any]
#: How many there are of each: deletions are called too.
EACH = 3
TABLE = b"Name,City,Size\nAho Oy,Turku,12\nBerg Ab,,big\n,Oulu,3\n"
#: What a well-formed id of nothing looks like.
UNKNOWN = "0123456789abcdef01234567"


def furnish(rest: Caller, access: Access, choices: list[Raw]) -> None:
    """Make fields of every kind, records of every register, and every kind of setting; `choices` are three."""
    define_fields(rest, access, choices)
    add_records(rest)
    add_settings(rest)
    for number in range(EACH):
        send(rest, f"letter_template/?{urlencode({'register': 'person', 'name': f'Letter {number}.docx'})}", LETTER)
        add_import(rest, number)
        start_job(access, "nothing", "A job", {})
    rest.call("POST", "company/export", 202, json={})
    wake_due()


def define_fields(rest: Caller, access: Access, choices: list[Raw]) -> None:
    """Fields of every kind for companies and people, and one that is retired, as is a choice."""
    for kind in FIELD_KINDS:
        chosen = {"choices": choices} if kind.startswith("choice") else {}
        rest.define(f"of_{kind}", kind, section="classification" if chosen else "extra", **chosen)
        rest.define(f"own_{kind}", kind, register="person", **chosen)
    retired = rest.define("gone", "text")
    rest.add("company", name="Acme", x_of_number=5, x_of_money="5 EUR", x_of_date="2024-01-01", x_of_boolean=True,
             x_of_choice="c", x_of_choices=["a", "c"], x_of_phone="040 123 4567", x_gone="kept")  # fmt: skip
    rest.call("DELETE", f"field_definition/{retired['id']}")
    for definition in rest.page("field_definition", page_size=-1)["result"]:
        if definition["key"] in ("of_choice", "of_choices"):
            change_field(access, definition["id"], {"choices": choices[:2]})


def add_records(rest: Caller) -> None:
    companies = rest.page("company")["ids"]
    inside = [{"col": "name", "opr": "nempty", "value": ""}]
    for number in range(EACH):
        companies.append(rest.add("company", name=f"Voima {number}", city="Oulu")["id"])
        # Who has a company works for it, which is a relationship.
        rest.add("person", first_name="Maija", last_name=f"Malli {number}", companies=companies[:1],
                 email=f"maija{number}@example.com")  # fmt: skip
        rest.add("activity", kind="task", name=f"Call {number}", companies=companies[:1])
        rest.add("product", name=f"Product {number}", price="5 EUR")
        rest.add("opportunity", name=f"Deal {number}", company=companies[0], value="500 EUR")
        document = rest.add("document", name=f"Offer {number}", kind="offer")["id"]
        send(rest, f"document/{document}/file?name=offer.txt", b"An offer", 200)
        segment = rest.add("segment", name=f"All {number}", members="person", conditions=inside)["id"]
        rest.add("campaign", name=f"Campaign {number}")
        rest.add("mailing", name=f"News {number}", subject="Hei", html="<p>Hei</p>", purpose="notice", segment=segment)


def add_settings(rest: Caller) -> None:
    for number in range(EACH):
        for name, (values, _change) in SETTINGS.items():
            rest.call("POST", f"{name}/", 201, json=another(values, number))
        rest.call("POST", "suppressed/", 201, json={"channel": "mail", "address": f"no{number}@example.com"})
        role = rest.page("role")["ids"][-1]
        user = {"username": f"user{number}", "first_name": "Aku", "last_name": "M", "password": PASSWORD,
                "email": f"aku{number}@example.com", "roles": [role]}  # fmt: skip
        owner = rest.call("POST", "user/", 201, json=user)["id"]
        rest.call("POST", "api_key/", 201, json={"name": "Shop", "owner": owner, "roles": [role]})


def another(values: Raw, number: int) -> Raw:
    """The same setting under another name, label or day."""
    told = json.dumps(values)
    for word in ("Sellers", "North", "Tenders", "Customers", "Shop", "Advises", "Is advised by"):
        told = told.replace(f'"{word}"', f'"{word} {number}"')
    made: Raw = json.loads(told.replace("2026-01-01", f"2026-01-0{number + 1}"))
    return made


def add_import(rest: Caller, number: int) -> None:
    """One as it was sent, one checked, one imported."""
    one = send(rest, "import/?register=company&name=list.csv", TABLE)["id"]
    for step in ("check", "start")[:number]:
        rest.call("POST", f"import/{one}/{step}", 202)
        wake_due()


def send(rest: Caller, path: str, body: bytes, status: int = 201) -> Raw:
    """Send a file; returns what is told of it."""
    headers = {"Content-Type": "application/octet-stream"}
    told: Raw = rest.call("POST", path, status, data=body, headers=headers)
    return told


# What there is, told to those who make up calls


def with_ids(document: Raw, rest: Caller) -> Raw:
    """The caller's OpenAPI document, in which each address with a place for an id names some that there are.

    Users, roles and keys by which the callers themselves come in are not among them.
    """
    known: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        resource, _slash, below = path.removeprefix("/api/v1/").partition("/")
        if not below.startswith("{pk}"):
            continue
        if resource not in known:
            known[resource] = ids_of(rest, resource)
        ids = known[resource]
        if below.endswith("/{relationship}"):
            ids = ids[:1]
            name_ids(operations, "relationship", ids_of(rest, f"{resource}/{ids[0]}/relationships"))
        name_ids(operations, "pk", ids)
    return document


def ids_of(rest: Caller, resource: str) -> list[str]:
    rows = rest.call("GET", f"{resource}{'' if '/' in resource else '/'}")["result"]
    safe = (row["id"] for row in rows if row.get("name") not in ("Admin", "Few rights")
            and row.get("username") not in ("admin", "seller"))  # fmt: skip
    return list(islice(safe, EACH + 2))


def name_ids(operations: Raw, place: str, ids: list[str]) -> None:
    for operation in operations.values():
        for parameter in operation["parameters"]:
            if (parameter["in"], parameter["name"]) == ("path", place):
                parameter["schema"] = {"type": "string", "enum": [*ids, UNKNOWN]}
