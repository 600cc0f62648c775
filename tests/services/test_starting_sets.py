"""Starting sets: what stands in them is whole in both languages; used they are there, taken back they are gone."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from models.fields.definitions import FieldDefinition
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.pipelines import pipelines
from models.registers import REGISTERS
from models.rights import Access, NotAllowed
from models.security import Role
from services.records import RecordNotFound, create_record
from services.security import READY_ROLES
from services.settings import change_field
from services.setup.sets import KEYS, ROLE_NAMES, StartingSet, starting_sets
from services.setup.using import plan_of, take_back, use_set, used_sets
from services.trays import all_trays, get_tray

Raw = dict[str, Any]


def labels(chosen: StartingSet) -> Iterator[Any]:
    """Every text of a set."""
    yield from (chosen.label, chosen.help, *chosen.roles.values())
    for definitions in chosen.fields.values():
        yield from (one["label"] for one in definitions)
        yield from (choice["label"] for one in definitions for choice in one.get("choices", ()))
    for choices in chosen.choices.values():
        yield from (choice["label"] for choice in choices if "label" in choice)
    if chosen.pipeline:
        yield chosen.pipeline["label"]
        yield from (stage["label"] for stage in chosen.pipeline["stages"])


@pytest.mark.parametrize("key", KEYS)
def test_every_text_of_a_set_is_in_both_languages(key: str) -> None:
    texts = list(labels(starting_sets()[key]))
    assert all(set(text) == {"en", "fi"} and all(text.values()) for text in texts), texts


def test_sets_speak_of_the_ready_roles_and_of_registers_that_there_are() -> None:
    assert set(ROLE_NAMES) == set(READY_ROLES)
    for chosen in starting_sets().values():
        assert set(chosen.roles) <= set(READY_ROLES)
        assert set(chosen.fields) <= set(REGISTERS)


@pytest.mark.parametrize("key", KEYS)
def test_a_set_is_used_and_taken_back(app: Flask, admin_access: Access, key: str) -> None:
    chosen = starting_sets()[key]
    before = state()
    made = use_set(admin_access, key)
    assert set(used_sets()) == {key}
    for register, definitions in chosen.fields.items():
        assert {f"x_{one['key']}" for one in definitions} <= set(schema_of(register).by_column)
    if chosen.pipeline:
        assert [stage.key for stage in pipelines()[0].offered] == [one["key"] for one in chosen.pipeline["stages"]]
        # A figure of the sellers' tray counts what is at this stage.
        assert "offer" in {stage.key for stage in pipelines()[0].offered}
    if "Sales staff" in chosen.roles:
        assert get_tray("sales").label == chosen.roles["Sales staff"]
    gone, stays = take_back(admin_access, key)
    assert (gone, stays) == (len(made), 0)
    assert state() == before
    assert used_sets() == {}
    assert len(use_set(admin_access, key)) >= sum(map(len, chosen.fields.values()))


def state() -> Raw:
    """What sets change, as people meet it."""
    status = schema_of("company").field("status").offered
    return {
        "columns": [sorted(field.column for field in schema_of(key).fields) for key in REGISTERS],
        "stages": [stage.key for stage in pipelines()[0].offered],
        "statuses": [choice.key for choice in status],
        "roles": sorted(role.name for role in Role.objects),
        "trays": [tray.name_in("fi") for tray in all_trays()],
    }  # fmt: skip


def test_fields_are_left_out_and_what_is_there_stays_as_it_is(admin_access: Access) -> None:
    use_set(admin_access, "trade", {"company.credit_ban"})
    assert "x_credit_ban" not in schema_of("company").by_column
    kept = {part.name: part for part in plan_of(admin_access, "manufacturing") if part.kept}
    assert {"company.abc_class", "company.status", "sales"} <= set(kept)
    use_set(admin_access, "manufacturing")
    assert [stage.key for stage in pipelines()[0].offered] == ["qualification", "needs", "offer", "negotiation"]
    assert FieldDefinition.objects(key="abc_class").count() == 1


def test_what_holds_values_or_was_changed_stays_when_a_set_is_taken_back(admin_access: Access) -> None:
    use_set(admin_access, "association")
    create_record(admin_access, "person", {"name": "Aino", "x_member_number": "7"})
    joined = FieldDefinition.objects.get(key="joined_on")
    change_field(admin_access, joined.pk, {"label": {"en": "Came"}})
    _gone, stays = take_back(admin_access, "association")
    columns = schema_of("person").by_column
    assert stays == 2
    assert {"x_member_number", "x_joined_on"} <= set(columns)
    assert "x_membership" not in columns


def test_a_set_is_used_once_and_by_administrators_only(admin_access: Access) -> None:
    use_set(admin_access, "general")
    with pytest.raises(ValidationFailed):
        use_set(admin_access, "general")
    with pytest.raises(NotAllowed):
        use_set(Access(), "it")
    with pytest.raises(RecordNotFound):
        use_set(admin_access, "$ne")
    with pytest.raises(RecordNotFound):
        take_back(admin_access, "it")
