"""The real list of the S&P 500: nothing of it is lost, and a second time adds nothing."""

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from models.changes import Change
from models.fields.field import Field
from models.fields.schema import schema_of
from models.rights import Access
from services.imports import ImportReport, import_now, read_mapping
from services.search import find_page
from tests.services.importing import records, values

FILE = Path("tests/data/sp500/constituents.csv")
MAPPING = Path("mappings/sp500.yaml")


@pytest.fixture
def report(admin_access: Access) -> ImportReport:
    return bring_in(admin_access)


def bring_in(access: Access) -> ImportReport:
    with FILE.open("rb") as stream:
        return import_now(access, "company", stream, FILE.name, read_mapping(MAPPING.read_text(encoding="utf-8")))


def rows() -> list[dict[str, str]]:
    with FILE.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def by_name() -> dict[str, dict[str, Any]]:
    return {raw["name"]: values(raw) for raw in records()}


def test_import_of_the_sp500_adds_every_company(report: ImportReport) -> None:
    assert (report.rows, report.created, report.skipped, report.failed_count) == (503, 503, 0, 0)
    assert report.fields_created == ("symbol", "sector", "sub_industry", "state", "date_added", "cik", "founded",
                                     "founded_text", "headquarters_text")  # fmt: skip
    assert Change.objects(batch=report.batch, source="import").count() == 503


def test_import_of_the_sp500_makes_fields_of_their_kinds(report: ImportReport) -> None:
    fields = {field.key: field for field in schema_of("company").fields if field.custom}
    assert {key: (field.kind.name, field.section) for key, field in fields.items()} == {
        "symbol": ("text", "extra"), "sector": ("choice", "classification"), "state": ("text", "extra"),
        "sub_industry": ("choice", "classification"), "date_added": ("date", "extra"), "cik": ("text", "extra"),
        "founded": ("number", "extra"), "founded_text": ("text", "extra"), "headquarters_text": ("text", "extra"),
    }  # fmt: skip
    assert fields["sector"].label_in("fi") == "Toimiala"
    assert [choice.key for choice in fields["sector"].choices][-1] == "utilities"
    assert len(fields["sub_industry"].choices) == len({row["GICS Sub-Industry"] for row in rows()})


def test_import_of_the_sp500_is_found_by_its_filters(app: object, report: ImportReport, admin_access: Access) -> None:
    utilities = [{"col": "x_sector", "opr": "eq", "value": "utilities"}]
    since = [*utilities, {"col": "x_date_added", "opr": "ge", "value": "2000-01-01"}]
    wanted = [row for row in rows() if row["GICS Sector"] == "Utilities"]
    assert find_page(admin_access, "company", utilities).count == len(wanted) == 31
    assert find_page(admin_access, "company", since).count == sum(row["Date added"] >= "2000" for row in wanted)


def test_import_of_the_sp500_keeps_odd_years_as_text_and_reports_them(report: ImportReport) -> None:
    odd = {number: row for number, row in enumerate(rows(), start=2) if not row["Founded"].isdigit()}
    told = {note.row: note for note in report.odd if note.column == "Founded"}
    assert len(odd) == 39
    assert {number: note.value for number, note in told.items()} == {n: row["Founded"] for n, row in odd.items()}
    kept = by_name()
    for row in odd.values():
        assert kept[row["Security"]]["founded_text"] == row["Founded"]
        assert "founded" not in kept[row["Security"]]


def test_import_of_the_sp500_cuts_headquarters_in_two_and_keeps_the_odd_ones(report: ImportReport) -> None:
    kept = by_name()
    assert (kept["3M"]["city"], kept["3M"]["state"]) == ("Saint Paul", "Minnesota")
    told = {note.value for note in report.odd if note.column == "Headquarters Location"}
    assert told == {"Warmley, Bristol, United Kingdom", "none", "Columbus, Ohio; Detroit, Michigan",
                    "Chicago, Illinois; Pittsburgh, Pennsylvania"}  # fmt: skip
    assert kept["3M"]["cik"] == "0000066740"


def test_import_of_the_sp500_loses_no_cell(report: ImportReport) -> None:
    fields, kept = {field.key: field for field in schema_of("company").fields}, by_name()
    for row in rows():
        texts = {shown(fields[key], value) for key, value in kept[row["Security"]].items()}
        for header, cell in row.items():
            parts = cell.split(", ") if header == "Headquarters Location" and cell not in texts else [cell]
            wanted = {part.zfill(10) if header == "CIK" else part for part in parts if part}
            assert wanted <= texts, (row["Security"], header)


def shown(field: Field, value: Any) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat()
    choice = field.choice(value) if isinstance(value, str) else None
    return choice.text("en") if choice else str(value)


def test_import_of_the_sp500_a_second_time_skips_all(report: ImportReport, admin_access: Access) -> None:
    before, version = records(), schema_of("company").version
    again = bring_in(admin_access)
    assert (again.rows, again.created, again.skipped, again.odd_count, again.failed_count) == (503, 0, 503, 0, 0)
    assert (records(), schema_of("company").version) == (before, version)
