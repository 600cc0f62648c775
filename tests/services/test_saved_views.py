"""Saved views: who sees them, who may change them, what is kept, pins and defaults."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId

from models.changes import Change
from models.fields.errors import ConditionError, ValidationFailed
from models.rights import Access, NotAllowed
from models.saved_views import SavedView
from models.security import User
from services.records import RecordNotFound
from services.saved_views import (
    MOST_PINS,
    Query,
    audiences,
    delete_view,
    get_view,
    list_views,
    open_with,
    pin_view,
    pinned_views,
    save_view,
)

OULU = Query([{"col": "city", "opr": "eq", "value": "Oulu"}], "city", "desc", ["name", "city"])


@pytest.fixture
def people(make_role: Callable[..., Any], make_user: Callable[..., User],
           access_of: Callable[[User], Access]) -> dict[str, Access]:  # fmt: skip
    make_role("Sales", ("company", "see", "all"))
    make_role("Service", ("company", "see", "all"), ("person", "see", "all"))
    roles = {"sally": "Sales", "sam": "Sales", "vera": "Service", "boss": "Admin"}
    return {name: access_of(make_user(name, role)) for name, role in roles.items()}


def names(access: Access, register: str = "company") -> list[str]:
    return [view["name"] for view in list_views(access, register)]


def role_of(access: Access) -> str:
    return str(next(iter(access.role_ids)))


def test_view_is_kept_as_it_was_saved(people: dict[str, Access]) -> None:
    view = save_view(people["sally"], "company", "  Oulu  firms ", "me", OULU)
    assert view["name"] == "Oulu firms"
    assert OULU.is_that_of(view)
    assert not Query(OULU.conditions, "city", "asc", OULU.columns).is_that_of(view)
    assert not Query((), "city", "desc", OULU.columns).is_that_of(view)
    assert [entry.action for entry in Change.objects(record=view["_id"])] == ["create"]


def test_who_sees_a_view(people: dict[str, Access]) -> None:
    sally, sam, vera, boss = (people[name] for name in ("sally", "sam", "vera", "boss"))
    save_view(sally, "company", "Own", "me", OULU)
    save_view(sally, "company", "Sales", role_of(sally), OULU)
    save_view(boss, "company", "All", "all", OULU)
    save_view(vera, "person", "People", "me", Query())
    assert names(sally) == ["All", "Own", "Sales"]
    assert names(sam) == ["All", "Sales"]
    assert names(vera) == ["All"]
    assert names(boss) == ["All"]
    assert names(vera, "person") == ["People"]
    assert list_views(sally, "person") == []
    assert list_views(Access(), "company") == []


def test_sharing_is_for_ones_own_roles_and_for_all_with_the_right(people: dict[str, Access]) -> None:
    sally, vera, boss = people["sally"], people["vera"], people["boss"]
    assert [value for value, _label in audiences(sally)] == ["me", role_of(sally)]
    assert audiences(boss)[-1][0] == "all"
    for audience in ("all", role_of(vera), "", "nobody", "$ne"):
        with pytest.raises(NotAllowed):
            save_view(sally, "company", "X", audience, OULU)
    assert SavedView.objects.count() == 0


def test_only_owner_and_administrators_change_and_delete(people: dict[str, Access]) -> None:
    sally, sam, boss = people["sally"], people["sam"], people["boss"]
    view = save_view(sally, "company", "Sales", role_of(sally), OULU)
    with pytest.raises(NotAllowed):
        save_view(sam, "company", "Mine", "me", OULU, replaces=view["_id"])
    with pytest.raises(NotAllowed):
        delete_view(sam, view["_id"])
    changed = save_view(sally, "company", "Renamed", "me", Query(), replaces=str(view["_id"]))
    assert (changed["_id"], changed["name"], changed["version"], changed["conditions"]) == (
        view["_id"], "Renamed", 2, [])  # fmt: skip
    with pytest.raises(RecordNotFound):
        get_view(sam, view["_id"])
    with pytest.raises(RecordNotFound):
        save_view(boss, "company", "x", "me", OULU, replaces=ObjectId())
    delete_view(sally, view["_id"])
    assert SavedView.objects.count() == 0
    assert [entry.action for entry in Change.objects(record=view["_id"]).order_by("version")] == [
        "create", "update", "delete"]  # fmt: skip


def test_owner_keeps_an_audience_that_is_no_longer_offered(people: dict[str, Access]) -> None:
    view = save_view(people["boss"], "company", "All", "all", OULU)
    SavedView._get_collection().update_one({"_id": view["_id"]}, {"$set": {"owner": people["sally"].user_id}})
    assert save_view(people["sally"], "company", "Still", "all", OULU, replaces=view["_id"])["audience"] == "all"


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "\x00"])
def test_name_must_be_there(people: dict[str, Access], name: str) -> None:
    with pytest.raises(ValidationFailed):
        save_view(people["sally"], "company", name, "me", OULU)


@pytest.mark.parametrize("condition", [
    {"col": "nope", "opr": "eq", "value": "1"}, {"col": "city", "opr": "$where", "value": "1"},
    {"col": "created_at", "opr": "ge", "value": "abc"},
])  # fmt: skip
def test_conditions_must_make_sense(people: dict[str, Access], condition: dict[str, Any]) -> None:
    with pytest.raises(ConditionError):
        save_view(people["sally"], "company", "X", "me", Query([condition]))
    with pytest.raises(ConditionError):
        save_view(people["sally"], "company", "X", "me", Query([OULU.conditions[0]] * 5_000))


def test_order_and_columns_that_are_not_there_are_left_out(people: dict[str, Access]) -> None:
    view = save_view(people["sally"], "company", "X", "me", Query((), "$where", "desc", ["nope", "city", "city"]))
    assert (view["order"], view["direction"], view["columns"]) == ("", "", ["city"])


def test_pins_and_defaults_follow_what_the_user_may_see(people: dict[str, Access]) -> None:
    sally, sam = people["sally"], people["sam"]
    first = save_view(sally, "company", "A", role_of(sally), OULU)
    second = save_view(sally, "company", "B", role_of(sally), OULU)
    for view in (second, first, second):
        pin_view(sam, view["_id"], pinned=True)
    open_with(sam, first["_id"], default=True)

    def user() -> User:
        return User.objects.get(pk=sam.user_id)

    assert [view["name"] for view in pinned_views(sam, user().pinned_views)] == ["B", "A"]
    pin_view(sam, second["_id"], pinned=False)
    save_view(sally, "company", "A", "me", OULU, replaces=first["_id"])
    assert pinned_views(sam, user().pinned_views) == []
    assert user().default_views == {"company": first["_id"]}
    delete_view(sally, first["_id"])
    assert (user().pinned_views, user().default_views) == ([], {})
    with pytest.raises(RecordNotFound):
        pin_view(sam, ObjectId(), pinned=True)


def test_so_many_pins_and_no_more(people: dict[str, Access]) -> None:
    sally = people["sally"]
    User._get_collection().update_one({"_id": sally.user_id},
                                      {"$set": {"pinned_views": [ObjectId() for _ in range(MOST_PINS)]}})  # fmt: skip
    view = save_view(sally, "company", "A", "me", OULU)
    with pytest.raises(ValidationFailed):
        pin_view(sally, view["_id"], pinned=True)
