"""The templates that other projects test with: filled completely, formatted as they say, files that open."""

import datetime
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from services.word import Value, WordTemplate, normalise_name
from tests.word.making import merged, merged_with_report
from tests.word.reading import read_letters
from tests.word.validity import assert_filled, assert_valid

DATA = Path(__file__).parents[1] / "data" / "word"
TEMPLATES = sorted((DATA / "templates").glob("*.docx"))
EXPECTED = yaml.safe_load((DATA / "expected.yaml").read_text(encoding="utf-8"))
PEOPLE = ("Äijälä & Pojat", 'O\'Brien "Øre" <x>', "Ζωή 😀")


def record_for(template: WordTemplate, person: str) -> dict[str, Value]:
    """A record with a different value for every field."""
    return {name: f"{name} of {person}" for name in template.field_names}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_merge_real_template_fills_every_letter_with_its_own_values(name: str) -> None:
    data = (DATA / "templates" / name).read_bytes()
    expected = EXPECTED[name]
    template = WordTemplate.read(data)
    assert list(template.field_names) == expected["fields"]
    records = [record_for(template, person) for person in PEOPLE]
    letters = read_letters(merged(data, *records))
    assert len(letters) == len(PEOPLE)
    for letter, record in zip(letters, records, strict=True):
        assert letter.lines == [line.format_map(record) for line in expected["lines"]]
        for found, wanted in ((letter.headers, "headers"), (letter.footers, "footers")):
            texts = {kind: text for kind, text in found.items() if text}
            assert texts == {kind: text.format_map(record) for kind, text in expected.get(wanted, {}).items()}
        assert letter.footnotes == [text.format_map(record) for text in expected.get("footnotes", [])]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_merge_real_template_gives_valid_file_with_nothing_left(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    template = WordTemplate.read(data)
    result = merged(data, *(record_for(template, person) for person in PEOPLE), language="fi")
    assert_filled(result)
    assert_valid(result, data, tmp_path)


def test_merge_nested_if_inside_takes_the_right_branch() -> None:
    data = (DATA / "templates" / "c17_test_nested_if_inside.docx").read_bytes()
    values = ("one", "two", "three")
    letters = read_letters(merged(data, *({"fieldname": value} for value in values)))
    assert [letter.lines for letter in letters] == [["- one -"], ["two"], ["more: three"]]


def test_merge_next_puts_several_records_on_a_page_and_ends_when_they_do() -> None:
    data = (DATA / "templates" / "c19_test_next_record.docx").read_bytes()
    result, report = merged_with_report(data, *({"field": f"R{number}"} for number in range(1, 7)))
    letters = read_letters(result)
    assert [letter.paragraphs for letter in letters] == [
        ["R1/R1", "R2/R2", "R3/R3", "R4/R4"],
        ["R5/R5", "R6/R6", "/", "/"],
    ]
    assert (report.letters, report.records) == (2, 6)


@pytest.mark.parametrize(
    ("when", "amount"),
    [
        (datetime.date(2024, 2, 1), 1234567),
        ("2024-02-01", "1234567"),
        ("1.2.2024", "1 234 567,4"),
    ],
)
def test_merge_switches_format_text_dates_and_numbers(when: Value, amount: Value) -> None:
    data = (DATA / "templates" / "c22_MERGEFIELD.docx").read_bytes()
    record = {"kundenname": "älf Mäki", "Kundenstrasse": "Tie 1", "yourdate": when, "yournumber": amount}
    (letter,) = read_letters(merged(data, record, language="fi"))
    assert letter.lines == [
        "Hallo, lower älf Mäki",
        "Hallo, lower no MERGEFORMAT älf mäki",
        "Hallo, lower no MERGEFORMAT, no trailing spaces älf mäki",
        "Hallo, initial Älf Mäki",
        "Hallo, random älf Mäki",
        "Hallo, all caps ÄLF MÄKI",
        "Tie 1",
        "date exampletorstai, helmikuuta 01, 2024",
        "number example$1,234,567",
    ]


def test_fields_real_template_lists_parts_and_switches() -> None:
    template = WordTemplate.read((DATA / "templates" / "c22_MERGEFIELD.docx").read_bytes())
    assert template.field_names == ("kundenname", "Kundenstrasse", "yourdate", "yournumber")
    found = [(field.name, field.switches) for field in template.fields if field.name.startswith("your")]
    assert found == [("yourdate", ('\\@ "dddd, MMMM dd, yyyy"',)), ("yournumber", ('\\# "$#,###,###"',))]
    notes = WordTemplate.read((DATA / "templates" / "c07_test_footnote_header_footer.docx").read_bytes())
    assert {field.part for field in notes.fields} == {"body", "header", "footer", "footnotes"}
    assert all(field.supported for field in (*template.fields, *notes.fields))


def test_merge_real_templates_render_in_libreoffice(tmp_path: Path) -> None:
    soffice = shutil.which("soffice")
    assert soffice, "LibreOffice draws the merged files in this test: install it (apt-get install libreoffice-writer)."
    for path in TEMPLATES:
        data = path.read_bytes()
        template = WordTemplate.read(data)
        records = [{normalise_name(n): f"{n} {person}" for n in template.field_names} for person in ("A", "B")]
        (tmp_path / path.name).write_bytes(merged(data, *records))
    command = [soffice, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "pdf"]
    files = [str(tmp_path / path.name) for path in TEMPLATES]
    subprocess.run([*command, "--outdir", str(tmp_path / "pdf"), *files], check=True, capture_output=True, timeout=120)
    drawn = sorted(path.stem for path in (tmp_path / "pdf").glob("*.pdf") if path.stat().st_size > 1000)
    assert drawn == [path.stem for path in TEMPLATES]
