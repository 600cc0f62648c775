"""Choices of fixed fields: renamed, recoloured, reordered, retired and added to, at once in everything there is."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask_babel import force_locale

from models.changes import Change
from models.fields.choice_lists import ChoiceList
from models.fields.errors import ValidationFailed
from models.fields.field import Choice, Field
from models.fields.kinds import KINDS
from models.fields.schema import schema_of
from models.registers import UnknownRegister
from models.rights import Access, NotAllowed
from models.security import User
from services.bulk_edit import Edit, edit_selected
from services.choice_lists import change_choices, clean_for, get_choices, spelled_out
from services.groups import group_counts
from services.imports import import_now, read_mapping
from services.records import RecordNotFound, VersionConflict, create_record, get_record, update_record
from services.search import Selection, find_page
from tests.services.merging import keep, letters, make

OWN = ["prospect", "customer", "former", "other"]


def status() -> Field:
    return schema_of("company").field("status")


def keys() -> list[str]:
    return [choice.key for choice in status().offered]


def changed(access: Access, **changes: Any) -> list[dict[str, Any]]:
    """The choices of company.status, each with what `changes` says of it by its key; those that are new come last."""
    there = get_choices("company", "status")["choices"]
    known = [{**choice, **changes.pop(choice["key"], {})} for choice in there]
    new = [{"key": key, **values} for key, values in changes.items()]
    return change_choices(access, "company", "status", [*known, *new])["choices"]


def test_nobody_has_changed_any(admin_access: Access) -> None:
    found = get_choices("company", "status")
    assert (found["version"], [choice["key"] for choice in found["choices"]]) == (0, OWN)
    assert found["choices"][1] == {
        "key": "customer", "label": {"en": "Customer", "fi": "Asiakas"}, "colour": "green", "retired": False,
    }  # fmt: skip
    assert change_choices(admin_access, "company", "status", found["choices"])["version"] == 0
    assert ChoiceList.objects.count() == 0


def test_own_choices_are_in_the_schema_at_once_and_in_their_order(admin_access: Access) -> None:
    there = get_choices("company", "status")["choices"]
    change_choices(admin_access, "company", "status", [{"label": {"en": "Partner", "fi": "Kumppani"}}, *there[::-1]])
    assert keys() == ["partner", *OWN[::-1]]
    with force_locale("fi"):
        assert [choice.text("fi") for choice in status().offered[:3]] == ["Kumppani", "Muu", "Entinen asiakas"]


def test_what_keeps_its_name_goes_on_being_translated(admin_access: Access) -> None:
    changed(admin_access, customer={"colour": "teal"}, former={"label": {"fi": "Mennyt"}},
            prospect={"label": {"en": " ", "fi": None}}, other={"label": "Other"})  # fmt: skip
    saved = {choice["key"]: choice["label"] for choice in ChoiceList.objects.get(key="status").choices}
    assert saved == {"customer": {}, "former": {"fi": "Mennyt"}, "prospect": {}, "other": {}}
    for language, label in (("en", "Customer"), ("fi", "Asiakas")):
        with force_locale(language):
            assert str(status().choice("customer").label) == label  # type: ignore[union-attr]
    assert status().choice("customer").colour == "teal"  # type: ignore[union-attr]


def test_choices_that_are_new_in_the_program_come_last(admin_access: Access) -> None:
    changed(admin_access, partner={"label": "Partner"})
    ChoiceList._get_collection().update_one({}, {"$pull": {"choices": {"key": "customer"}}})
    field = Field("status", KINDS["choice"], "Status", choices=tuple(map(Choice, OWN, OWN)))
    saved = ChoiceList.objects.get(key="status").choices
    assert [choice["key"] for choice in spelled_out(field, saved)] == [
        "prospect", "former", "other", "partner", "customer"]  # fmt: skip


def test_a_retired_choice_stays_on_records_and_is_taken_for_no_new_value(admin_access: Access) -> None:
    former = create_record(admin_access, "company", {"name": "Acme", "status": "former"})
    changed(admin_access, former={"retired": True})
    assert "former" not in keys()
    with pytest.raises(ValidationFailed):
        create_record(admin_access, "company", {"name": "Beta", "status": "former"})
    update_record(admin_access, "company", former["_id"], {"city": "Oulu", "status": "former"})
    assert get_record(admin_access, "company", former["_id"])["status"] == "former"
    found = find_page(admin_access, "company", [{"col": "status", "opr": "eq", "value": "former"}])
    assert [raw["name"] for raw in found.rows] == ["Acme"]


def test_a_choice_that_is_left_out_is_retired_and_comes_back_with_its_name(admin_access: Access) -> None:
    there = get_choices("company", "status")["choices"]
    left = change_choices(admin_access, "company", "status", there[1:])["choices"]
    assert (left[-1]["key"], left[-1]["retired"], left[-1]["label"]["fi"]) == ("prospect", True, "Prospekti")
    changed(admin_access, prospect={"retired": False})
    assert keys() == [*OWN[1:], "prospect"]


def test_own_choice_is_used_by_records_bulk_edits_groups_and_imports(admin_access: Access) -> None:
    changed(admin_access, partner={"label": {"en": "Partner", "fi": "Kumppani"}})
    made = [create_record(admin_access, "company", {"name": name, "status": value})
            for name, value in (("Acme", "partner"), ("Beta", "customer"))]  # fmt: skip
    text = "Name,Status\nGamma,Kumppani\nDelta,Supplier\n"
    mapping = "columns: {Name: name, Status: {field: status, add_choices: true}}"
    report = import_now(admin_access, "company", io.BytesIO(text.encode()), "list.csv", read_mapping(mapping))
    assert report.choices_added == {"status": ["Supplier"]}
    assert keys() == [*OWN, "partner", "supplier"]
    assert group_counts(admin_access, "company", [], status()) == {"partner": 2, "customer": 1, "supplier": 1}
    edit_selected(admin_access, "company", Selection(ids=(str(made[1]["_id"]),)), [Edit("status", "partner")])
    assert group_counts(admin_access, "company", [], status()) == {"partner": 3, "supplier": 1}


def test_every_change_leaves_an_entry_and_raises_the_schema_version(admin_access: Access) -> None:
    before = schema_of("company").version
    changed(admin_access, partner={"label": "Partner"})
    changed(admin_access, partner={"colour": "pink"})
    entries = list(Change.objects(register="choice_list").order_by("version"))
    assert [(entry.action, entry.version) for entry in entries] == [("create", 1), ("update", 2)]
    first, second = entries[0].changes["choices"]
    assert ([choice["key"] for choice in first], len(second)) == (OWN, 5)
    assert schema_of("company").version == before + 2


def test_who_comes_late_is_told_what_is_there(admin_access: Access) -> None:
    seen = get_choices("company", "status")
    changed(admin_access, partner={"label": "Partner"})
    with pytest.raises(VersionConflict) as late:
        change_choices(admin_access, "company", "status", seen["choices"][::-1], version=0)
    assert late.value.current["choices"][-1]["key"] == "partner"
    assert keys() == [*OWN, "partner"]


@pytest.mark.parametrize(("choices", "message"), [
    ([], "at least one choice"), ("customer", "at least one choice"), ([5], "Give each choice as"),
    ([{"key": "two words", "label": "A"}], "A choice key has"), ([{"key": ["customer"]}], "A choice key has"),
    ([{"key": "a", "label": "A", "colour": "beige"}], "Choose a colour"),
    (["Customer", {"key": "customer"}], "is there twice"), ([{"key": "a", "label": "x" * 101}], "at most 100"),
])  # fmt: skip
def test_wrong_choices_are_refused_and_nothing_is_written(admin_access: Access, choices: Any, message: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        change_choices(admin_access, "company", "status", choices)
    assert any(message in text for text in refused.value.messages()["choices"]), refused.value.messages()
    assert ChoiceList.objects.count() == 0


@pytest.mark.parametrize(("options", "retired", "message"), [
    ({"required": True}, OWN, "leave at least one choice"), ({"default": "other"}, ["other"], "start with “other”"),
])  # fmt: skip
def test_new_records_are_not_made_impossible(options: dict[str, Any], retired: list[str], message: str) -> None:
    field = Field("status", KINDS["choice"], "Status", choices=tuple(map(Choice, OWN, OWN)), **options)
    rows = [{**choice, "retired": choice["key"] in retired} for choice in spelled_out(field, ())]
    with pytest.raises(ValidationFailed) as refused:
        clean_for(field, rows, rows)
    assert message in refused.value.messages()["choices"][0]
    assert clean_for(field, [{**choice, "retired": choice["key"] == "former"} for choice in rows], rows)


@pytest.mark.parametrize(("register", "key"), [
    ("company", "name"), ("company", "nothing"), ("nothing", "status"), (["company"], "status"),
])  # fmt: skip
def test_other_fields_have_no_choices_to_change(admin_access: Access, register: Any, key: str) -> None:
    with pytest.raises((RecordNotFound, UnknownRegister)):
        change_choices(admin_access, register, key, ["A"])


def test_only_who_manages_settings_changes_choices(
    make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    with pytest.raises(NotAllowed):
        change_choices(access_of(make_user("staff", "Staff")), "company", "status", ["A"])


def test_letters_say_own_choices_in_the_language_of_their_maker(
    admin_access: Access, make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    changed(admin_access, partner={"label": {"en": "Partner", "fi": "Kumppani"}})
    create_record(admin_access, "company", {"name": "Acme", "status": "partner"})
    maker = replace(access_of(make_user("maker", "Admin")), language="fi")
    assert letters(maker, make(maker, keep(maker, "name", "status"))) == ["Acme|Kumppani"]
