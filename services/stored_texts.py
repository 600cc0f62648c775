"""The texts in stored files, line by line or row by row, whatever the files are: to find in which somebody stands."""

import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import IO, Any

from models.file_types import ODS, PICTURES, XLSX, ZIP
from services.document_text import MOST_BYTES, is_readable, read_whole
from services.files import stream_content
from services.imports.errors import TableError
from services.imports.options import TableOptions
from services.imports.tables import cell_text, reader_of
from services.imports.workbooks import sheet_names
from services.records import RecordNotFound
from services.traces import beside

Raw = dict[str, Any]
Lines = Iterator[tuple[int, str]]
#: Characters of a document that are read: letters to ten thousand.
MOST_TEXT = 60_000_000
MOST_SECONDS = 300
SHEETS = (XLSX, ODS)


class Unread(Exception):
    """Nobody can say what stands in the file: it is damaged, protected by a password, or of a kind that isn't read."""


def lines_of(file: Mapping[str, Any]) -> Lines:
    """(number, text) of the lines or rows in a stored file (raw), beginning with its name as number 0.

    Raises Unread, perhaps after some of them.
    """
    yield 0, str(file["name"])
    with tempfile.TemporaryFile(prefix="kortisto-text-") as content:
        try:
            for part in stream_content(dict(file)):
                content.write(part)
        except RecordNotFound:
            return
        content.seek(0)
        yield from lines_in(file["content_type"], content, table=file["purpose"] == "import")


def lines_in(content_type: str, content: IO[bytes], *, table: bool = False) -> Lines:
    if table or content_type in SHEETS:
        yield from rows_in(content, content_type in SHEETS or zipfile.is_zipfile(content))
    elif content_type.startswith("text/") or content_type.endswith("json") or "ndjson" in content_type:
        yield from enumerate((line.decode("utf-8", "replace") for line in content), start=1)
    elif content_type not in PICTURES:
        yield from read_lines(content_type, content)


def rows_in(content: IO[bytes], workbook: bool) -> Lines:
    """The rows of a table, of every sheet."""
    try:
        for sheet in sheet_names(content) if workbook else ("",):
            content.seek(0)
            read = reader_of(content, replace(TableOptions(), sheet=sheet))
            for number, cells in enumerate(read(), start=1):
                yield number, beside(map(cell_text, cells))
    except TableError as error:
        raise Unread from error


def read_lines(content_type: str, content: IO[bytes]) -> Lines:
    if not (is_readable(content_type) or content_type == ZIP) or content.seek(0, 2) > MOST_BYTES:
        raise Unread
    content.seek(0)
    text, whole = read_whole(content_type, content, MOST_TEXT, MOST_SECONDS)
    yield from enumerate(text.splitlines(), start=1)
    if not whole:
        raise Unread
