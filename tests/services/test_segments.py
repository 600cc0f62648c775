"""Segments: whom they hold, alone and combined; fixed ones; rights; what is gone; who entered and left."""

from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.changes import DeletedRecord
from models.companies import Company
from models.fields.errors import ConditionError, ValidationFailed
from models.rights import Access, NotAllowed
from models.security import FieldRight
from models.segments import Segment, SegmentMember, SegmentSnapshot
from services import linked, segments
from services.conditions import asks_unseen
from services.joining import join_records, part_records
from services.records import RecordNotFound, create_record, create_records, delete_record, get_record, update_record
from services.recycle_bin import empty_old, restore_records
from services.relationships import Told, change_relationship, relationships_of
from services.reports.definition import definition_of
from services.saved_views import Query, save_view
from services.search import Selection, count_selected, find_page, iterate_selected
from services.segments import members, snapshots
from tests.factories import CompanyFactory, PersonFactory

Raw = dict[str, Any]
OULU, PORI = ({"col": "city", "opr": "eq", "value": city} for city in ("Oulu", "Pori"))
CUSTOMER = {"col": "status", "opr": "eq", "value": "customer"}


def segment(access: Access, name: str = "Oulu", conditions: Any = (OULU,), **more: Any) -> Raw:
    return create_record(access, "segment", {"name": name, "members": "company", "conditions": list(conditions),
                                             **more})  # fmt: skip


def inside(raw: Raw) -> Raw:
    return {"segment": str(raw["_id"])}


def found(access: Access, *nodes: Any, register: str = "company") -> list[str]:
    return [row["name"] for row in find_page(access, register, nodes, page_size=200).rows]


def chosen(*raws: Raw) -> Selection:
    return Selection(ids=tuple(str(raw["_id"]) for raw in raws))


@pytest.fixture
def companies(admin_access: Access) -> list[Raw]:
    return create_records(admin_access, "company", [
        {"name": "A", "city": "Oulu", "status": "customer"}, {"name": "B", "city": "Oulu"},
        {"name": "C", "city": "Pori", "status": "customer"}, {"name": "D", "city": "Pori"},
    ])  # fmt: skip


def test_living_segment_holds_whatever_matches_now(admin_access: Access, companies: list[Raw]) -> None:
    oulu = segment(admin_access)
    assert found(admin_access, inside(oulu)) == ["A", "B"]
    update_record(admin_access, "company", companies[3]["_id"], {"city": "Oulu"})
    update_record(admin_access, "company", companies[0]["_id"], {"city": "Turku"})
    assert found(admin_access, inside(oulu)) == ["B", "D"]
    register, selection = segments.members_selection(admin_access, oulu["_id"])
    assert register == "company"
    assert [row["name"] for row in iterate_selected(admin_access, register, selection, "see")] == ["B", "D"]


def test_segments_are_combined_as_any_conditions_are(admin_access: Access, companies: list[Raw]) -> None:
    oulu, customers = segment(admin_access), segment(admin_access, "Customers", [CUSTOMER])
    both = segment(admin_access, "Both", [inside(oulu), inside(customers)])
    assert found(admin_access, inside(both)) == ["A"]
    assert found(admin_access, inside(oulu), {"none": [inside(customers)]}) == ["B"]
    assert found(admin_access, {"any": [inside(oulu), inside(customers)]}) == ["A", "B", "C"]
    assert found(admin_access, {"none": [inside(both)]}, CUSTOMER) == ["C"]


def test_segment_without_conditions_holds_nobody(admin_access: Access, companies: list[Raw]) -> None:
    assert found(admin_access, inside(segment(admin_access, conditions=()))) == []


def test_fixed_segment_holds_what_is_put_into_it(admin_access: Access, companies: list[Raw]) -> None:
    fixed, put_in = segments.create_fixed(admin_access, "company", "Chosen", chosen(companies[0], companies[3]))
    assert put_in == 2
    assert found(admin_access, inside(fixed)) == ["A", "D"]
    assert segments.add_members(admin_access, fixed["_id"], chosen(companies[0], companies[1])) == 1
    assert segments.remove_members(admin_access, fixed["_id"], Selection(conditions=(PORI,), all_matching=True)) == 1
    assert found(admin_access, inside(fixed)) == ["A", "B"]
    assert found(admin_access, {"none": [inside(fixed)]}) == ["C", "D"]


def test_living_segment_kept_as_it_is_now_stays_so(admin_access: Access, companies: list[Raw]) -> None:
    raw = segment(admin_access)
    with pytest.raises(ValidationFailed):
        segments.add_members(admin_access, raw["_id"], chosen(companies[2]))
    segments.keep_as_now(admin_access, raw["_id"])
    update_record(admin_access, "company", companies[0]["_id"], {"city": "Pori"})
    assert found(admin_access, inside(raw)) == ["A", "B"]
    update_record(admin_access, "segment", raw["_id"], {"kind": "living"})
    assert found(admin_access, inside(raw)) == ["B"]
    update_record(admin_access, "segment", raw["_id"], {"kind": "fixed"})
    assert found(admin_access, inside(raw)) == ["B"]


def test_too_many_for_a_fixed_segment_is_told(
    admin_access: Access, companies: list[Raw], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "MOST_MEMBERS", 1)
    raw = segment(admin_access)
    with pytest.raises(ValidationFailed):
        segments.keep_as_now(admin_access, raw["_id"])
    assert get_record(admin_access, "segment", raw["_id"])["kind"] == "living"
    with pytest.raises(ValidationFailed):
        segments.create_fixed(admin_access, "company", "X", Selection(all_matching=True))
    assert found(admin_access, register="segment") == ["Oulu"]


def test_what_makes_no_sense_as_conditions_is_refused(admin_access: Access) -> None:
    people = segment(admin_access, "People", [{"col": "name", "opr": "ct", "value": "a"}], members="person")
    for wrong in ([{"col": "nothing", "opr": "eq", "value": 1}], [{"segment": "x"}], [{"segment": str(ObjectId())}],
                  [{"segment": 5}], [{"segment": str(people["_id"]), "col": "a", "opr": "eq"}], [inside(people)],
                  [{"col": "city", "opr": "eq", "value": {"$gt": ""}}], [{"title": "x", "all": [OULU]}], "[", {"a": 1},
                  [{"col": "city", "opr": "eq", "value": 2**70}]):  # fmt: skip
        with pytest.raises(ValidationFailed) as failed:
            segment(admin_access, conditions=wrong) if isinstance(wrong, list) else create_record(
                admin_access, "segment", {"name": "X", "members": "company", "conditions": wrong})  # fmt: skip
        assert list(failed.value.errors) == ["conditions"]
    with pytest.raises(ValidationFailed):
        update_record(admin_access, "segment", segment(admin_access)["_id"], {"members": "person"})


def test_segment_that_leads_to_itself_is_refused_and_told(admin_access: Access) -> None:
    first = segment(admin_access, "First")
    second = segment(admin_access, "Second", [{"none": [inside(first)]}])
    for node in (inside(first), inside(second)):
        with pytest.raises(ValidationFailed) as failed:
            update_record(admin_access, "segment", first["_id"], {"conditions": [node]})
        assert "leads to itself" in failed.value.in_one()
    # However such a loop came to be, it is told and ends.
    Segment._get_collection().update_one({"_id": first["_id"]}, {"$set": {"conditions": [inside(second)]}})
    with pytest.raises(ConditionError, match="leads to itself"):
        found(admin_access, inside(first))


def test_too_deep_and_too_many_segments_are_told(admin_access: Access) -> None:
    chain = [segment(admin_access, "0")]
    for depth in range(1, 5):
        chain.append(segment(admin_access, str(depth), [inside(chain[-1])]))
    assert found(admin_access, inside(chain[-1])) == []
    with pytest.raises(ValidationFailed, match="Too many segments"):
        segment(admin_access, "5", [inside(chain[-1])])
    with pytest.raises(ConditionError, match="Too many segments"):
        found(admin_access, *[inside(chain[0])] * 31)


def test_deleted_segment_is_told_by_name_and_comes_back(admin_access: Access, companies: list[Raw]) -> None:
    fixed, _count = segments.create_fixed(admin_access, "company", "Chosen", chosen(companies[0]))
    user = segment(admin_access, "User", [inside(fixed)])
    assert [raw["name"] for raw in segments.used_in(admin_access, fixed["_id"])] == ["User"]
    delete_record(admin_access, "segment", fixed["_id"])
    with pytest.raises(ConditionError, match="“Chosen” has been deleted"):
        found(admin_access, inside(user))
    restore_records(admin_access, [fixed["_id"]])
    assert found(admin_access, inside(user)) == ["A"]


def test_membership_ends_with_the_record_or_the_segment_for_good(admin_access: Access, companies: list[Raw]) -> None:
    fixed, _count = segments.create_fixed(admin_access, "company", "Chosen", chosen(*companies))
    segments.remember(admin_access, fixed["_id"])
    delete_record(admin_access, "company", companies[0]["_id"])
    assert found(admin_access, inside(fixed)) == ["B", "C", "D"]
    empty_old(days=-1)
    assert SegmentMember.objects.count() == 3
    delete_record(admin_access, "segment", fixed["_id"])
    empty_old(days=-1)
    assert SegmentMember.objects.count() == SegmentSnapshot.objects.count() == 0


def test_merged_records_stand_where_either_stood(admin_access: Access, companies: list[Raw]) -> None:
    one, _count = segments.create_fixed(admin_access, "company", "One", chosen(companies[0]))
    two, _count = segments.create_fixed(admin_access, "company", "Two", chosen(companies[0], companies[1]))
    outcome = join_records(admin_access, "company", companies[1]["_id"], companies[0]["_id"], {})
    assert found(admin_access, inside(one)) == found(admin_access, inside(two)) == ["B"]
    part_records(admin_access, "company", outcome.batch)
    assert found(admin_access, inside(one)) == ["A"]
    assert found(admin_access, inside(two)) == ["A", "B"]


def test_merged_segment_is_found_by_the_id_of_either(admin_access: Access, companies: list[Raw]) -> None:
    keep, other = segment(admin_access), segment(admin_access, "Other", [PORI])
    join_records(admin_access, "segment", keep["_id"], other["_id"], {})
    assert found(admin_access, inside(other)) == ["A", "B"]


@pytest.fixture
def seller(make_role: Callable[..., Any], make_user: Callable[..., Any], access_of: Callable[..., Access]) -> Access:
    make_role("Seller", ("company", "see", "own"), ("company", "add", "all"), ("segment", "see", "all"),
              ("segment", "add", "all"), ("segment", "change", "own"),
              field_rights=[FieldRight(register="company", column="phone", access="hidden")])  # fmt: skip
    return access_of(make_user("seller", "Seller"))


def test_segment_is_asked_with_the_rights_of_whoever_asks(
    admin_access: Access, seller: Access, companies: list[Raw]
) -> None:
    mine = CompanyFactory(access=seller, name="Mine", city="Oulu")
    fixed, _count = segments.create_fixed(admin_access, "company", "Chosen", chosen(*companies, mine))
    assert found(seller, inside(segment(admin_access))) == ["Mine"]
    assert found(seller, inside(fixed)) == ["Mine"]
    with pytest.raises(NotAllowed):
        segments.add_members(seller, fixed["_id"], chosen(mine))
    own, count = segments.create_fixed(seller, "company", "Own", chosen(*companies, mine))
    assert count == 1
    assert found(admin_access, inside(own)) == ["Mine"]


def test_segment_of_a_field_that_one_does_not_see_is_told(admin_access: Access, seller: Access) -> None:
    phones = segment(admin_access, "Phones", [{"col": "phone", "opr": "nempty"}])
    nested = segment(admin_access, "Nested", [inside(phones)])
    for raw in (phones, nested):
        with pytest.raises(ConditionError, match="“Phones” can't be asked"):
            found(seller, inside(raw))
        with pytest.raises(ValidationFailed):
            segment(seller, "Mine", [inside(raw)])


def test_saved_views_and_reports_know_segments(
    admin_access: Access, seller: Access, make_user: Callable[..., Any], access_of: Callable[..., Access]
) -> None:
    boss = access_of(make_user("boss", "Admin"))
    phones, oulu = segment(admin_access, "Phones", [{"col": "phone", "opr": "nempty"}]), segment(admin_access)
    seen = save_view(boss, "company", "Seen", "all", Query([inside(oulu)]))
    unseen = save_view(boss, "company", "Unseen", "all", Query([{"none": [inside(phones)]}]))
    assert not asks_unseen(seller, seen)
    assert asks_unseen(seller, unseen)
    assert not asks_unseen(boss, unseen)
    asked = {"register": "company", "conditions": [inside(phones)]}
    assert definition_of(admin_access, asked).conditions
    with pytest.raises(ConditionError):
        definition_of(seller, asked)
    delete_record(admin_access, "segment", oulu["_id"])
    # A segment that is gone tells nothing: the list says that it is gone.
    assert not asks_unseen(seller, seen)


def test_one_who_may_not_see_segments_learns_nothing_of_them(
    admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., Any],
    access_of: Callable[..., Access],
) -> None:  # fmt: skip
    make_role("Onlooker", ("company", "see", "all"))
    reader, raw = access_of(make_user("onlooker", "Onlooker")), segment(admin_access, "Secret")
    for _time in range(2):
        with pytest.raises(ConditionError) as failed:
            found(reader, inside(raw))
        assert "Secret" not in str(failed.value)
        if not DeletedRecord.objects.count():
            delete_record(admin_access, "segment", raw["_id"])


def test_people_of_companies_by_role(admin_access: Access, companies: list[Raw]) -> None:
    oulu, (a, b, c, _d) = segment(admin_access), companies
    boss = PersonFactory(name="Boss", title="Managing director", companies=[str(a["_id"]), str(b["_id"])])
    PersonFactory(name="Clerk", companies=[str(a["_id"])])
    PersonFactory(name="Elsewhere", title="Managing director", companies=[str(c["_id"])])
    PersonFactory(name="Left", title="Managing director")
    everybody = segment(admin_access, "All", segments.people_of(oulu["_id"], "works_for", ""), members="person")
    assert found(admin_access, inside(everybody), register="person") == ["Boss", "Clerk"]
    directors = segment(admin_access, "Directors", segments.people_of(oulu["_id"], "works_for", "DIRECTOR"),
                        members="person")  # fmt: skip
    assert found(admin_access, inside(directors), register="person") == ["Boss"]
    clerk = relationships_of(admin_access, "company", a["_id"])[1]
    change_relationship(admin_access, "company", a["_id"], clerk.raw["_id"], Told(title="Deputy director"),
                        clerk.raw["version"])  # fmt: skip
    assert found(admin_access, inside(directors), register="person") == ["Boss", "Clerk"]
    update_record(admin_access, "person", boss["_id"], {"companies": []})
    assert found(admin_access, inside(directors), register="person") == ["Clerk"]
    register, selection = segments.members_selection(admin_access, everybody["_id"])
    assert count_selected(admin_access, register, selection, "see") == 1


def test_too_many_companies_to_find_people_of_are_told(
    admin_access: Access, companies: list[Raw], monkeypatch: pytest.MonkeyPatch
) -> None:
    PersonFactory(name="A", companies=[str(companies[0]["_id"])])
    PersonFactory(name="B", companies=[str(companies[0]["_id"])])
    nodes = segments.people_of(segment(admin_access)["_id"], "works_for", "")
    monkeypatch.setattr(linked, "MOST_MEMBERS", 2)
    assert found(admin_access, *nodes, register="person") == ["A", "B"]
    monkeypatch.setattr(linked, "MOST_MEMBERS", 1)
    with pytest.raises(ConditionError, match="More than 1 of “Companies”"):
        found(admin_access, *nodes, register="person")


def test_people_of_companies_are_hidden_with_their_link(
    admin_access: Access, make_role: Callable[..., Any], make_user: Callable[..., Any],
    access_of: Callable[..., Access], companies: list[Raw],
) -> None:  # fmt: skip
    make_role("Blind", ("company", "see", "all"), ("person", "see", "all"), ("segment", "see", "all"),
              field_rights=[FieldRight(register="person", column="companies", access="hidden")])  # fmt: skip
    raw = segment(admin_access, "All", segments.people_of(segment(admin_access)["_id"], "works_for", ""),
                  members="person")  # fmt: skip
    with pytest.raises(ConditionError, match="fields that you don’t see"):
        found(access_of(make_user("blind", "Blind")), inside(raw), register="person")


def test_who_entered_and_left_since_the_last_mailing(admin_access: Access, companies: list[Raw]) -> None:
    raw, mailing = segment(admin_access), ObjectId()
    assert segments.moved_since(admin_access, raw["_id"]) is None
    segments.keep_members(None, raw["_id"], mailing, [one["_id"] for one in companies[:2]])
    update_record(admin_access, "company", companies[0]["_id"], {"city": "Turku"})
    update_record(admin_access, "company", companies[3]["_id"], {"city": "Oulu"})
    delete_record(admin_access, "company", companies[1]["_id"])
    moved = segments.moved_since(admin_access, raw["_id"])
    assert moved is not None
    assert (moved.entered, moved.left, moved.deleted) == (1, 1, 1)
    assert [row["name"] for row in (*moved.entered_rows, *moved.left_rows)] == ["D", "A"]
    assert moved.snapshot["mailing"] == mailing
    segments.remember(admin_access, raw["_id"])
    again = segments.moved_since(admin_access, raw["_id"])
    assert again is not None
    assert (again.entered, again.left, again.deleted) == (0, 0, 0)
    first = segments.snapshots_of(admin_access, raw["_id"])[1]["_id"]
    assert segments.entered_since(admin_access, raw["_id"], first) == [companies[3]["_id"]]
    with pytest.raises(RecordNotFound):
        segments.moved_since(admin_access, segment(admin_access, "Other")["_id"], first)


def test_who_left_is_told_only_of_those_whom_one_sees(
    admin_access: Access, seller: Access, companies: list[Raw]
) -> None:
    raw, mine = segment(admin_access), CompanyFactory(access=seller, name="Mine", city="Pori")
    segments.keep_members(None, raw["_id"], None, [companies[2]["_id"], mine["_id"]])
    moved = segments.moved_since(seller, raw["_id"])
    assert moved is not None
    assert (moved.entered, moved.left, moved.deleted) == (0, 1, 0)
    assert [row["name"] for row in moved.left_rows] == ["Mine"]


def test_only_the_newest_moments_are_remembered(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "MOST_SNAPSHOTS", 2)
    raw, mailing = segment(admin_access), ObjectId()
    for ids in ([ObjectId()], [], [ObjectId(), ObjectId()]):
        segments.keep_members(None, raw["_id"], None, ids)
    segments.keep_members(None, raw["_id"], mailing, [])
    segments.keep_members(None, raw["_id"], mailing, [ObjectId()])
    assert [one["count"] for one in segments.snapshots_of(admin_access, raw["_id"])] == [1, 2]


@given(st.lists(st.binary(min_size=12, max_size=12), max_size=50))
def test_remembered_ids_come_back(ids: list[bytes]) -> None:
    wanted = {ObjectId(one) for one in ids}
    assert snapshots.unpacked(snapshots.packed(wanted)) == wanted


# Segments within segments agree with plain sets

NUMBERS = list(range(12))
#: A leaf is a set of companies told by their names, or a segment made before.
LEAVES = st.frozensets(st.sampled_from(NUMBERS), max_size=6)
GROUPS = st.sampled_from(["all", "any", "none"])
TREES = st.recursive(LEAVES, lambda inner: st.tuples(GROUPS, st.lists(inner, min_size=1, max_size=3)), max_leaves=6)


def wanted(tree: Any) -> set[int]:
    """Whom a tree of sets holds, in plain Python."""
    if isinstance(tree, frozenset):
        return set(tree)
    parts = [wanted(inner) for inner in tree[1]]
    if tree[0] == "all":
        return set.intersection(*parts)
    union = set.union(*parts)
    return union if tree[0] == "any" else set(NUMBERS) - union


def made(access: Access, tree: Any, rows: list[Raw], depth: int = 0) -> Raw:
    """The condition for a tree: each node of its upper levels is a segment, in turn living and fixed."""
    if isinstance(tree, frozenset):
        if len(tree) % 2:
            fixed, _count = segments.create_fixed(access, "company", "Leaf", chosen(*(rows[one] for one in tree)))
            return inside(fixed)
        names = {"col": "name", "opr": "in", "value": [f"N{one:02}" for one in sorted(tree)]}
        return inside(segment(access, "Leaf", [names] if tree else []))
    node = {tree[0]: [made(access, inner, rows, depth + 1) for inner in tree[1]]}
    return inside(segment(access, tree[0], [node])) if depth < 3 else node


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TREES)
def test_nested_segments_agree_with_plain_sets(admin_access: Access, tree: Any) -> None:
    Company._get_collection().delete_many({})
    rows = create_records(admin_access, "company", [{"name": f"N{one:02}"} for one in NUMBERS])
    assert found(admin_access, made(admin_access, tree, rows)) == [f"N{one:02}" for one in sorted(wanted(tree))]
