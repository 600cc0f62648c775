"""The text of a letter as a preview shows it."""

from services.word import letter_text
from tests.word.making import docx, field, notes, p, run, section, table, text_box


def test_letter_text_part_by_part_in_the_order_of_a_page() -> None:
    line_break = "<w:r><w:t>a</w:t><w:br/><w:t>b</w:t></w:r>"
    nested = table(p("in"), table(p("deep")) + p(""))
    data = docx(
        p("One ", field("PAGE", result="7")) + p("") + p(line_break) + table(p("x"), p("y") + p("z")) + nested
        + p(text_box(run("box"))),
        section=section("header default rIdheader1", "footer default rIdfooter1"),
        parts={"header1": p("Top"), "footer1": p("Bottom"), "footnotes": notes("footnotes", p("Note"))},
    )  # fmt: skip
    assert [(part.part, part.paragraphs) for part in letter_text(data)] == [
        ("header", ("Top",)), ("body", ("One 7", "a\nb", "x | y z", "in | deep", "box")), ("footer", ("Bottom",)),
        ("footnotes", ("Note",)),
    ]  # fmt: skip


def test_letter_text_of_an_empty_letter_is_nothing() -> None:
    assert letter_text(docx(p(""))) == []
