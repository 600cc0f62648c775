"""One's own jobs over REST."""

from collections.abc import Callable

import pytest

from models.rights import Access
from models.security import User
from services.jobs import get_job, start_job
from tests.rest.conftest import Caller


@pytest.fixture
def anna(make_user: Callable[..., User], caller_of: Callable[[User], Caller]) -> Caller:
    return caller_of(make_user("anna", "Reader"))


def test_jobs_are_listed_and_read_by_their_owner_alone(
    anna: Caller, make_user: Callable[..., User], caller_of: Callable[[User], Caller],
    access_of: Callable[[User], Access],
) -> None:  # fmt: skip
    pk = start_job(access_of(anna.user), "nothing", "To do", {"secret": 1}, total=5)
    page = anna.page("job")
    assert (page["count"], page["ids"]) == (1, [str(pk)])
    job = anna.call("GET", f"job/{pk}")["result"]
    assert (job["title"], job["state"], job["done"], job["total"]) == ("To do", "waiting", 0, 5)
    assert job["created_at"].endswith("Z")
    assert "params" not in job
    bert = caller_of(make_user("bert", "Reader"))
    assert bert.page("job")["count"] == 0
    bert.call("GET", f"job/{pk}", 404)
    bert.call("POST", f"job/{pk}/cancel", 404)
    assert get_job(access_of(anna.user), pk)["state"] == "waiting"


def test_cancel_ends_a_waiting_job(anna: Caller, access_of: Callable[[User], Access]) -> None:
    pk = start_job(access_of(anna.user), "nothing", "To do", {})
    assert anna.call("POST", f"job/{pk}/cancel")["result"]["state"] == "cancelled"
    waiting = [{"col": "state", "opr": "eq", "value": "waiting"}]
    assert anna.page("job", filters=waiting)["count"] == 0
    anna.page("job", 400, filters=[{"col": "params", "opr": "eq", "value": "x"}])


@pytest.mark.parametrize("pk", ["nonsense", "0" * 24, "$ne"])
def test_unknown_jobs_are_not_found(anna: Caller, pk: str) -> None:
    anna.call("GET", f"job/{pk}", 404)
    anna.call("POST", f"job/{pk}/cancel", 404)
