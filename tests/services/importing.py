"""What the tests of imports share: importing a text or a workbook, reading what came of it."""

import io
from collections.abc import Iterable, Mapping
from typing import Any

import openpyxl

from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import Access
from services.imports import ImportReport, import_now, read_mapping


def import_text(access: Access, register: str, text: str | bytes, mapping: str) -> ImportReport:
    content = text.encode() if isinstance(text, str) else text
    return import_now(access, register, io.BytesIO(content), "list.csv", read_mapping(mapping))


def workbook(rows: Iterable[Iterable[Any]], **sheets: Iterable[Iterable[Any]]) -> io.BytesIO:
    """An XLSX file with the rows on its first sheet, and further sheets by name."""
    book = openpyxl.Workbook()
    book.active.title = "List"
    for title, content in {"List": rows, **sheets}.items():
        sheet = book[title] if title in book.sheetnames else book.create_sheet(title)
        for row in content:
            sheet.append(list(row))
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def records(register: str = "company") -> list[dict[str, Any]]:
    """All records in the order in which they were written."""
    return list(REGISTERS[register].document._get_collection().find().sort("_id", 1))


def values(raw: Mapping[str, Any], register: str = "company") -> dict[str, Any]:
    """{key: stored value} of one record's own values, fixed and custom ones alike."""
    custom = raw.get("custom") or {}
    fixed = {field.key: raw[field.key] for field in schema_of(register).fields
             if not field.custom and field.key in raw and field.order < 900}  # fmt: skip
    return {**fixed, **custom}


def only(register: str = "company") -> dict[str, Any]:
    (raw,) = records(register)
    return values(raw, register)
