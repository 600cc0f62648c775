"""Numbers in words and Roman, formulas and quotations: what Word would work out is there in each letter."""

from decimal import Decimal

import pytest

from services.word import WordTemplate
from tests.word.making import docx, field, merge_field, merged, p
from tests.word.reading import read_letters


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
