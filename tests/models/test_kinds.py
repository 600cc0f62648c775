"""Every kind of field: what it reads, keeps, shows, and finds again with each of its operators."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from typing import Any

import mongoengine as me
import pytest
from bson import Decimal128, ObjectId
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from models.base import derived_values
from models.fields.context import Context
from models.fields.errors import ConditionError, FieldError
from models.fields.field import Choice, Field
from models.fields.kinds import KINDS, OFFERED_KINDS
from models.fields.kinds.choices import choice_parts
from models.fields.kinds.numbers import decimal_of, parse_decimal
from models.fields.operators import OPERATORS
from services.exports.tables import plain_text

FI = Context(language="fi", time_zone="Europe/Helsinki")
EN = Context(language="en", time_zone="Europe/Helsinki")
SECTORS = (Choice("energy", {"en": "Energy", "fi": "Energia"}, "orange"), Choice("it", {"en": "IT"}))
IDS = [ObjectId("0123456789abcdef01234567"), ObjectId("0123456789abcdef01234568")]
#: kind -> two different inputs, the second one greater where there is an order.
SAMPLES: dict[str, tuple[Any, Any]] = {
    "text": ("Alfa", "beta"), "long_text": ("First\nsecond", "Other"),
    "rich_text": ("<p>First <strong>second</strong></p>", "Other"),
    "mail_html": ("<h1>First</h1><p style=\"color:red\">second</p>", "Other"),
    "number": ("1 200,5", "1 300"),
    "money": ("1 200,50 EUR", "2 000 EUR"), "date": ("31.1.2024", "2024-02-01"),
    "datetime": ("31.1.2024 14.30", "2024-02-01T00:15"), "boolean": ("yes", "no"), "choice": ("energy", "it"),
    "choices": (["energy"], ["energy", "it"]), "email": ("matti@example.fi", "maija@example.fi"),
    "phone": ("040 1234567", "+358 50 123 4567"), "url": ("www.example.fi", "https://example.com/a?b=1"),
    "user": (str(IDS[0]), str(IDS[1])), "users": ([str(IDS[0])], [str(IDS[1])]), "link": (str(IDS[0]), str(IDS[1])),
    "links": ([str(IDS[0])], [str(IDS[1])]),
    "files": ([str(IDS[0])], [str(IDS[1])]),
    "team": (str(IDS[0]), str(IDS[1])), "business_id": ("0112038-9", "FI20774740"),
    "product_lines": ([{"product": str(IDS[0]), "name": "Pump", "quantity": "2,5", "price": "1 200,5", "discount": 1}],
                      [{"product": str(IDS[1]), "name": "Service", "quantity": 1, "price": 80}]),
    "consent": ("granted; Trade fair; 2026-05-03", {"state": "refused", "source": "", "on": "2026-05-04"}),
    "conditions": ([{"col": "name", "opr": "ct", "value": "Voima"}],
                   [{"none": [{"segment": str(IDS[0])}]}, {"through": "a", "any": [{"col": "b", "opr": "empty"}]}]),
    "file_versions": ([{"file": str(IDS[0]), "name": "offer.docx", "size": 1200, "at": "2026-01-31T12:00:00+00:00"}],
                      [{"file": str(IDS[1]), "name": "b.pdf", "size": 5, "by": str(IDS[0]), "note": "As agreed"}]),
    "file_size": ("1,5 MB", "2 GB"), "file_text": ("First second", "Other"),
    "time": ("9.05", "14:30"), "recurrence": ("FREQ=WEEKLY;BYDAY=MO", "RRULE:FREQ=MONTHLY;COUNT=3;BYMONTHDAY=-1"),
}  # fmt: skip


@given(st.builds("{}{}E{}".format, st.sampled_from(["", "-"]), st.integers(0, 10**34 - 1), st.integers(-6176, 6111))
       | st.sampled_from(["NaN", "Infinity", "-Infinity", "1.50", "-0.00"]))  # fmt: skip
def test_amounts_read_the_quick_way_are_those_that_the_library_reads(number: str) -> None:
    kept = Decimal128(number)
    # Written out they can be told apart where numbers that are equal can't: 1.50 and 1.5, 0 and -0.
    assert str(decimal_of(kept)) == str(kept.to_decimal())


def field_of(kind: str) -> Field:
    return Field("f", KINDS[kind], {"en": "F"}, custom=True, choices=SECTORS if kind.startswith("choice") else ())


def test_samples_cover_every_kind() -> None:
    assert set(SAMPLES) == set(KINDS)
    assert set(OFFERED_KINDS) == {
        "text", "long_text", "rich_text", "number", "money", "date", "datetime", "boolean", "choice", "choices",
        "email", "phone",
        "url", "user", "users", "link", "files",
    }  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("context", [FI, EN], ids=["fi", "en"])
def test_kind_shows_in_an_input_what_it_reads_back(app: Flask, kind: str, context: Context) -> None:
    field = field_of(kind)
    for raw in SAMPLES[kind]:
        value = field.kind.parse(raw, field, FI)
        again = field.kind.parse(field.kind.edit_text(value, field, context), field, context)
        assert again == value
        assert field.kind.parse(field.kind.to_json(value, field), field, context) == value


@pytest.mark.parametrize("kind", KINDS)
def test_kind_takes_nothing_for_nothing(kind: str) -> None:
    field = field_of(kind)
    for nothing in (None, "", "  ", []):
        assert not field.kind.parse(nothing, field, EN)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("raw", [
    {"$ne": 1}, {"$gt": ""}, {"$where": "1"}, [{"$ne": 1}], [["a"]], float("nan"), float("inf"), 10**400, "\x00",
    "\ud800", "x" * 1_000_000, {"amount": {"$gt": 0}}, {"id": {"$ne": 1}}, b"bytes", print,
], ids=lambda raw: repr(raw)[:20])  # fmt: skip
def test_kind_refuses_hostile_values_with_a_message(app: Flask, kind: str, raw: Any) -> None:
    field = field_of(kind)
    stored = message_or(FieldError, lambda: field.kind.parse(raw, field, EN))
    assert "$" not in str(stored)
    for operator in field.kind.operators:
        query = message_or(ConditionError, partial(field.kind.condition, operator, raw, field, EN))
        assert "$where" not in repr(query)


def message_or(refusal: type[FieldError], ask: Callable[[], Any]) -> Any:
    """What `ask` answers; "refused" when it refuses with a message."""
    try:
        return ask()
    except refusal as error:
        return "refused" if str(error) else "$refused without a message"


@pytest.mark.parametrize("kind", KINDS)
def test_kind_finds_its_values_with_every_operator(app: Flask, kind: str) -> None:
    """Each operator and its opposite split the records without losing any."""
    field = field_of(kind)
    collection = me.get_db()["kinds_tried"]
    collection.delete_many({})
    values = [field.kind.parse(raw, field, FI) for raw in SAMPLES[kind]]
    for number, value in enumerate([*values, None]):
        raw = {"_id": number, "custom": {"f": value} if value is not None else {}}
        collection.insert_one({**raw, **derived_values([(field, value)] if value is not None else [], "")})

    def found(operator: str, asked: Any) -> set[int]:
        return {raw["_id"] for raw in collection.find(field.kind.condition(operator, asked, field, FI))}

    first = SAMPLES[kind][0][0] if isinstance(SAMPLES[kind][0], list) else SAMPLES[kind][0]
    for operator in field.kind.operators:
        assert operator in OPERATORS
    assert found("empty", None) == {2}
    assert found("nempty", None) == {0, 1}
    hits = found("eq", first) if "eq" in field.kind.operators else {0}
    assert 0 in hits
    assert 2 not in hits
    assert ("neq" in field.kind.operators) is ("eq" in field.kind.operators)
    if "neq" in field.kind.operators:
        assert found("neq", first) == {0, 1, 2} - hits
    if "in" in field.kind.operators:
        assert found("in", [first]) == hits
        assert found("nin", [first]) == {0, 1, 2} - hits
    if "gt" in field.kind.operators:
        assert found("gt", first) == {1}
        assert found("ge", first) == {0, 1}
        assert found("lt", SAMPLES[kind][1]) == {0}
        assert found("le", SAMPLES[kind][1]) == {0, 1}


def test_text_operators_ignore_case_and_take_signs_literally(app: Flask) -> None:
    field = field_of("text")
    collection = me.get_db()["kinds_tried"]
    collection.delete_many({})
    collection.insert_many([{"_id": 0, "custom": {"f": "A.B (c)"}}, {"_id": 1, "custom": {"f": "axb"}}])

    def found(operator: str, asked: str) -> list[int]:
        return [raw["_id"] for raw in collection.find(field.kind.condition(operator, asked, field, EN)).sort("_id")]

    assert found("ct", "a.b") == [0]
    assert found("nct", "a.b") == [1]
    assert found("sw", "A") == [0, 1]
    assert found("ew", "(C)") == [0]
    assert found("new", "(c)") == [1]
    assert found("eq", "AXB") == [1]


@pytest.mark.parametrize(("text", "language", "number"), [
    ("1 234,5", "fi", "1234.5"), ("1.234,5", "en", "1234.5"), ("1,234.5", "fi", "1234.5"), ("1,234", "en", "1234"),
    ("1,234", "fi", "1.234"), ("0.925", "fi", "0.925"), ("-0,925", "en", "-0.925"),
    ("1.234", "fi", "1234"), ("1.234", "en", "1.234"), ("1,23", "en", "1.23"),
    ("1.234.567", "en", "1234567"), ("−5", "fi", "-5"), ("1\u00a0000\u00a0000", "fi", "1000000"), (".5", "en", "0.5"),
    ("1'000", "en", "1000"),
])  # fmt: skip
def test_parse_decimal_reads_what_people_write(text: str, language: str, number: str) -> None:
    assert parse_decimal(text, language) == Decimal(number)


@pytest.mark.parametrize("text", ["", "abc", "1e5", "12a", "--1", "1 2 x", "٣", "0x10", "nan", "1.3.1960", "1,2,3"])
def test_parse_decimal_of_what_is_no_number_raises(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_decimal(text, "fi")


@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9))
def test_number_survives_its_input_in_both_languages(number: Decimal) -> None:
    field = field_of("number")
    for context in (FI, EN):
        value = field.kind.parse(str(number), field, EN)
        assert field.kind.parse(field.kind.edit_text(value, field, context), field, context) == value


def test_money_keeps_decimals_and_currency_exactly(app: Flask) -> None:
    field = field_of("money")
    assert field.kind.parse("0.10", field, EN) == {"amount": Decimal128("0.10"), "currency": "EUR"}
    assert field.kind.parse("$5", field, EN) == {"amount": Decimal128("5.00"), "currency": "USD"}
    assert field.kind.text(field.kind.parse("1234,5 EUR", field, FI), field, FI) == "1\u00a0234,50\u00a0€"
    with pytest.raises(FieldError):
        field.kind.parse("5 QQQ", field, EN)


def test_date_is_the_same_day_in_every_zone() -> None:
    field = field_of("date")
    value = field.kind.parse("1.2.2024", field, Context("fi", "Pacific/Auckland"))
    assert value == dt.datetime(2024, 2, 1, tzinfo=dt.UTC)
    assert field.kind.to_json(value, field) == "2024-02-01"


def test_datetime_is_read_in_the_users_zone_through_summer_time() -> None:
    field = field_of("datetime")
    assert field.kind.parse("1.7.2024 12.00", field, FI) == dt.datetime(2024, 7, 1, 9, tzinfo=dt.UTC)
    assert field.kind.parse("1.1.2024 12.00", field, FI) == dt.datetime(2024, 1, 1, 10, tzinfo=dt.UTC)
    assert field.kind.to_json(field.kind.parse("2024-07-01T12:00Z", field, FI), field) == "2024-07-01T12:00:00Z"


def test_phone_and_business_id_that_are_odd_can_be_kept() -> None:
    for kind, odd in (("phone", "ext. 12 (Matti)"), ("business_id", "0112038-8"), ("email", "matti(at)x")):
        field = field_of(kind)
        with pytest.raises(FieldError) as caught:
            field.kind.parse(odd, field, EN)
        assert caught.value.keepable
        assert field.kind.parse(odd, field, Context(keep_odd=True)) == odd


@pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "ftp://x.fi", "http://", "no dots"])
def test_url_other_than_the_web_is_refused(address: str) -> None:
    field = field_of("url")
    with pytest.raises(FieldError):
        field.kind.parse(address, field, EN)


def test_choice_is_understood_by_key_and_label_in_any_language() -> None:
    field = field_of("choice")
    assert {field.kind.parse(raw, field, EN) for raw in ("energy", "Energia", "ENERGY")} == {"energy"}
    with pytest.raises(FieldError, match="Energy, IT"):
        field.kind.parse("Farming", field, EN)


def test_me_among_several_users_is_whoever_asks(app: Flask) -> None:
    field = field_of("users")
    mine = Context(user_id=IDS[0])
    assert field.kind.condition("eq", "me", field, mine) == {"facets": f"x_f={IDS[0]}"}
    assert field.kind.condition("in", ["me", str(IDS[1])], field, mine) == {
        "facets": {"$in": [f"x_f={IDS[0]}", f"x_f={IDS[1]}"]}
    }
    assert field.kind.condition("neq", "me", field, Context()) == {"$nor": [{"facets": f"x_f={'0' * 24}"}]}


def consent_of(raw: Any, context: Context = FI) -> dict[str, Any]:
    field = field_of("consent")
    return field.kind.parse(raw, field, context)


@pytest.mark.parametrize(("raw", "state", "source", "day"), [
    ("refused; trade fair 2026; 3.5.2026", "refused", "trade fair 2026", "2026-05-03"),
    ("kyllä;3.5.2026", "granted", "", "2026-05-03"), ("Granted; a;  b ; 2026-05-03", "granted", "a; b", "2026-05-03"),
    ({"state": "EI", "source": " Web\nform ", "on": "2026-05-03"}, "refused", "Web form", "2026-05-03"),
    ("granted; ; 2026-05-03", "granted", "", "2026-05-03"),
])  # fmt: skip
def test_consent_is_read_from_a_cell_and_from_its_parts(raw: Any, state: str, source: str, day: str) -> None:
    value = consent_of(raw)
    assert value == {"state": state, "source": source, "on": dt.datetime.fromisoformat(day).replace(tzinfo=dt.UTC)}
    assert consent_of(field_of("consent").kind.edit_text(value, field_of("consent"), FI)) == value


def test_consent_without_a_day_is_of_today_unless_it_was_said_before() -> None:
    late = Context(time_zone="Europe/Helsinki", moment=dt.datetime(2026, 5, 3, 22, 30, tzinfo=dt.UTC))
    given = consent_of("yes", late)
    assert given["on"] == dt.datetime(2026, 5, 4, tzinfo=dt.UTC)
    held = Context(held={**given, "source": "Fair"})
    assert consent_of("granted", held) == {**given, "source": "Fair"}
    assert consent_of({"state": "granted", "source": ""}, held) == given
    assert consent_of("refused", held)["on"] > given["on"]


@pytest.mark.parametrize("raw", [
    {"source": "Fair"}, {"state": "perhaps"}, "perhaps", {"state": "granted", "on": "tomorrow"},
    {"state": "granted", "source": "x" * 201}, ["granted"], 7,
])  # fmt: skip
def test_consent_that_says_nothing_clear_is_refused(app: Flask, raw: Any) -> None:
    with pytest.raises(FieldError):
        consent_of(raw)
    assert consent_of({"state": "", "source": "", "on": ""}) is None


#: Not imported, worked out by the program, ids where people read names, or told without their format.
NOT_BACK = ("rich_text", "mail_html", "file_size", "file_text", "file_versions")


@pytest.mark.parametrize("context", [FI, EN], ids=["fi", "en"])
@pytest.mark.parametrize("name", [name for name, kind in KINDS.items()
                                  if kind.importable and not kind.refers and name not in NOT_BACK])  # fmt: skip
def test_a_cell_that_is_exported_is_read_as_the_same_value(app: Flask, name: str, context: Context) -> None:
    field = Field(name, KINDS[name], name, choices=SECTORS)
    mark = "," if context is FI else "."
    for sample in SAMPLES[name]:
        value = field.kind.parse(sample, field, context)
        cell = plain_text(field.kind.cell(value, field, context), mark)
        assert field.kind.parse(cell, field, context) == value


@pytest.mark.parametrize(("text", "separator", "parts"), [
    ("Food, drinks", "", ["Food, drinks"]), ("Tools, Food, drinks;Tools", "", ["Tools", "Food, drinks", "Tools"]),
    ("Food; other", "", ["Food", "other"]), ("food, DRINKS | Tools", "|", ["food, DRINKS", "Tools"]), ("", "", []),
    (" , ;", "", []), ("New, Food, drinks, more", "", ["New", "Food, drinks", "more"]),
])  # fmt: skip
def test_choices_with_separators_in_their_names_are_found_whole(text: str, separator: str, parts: list[str]) -> None:
    choices = (Choice("food", {"en": "Food, drinks"}), Choice("tools", {"en": "Tools"}))
    assert choice_parts(text, Field("f", KINDS["choices"], {"en": "F"}, choices=choices), separator) == parts
