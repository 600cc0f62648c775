"""Writing records: rights, versions, change entries, all in one transaction."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from flask import Flask
from flask_babel import force_locale

from models.changes import Change, DeletedRecord, Source
from models.companies import Company
from models.fields.errors import ConditionError, ValidationFailed
from models.rights import Access, NotAllowed, system_access
from models.security import FieldRight, Role, Team, User
from services import records
from services.records import (
    BulkFailed,
    Origin,
    RecordNotFound,
    VersionConflict,
    create_record,
    create_records,
    delete_record,
    get_record,
    update_record,
)
from services.search import Selection, count_selected, find_page, iterate_selected
from services.security import access_for
from services.settings import change_field, define_field, restore_field, retire_field


@pytest.fixture
def sector(admin_access: Access) -> dict[str, Any]:
    return define_field(admin_access, {
        "register": "company", "section": "classification", "key": "sector", "kind": "choice",
        "label": {"en": "Sector", "fi": "Toimiala"}, "choices": [{"key": "utilities", "label": {"en": "Utilities"}},
                                                               {"key": "energy", "label": {"en": "Energy"}}],
    })  # fmt: skip


@pytest.fixture
def sellers(make_role: Callable[..., Role], make_user: Callable[..., User]) -> dict[str, User]:
    """Two sellers of a team who see the team's records and change their own, and one of another team."""
    role = make_role("Seller", ("company", "see", "team"), ("company", "add", "own"), ("company", "change", "own"))
    north, south = Team(name="North").save(), Team(name="South").save()
    return {name: make_user(name, role, team=team) for name, team in (("a", north), ("b", north), ("c", south))}


def test_create_writes_record_and_change_entry(admin_access: Access, sector: dict[str, Any]) -> None:
    raw = create_record(admin_access, "company", {"name": "Voima Oy", "x_sector": "Utilities"})
    stored = Company._get_collection().find_one({"_id": raw["_id"]})
    assert stored["custom"] == {"sector": "utilities"}
    assert stored["facets"] == ["x_sector=utilities"]
    entry = Change.objects.get(record=raw["_id"])
    assert entry.changes == {"name": [None, "Voima Oy"], "x_sector": [None, "utilities"]}
    assert (entry.action, entry.version, entry.source) == ("create", 1, "screen")


def test_update_writes_what_changed_and_nothing_else(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Voima Oy", "city": "Espoo"})
    saved = update_record(admin_access, "company", raw["_id"], {"city": "Turku"}, version=1,
                          origin=Origin(Source.REST, "b1"))  # fmt: skip
    assert saved["version"] == 2
    entry = Change.objects.get(record=raw["_id"], version=2)
    assert entry.changes == {"city": ["Espoo", "Turku"]}
    assert (entry.source, entry.batch) == ("rest", "b1")


def test_update_that_changes_nothing_writes_nothing(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Voima Oy"})
    assert update_record(admin_access, "company", raw["_id"], {"name": "Voima Oy"}, version=1)["version"] == 1
    assert Change.objects.count() == 1


def test_update_of_an_older_version_is_a_conflict(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Voima Oy"})
    update_record(admin_access, "company", raw["_id"], {"name": "Voima Ab"}, version=1)
    with pytest.raises(VersionConflict) as caught:
        update_record(admin_access, "company", raw["_id"], {"name": "Voima Ltd"}, version=1)
    assert caught.value.current["name"] == "Voima Ab"


def test_write_that_fails_in_between_leaves_nothing(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: Any) -> dict[str, Any]:
        raise RuntimeError("the power went")

    monkeypatch.setattr(records, "entry", fail)
    with pytest.raises(RuntimeError):
        create_record(admin_access, "company", {"name": "Voima Oy"})
    assert Company.objects.count() == 0


def test_create_says_everything_that_is_wrong_at_once(admin_access: Access, sector: dict[str, Any]) -> None:
    values = {"name": " ", "phone": "abc", "x_sector": "Farming", "x_nope": 1, "created_at": "2024-01-01"}
    with pytest.raises(ValidationFailed) as caught:
        create_record(admin_access, "company", values)
    assert set(caught.value.errors) == {"name", "phone", "x_sector", "x_nope", "created_at"}
    assert caught.value.keepable == ("phone",)


def test_create_records_with_one_bad_row_writes_none(admin_access: Access) -> None:
    with pytest.raises(BulkFailed) as caught:
        create_records(admin_access, "company", [{"name": "A"}, {"name": ""}, {"name": "C", "email": "x"}])
    assert set(caught.value.errors) == {1, 2}
    assert Company.objects.count() == 0


def test_person_is_named_by_first_and_last_name(admin_access: Access) -> None:
    raw = create_record(admin_access, "person", {"first_name": "Matti", "last_name": "Malli"})
    assert raw["name"] == "Matti Malli"
    assert create_record(admin_access, "person", {"name": "Pelle"})["name"] == "Pelle"
    with pytest.raises(ValidationFailed):
        create_record(admin_access, "person", {"phone": "040 1234567"})


def test_delete_moves_the_record_to_the_recycle_bin(admin_access: Access) -> None:
    raw = create_record(admin_access, "company", {"name": "Voima Oy"})
    delete_record(admin_access, "company", raw["_id"])
    assert Company.objects.count() == 0
    kept = DeletedRecord.objects.get(id=raw["_id"])
    assert (kept.name, kept.document["name"]) == ("Voima Oy", "Voima Oy")
    assert Change.objects.get(record=raw["_id"], action="delete").changes == {"name": ["Voima Oy", None]}


@pytest.mark.parametrize("bad", ["", "abc", None, {"$ne": 1}, "0123456789abcdef01234567", 5, "\x00"])
def test_get_of_an_id_that_is_none_is_not_found(admin_access: Access, bad: Any) -> None:
    with pytest.raises(RecordNotFound):
        get_record(admin_access, "company", bad)


# Rights


def test_seller_sees_the_teams_records_and_changes_own(
    sellers: dict[str, User], access_of: Callable[[User], Access]
) -> None:
    a, b, c = (access_of(sellers[name]) for name in "abc")
    raw = create_record(a, "company", {"name": "A's"})
    assert [row["name"] for row in find_page(b, "company").rows] == ["A's"]
    assert find_page(c, "company").rows == []
    with pytest.raises(NotAllowed):
        update_record(b, "company", raw["_id"], {"name": "B's"})
    with pytest.raises(RecordNotFound):
        update_record(c, "company", raw["_id"], {"name": "C's"})
    with pytest.raises(NotAllowed):
        delete_record(a, "company", raw["_id"])
    with pytest.raises(ValidationFailed) as caught:
        update_record(a, "company", raw["_id"], {"owner": str(sellers["c"].pk)})
    assert set(caught.value.errors) == {"owner"}


def test_selection_never_reaches_beyond_rights(sellers: dict[str, User], access_of: Callable[[User], Access]) -> None:
    a, c = access_of(sellers["a"]), access_of(sellers["c"])
    raw = create_record(a, "company", {"name": "A's"})
    everything, one = Selection(all_matching=True), Selection(ids=(str(raw["_id"]),))
    for selection in (everything, one):
        assert count_selected(a, "company", selection, "see") == 1
        assert count_selected(a, "company", selection, "merge") == 0
        assert list(iterate_selected(c, "company", selection, "see")) == []
    with pytest.raises(ConditionError):
        count_selected(a, "company", Selection(ids=("$where",)), "see")


def test_hidden_field_can_be_neither_read_written_nor_asked_for(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access],
    admin_access: Access, sector: dict[str, Any],
) -> None:  # fmt: skip
    rights = [FieldRight(register="company", column="x_sector", access="hidden"),
              FieldRight(register="company", column="phone", access="read_only")]  # fmt: skip
    role = make_role("Limited", ("*", "see", "all"), ("*", "change", "all"), field_rights=rights)
    limited = access_of(make_user("limited", role))
    raw = create_record(admin_access, "company", {"name": "Voima", "x_sector": "energy", "phone": "040 1234567"})
    with pytest.raises(ConditionError):
        find_page(limited, "company", [{"col": "x_sector", "opr": "eq", "value": "energy"}])
    for value in ({"x_sector": "utilities"}, {"phone": "050 1234567"}):
        with pytest.raises(ValidationFailed):
            update_record(limited, "company", raw["_id"], value)
    assert update_record(limited, "company", raw["_id"], {"name": "Voima Ab"})["custom"] == {"sector": "energy"}


def test_field_hidden_by_one_role_is_seen_by_another(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    hides = make_role("Hides", ("company", "see", "own"),
                      field_rights=[FieldRight(register="company", column="phone", access="hidden")])  # fmt: skip
    shows = make_role("Shows", ("company", "see", "all"))
    assert access_of(make_user("one", hides)).hides("company", "phone")
    both = access_of(make_user("two", hides, shows))
    assert not both.hides("company", "phone")
    assert both.scope("company", "see") == "all"


def test_everything_granted_does_not_grant_settings(
    make_role: Callable[..., Role], make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    access = access_of(make_user("staff", make_role("All", ("*", "change", "all"))))
    with pytest.raises(NotAllowed):
        define_field(access, {"register": "company", "kind": "text", "label": "X"})


# Definitions


@pytest.mark.parametrize(("data", "column"), [
    ({"key": "name"}, "key"), ({"key": "id"}, "key"), ({"key": "sector"}, "key"), ({"key": "A b"}, "key"),
    ({"key": "$where"}, "key"), ({"key": "a.b"}, "key"), ({"key": {"$ne": 1}}, "key"), ({"kind": "nope"}, "kind"),
    ({"kind": "links"}, "kind"), ({"kind": ["text"]}, "kind"), ({"label": {}}, "label"), ({"label": 5}, "label"),
    ({"label": {"xx": "a"}}, "label"), ({"register": "planet"}, "register"), ({"register": None}, "register"),
    ({"section": "top"}, "section"), ({"kind": "choice"}, "choices"), ({"kind": "text", "choices": ["a"]}, "choices"),
    ({"kind": "choice", "choices": [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]}, "choices"),
    ({"kind": "choice", "choices": [5]}, "choices"), ({"kind": "number", "default": "abc"}, "default"),
    ({"kind": "link", "target": "planet"}, "target"), ({"order": "first"}, "order"), ({"required": "yes"}, "required"),
    ({"help": 5}, "help"), ({"surprise": 1}, "surprise"), ({"kind": "money", "currency": "euro"}, "currency"),
])  # fmt: skip
def test_define_field_with_wrong_data_says_where(
    admin_access: Access, sector: dict[str, Any], data: dict[str, Any], column: str
) -> None:
    with pytest.raises(ValidationFailed) as caught:
        define_field(admin_access, {"register": "company", "key": "fresh", "kind": "text", "label": {"en": "F"}} | data)
    assert column in caught.value.errors
    assert all(str(message) for messages in caught.value.errors.values() for message in messages)


def test_retired_field_hides_its_values_until_restored(admin_access: Access, sector: dict[str, Any]) -> None:
    raw = create_record(admin_access, "company", {"name": "Voima Oy", "x_sector": "energy"})
    retire_field(admin_access, sector["_id"])
    with pytest.raises(ConditionError):
        find_page(admin_access, "company", [{"col": "x_sector", "opr": "eq", "value": "energy"}])
    update_record(admin_access, "company", raw["_id"], {"city": "Espoo"})
    restore_field(admin_access, sector["_id"])
    found = find_page(admin_access, "company", [{"col": "x_sector", "opr": "eq", "value": "energy"}])
    assert [row["custom"]["sector"] for row in found.rows] == ["energy"]


def test_choice_left_out_is_retired_and_still_shown(admin_access: Access, sector: dict[str, Any]) -> None:
    changed = change_field(admin_access, sector["_id"], {"choices": [{"key": "energy", "label": {"en": "Power"}}]})
    assert [(c["key"], c.get("retired", False)) for c in changed["choices"]] == [("energy", False), ("utilities", True)]


@pytest.fixture
def tags(admin_access: Access) -> dict[str, Any]:
    """A field of several choices, two of three retired after a record took one."""
    labels = {"gold": ("Gold", "Kulta"), "silver": ("Silver", "Hopea"), "tin": ("Tin", "Tina")}
    choices = [{"key": key, "label": {"en": en, "fi": fi}} for key, (en, fi) in labels.items()]
    made = define_field(admin_access, {"register": "company", "key": "tags", "kind": "choices", "label": "Tags",
                                       "choices": choices})  # fmt: skip
    create_record(admin_access, "company", {"name": "Acme", "x_tags": ["gold", "silver"]})
    return change_field(admin_access, made["_id"], {"choices": choices[:1]})


@pytest.mark.parametrize("value", [["tin"], "Tin", "tina", ["gold", "TIN"]])
def test_retired_choice_is_refused_for_a_new_value(
    admin_access: Access, tags: dict[str, Any], value: Any
) -> None:
    acme = find_page(admin_access, "company").rows[0]
    with pytest.raises(ValidationFailed) as refused:
        create_record(admin_access, "company", {"name": "B", "x_tags": value})
    with pytest.raises(ValidationFailed):
        update_record(admin_access, "company", acme["_id"], {"x_tags": value})
    (message,) = refused.value.messages()["x_tags"]
    assert "retired" in message
    assert message.endswith("Choose one of: Gold.")
    with force_locale("fi"):
        (message,) = refused.value.messages()["x_tags"]
        assert message.endswith("Valitse jokin näistä: Kulta.")


@pytest.mark.parametrize("value", [["gold", "silver"], ["silver", "gold"], ["silver"], "Gold, Silver", ["hopea"]])
def test_retired_choice_stays_where_it_stands(admin_access: Access, tags: dict[str, Any], value: Any) -> None:
    acme = find_page(admin_access, "company").rows[0]
    saved = update_record(admin_access, "company", acme["_id"], {"x_tags": value, "city": "Oulu"})
    assert "silver" in saved["custom"]["tags"]
    for code, asked in (("eq", "silver"), ("in", ["silver", "tin"]), ("all", "Hopea")):
        found = find_page(admin_access, "company", [{"col": "x_tags", "opr": code, "value": asked}])
        assert [raw["_id"] for raw in found.rows] == [acme["_id"]]
    gone = update_record(admin_access, "company", acme["_id"], {"x_tags": ["gold"]})
    with pytest.raises(ValidationFailed):
        update_record(admin_access, "company", gone["_id"], {"x_tags": ["gold", "silver"]})


def test_text_that_fits_a_retired_and_an_offered_choice_means_the_offered_one(
    admin_access: Access, sector: dict[str, Any]
) -> None:
    changed = [{"key": "grid", "label": {"en": "Utilities"}}, {"key": "energy", "label": {"en": "Energy"}}]
    change_field(admin_access, sector["_id"], {"choices": changed})
    made = create_record(admin_access, "company", {"name": "A", "x_sector": "UTILITIES"})
    assert made["custom"]["sector"] == "grid"


def test_choice_that_is_the_default_is_not_retired(admin_access: Access, sector: dict[str, Any]) -> None:
    change_field(admin_access, sector["_id"], {"default": "utilities"})
    left = [{"key": "energy", "label": {"en": "Energy"}}]
    with pytest.raises(ValidationFailed) as refused:
        change_field(admin_access, sector["_id"], {"choices": left})
    assert list(refused.value.errors) == ["default"]
    change_field(admin_access, sector["_id"], {"choices": left, "default": None})
    assert create_record(admin_access, "company", {"name": "A"})["custom"] == {}


@pytest.mark.parametrize("change", [{"kind": "text"}, {"key": "other"}, {"register": "person"}])
def test_change_of_what_never_changes_is_refused(
    admin_access: Access, sector: dict[str, Any], change: dict[str, Any]
) -> None:
    with pytest.raises(ValidationFailed):
        change_field(admin_access, sector["_id"], change)


def test_link_to_a_record_that_is_not_there_is_refused(admin_access: Access, app: Flask) -> None:
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "label": "Parent"})
    with pytest.raises(ValidationFailed):
        create_record(admin_access, "company", {"name": "A", "x_parent": str(ObjectId())})
    parent = create_record(admin_access, "company", {"name": "P"})
    child = create_record(admin_access, "company", {"name": "A", "x_parent": str(parent["_id"])})
    assert child["custom"]["parent"] == parent["_id"]


def test_create_with_a_locked_field_that_has_a_default_is_saved(make_role: Any, make_user: Any) -> None:
    define_field(system_access(), {"register": "company", "key": "grade", "label": "Grade", "kind": "text",
                                   "default": "B"})  # fmt: skip
    locked = FieldRight(register="company", column="x_grade", access="read_only")
    role = make_role("Adder", ("company", "see", "all"), ("company", "add", "all"), field_rights=[locked])
    assert create_record(access_for(make_user("ada", role)), "company", {"name": "A"})["name"] == "A"
