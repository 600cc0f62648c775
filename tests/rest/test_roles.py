"""Every register times the roles of the matrix over REST: each action on own records, a led team's and all others'."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.fields.definitions import FieldDefinition
from models.registers import all_registers
from models.rights import Access
from models.security import Team, User
from services.records import create_record
from tests.rest.conftest import Caller
from tests.test_rights_matrix import ALL, LED, OTHERS, OWN, ROLES, Role, user_of, values_of

__all__ = ["user_of"]

Records = dict[str, dict[str, ObjectId]]


@pytest.fixture
def records(admin_access: Access, make_user: Any) -> Callable[[User], Records]:
    """Whose -> register -> a record of it."""

    def make(user: User) -> Records:
        somebody, others = str(make_user("somebody").pk), str(Team(name="Others").save().pk)
        whose = {OWN: {"owner": str(user.pk)}, LED: {"owner": somebody, "team": str(user.team.pk)},
                 OTHERS: {"owner": somebody, "team": others}}  # fmt: skip
        found: Records = {}
        for key, values in whose.items():
            found[key] = {}
            for card in all_registers():
                one = create_record(admin_access, card.key, values_of(card.key, found[key]) | values)
                found[key][card.key] = one["_id"]
        return found

    return make


def expected(role: Role, allowed: tuple[str, ...], whose: str) -> int:
    """What asking for an action on a record is answered with. What one does not see is not there, but that nothing at
    all is granted of an action comes before."""
    if whose in allowed:
        return 200
    return 404 if allowed and whose not in role.sees else 403


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_action_on_each_register_reaches_as_far_as_the_role_says(
    app: Flask, user_of: Callable[[Role], User], records: Callable[[User], Records],
    caller_of: Callable[[User], Caller], role: Role,
) -> None:  # fmt: skip
    user = user_of(role)
    found, caller = records(user), caller_of(user)
    registers = [card.key for card in all_registers()]
    # A mailing keeps its segment from being deleted: what points at others goes before them.
    for register in reversed(registers):
        listed = caller.page(register, 200 if role.sees else 403).get("ids")
        assert listed is None or set(listed) == {str(found[whose][register]) for whose in role.sees}, register
        for whose in ALL:
            path = f"{register}/{found[whose][register]}"
            caller.call("GET", path, expected(role, role.sees, whose))
            caller.call("PUT", path, expected(role, role.changes, whose), json={"name": "Changed"})
            caller.call("DELETE", path, expected(role, role.changes, whose))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_settings_and_sending_are_for_those_to_whom_they_are_granted(
    app: Flask, user_of: Callable[[Role], User], records: Callable[[User], Records],
    caller_of: Callable[[User], Caller], role: Role,
) -> None:  # fmt: skip
    user = user_of(role)
    found, caller = records(user), caller_of(user)
    field = {"register": "company", "key": "shoe", "kind": "text", "label": "Shoe"}
    caller.call("POST", "field_definition/", 201 if role.administers else 403, json=field)
    assert FieldDefinition.objects.count() == role.administers
    for whose in ALL:
        status = expected(role, role.changes, whose)
        # There is no server to send by: who may send is told that.
        caller.call("POST", f"mailing/{found[whose]['mailing']}/start", 409 if status == 200 else status)


def test_strangers_are_asked_who_they_are(app: Flask, make_user: Any, records: Callable[[User], Records]) -> None:
    found = records(make_user("user", team=Team(name="Ours").save()))
    client = app.test_client()
    for register, key in found[OWN].items():
        for method in ("GET", "PUT", "DELETE"):
            assert client.open(f"/api/v1/{register}/{key}", method=method, json={"name": "x"}).status_code == 401
        assert client.get(f"/api/v1/{register}/").status_code == 401
