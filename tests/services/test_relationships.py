"""Relationships: seen from both sides, followed by links and following them, begun, ended, removed."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from models.changes import Change, DeletedRecord
from models.fields.errors import ValidationFailed
from models.organisation import Organisation
from models.relationships import Relationship
from models.rights import Access, NotAllowed
from models.security import FieldRight
from services.bulk_edit import Edit, edit_selected, take_back
from services.history import events_of, undo_change
from services.joining import join_records, part_records
from services.records import (
    RecordNotFound,
    VersionConflict,
    create_record,
    create_records,
    delete_record,
    get_record,
    update_record,
)
from services.recycle_bin import empty_old, restore_records
from services.relationship_kinds import add_kind, retire_kind
from services.relationships import (
    Told,
    change_relationship,
    relate,
    relationships_of,
    remove_relationship,
)
from services.search import Selection
from services.timeline import timeline_of
from services.upgrades import bring_up_to_date

Raw = dict[str, Any]
TODAY = dt.datetime.now(dt.UTC).date()


@pytest.fixture
def records(admin_access: Access) -> dict[str, Raw]:
    alfa, beta = create_records(admin_access, "company", [{"name": "Alfa"}, {"name": "Beta"}])
    maija, aku = create_records(admin_access, "person", [
        {"name": "Maija", "companies": [str(alfa["_id"])]}, {"name": "Aku"}])  # fmt: skip
    return {"Alfa": alfa, "Beta": beta, "Maija": maija, "Aku": aku}


def told(access: Access, register: str, raw: Raw) -> list[tuple[str, str, str, bool]]:
    return [(one.kind.key, one.side, one.name, one.current) for one in relationships_of(access, register, raw["_id"])]


def companies_of(raw: Raw) -> list[Any]:
    from models.people import Person

    found = Person._get_collection().find_one({"_id": raw["_id"]})
    assert found is not None
    return found.get("companies") or []


# Links and relationships follow each other


def test_links_begin_and_end_relationships(records: dict[str, Raw], admin_access: Access) -> None:
    maija, alfa, beta = records["Maija"], records["Alfa"], records["Beta"]
    assert told(admin_access, "person", maija) == [("works_for", "subject", "Alfa", True)]
    assert told(admin_access, "company", alfa) == [("works_for", "object", "Maija", True)]
    update_record(admin_access, "person", maija["_id"], {"companies": [str(beta["_id"])]})
    assert told(admin_access, "person", maija) == [
        ("works_for", "subject", "Beta", True), ("works_for", "subject", "Alfa", False)]  # fmt: skip
    ended = Relationship.objects.get(object=alfa["_id"])
    assert ended.until.date() == TODAY
    # Taken back the same day, it goes on as if nothing had been.
    undo_change(admin_access, "person", maija["_id"], 2)
    assert Relationship.objects.get(object=alfa["_id"]).until is None
    assert told(admin_access, "person", maija)[0] == ("works_for", "subject", "Alfa", True)


def test_bulk_edit_and_its_way_back_are_followed(records: dict[str, Raw], admin_access: Access) -> None:
    everybody = Selection(all_matching=True)
    edit = Edit("companies", [str(records["Beta"]["_id"])], "add")
    batch = edit_selected(admin_access, "person", everybody, [edit]).batch
    assert Relationship.objects(object=records["Beta"]["_id"], until=None).count() == 2
    take_back(admin_access, "person", batch)
    assert Relationship.objects(object=records["Beta"]["_id"], until=None).count() == 0
    assert Relationship.objects(object=records["Alfa"]["_id"], until=None).count() == 1


def test_relationships_write_links(records: dict[str, Raw], admin_access: Access) -> None:
    maija, alfa, beta = records["Maija"], records["Alfa"], records["Beta"]
    old = Relationship.objects.get(subject=maija["_id"])
    made = relate(admin_access, "person", maija["_id"], "works_for", "subject", beta["_id"],
                  Told("CEO", "1.3.2026"), [old.pk])  # fmt: skip
    assert companies_of(maija) == [beta["_id"]]
    old.reload()
    # The old one ends when the new one begins.
    assert old.until.date() == dt.date(2026, 3, 1)
    assert Relationship.objects.count() == 2
    change_relationship(admin_access, "company", beta["_id"], made["_id"], Told("CEO", "1.3.2026", TODAY.isoformat()))
    assert companies_of(maija) == []
    change_relationship(admin_access, "person", maija["_id"], made["_id"], Told("Chair"))
    assert companies_of(maija) == [beta["_id"]]
    remove_relationship(admin_access, "person", maija["_id"], made["_id"])
    assert companies_of(maija) == []
    assert told(admin_access, "person", maija) == [("works_for", "subject", "Alfa", False)]
    assert told(admin_access, "company", alfa) == [("works_for", "object", "Maija", False)]
    entries = Change.objects(register="relationship", record=made["_id"]).order_by("version")
    assert [entry.action for entry in entries] == ["create", "update", "update", "delete"]


def test_from_the_company_s_side_too(records: dict[str, Raw], admin_access: Access) -> None:
    relate(admin_access, "company", records["Alfa"]["_id"], "works_for", "object", records["Aku"]["_id"], Told("Clerk"))
    assert companies_of(records["Aku"]) == [records["Alfa"]["_id"]]
    assert told(admin_access, "company", records["Alfa"]) == [
        ("works_for", "object", "Aku", True), ("works_for", "object", "Maija", True)]  # fmt: skip


def test_who_is_added_to_a_company_leaves_the_last_one_and_nobody_else_does(
    records: dict[str, Raw], admin_access: Access
) -> None:
    """Whatever ends are sent: on a company's page they are the person's other employers."""
    alfa, beta, maija, aku = (records[name] for name in ("Alfa", "Beta", "Maija", "Aku"))
    update_record(admin_access, "person", aku["_id"], {"companies": [str(beta["_id"])]})
    everybody = [raw.pk for raw in Relationship.objects]
    relate(admin_access, "company", beta["_id"], "works_for", "object", maija["_id"], Told(), everybody)
    assert companies_of(maija) == companies_of(aku) == [beta["_id"]]
    assert told(admin_access, "person", aku) == [("works_for", "subject", "Beta", True)]
    assert told(admin_access, "company", alfa) == [("works_for", "object", "Maija", False)]


def test_companies_own_and_people_know(records: dict[str, Raw], admin_access: Access) -> None:
    alfa, beta, maija, aku = (records[name] for name in ("Alfa", "Beta", "Maija", "Aku"))
    relate(admin_access, "company", alfa["_id"], "owns", "subject", beta["_id"], Told())
    relate(admin_access, "person", aku["_id"], "knows", "subject", maija["_id"], Told())
    assert told(admin_access, "company", beta) == [("owns", "object", "Alfa", True)]
    assert ("knows", "object", "Aku", True) in told(admin_access, "person", maija)
    with pytest.raises(ValidationFailed):
        relate(admin_access, "company", alfa["_id"], "owns", "subject", beta["_id"], Told())
    with pytest.raises(ValidationFailed):
        relate(admin_access, "company", alfa["_id"], "owns", "subject", alfa["_id"], Told())
    # An earlier one of the same kind is history, and may be told of again.
    relate(admin_access, "company", alfa["_id"], "owns", "subject", beta["_id"], Told("", "1.1.2020", "1.1.2021"))


@pytest.mark.parametrize(("told_of", "field"), [
    (Told("x" * 201), "title"), (Told("", "someday"), "since"), (Told("", "", "31.2.2024"), "until"),
    (Told("", "1.1.2024", "1.1.2023"), "until"), (Told("", "", "1.1.2999"), "until"),
])  # fmt: skip
def test_what_makes_no_sense_is_said(records: dict[str, Raw], admin_access: Access, told_of: Told, field: str) -> None:
    with pytest.raises(ValidationFailed) as wrong:
        relate(admin_access, "person", records["Aku"]["_id"], "works_for", "subject", records["Alfa"]["_id"], told_of)
    assert list(wrong.value.errors) == [field]
    assert companies_of(records["Aku"]) == []


@pytest.mark.parametrize(("kind", "side", "other"), [
    ("nothing", "subject", "Alfa"), ("works_for", "object", "Alfa"), ("owns", "subject", "Alfa"),
    ("works_for", "top", "Alfa"), ("works_for", "subject", "Maija"),
])  # fmt: skip
def test_what_does_not_fit_is_not_there(
    records: dict[str, Raw], admin_access: Access, kind: str, side: str, other: str
) -> None:
    with pytest.raises(RecordNotFound):
        relate(admin_access, "person", records["Aku"]["_id"], kind, side, records[other]["_id"], Told())
    with pytest.raises(ValidationFailed):
        relate(admin_access, "person", records["Aku"]["_id"], "works_for", "subject", "abc", Told())


def test_rights(
    records: dict[str, Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    make_role("Own people", ("company", "see", "all"), ("company", "change", "all"), ("person", "see", "own"))
    anna = access_of(make_user("anna", "Own people"))
    alfa, maija = records["Alfa"]["_id"], records["Maija"]["_id"]
    assert told(anna, "company", records["Alfa"]) == []
    its = Relationship.objects.get(subject=maija)
    with pytest.raises(RecordNotFound):
        change_relationship(anna, "company", alfa, its.pk, Told("x"))
    with pytest.raises(RecordNotFound):
        relate(anna, "company", alfa, "works_for", "object", maija, Told())
    update_record(admin_access, "person", maija, {"owner": str(anna.user_id)})
    # She sees Maija and may not change her: who works where is Maija's.
    with pytest.raises(NotAllowed):
        change_relationship(anna, "company", alfa, its.pk, Told("", "", TODAY.isoformat()))
    make_role("Locked", ("company", "see", "all"), ("person", "see", "all"), ("person", "change", "all"), field_rights=[
        FieldRight(register="person", column="companies", access="read_only")])  # fmt: skip
    bea = access_of(make_user("bea", "Locked"))
    with pytest.raises(NotAllowed):
        relate(bea, "person", maija, "works_for", "subject", records["Beta"]["_id"], Told())
    make_role("Looks only", ("company", "see", "all"), ("person", "see", "all"))
    with pytest.raises(NotAllowed):
        relate(
            access_of(make_user("c", "Looks only")), "person", maija, "knows", "subject", records["Aku"]["_id"], Told()
        )
    with pytest.raises(VersionConflict):
        change_relationship(admin_access, "person", maija, its.pk, Told("x"), version=7)
    assert Relationship.objects.count() == 1


# Deleting, merging, upgrading


def test_bin_keeps_relationships_and_its_end_takes_them(records: dict[str, Raw], admin_access: Access) -> None:
    maija = records["Maija"]
    delete_record(admin_access, "person", maija["_id"])
    assert told(admin_access, "company", records["Alfa"]) == []
    restore_records(admin_access, [str(maija["_id"])])
    assert told(admin_access, "company", records["Alfa"]) == [("works_for", "object", "Maija", True)]
    delete_record(admin_access, "person", maija["_id"])
    DeletedRecord.objects.update(deleted_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    empty_old()
    assert Relationship.objects.count() == 0


def test_merged_records_have_one_set_of_relationships_and_get_theirs_back(
    records: dict[str, Raw], admin_access: Access
) -> None:
    alfa, beta, maija, aku = (records[name] for name in ("Alfa", "Beta", "Maija", "Aku"))
    relate(admin_access, "company", beta["_id"], "works_for", "object", aku["_id"], Told("Clerk", "1.1.2020"))
    relate(admin_access, "company", beta["_id"], "works_for", "object", maija["_id"], Told())
    relate(admin_access, "company", beta["_id"], "owns", "subject", alfa["_id"], Told())

    def kept() -> list[tuple]:
        return sorted((str(raw["_id"]), raw["subject"], raw["object"], raw.get("title"), raw.get("since"),
                       raw.get("until")) for raw in Relationship._get_collection().find())  # fmt: skip

    before, people = kept(), (companies_of(maija), companies_of(aku))
    outcome = join_records(admin_access, "company", alfa["_id"], beta["_id"], {})
    assert told(admin_access, "company", alfa) == [
        ("works_for", "object", "Aku", True), ("works_for", "object", "Maija", True)]  # fmt: skip
    assert Relationship.objects(object=beta["_id"]).count() == 0
    aku_s = Relationship.objects.get(subject=aku["_id"])
    assert (aku_s.title, aku_s.since.date()) == ("Clerk", dt.date(2020, 1, 1))
    part_records(admin_access, "company", outcome.batch)
    assert kept() == before
    assert (companies_of(maija), companies_of(aku)) == people


def test_links_of_older_versions_become_relationships_once(records: dict[str, Raw], admin_access: Access) -> None:
    Relationship.drop_collection()
    Organisation.objects.update(unset__relationships_begun=True)
    bring_up_to_date()
    assert told(admin_access, "person", records["Maija"]) == [("works_for", "subject", "Alfa", True)]
    # A start that was cut short goes on and makes nothing twice.
    Organisation.objects.update(unset__relationships_begun=True)
    bring_up_to_date()
    assert Relationship.objects.count() == 1
    Relationship.drop_collection()
    bring_up_to_date()
    assert Relationship.objects.count() == 0


# Kinds


def test_kinds_of_one_s_own(records: dict[str, Raw], admin_access: Access, make_user: Callable,
                            access_of: Callable, make_role: Callable) -> None:  # fmt: skip
    made = add_kind(admin_access, "person", "company", {"en": "Advises ÄÖ!", "fi": ""}, {"fi": "Neuvoja"})
    assert made["key"] == "advises"
    assert add_kind(admin_access, "person", "company", {"en": "Advises"}, {"en": "x"})["key"] == "advises_2"
    relate(admin_access, "person", records["Aku"]["_id"], "advises", "subject", records["Alfa"]["_id"], Told())
    retire_kind(admin_access, "advises", retired=True)
    assert ("advises", "subject", "Alfa", True) in told(admin_access, "person", records["Aku"])
    with pytest.raises(RecordNotFound):
        relate(admin_access, "person", records["Maija"]["_id"], "advises", "subject", records["Beta"]["_id"], Told())
    retire_kind(admin_access, "advises", retired=False)
    relate(admin_access, "person", records["Maija"]["_id"], "advises", "subject", records["Beta"]["_id"], Told())
    for odd in (("nothing", "company", {"en": "x"}, {"en": "y"}), ("person", "person", {"en": " "}, {})):
        with pytest.raises(ValidationFailed):
            add_kind(admin_access, *odd)
    with pytest.raises(RecordNotFound):
        retire_kind(admin_access, "works_for", retired=True)
    make_role("Seller", ("company", "see", "all"))
    with pytest.raises(NotAllowed):
        add_kind(access_of(make_user("s", "Seller")), "person", "company", {"en": "x"}, {"en": "y"})


def test_new_records_bring_theirs_in_one_go(records: dict[str, Raw], admin_access: Access) -> None:
    made = create_record(admin_access, "person", {"name": "Zed", "companies": [
        str(records["Alfa"]["_id"]), str(records["Beta"]["_id"])]})  # fmt: skip
    assert Relationship.objects(subject=made["_id"], until=None).count() == 2
    assert get_record(admin_access, "person", made["_id"])["version"] == 1


def test_timeline_tells_of_relationships_once_and_only_of_those_one_sees(
    records: dict[str, Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    alfa, beta = records["Alfa"], records["Beta"]
    owned = relate(admin_access, "company", alfa["_id"], "owns", "subject", beta["_id"], Told(since="1.1.2020"))
    change_relationship(admin_access, "company", alfa["_id"], owned["_id"], Told(since="1.1.2020", until="1.2.2020"))
    maija = next(one for one in relationships_of(admin_access, "company", alfa["_id"]) if one.name == "Maija")
    change_relationship(admin_access, "company", alfa["_id"], maija.raw["_id"], Told(title="CEO"))
    change_relationship(admin_access, "company", alfa["_id"], maija.raw["_id"], Told(title="CEO", until="1.2.2020"))

    def told(access: Access, raw: Raw, register: str = "company") -> list[tuple[str, str, list[str]]]:
        events, _more = timeline_of(access, register, raw)
        return [(event.relationship.side, event.name, [change.field.key for change in event.changes])
                for event in events if event.relationship]  # fmt: skip

    assert told(admin_access, alfa) == [
        ("object", "Maija", ["title"]), ("subject", "Beta", ["until"]), ("subject", "Beta", ["since"])]  # fmt: skip
    assert told(admin_access, beta) == [("object", "Alfa", ["until"]), ("object", "Alfa", ["since"])]
    assert told(admin_access, records["Maija"], "person") == [("subject", "Alfa", ["title"])]
    assert not any(event.undoable for event in timeline_of(admin_access, "company", beta)[0])
    assert not events_of(admin_access, "company", alfa)[0][0].relationship
    make_role("Blind", ("company", "see", "all"), ("person", "see", "all"), field_rights=[
        FieldRight(register="person", column="companies", access="hidden")])  # fmt: skip
    blind = access_of(make_user("blind", "Blind"))
    assert [name for _side, name, _changes in told(blind, alfa)] == ["Beta", "Beta"]
    assert told(blind, records["Maija"], "person") == []
    assert relationships_of(blind, "person", records["Maija"]["_id"]) == []
