"""What is linked to a record: along every link, both ways, within rights, in few queries."""

from collections.abc import Callable
from typing import Any

import pytest

from models.rights import Access
from models.security import FieldRight
from services import related
from services.records import create_record, create_records
from services.related import related_records
from services.settings import define_field

Raw = dict[str, Any]


@pytest.fixture
def records(admin_access: Access) -> dict[str, Raw]:
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "target": "company",
                                "label": {"en": "Parent"}})  # fmt: skip
    mother = create_record(admin_access, "company", {"name": "Mother"})
    firm = create_record(admin_access, "company", {"name": "Firm", "x_parent": str(mother["_id"])})
    people = create_records(admin_access, "person", [
        {"name": f"P{number}", "title": "Clerk", "companies": [str(firm["_id"])]} for number in range(3)
    ])  # fmt: skip
    return {"Mother": mother, "Firm": firm, "P0": people[0]}


def told(access: Access, register: str, raw: Raw) -> dict[str, tuple[list[str], int, bool]]:
    found = related_records(access, register, raw, {"person": ["title"]})
    return {one.way.code: ([row["name"] for row in one.rows], one.count, one.exact) for one in found}


def test_links_are_followed_both_ways(records: dict[str, Raw], admin_access: Access) -> None:
    assert told(admin_access, "company", records["Firm"]) == {
        "company.x_parent": ([], 0, True),
        "person.companies": (["P0", "P1", "P2"], 3, True),
        "opportunity.company": ([], 0, True), "document.companies": ([], 0, True),
    }  # fmt: skip
    assert told(admin_access, "company", records["Mother"]) == {
        "company.x_parent": (["Firm"], 1, True), "person.companies": ([], 0, True),
        "opportunity.company": ([], 0, True), "document.companies": ([], 0, True),
    }  # fmt: skip
    assert told(admin_access, "person", records["P0"]) == {
        "companies": (["Firm"], 1, True), "opportunity.people": ([], 0, True), "document.people": ([], 0, True),
    }  # fmt: skip


def test_rows_hold_what_was_asked_for_alone(records: dict[str, Raw], admin_access: Access) -> None:
    found = related_records(admin_access, "company", records["Firm"], {"person": ["title"]})
    row = next(one for one in found if one.way.code == "person.companies").rows[0]
    assert set(row) == {"_id", "name", "facets", "title"}


def test_more_than_is_read_is_counted(
    records: dict[str, Raw], admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(related, "READ", 2)
    assert told(admin_access, "company", records["Firm"])["person.companies"] == (["P0", "P1"], 3, True)
    monkeypatch.setattr(related, "MOST_COUNTED", 2)
    assert told(admin_access, "company", records["Firm"])["person.companies"] == (["P0", "P1"], 2, False)


def test_only_what_the_reader_may_see(
    records: dict[str, Raw], make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    make_role("Companies only", ("company", "see", "all"))
    assert set(told(access_of(make_user("a", "Companies only")), "company", records["Firm"])) == {
        "company.x_parent"}  # fmt: skip
    make_role("Own people", ("company", "see", "all"), ("person", "see", "own"))
    assert told(access_of(make_user("b", "Own people")), "company", records["Firm"])["person.companies"] == (
        [],
        0,
        True,
    )
    make_role("No links", ("company", "see", "all"), ("person", "see", "all"), field_rights=[
        FieldRight(register="person", column="companies", access="hidden"),
        FieldRight(register="company", column="x_parent", access="hidden"),
    ])  # fmt: skip
    assert told(access_of(make_user("c", "No links")), "company", records["Firm"]) == {}
    make_role("Own companies", ("company", "see", "own"), ("person", "see", "all"))
    assert told(access_of(make_user("d", "Own companies")), "person", records["P0"]) == {}
