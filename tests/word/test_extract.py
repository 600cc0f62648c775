"""One letter taken out of the document of many: whole, valid, and with nothing of the others."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from services.word import END_NAME, Value, WordTemplate, extract_letter
from tests.word.making import docx, field, merge_field, merged, notes, p, section
from tests.word.reading import parts, read_letters
from tests.word.validity import assert_valid

NAMES = ("Aino", "Bertta", "Cecilia")
NOTE = '<w:r><w:footnoteReference w:id="1"/></w:r>'
RICH = docx(
    p("Dear ", merge_field("name"), NOTE) + p("Yours"), section=section("header default rIdheader1"),
    parts={"header1": p("For ", merge_field("name")), "footnotes": notes("footnotes", p(merge_field("name")))},
)  # fmt: skip


def spans_of(template: bytes, names: Sequence[str] = NAMES) -> tuple[bytes, list[tuple[list[str], int, int]]]:
    """The letters in one document, and (names of its records, first byte, the one behind the last) of each."""
    spans: list[tuple[list[str], int, int]] = []

    def placed(records: Sequence[Mapping[str, Value]], start: int, end: int) -> None:
        spans.append(([str(record["name"]) for record in records], start, end))

    out = io.BytesIO()
    WordTemplate.read(template).merge(({"name": name} for name in names), out, placed=placed)
    return out.getvalue(), spans


def taken(document: bytes, spans: list[tuple[list[str], int, int]], place: int) -> bytes:
    out = io.BytesIO()
    extract_letter(io.BytesIO(document), spans[0][1], *spans[place][1:], out)
    return out.getvalue()


@pytest.mark.parametrize("place", [0, 1, 2])
def test_extract_letter_is_valid_and_holds_nothing_of_the_others(tmp_path: Path, place: int) -> None:
    document, spans = spans_of(RICH)
    letter = taken(document, spans, place)
    assert_valid(letter, RICH, tmp_path)
    (read,) = read_letters(letter)
    assert read.lines == [f"Dear {NAMES[place]}", "Yours"]
    assert (read.headers["default"], read.footnotes) == (f"For {NAMES[place]}", [NAMES[place]])
    others = [name.encode() for name in NAMES if name != NAMES[place]]
    assert not [name for name, data in parts(letter).items() if any(other in data for other in others)]


def test_extract_letter_keeps_its_sections_and_pictures(tmp_path: Path) -> None:
    first = f"<w:p><w:pPr>{section(kind='nextPage')}</w:pPr>{merge_field('name')}</w:p>"
    template = docx(first + p("Second page"), extra={"word/media/logo.xml": b"<logo/>"})
    document, spans = spans_of(template)
    letter = taken(document, spans, 1)
    assert parts(letter)["word/document.xml"].count(b"<w:sectPr>") == 2
    assert parts(letter)["word/media/logo.xml"] == b"<logo/>"
    assert_valid(letter, template, tmp_path)


def test_placed_tells_all_records_of_a_letter() -> None:
    _document, spans = spans_of(docx(p(merge_field("name"), field(" NEXT "), merge_field("name"))))
    assert [names for names, _start, _end in spans] == [["Aino", "Bertta"], ["Cecilia"]]


def test_extract_letter_of_one_letter_alone_is_that_letter() -> None:
    document, spans = spans_of(RICH, ["Aino"])
    assert [letter.lines for letter in read_letters(taken(document, spans, 0))] == [["Dear Aino", "Yours"]]


def test_extract_letter_without_a_prefix_for_the_namespace() -> None:
    xml = parts(docx(p(merge_field("name"))))
    plain = xml["word/document.xml"].replace(b"<w:", b"<").replace(b"</w:", b"</").replace(b"xmlns:w=", b"xmlns=")
    names = b"xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\" xmlns=\"http"
    plain = plain.replace(b"xmlns=\"http", names, 1)
    template = docx(p("x"), extra={"word/document.xml": plain})
    document, spans = spans_of(template)
    assert [letter.lines for letter in read_letters(taken(document, spans, 1))] == [["Bertta"]]


def test_marked_letters_end_with_a_bookmark_of_their_number(tmp_path: Path) -> None:
    template = docx(p(merge_field("name")))
    pieces = WordTemplate.read(template).pieces(({"name": name} for name in NAMES), 2, marked=True)
    made = [piece.content.read() for piece in pieces]
    for document in made:
        assert_valid(document, template, tmp_path)
    xml = b"".join(parts(document)["word/document.xml"] for document in made)
    assert [f'w:name="{END_NAME}{number}"'.encode() in xml for number in range(1, 5)] == [True, True, True, False]
    assert b"bookmark" not in parts(merged(template, {"name": "A"}))["word/document.xml"]
