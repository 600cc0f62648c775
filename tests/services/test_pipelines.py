"""Setting up pipelines: keys that stay, stages retired rather than removed, one always in use."""

from collections.abc import Callable
from typing import Any

import pytest

from models.changes import Change
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.pipelines import PipelineDocument, find_stage, pipelines
from models.rights import Access, NotAllowed, system_access
from models.security import User
from services.pipelines import add_pipeline, change_pipeline, get_pipeline, list_pipelines, move_pipeline
from services.records import RecordNotFound, VersionConflict, create_record, update_record

Raw = dict[str, Any]
SYSTEM = system_access()
STAGES = [{"label": {"en": "Call"}, "probability": "20", "rests_after": "7", "colour": "teal"},
          {"label": {"fi": "Käynti"}, "probability": ""}]  # fmt: skip

pytestmark = pytest.mark.usefixtures("app")


def errors_of(column: str, **values: Any) -> list[str]:
    with pytest.raises(ValidationFailed) as failed:
        change_pipeline(SYSTEM, "sales", values)
    return failed.value.messages()[column]


def test_a_pipeline_stands_beside_the_program_s_own() -> None:
    made = add_pipeline(SYSTEM, {"label": {"en": "Spare parts", "fi": "Varaosat"}, "stages": STAGES})
    assert (made["key"], [stage["key"] for stage in made["stages"]]) == ("spare_parts", ["call", "kaynti"])
    assert [one.key for one in pipelines()] == ["sales", "spare_parts"]
    call = find_stage("call")
    assert call is not None
    assert (call[1].probability, call[1].rests_after, call[1].colour) == (20, 7, "teal")
    raw = create_record(SYSTEM, "opportunity", {"name": "Pump", "stage": "kaynti"})
    assert (raw["pipeline"], raw["probability"]) == ("spare_parts", 0)
    assert schema_of("opportunity").field("stage").default == "qualification"


def test_the_first_change_keeps_the_program_s_own_in_both_languages() -> None:
    before = get_pipeline("sales")
    assert (before["version"], before["label"]["en"]) == (0, "Sales")
    stages = [{**before["stages"][0], "label": {"en": "First"}}, *before["stages"][1:]]
    changed = change_pipeline(SYSTEM, "sales", {"stages": stages}, version=0)
    assert (changed["version"], PipelineDocument.objects.count()) == (1, 1)
    assert pipelines()[0].stages[0].label_in("fi") == "First"
    entry = Change.objects(register="pipeline").get()
    assert (entry.action, entry.record) == ("create", changed["_id"])
    with pytest.raises(VersionConflict):
        change_pipeline(SYSTEM, "sales", {"stages": stages}, version=0)
    assert change_pipeline(SYSTEM, "sales", {"stages": stages}, version=1)["version"] == 1


def test_a_stage_that_is_left_out_is_retired_and_what_is_in_it_stays() -> None:
    raw = create_record(SYSTEM, "opportunity", {"name": "Pump", "stage": "needs"})
    stages = [stage for stage in get_pipeline("sales")["stages"] if stage["key"] != "needs"]
    changed = change_pipeline(SYSTEM, "sales", {"stages": stages})
    assert [stage["key"] for stage in changed["stages"] if stage["retired"]] == ["needs"]
    assert update_record(SYSTEM, "opportunity", raw["_id"], {"name": "Other"})["stage"] == "needs"
    with pytest.raises(ValidationFailed):
        create_record(SYSTEM, "opportunity", {"name": "New", "stage": "needs"})


def test_one_pipeline_with_a_stage_stays_in_use() -> None:
    stages = [{**stage, "retired": True} for stage in get_pipeline("sales")["stages"]]
    assert "at least one stage" in errors_of("stages", stages=stages)[0]
    assert "must stay in use" in errors_of("retired", retired=True)[0]
    add_pipeline(SYSTEM, {"label": {"en": "Spare parts"}, "stages": STAGES})
    assert change_pipeline(SYSTEM, "sales", {"retired": True})["retired"]
    assert create_record(SYSTEM, "opportunity", {"name": "Pump"})["stage"] == "call"
    with pytest.raises(ValidationFailed):
        change_pipeline(SYSTEM, "spare_parts", {"retired": True})
    assert not change_pipeline(SYSTEM, "sales", {"retired": False})["retired"]


@pytest.mark.parametrize("stages", [
    [], "x", None, [1], [{}], [{"label": {"en": "A"}, "key": "Ä b"}], [{"label": {"en": "A"}, "key": 7}],
    [{"label": {"en": "A"}, "key": "$where"}], [{"label": {"en": "A"}, "colour": "#fff"}],
    [{"label": {"en": "A"}, "probability": "101"}], [{"label": {"en": "A"}, "probability": "-1"}],
    [{"label": {"en": "A"}, "probability": True}], [{"label": {"en": "A"}, "rests_after": "soon"}],
    [{"label": {"en": "A"}, "rests_after": "9999999"}], [{"label": {"en": "x" * 101}}],
    [{"label": {"en": "A"}, "key": "a"}, {"label": {"en": "B"}, "key": "a"}],
    [{"label": {"en": str(number)}} for number in range(40)],
])  # fmt: skip
def test_stages_that_make_no_sense_are_refused(stages: Any) -> None:
    assert errors_of("stages", stages=stages)


def test_stages_have_keys_of_their_own_over_all_pipelines() -> None:
    add_pipeline(SYSTEM, {"label": {"en": "Spare parts"}, "stages": STAGES})
    again = [*get_pipeline("sales")["stages"], {"key": "call", "label": {"en": "Call"}}]
    assert "already a stage" in errors_of("stages", stages=again)[0]
    unnamed = [*get_pipeline("sales")["stages"], {"label": {"en": "Call"}}]
    assert change_pipeline(SYSTEM, "sales", {"stages": unnamed})["stages"][-1]["key"] == "call_2"


def test_pipelines_are_put_in_order() -> None:
    add_pipeline(SYSTEM, {"label": {"en": "Spare parts"}, "stages": STAGES})
    move_pipeline(SYSTEM, "spare_parts", down=False)
    assert [raw["key"] for raw in list_pipelines()] == ["spare_parts", "sales"]
    move_pipeline(SYSTEM, "spare_parts", down=False)
    move_pipeline(SYSTEM, "spare_parts", down=True)
    assert [raw["key"] for raw in list_pipelines()] == ["sales", "spare_parts"]
    with pytest.raises(RecordNotFound):
        move_pipeline(SYSTEM, "nothing", down=True)


def test_a_key_is_taken_once() -> None:
    with pytest.raises(ValidationFailed):
        add_pipeline(SYSTEM, {"key": "sales", "label": {"en": "Other"}, "stages": STAGES})
    assert add_pipeline(SYSTEM, {"label": {"en": "Sales"}, "stages": STAGES})["key"] == "sales_2"
    with pytest.raises(ValidationFailed):
        add_pipeline(SYSTEM, {"label": {}, "stages": STAGES})


def test_only_who_manages_settings_changes_pipelines(
    make_user: Callable[..., User], access_of: Callable[[User], Access]
) -> None:
    staff = access_of(make_user("staff", "Staff"))
    with pytest.raises(NotAllowed):
        add_pipeline(staff, {"label": {"en": "Mine"}, "stages": STAGES})
    with pytest.raises(NotAllowed):
        change_pipeline(staff, "sales", {"retired": True})
    with pytest.raises(NotAllowed):
        move_pipeline(staff, "sales", down=True)
