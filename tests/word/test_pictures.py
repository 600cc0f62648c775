"""Number, date and text switches: what a value looks like in a letter."""

import datetime
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.word.date_picture import date_picture
from services.word.formatting import format_value
from services.word.lexer import Switch
from services.word.number_picture import NumberPicture, number_picture
from services.word.parsing import parse_date, parse_number
from services.word.values import plain_text

AFTERNOON = datetime.datetime(2024, 2, 1, 14, 5, 9)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("number", "picture", "language", "text"),
    [
        ("1234567.891", "# ##0,00", "fi", "1 234 567,89"),
        ("5", "# ##0,00", "fi", "5,00"),
        ("0", "# ##0,00", "fi", "0,00"),
        ("-1234.5", "# ##0,00", "fi", "-1 234,50"),
        ("1234.5", "# ##0,00", "en", "1 234,50"),
        ("1234567", "$#,###,###", "fi", "$1,234,567"),
        ("12345", "$#,###,###", "en", "$12,345"),
        ("1234.5", "#,##0.00 €;-#,##0.00 €", "en", "1,234.50 €"),
        ("-1234.5", "#,##0.00 €;-#,##0.00 €", "en", "-1,234.50 €"),
        ("-3", "0;(0);zero", "en", "(3)"),
        ("0", "0;(0);zero", "en", "zero"),
        ("0", "0,00;-0,00;'ei mitään'", "fi", "ei mitään"),
        ("7", "000", "en", "007"),
        ("7", "00.00", "en", "07.00"),
        ("15", "$###", "en", "$15"),
        ("222492", "x##", "en", "492"),
        ("0.125", "0.00x", "en", "0.125"),
        ("0.75", ".x", "en", ".8"),
        ("0.5", "#.00", "en", ".50"),
        ("2.50", "0.##", "en", "2.5"),
        ("2", "0.##", "en", "2"),
        ("33", "##%", "en", "33%"),
        ("10", "+##", "en", "+10"),
        ("-10", "+##", "en", "-10"),
        ("-80", "-##", "en", "-80"),
        ("80", "-##", "en", "80"),
        ("-5", "$0.00", "en", "-$5.00"),
        ("-5", "Saldo 0,00 €", "fi", "Saldo -5,00 €"),
        ("-0.001", "0,00", "fi", "0,00"),
        ("0.005", "0.00", "en", "0.01"),
        ("15", "0 'kpl; yht.'", "fi", "15 kpl; yht."),
        ("5551234567", "(###) ###-####", "en", "(555) 123-4567"),
        ("123456789", "000'-'00'-'0000", "en", "123-45-6789"),
        ("12345", "### ##", "sv", "123 45"),
        ("1234.5", "#.##0,00 €", "de", "1.234,50 €"),
        ("1234", "0,000", "en", "1,234"),
        ("1.2344", "0,000", "fi", "1,234"),
        ("1234", "0.000", "de", "1.234"),
        ("12", "no digits", "en", "no digits"),
    ],
)
def test_number_picture_writes_as_word(number: str, picture: str, language: str, text: str) -> None:
    assert number_picture(picture, language).format(Decimal(number)) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**20), max_value=10**20))
def test_number_picture_finnish_reads_back_as_the_number(number: Decimal) -> None:
    text = number_picture("# ##0,00", "fi").format(number)
    assert re.fullmatch(r"-?\d{1,3}( \d{3})*,\d\d", text)
    assert parse_number(text, "fi") == number


@given(st.text(alphabet="0#x.,;'+- €abc\u00a0", max_size=30), st.decimals(allow_nan=False, allow_infinity=False))
def test_number_picture_any_picture_gives_text(picture: str, number: Decimal) -> None:
    assert isinstance(number_picture(picture, "fi").format(number), str)


@given(
    st.text(alphabet="0#., '", min_size=1, max_size=14),
    st.decimals(allow_nan=False, allow_infinity=False, places=3) | st.decimals(allow_nan=False, allow_infinity=False),
)
def test_number_picture_quick_way_writes_what_the_careful_way_writes(picture: str, number: Decimal) -> None:
    quick, careful = NumberPicture(number_picture(picture, "fi").sections), number_picture.__wrapped__(picture, "fi")
    for section in careful.sections:
        section.__dict__["_least"] = None
    assert quick.format(number) == careful.format(number)


@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_number_picture_zeros_are_the_least_number_of_digits(number: int, zeros: int) -> None:
    text = number_picture("0" * (zeros + 1)).format(Decimal(number))
    assert int(text) == number
    assert len(text.lstrip("-")) == max(len(str(abs(number))), zeros + 1)


@pytest.mark.parametrize(
    ("picture", "language", "text"),
    [
        ("d. MMMM yyyy", "fi", "1. helmikuuta 2024"),
        ("MMMM yyyy", "fi", "helmikuu 2024"),
        ("dddd d.M.yyyy", "fi", "torstai 1.2.2024"),
        ("ddd dd.MM.yy", "fi", "to 01.02.24"),
        ("dddd, MMMM dd, yyyy", "en", "Thursday, February 01, 2024"),
        ("d MMM yyyy", "en", "1 Feb 2024"),
        ("d MMMM yyyy", "sv", "1 februari 2024"),
        ("dddd, d. MMMM yyyy", "de", "Donnerstag, 1. Februar 2024"),
        ("'klo' H.mm", "fi", "klo 14.05"),
        ("HH:mm:ss", "en", "14:05:09"),
        ("h:mm am/pm", "en", "2:05 pm"),
        ("h:mm AM/PM", "en", "2:05 PM"),
        ("yyyy-MM-dd", "xx", "2024-02-01"),
        ("DD/MM/YYYY", "en", "01/02/2024"),
        ("M/d/yy", "en", "2/1/24"),
    ],
)
def test_date_picture_writes_as_word(picture: str, language: str, text: str) -> None:
    assert date_picture(picture, language).format(AFTERNOON) == text


@given(st.datetimes())
def test_date_picture_iso_reads_back_as_the_date(moment: datetime.datetime) -> None:
    text = date_picture("yyyy-MM-dd HH:mm:ss").format(moment)
    assert parse_date(text) == moment.replace(microsecond=0)


@given(st.text(alphabet="dMyYhHmsaApP/'. Dx", max_size=20), st.dates(), st.sampled_from(["fi", "en", "sv", "de"]))
def test_date_picture_any_picture_gives_text(picture: str, date: datetime.date, language: str) -> None:
    assert isinstance(date_picture(picture, language).format(date), str)


@pytest.mark.parametrize(
    ("text", "language", "number"),
    [
        ("1234,5", "fi", "1234.5"),
        ("1234.5", "fi", "1234.5"),
        ("1 234,50 €", "fi", "1234.50"),
        ("1\u00a0234,50", "en", "1234.50"),
        ("1,234.56", "fi", "1234.56"),
        ("1.234,56", "en", "1234.56"),
        ("1,234", "en", "1234"),
        ("1,234", "fi", "1.234"),
        ("1.234", "de", "1234"),
        ("1,234,567", "fi", "1234567"),
        ("\u22125", "fi", "-5"),
        ("(12)", "en", "-12"),
        ("1e3", "en", "1000"),
        ("12 %", "fi", "12"),
        ("00100", "fi", "100"),
    ],
)
def test_parse_number_reads_both_marks(text: str, language: str, number: str) -> None:
    assert parse_number(text, language) == Decimal(number)


@pytest.mark.parametrize("text", ["", "-", ".", "abc", "12a", "1.2.2024", "1,2,3", "NaN", "Infinity", "1e9999", "٣x"])
def test_parse_number_leaves_other_text_alone(text: str) -> None:
    assert parse_number(text, "fi") is None


@given(st.text(max_size=30), st.sampled_from(["fi", "en", "de"]))
def test_parse_any_text_raises_nothing(text: str, language: str) -> None:
    parse_number(text, language)
    parse_date(text, language)


@pytest.mark.parametrize(
    ("text", "language", "date"),
    [
        ("2024-02-01", "fi", (2024, 2, 1)),
        ("1.2.2024", "en", (2024, 2, 1)),
        ("01.02.2024 klo 14.05", "fi", (2024, 2, 1, 14, 5)),
        ("2024-02-01T14:05:09Z", "fi", (2024, 2, 1, 14, 5, 9)),
        ("2024-02-01T14:05:09.123+02:00", "fi", (2024, 2, 1, 14, 5, 9)),
        ("2/1/2024", "en", (2024, 2, 1)),
        ("1/2/2024", "fi", (2024, 2, 1)),
        ("15/2/2024", "en", (2024, 2, 15)),
        ("2/15/2024", "fi", (2024, 2, 15)),
    ],
)
def test_parse_date_reads_usual_forms(text: str, language: str, date: tuple[int, ...]) -> None:
    assert parse_date(text, language) == datetime.datetime(*date)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize("text", ["", "30.2.2024", "2024-13-01", "1.2.", "tomorrow", "1.2.2024 25.00"])
def test_parse_date_leaves_other_text_alone(text: str) -> None:
    assert parse_date(text, "fi") is None


@pytest.mark.parametrize(
    ("value", "switches", "text"),
    [
        ("ville MÄKI", [("*", "Upper")], "VILLE MÄKI"),
        ("Ville MÄKI", [("*", "Lower")], "ville mäki"),
        ("ville mäki", [("*", "FirstCap")], "Ville mäki"),
        ("ville  mäki-nen", [("*", "Caps"), ("*", "MERGEFORMAT")], "Ville  Mäki-nen"),
        ("x", [("b", "("), ("f", ")")], "(x)"),
        ("", [("b", "("), ("f", ")")], ""),
        (None, [("#", "0.00")], ""),
        ("no number", [("#", "0.00")], "no number"),
        ("no date", [("@", "d.M.yyyy")], "no date"),
        ("1.2.2024", [("@", "yyyy"), ("f", "!")], "2024!"),
        (12.5, [("#", "0,00")], "12,50"),
        (float("nan"), [("#", "0")], ""),
        (datetime.date(2024, 2, 1), [("@", "MMMM"), ("*", "Upper")], "HELMIKUU"),
        (True, [], "Kyllä"),
    ],
)
def test_format_value_follows_the_switches(value: object, switches: list[tuple[str, str]], text: str) -> None:
    made = [Switch(*switch) for switch in switches]
    assert format_value(value, made, "fi") == text  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "language", "text"),
    [
        (datetime.date(2024, 2, 1), "fi", "1.2.2024"),
        (datetime.date(2024, 2, 1), "en", "1 Feb 2024"),
        (AFTERNOON, "fi", "1.2.2024 14.05"),
        (1234.5, "fi", "1234,5"),
        (Decimal("0.12345"), "en", "0.12345"),
        (Decimal("1000.50"), "nonsense", "1000.50"),
        (False, "sv", "Nej"),
        (Decimal("1.0"), "fi", "1,0"),
        (Decimal("1.00"), "fi", "1,00"),
        (Decimal("1E+30"), "fi", "1" + "0" * 30),
    ],
)
def test_plain_text_is_as_people_of_the_language_write(value: object, language: str, text: str) -> None:
    assert plain_text(value, language) == text  # type: ignore[arg-type]
