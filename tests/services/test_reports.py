"""Reports over the registers there are: rows, totals, drill-down and rights, for every kind that can be grouped by."""

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from flask import Flask

from models.companies import Company
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.kinds import KINDS
from models.fields.schema import schema_of
from models.rates import ExchangeRate
from models.rights import Access, system_access
from models.security import FieldRight, User
from services.records import create_record, create_records
from services.reports.definition import MOST_CONDITIONS, Definition, definition_of, dimensions
from services.reports.figures import Figures, Row, figures_of
from services.reports.sources import Source
from services.search import find_page
from services.settings import define_field
from services.values import context_of
from tests.services.listed_rows import make_rows

Raw = dict[str, Any]
HELSINKI = system_access("fi", "Europe/Helsinki")
KINDS_TRIED = ("text", "number", "money", "date", "datetime", "boolean", "choice", "choices", "email", "phone", "url",
               "user", "users", "link")  # fmt: skip


def report(access: Access, register: str, *groups: str, **more: Any) -> Figures:
    """The figures of a report by columns, each "column" or "column/period"; `measures` as "how column by"."""
    written = [one.split() for one in more.pop("measures", ["count"])]
    measures = [dict(zip(("how", "column", "by"), one, strict=False)) for one in written]
    parts = [one.partition("/") for one in groups]
    asked = {"register": register, "groups": [{"column": c, "by": by} for c, _slash, by in parts],
             "measures": measures, **more}  # fmt: skip
    return figures_of(access, definition_of(access, asked))


def shown(figures: Figures) -> list[tuple[Any, ...]]:
    return [(*row.texts, *row.values) for row in figures.rows]


def ids_behind(access: Access, register: str, row: Row) -> set[ObjectId]:
    return {raw["_id"] for raw in find_page(access, register, row.conditions, page_size=1_000).rows}


# Counting


def test_rows_stand_in_the_order_of_choices_and_those_without_last(app: Flask, admin_access: Access) -> None:
    for status in ("customer", "customer", "prospect", None):
        create_record(admin_access, "company", {"name": "A", **({"status": status} if status else {})})
    figures = report(admin_access, "company", "status", measures=["count", "share"])
    assert shown(figures) == [("Prospect", 1, 0.25), ("Customer", 2, 0.5), ("Not given", 1, 0.25)]
    assert figures.totals == [4, 1.0]
    assert [one.label_in("en") for one in figures.measures] == ["Count", "Share of the count"]
    largest = report(admin_access, "company", "status", order="0", limit=1)
    assert shown(largest) == [("Customer", 2)]
    assert largest.more
    assert largest.totals == [4]


def test_a_report_without_groups_is_its_total(app: Flask, admin_access: Access) -> None:
    assert report(admin_access, "company").totals == [0]
    create_record(admin_access, "company", {"name": "A"})
    figures = report(admin_access, "company")
    assert (figures.totals, shown(figures)) == ([1], [(1,)])


@pytest.fixture
def tried(app: Flask, admin_access: Access, make_user: Callable[..., User]) -> list[str]:
    """Sixty companies with values of every kind, some of them odd, and the columns of these."""
    users = [make_user(name).pk for name in ("aino", "eero")]
    mothers = [raw["_id"] for raw in create_records(admin_access, "company", [{"name": "Äiti"}, {"name": "Ostaja"}])]
    choices = [{"key": key, "label": {"en": key}} for key in ("b", "a", "c")]
    for kind in KINDS_TRIED:
        more = {"choices": choices} if kind.startswith("choice") else {"target": "company"} if kind == "link" else {}
        define_field(admin_access, {"register": "company", "key": f"f_{kind}", "kind": kind, "label": {"en": kind},
                                    **more})  # fmt: skip
    samples: dict[str, list[Any]] = {
        "text": ["Ähtäri", "ähTÄRI", "a.b", "ab", "Straße", "STRASSE", "x" * 500, "(", "\u1e9e", "ß"],
        "number": [1, 1.5, 12.375, 0, -3, 10**18, 0.1 + 0.2], "money": ["1 EUR", "2.50 SEK"],
        "date": ["2024-12-29", "2024-12-30", "2025-01-01", "2025-03-31", "0001-01-01", "9999-12-31", "2025-12-31"],
        "datetime": ["2024-12-31T21:59Z", "2024-12-31T22:00Z", "2025-03-30T00:30Z", "2025-10-26T00:30Z",
                     "0001-01-01T00:00Z", "9999-12-31T23:59Z", "2025-01-05T22:30Z"],
        "boolean": [True, False], "choice": ["a", "b", "c"], "choices": [["a"], ["a", "c"], ["b", "c"]],
        "email": ["a@example.com", "B@example.com"], "phone": ["040 1234567", "0501234567"],
        "url": ["example.com", "https://example.com/A", "https://example.com/a"],
        "user": [str(one) for one in users], "users": [[str(one) for one in users], [str(users[0])]],
        "link": [str(one) for one in mothers],
    }  # fmt: skip
    chance = random.Random(1)
    create_records(system_access("en", "UTC"), "company", [
        {"name": f"Yritys {number}"} | {f"x_f_{kind}": chance.choice(samples[kind]) for kind in KINDS_TRIED
                                        if chance.random() < 0.8} for number in range(60)])  # fmt: skip
    return [f"x_f_{kind}" for kind in KINDS_TRIED if KINDS[kind].groupings]


@pytest.mark.parametrize("access", [HELSINKI, system_access("en", "America/New_York"), system_access("en", "UTC")],
                         ids=["fi", "new-york", "utc"])  # fmt: skip
def test_the_conditions_of_each_row_lead_to_exactly_its_records(tried: list[str], access: Access) -> None:
    everything = {raw["_id"] for raw in find_page(access, "company", page_size=1_000).rows}
    for one in dimensions(schema_of("company")):
        for by in one.ways if one.column in tried else ():
            rows = report(access, "company", f"{one.column}/{by}").rows
            found = [ids_behind(access, "company", row) for row in rows]
            assert [len(ids) for ids in found] == [row.values[0] for row in rows], one.column
            assert set().union(*found) == everything, one.column
            if not one.field.kind.in_each:
                assert sum(row.values[0] for row in rows) == len(everything), one.column
            assert len({row.keys for row in rows}) == len(rows)
            assert all(text for row in rows for text in row.texts)


def test_two_groups_and_conditions_lead_to_their_records(tried: list[str], admin_access: Access) -> None:
    asked = [{"col": "x_f_boolean", "opr": "eq", "value": True}]
    figures = report(admin_access, "company", "x_f_choices", "x_f_date/quarter", "x_f_text", conditions=asked)
    assert len(figures.rows) > 20
    for row in figures.rows:
        assert len(ids_behind(admin_access, "company", row)) == row.values[0]
        assert row.conditions[0] == asked[0]


def test_a_record_counts_in_each_of_its_values_and_once_in_the_total(app: Flask, admin_access: Access) -> None:
    first, second = create_records(admin_access, "company", [{"name": "Beta"}, {"name": "Alfa"}])
    both, one = [str(first["_id"]), str(second["_id"])], [str(first["_id"])]
    define_field(admin_access, {"register": "person", "key": "fee", "kind": "number", "label": {"en": "Fee"}})
    create_records(admin_access, "person", [
        {"name": "A", "companies": both, "x_fee": 10}, {"name": "B", "companies": one, "x_fee": 2.5}, {"name": "C"},
    ])  # fmt: skip
    figures = report(admin_access, "person", "companies",
                     measures=["count", "sum x_fee", "mean x_fee", "share x_fee"])  # fmt: skip
    assert shown(figures) == [("Alfa", 1, 10, 10, 0.8), ("Beta", 2, 12.5, 6.25, 1.0), ("Not given", 1, 0, None, 0.0)]
    assert figures.totals == [3, 12.5, 6.25, 1.0]


def test_days_go_together_by_the_reader_s_clock_and_weeks_begin_on_monday(app: Flask, admin_access: Access) -> None:
    for moment in ("2024-12-29T21:30Z", "2024-12-29T22:30Z", "2024-12-31T22:30Z"):
        create_record(admin_access, "activity", {"name": "A", "kind": "meeting", "starts_at": moment})
    weeks = report(HELSINKI, "activity", "starts_at/week").rows
    assert [(row.keys[0], row.values[0]) for row in weeks] == [(dt.date(2024, 12, 23), 1), (dt.date(2024, 12, 30), 2)]
    years = [report(access, "activity", "starts_at/year").rows for access in (HELSINKI, admin_access)]
    assert [[row.texts[0] for row in rows] for rows in years] == [["2024", "2025"], ["2024"]]


def test_a_time_zone_that_the_database_does_not_know_is_told(app: Flask, admin_access: Access) -> None:
    create_record(admin_access, "company", {"name": "A"})
    month = {"$dateTrunc": {"date": "$created_at", "unit": "month", "timezone": "Nowhere/City"}}
    with pytest.raises(ConditionError, match="time zone"):
        Source(Company._get_collection(), ()).aggregated([{"$group": {"_id": month}}])


# Money


def set_rates(*rates: tuple[str, str, str]) -> None:
    for currency, day, rate in rates:
        moment = dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)
        ExchangeRate(currency=currency, day=moment, rate=Decimal128(rate)).save()


def test_amounts_are_converted_by_the_rate_of_the_day_and_rounded_at_the_end(app: Flask, admin_access: Access) -> None:
    define_field(admin_access, {"register": "company", "key": "worth", "kind": "money", "label": {"en": "Worth"}})
    define_field(admin_access, {"register": "company", "key": "odds", "kind": "number", "label": {"en": "Odds"}})
    today = dt.datetime.now(dt.UTC).date()
    set_rates(("SEK", "2020-01-01", "0.5"), ("SEK", str(today), "0.087"),
              ("SEK", str(today + dt.timedelta(days=2)), "9"))  # fmt: skip
    for worth, odds in (("0.005 EUR", 50), ("0.01 SEK", 100), ("0.01 SEK", None), ("7 NOK", 10), (None, 10)):
        given = {"x_worth": worth, "x_odds": odds}
        create_record(admin_access, "company", {"name": "A", **{key: one for key, one in given.items() if one}})
    figures = report(admin_access, "company", "name", measures=[
        "count", "sum x_worth", "mean x_worth", "weighted x_worth x_odds", "share x_worth"])  # fmt: skip
    # 0.005 + 0.02 × 0.087 = 0.00674; of three; 0.0025 + 0.00087.
    assert figures.totals == [5, Decimal("0.01"), Decimal("0.00"), Decimal("0.00"), 1.0]
    assert figures.left_out == {"NOK": 1}
    assert (figures.currency, figures.day) == ("EUR", today)
    set_rates(("NOK", "2020-01-01", "1"))
    figures = report(admin_access, "company", measures=["sum x_worth", "weighted x_worth x_odds"])
    assert figures.totals == [Decimal("7.01"), Decimal("0.70")]
    assert figures.measures[0].text(figures.totals[0], "EUR", context_of(admin_access)) == "€7.01"


# Across


def test_across_has_totals_of_lines_and_columns_that_count_each_record_once(app: Flask, admin_access: Access) -> None:
    rows = make_rows(admin_access)
    figures = report(admin_access, "company", "x_size", "x_tags", across=True, order="0", limit=2)
    by_size = report(admin_access, "company", "x_size", order="0")
    assert [(row.keys, row.values) for row in figures.lines] == [(row.keys, row.values) for row in by_size.rows[:2]]
    assert figures.more
    tags = report(admin_access, "company", "x_tags")
    assert [(row.keys, row.values, row.conditions) for row in figures.columns] == [
        (row.keys, row.values, row.conditions) for row in tags.rows]  # fmt: skip
    assert figures.totals == [len(rows)]
    lines = [row.keys for row in figures.lines]
    assert [row.keys[:1] for row in figures.rows] == sorted([row.keys[:1] for row in figures.rows], key=lines.index)
    for row in figures.rows:
        assert len(ids_behind(admin_access, "company", row)) == row.values[0]
    single = report(admin_access, "company", "x_tags", "x_size", across=True)
    assert [row.values for row in single.lines] == [row.values for row in tags.rows]


# Rights


def test_one_s_own_records_alone_are_counted_and_hidden_fields_are_no_part_of_a_report(
    app: Flask, admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    hidden = [FieldRight(register="company", column="city", access="hidden")]
    make_role("Own", ("company", "see", "own"), field_rights=hidden)
    seller = make_user("seller", "Own")
    create_record(admin_access, "company", {"name": "Mine", "city": "Oulu", "owner": str(seller.pk)})
    create_record(admin_access, "company", {"name": "Other", "city": "Oulu"})
    access = access_of(seller)
    assert report(access, "company", "name").totals == [1]
    assert "city" not in [one.column for one in dimensions(schema_of("company").for_access(access))]
    with pytest.raises(ValidationFailed, match="city"):
        report(access, "company", "city")
    # A report that somebody else has made is worked out by the reader's rights.
    shared = definition_of(admin_access, {"register": "company", "groups": [{"column": "city"}]})
    with pytest.raises(ConditionError, match="city"):
        figures_of(access, shared)
    with pytest.raises(ValidationFailed, match="register"):
        definition_of(access, {"register": "person"})


def test_names_of_records_that_one_does_not_see_are_not_told(
    app: Flask, admin_access: Access, make_role: Callable, make_user: Callable, access_of: Callable
) -> None:
    make_role("People", ("person", "see", "all"), ("company", "see", "own"))
    secret, gone = create_records(admin_access, "company", [{"name": "Salaisuus Oy"}, {"name": "Poissa Oy"}])
    for company in (secret, gone):
        create_record(admin_access, "person", {"name": "A", "companies": [str(company["_id"])]})
    access = access_of(make_user("reader", "People"))
    figures = report(access, "person", "companies")
    assert shown(figures) == [("Not visible to you", 1)] * 2
    assert "Salaisuus" not in repr(figures.rows)
    assert [len(ids_behind(access, "person", row)) for row in figures.rows] == [1, 1]


def test_private_records_of_others_are_not_counted(
    app: Flask, admin_access: Access, make_user: Callable, access_of: Callable
) -> None:
    one, other = (access_of(make_user(name, "Admin")) for name in ("one", "other"))
    create_record(one, "activity", {"name": "Secret", "private": True, "owner": str(one.user_id)})
    assert report(one, "activity", "kind").totals == [1]
    assert (report(other, "activity", "kind").totals, report(other, "activity", "kind").rows) == ([0], [])


# What makes no sense


@pytest.mark.parametrize(("part", "asked"), [
    ("register", {"register": "nothing"}), ("register", {"register": ["company"]}), ("groups", {"groups": "name"}),
    ("groups", {"groups": [{"column": "nothing"}]}), ("groups", {"groups": [{"column": ["name"]}]}),
    ("groups", {"groups": [{"column": "name"}] * 2}),
    ("groups", {"groups": [{"column": "created_at", "by": "decade"}]}),
    ("groups", {"groups": [{"column": c} for c in ("name", "city", "status", "phone")]}),
    ("groups", {"groups": [{"column": "name", "by": ["x"]}]}),
    ("measures", {"measures": [{"how": "product"}]}), ("measures", {"measures": [{"how": "sum", "column": "name"}]}),
    ("measures", {"measures": [{"how": "sum", "column": {"$gt": ""}}]}),
    ("measures", {"measures": [{"how": "weighted", "column": "x_staff", "by": "x_staff"}]}),
    ("across", {"across": True}), ("across", {"across": "yes"}), ("chart", {"chart": "spider"}),
    ("order", {"order": "7"}), ("order", {"order": ["0"]}), ("limit", {"limit": -1}), ("limit", {"limit": "many"}),
    ("limit", {"limit": [1]}), ("as_of", {"as_of": "yesterday"}), ("as_of", {"as_of": "2999-01-01"}),
    ("as_of", {"as_of": 7}),
])  # fmt: skip
def test_what_makes_no_sense_is_told_by_part(app: Flask, admin_access: Access, part: str, asked: Raw) -> None:
    define_field(admin_access, {"register": "company", "key": "staff", "kind": "number", "label": {"en": "Staff"}})
    with pytest.raises(ValidationFailed) as told:
        definition_of(admin_access, {"register": "company", **asked})
    assert list(told.value.errors) == [part]


def test_conditions_leave_room_for_those_of_a_row(app: Flask, admin_access: Access) -> None:
    condition = {"col": "name", "opr": "nempty"}
    with pytest.raises(ConditionError, match="Too many"):
        definition_of(admin_access, {"register": "company", "conditions": [condition] * (MOST_CONDITIONS + 1)})
    with pytest.raises(ConditionError, match="no field"):
        definition_of(admin_access, {"register": "company", "conditions": [{"col": "x", "opr": "eq", "value": 1}]})


def test_a_definition_comes_back_from_its_plain_values(app: Flask, admin_access: Access) -> None:
    asked = {"register": "opportunity", "groups": [{"column": "created_at", "by": "week"}, {"column": "stage"}],
             "across": True, "chart": "bar", "order": "0", "limit": "5", "as_of": "2024-01-31",
             "conditions": [{"col": "name", "opr": "sw", "value": "A"}]}  # fmt: skip
    made = definition_of(admin_access, asked)
    assert made == definition_of(admin_access, made.as_raw())
    assert isinstance(made, Definition)
    assert made.limit == 5
    assert made.as_of == dt.date(2024, 1, 31)


def test_more_rows_than_can_be_shown_are_refused(
    app: Flask, admin_access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.reports.tally.MOST_ROWS", 1)
    create_records(admin_access, "company", [{"name": "A"}, {"name": "B"}])
    with pytest.raises(ConditionError, match="more than 1 rows"):
        report(admin_access, "company", "name")
