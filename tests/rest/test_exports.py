"""Exports over REST: started, watched, fetched."""

from collections.abc import Callable
from typing import Any

import pytest

from models.jobs import Job
from models.security import Role, User
from services.jobs import wake_due
from tests.rest.conftest import Caller


@pytest.fixture
def companies(rest: Caller) -> Caller:
    for name, city in (("A", "Oulu"), ("B", "Pori"), ("C", "Oulu")):
        rest.add("company", name=name, city=city)
    return rest


def test_records_are_exported_by_a_job_whose_file_is_fetched(companies: Caller) -> None:
    asked = {"columns": ["name", "city"], "filters": [{"col": "city", "opr": "eq", "value": "Oulu"}],
             "order_column": "name", "order_direction": "desc"}  # fmt: skip
    job = companies.call("POST", "company/export", 202, json=asked)["job"]
    companies.call("GET", f"job/{job}/file", 404)
    wake_due()
    assert companies.call("GET", f"job/{job}")["result"]["state"] == "done"
    answer = companies.raw("GET", f"job/{job}/file", b"")
    assert answer.data.decode("utf-8-sig") == "Name,City\r\nC,Oulu\r\nA,Oulu\r\n"
    assert "attachment" in answer.headers["Content-Disposition"]


@pytest.mark.parametrize(("sent", "status"), [
    ({"form": "exe"}, 422), ({"columns": ["nothing"]}, 400), ({"form": "vcard"}, 422), ({"more": 1}, 422),
    ({"filters": [{"col": "nothing", "opr": "eq", "value": 1}]}, 400), ({"ids": ["x"]}, 422), ({"ids": []}, 422),
    ({"form": "csv", "separator": ",", "decimal": ","}, 422), ({"order_column": "\ud800"}, 422), ([], 400),
], ids=str)  # fmt: skip
def test_what_can_t_be_exported_is_told(companies: Caller, sent: Any, status: int) -> None:
    companies.call("POST", "company/export", status, json=sent)
    assert Job.objects.count() == 0


def test_nobody_fetches_the_file_of_another(
    companies: Caller, make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    job = companies.call("POST", "company/export", 202, json={})["job"]
    wake_due()
    Role(name="Looker", grants=[{"register": "*", "action": "see", "scope": "all"}]).save()
    looker = caller_of(make_user("looker", "Looker"))
    looker.call("GET", f"job/{job}/file", 404)
    looker.call("POST", "company/export", 403, json={})
    assert "post" not in looker.call("GET", "_openapi")["paths"].get("/api/v1/company/export", {})
