"""Small templates whose letters would be huge, or endless to work out, are refused with a message."""

import resource

import pytest

from services.word import TemplateError, WordTemplate
from tests.word.making import code, docx, field, mark, merge_field, merged, p, run, section

MEGABYTE = 1024


def set_field(name: str, *value: str) -> str:
    return field(f'SET {name} "', *value, '"')


def nested(depth: int, inside: str) -> str:
    """That many IFs inside one another, around what stands inside."""
    end = code('" ""') + mark("separate") + run("r") + mark("end")
    return (mark("begin") + code(' IF 1 = 1 "')) * depth + inside + end * depth


def letter_with_header(body: str, header: str) -> bytes:
    return docx(body, section=section("header default rIdheader1"), parts={"header1": p(header)})


@pytest.mark.parametrize("depth", [21, 300, 3000])
def test_fields_too_deep_inside_one_another_are_refused(depth: int) -> None:
    with pytest.raises(TemplateError, match="20 fields stand inside one another"):
        WordTemplate.read(docx(p(nested(depth, merge_field("a")))))


def test_simple_fields_too_deep_inside_one_another_are_refused() -> None:
    inside = '<w:fldSimple w:instr=" TITLE ">' * 30 + merge_field("a") + "</w:fldSimple>" * 30
    with pytest.raises(TemplateError, match="stand inside one another"):
        WordTemplate.read(docx(p(inside)))


def test_kept_texts_that_double_each_time_are_refused_at_little_cost() -> None:
    doubling = (p(set_field(f"a{i}", *[field(f"REF a{i - 1}")] * 2)) for i in range(1, 40))
    data = docx(p(set_field("a0", merge_field("a"))) + "".join(doubling) + p(field("REF a39")))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TemplateError, match="make this letter too long"):
        merged(data, {"a": "x" * 1000})
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * MEGABYTE


def test_kept_text_printed_over_and_over_is_refused() -> None:
    data = docx(p(set_field("a", "x" * 30_000)) + "".join(p(field("REF a")) for _ in range(100)))
    with pytest.raises(TemplateError, match="make this letter too long"):
        merged(data, {"b": "x"})


def test_kept_texts_made_of_one_another_in_a_long_chain_are_refused() -> None:
    body = "".join(p(set_field(f"a{i}", field(f"REF a{i + 1}"))) for i in range(3000)) + p(set_field("a3000", "x"))
    with pytest.raises(TemplateError, match="made of one another"):
        merged(letter_with_header(body, field("REF a0")), {"b": "x"})


def test_deepest_fields_in_the_longest_chain_that_is_taken_are_worked_out() -> None:
    body = "".join(p(set_field(f"a{i}", nested(18, field(f"REF a{i + 1}")))) for i in range(5))
    data = letter_with_header(body + p(set_field("a5", merge_field("a"))), field("REF a0"))
    assert merged(data, {"a": "x"})


def test_bookmark_repeated_over_and_over_is_refused_at_little_cost() -> None:
    content = merge_field("a") + run("y" * 100) * 3000
    body = p(f'<w:bookmarkStart w:id="5" w:name="b"/>{content}<w:bookmarkEnd w:id="5"/>')
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TemplateError, match="repeat too much text"):
        WordTemplate.read(docx(body + "".join(p(field("REF b")) for _ in range(2000))))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * MEGABYTE
