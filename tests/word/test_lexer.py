"""Field instructions as Word and its users write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.word.lexer import glyphs, parse_instruction


def understood(text: str) -> tuple[str, list[str], list[str]]:
    instruction = parse_instruction(glyphs(text))
    return instruction.kind, [token.text for token in instruction.arguments], [str(s) for s in instruction.switches]


@pytest.mark.parametrize(
    ("text", "kind", "arguments", "switches"),
    [
        (" MERGEFIELD name \\* MERGEFORMAT ", "MERGEFIELD", ["name"], ["\\* MERGEFORMAT"]),
        ("mergefield  Name  \\* FirstCap MERGEFORMAT ", "MERGEFIELD", ["Name"], ["\\* FirstCap"]),
        ('MERGEFIELD "two words"\\*Upper', "MERGEFIELD", ["two words"], ["\\* Upper"]),
        ('MERGEFIELD a\\# # ##0,00 \\b "x "', "MERGEFIELD", ["a"], ['\\# "# ##0,00"', '\\b "x "']),
        ('MERGEFIELD a \\@ "d. MMMM yyyy" \\m \\v', "MERGEFIELD", ["a"], ['\\@ "d. MMMM yyyy"', "\\m", "\\v"]),
        ("MERGEFIELD a \\@ d. MMMM yyyy \\* Upper", "MERGEFIELD", ["a"], ['\\@ "d. MMMM yyyy"', "\\* Upper"]),
        ('IF a<>"b*" x "y \\"q\\""', "IF", ["a", "<>", "b*", "x", 'y "q"'], []),
        ('IF “a b” = „c” "x=1" "c:\\\\d"', "IF", ["a b", "=", "c", "x=1", "c:\\d"], []),
        ('IF 1 < 2 "yes" \\* MERGEFORMAT', "IF", ["1", "<", "2", "yes"], ["\\* MERGEFORMAT"]),
        ('IF 1 = 1 "" "never closed', "IF", ["1", "=", "1", "", "never closed"], []),
        ("= 2 + 3", "=", [" 2 + 3"], []),
        ("   ", "", [], []),
        ("NEXT", "NEXT", [], []),
    ],
)
def test_parse_instruction_usual_forms(text: str, kind: str, arguments: list[str], switches: list[str]) -> None:
    assert understood(text) == (kind, arguments, switches)


def test_parse_instruction_name_joins_words_without_quotes() -> None:
    assert parse_instruction(glyphs("MERGEFIELD first name \\* Upper")).name == "first name"
    assert parse_instruction(glyphs("PAGE x")).name == ""


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"\\“”„'), max_size=12), max_size=5))
def test_parse_instruction_quoted_arguments_come_back_unchanged(arguments: list[str]) -> None:
    text = "REF " + " ".join(f'"{argument}"' for argument in arguments)
    assert understood(text) == ("REF", arguments, [])


@given(st.text(max_size=40))
def test_parse_instruction_escaped_text_comes_back(text: str) -> None:
    quoted = "".join("\\" + char if char in '\\"“”„' else char for char in text)
    assert understood(f'IF x = "{quoted}" y')[1] == ["x", "=", text, "y"]


@given(st.text(alphabet=' "\\*@#bIFx=<>“”\t', max_size=40), st.sampled_from(["IF ", "MERGEFIELD ", ""]))
def test_parse_instruction_any_text_ends(text: str, start: str) -> None:
    instruction = parse_instruction(glyphs(start + text))
    assert all(switch.name == switch.name.lower() for switch in instruction.switches)
