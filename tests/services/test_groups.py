"""Conditions in groups and across links: the same records as a plain filter in Python finds, within one's rights."""

import datetime as dt
import random
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from models.fields.conditions import MAX_CONDITIONS, checked
from models.fields.errors import ConditionError
from models.fields.query import Asking, conditions_query
from models.fields.schema import schema_of
from models.rights import Access, Scope
from models.security import FieldRight
from services import linked
from services.records import create_record, create_records
from services.search import Selection, count_matching, find_page, iterate_selected
from services.settings import define_field
from services.values import context_of
from tests.services.listed_rows import CONDITIONS, make_rows

Raw = dict[str, Any]
Meaning = Callable[[Raw], bool]


@pytest.fixture
def rows(app: Flask, admin_access: Access) -> list[Raw]:
    return make_rows(admin_access)


def tree(chance: random.Random, depth: int) -> tuple[Raw, Meaning]:
    """A random condition with what it means."""
    if not depth or chance.random() < 0.3:
        column, code, value, holds = chance.choice(CONDITIONS)
        return {"col": column, "opr": code, "value": value}, holds
    inner = [tree(chance, depth - 1) for _ in range(chance.randint(1, 3))]
    group = chance.choice(["all", "any", "none"])
    meanings = [holds for _node, holds in inner]

    def holds(row: Raw) -> bool:
        found = [one(row) for one in meanings]
        return all(found) if group == "all" else any(found) if group == "any" else not any(found)

    return {group: [node for node, _holds in inner]}, holds


def test_random_groups_find_what_a_plain_filter_finds(rows: list[Raw], admin_access: Access) -> None:
    chance = random.Random(5)
    for _ in range(150):
        asked = [tree(chance, 3) for _ in range(chance.randint(1, 2))]
        nodes = [node for node, _holds in asked]
        page = find_page(admin_access, "company", nodes, page_size=300)
        wanted = {row["_id"] for row in rows if all(holds(row) for _node, holds in asked)}
        assert {row["_id"] for row in page.rows} == wanted, nodes
        assert count_matching(admin_access, "company", nodes) == (len(wanted), True), nodes


def test_tokens_of_a_group_are_asked_of_their_index_at_once(rows: list[Raw], admin_access: Access) -> None:
    schema = schema_of("company")
    either = [{"any": [{"col": "x_size", "opr": "eq", "value": "big"}, {"col": "x_tags", "opr": "in", "value": ["a"]}]}]
    query = conditions_query(schema, either, Asking(admin_access, context_of(admin_access), linked.find_linked))
    assert query == {"facets": {"$in": ["x_size=big", "x_tags=a"]}}


# Across links


@pytest.fixture
def linked_records(admin_access: Access) -> dict[str, Raw]:
    """Three companies; a director in the first, an assistant in the first and the second, nobody in the third."""
    names = ("Alfa", "Beta", "Gamma")
    alfa, beta, gamma = create_records(admin_access, "company", [{"name": n, "city": n[0]} for n in names])
    director, assistant, loner = create_records(admin_access, "person", [
        {"name": "Dora", "title": "Director", "companies": [str(alfa["_id"])]},
        {"name": "Aku", "title": "Assistant", "companies": [str(alfa["_id"]), str(beta["_id"])]},
        {"name": "Lone", "title": "Director"},
    ])  # fmt: skip
    return {"Alfa": alfa, "Beta": beta, "Gamma": gamma, "Dora": director, "Aku": assistant, "Lone": loner}


def names(access: Access, register: str, *nodes: Raw) -> list[str]:
    return [row["name"] for row in find_page(access, register, nodes).rows]


DIRECTOR = {"col": "title", "opr": "ct", "value": "direct"}
ASSISTANT = {"col": "title", "opr": "eq", "value": "assistant"}


@pytest.mark.parametrize(("node", "found"), [
    ({"through": "person.companies", "all": [DIRECTOR]}, ["Alfa"]),
    ({"through": "person.companies", "any": [DIRECTOR, ASSISTANT]}, ["Alfa", "Beta"]),
    ({"through": "person.companies", "all": [DIRECTOR, ASSISTANT]}, []),
    ({"through": "person.companies", "none": [DIRECTOR]}, ["Beta", "Gamma"]),
    ({"none": [{"through": "person.companies", "any": [DIRECTOR, ASSISTANT]}]}, ["Gamma"]),
    ({"any": [{"through": "person.companies", "all": [ASSISTANT]}, {"col": "city", "opr": "eq", "value": "G"}]},
     ["Alfa", "Beta", "Gamma"]),
    ({"through": "person.companies", "all": [{"through": "companies", "all": [{"col": "city", "opr": "eq",
                                                                             "value": "B"}]}]}, ["Alfa", "Beta"]),
])  # fmt: skip
def test_companies_by_their_people(
    linked_records: dict[str, Raw], admin_access: Access, node: Raw, found: list[str]
) -> None:
    assert names(admin_access, "company", node) == found


@pytest.mark.parametrize(("node", "found"), [
    ({"through": "companies", "all": [{"col": "city", "opr": "eq", "value": "b"}]}, ["Aku"]),
    ({"through": "companies", "none": [{"col": "city", "opr": "eq", "value": "b"}]}, ["Dora", "Lone"]),
    ({"through": "companies", "any": [{"col": "name", "opr": "sw", "value": "al"}, DIRECTOR]}, None),
])  # fmt: skip
def test_people_by_their_companies(
    linked_records: dict[str, Raw], admin_access: Access, node: Raw, found: list[str] | None
) -> None:
    if found is None:
        with pytest.raises(ConditionError, match="title"):
            find_page(admin_access, "person", [node])
    else:
        assert names(admin_access, "person", node) == found


def test_a_link_of_one_s_own_is_a_way_in_both_directions(admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "parent", "kind": "link", "target": "company",
                                "label": {"en": "Parent"}})  # fmt: skip
    mother = create_record(admin_access, "company", {"name": "Mother"})
    create_record(admin_access, "company", {"name": "Daughter", "x_parent": str(mother["_id"])})
    is_mother, is_daughter = ({"col": "name", "opr": "eq", "value": name} for name in ("Mother", "Daughter"))
    assert names(admin_access, "company", {"through": "x_parent", "all": [is_mother]}) == ["Daughter"]
    assert names(admin_access, "company", {"through": "company.x_parent", "all": [is_daughter]}) == ["Mother"]


def test_what_the_user_may_not_see_is_no_condition(
    linked_records: dict[str, Raw], admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    through = {"through": "person.companies", "all": [DIRECTOR]}
    make_role("Companies only", ("company", "see", "all"))
    with pytest.raises(ConditionError, match=r"person\.companies"):
        find_page(access_of(make_user("a", "Companies only")), "company", [through])
    # Only people of one's own: the director is somebody else's.
    make_role("Own people", ("company", "see", "all"), ("person", "see", "own"))
    assert names(access_of(make_user("b", "Own people")), "company", through) == []
    make_role("No titles", ("company", "see", "all"), ("person", "see", "all"),
              field_rights=[FieldRight(register="person", column="title", access="hidden")])  # fmt: skip
    with pytest.raises(ConditionError, match="title"):
        find_page(access_of(make_user("c", "No titles")), "company", [through])
    make_role("No links", ("company", "see", "all"), ("person", "see", "all"),
              field_rights=[FieldRight(register="person", column="companies", access="hidden")])  # fmt: skip
    with pytest.raises(ConditionError, match=r"person\.companies"):
        find_page(access_of(make_user("d", "No links")), "company", [through])


def test_a_selection_goes_across_links_too(linked_records: dict[str, Raw], admin_access: Access) -> None:
    chosen = Selection(conditions=({"through": "person.companies", "all": [ASSISTANT]},), all_matching=True)
    again = Selection.from_params(chosen.as_params())
    assert [raw["name"] for raw in iterate_selected(admin_access, "company", again, "see")] == ["Alfa", "Beta"]


def test_too_many_linked_records_are_said(
    linked_records: dict[str, Raw], admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked, "MOST_LINKED", 1)
    with pytest.raises(ConditionError, match="More than 1"):
        find_page(admin_access, "person", [{"through": "companies", "all": [{"col": "name", "opr": "nempty"}]}])


def test_very_many_linked_records_are_read_as_quickly(rows: list[Raw], admin_access: Access) -> None:
    """Beyond what the index of tokens merges, and beyond what an index of ids sorts, the rows stand in order all the
    same."""
    people = [{"name": f"P {number}", "companies": [str(row["_id"])]} for number, row in enumerate(rows)]
    create_records(admin_access, "person", people)
    anybody = {"col": "name", "opr": "sw", "value": "P"}
    found = find_page(admin_access, "company", [{"through": "person.companies", "all": [anybody]}], page_size=300)
    plain = find_page(admin_access, "company", page_size=300)
    assert [row["_id"] for row in found.rows] == [row["_id"] for row in plain.rows]
    everything = {"through": "companies", "all": [{"col": "name", "opr": "nempty"}]}
    assert find_page(admin_access, "person", [everything], page_size=300).count == len(rows)


# Shapes


@pytest.mark.parametrize("nodes", [
    [{"any": []}], [{"any": "x"}], [{"any": [1]}], [{"any": [{"col": "name"}]}], [{"all": [], "any": []}],
    [{"any": [{"col": "name", "opr": "eq", "value": "x"}], "more": 1}], [{"col": ["name"], "opr": "eq"}],
    [{"col": "name", "opr": {"$where": 1}}], [{"through": "companies"}], [{"through": ["companies"], "any": [{}]}],
    {"any": []}, "any", [[{"col": "name", "opr": "eq"}]],
    [{"any": [{"any": [{"any": [{"any": [{"any": [{"any": [{"col": "name", "opr": "nempty"}]}]}]}]}]}]}],
    [{"any": [{"col": "name", "opr": "nempty"}] * 26}] * 2,
    [{"any": [{"col": "name", "opr": "nempty"}] * (MAX_CONDITIONS + 1)}],
])  # fmt: skip
def test_shapes_that_make_no_sense_are_refused(app: Flask, nodes: Any) -> None:
    with pytest.raises(ConditionError):
        checked(nodes)


def test_an_unknown_way_is_refused(app: Flask, admin_access: Access) -> None:
    with pytest.raises(ConditionError, match="There is no link"):
        find_page(admin_access, "company", [{"through": "companies", "all": [{"col": "name", "opr": "nempty"}]}])


# Me, my team, and days that move


def test_me_and_my_team_are_whoever_asks(make_user: Callable, admin_access: Access, access_of: Callable) -> None:
    anna, bertta = (access_of(make_user(name, "Admin")) for name in ("anna", "bertta"))
    create_record(anna, "company", {"name": "Anna's"})
    create_record(bertta, "company", {"name": "Bertta's"})
    mine = {"col": "owner", "opr": "eq", "value": "me"}
    assert names(anna, "company", mine) == ["Anna's"]
    assert names(bertta, "company", mine) == ["Bertta's"]
    assert names(bertta, "company", {"col": "owner", "opr": "nin", "value": ["me"]}) == ["Anna's"]
    assert names(anna, "company", {"col": "team", "opr": "eq", "value": "mine"}) == []
    team = Access(user_id=anna.user_id, team_id=anna.user_id, grants={("company", "see"): Scope.ALL})
    create_record(admin_access, "company", {"name": "Team's"})
    assert names(team, "company", {"col": "team", "opr": "eq", "value": "mine"}) == []


def test_periods_move_with_today(admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "since", "kind": "date", "label": {"en": "Since"}})
    today = dt.datetime.now(dt.UTC).date()
    for name, days in (("Today", 0), ("Yesterday", -1), ("Long ago", -400), ("Soon", 5)):
        create_record(admin_access, "company", {"name": name, "x_since": (today + dt.timedelta(days)).isoformat()})

    def found(code: str, column: str = "x_since") -> list[str]:
        return names(admin_access, "company", {"col": column, "opr": "period", "value": code})

    assert found("today") == ["Today"]
    assert found("yesterday") == ["Yesterday"]
    assert found("last_7_days") == ["Today", "Yesterday"]
    assert found("last_2_days") == ["Today", "Yesterday"]
    assert found("last_1_days") == ["Today"]
    assert found("next_6_days") == ["Soon", "Today"]
    assert len(found("today", "created_at")) == 4
    for wrong in ("last_0_days", "last_99999_days", "someday", "", None, 7, ["today", "yesterday"], {"$gt": 1}):
        with pytest.raises(ConditionError):
            found(wrong)  # type: ignore[arg-type]
