"""Settings over REST: users, roles, groups, teams, pipelines, saved views, rates, record pages, the organisation."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator

from models.audit import AuditEntry, What
from models.changes import Change
from models.rights import Access
from models.security import Role, Team, User
from models.trays import Tray
from services.api_keys import add_key
from services.records import create_record
from services.security import access_for
from tests.fixtures.app import PASSWORD
from tests.rest.conftest import Caller

Raw = dict[str, Any]
#: Resource -> what makes one, and what then changes of it.
KINDS: dict[str, tuple[Raw, Raw]] = {
    "role": ({"name": "Sellers", "grants": [{"register": "company", "action": "see", "scope": "own"}]},
             {"field_rights": [{"register": "company", "column": "phone", "access": "hidden"}]}),
    "group": ({"name": "North"}, {"description": "Of the north"}),
    "team": ({"name": "North"}, {"name": "South"}),
    "pipeline": ({"label": {"en": "Tenders"}, "stages": [{"label": "Asked", "probability": 10}]},
                 {"stages": [{"key": "asked", "label": "Asked for", "probability": 20}, {"label": "Sent"}]}),
    "saved_view": ({"register": "company", "name": "Customers", "audience": "all", "order": "name",
                    "conditions": [{"col": "status", "opr": "eq", "value": "customer"}]}, {"name": "All customers"}),
    "tray": ({"label": {"en": "Shop"}, "tools": [{"tool": "tasks", "options": {"whose": "mine"}}, {"tool": "quick"}]},
             {"label": {"en": "The shop"}}),
    "relationship_kind": ({"subject": "person", "object": "company", "label": {"en": "Advises"},
                           "reverse": {"en": "Is advised by"}}, {"retired": True}),
    "exchange_rate": ({"currency": "SEK", "day": "2026-01-01", "rate": "0.09"}, {"rate": "0.0885"}),
}  # fmt: skip
NAMES = sorted(KINDS)
#: Those that are taken out of use, never deleted.
KEPT = ("pipeline", "relationship_kind")
ALL = (*NAMES, "user", "api_key", "record_layout", "suppressed")
SINGLE = ("organisation", "marketing_rules")
SCHEMAS = {name: "".join(part.title() for part in name.split("_")) for name in ALL}


@pytest.mark.parametrize("name", NAMES)
def test_settings_are_added_changed_and_deleted(rest: Caller, name: str) -> None:
    new, change = KINDS[name]
    made = rest.call("POST", f"{name}/", 201, json=new)
    assert made["id"] in rest.call("GET", f"{name}/")["ids"]
    told = made["result"]
    # What was read is sent back as it is, with a change.
    sent = {key: value for key, value in told.items() if key != "version"} | change
    rest.call("PUT", f"{name}/{made['id']}", json=sent)
    changed = rest.call("GET", f"{name}/{made['id']}")["result"]
    if name == "pipeline":
        assert [stage["key"] for stage in changed["stages"]] == ["asked", "sent"]
    else:
        assert {key: changed[key] for key in change} == change
    conflict = rest.call("PATCH", f"{name}/{made['id']}", 409, json=change | {"version": told["version"]})
    assert conflict["current"]["id"] == made["id"]
    if name not in KEPT:
        rest.call("DELETE", f"{name}/{made['id']}")
        rest.call("GET", f"{name}/{made['id']}", 404)


def test_users_are_added_changed_and_deactivated(app: Flask, rest: Caller) -> None:
    role = str(Role.objects.get(name="Reader").pk)
    new = {"username": "maija", "first_name": "Maija", "last_name": "M", "email": "maija@example.com",
           "password": PASSWORD, "roles": [role]}  # fmt: skip
    made = rest.call("POST", "user/", 201, json=new)
    assert "password" not in made["result"]
    assert made["result"]["roles"] == [role]
    login = {"username": "maija", "password": PASSWORD}
    # The password is the right one, and a given one: another is chosen first.
    assert app.test_client().post("/api/v1/security/login", json=login).status_code == 403
    changed = rest.call("PATCH", f"user/{made['id']}", json={"language": "fi", "version": made["result"]["version"]})
    assert (changed["result"]["language"], changed["result"]["roles"]) == ("fi", [role])
    rest.call("PATCH", f"user/{made['id']}", 409, json={"language": "en", "version": made["result"]["version"]})
    gone = rest.call("PATCH", f"user/{made['id']}", json={"active": False})
    assert gone["result"]["standing"] == "inactive"
    assert app.test_client().post("/api/v1/security/login", json=login).status_code == 401
    rest.call("DELETE", f"user/{made['id']}", 405)
    assert AuditEntry.objects(what=What.USER_CHANGED).count() == 3
    assert all(PASSWORD not in str(entry.to_mongo().to_dict()) for entry in AuditEntry.objects)


def test_the_last_administrator_stays_one(rest: Caller) -> None:
    errors = rest.call("PATCH", f"user/{rest.user.pk}", 422, json={"roles": []})["errors"]
    assert list(errors) == ["roles"]


def test_the_organisation_is_read_and_changed(rest: Caller) -> None:
    changed = rest.call("PATCH", "organisation/", json={"name": "Voima Oy", "bin_days": 30})["result"]
    assert rest.call("GET", "organisation/")["result"] == changed
    assert (changed["name"], changed["bin_days"]) == ("Voima Oy", 30)
    assert "country" in rest.call("PUT", "organisation/", 422, json={"country": "nowhere"})["errors"]
    rest.call("PUT", "organisation/", 409, json={"name": "Other", "version": changed["version"] - 1})


def test_marketing_rules_are_read_and_changed(rest: Caller) -> None:
    rules = rest.call("GET", "marketing_rules/")["result"]
    changed = rest.call("PATCH", "marketing_rules/", json={"company": {"mail": "with_consent"}})["result"]
    assert changed == rules | {"company": rules["company"] | {"mail": "with_consent"}, "version": 1}
    assert rest.call("PUT", "marketing_rules/", json=changed)["result"] == changed
    assert rest.call("PUT", "marketing_rules/", 409, json=rules)["current"] == changed
    for odd in ({"mail": "always"}, {"pigeon": "with_consent"}, None, "mail"):
        assert list(rest.call("PATCH", "marketing_rules/", 422, json={"person": odd})["errors"]) == ["person"]


def test_addresses_without_marketing_are_added_found_and_taken_away_for_a_reason(rest: Caller) -> None:
    new = {"channel": "mail", "address": "Aku@example.com", "note": "Asked"}
    made = rest.call("POST", "suppressed/", 201, json=new)
    sms = rest.call("POST", "suppressed/", 201, json={"channel": "sms", "address": "040 123 4567"})["result"]
    assert (made["result"]["address"], sms["address"]) == ("aku@example.com", "+358401234567")
    again = {"channel": "mail", "address": "AKU@example.com"}
    assert list(rest.call("POST", "suppressed/", 422, json=again)["errors"]) == ["address"]
    found = rest.page("suppressed", address="aku@", page_size=1)
    assert (found["ids"], found["count"]) == ([made["id"]], 1)
    assert "why" in rest.call("DELETE", f"suppressed/{made['id']}", 422)["errors"]
    rest.call("DELETE", f"suppressed/{made['id']}?why=wrote+to+us")
    rest.call("GET", f"suppressed/{made['id']}", 404)
    assert {change.source for change in Change.objects(register="suppressed")} == {"rest"}


def test_a_tray_of_the_program_is_rearranged_and_put_back(rest: Caller) -> None:
    before = rest.call("GET", "tray/sales")["result"]
    first, *others = before["tools"]
    role = str(Role.objects.get(name="Reader").pk)
    sent = before | {"tools": [*others[:2], {"tool": "news", "size": "wide"}, first], "roles": [role]}
    changed = rest.call("PUT", "tray/sales", json=sent)["result"]
    assert [tool["tool"] for tool in changed["tools"]] == [*(one["tool"] for one in others[:2]), "news", first["tool"]]
    assert (changed["tools"][-1], changed["roles"], changed["label"]) == (first, [role], before["label"])
    assert Tray.objects.get(ready="sales").label is None
    assert rest.call("PUT", "tray/sales", 409, json=sent)["current"] == changed
    assert rest.call("PATCH", "tray/sales", json={"tools": None})["result"]["tools"] == before["tools"]
    rest.call("DELETE", "tray/sales", 403)
    nobody = {"tool": "tasks", "options": {"whose": "nobody"}}
    for odd in ([{"tool": "news", "size": "figure"}], [nobody], [{"tool": "x"}], [{}], [{"tool": "news"}] * 41):
        assert list(rest.call("PATCH", "tray/sales", 422, json={"tools": odd})["errors"]) == ["tools"]
    new = rest.call("POST", "tray/", 201, json={"label": "Shop"})["id"]
    assert "tools" in rest.call("PATCH", f"tray/{new}", 422, json={"tools": None})["errors"]
    assert "roles" in rest.call("PATCH", f"tray/{new}", 422, json={"roles": ["0" * 24]})["errors"]


def test_record_pages_are_laid_out_for_all_and_for_a_role(rest: Caller) -> None:
    usual = rest.call("GET", "record_layout/company")["result"]
    moved = {"left": usual["left"][1:], "right": [*usual["right"], usual["left"][0]]}
    role = str(Role.objects.get(name="Reader").pk)
    result = rest.call("PUT", f"record_layout/company.{role}", json=moved)["result"]
    assert (result["own"], result["left"]) == (True, moved["left"])
    assert rest.call("GET", "record_layout/company")["result"] == usual
    assert "left" in rest.call("PUT", "record_layout/company", 422, json={"left": ["nothing"]})["errors"]
    rest.call("DELETE", f"record_layout/company.{role}")
    assert not rest.call("GET", f"record_layout/company.{role}")["result"]["own"]
    for pk in ("nothing", "company.", "company.abc", f"company.{'0' * 24}"):
        rest.call("GET", f"record_layout/{pk}", 404)


def test_an_api_key_is_told_once_and_makes_no_others(rest: Caller, admin: User) -> None:
    role = str(Role.objects.get(name="Admin").pk)
    new = {"name": "Shop", "owner": str(admin.pk), "roles": [role], "ends_on": "2099-12-31"}
    made = rest.call("POST", "api_key/", 201, json=new)
    assert "key" not in rest.call("GET", f"api_key/{made['id']}")
    administrators, rest.token = rest.token, made["key"]
    rest.call("GET", "user/")
    rest.call("POST", "api_key/", 403, json=new)
    rest.token = administrators
    rest.call("DELETE", f"api_key/{made['id']}")
    rest.token = made["key"]
    rest.call("GET", "user/", 401)


@pytest.mark.parametrize("name", [*ALL, *SINGLE])
def test_settings_are_for_those_who_may(
    name: str, make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    staff = caller_of(make_user("staff", "Staff"))
    paths = staff.call("GET", "_openapi")["paths"]
    readable = name in ("pipeline", "saved_view", "record_layout", "relationship_kind")
    staff.call("GET", f"{name}/", 200 if readable else 403)
    if name in KINDS and name != "saved_view":
        staff.call("POST", f"{name}/", 403, json=KINDS[name][0])
        assert "post" not in paths.get(f"/api/v1/{name}/", {})


@pytest.mark.parametrize("name", [name for name in ALL if name != "record_layout"])
def test_nonsense_is_refused_by_property(rest: Caller, name: str) -> None:
    properties = [*rest.call("GET", "_openapi")["components"]["schemas"][f"{SCHEMAS[name]}New"]["properties"]]
    good = KINDS.get(name, ({},))[0]
    for column in (*properties, "nothing"):
        for value in (5, None, {"$ne": 1}, "\x00", "\ud800", "x" * 2_000, [5], [{}]):
            answer = rest.raw("POST", f"{name}/", json.dumps(good | {column: value}))
            assert answer.status_code in (201, 400, 403, 422), (column, value, answer.text[:300])


def test_a_team_in_use_is_not_deleted(rest: Caller, admin_access: Access) -> None:
    team = Team(name="North").save()
    create_record(admin_access, "company", {"name": "Voima", "team": str(team.pk)})
    assert "company: 1" in str(rest.call("DELETE", f"team/{team.pk}", 422)["errors"])
    assert rest.call("POST", "team/", 422, json={"name": "North"})["errors"]["name"]


def test_views_of_others_stay_theirs(
    rest: Caller, make_user: Callable[..., User], caller_of: Callable[[User], Caller]
) -> None:
    mine = rest.call("POST", "saved_view/", 201, json={"register": "company", "name": "Mine"})["id"]
    shared = rest.call("POST", "saved_view/", 201, json=KINDS["saved_view"][0])["id"]
    staff = caller_of(make_user("staff", "Staff"))
    staff.call("GET", f"saved_view/{mine}", 404)
    assert staff.call("GET", f"saved_view/{shared}")["result"]["name"] == "Customers"
    staff.call("PATCH", f"saved_view/{shared}", 403, json={"name": "Theirs"})
    staff.call("DELETE", f"saved_view/{shared}", 403)


def test_answers_fit_the_document(rest: Caller, admin: User) -> None:
    for name, (new, _change) in KINDS.items():
        rest.call("POST", f"{name}/", 201, json=new)
    rest.call("POST", "suppressed/", 201, json={"channel": "mail", "address": "aku@example.com"})
    add_key(access_for(admin), {"name": "Shop", "owner": admin.pk, "roles": [Role.objects.get(name="Reader").pk]})
    document = rest.call("GET", "_openapi")
    for name in (*ALL, *SINGLE):
        call = document["paths"][f"/api/v1/{name}/"]["get"]
        schema = call["responses"]["200"]["content"]["application/json"]["schema"]
        answer = rest.call("GET", f"{name}/")
        wrong = list(Draft202012Validator({**schema, "components": document["components"]}).iter_errors(answer))
        assert wrong == [], name
