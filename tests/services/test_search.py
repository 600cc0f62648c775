"""Lists of records: the same rows as a plain filter in Python gives, in order, on every page."""

import base64
import datetime as dt
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask

from models.collation import collation_key
from models.companies import Company
from models.fields.errors import ConditionError
from models.rights import Access, Scope
from services.records import create_records
from services.search import COUNT_CAP, Page, TooSlow, find_page
from tests.services.listed_rows import CONDITIONS, amount, make_rows

Raw = dict[str, Any]

@pytest.fixture
def rows(app: Flask, admin_access: Access) -> list[Raw]:
    return make_rows(admin_access)


#: What each column is sorted by; None has no value.
SORTED_BY: dict[str, Callable[[Raw], Any]] = {
    "x_staff": lambda r: r.get("x_staff"), "x_budget": amount, "x_since": lambda r: r.get("x_since"),
    "x_size": lambda r: r.get("x_size"), "x_open": lambda r: r.get("x_open"), "x_note": lambda r: r.get("x_note"),
    "created_at": lambda r: r["created_at"],
}  # fmt: skip


def by_name(row: Raw) -> tuple:
    return collation_key(row["name"]), row["_id"]


def expected(rows: list[Raw], asked: list[tuple], order: str = "name", direction: str = "asc") -> list:
    """Ids of the rows that hold all conditions, in order: equal values by name, rows without a value last."""
    found = sorted((row for row in rows if all(holds(row) for *_condition, holds in asked)), key=by_name)
    if order == "name":
        return [row["_id"] for row in (found[::-1] if direction == "desc" else found)]
    value = SORTED_BY[order]
    filled = sorted((row for row in found if value(row) is not None), key=value, reverse=direction == "desc")
    return [row["_id"] for row in [*filled, *(row for row in found if value(row) is None)]]


def conditions_of(asked: list[tuple]) -> list[Mapping[str, Any]]:
    return [{"col": column, "opr": code, "value": value} for column, code, value, _holds in asked]


def ids(page: Page) -> list:
    return [row["_id"] for row in page.rows]


def test_find_page_with_random_conditions_finds_what_a_plain_filter_finds(
    rows: list[Raw], admin_access: Access
) -> None:
    chance = random.Random(11)
    samples = [[one] for one in CONDITIONS] + [chance.sample(CONDITIONS, chance.randint(2, 4)) for _ in range(60)]
    for asked in samples:
        order, direction = chance.choice(["name", *SORTED_BY]), chance.choice(["asc", "desc"])
        page = find_page(admin_access, "company", conditions_of(asked), order=order, direction=direction, page_size=300)
        wanted = expected(rows, asked, order, direction)
        assert ids(page) == wanted, (conditions_of(asked), order, direction)
        assert (page.count, page.exact, page.has_next) == (len(wanted), True, False)


@pytest.mark.parametrize("order", ["name", "x_staff", "x_size", "x_note", "created_at"])
def test_find_page_with_columns_reads_those_and_turns_pages_all_the_same(
    rows: list[Raw], admin_access: Access, order: str
) -> None:
    whole = find_page(admin_access, "company", order=order, direction="desc", page_size=300)
    found: list[Raw] = []
    page = None
    while page is None or page.has_next:
        page = find_page(admin_access, "company", order=order, direction="desc", page_size=70,
                         columns=["x_budget", "no"], page=page.page + 1 if page else 0,
                         after=page.after if page else None)  # fmt: skip
        found += page.rows
    assert [row["_id"] for row in found] == ids(whole)
    budgets = [row["custom"].get("budget") for row in whole.rows]
    assert [row.get("custom", {}).get("budget") for row in found] == budgets
    assert all("city" not in row and "tags" not in row.get("custom", {}) for row in found)
    assert all(row["facets"] == other["facets"] for row, other in zip(found, whole.rows, strict=True))


def test_find_page_within_rights_finds_what_the_team_owns(rows: list[Raw], admin_access: Access) -> None:
    own = Company._get_collection()
    mine = [row for row in rows if row.get("x_size") == "big"][:30]
    user, team = rows[0]["_id"], rows[1]["_id"]
    for number, row in enumerate(mine):
        token = f"owner={user}" if number % 2 else f"team={team}"
        own.update_one({"_id": row["_id"]}, {"$push": {"facets": token}})
    limited = Access(user_id=user, team_id=team, grants={("company", "see"): Scope.TEAM})
    asked = [CONDITIONS[0], CONDITIONS[9]]
    page = find_page(limited, "company", conditions_of(asked), order="x_staff", page_size=100)
    assert ids(page) == expected(mine, asked, "x_staff")


@pytest.mark.parametrize("order", ["name", "x_staff", "x_size", "x_note", "created_at"])
@pytest.mark.parametrize("grants", [{}, {("company", "see"): Scope.OWN}], ids=["none", "own"])
def test_find_page_without_any_right_is_an_empty_page(rows: list[Raw], order: str, grants: Any) -> None:
    page = find_page(Access(grants=grants), "company", conditions_of(CONDITIONS[:1]), order=order, page=0)
    assert (page.rows, page.count, page.exact, page.after, page.before) == ([], 0, True, "", "")


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("order", ["name", *SORTED_BY])
@pytest.mark.parametrize("asked", [[], CONDITIONS[1:2]], ids=["all", "some"])
def test_pages_by_key_hold_every_row_once_both_ways(
    rows: list[Raw], admin_access: Access, order: str, direction: str, asked: list
) -> None:
    def page_at(**where: Any) -> Page:
        return find_page(admin_access, "company", conditions_of(asked), order=order, direction=direction, page_size=37,
                         **where)  # fmt: skip

    wanted = expected(rows, asked, order, direction)
    pages = [page_at()]
    while pages[-1].has_next:
        pages.append(page_at(page=len(pages), after=pages[-1].after))
    assert [row for page in pages for row in ids(page)] == wanted
    assert [ids(page_at(page=number)) for number in range(len(pages))] == [ids(page) for page in pages]
    back = pages[-1]
    for number in range(len(pages) - 2, -1, -1):
        back = page_at(page=number, before=back.before)
        assert ids(back) == ids(pages[number])
        assert back.has_next
        assert back.count == len(wanted)
    assert (back.page, back.before) == (0, "")
    assert page_at(page=len(pages)).rows == []


@pytest.mark.parametrize("size", [1, 7])
def test_page_numbers_run_through_values_and_those_without(rows: list[Raw], admin_access: Access, size: int) -> None:
    wanted = expected(rows, [], "x_staff", "desc")
    for number in (0, 1, 20, 29, 30, 31, 42, 299):
        page = find_page(admin_access, "company", order="x_staff", direction="desc", page=number, page_size=size)
        assert ids(page) == wanted[number * size : (number + 1) * size]


def test_next_page_is_right_after_its_row_was_deleted(rows: list[Raw], admin_access: Access) -> None:
    first = find_page(admin_access, "company", order="x_since", page_size=10)
    Company._get_collection().delete_one({"_id": first.rows[-1]["_id"]})
    second = find_page(admin_access, "company", order="x_since", page_size=10, page=1, after=first.after)
    assert ids(second) == expected(rows, [], "x_since")[10:20]


def key(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("bad", [
    "x", "ö", "=" * 9, "a" * 5_000, key("[]"), key("null"), key("{}"), key('["k1","",0,[]]'), key('["k1","",9,[]]'),
    key('["k1","",0,[["s","a"],["s","b"]]]'), key('["k1","",0,[["s",{"$gt":""}],["o","' + "0" * 24 + '"]]]'),
    key('["k1","",0,[["s","\\ud800"],["o","' + "0" * 24 + '"]]]'), key('["k1","",0,[["s","a"],["o","zz"]]]'),
    key('["k1","x_staff",0,[["i","' + "9" * 30 + '"],["s","a"],["o","' + "0" * 24 + '"]]]'),
    key('["k1","",0,[["t","0001-01-01T00:00:00+23:59"],["o","' + "0" * 24 + '"]]]'), key("[" * 100_000),
    key('["k1","",0,[["m","abc"],["o","' + "0" * 24 + '"]]]'), key('["k1","",0,[[[],"a"],["o","' + "0" * 24 + '"]]]'),
    key('["k1","",-1,[["s","a"],["o","' + "0" * 24 + '"]]]'),
    key('["k1","",true,[["s","a"],["o","' + "0" * 24 + '"]]]'),
], ids=lambda bad: bad[:12])  # fmt: skip
def test_key_that_no_page_gave_is_refused_with_a_message(app: Flask, admin_access: Access, bad: str) -> None:
    for where in ({"after": bad}, {"before": bad}):
        with pytest.raises(ConditionError, match="first page"):
            find_page(admin_access, "company", page=1, **where)


def test_key_of_another_order_is_refused(rows: list[Raw], admin_access: Access) -> None:
    page = find_page(admin_access, "company", page_size=5)
    with pytest.raises(ConditionError):
        find_page(admin_access, "company", page=1, direction="desc", order="name", after=page.after)


def test_values_too_long_for_an_address_have_no_key(rows: list[Raw], admin_access: Access) -> None:
    Company._get_collection().update_many({}, {"$set": {"custom.note": "x" * 2_000}})
    page = find_page(admin_access, "company", order="x_note", page_size=5)
    assert (page.has_next, page.after) == (True, "")


def test_names_without_a_letter_are_paged_too(app: Flask, admin_access: Access) -> None:
    raws = create_records(admin_access, "company", [{"name": name} for name in ("!!!", "???", "a")])
    first = find_page(admin_access, "company", page_size=1)
    second = find_page(admin_access, "company", page_size=1, page=1, after=first.after)
    assert ids(first) + ids(second) == [raws[0]["_id"], raws[1]["_id"]]


def many(count: int, **values: Any) -> None:
    Company._get_collection().insert_many(
        [{"name": f"N{n}", "sort_name": f"n{n}", "version": 1, "facets": ["status=other"], "ranges": {}, **values}
         for n in range(count)])  # fmt: skip


def test_count_stops_at_the_cap_and_is_exact_on_request(app: Flask, admin_access: Access) -> None:
    many(2_300, created_at=dt.datetime(2024, 5, 5, tzinfo=dt.UTC))
    for conditions in ([], [{"col": "status", "opr": "eq", "value": "other"}]):
        page = find_page(admin_access, "company", conditions)
        assert (page.count, page.exact) == (COUNT_CAP, False)
        page = find_page(admin_access, "company", conditions, exact=True)
        assert (page.count, page.exact) == (2_300, True)


def test_count_of_what_no_index_finds_is_a_lower_bound_unless_thorough(app: Flask, admin_access: Access) -> None:
    many(1_500, city="Tampere")
    many(700, city="Turku")
    conditions = [{"col": "city", "opr": "eq", "value": "turku"}]
    page = find_page(admin_access, "company", conditions)
    assert (page.count, page.exact) == (26, False)
    page = find_page(admin_access, "company", conditions, thorough=True)
    assert (page.count, page.exact) == (700, True)


def test_query_over_its_time_asks_for_a_narrower_one(app: Flask, admin_access: Access) -> None:
    many(300, custom={"note": "x" * 5_000})
    slow = [{"col": "name", "opr": "nct", "value": "q" * 20}, {"col": "city", "opr": "nct", "value": "z"}]

    def ask_until_late() -> None:
        for _ in range(300):
            find_page(admin_access, "company", slow, order="city", page_size=1_000)

    app.config["QUERY_SECONDS"], limit = 0.001, app.config["QUERY_SECONDS"]
    try:
        with pytest.raises(TooSlow, match="narrows"):
            ask_until_late()
    finally:
        app.config["QUERY_SECONDS"] = limit
