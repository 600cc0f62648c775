"""Numbered lists begin anew in every letter, and text that a REF repeats is each letter's own."""

import io
import zipfile
from itertools import groupby
from typing import Any

import pytest
from lxml import etree

from services.word import WordTemplate
from services.word.lists import MAX_INSTANCES
from services.word.ooxml import W, w
from tests.word.making import docx, field, merge_field, merged, p, run
from tests.word.reading import read_letters

LEVELS = "".join(
    f'<w:lvl w:ilvl="{level}"><w:start w:val="{start}"/><w:numFmt w:val="{kind}"/></w:lvl>'
    for level, start, kind in ((0, 1, "decimal"), (1, 3, "lowerLetter"), (2, 1, "bullet"))
)
NUMBERING = (
    f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="4">{LEVELS}</w:abstractNum>'
    '<w:num w:numId="7"><w:abstractNumId w:val="4"/></w:num>'
    '<w:num w:numId="9"><w:abstractNumId w:val="4"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/>'
    "</w:lvlOverride></w:num></w:numbering>"
)
STYLES = (
    f'<w:styles xmlns:w="{W}"><w:style w:type="paragraph" w:styleId="Base"><w:pPr><w:numPr>'
    '<w:numId w:val="9"/></w:numPr></w:pPr></w:style>'
    '<w:style w:type="paragraph" w:styleId="Step"><w:basedOn w:val="Base"/></w:style></w:styles>'
)


def item(text: str, number: int = 7, level: int = 0) -> str:
    look = f'<w:pPr><w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr></w:pPr>'
    return f"<w:p>{look}{text}</w:p>"


def template(body: str) -> bytes:
    data = docx(body, extra={"word/numbering.xml": NUMBERING.encode(), "word/styles.xml": STYLES.encode()})
    out = io.BytesIO()
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "word/_rels/document.xml.rels":
                more = "".join(f'<Relationship Id="{part}" Type="{kind}/{part}" Target="{part}.xml"/>'
                               for part in ("numbering", "styles"))  # fmt: skip
                content = content.replace(b"</Relationships>", more.encode() + b"</Relationships>")
            target.writestr(name, content)
    return out.getvalue()


def tree(data: bytes, name: str) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return etree.fromstring(file.read(f"word/{name}.xml"))


def numbers(data: bytes) -> list[str]:
    """The list of each numbered paragraph in order, each only once in a row."""
    found = tree(data, "document").iterfind(f".//{w('pPr')}/{w('numPr')}/{w('numId')}")
    return [number for number, _ in groupby(item.get(w("val")) for item in found)]


def starts(data: bytes) -> dict[str, dict[str, str]]:
    """Number of each list -> level -> where it starts again."""
    return {
        number.get(w("numId")): {
            start.getparent().get(w("ilvl")): start.get(w("val")) for start in number.iter(w("startOverride"))
        }
        for number in tree(data, "numbering").iter(w("num"))
    }


def test_merge_lists_of_each_letter_begin_anew() -> None:
    body = item(merge_field("a")) + item(run("sub"), level=1) + item(run("dot"), level=2)
    result = merged(template(body), {"a": "1"}, {"a": "2"}, {"a": "3"})
    # A bullet counts nothing and stays in the template's own list.
    assert numbers(result) == ["7", "10", "7", "11", "7"]
    assert starts(result) == {"7": {}, "9": {"0": "5"}, "10": {"0": "1", "1": "3"}, "11": {"0": "1", "1": "3"}}


def test_merge_list_that_a_style_brings_begins_anew_from_its_own_start() -> None:
    body = '<w:p><w:pPr><w:pStyle w:val="Step"/><w:jc w:val="left"/></w:pPr>' + merge_field("a") + "</w:p>"
    result = merged(template(body), {"a": "1"}, {"a": "2"})
    assert numbers(result) == ["9", "10"]
    assert starts(result)["10"] == {"0": "5"}
    order = [child.tag for child in tree(result, "document").find(f".//{w('pPr')}")]
    assert order[:3] == [w("pStyle"), w("numPr"), w("jc")]


def test_merge_one_file_each_keeps_the_lists_of_the_template() -> None:
    pieces = WordTemplate.read(template(item(merge_field("a")))).pieces([{"a": "1"}, {"a": "2"}], 1)
    assert [numbers(piece.content.read()) for piece in pieces] == [["7"], ["7"]]


def test_merge_more_letters_than_word_keeps_lists_for_go_on_counting() -> None:
    data = template(item(merge_field("a")) + item(run("x"), number=9))
    result = merged(data, *({"a": str(number)} for number in range(1100)))
    found = numbers(result)
    assert len(starts(result)) <= MAX_INSTANCES
    assert found[-2:] == ["7", "9"]
    assert len(found) == 2200


def test_merge_list_of_bullets_is_left_alone() -> None:
    result = merged(template(item(merge_field("a"), level=2)), {"a": "1"}, {"a": "2"})
    assert numbers(result) == ["7"]
    assert set(starts(result)) == {"7", "9"}


def bookmark(*content: str, name: str = "place") -> str:
    return f'<w:bookmarkStart w:id="5" w:name="{name}"/>{"".join(content)}<w:bookmarkEnd w:id="5"/>'


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        (field("REF place", result="in «town»"), "in Äänekoski"),
        (field("REF Place \\h \\* MERGEFORMAT", result="in «town»"), "in Äänekoski"),
        (field("IF 1 = 1 ", '"', field("REF place"), '"'), "in Äänekoski"),
        (field("REF place \\p", result="above"), "above"),
        (field("REF other", result="old"), "old"),
        ('<w:fldSimple w:instr=" REF place ">' + run("old") + "</w:fldSimple>", "in Äänekoski"),
    ],
)
def test_merge_reference_repeats_the_letters_own_text(reference: str, text: str) -> None:
    data = docx(p(bookmark(run("in "), merge_field("town")), run(" | "), reference))
    (letter,) = read_letters(merged(data, {"town": "Äänekoski"}))
    assert letter.paragraphs == [f"in Äänekoski | {text}"]


def test_merge_reference_to_a_bookmark_around_itself_stays() -> None:
    data = docx(p(bookmark(merge_field("town"), field("REF place", result="old"))))
    (letter,) = read_letters(merged(data, {"town": "Oulu"}))
    assert letter.paragraphs == ["Ouluold"]


def test_merge_reference_to_half_a_field_or_to_more_paragraphs_stays() -> None:
    start, end = '<w:bookmarkStart w:id="5" w:name="place"/>', '<w:bookmarkEnd w:id="5"/>'
    data = docx(p(start, merge_field("town")) + p(run("x"), end, field("REF place", result="old")))
    (letter,) = read_letters(merged(data, {"town": "Oulu"}))
    assert letter.paragraphs == ["Oulu", "xold"]
