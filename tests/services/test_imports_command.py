"""The command `import-records`."""

from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from tests.services.importing import records, values


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    path = tmp_path / "mapping.yaml"
    path.write_text("match: name\ncolumns:\n  Name: name\n  City: city\n  Founded: {field: founded, define: "
                    "{kind: number, label: {en: Founded, fi: Perustettu}}}\n")  # fmt: skip
    return path


def run(app: Flask, tmp_path: Path, text: str, mapping: Path, register: str = "company") -> Result:
    file = tmp_path / "list.csv"
    file.write_text(text, encoding="utf-8")
    arguments = ["import-records", register, str(file), "--mapping", str(mapping)]
    return app.test_cli_runner().invoke(args=arguments)


def test_import_records_prints_counts_and_odd_values(app: Flask, tmp_path: Path, mapping: Path) -> None:
    result = run(app, tmp_path, "Name,City,Founded,Fax\nA,Turku,long ago,1\n,Oulu,1900,2\n", mapping)
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.output.splitlines()]
    for line in ("Rows: 2", "Imported: 1", "Not imported: 1", "Odd values: 1", "New fields: founded, founded_text",
                 "Columns that the mapping leaves out: Fax", "City: Oulu"):  # fmt: skip
        assert line in lines
    assert any(line.startswith("2 Founded long ago x_founded_text “long ago” is not a number.") for line in lines)
    assert any(line.startswith("Row 3: Name: Name is missing") for line in lines)
    assert [values(raw) for raw in records()] == [{"name": "A", "city": "Turku", "founded_text": "long ago"}]


def test_import_records_a_second_time_skips_and_succeeds(app: Flask, tmp_path: Path, mapping: Path) -> None:
    for _ in range(2):
        result = run(app, tmp_path, "Name,City,Founded\nA,Turku,1900\n", mapping)
        assert result.exit_code == 0
    assert len(records()) == 1


@pytest.mark.parametrize(("text", "register", "message"), [
    ("Name,City,Founded\n,Turku,1900\n", "company", "Row 2"),
    ("Name,Town,Founded\nA,Turku,1900\n", "company", "no column “City”"),
    ("%PDF-1.4", "company", "PDF"),
    ("Name,City,Founded\n", "company", "no rows"),
    ("Name,City,Founded\nA,Turku,1900\n", "customers", "There is no register “customers”"),
])  # fmt: skip
def test_import_records_of_what_gives_nothing_ends_with_1(
    app: Flask, tmp_path: Path, mapping: Path, text: str, register: str, message: str
) -> None:
    result = run(app, tmp_path, text, mapping, register=register)
    assert (result.exit_code, records()) == (1, [])
    assert message in result.output


def test_import_records_with_a_wrong_mapping_names_the_line(app: Flask, tmp_path: Path) -> None:
    mapping = tmp_path / "wrong.yaml"
    mapping.write_text("columns:\n  Name: {feild: name}\n")
    result = run(app, tmp_path, "Name\nA\n", mapping)
    assert result.exit_code == 1
    assert "Line 2, columns › Name › feild" in result.output


def test_import_records_without_a_file_ends_with_2(app: Flask, tmp_path: Path, mapping: Path) -> None:
    arguments = ["import-records", "company", str(tmp_path / "none.csv"), "--mapping", str(mapping)]
    assert app.test_cli_runner().invoke(args=arguments).exit_code == 2


def test_undo_import_takes_back_what_the_report_names(app: Flask, tmp_path: Path, mapping: Path) -> None:
    mapping.write_text("columns: {Name: name, City: city}")
    result = run(app, tmp_path, "Name,City\nA,Turku\nB,Oulu\n", mapping)
    batch = next(line.split()[-1] for line in result.output.splitlines() if line.startswith("Batch:"))
    undone = app.test_cli_runner().invoke(args=["undo-import", batch])
    assert undone.exit_code == 0, undone.output
    assert "2 records were removed" in undone.output
    assert not records()
    assert app.test_cli_runner().invoke(args=["undo-import", "nothing"]).exit_code == 1
