"""ADDRESSBLOCK and GREETINGLINE: what stands in the letter for recipients of whom much or little is known."""

from io import BytesIO
from pathlib import Path

import pytest

from services.word import WordTemplate, address_key
from tests.word.making import code, docx, field, mark, merged, p, run, simple
from tests.word.reading import read_letters
from tests.word.validity import assert_valid

ADA = {
    "Courtesy Title": "Dr.", "First Name": "Ada", "Last Name": "Lovelace", "Suffix": "PhD", "Company": "Engines Ltd",
    "Address 1": "1 High Street", "Address 2": "Floor 2", "City": "London", "State": "CA", "Postal Code": "12345",
    "Country": "United Kingdom",
}  # fmt: skip
GRACE = {"First Name": "Grace", "Last Name": "Hopper", "Address 1": "2 Low Street", "City": "Arlington",
         "Postal Code": "22201", "State": "VA", "Country": "United States"}  # fmt: skip
NOBODY = {"Address 1": "3 Anonymous Ave", "City": "Nowhere", "Country": "Suomi"}
TITLED = "<<_BEFORE_ Dear >><<_TITLE0_ >><<_LAST0_>><<_AFTER_ ,>>"
FORMAL = f' GREETINGLINE \\f "{TITLED}" \\e "Dear Sir or Madam," \\l 1033 '
TOWN = '<<_STREET1_\n>><<_CITY_>><<, _STATE_>><< _POSTAL_>><<\n_COUNTRY_>>'


def filled(data: bytes, *people: dict[str, str], language: str = "en") -> list[str]:
    """The first paragraph of each letter."""
    records = ({address_key(name): value for name, value in person.items()} for person in people)
    return ["\n".join(letter.lines) for letter in read_letters(merged_keys(data, *records, language=language))]


def merged_keys(data: bytes, *records: dict[str, str], language: str) -> bytes:
    out = BytesIO()
    WordTemplate.read(data).merge(records, out, language=language)
    return out.getvalue()


def address(switches: str, person: dict[str, str], language: str = "en") -> str:
    (text,) = filled(docx(p(simple(f"ADDRESSBLOCK {switches}"))), person, language=language)
    return text


def test_address_block_without_a_picture_is_as_word_prints_it(tmp_path: Path) -> None:
    data = docx(p(field(" ADDRESSBLOCK  \\* MERGEFORMAT ")) + p("end"))
    assert filled(data, ADA, GRACE, NOBODY, {}) == [
        "Dr. Ada Lovelace PhD\nEngines Ltd\n1 High Street\nFloor 2\nLondon, CA 12345\nUnited Kingdom\nend",
        "Grace Hopper\n2 Low Street\nArlington, VA 22201\nUnited States\nend",
        "3 Anonymous Ave\nNowhere\nSuomi\nend", "end",
    ]  # fmt: skip
    assert_valid(merged(data, {}), data, tmp_path)


@pytest.mark.parametrize(("switches", "person", "last"), [
    ("\\c 0", ADA, "London, CA 12345"), ("\\c 1", ADA, "United Kingdom"),
    ('\\c 2 \\e "United Kingdom"', ADA, "London, CA 12345"), ('\\c 2 \\e "UK; Canada"', ADA, "London, CA 12345"),
    ('\\c 2 \\e Canada \\e "Finland"', ADA, "United Kingdom"), ("\\c 2 \\e Finland", NOBODY, "Nowhere"),
])  # fmt: skip
def test_address_block_country_as_the_switches_say(switches: str, person: dict[str, str], last: str) -> None:
    assert address(switches, person).split("\n")[-1] == last


@pytest.mark.parametrize(("switches", "country", "language", "expected"), [
    ("\\d \\l 1033", "Suomi", "en", "Katu 1\n00100 Helsinki\nSuomi"),
    ("\\d \\l 1033", "Germany", "en", "Katu 1\n00100 Helsinki\nGermany"),
    ("\\d \\l 1033", "United States", "en", "Katu 1\nHelsinki, Uusimaa 00100\nUnited States"),
    ("\\d \\l 1035", "", "en", "Katu 1\n00100 Helsinki"), ("\\d", "", "fi", "Katu 1\n00100 Helsinki"),
    ("\\d \\l 0", "", "en", "Katu 1\nHelsinki, Uusimaa 00100"), ("\\l 1035", "Suomi", "fi",
     "Katu 1\nHelsinki, Uusimaa 00100\nSuomi"), ("\\d \\l fi-FI", "", "en", "Katu 1\n00100 Helsinki"),
])  # fmt: skip
def test_address_block_town_in_the_order_of_the_country(
    switches: str, country: str, language: str, expected: str
) -> None:
    person = {"Address 1": "Katu 1", "City": "Helsinki", "Postal Code": "00100", "State": "Uusimaa",
              "Country": country}  # fmt: skip
    assert address(f'\\f "{TOWN}" {switches}', person, language) == expected


def test_address_block_picture_over_line_breaks_and_paragraphs() -> None:
    line_break = "<w:r><w:br/></w:r>"
    begin = mark("begin") + code(' ADDRESSBLOCK \\f "<<_COMPANY_') + line_break + code(">><<_STREET1_")
    end = code('>><<_CITY_>>" \\c 0 ') + mark("separate") + run("x") + mark("end")
    data = docx(p(begin) + p(end, " after"))
    assert filled(data, ADA, NOBODY) == ["Engines Ltd\n1 High Street\nLondon after", "3 Anonymous Ave\nNowhere after"]


@pytest.mark.parametrize("switches", [
    '\\f ""', "\\f", "\\c", "\\c x", "\\e", "\\d \\l 99999999999999", "\\d \\l nothing", "\\d \\l ²",
])  # fmt: skip
def test_address_block_odd_switches_print_the_usual_form(switches: str) -> None:
    assert address(switches, ADA).split("\n")[:2] == ["Dr. Ada Lovelace PhD", "Engines Ltd"]


@pytest.mark.parametrize(("picture", "expected"), [
    ("<<", "<<"), (">> <<_CITY_>> >>", ">> London >>"), ("<<_NOTHING_>>", "_NOTHING_"), ("<<<<_CITY_>>", "<<London"),
    ("<<" * 50_000, "<<" * 16_000),
])  # fmt: skip
def test_address_block_odd_pictures_end_quickly(picture: str, expected: str) -> None:
    assert address(f'\\f "{picture}"', ADA) == expected


def test_address_block_upper_and_text_around_groups() -> None:
    assert address('\\f "To: <<_FIRST0_>><< (_NICK0_)>><<, _LAST0_>>" \\* Upper', ADA) == "TO: ADA, LOVELACE"


def test_greeting_line_falls_back_as_word_does(tmp_path: Path) -> None:
    data = docx(p(field(FORMAL)))
    assert filled(data, ADA, GRACE, NOBODY) == ["Dear Dr. Lovelace,", "Dear Grace Hopper,", "Dear Sir or Madam,"]
    assert_valid(merged(data, {}), data, tmp_path)


@pytest.mark.parametrize(("instruction", "person", "language", "expected"), [
    ('GREETINGLINE \\f "<<_BEFORE_ Hi >><<_FIRST0_>><<_AFTER_ !>>" \\e "Hello!"', GRACE, "en", "Hi Grace!"),
    ('GREETINGLINE \\f "<<_BEFORE_ Hi >><<_FIRST0_>><<_AFTER_ !>>" \\e "Hello!"', NOBODY, "en", "Hello!"),
    ('GREETINGLINE \\f "<<_BEFORE_ To >><<_COMPANY_>>" \\e "To all"', ADA, "en", "To Engines Ltd"),
    ("GREETINGLINE", ADA, "fi", "Hyvä Dr. Lovelace,"), ("GREETINGLINE", GRACE, "sv", "Bästa Grace Hopper,"),
])  # fmt: skip
def test_greeting_line_pictures(instruction: str, person: dict[str, str], language: str, expected: str) -> None:
    assert filled(docx(p(simple(instruction))), person, language=language) == [expected]


def test_greeting_line_for_nobody_without_a_text_leaves_no_line() -> None:
    assert filled(docx(p(simple("GREETINGLINE")) + p("end")), NOBODY) == ["end"]


def test_address_fields_are_supported_and_say_what_they_print() -> None:
    found = WordTemplate.read(docx(p(field(FORMAL), simple('ADDRESSBLOCK \\f "<<_CITY_>>"')))).fields
    assert [(f.kind, f.supported, f.recipient) for f in found] == [
        ("GREETINGLINE", True, ("Courtesy Title", "Last Name", "First Name")), ("ADDRESSBLOCK", True, ("City",)),
    ]  # fmt: skip
