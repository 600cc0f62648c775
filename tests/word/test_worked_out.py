"""Numbers in words and Roman, formulas and quotations: what Word would work out is there in each letter."""

import datetime
from decimal import Decimal

import pytest

from services.word import WordTemplate
from tests.word.making import code, docx, field, merge_field, merged, p, section
from tests.word.reading import read_letters

VALUE = {"a": "Äijä & Co"}


def shown(instruction: str, value: object = None, language: str = "fi") -> str:
    (letter,) = read_letters(merged(docx(p(instruction)), {"a": value}, language=language))
    return letter.paragraphs[0]


@pytest.mark.parametrize(
    ("form", "value", "language", "text"),
    [
        ("CardText", 21, "fi", "kaksikymmentäyksi"),
        ("OrdText", Decimal("1"), "sv", "första"),
        ("CardText \\* Caps", "12", "en", "Twelve"),
        ("DollarText", Decimal("21.50"), "en", "twenty-one and 50/100"),
        ("Ordinal", 2, "en", "2nd"),
        ("Ordinal", 2, "fi", "2."),
        ("Roman", 1994, "fi", "MCMXCIV"),
        ("roman", 4, "fi", "iv"),
        ("ALPHABETIC", 28, "fi", "BB"),
        ("Hex", 255, "fi", "FF"),
        ("Arabic", "7", "fi", "7"),
        ("Roman", "no number", "fi", "no number"),
        ("Roman", -5, "fi", "-5"),
        ("Roman", None, "fi", ""),
    ],
)
def test_merge_number_forms(form: str, value: object, language: str, text: str) -> None:
    assert shown(merge_field("a", f"\\* {form}"), value, language) == text


@pytest.mark.parametrize(
    ("tail", "value", "language", "text"),
    [
        (' * 1,24 \\# "# ##0,00 €"', Decimal("1000"), "fi", "1 240,00 €"),
        (" / 3", 10, "fi", "3,33"),
        (" * (1 + 2) ^ 2 - 50%", "1 000,5", "fi", "9004"),
        (" + ROUND(2.55, 1)", 1, "en", "3.6"),
        (" + SUM(1,5; 2)", 1, "fi", "4,5"),
        (" + 1", None, "fi", "1"),
        (" / 0", 1, "fi", "!Zero Divide"),
        (" + 1", "text", "fi", "!Syntax Error"),
        (" ^ 9999", 9, "fi", "!Syntax Error"),
    ],
)
def test_merge_formula_is_worked_out(tail: str, value: object, language: str, text: str) -> None:
    assert shown(field("= ", merge_field("a"), tail), value, language) == text


def test_merge_quote_and_a_kind_without_a_space_are_worked_out() -> None:
    assert shown(field('QUOTE "Hei ', merge_field("a"), '!"'), "Äijä & Co") == "Hei Äijä & Co!"
    assert shown(field("IF", merge_field("a"), '="x" "so" "not"'), "x") == "so"


def test_fields_that_read_the_document_or_fetch_pictures_are_listed_as_unsupported() -> None:
    table = field("= SUM(ABOVE) + ", merge_field("a"))
    picture = field('INCLUDEPICTURE "', merge_field("a"), '"')
    template = WordTemplate.read(docx(p(table, picture, field("= SUM(ABOVE)"), field("= ", merge_field("a"), "+1"))))
    found = [(item.kind, item.supported) for item in template.fields if item.kind != "MERGEFIELD"]
    assert found == [("=", False), ("INCLUDEPICTURE", False), ("=", True), ("=", True)]


def set_field(name: str, *value: str) -> str:
    return field(f'SET {name} "', *value, '"')


@pytest.mark.parametrize(
    ("reading", "text"),
    [
        (field("REF greeting"), "Hei Äijä & Co"),
        (field("REF Greeting \\h \\* Upper"), "HEI ÄIJÄ & CO"),
        (field("greeting"), "Hei Äijä & Co"),
        (field("IF ", field("REF greeting"), ' = "Hei*" "so" "not"'), "so"),
        (field("REF other", result="old"), "old"),
        (field("REF greeting \\p", result="above"), "above"),
    ],
)
def test_merge_kept_text_is_printed_where_it_is_read(reading: str, text: str) -> None:
    data = docx(p(set_field("greeting", "Hei ", merge_field("a"))) + p(reading))
    (letter,) = read_letters(merged(data, VALUE))
    assert letter.paragraphs[-1] == text


def test_merge_kept_texts_are_each_letters_own_and_the_latest_counts() -> None:
    data = docx(p(set_field("x", merge_field("a")), field("x")) + p(set_field("x", field("x"), "!"), field("REF x")))
    letters = read_letters(merged(data, {"a": "1"}, {"a": "2"}))
    assert [letter.paragraphs for letter in letters] == [["1", "1!"], ["2", "2!"]]


def test_merge_kept_number_is_reckoned_with() -> None:
    formula = field("= total_2 + Total * 2")
    data = docx(p(set_field("total", merge_field("a")), set_field("total_2", "5"), formula))
    (letter,) = read_letters(merged(data, {"a": "10,5"}, language="fi"))
    assert letter.paragraphs == ["26"]


def test_merge_header_reads_what_the_body_keeps() -> None:
    data = docx(p(set_field("subject", "Offer ", merge_field("a"))), section=section("header default rIdheader1"),
                parts={"header1": p(field("REF subject"))})  # fmt: skip
    letters = read_letters(merged(data, {"a": "1"}, {"a": "2"}))
    assert [letter.headers["default"] for letter in letters] == ["Offer 1", "Offer 2"]


def test_merge_text_made_of_itself_is_empty() -> None:
    (letter,) = read_letters(merged(docx(p(field("REF x"), set_field("x", field("REF x")))), VALUE))
    assert letter.paragraphs == [""]


@pytest.mark.parametrize(
    ("tongue", "switches", "value", "text"),
    [
        ("sv-FI", '\\@ "d. MMMM"', datetime.date(2024, 2, 1), "1. februari"),
        ("en-GB", '\\@ "dddd d MMMM"', "2024-02-01", "Thursday 1 February"),
        ("", '\\@ "d. MMMM"', datetime.date(2024, 2, 1), "1. helmikuuta"),
        ("xx-XX", '\\@ "d. MMMM"', datetime.date(2024, 2, 1), "1. helmikuuta"),
        ("sv-FI", "\\* CardText", 21, "tjugoett"),
        ("en-GB", "", Decimal("1.5"), "1,5"),
        ("en-GB", '\\# "0,00"', Decimal("1.5"), "1,50"),
    ],
)
def test_merge_names_of_months_and_numbers_are_in_the_language_of_the_text(
    tongue: str, switches: str, value: object, text: str
) -> None:
    look = f'<w:rPr><w:lang w:val="{tongue}"/></w:rPr>' if tongue else ""
    found = field(code(f" MERGEFIELD a {switches} ", look))
    (letter,) = read_letters(merged(docx(p(found)), {"a": value}, language="fi"))
    assert letter.paragraphs == [text]
