"""A person's data over REST: handed out, erased and anonymised by administrators alone."""

from collections.abc import Callable
from typing import Any

import pytest

from models.audit import AuditEntry
from models.people import Person
from models.security import User
from services.jobs import wake_due
from tests.rest.conftest import Caller

NAME = "Vilhelmiina Kurkipää"
ERASING = {"how": "erase", "why": "Asked for it", "name": NAME}


@pytest.fixture
def pk(rest: Caller) -> str:
    pk: str = rest.add("person", name=NAME, email="vilhelmiina@kurki.example")["id"]
    return pk


def test_all_that_is_known_is_handed_out_and_the_audit_tells(rest: Caller, pk: str) -> None:
    told = rest.call("GET", f"person/{pk}/personal_data")
    assert {"field": "E-mail", "value": "vilhelmiina@kurki.example"} in told["fields"]
    assert (told["id"], told["name"], told["files"]) == (pk, NAME, [])
    assert AuditEntry.objects(what="personal_data_given").get().details["form"] == "json"
    described = rest.call("GET", "_openapi")["components"]["schemas"]["PersonalData"]
    assert set(described["properties"]) == set(told)


def test_everything_is_looked_through_by_a_job(rest: Caller, pk: str) -> None:
    rest.add("company", name="Kohde Oy")
    job = rest.call("POST", f"person/{pk}/look", 202)["job"]
    wake_due()
    assert rest.call("GET", f"job/{job}")["result"]["state"] == "done"
    assert rest.call("GET", f"person/{pk}/personal_data")["found"] == []


def test_person_is_anonymised_and_erased_with_the_mentions_that_are_named(rest: Caller, pk: str) -> None:
    mention = rest.add("activity", name=f"Ring {NAME} back", kind="task")["id"]
    rest.call("POST", f"person/{pk}/erase", json={**ERASING, "how": "anonymise"})
    assert rest.call("GET", f"person/{pk}")["result"]["name"] == "Anonymised person"
    sent = {**ERASING, "name": "Anonymised person", "also": [{"register": "activity", "id": mention}]}
    assert rest.call("POST", f"person/{pk}/erase", json=sent) == {"message": "OK"}
    for gone in (f"person/{pk}", f"activity/{mention}", f"person/{pk}/personal_data"):
        rest.call("GET", gone, 404)


@pytest.mark.parametrize(("changed", "status"), [
    ({"how": "hide"}, 422), ({"why": ""}, 422), ({"why": f"{NAME} asked"}, 422), ({"name": "Another"}, 422),
    ({"more": 1}, 422), ({"files": ["0" * 24]}, 404), ({"also": [{"register": "x", "id": "0" * 24}]}, 404),
    ({"why": "\ud800"}, 422),
], ids=str)  # fmt: skip
def test_mistake_erases_nothing(rest: Caller, pk: str, changed: dict[str, Any], status: int) -> None:
    rest.call("POST", f"person/{pk}/erase", status, json={**ERASING, **changed})
    assert Person.objects(pk=pk).count() == 1


def test_nobody_but_administrators_may(
    pk: str, make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    staff = caller_of(make_user("staff", "Staff"))
    staff.call("GET", f"person/{pk}/personal_data", 403)
    staff.call("POST", f"person/{pk}/erase", 403, json=ERASING)
    assert "/api/v1/person/{pk}/erase" not in staff.call("GET", "_openapi")["paths"]
    assert Person.objects(pk=pk).count() == 1
