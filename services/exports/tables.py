"""Records as rows of a table: an Excel workbook, or CSV."""

import csv
import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, BinaryIO

import xlsxwriter
from flask_babel import gettext as _

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from services.exports.wanted import Wanted
from services.formulas import defused

Raw = dict[str, Any]
#: What a sheet of Excel holds: rows with its head, and characters of a cell.
MOST_ROWS, LONGEST_CELL = 1_048_576, 32_767
#: Excel keeps fifteen digits of a number, and knows no day before this one.
LARGEST = 10**15
FIRST_DAY = dt.date(1900, 3, 1)
#: Nothing that was typed is a formula or a link, whatever it begins with; each row is written and forgotten.
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
#: Excel's own formats 14 and 22: its reader's usual way to write a day and a moment.
DAY, MOMENT = {"num_format": 14}, {"num_format": 22}
WIDTHS: Mapping[str, int] = {"name": 32, "text": 22, "number": 14, "date": 12, "datetime": 18}


def headers_of(fields: Sequence[Field], language: str) -> list[str]:
    """The fields' names; where two are called the same, their columns tell them apart."""
    labels = [field.label_in(language) for field in fields]
    known = Counter(labels)
    return [label if known[label] == 1 else f"{label} ({field.column})"
            for field, label in zip(fields, labels, strict=True)]  # fmt: skip


def cells_of(fields: Sequence[Field], raw: Raw, context: Context) -> list[Any]:
    values = ((field, stored_value(field, raw)) for field in fields)
    return [None if value in EMPTY_VALUES else field.kind.cell(value, field, context) for field, value in values]


class SheetWriter:
    """An Excel workbook of one sheet."""

    def __init__(self, out: BinaryIO, fields: Sequence[Field], title: str, language: str) -> None:
        self.shortened = 0
        self._fields, self._row = fields, 1
        self._book = xlsxwriter.Workbook(out, OPTIONS)
        self._sheet = self._book.add_worksheet(re.sub(r"[\[\]:*?/\\']", " ", title).strip()[:31] or _("Records"))
        self._day, self._moment = self._book.add_format(DAY), self._book.add_format(MOMENT)
        self._sheet.freeze_panes(1, 1)
        for place, field in enumerate(fields):
            kind = "name" if field.column == "name" else field.kind.name
            self._sheet.set_column(place, place, WIDTHS.get(kind, WIDTHS["text"]))
        bold = self._book.add_format({"bold": True})
        for place, text in enumerate(headers_of(fields, language)):
            self._sheet.write_string(0, place, text, bold)

    def write(self, rows: Iterable[Raw], context: Context) -> None:
        for raw in rows:
            for place, value in enumerate(cells_of(self._fields, raw, context)):
                self._cell(place, value)
            self._row += 1

    def _cell(self, place: int, value: Any) -> None:
        if isinstance(value, dt.datetime) and value.date() >= FIRST_DAY:
            self._sheet.write_datetime(self._row, place, value.replace(tzinfo=None), self._moment)
        elif type(value) is dt.date and value >= FIRST_DAY:
            self._sheet.write_datetime(self._row, place, value, self._day)
        elif isinstance(value, (int, float, Decimal)) and -LARGEST < value < LARGEST:
            self._sheet.write_number(self._row, place, float(value))
        elif value not in EMPTY_VALUES:
            text = plain_text(value, ".")
            self.shortened += int(len(text) > LONGEST_CELL)
            self._sheet.write_string(self._row, place, text[:LONGEST_CELL])

    def close(self) -> None:
        self._sheet.autofilter(0, 0, max(1, self._row - 1), max(0, len(self._fields) - 1))
        self._book.close()


class CsvWriter:
    """CSV in UTF-8 with the mark at its beginning by which Excel knows it."""

    def __init__(self, out: BinaryIO, fields: Sequence[Field], wanted: Wanted, language: str) -> None:
        self.shortened = 0
        self._fields, self._decimal = fields, wanted.decimal
        self._text = io.TextIOWrapper(out, encoding="utf-8-sig", newline="", write_through=False)
        self._csv = csv.writer(self._text, delimiter=wanted.separator)
        self._csv.writerow([defused(header) for header in headers_of(fields, language)])

    def write(self, rows: Iterable[Raw], context: Context) -> None:
        self._csv.writerows([self._cell(value) for value in cells_of(self._fields, raw, context)] for raw in rows)

    def _cell(self, value: Any) -> str:
        text = plain_text(value, self._decimal)
        return defused(text) if isinstance(value, str) else text

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


def plain_text(value: Any, decimal: str) -> str:
    """A cell's value as text that every program reads: days and moments by ISO 8601, numbers without groups."""
    if value in EMPTY_VALUES:
        return ""
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M")
    if isinstance(value, (int, float, Decimal)):
        return format(Decimal(str(value)), "f").replace(".", decimal)
    return value.isoformat() if isinstance(value, dt.date) else str(value)
