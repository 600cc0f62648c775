"""API keys: what opens, what does not, and how many calls a caller may make."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from models.api_keys import ApiKey
from models.audit import AuditEntry, What
from models.changes import Change
from models.fields.errors import ValidationFailed
from models.jobs import Job
from models.rights import Access, NotAllowed
from models.security import Role, User
from services.api_keys import add_key, revoke_key
from services.jobs import access_of_job, start_job
from services.records import create_record, now
from services.security import access_for
from tests.rest.conftest import Caller

YESTERDAY = dt.timedelta(days=1)


@pytest.fixture
def reader(make_user: Callable[..., User]) -> User:
    return make_user("reader", "Reader")


@pytest.fixture
def key_for(app: Flask, admin: User) -> Callable[..., tuple[Any, Caller]]:
    """(the key's document, a caller by it), for an owner and names of roles."""

    def make(owner: User, *roles: str, **values: Any) -> tuple[Any, Caller]:
        ids = [str(Role.objects.get(name=name).pk) for name in roles]
        raw, key = add_key(access_for(admin), {"name": "Web shop", "roles": ids, "owner": str(owner.pk), **values})
        caller = Caller(app, owner)
        caller.token = key
        return raw, caller

    return make


def test_a_key_may_do_what_its_roles_allow_and_works_in_its_owners_name(
    key_for: Callable[..., tuple[Any, Caller]], reader: User, make_role: Callable[..., Role]
) -> None:
    make_role("Feeder", ("company", "add", "all"), ("company", "see", "own"))
    raw, caller = key_for(reader, "Feeder")
    made = caller.add("company", name="Voima")
    assert caller.names("company") == ["Voima"]
    # Its owner sees people; the key does not.
    caller.call("GET", "person/", 403)
    caller.call("DELETE", f"company/{made['id']}", 403)
    change = Change._get_collection().find_one({"register": "company"})
    assert (change["by"], change["source"]) == (reader.pk, "rest")
    kept = ApiKey.objects.get(pk=raw["_id"])
    assert kept.used_at is not None
    assert caller.token not in str(kept.to_mongo().to_dict())


def test_the_document_of_the_key_is_what_the_key_may(
    key_for: Callable[..., tuple[Any, Caller]], reader: User, make_role: Callable[..., Role]
) -> None:
    make_role("Feeder", ("company", "see", "all"))
    paths = key_for(reader, "Feeder")[1].call("GET", "_openapi")["paths"]
    assert list(paths["/api/v1/company/"]) == ["get"]
    assert "/api/v1/person/" not in paths


def test_a_key_that_is_revoked_over_or_whose_owner_has_left_opens_nothing(
    key_for: Callable[..., tuple[Any, Caller]], reader: User, admin: User
) -> None:
    revoked, over, left = (key_for(reader, "Reader", ends_on=now().date().isoformat()) for _ in range(3))
    left[1].call("GET", "company/")
    revoke_key(access_for(admin), revoked[0]["_id"])
    ApiKey.objects(pk=over[0]["_id"]).update(ends_on=now() - 2 * YESTERDAY)
    for _raw, caller in (revoked, over):
        assert "API key" in caller.call("GET", "company/", 401)["detail"]
    User.objects(pk=reader.pk).update(active=False)
    left[1].call("GET", "company/", 401)


@pytest.mark.parametrize(
    "sent", ["kortisto_", "kortisto_abc", "kortisto_" + "x" * 500, "kortisto_\ud800", "kortisto_$ne"], ids=ascii
)
def test_what_is_no_key_opens_nothing(rest: Caller, sent: str) -> None:
    rest.token = sent.encode("utf-8", "surrogatepass").decode("latin-1")
    rest.call("GET", "company/", 401)


def test_a_key_opens_neither_screens_nor_the_login(key_for: Callable[..., tuple[Any, Caller]], admin: User) -> None:
    caller = key_for(admin, "Admin")[1]
    headers = {"Authorization": f"Bearer {caller.token}"}
    assert caller.open("/settings/users/", headers=headers).status_code == 302
    assert caller.open("/api/v1/security/refresh", method="POST", headers=headers).status_code == 401


def test_a_key_administers_only_as_long_as_its_owner_does(
    key_for: Callable[..., tuple[Any, Caller]], admin: User, reader: User, make_user: Callable[..., User]
) -> None:
    with pytest.raises(ValidationFailed):
        key_for(reader, "Admin")
    other = make_user("other", "Admin")
    caller = key_for(other, "Admin")[1]
    caller.define("size", "number")
    User.objects(pk=other.pk).update(roles=[Role.objects.get(name="Reader")])
    assert caller.call("GET", "_openapi")["paths"].keys().isdisjoint({"/api/v1/company/"})
    caller.call("GET", "company/", 403)


def test_a_job_that_a_key_has_started_may_do_what_the_key_may(
    key_for: Callable[..., tuple[Any, Caller]], admin: User, make_role: Callable[..., Role]
) -> None:
    make_role("Seer", ("company", "see", "all"))
    raw, _caller = key_for(admin, "Seer")
    started = start_job(Access(user_id=admin.pk, key_id=raw["_id"]), "nothing", "Nothing", {})
    job = Job._get_collection().find_one({"_id": started})
    access = access_of_job(job)
    assert (access.may("company", "see"), access.may("person", "see"), access.everything) == (True, False, False)
    revoke_key(access_for(admin), raw["_id"])
    assert not access_of_job(job).may("company", "see")


@pytest.mark.parametrize(("values", "column"), [
    ({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"name": {"$ne": 1}}, "name"), ({"roles": []}, "roles"),
    ({"roles": "abc"}, "roles"), ({"roles": ["abc"]}, "roles"), ({"owner": ""}, "owner"), ({"owner": "abc"}, "owner"),
    ({"owner": {"$ne": 1}}, "owner"), ({"ends_on": "tomorrow"}, "ends_on"), ({"ends_on": "2020-01-01"}, "ends_on"),
], ids=repr)  # fmt: skip
def test_a_key_that_makes_no_sense_is_refused(admin: User, values: dict[str, Any], column: str) -> None:
    good = {"name": "Shop", "owner": str(admin.pk), "roles": [str(Role.objects.get(name="Reader").pk)]}
    with pytest.raises(ValidationFailed) as failed:
        add_key(access_for(admin), good | values)
    assert list(failed.value.errors) == [column]
    assert ApiKey.objects.count() == 0


def test_only_administrators_make_and_revoke_keys(admin: User, make_user: Callable[..., User]) -> None:
    staff = access_for(make_user("staff", "Staff"))
    with pytest.raises(NotAllowed):
        add_key(staff, {})
    with pytest.raises(NotAllowed):
        revoke_key(staff, "0" * 24)


def test_the_audit_tells_of_keys_and_of_what_was_done_by_them(
    key_for: Callable[..., tuple[Any, Caller]], admin: User
) -> None:
    raw, caller = key_for(admin, "Admin")
    caller.call("POST", "field_definition/", 201, json={"register": "company", "kind": "text", "label": "Size"})
    revoke_key(access_for(admin), raw["_id"])
    entries = list(AuditEntry.objects(what=What.API_KEY_CHANGED).order_by("id"))
    assert [entry.details["action"] for entry in entries] == ["create", "delete"]
    assert all(raw["shown"] in entry.target["name"] and caller.token not in str(entry.to_mongo()) for entry in entries)
    assert AuditEntry.objects.get(what=What.SETTING_CHANGED).details["api_key"] == "Web shop"


# How many calls


@pytest.fixture
def two_a_minute(app: Flask) -> Any:
    app.extensions["appbuilder"].sm.limiter.enabled = True
    app.extensions["appbuilder"].sm.limiter.reset()
    app.config["API_PER_MINUTE"] = 2
    yield
    app.config["API_PER_MINUTE"] = 1200


@pytest.mark.usefixtures("two_a_minute")
def test_calls_are_counted_by_caller_over_all_resources(
    key_for: Callable[..., tuple[Any, Caller]], rest: Caller, reader: User, admin: User, admin_access: Access
) -> None:
    create_record(admin_access, "company", {"name": "Voima"})
    by_key = key_for(reader, "Reader")[1]
    for caller in (rest, by_key):
        caller.call("GET", "company/")
        caller.call("GET", "person/")
        refused = caller.raw("GET", "company/", "")
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert refused.mimetype == "application/problem+json"
    # Made-up keys count for the address together.
    statuses = []
    for number in range(3):
        rest.token = f"kortisto_{number}"
        statuses.append(rest.raw("GET", "company/", "").status_code)
    assert statuses == [401, 401, 429]


@pytest.mark.usefixtures("two_a_minute")
def test_no_limit_is_no_limit(app: Flask, rest: Caller) -> None:
    app.config["API_PER_MINUTE"] = 0
    for _ in range(4):
        rest.call("GET", "company/")
