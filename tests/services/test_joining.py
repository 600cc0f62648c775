"""Merging two records: values, links, history; faults leave the state before or after; taking it back."""

from collections.abc import Callable
from typing import Any

import pytest

from models.changes import Change, DeletedRecord
from models.companies import Company
from models.fields.definitions import FieldDefinition
from models.fields.errors import ValidationFailed
from models.jobs import Job
from models.people import Person
from models.rights import Access, NotAllowed
from models.security import FieldRight
from services import joining
from services.history import UndoFailed, events_of
from services.jobs import claim, run_job
from services.joining import count_links, join_records, merged_into, pair_of, part_records, rows_of
from services.records import (
    RecordNotFound,
    VersionConflict,
    create_record,
    create_records,
    delete_record,
    get_record,
    update_record,
)
from services.settings import define_field, retire_field
from tests.services.faults import failed_at_each_write, state

Raw = dict[str, Any]


@pytest.fixture
def two(admin_access: Access) -> tuple[Raw, Raw]:
    """Two companies that are one, with people in either and in both, a daughter, and a list of tags each."""
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "target": "company",
                                "label": {"en": "Parent"}})  # fmt: skip
    tags = [{"key": key, "label": {"en": key}} for key in ("gold", "tin", "zinc")]
    define_field(admin_access, {"register": "company", "key": "tags", "kind": "choices", "label": {"en": "Tags"},
                                "choices": tags})  # fmt: skip
    mine = create_record(admin_access, "company", {"name": "Järvi Oy", "city": "Oulu", "x_tags": ["gold", "tin"]})
    theirs = create_record(admin_access, "company", {"name": "Järvi", "city": "Pori", "phone": "+358401234567",
                                                     "x_tags": ["tin", "zinc"],
                                                     "x_parent": str(mine["_id"])})  # fmt: skip
    a, b = str(mine["_id"]), str(theirs["_id"])
    create_record(admin_access, "company", {"name": "Daughter", "x_parent": b})
    create_records(admin_access, "person", [
        {"name": "Aku", "companies": [a]}, {"name": "Bea", "companies": [b]}, {"name": "Both", "companies": [b, a]},
    ])  # fmt: skip
    return mine, theirs


def links(name: str) -> list[Any]:
    raw = Person._get_collection().find_one({"name": name})
    assert raw is not None
    return raw["companies"]


def test_values_links_and_history_are_one(two: tuple[Raw, Raw], admin_access: Access) -> None:
    mine, theirs = two
    rows = {row.field.column: row.usual for row in rows_of(admin_access, "company", mine, theirs)}
    assert rows == {"name": "mine", "city": "mine", "phone": "theirs", "x_tags": "both"}
    assert count_links("company", theirs["_id"]) == 3
    update_record(admin_access, "company", theirs["_id"], {"city": "Vaasa"})
    outcome = join_records(admin_access, "company", mine["_id"], theirs["_id"], {"city": "theirs"})
    one = get_record(admin_access, "company", mine["_id"])
    assert (one["name"], one["city"], one["phone"]) == ("Järvi Oy", "Vaasa", "+358401234567")
    assert one["custom"] == {"tags": ["gold", "tin", "zinc"]}
    assert (links("Aku"), links("Bea"), links("Both")) == ([mine["_id"]], [mine["_id"]], [mine["_id"]])
    daughter = Company._get_collection().find_one({"name": "Daughter"})
    assert daughter["custom"]["parent"] == mine["_id"]
    assert f"x_parent={mine['_id']}" in daughter["facets"]
    with pytest.raises(RecordNotFound):
        get_record(admin_access, "company", theirs["_id"])
    assert merged_into(admin_access, "company", str(theirs["_id"])) == mine["_id"]
    assert DeletedRecord.objects.get(pk=theirs["_id"]).merged_into == mine["_id"]
    events, _more = events_of(admin_access, "company", one, limit=50)
    told = [(event.raw["record"], event.raw["action"]) for event in events]
    assert (theirs["_id"], "create") in told
    assert (theirs["_id"], "update") in told
    assert (mine["_id"], "update") in told
    assert Change.objects(batch=outcome.batch).count() == 5


def test_taking_it_back_gives_the_state_before(two: tuple[Raw, Raw], admin_access: Access) -> None:
    mine, theirs = two

    def values() -> list[Raw]:
        kept = ("_id", "name", "city", "phone", "companies", "custom", "facets", "words", "merged_from")
        rows = [raw for document in (Company, Person) for raw in document._get_collection().find().sort("_id", 1)]
        return [{key: raw.get(key) or None for key in kept} for raw in rows]

    before = values()
    outcome = join_records(admin_access, "company", mine["_id"], theirs["_id"], {"name": "theirs"})
    part_records(admin_access, "company", outcome.batch)
    assert values() == before
    assert merged_into(admin_access, "company", theirs["_id"]) is None
    assert DeletedRecord.objects.count() == 0
    with pytest.raises(RecordNotFound):
        part_records(admin_access, "company", outcome.batch)
    # And it can be merged again.
    join_records(admin_access, "company", mine["_id"], theirs["_id"], {})
    assert links("Bea") == [mine["_id"]]


def test_it_is_not_taken_back_over_what_was_changed_since(two: tuple[Raw, Raw], admin_access: Access) -> None:
    mine, theirs = two
    outcome = join_records(admin_access, "company", mine["_id"], theirs["_id"], {"city": "theirs"})
    update_record(admin_access, "company", mine["_id"], {"city": "Turku"})
    before = state()
    with pytest.raises(UndoFailed):
        part_records(admin_access, "company", outcome.batch)
    assert state() == before


@pytest.mark.parametrize("undo", [False, True])
def test_fault_at_each_write_leaves_the_state_before(
    two: tuple[Raw, Raw], admin_access: Access, monkeypatch: pytest.MonkeyPatch, undo: bool
) -> None:
    """Every write of the merge, and of taking it back, fails once; then it goes through."""
    mine, theirs = two
    batch = join_records(admin_access, "company", mine["_id"], theirs["_id"], {}).batch if undo else ""

    def work() -> None:
        if undo:
            part_records(admin_access, "company", batch)
        else:
            join_records(admin_access, "company", mine["_id"], theirs["_id"], {})

    assert failed_at_each_write(monkeypatch, work) >= 6


def test_many_links_are_a_job_that_goes_on_where_it_was_cut_off(
    two: tuple[Raw, Raw], admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = two
    monkeypatch.setattr(joining, "AT_ONCE", 1)
    monkeypatch.setattr(joining, "STEP", 1)
    outcome = join_records(admin_access, "company", mine["_id"], theirs["_id"], {"city": "theirs"})
    assert outcome.job_id is not None
    real, calls = joining.join, []

    def dying(*args: Any) -> Raw:
        calls.append(args)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(joining, "join", dying)
    raw = claim()
    assert raw is not None
    with pytest.raises(KeyboardInterrupt):
        run_job(raw)
    assert links("Bea") == [mine["_id"]]
    assert DeletedRecord.objects.count() == 0
    Job.objects(pk=raw["_id"]).update(set__state="waiting")
    raw = claim()
    assert raw is not None
    run_job(raw)
    job = Job.objects.get(pk=raw["_id"])
    assert (job.state, job.done) == ("done", 3)
    assert get_record(admin_access, "company", mine["_id"])["city"] == "Pori"
    # Killed after its end and run once more, it finds everything done.
    Job.objects(pk=raw["_id"]).update(set__state="waiting")
    raw = claim()
    assert raw is not None
    run_job(raw)
    assert Job.objects.get(pk=raw["_id"]).state == "done"
    assert Change.objects(batch=outcome.batch, action="delete").count() == 1


def test_links_of_retired_fields_and_of_what_one_does_not_see_are_re_pointed(
    two: tuple[Raw, Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    mine, theirs = two
    retire_field(admin_access, FieldDefinition.objects.get(key="parent").pk)
    make_role("Companies", ("company", "see", "all"), ("company", "change", "all"), ("company", "delete", "all"),
              field_rights=[FieldRight(register="company", column="phone", access="hidden"),
                            FieldRight(register="company", column="city", access="read_only")])  # fmt: skip
    anna = access_of(make_user("anna", "Companies"))
    assert {row.field.column for row in rows_of(anna, "company", mine, theirs)} == {"name", "x_tags"}
    join_records(anna, "company", mine["_id"], theirs["_id"], {"city": "theirs", "phone": "mine"})
    one = get_record(admin_access, "company", mine["_id"])
    # What she may not write stays, what she does not see is filled where it was empty.
    assert (one["city"], one["phone"]) == ("Oulu", "+358401234567")
    assert links("Bea") == [mine["_id"]]
    assert Company._get_collection().find_one({"name": "Daughter"})["custom"]["parent"] == mine["_id"]


def test_rights_versions_and_what_is_not_two(
    two: tuple[Raw, Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    mine, theirs = two
    with pytest.raises(ValidationFailed):
        pair_of(admin_access, "company", mine["_id"], str(mine["_id"]))
    for odd in ("abc", "0" * 24, None, {"$ne": 1}):
        with pytest.raises(RecordNotFound):
            join_records(admin_access, "company", mine["_id"], odd, {})
    with pytest.raises(VersionConflict):
        join_records(admin_access, "company", mine["_id"], theirs["_id"], {}, (1, 2))
    make_role("No delete", ("company", "see", "all"), ("company", "change", "all"))
    make_role("No change", ("company", "see", "all"), ("company", "delete", "all"))
    for name in ("No delete", "No change"):
        with pytest.raises(NotAllowed):
            join_records(access_of(make_user(name[-6:], name)), "company", mine["_id"], theirs["_id"], {})
    outcome = join_records(admin_access, "company", mine["_id"], theirs["_id"], {"name": "nonsense"})
    make_role("All", ("company", "see", "all"), ("company", "change", "all"), ("company", "delete", "all"))
    with pytest.raises(NotAllowed):
        part_records(access_of(make_user("other", "All")), "company", outcome.batch)


def test_merged_again_and_again_the_addresses_lead_to_the_last(admin_access: Access) -> None:
    a, b, c = create_records(admin_access, "company", [{"name": name} for name in "ABC"])
    join_records(admin_access, "company", b["_id"], a["_id"], {})
    join_records(admin_access, "company", c["_id"], b["_id"], {})
    assert merged_into(admin_access, "company", a["_id"]) == merged_into(admin_access, "company", b["_id"]) == c["_id"]
    assert merged_into(admin_access, "company", "abc") is None
    delete_record(admin_access, "company", c["_id"])
    assert merged_into(admin_access, "company", a["_id"]) is None


def test_address_of_a_merged_record_leads_only_to_what_one_sees(
    two: tuple[Raw, Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    mine, theirs = two
    join_records(admin_access, "company", mine["_id"], theirs["_id"], {})
    make_role("Own companies", ("company", "see", "own"))
    anna = access_of(make_user("anna", "Own companies"))
    assert merged_into(anna, "company", theirs["_id"]) is None
    assert merged_into(admin_access, "company", theirs["_id"]) == mine["_id"]
