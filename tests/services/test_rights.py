"""What roles grant beside records' own actions: a register's settings, leading teams; and roles of older versions."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask

from models.audit import AuditEntry
from models.fields.definitions import FieldDefinition
from models.fields.errors import ValidationFailed
from models.organisation import THE_ONE, Organisation
from models.rights import Access, NotAllowed
from models.security import FieldRight, Role, Team, User
from services.choice_lists import change_choices, get_choices
from services.field_order import move_field
from services.field_use import count_filled
from services.layouts import place_block
from services.pipelines import change_pipeline, list_pipelines
from services.rates import choose_currency
from services.records import RecordNotFound, create_record, get_record, update_record
from services.relationship_kinds import add_kind
from services.roles import create_role
from services.search import find_page
from services.settings import change_field, define_field, retire_field
from services.teams import uses_of_team
from services.upgrades import bring_up_to_date
from services.users import change_user
from tests.factories import CompanyFactory

Raw = dict[str, Any]
Grants = tuple[tuple[str, str, str], ...]


@pytest.fixture
def with_grants(make_role: Callable[..., Role], make_user: Callable[..., User],
                access_of: Callable[[User], Access]) -> Callable[..., Access]:  # fmt: skip
    """The rights of somebody with these grants; `user` are values of the user."""

    def make(*grants: tuple[str, str, str], field_rights: Any = (), **user: Any) -> Access:
        name = f"u{ObjectId()}"
        return access_of(make_user(name, make_role(name, *grants, field_rights=field_rights), **user))

    return make


def field_of(register: str, key: str = "shoe") -> Raw:
    return {"register": register, "key": key, "kind": "text", "label": {"en": "Shoe"}}


# A register's settings


def test_settings_of_one_register_are_its_fields_choices_pages_and_order_and_nothing_else(
    admin_access: Access, with_grants: Callable[..., Access]
) -> None:
    access = with_grants(("company", "settings", "all"))
    other = define_field(admin_access, field_of("person"))
    made = define_field(access, field_of("company"))
    change_field(access, made["_id"], {"label": {"en": "Boot"}})
    move_field(access, made["_id"], "up")
    change_choices(access, "company", "status", get_choices("company", "status")["choices"])
    place_block(access, "company", None, "timeline", "right", "")
    CompanyFactory(name="Unseen")
    records, _filled = count_filled(access, "company") or (None, {})
    assert records == 0
    retire_field(access, made["_id"])
    refused: tuple[Callable[[], Any], ...] = (
        lambda: define_field(access, field_of("person", "other")),
        lambda: change_field(access, other["_id"], {"label": {"en": "Boot"}}),
        lambda: retire_field(access, other["_id"]),
        lambda: move_field(access, other["_id"], "up"),
        lambda: change_choices(access, "person", "status", []),
        lambda: place_block(access, "person", None, "timeline", "right", ""),
        lambda: count_filled(access, "person"),
        lambda: change_pipeline(access, list_pipelines()[0]["key"], {"label": {"en": "Mine"}}),
        lambda: choose_currency(access, "USD"),
        lambda: add_kind(access, "person", "company", {"en": "Owns"}, {"en": "Is owned by"}),
    )
    for attempt in refused:
        with pytest.raises(NotAllowed):
            attempt()
    assert FieldDefinition.objects(register="person").count() == 1


def test_all_settings_are_those_of_each_register_too(with_grants: Callable[..., Access]) -> None:
    access = with_grants(("settings", "change", "all"))
    define_field(access, field_of("person"))
    change_pipeline(access, list_pipelines()[0]["key"], {"label": {"en": "Mine"}})
    assert not access.may("person", "see")
    every = with_grants(("*", "settings", "all"))
    define_field(every, field_of("company"))
    assert not every.may("settings", "change")


def test_role_of_settings_alone_shows_no_field_that_another_role_hides(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    hides = make_role("Reads", ("company", "see", "all"),
                      field_rights=[FieldRight(register="company", column="www", access="hidden")])  # fmt: skip
    access = access_of(make_user("keeper", hides, make_role("Keeper", ("company", "settings", "all"))))
    assert access.hides("company", "www")


@pytest.mark.parametrize("grant", [
    ("company", "settings", "own"), ("settings", "settings", "all"), ("settings", "send", "all"),
    ("company", "send", "some"), ("nothing", "send", "all"), ("company", "settle", "all"),
])  # fmt: skip
def test_there_is_no_such_right(admin_access: Access, grant: tuple[str, str, str]) -> None:
    given = dict(zip(("register", "action", "scope"), grant, strict=True))
    with pytest.raises(ValidationFailed, match="no such right"):
        create_role(admin_access, {"name": "Odd", "grants": [given]})


# Leading teams


@pytest.fixture
def teams(app: Flask) -> list[Team]:
    return [Team(name=name).save() for name in ("North", "South", "West")]


def test_leader_has_the_records_of_the_led_teams_as_own_ones(
    admin_access: Access, with_grants: Callable[..., Access], teams: list[Team]
) -> None:
    north, south, west = teams
    access = with_grants(("company", "see", "own"), ("company", "change", "own"), ("company", "delete", "all"),
                         ("person", "see", "own"), team=west, leads=[north, south])  # fmt: skip
    found = {team.name: CompanyFactory(name=team.name, team=str(team.pk)) for team in teams}
    own = CompanyFactory(name="Own", owner=str(access.user_id))
    assert [row["name"] for row in find_page(access, "company").rows] == ["North", "Own", "South"]
    update_record(access, "company", found["North"]["_id"], {"city": "Oulu"})
    assert get_record(access, "company", own["_id"], "change")
    # One's own team is not the led ones': its records take a grant of the team's.
    with pytest.raises(RecordNotFound):
        get_record(access, "company", found["West"]["_id"])
    # What is not granted on own records is not granted on the teams'.
    person = create_record(admin_access, "person", {"name": "Anna", "team": str(north.pk)})
    with pytest.raises(NotAllowed):
        update_record(access, "person", person["_id"], {"phone": "040 123 4567"})


def test_leader_does_not_see_what_members_keep_private(
    admin_access: Access, with_grants: Callable[..., Access], teams: list[Team]
) -> None:
    access = with_grants(("activity", "see", "own"), leads=teams[:1])
    values = {"kind": "task", "due_on": "2026-12-01", "team": str(teams[0].pk), "owner": str(ObjectId())}
    for name, private in (("Open", False), ("Secret", True)):
        create_record(admin_access, "activity", {**values, "owner": "", "name": name, "private": private})
    assert [row["name"] for row in find_page(access, "activity").rows] == ["Open"]


def test_administrators_alone_name_leaders_and_the_audit_tells_of_it(
    admin: User, admin_access: Access, make_user: Callable[..., User], access_of: Callable[[User], Access],
    with_grants: Callable[..., Access], teams: list[Team],
) -> None:  # fmt: skip
    seller, keeper = make_user("seller"), with_grants(("settings", "change", "all"), ("company", "see", "own"))
    with pytest.raises(NotAllowed):
        change_user(keeper, keeper.user_id, {"leads": [str(teams[0].pk)]})
    with pytest.raises(ValidationFailed):
        change_user(admin_access, seller.pk, {"leads": [str(ObjectId())]})
    change_user(admin_access, seller.pk, {"leads": [str(team.pk) for team in teams[:2]]})
    assert access_of(User.objects.get(pk=seller.pk)).leads == {team.pk for team in teams[:2]}
    assert [team.leaders() for team in teams] == ["Seller Tester", "Seller Tester", ""]
    entry = AuditEntry.objects(what="user_changed").order_by("-_id").first()
    assert "leads" in str(entry.details)
    # A team that somebody leads is in use.
    assert uses_of_team(teams[0]) == {"user": 1}
    change_user(admin_access, seller.pk, {"active": False})
    assert uses_of_team(teams[0]) == {}


# Roles of older versions


def test_roles_that_made_letters_send_after_the_upgrade_and_nobody_gets_more(app: Flask, make_role: Any) -> None:
    make_role("Letters", ("company", "see", "all"), ("company", "merge", "team"), ("mailing", "change", "own"))
    make_role("All", ("*", "merge", "own"), ("*", "change", "all"), ("person", "send", "all"))
    make_role("None", ("*", "see", "all"), ("*", "change", "all"))
    Organisation._get_collection().update_one({"_id": THE_ONE}, {"$unset": {"sending_begun": 1},
        "$set": {"inviting_begun": True}}, upsert=True)  # fmt: skip

    def sending(name: str) -> dict[str, str]:
        return {grant.register: grant.scope for grant in Role.objects.get(name=name).grants if grant.action == "send"}

    bring_up_to_date()
    assert sending("Letters") == {"company": "team", "mailing": "own"}
    assert sending("All") == {"*": "own", "mailing": "all", "person": "all"}
    assert sending("None") == {}
    assert AuditEntry.objects(what="role_changed").count() == 2
    # What is taken from a role afterwards stays taken.
    Role.objects(name="Letters").update(pull__grants__action="send")
    bring_up_to_date()
    assert sending("Letters") == {}


def test_roles_that_invited_send_to_activities_after_the_upgrade(app: Flask, make_role: Any) -> None:
    make_role("Own", ("activity", "see", "all"), ("activity", "change", "own"))
    make_role("Wider", ("*", "change", "all"), ("activity", "send", "team"), ("company", "send", "all"))
    make_role("Enough", ("*", "send", "all"), ("activity", "change", "team"))
    make_role("None", ("*", "see", "all"), ("company", "change", "all"))
    Organisation._get_collection().update_one({"_id": THE_ONE}, {"$unset": {"inviting_begun": 1}}, upsert=True)

    def sending(name: str) -> dict[str, str]:
        return {grant.register: grant.scope for grant in Role.objects.get(name=name).grants if grant.action == "send"}

    bring_up_to_date()
    assert sending("Own") == {"activity": "own"}
    assert sending("Wider") == {"activity": "all", "company": "all"}
    assert sending("Enough") == {"*": "all"}
    assert sending("None") == {}
    # What is taken from a role afterwards stays taken.
    Role.objects(name="Own").update(pull__grants__action="send")
    bring_up_to_date()
    assert sending("Own") == {}
