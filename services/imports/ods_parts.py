"""Looking into an OpenDocument spreadsheet before it is read: how large its sheets are, which cells hold errors.

A few bytes may repeat a cell and a row a thousand million times, and python-calamine holds them all.
"""

import zipfile
from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from services.imports.sheet_parts import SheetFacts, check_extent, check_unpacked

CONTENT, MIMETYPE = "content.xml", b"application/vnd.oasis.opendocument.spreadsheet"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
CELLS = (f"{TABLE}table-cell", f"{TABLE}covered-table-cell")
#: No sheet has more rows or columns; what says it repeats more often is damaged or wants to do harm.
MOST_REPEATS = 2_000_000


def is_ods(archive: zipfile.ZipFile) -> bool:
    names = set(archive.namelist())
    if not {"mimetype", CONTENT} <= names or archive.getinfo("mimetype").file_size > 200:
        return False
    return archive.read("mimetype").strip().startswith(MIMETYPE)


def ods_sheets(archive: zipfile.ZipFile) -> dict[str, SheetFacts]:
    """{sheet's name: what it holds}, in the workbook's order. Raises TableError for a bomb."""
    check_unpacked(archive)
    with archive.open(CONTENT) as stream:
        try:
            return dict(facts_of_tables(stream))
        except etree.XMLSyntaxError as error:
            raise zipfile.BadZipFile(str(error)) from error


def facts_of_tables(stream: IO[bytes]) -> Iterator[tuple[str, SheetFacts]]:
    """Each table with its facts, read row by row; nothing of it is kept in memory."""
    facts, row = SheetFacts(), 0
    events = etree.iterparse(stream, events=("start", "end"), tag=(f"{TABLE}table", f"{TABLE}table-row"),
                             resolve_entities=False, no_network=True, huge_tree=False)  # fmt: skip
    for event, node in events:
        if node.tag == f"{TABLE}table":
            if event == "end":
                yield node.get(f"{TABLE}name", ""), facts
                node.clear()
            facts, row = SheetFacts(), 0
        elif event == "end":
            width = note_row(facts, row + 1, node)
            row += repeats(node, "rows")
            if width:
                facts.rows, facts.columns = row, max(facts.columns, width)
                check_extent(facts)
            clear(node)


def note_row(facts: SheetFacts, number: int, node: Any) -> int:
    """How far the row's filled cells reach; its errors are noted."""
    place, width = 0, 0
    for cell in node.iterchildren(*CELLS):
        count = repeats(cell, "columns")
        if cell.get(f"{OFFICE}value-type") or len(cell):
            width = place + count
        if cell.get(f"{CALC}value-type") == "error":
            facts.errors.setdefault(number, {})[place] = "".join(cell.itertext()).strip() or "#ERROR"
        place += count
    return width


def repeats(node: Any, what: str) -> int:
    """How many cells or rows one element stands for."""
    text = node.get(f"{TABLE}number-{what}-repeated", "1")
    return min(int(text), MOST_REPEATS) if text.isascii() and text.isdigit() and len(text) < 12 else 1


def clear(node: Any) -> None:
    """Forget a row that was read, and those before it."""
    node.clear()
    while node.getprevious() is not None:
        del node.getparent()[0]
