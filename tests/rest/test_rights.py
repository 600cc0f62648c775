"""Rights over REST: grants of own, team's and all records, hidden and locked fields, and what stands open to nobody."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from models.rights import ACTIONS, RECORD_ACTIONS
from models.security import FieldRight, Team, User
from tests.rest.conftest import Caller

Make = Callable[..., Any]


@pytest.fixture
def people(make_role: Make, make_user: Make, caller_of: Callable[[User], Caller]) -> Callable[..., Caller]:
    """A caller with a role of its own: `people("anna", "see", "add", scope="own")`."""

    def make(name: str, *actions: str, scope: str = "all", team: Team | None = None, **options: Any) -> Caller:
        grants = [("company", action, scope) for action in actions]
        return caller_of(make_user(name, make_role(f"Role of {name}", *grants, **options), team=team))

    return make


def test_without_a_grant_nothing_of_a_register_is_open(rest: Caller, people: Make) -> None:
    made = rest.add("company", name="Acme")
    nobody = people("nobody")
    nobody.page("company", 403)
    nobody.call("GET", "company/_info", 403)
    for method in ("GET", "PUT", "DELETE"):
        nobody.call(method, f"company/{made['id']}", 403, json={})
    nobody.call("POST", "company/", 403, json={"name": "x"})
    nobody.call("POST", "company/bulk", 403, json=[{"name": "x"}])
    paths = nobody.call("GET", "_openapi")["paths"]
    assert not [path for path in paths if "company" in path or "person" in path]


def test_a_reader_reads_and_writes_nothing(rest: Caller, people: Make) -> None:
    made = rest.add("company", name="Acme")
    reader = people("reader", "see")
    assert reader.names("company") == ["Acme"]
    assert reader.call("GET", "company/_info")["permissions"] == ["can_get", "can_info"]
    reader.call("POST", "company/", 403, json={"name": "x"})
    reader.call("POST", "company/bulk", 403, json=[])
    reader.call("PUT", f"company/{made['id']}", 403, json={"city": "x"})
    reader.call("DELETE", f"company/{made['id']}", 403)
    reader.page("person", 403)
    assert list(reader.call("GET", "_openapi")["paths"]["/api/v1/company/"]) == ["get"]


def test_own_records_only_are_there_for_who_is_granted_those(people: Make) -> None:
    anna, bert = people("anna", *ACTIONS, scope="own"), people("bert", *ACTIONS, scope="own")
    mine, other = anna.add("company", name="Annas"), bert.add("company", name="Berts")
    assert anna.names("company") == ["Annas"]
    assert anna.page("company", count="exact")["count"] == 1
    for method in ("GET", "PUT", "DELETE"):
        anna.call(method, f"company/{other['id']}", 404, json={"city": "x"})
    refused = anna.call("PUT", f"company/{mine['id']}", 422, json={"owner": str(bert.user.pk)})
    assert list(refused["errors"]) == ["owner"]
    anna.call("DELETE", f"company/{mine['id']}")


def test_team_records_are_there_for_the_team(people: Make) -> None:
    north, south = Team(name="North").save(), Team(name="South").save()
    anna = people("anna", *ACTIONS, scope="team", team=north)
    bert = people("bert", *ACTIONS, scope="team", team=north)
    cleo = people("cleo", *ACTIONS, scope="team", team=south)
    made = anna.add("company", name="Annas")
    assert (bert.names("company"), cleo.names("company")) == (["Annas"], [])
    assert bert.call("PUT", f"company/{made['id']}", json={"city": "Oulu"})["result"]["city"] == "Oulu"
    cleo.call("PUT", f"company/{made['id']}", 404, json={"city": "x"})


def test_seeing_all_and_changing_own_refuses_others_records(rest: Caller, make_role: Make, make_user: Make,
                                                            caller_of: Make) -> None:  # fmt: skip
    made = rest.add("company", name="Acme")
    role = make_role("Half", ("company", "see", "all"), ("company", "change", "own"))
    half = caller_of(make_user("half", role))
    half.call("GET", f"company/{made['id']}")
    half.call("PUT", f"company/{made['id']}", 403, json={"city": "x"})
    half.call("DELETE", f"company/{made['id']}", 403)


@pytest.fixture
def limited(rest: Caller, people: Make) -> Caller:
    """Somebody who does everything with companies, but `x_secret` and `phone` are hidden and `city` is locked."""
    rest.define("secret", "number")
    rights = [FieldRight(register="company", column=column, access=access)
              for column, access in (("x_secret", "hidden"), ("phone", "hidden"), ("city", "read_only"))]  # fmt: skip
    # Who sets a register up knows all of its fields.
    return people("limited", *RECORD_ACTIONS, field_rights=rights)


def test_hidden_fields_are_nowhere(rest: Caller, limited: Caller) -> None:
    made = rest.add("company", name="Acme", phone="040 123 4567", x_secret=7, city="Oulu")
    hidden = {"x_secret", "phone"}
    read, page, info = (limited.call("GET", f"company/{made['id']}"), limited.page("company"),
                        limited.call("GET", "company/_info"))  # fmt: skip
    assert not hidden & (set(read["result"]) | set(read["label_columns"]) | set(page["result"][0]))
    assert not hidden & (set(page["order_columns"]) | set(page["list_columns"]) | set(info["filters"]))
    assert not hidden & {field["name"] for field in info["add_columns"]}
    document = str(limited.call("GET", "_openapi")["components"]["schemas"]["Company"])
    assert "x_secret" not in document
    definitions = limited.page("field_definition")
    assert definitions["count"] == 0
    limited.call("GET", f"field_definition/{rest.page('field_definition')['ids'][0]}", 404)


def test_hidden_fields_can_not_be_asked_for(rest: Caller, limited: Caller) -> None:
    made = rest.add("company", name="Acme", phone="040 123 4567", x_secret=7)
    for column in ("x_secret", "phone"):
        limited.page("company", 400, filters=[{"col": column, "opr": "nempty"}])
        limited.page("company", 400, order_column=column)
        limited.page("company", 400, columns=[column])
        limited.call("PUT", f"company/{made['id']}", 422, json={column: 8})
        limited.call("POST", "company/", 422, json={"name": "x", column: 8})
    changed = limited.call("PUT", f"company/{made['id']}", json={"fax": "040 123 4567", "version": 1})
    assert not {"x_secret", "phone"} & set(changed["result"])
    late = limited.call("PUT", f"company/{made['id']}", 409, json={"fax": "050 123 4567", "version": 1})
    assert not {"x_secret", "phone"} & set(late["current"])
    assert rest.call("GET", f"company/{made['id']}")["result"]["x_secret"] == 7


def test_locked_fields_are_read_and_not_written(rest: Caller, limited: Caller) -> None:
    made = rest.add("company", name="Acme", city="Oulu")
    assert limited.call("GET", f"company/{made['id']}")["result"]["city"] == "Oulu"
    assert limited.names("company", ("city", "eq", "oulu")) == ["Acme"]
    assert list(limited.call("PUT", f"company/{made['id']}", 422, json={"city": "Turku"})["errors"]) == ["city"]
    limited.call("PUT", f"company/{made['id']}", json={"city": "Oulu", "fax": None})
    schemas = limited.call("GET", "_openapi")["components"]["schemas"]
    assert schemas["Company"]["properties"]["city"]["readOnly"] is True
    assert "city" not in schemas["CompanyChange"]["properties"]


def test_links_to_records_that_are_not_seen_are_refused(rest: Caller, make_role: Make, make_user: Make,
                                                        caller_of: Make) -> None:  # fmt: skip
    company = rest.add("company", name="Hidden")
    role = make_role("Own", *[(register, action, "own") for register in ("company", "person") for action in ACTIONS])
    anna = caller_of(make_user("anna", role))
    assert list(anna.call("POST", "person/", 422, json={"name": "A", "companies": [company["id"]]})["errors"]) == [
        "companies"]  # fmt: skip


def test_a_deactivated_user_is_let_in_no_more(rest: Caller, people: Make) -> None:
    anna = people("anna", "see")
    anna.page("company")
    anna.user.active = False
    anna.user.save()
    anna.page("company", 401)


def test_no_other_resource_stands_open(app: Flask, people: Make) -> None:
    """What Flask-AppBuilder brings along is switched off or asks for rights: the addresses are known one by one."""
    found = {rule.rule.split("/")[3] for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert found == {
        "activity", "campaign", "company", "document", "mailing", "opportunity", "person", "product", "segment",
        "choice_list", "field_definition", "import", "job", "security", "_openapi", "organisation", "user", "role",
        "group", "team", "pipeline", "saved_view", "exchange_rate", "record_layout", "api_key", "relationship_kind",
        "marketing_rules", "suppressed", "tray", "letter_template",
    }  # fmt: skip
    nobody = people("nobody")
    for path in ("menu/", "security/users/", "security/roles/", "security/permissions/", "security/groups/"):
        nobody.call("GET", path, 404)
