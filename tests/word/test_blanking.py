"""Letters taken out of the document of many: nothing of them is left, and the others stay what and where they are."""

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from services.word import blank_letters
from tests.word.making import docx, merge_field, p, section
from tests.word.reading import parts, read_letters
from tests.word.test_extract import NAMES, RICH, spans_of, taken
from tests.word.validity import assert_valid

PLAIN = docx(p("Dear ", merge_field("name")))


def without(document: bytes, spans: list[tuple[list[str], int, int]], places: Sequence[int]) -> bytes:
    out = io.BytesIO()
    blank_letters(io.BytesIO(document), spans[0][1], [spans[place][1:] for place in places], out)
    return out.getvalue()


@pytest.mark.parametrize("places", [[0], [1], [2], [0, 2], [0, 1, 2]])
@pytest.mark.parametrize("template", [PLAIN, RICH], ids=["plain", "rich"])
def test_nothing_of_a_blanked_letter_is_left_and_the_others_are_equal_in_all_their_parts(
    tmp_path: Path, template: bytes, places: list[int]
) -> None:
    document, spans = spans_of(template)
    rest = without(document, spans, places)
    assert_valid(rest, template, tmp_path)
    whole = b"".join(name.encode() + data for name, data in parts(rest).items())
    for place, name in enumerate(NAMES):
        assert (name.encode() in whole) is (place not in places)
        if place not in places:
            assert parts(taken(rest, spans, place)) == parts(taken(document, spans, place))


def test_letters_blanked_one_after_the_other_leave_an_empty_document(tmp_path: Path) -> None:
    document, spans = spans_of(RICH)
    for place in (2, 0, 1):
        document = without(document, spans, [place])
        assert_valid(document, RICH, tmp_path)
    assert [letter.lines for letter in read_letters(document)] == [[]]


def test_header_that_other_letters_have_too_stays(tmp_path: Path) -> None:
    template = docx(p(merge_field("name")), section=section("header default rIdheader1"),
                    parts={"header1": p("Hello ", merge_field("town"))})  # fmt: skip
    document, spans = spans_of(template)
    rest = without(document, spans, [0])
    assert_valid(rest, template, tmp_path)
    assert parts(taken(rest, spans, 1)) == parts(taken(document, spans, 1))
