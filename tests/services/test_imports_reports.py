"""The workbook of faulty rows: mended in a spreadsheet program, it is brought in as it is."""

import datetime as dt
import io
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from bson import ObjectId

from models.rights import Access
from services.imports import drafts
from services.settings import define_field
from tests.services.importing import records, values, workbook
from tests.services.test_imports_drafts import done

ROWS = [
    ["Name", "Size", "Worth", "Founded", "Code", "Class", "Level"],
    ["Aho", 1.5, 2.25, dt.date(2020, 1, 2), "007", "A", 3],
    ["", 1.234, 12345.678, dt.date(2024, 12, 31), "008", "B", 4],
    [None, 7, 100, dt.date(2023, 2, 1), "009", "A", 1.0],
]


def started(access: Access, content: io.BytesIO, name: str) -> ObjectId:
    return drafts.start_draft(access, "company", content, name)


def mended(access: Access, draft_id: ObjectId, cells: Mapping[str, Any]) -> io.BytesIO:
    """The workbook of faulty rows with these cells written anew and saved, as Excel does."""
    _name, content = drafts.report_file(access, draft_id)
    with content:
        book = openpyxl.load_workbook(content)
    for place, value in cells.items():
        book.active[place] = value
    saved = io.BytesIO()
    book.save(saved)
    saved.seek(0)
    return saved


@pytest.mark.parametrize("language", ["en", "fi"])
def test_faulty_rows_are_mended_in_a_sheet_and_brought_in_as_they_are(admin_access: Access, language: str) -> None:
    access = replace(admin_access, language=language)
    kinds = {"size": "number", "worth": "money", "founded": "date", "code": "text", "class": "choice",
             "level": "number"}  # fmt: skip
    for key, kind in kinds.items():
        chosen = {"choices": ["A", "B"]} if kind == "choice" else {}
        define_field(access, {"register": "company", "key": key, "kind": kind, "label": key.title(), **chosen})
    first = started(access, workbook(ROWS), "list.xlsx")
    result = done(access, first)["result"]
    assert (result["created"], result["failed"]) == (1, 2)
    again = started(access, mended(access, first, {"C2": "Berg", "C3": "Cello"}), "again.xlsx")
    columns = drafts.get_draft(access, again)["columns"]
    assert [column["choice"].get("field") for column in columns] == [
        None, None, "name", "x_size", "x_worth", "x_founded", "x_code", "x_class", "x_level"]  # fmt: skip
    assert not any("define" in column["choice"] for column in columns)
    result = done(access, again)["result"]
    assert (result["created"], result["failed"], result["odd"]) == (2, 0, 0)
    berg, cello = (values(raw) for raw in records()[1:])
    assert [float(berg[key]) for key in ("size", "level")] == [1.234, 4]
    assert str(berg["worth"]["amount"]) == "12345.678"
    assert (berg["founded"].date(), berg["code"], berg["class"]) == (dt.date(2024, 12, 31), "008", "b")
    assert (cello["code"], float(cello["size"])) == ("009", 7)


def test_fields_that_the_first_import_made_take_the_mended_rows(admin_access: Access) -> None:
    first = started(admin_access, workbook(ROWS), "list.xlsx")
    assert done(admin_access, first)["result"]["failed"] == 2
    again = started(admin_access, mended(admin_access, first, {"C2": "Berg", "C3": "Cello"}), "again.xlsx")
    draft = drafts.get_draft(admin_access, again)
    assert not [column["header"] for column in draft["columns"] if "define" in column["choice"]]
    assert done(admin_access, again)["result"]["created"] == 2


def test_rows_that_fail_once_more_come_with_their_new_reasons_alone(admin_access: Access) -> None:
    first = started(admin_access, workbook(ROWS), "list.xlsx")
    done(admin_access, first)
    second = started(admin_access, mended(admin_access, first, {"C2": "Berg"}), "again.xlsx")
    assert done(admin_access, second)["result"]["failed"] == 1
    content = mended(admin_access, second, {"C2": "Cello"})
    sheet = openpyxl.load_workbook(content).active
    headers = [cell.value for cell in sheet[1]]
    assert headers == ["Why it was not imported", "Row in the file", *ROWS[0]]
    assert (sheet.max_row, sheet["B2"].value) == (2, 3)
    third = started(admin_access, content, "third.xlsx")
    assert done(admin_access, third)["result"]["created"] == 1
    assert [raw["name"] for raw in records()] == ["Aho", "Berg", "Cello"]
