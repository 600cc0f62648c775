"""Changing many records at once: what becomes of each, what is refused, and taking it back."""

from collections.abc import Callable
from typing import Any

import pytest

from models.changes import Change
from models.companies import Company
from models.fields.definitions import FieldDefinition
from models.fields.errors import ConditionError, ValidationFailed
from models.jobs import Job
from models.rights import Access, NotAllowed
from models.security import FieldRight
from services import bulk_edit
from services.bulk_edit import Edit, check_edits, edit_selected, preview_edit, take_back
from services.jobs import claim, run_job
from services.records import RecordNotFound, create_record, delete_record, get_record, update_record
from services.search import Selection
from services.settings import define_field, retire_field
from tests.services.faults import failed_at_each_write

Raw = dict[str, Any]
ALL = Selection(all_matching=True)


@pytest.fixture
def companies(admin_access: Access) -> list[Raw]:
    tags = [{"key": key, "label": {"en": key}} for key in ("gold", "silver", "tin")]
    define_field(admin_access, {"register": "company", "key": "tags", "kind": "choices", "label": {"en": "Tags"},
                                "choices": tags})  # fmt: skip
    rows = (("Alfa", "Oulu", ["tin"]), ("Beta", "Pori", ["gold", "tin"]), ("Gamma", "Oulu", []))
    return [create_record(admin_access, "company", {"name": n, "city": c, "x_tags": t}) for n, c, t in rows]


def values(column: str) -> dict[str, Any]:
    return {raw["name"]: raw.get(column) or raw["custom"].get(column.removeprefix("x_"))
            for raw in Company._get_collection().find().sort("name", 1)}  # fmt: skip


def in_city(city: str) -> Selection:
    return Selection(conditions=({"col": "city", "opr": "eq", "value": city},), all_matching=True)


@pytest.mark.parametrize(("edit", "after"), [
    (Edit("x_tags", ["silver"]), {"Alfa": ["silver"], "Beta": ["silver"], "Gamma": ["silver"]}),
    (Edit("x_tags", ["silver", "tin"], "add"),
     {"Alfa": ["silver", "tin"], "Beta": ["gold", "silver", "tin"], "Gamma": ["silver", "tin"]}),
    (Edit("x_tags", ["tin"], "remove"), {"Alfa": None, "Beta": ["gold"], "Gamma": None}),
    (Edit("x_tags", []), {"Alfa": None, "Beta": None, "Gamma": None}),
    (Edit("city", "Turku"), None),
])  # fmt: skip
def test_edits_of_each_sort_and_back(
    companies: list[Raw], admin_access: Access, edit: Edit, after: dict[str, Any] | None
) -> None:
    before = {one["_id"]: (one.get("city"), one["custom"]) for one in companies}
    outcome = edit_selected(admin_access, "company", ALL, [edit])
    assert values(edit.column) == (after or dict.fromkeys(("Alfa", "Beta", "Gamma"), "Turku"))
    assert outcome.refused == []
    entries = list(Change.objects(batch=outcome.batch))
    assert len(entries) == outcome.changed
    assert {entry.source for entry in entries} == {"bulk"}
    undo = take_back(admin_access, "company", outcome.batch)
    assert undo.changed == outcome.changed
    rows = Company._get_collection().find()
    assert {raw["_id"]: (raw.get("city"), raw["custom"]) for raw in rows} == before
    again = take_back(admin_access, "company", undo.batch)
    assert again.changed == outcome.changed
    assert values(edit.column) == (after or dict.fromkeys(("Alfa", "Beta", "Gamma"), "Turku"))


def test_only_what_changes_is_written(companies: list[Raw], admin_access: Access) -> None:
    assert edit_selected(admin_access, "company", in_city("Oulu"), [Edit("city", "Oulu")]).changed == 0
    assert Company.objects(version=1).count() == 3
    assert edit_selected(admin_access, "company", ALL, [Edit("city", "Oulu")]).changed == 1
    assert [raw["name"] for raw in Company._get_collection().find({"version": 2})] == ["Beta"]


def test_a_change_that_empties_the_selection_reaches_all_of_it(
    companies: list[Raw], admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_edit, "STEP", 1)
    assert edit_selected(admin_access, "company", in_city("Oulu"), [Edit("city", "Pori")]).changed == 2
    assert values("city") == {"Alfa": "Pori", "Beta": "Pori", "Gamma": "Pori"}


def test_preview_tells_what_would_become_of_each(companies: list[Raw], admin_access: Access) -> None:
    preview = preview_edit(admin_access, "company", ALL, [Edit("city", "Pori"), Edit("x_tags", ["tin"], "add")])
    assert (preview.count, preview.whole) == (3, True)
    told = [(one.raw["name"], [(field.column, *both) for field, *both in one.changes]) for one in preview.samples]
    assert told == [
        ("Alfa", [("city", "Oulu", "Pori")]), ("Beta", []),
        ("Gamma", [("city", "Oulu", "Pori"), ("x_tags", None, ["tin"])]),
    ]  # fmt: skip
    assert Company.objects(version=1).count() == 3


@pytest.mark.parametrize(("edits", "column"), [
    ([], ""), ([Edit("name", "")], "name"), ([Edit("name", "  ")], "name"), ([Edit("nothing", "x")], "nothing"),
    ([Edit("created_at", "1.1.2020")], "created_at"), ([Edit("status", "nonsense")], "status"),
    ([Edit("x_tags", [], "add")], "x_tags"), ([Edit("x_tags", ["bronze"], "add")], "x_tags"),
    ([Edit("email", "no address")], "email"), ([Edit(f"c{n}", "") for n in range(31)], ""),
])  # fmt: skip
def test_what_is_wrong_for_all_is_said_before_anything_is_done(
    companies: list[Raw], admin_access: Access, edits: list[Edit], column: str
) -> None:
    for call in (preview_edit, edit_selected):
        with pytest.raises(ValidationFailed) as wrong:
            call(admin_access, "company", ALL, edits)
        assert list(wrong.value.errors) == [column]
    assert Change.objects(action="update").count() == 0


def test_odd_values_are_kept_on_purpose(companies: list[Raw], admin_access: Access) -> None:
    with pytest.raises(ValidationFailed) as wrong:
        edit_selected(admin_access, "company", ALL, [Edit("phone", "ask Liisa")])
    assert wrong.value.keepable == ("phone",)
    assert edit_selected(admin_access, "company", ALL, [Edit("phone", "ask Liisa")], ["phone"]).changed == 3
    assert set(values("phone").values()) == {"ask Liisa"}


def test_nonsense_in_the_selection_is_refused(companies: list[Raw], admin_access: Access) -> None:
    with pytest.raises(ConditionError):
        edit_selected(admin_access, "company", Selection(ids=("abc",)), [Edit("city", "Pori")])
    with pytest.raises(ConditionError):
        preview_edit(admin_access, "company", Selection(conditions=({"col": "x", "opr": "eq"},), all_matching=True),
                     [Edit("city", "Pori")])  # fmt: skip


def test_rights_are_those_of_saving_one_by_one(
    companies: list[Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    make_role("Own", ("company", "see", "all"), ("company", "change", "own"), field_rights=[
        FieldRight(register="company", column="city", access="read_only"),
        FieldRight(register="company", column="street", access="hidden"),
    ])  # fmt: skip
    anna = access_of(make_user("anna", "Own"))
    update_record(admin_access, "company", companies[0]["_id"], {"owner": str(anna.user_id)})
    outcome = edit_selected(anna, "company", ALL, [Edit("postal_code", "90100")])
    assert values("postal_code") == {"Alfa": "90100", "Beta": None, "Gamma": None}
    for column in ("city", "street"):
        with pytest.raises(ValidationFailed):
            edit_selected(anna, "company", ALL, [Edit(column, "x")])
    # Giving away what one may change only as one's own.
    gone = edit_selected(anna, "company", ALL, [Edit("owner", "")])
    assert (gone.changed, [name for name, _why in gone.refused]) == (0, ["Alfa"])
    make_role("Looks only", ("company", "see", "all"))
    reader = access_of(make_user("risto", "Looks only"))
    with pytest.raises(NotAllowed):
        edit_selected(reader, "company", ALL, [Edit("city", "x")])
    for other in (reader, access_of(make_user("other", "Own"))):
        with pytest.raises(RecordNotFound):
            take_back(other, "company", outcome.batch)
    assert take_back(admin_access, "company", outcome.batch).changed == 1


def test_taking_back_leaves_what_has_been_changed_since(companies: list[Raw], admin_access: Access) -> None:
    outcome = edit_selected(admin_access, "company", ALL, [Edit("city", "Turku")])
    alfa, beta, gamma = (one["_id"] for one in companies)
    update_record(admin_access, "company", alfa, {"city": "Vaasa"})
    update_record(admin_access, "company", beta, {"street": "Katu 1"})
    delete_record(admin_access, "company", gamma)
    undo = take_back(admin_access, "company", outcome.batch)
    assert undo.changed == 1
    assert [name for name, _why in undo.refused] == ["Alfa", str(gamma)]
    assert values("city") == {"Alfa": "Vaasa", "Beta": "Pori"}
    assert get_record(admin_access, "company", beta)["street"] == "Katu 1"


@pytest.mark.parametrize("batch", ["", "nothing", "0" * 24, "$ne"])
def test_there_is_nothing_to_take_back(companies: list[Raw], admin_access: Access, batch: str) -> None:
    update_record(admin_access, "company", companies[0]["_id"], {"city": "Vaasa"})
    with pytest.raises(RecordNotFound):
        take_back(admin_access, "company", batch)


# Jobs


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk_edit, "AT_ONCE", 0)
    monkeypatch.setattr(bulk_edit, "STEP", 1)


def run_next() -> Job:
    raw = claim()
    assert raw is not None
    run_job(raw)
    return Job.objects.get(pk=raw["_id"])


def test_many_are_changed_and_taken_back_by_jobs(companies: list[Raw], admin_access: Access, small_steps: None) -> None:
    outcome = edit_selected(admin_access, "company", in_city("Oulu"), [Edit("city", "Pori")])
    job = run_next()
    assert (outcome.job_id, job.state, job.done, job.total) == (job.pk, "done", 2, 2)
    assert job.result == {"changed": 2, "refused": 0, "batch": outcome.batch}
    undo = take_back(admin_access, "company", outcome.batch)
    job = run_next()
    assert (undo.job_id, job.state, job.result["changed"]) == (job.pk, "done", 2)
    assert values("city") == {"Alfa": "Oulu", "Beta": "Pori", "Gamma": "Oulu"}


def test_job_tells_by_name_what_could_not_be_changed(
    companies: list[Raw], admin_access: Access, small_steps: None
) -> None:
    outcome = edit_selected(admin_access, "company", ALL, [Edit("city", "Turku")])
    run_next()
    update_record(admin_access, "company", companies[1]["_id"], {"city": "Vaasa"})
    take_back(admin_access, "company", outcome.batch)
    job = run_next()
    assert job.result["refused"] == 1
    assert job.log == ["Beta: Changed again since: City. Take the later change back first, or edit the record."]


def test_job_goes_on_where_it_was_cut_off(
    companies: list[Raw], admin_access: Access, small_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = edit_selected(admin_access, "company", ALL, [Edit("city", "Turku")])
    real, calls = bulk_edit.replace_records, []

    def dying(*args: Any) -> None:
        calls.append(args)
        real(*args)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(bulk_edit, "replace_records", dying)
    raw = claim()
    assert raw is not None
    with pytest.raises(KeyboardInterrupt):
        run_job(raw)
    # The second step was rolled back with its progress.
    assert (Job.objects.get(pk=raw["_id"]).done, Company.objects(city="Turku").count()) == (1, 1)
    Job.objects(pk=raw["_id"]).update(set__state="waiting")
    job = run_next()
    assert (job.state, job.done, job.result["changed"]) == ("done", 3, 3)
    assert Change.objects(batch=outcome.batch).count() == 3


def test_job_whose_field_is_gone_says_so(companies: list[Raw], admin_access: Access, small_steps: None) -> None:
    edit_selected(admin_access, "company", ALL, [Edit("x_tags", ["tin"])])
    tags = FieldDefinition.objects.get(register="company", key="tags")
    retire_field(admin_access, tags.pk)
    job = run_next()
    assert job.state == "failed"
    assert "x_tags" in job.message
    assert Company.objects(version=1).count() == 3


def test_fault_at_each_write_leaves_all_or_nothing_of_a_step(
    companies: list[Raw], admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever write of an edit or of its undo fails, everything is as before it."""
    batches: list[str] = []

    def edit() -> None:
        batches.append(edit_selected(admin_access, "company", ALL, [Edit("city", "Turku")]).batch)

    assert failed_at_each_write(monkeypatch, edit) >= 2
    assert set(values("city").values()) == {"Turku"}
    assert failed_at_each_write(monkeypatch, lambda: take_back(admin_access, "company", batches[-1])) >= 2
    assert Company.objects(version=3).count() == 3


def test_checks_know_the_fields_of_the_user(companies: list[Raw], admin_access: Access) -> None:
    check_edits(admin_access, "company", [Edit("owner", ""), Edit("team", ""), Edit("x_tags", ["tin"], "remove")])
