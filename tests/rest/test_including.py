"""Pages that go on by a key, and records told along with those that point at them."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import prison
import pytest
from jsonschema import Draft202012Validator

from models.rights import Access
from models.security import Role, Team, User
from services.records import create_record, create_records
from tests.rest.conftest import Caller

Raw = dict[str, Any]


@pytest.mark.parametrize("order", [{}, {"order_column": "x_size", "order_direction": "desc"}], ids=["name", "size"])
def test_pages_by_key_hold_every_record_once(rest: Caller, admin_access: Access, order: Raw) -> None:
    rest.define("size", "number")
    create_records(admin_access, "company", [{"name": f"C {n:02}", "x_size": n % 3 or None} for n in range(23)])
    names, after, pages = [], "", 0
    while True:
        page = rest.page("company", page_size=5, **order, **({"after": after} if after else {}))
        names += [row["name"] for row in page["result"]]
        pages += 1
        if (after := page["after"]) is None:
            break
    assert pages == 5
    assert sorted(names) == [f"C {n:02}" for n in range(23)]
    assert names == [row["name"] for row in rest.page("company", page_size=100, **order)["result"]]


@pytest.mark.parametrize("after", ["abc", "%00", "e30", "x" * 1_400, "🙂"])
def test_a_key_that_is_none_is_a_bad_request(rest: Caller, after: str) -> None:
    rest.page("company", 400, after=after)


@pytest.fixture
def linked(rest: Caller, admin_access: Access) -> Raw:
    """{"voima", "maija": ids} of a company and of who works there."""
    team = Team(name="North").save()
    voima = create_record(admin_access, "company", {"name": "Voima", "team": str(team.pk), "owner": str(rest.user.pk)})
    maija = create_record(admin_access, "person", {"name": "Maija", "companies": [str(voima["_id"])]})
    create_record(admin_access, "opportunity", {"name": "Big", "company": str(voima["_id"]), "value": "5 EUR"})
    return {"voima": str(voima["_id"]), "maija": str(maija["_id"]), "team": str(team.pk)}


def test_what_records_point_at_is_told_along(rest: Caller, linked: Raw) -> None:
    page = rest.page("person", include=["companies"], columns=["name", "companies"])
    company = page["included"]["company"][linked["voima"]]
    assert (company["name"], company["id"], company["version"]) == ("Voima", linked["voima"], 1)
    query = quote(prison.dumps({"include": ["companies.name", "companies.owner"]}))
    one = rest.call("GET", f"person/{linked['maija']}?q={query}")
    assert one["included"]["company"] == {
        linked["voima"]: {"id": linked["voima"], "name": "Voima", "owner": str(rest.user.pk)}}  # fmt: skip
    assert "included" not in rest.page("person")
    # Nothing to point at is nothing included.
    assert rest.page("person", include=["owner"])["included"] == {}


def test_of_users_and_teams_the_name_is_told(rest: Caller, linked: Raw) -> None:
    included = rest.page("company", include=["owner", "team.name"])["included"]
    assert included == {"user": {str(rest.user.pk): {"id": str(rest.user.pk), "name": "Admin Tester"}},
                        "team": {linked["team"]: {"id": linked["team"], "name": "North"}}}  # fmt: skip


@pytest.mark.parametrize("include", [
    ["name"], ["nothing"], ["companies.nothing"], ["owner.password"], ["companies"] * 21, ["companies.x.y"], ["$where"],
], ids=repr)  # fmt: skip
def test_what_can_not_be_included_is_a_bad_request(rest: Caller, include: list[str]) -> None:
    rest.page("person", 400, include=include)


def test_what_is_hidden_is_not_included(
    linked: Raw, make_role: Callable[..., Role], make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    hidden = [{"register": "company", "column": "owner", "access": "hidden"}]
    own = make_role("Own", ("person", "see", "all"), ("company", "see", "own"))
    blind = make_role("Blind", ("person", "see", "all"), ("company", "see", "all"), field_rights=hidden)
    page = caller_of(make_user("own", own)).page("person", include=["companies"])
    assert page["included"] == {"company": {}}
    caller = caller_of(make_user("blind", blind))
    assert "owner" not in caller.page("person", include=["companies"])["included"]["company"][linked["voima"]]
    caller.page("person", 400, include=["companies.owner"])


def test_answers_with_included_records_fit_the_document(rest: Caller, linked: Raw) -> None:
    document = rest.call("GET", "_openapi")
    answer = document["paths"]["/api/v1/person/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    page = rest.page("person", include=["companies", "owner"], page_size=1)
    assert list(Draft202012Validator({**answer, "components": document["components"]}).iter_errors(page)) == []
    assert rest.call("GET", "person/_info")["include_columns"][0] == "companies"
