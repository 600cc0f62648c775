"""Sheets as offices keep them: notes above, numbers as text, mixed dates, merged cells, repeated headers."""

import datetime as dt
import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from bson import ObjectId

from models.rights import Access
from services.imports import drafts
from services.settings import define_field
from tests.services.importing import records, values
from tests.services.test_imports_drafts import checked, done, started


@pytest.fixture
def access(admin_access: Access) -> Access:
    """A Finnish administrator, with fields for what the sheets hold."""
    for key, kind in (("sum", "number"), ("since", "date"), ("share", "number")):
        define_field(admin_access, {"register": "company", "key": key, "kind": kind, "label": key.title()})
    return replace(admin_access, language="fi")


def faulty(access: Access, draft_id: ObjectId) -> list[tuple[int, str, str]]:
    """(row, column, value) of each cell that a check finds wrong."""
    drafts.set_columns(access, draft_id, [], match=[], on_existing="add")
    checked(access, draft_id)
    return [(cell["row"], cell["header"], cell["value"]) for cell in drafts.faulty_cells(access, draft_id)[0]]


def imported(access: Access, draft_id: ObjectId) -> list[dict[str, Any]]:
    drafts.set_columns(access, draft_id, [], match=[], on_existing="add")
    done(access, draft_id)
    return [values(raw) for raw in records()]


def test_mixed_dates_and_numbers_kept_as_text_are_read_and_those_that_mean_nothing_told(access: Access) -> None:
    draft_id = started(access, "Asiakkaat 2024\n\nYritys;Since;Sum\nAho;31.12.2023;1 234,50\n"
                               "Berg;2024-02-01;12 345,00\nCello;1.2.2024;1 234,5\nDahl;12/31/2023;-\n")  # fmt: skip
    assert faulty(access, draft_id) == [(7, "Since", "12/31/2023"), (7, "Sum", "-")]
    found = imported(access, draft_id)
    assert [float(raw["sum"]) for raw in found] == [1234.5, 12345, 1234.5]
    assert [raw["since"].date() for raw in found] == [dt.date(2023, 12, 31), dt.date(2024, 2, 1), dt.date(2024, 2, 1)]


def test_dates_of_another_country_are_seen_by_what_they_can_not_be(access: Access) -> None:
    found = imported(access, started(access, "Yritys,Since\nAho,12/31/2023\nBerg,2024-02-01\nCello,01/02/2024\n"))
    assert [raw["since"].date() for raw in found] == [dt.date(2023, 12, 31), dt.date(2024, 2, 1), dt.date(2024, 1, 2)]


@pytest.mark.parametrize("repeated", ["Yritys;Sum", " Yritys ;Sum;;"])
def test_header_that_is_repeated_is_no_record(access: Access, repeated: str) -> None:
    found = imported(access, started(access, f"Yritys;Sum\nAho;1\n{repeated}\nBerg;2\nYritys;3\n"))
    assert [raw.get("name") for raw in found] == ["Aho", "Berg", "Yritys"]


def test_sheet_that_is_chosen_is_read_with_its_merged_cells_and_hidden_rows(access: Access) -> None:
    book = openpyxl.Workbook()
    book.active["A1"] = "Read this first"
    sheet = book.create_sheet("Customers")
    for row in (["Customers of 2024"], ["Yritys", "Kunta", "Share", "Sum"], ["Aho", "Oulu", 0.125, "1 234,50"],
                ["Berg", None, 0.5, 12], ["Cello", "Pori", "12 %", "1,00"]):  # fmt: skip
        sheet.append(row)
    sheet.merge_cells("A1:D1")
    sheet.merge_cells("B3:B4")
    sheet.row_dimensions[4].hidden = True
    sheet["C3"].number_format = "0.0%"
    content = io.BytesIO()
    book.save(content)
    draft_id = started(access, content.getvalue(), "book.xlsx")
    assert drafts.get_draft(access, draft_id)["sheets"] == ["Sheet", "Customers"]
    options = drafts.set_options(access, draft_id, {"sheet": "Customers"})["options"]
    assert (options["sheet"], options["header_row"]) == ("Customers", 2)
    assert faulty(access, draft_id) == [(5, "Share", "12 %")]
    assert drafts.correct_cells(access, draft_id, {(5, 2): "0,12"}) == 1
    found = imported(access, draft_id)
    assert [(raw["name"], raw.get("city")) for raw in found] == [("Aho", "Oulu"), ("Berg", None), ("Cello", "Pori")]
    assert [(float(raw["share"]), float(raw["sum"])) for raw in found] == [(0.125, 1234.5), (0.5, 12), (0.12, 1)]
