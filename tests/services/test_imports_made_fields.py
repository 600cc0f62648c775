"""Fields and choices that an import made on the way: they go with its undoing, stay where they are used, come back."""

from dataclasses import replace
from typing import Any

import pytest
from bson import ObjectId

from models.changes import Change, Source
from models.fields.schema import schema_of
from models.rights import Access
from services.choice_lists import change_choices, get_choices
from services.imports import drafts, made_fields, undo_now
from services.records import create_record, update_record
from services.saved_views import Query, save_view
from services.settings import define_field, retire_field
from tests.services.importing import import_text, records, values
from tests.services.test_imports_drafts import done, started, work
from tests.services.test_imports_jobs import lose_lease

LIST = "Name,Sector,Size\nAho,Timber,12\nBerg,Steel,7\nCello,Timber,9\nDahl,Steel,3\n"


def undone(access: Access, draft_id: ObjectId) -> dict[str, Any]:
    drafts.undo_import(access, draft_id)
    work()
    draft = drafts.get_draft(access, draft_id)
    assert draft["state"] == "undone"
    return {**draft, "log": (drafts.job_of(draft) or {}).get("log")}


def imported(access: Access, text: str = LIST) -> ObjectId:
    draft_id = started(access, text)
    choices = {"place": 1, "choice": {"define": {"key": "sector", "kind": "choice", "label": {"en": "Sector"}}}}
    drafts.set_columns(access, draft_id, [choices])
    assert done(access, draft_id)["result"]["failed"] == 0
    return draft_id


def own_fields() -> dict[str, bool]:
    """{key: whether it is retired}"""
    return {field.key: field.retired for field in schema_of("company").all_fields if field.custom}


def test_fields_made_by_an_import_go_with_its_undoing(admin_access: Access) -> None:
    draft = undone(admin_access, imported(admin_access))
    assert own_fields() == {"sector": True, "size": True}
    assert draft["message"].endswith("The fields “Sector”, “Size” went too.")
    assert not draft["log"]
    assert Change.objects(register="field_definition", source=Source.UNDO.value).count() == 2


def test_fields_that_have_values_by_then_stay_and_are_told_by_name(admin_access: Access) -> None:
    draft_id = imported(admin_access)
    create_record(admin_access, "company", {"name": "Elo", "x_size": 5})
    draft = undone(admin_access, draft_id)
    assert own_fields() == {"sector": True, "size": False}
    assert draft["log"] == ["The field “Size” stays: Records have values in it."]


def test_fields_that_a_saved_view_speaks_of_stay(admin_access: Access) -> None:
    draft_id = imported(admin_access)
    large = Query([{"col": "x_size", "opr": "gt", "value": "5"}])
    save_view(replace(admin_access, user_id=ObjectId()), "company", "Large", "me", large)
    draft = undone(admin_access, draft_id)
    assert own_fields() == {"sector": True, "size": False}
    assert draft["log"] == [
        "The field “Size” stays: A saved view, segment, report, mailing or template speaks of it."]  # fmt: skip


def test_fields_that_were_there_before_stay(admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "size", "kind": "number", "label": "Size"})
    undone(admin_access, imported(admin_access))
    assert own_fields() == {"size": False, "sector": True}


def test_fields_of_an_undone_import_come_back_with_the_next_one(admin_access: Access) -> None:
    undone(admin_access, imported(admin_access))
    draft_id = imported(admin_access, LIST.replace("Steel", "Paper"))
    assert own_fields() == {"sector": False, "size": False}
    assert [values(raw)["sector"] for raw in records()] == ["timber", "paper", "timber", "paper"]
    offered = [choice.key for choice in schema_of("company").field("x_sector").choices if not choice.retired]
    assert sorted(offered) == ["paper", "timber"]
    undone(admin_access, draft_id)
    assert own_fields() == {"sector": True, "size": True}


def test_field_of_another_kind_than_the_one_that_went_gets_a_key_of_its_own(admin_access: Access) -> None:
    undone(admin_access, imported(admin_access))
    draft_id = started(admin_access, LIST)
    text = {"place": 2, "choice": {"define": {"key": "size", "kind": "text", "label": {"en": "Size"}}}}
    drafts.set_columns(admin_access, draft_id, [text])
    done(admin_access, draft_id)
    assert own_fields()["size"] is True
    assert own_fields()["size_2"] is False


def test_fields_that_somebody_retired_do_not_come_back(admin_access: Access) -> None:
    imported(admin_access)
    retire_field(admin_access, schema_of("company").field("x_size").id)
    columns = drafts.get_draft(admin_access, started(admin_access, LIST))["columns"]
    assert "size_2" in {column["choice"].get("define", {}).get("key") for column in columns}


def test_text_fields_beside_odd_values_go_and_come_back(admin_access: Access) -> None:
    mapping = "columns:\n  Name: name\n  Size: {field: size, define: {kind: number}}\n"
    for _ in range(2):
        report = import_text(admin_access, "company", "Name,Size\nAho,small\nBerg,7\n", mapping)
        assert report.fields_created == ("size", "size_text")
        assert values(records()[0])["size_text"] == "small"
        undo_now(admin_access, report.batch)
        assert own_fields() == {"size": True, "size_text": True}


@pytest.mark.parametrize("used", [False, True])
def test_choices_added_by_an_import_go_unless_they_are_used_and_come_back(admin_access: Access, used: bool) -> None:
    define_field(admin_access, {"register": "company", "key": "sector", "kind": "choice", "label": "Sector",
                                "choices": ["Timber"]})  # fmt: skip
    draft_id = started(admin_access, "Name,Sector\nAho,Timber\nBerg,Steel\nCello,Glass\n")
    drafts.set_columns(admin_access, draft_id, [{"place": 1, "choice": {"field": "x_sector"}, "add_choices": True}])
    done(admin_access, draft_id)
    if used:
        create_record(admin_access, "company", {"name": "Dahl", "x_sector": "steel"})
    draft = undone(admin_access, draft_id)
    retired = {choice.key: choice.retired for choice in schema_of("company").field("x_sector").choices}
    assert retired == {"timber": False, "steel": not used, "glass": True}
    assert draft["log"] == (["The choice “Steel” of “Sector” stays: Records have it."] if used else [])
    assert draft["message"].endswith("1 choice that it had added went too." if used else
                                     "2 choices that it had added went too.")  # fmt: skip
    again = started(admin_access, "Name,Sector\nAho,Steel\nBerg,Glass\n")
    drafts.set_columns(admin_access, again, [{"place": 1, "choice": {"field": "x_sector"}, "add_choices": True}])
    assert done(admin_access, again)["result"]["failed"] == 0
    assert not any(choice.retired for choice in schema_of("company").field("x_sector").choices)


def dormant(access: Access) -> ObjectId:
    """An import that added a choice to a fixed field."""
    draft_id = started(access, "Name,Status\nAho,Dormant\n")
    drafts.set_columns(access, draft_id, [{"place": 1, "choice": {"field": "status"}, "add_choices": True}])
    done(access, draft_id)
    return draft_id


def test_choices_added_to_a_fixed_field_go(admin_access: Access) -> None:
    undone(admin_access, dormant(admin_access))
    retired = {choice["key"]: choice["retired"] for choice in get_choices("company", "status")["choices"]}
    assert retired.pop("dormant") is True
    assert not any(retired.values())


def test_choices_that_somebody_renamed_since_stay(admin_access: Access) -> None:
    draft_id = dormant(admin_access)
    renamed = [{**choice, "label": {"en": "Asleep"}} if choice["key"] == "dormant" else choice
               for choice in get_choices("company", "status")["choices"]]  # fmt: skip
    change_choices(admin_access, "company", "status", renamed)
    undone(admin_access, draft_id)
    assert not any(choice["retired"] for choice in get_choices("company", "status")["choices"])


def test_what_stays_is_told_once_though_the_job_is_killed(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft_id = imported(admin_access)
    berg = next(raw for raw in records() if raw["name"] == "Berg")
    update_record(admin_access, "company", berg["_id"], {"city": "Lahti"})
    original, calls = made_fields.PutAway.message, iter([True])

    def deadly(gone: made_fields.PutAway) -> str:
        if next(calls, False):
            raise KeyboardInterrupt
        return original(gone)

    monkeypatch.setattr(made_fields.PutAway, "message", deadly)
    drafts.undo_import(admin_access, draft_id)
    with pytest.raises(KeyboardInterrupt):
        work()
    lose_lease(drafts.get_draft(admin_access, draft_id)["job"])
    work()
    log = (drafts.job_of(drafts.get_draft(admin_access, draft_id)) or {})["log"]
    assert [line.split(":")[0] for line in log] == ["Berg", "The field “Sector” stays", "The field “Size” stays"]


def test_whoever_may_not_set_up_the_register_leaves_its_fields(admin_access: Access) -> None:
    draft_id = imported(admin_access)
    batch = drafts.get_draft(admin_access, draft_id)["batch"]
    for raw in records():
        update_record(admin_access, "company", raw["_id"], {"x_size": None, "x_sector": None})
    gone = made_fields.put_away_made(Access(grants={("company", "see"): "all"}), batch)
    assert not gone.fields
    assert len(gone.told) == 2
    assert own_fields() == {"sector": False, "size": False}
