"""A table out of a file, whatever its format: a header and numbered rows."""

import codecs
import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from flask_babel import lazy_gettext as _l

from services.imports.csv_tables import csv_reader
from services.imports.errors import TableError
from services.imports.limits import MAX_BYTES, MAX_COLUMNS, MAX_ROWS
from services.imports.options import TableOptions
from services.imports.vcard_tables import is_vcards, vcard_reader
from services.imports.workbooks import workbook_reader

#: What a cell may hold: text from CSV; numbers, dates, times and yes/no as well from a workbook.
Cell = Any
Reader = Callable[[], Iterator[list[Cell]]]
OTHER_KINDS = (
    ((b"<html", b"<!doctype", b"<table", b"<head"), _l("a web page")),
    ((b"<?xml", b"<workbook"), _l("XML")), ((b"{\\rtf",), _l("a text document")), ((b"[{", b'{"'), _l("JSON")),
)  # fmt: skip
ZIP, OLD_OFFICE, PDF = b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF"


@dataclass(frozen=True)
class Row:
    """One row that holds something. `number` is its number in the file, the first row being 1."""

    number: int
    cells: list[Cell] = field(default_factory=list)


Mend = Callable[[Row], Row]


def as_it_is(row: Row) -> Row:
    return row


class Table:
    """A header and the rows below it, read from the start of the file each time `rows` is called.

    A header that is there twice gets a number, a blank one its column's: every column can be named. `mend` may be
    set to a function that gives each row with its cells corrected.
    """

    def __init__(self, read: Reader, options: TableOptions) -> None:
        self._read = read
        self.mend: Mend = as_it_is
        self.header_row, self.header = self._find_header(options.header_row)

    def rows(self) -> Iterator[Row]:
        """The rows below the header that hold something. Raises TableError where the file breaks off."""
        for number, cells in enumerate(self._read(), start=1):
            if number > MAX_ROWS:
                raise TableError(_l("The file has more than %(max)s rows. Split it into several.", max=MAX_ROWS))
            if number > self.header_row and not is_blank(cells) and not self._is_header(cells):
                yield self.mend(Row(number, cells))

    def _is_header(self, cells: list[Cell]) -> bool:
        """Whether a row is the header once more, as it stands at the top of each printed page."""
        if len(self.header) < 2 or not isinstance(cells[0], str) or cells[0].strip() != self.header[0]:
            return False
        return named(cells) == self.header

    def _find_header(self, wanted: int | None) -> tuple[int, list[str]]:
        for number, cells in enumerate(self._read(), start=1):
            if wanted == number or (wanted is None and not is_blank(cells)):
                return number, named(cells)
        raise TableError(_l("The file is empty: it has no header row with the columns' names."))


def open_table(stream: IO[bytes], options: TableOptions) -> Table:
    """The table in a file; what it is is seen from its content, not from its name.

    The stream must be seekable and stay open while rows are read. Raises TableError.
    """
    return Table(reader_of(stream, options), options)


def reader_of(stream: IO[bytes], options: TableOptions) -> Reader:
    """A function that reads the file's rows from the start. Raises TableError."""
    check_size(stream)
    stream.seek(0)
    head = stream.read(64)
    if head.startswith(PDF):
        raise TableError(_l("This file is a PDF, not a table. Save the list as CSV or XLSX and import that."))
    if head.startswith(OLD_OFFICE):
        raise TableError(_l("This is an old Excel file or one with a password. Save it as XLSX without a password."))
    if other := other_kind(head):
        raise TableError(_l("This file is %(kind)s, not a table. Open it in a spreadsheet program, save it as XLSX and "
                            "import that.", kind=other))  # fmt: skip
    if is_vcards(head):
        return vcard_reader(stream)
    return workbook_reader(stream, options) if head.startswith(ZIP) else csv_reader(stream, options)


def other_kind(head: bytes) -> Any:
    """What a file is that is text but no table, by its first bytes; nothing for all others."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    return next((kind for beginnings, kind in OTHER_KINDS if start.startswith(beginnings)), None)


def check_size(stream: IO[bytes]) -> None:
    size = stream.seek(0, 2)
    if not size:
        raise TableError(_l("The file is empty."))
    if size > MAX_BYTES:
        raise TableError(_l("The file is too large: at most %(max)s MB. Split it into several.", max=MAX_BYTES >> 20))


def named(cells: list[Cell]) -> list[str]:
    """The names of the columns, each once."""
    cells = trimmed(cells)
    if not cells:
        raise TableError(_l("The header row is empty. Give the row with the columns' names as “header_row”."))
    if len(cells) > MAX_COLUMNS:
        raise TableError(_l("The file has more than %(max)s columns.", max=MAX_COLUMNS))
    names: list[str] = []
    for place, cell in enumerate(cells, start=1):
        name = base = cell_text(cell) or f"({place})"
        count = 1
        while name in names:
            count += 1
            name = f"{base} ({count})"
        names.append(name)
    return names


def trimmed(cells: list[Cell]) -> list[Cell]:
    """The cells without the empty ones at the end."""
    last = len(cells)
    while last and not cell_text(cells[last - 1]):
        last -= 1
    return cells[:last]


def is_blank(cells: list[Cell]) -> bool:
    return not any(cell_text(cell) for cell in cells)


def cell_text(cell: Cell) -> str:
    """A cell as text, as people read it in a sheet: whole numbers without .0, dates as 2024-12-31."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return format(Decimal(repr(cell)), "f")
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ", timespec="minutes" if not cell.second else "seconds")
    return cell.isoformat() if isinstance(cell, (dt.date, dt.time)) else str(cell)
