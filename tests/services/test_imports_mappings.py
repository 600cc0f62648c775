"""Mappings: what is wrong with one is said with its line and its keys, all of it at once."""

from pathlib import Path

import pytest

from services.imports import MappingError, read_mapping

SP500 = Path("mappings/sp500.yaml")


def problems(text: str) -> list[str]:
    with pytest.raises(MappingError) as caught:
        read_mapping(text)
    return str(caught.value).splitlines()


def test_read_mapping_of_the_project_reads() -> None:
    mapping = read_mapping(SP500.read_text(encoding="utf-8"))
    assert (mapping.register, mapping.match, mapping.on_existing) == ("company", ("name",), "skip")
    assert len(mapping.columns) == 8


def test_read_mapping_in_its_short_form_names_the_field() -> None:
    mapping = read_mapping("columns:\n  Company name: name\n")
    (rule,) = mapping.columns
    assert (rule.header, rule.uses[0].field, mapping.on_existing) == ("Company name", "name", "add")


@pytest.mark.parametrize(("text", "message"), [
    ("", "Line 1: write this as keys and values"),
    ("columns: {}", "Line 1, columns: say which column goes into which field"),
    ("columns:\n  A: {field: name}\nmacth: [name]\n", "Line 3, macth: there is no such key; perhaps “match” is meant."),
    ("columns:\n  A: {feild: name}\n", "Line 2, columns › A › field: give this as text."),
    ("columns:\n  A:\n    field: cik\n    zero_fill: ten\n",
     "Line 4, columns › A › zero_fill: give a whole number from 1 to 100."),
    ("columns:\n  2024: name\n", "Line 2, columns › 2024: write the column's header in quotation marks."),
    ("columns:\n  A: {split: {separator: ', ', into: [city]}}\n", "list the two to ten fields that the parts go into"),
    ("columns:\n  A: {split: {into: [city, street]}}\n", "separator: give the signs between the parts"),
    ("columns:\n  A: {field: companies, create_missing: true}\n", "say “link_by: name” too"),
    ("columns:\n  A: {field: x, define: {label: X}}\n", "columns › A › define › kind: give this as text."),
    ("columns:\n  A: {field: x, define: {kind: text, colour: red}}\n", "define › colour: there is no such key"),
    ("columns: {A: name}\non_existing: skip\n", "Line 2, on_existing: to skip what exists"),
    ("columns: {A: name}\non_existing: update\n", "Line 2, on_existing: choose one of: add, skip, fill, overwrite."),
    ("columns: {A: name}\nseparator: x\n", 'Line 2, separator: choose one of: ",", ";", "\\t", "|".'),
    ("columns: {A: name}\nmatch: {name: 1}\n", "Line 2, match: give a list of texts"),
    ("columns: {A: {field: x, odd: {label: {sv: X}}}}", "odd › label › sv: there is no such key"),
    ("columns:\n  A: name\n  A: city\n", "Line 3: “A” is there already on line 2."),
    ("columns:\n  A: [name\n", "the mapping is not YAML there"),
    ("a: &x [1]\nb: *x\n", "Line 2: write the value out"),
    ("columns: " + "[" * 100_000, "too many levels"),
    ("columns: {A: name}\n" + "#" * 300_000, "too long"),
    ("columns: {A: 2024-13-45}", "not YAML that can be read"),
])  # fmt: skip
def test_read_mapping_of_a_wrong_one_says_where(text: str, message: str) -> None:
    assert any(message in problem for problem in problems(text)), problems(text)


def test_read_mapping_with_several_problems_tells_all_of_them() -> None:
    found = problems("macth: [name]\ncolumns:\n  A: {feild: name}\n  B: {field: city, zero_fill: 0}\n")
    assert len(found) == 4
