"""Looking into a file before anything is decided: how it is written, where its table begins, what its columns hold."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO

from services.imports.csv_tables import find_encoding, find_separator
from services.imports.options import TableOptions
from services.imports.tables import OLD_OFFICE, PDF, ZIP, Cell, Reader, Table, cell_text, reader_of, trimmed
from services.imports.vcard_tables import is_vcards
from services.imports.workbooks import sheet_names

#: Kinds of file; what is none of them is refused when it is read.
CSV, WORKBOOK, VCARDS, OTHER = "csv", "workbook", "vcards", ""
#: So many rows tell what a column holds, and the first ones where the table begins.
SAMPLE, TOP = 2_000, 40
#: The header is at least so much as wide as the widest of the first rows.
WIDE_ENOUGH = 0.6
DAY = re.compile(r"(\d{1,2})[./-] ?(\d{1,2})[./-] ?(\d{4}|\d{2})(?![\d./-])")
YEAR_FIRST = re.compile(r"\d{4}[./-]\d{1,2}[./-]\d{1,2}")
NUMBER = re.compile(r"[+\-−]?\d[\d\s\u00a0\u202f.,']*(?: ?(?:€|%|[A-Z]{3}))?")


@dataclass(frozen=True)
class Look:
    """What a look showed: `options` as found out, the table's header, the cells of the first rows by column."""

    format: str
    sheets: tuple[str, ...]
    options: TableOptions
    header: tuple[str, ...]
    samples: tuple[list[Cell], ...]


def look_into(stream: IO[bytes], wanted: TableOptions) -> Look:
    """What a file holds, read as far as `wanted` says, and as it looks where that says nothing. Raises TableError."""
    kind = format_of(stream)
    sheets = sheet_names(stream) if kind == WORKBOOK else ()
    options = with_signs(stream, wanted) if kind == CSV else wanted
    reader = reader_of(stream, options)
    options = replace(options, header_row=options.header_row or header_place(list(islice(reader(), TOP))))
    table = Table(reader, options)
    samples = columns_of(table, reader)
    texts = [text for cells in samples for cell in cells if isinstance(cell, str) and (text := cell.strip())]
    options = replace(options, decimal=options.decimal or decimal_mark(texts), dates=options.dates or date_order(texts),
                      sheet=options.sheet or (sheets[0] if len(sheets) == 1 else ""))  # fmt: skip
    return Look(kind, tuple(sheets), options, tuple(table.header), samples)


def format_of(stream: IO[bytes]) -> str:
    """What the file is, by its first bytes; what is none of the others is read as text."""
    stream.seek(0)
    head = stream.read(64)
    if head.startswith(ZIP):
        return WORKBOOK
    return VCARDS if is_vcards(head) else CSV if not head.startswith((PDF, OLD_OFFICE)) else OTHER


def with_signs(stream: IO[bytes], wanted: TableOptions) -> TableOptions:
    encoding = wanted.encoding or find_encoding(stream)
    return replace(wanted, encoding=encoding, separator=wanted.separator or find_separator(stream, encoding))


def columns_of(table: Table, reader: Reader) -> tuple[list[Cell], ...]:
    """The filled cells of the table's first rows, by column."""
    columns: tuple[list[Cell], ...] = tuple([] for _ in table.header)
    for row in islice(table.rows(), SAMPLE):
        for place, cell in enumerate(row.cells[: len(columns)]):
            if cell_text(cell):
                columns[place].append(cell)
    return columns


def header_place(rows: Sequence[list[Cell]]) -> int | None:
    """The number of the row that holds the columns' names: the first that is nearly as wide as the table and holds
    nothing but text, none of it twice; notes above it are narrower. None where there is none: then the first that
    holds something."""
    widths = [len(trimmed(row)) and sum(1 for cell in row if cell_text(cell)) for row in rows]
    widest = max(widths, default=0)
    for number, (row, width) in enumerate(zip(rows, widths, strict=True), start=1):
        if width and width >= widest * WIDE_ENOUGH and is_header(row):
            return number
    return None


def is_header(row: Sequence[Cell]) -> bool:
    texts = [text.casefold() for cell in row if (text := cell_text(cell))]
    return all(isinstance(cell, str) for cell in row if cell_text(cell)) and len(set(texts)) * 10 >= len(texts) * 9


def decimal_mark(texts: Sequence[str]) -> str:
    """The decimal mark that the numbers among the texts are written with; "" where none of them tells."""
    votes = {",": 0, ".": 0}
    for text in texts:
        if NUMBER.fullmatch(text):
            for mark in telling_marks(text):
                votes[mark] += 1
    if votes[","] == votes["."]:
        return ""
    return "," if votes[","] > votes["."] else "."


def telling_marks(text: str) -> Iterator[str]:
    """The decimal mark of one number, where it can be no other."""
    marks = [char for char in text if char in ".,"]
    if len(set(marks)) == 2:
        yield marks[-1]
    elif len(marks) == 1 and not re.search(r"\d[.,]\d{3}(?!\d)", text):
        yield marks[0]
    elif len(marks) > 1:
        yield "," if marks[0] == "." else "."


def date_order(texts: Sequence[str]) -> str:
    """The order of day, month and year in the dates among the texts; "" where there are none."""
    found = [match for text in texts if len(text) < 30 and (match := DAY.match(text))]
    if not found:
        return "ymd" if any(YEAR_FIRST.match(text) for text in texts) else ""
    months_first = sum(1 for match in found if int(match[2]) > 12)
    days_first = sum(1 for match in found if int(match[1]) > 12)
    if months_first != days_first:
        return "mdy" if months_first > days_first else "dmy"
    # Nobody writes the month first with dots; with strokes it is anybody's guess, and Europe's is the day.
    return "dmy"
