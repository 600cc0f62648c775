"""Looking into a workbook before it is read: how large its sheets are and which cells hold errors.

python-calamine holds the whole rectangle of a sheet in memory, and gives a cell with an error as an empty one.
"""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath

from flask_babel import lazy_gettext as _l
from lxml import etree

from services.imports.errors import TableError
from services.imports.limits import MAX_CELLS, MAX_RATIO, MAX_SHARED, MAX_UNPACKED, SMALL_PART

CHUNK = 1 << 20
#: So much is looked through at once where no row ends; there are cells in it, or it is no list.
MAX_PIECE = 4 << 20
#: Only cells have an attribute r of letters and digits; rows have digits alone.
PLACE = re.compile(rb'\sr="([A-Z]{1,3})(\d{1,7})"')
ERROR = re.compile(rb'<(?:\w+:)?c\s(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})(\d{1,7})"[^>]*>(.*?)</(?:\w+:)?c>', re.DOTALL)
ERROR_TYPE = b't="e"'
VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)</")
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
TOO_LARGE_UNPACKED = _l("The workbook is too large once unpacked. Split it into several.")
NO_LIST = _l("This workbook unpacks into far more than a list holds. Copy the table into a new workbook, and import "
             "that.")  # fmt: skip
PARSER = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)


@dataclass
class SheetFacts:
    """The extent of a sheet (0 where it is empty) and the texts of its error cells: {row: {column from 0: text}}."""

    rows: int = 0
    columns: int = 0
    errors: dict[int, dict[int, str]] = field(default_factory=dict)


def check_workbook(archive: zipfile.ZipFile) -> dict[str, str]:
    """{sheet's name: its part}, in the workbook's order. Raises TableError for another kind of file or a bomb."""
    names = set(archive.namelist())
    if "xl/workbook.xml" not in names or "xl/_rels/workbook.xml.rels" not in names:
        raise TableError(_l("This is no workbook (.xlsx or .ods). Save the list as CSV, XLSX or ODS and import that."))
    check_unpacked(archive)
    try:
        book = etree.fromstring(archive.read("xl/workbook.xml"), PARSER)
        relations = etree.fromstring(archive.read("xl/_rels/workbook.xml.rels"), PARSER)
    except etree.XMLSyntaxError as error:
        raise zipfile.BadZipFile(str(error)) from error
    targets = {node.get("Id"): part_name(node.get("Target", "")) for node in relations}
    sheets = [(node.get("name"), targets.get(node.get(RELATION))) for node in book.iter("{*}sheet")]
    return {name: part for name, part in sheets if name and part in names}


def check_unpacked(archive: zipfile.ZipFile) -> None:
    """Raises TableError for a workbook that would fill the memory once it is unpacked."""
    parts = archive.infolist()
    shared = sum(part.file_size for part in parts if part.filename.lower().endswith("sharedstrings.xml"))
    if sum(part.file_size for part in parts) > MAX_UNPACKED or shared > MAX_SHARED:
        raise TableError(TOO_LARGE_UNPACKED)
    if any(part.file_size > max(SMALL_PART, MAX_RATIO * part.compress_size) for part in parts):
        raise TableError(NO_LIST)


def part_name(target: str) -> str:
    return target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))


def sheet_facts(archive: zipfile.ZipFile, part: str) -> SheetFacts:
    """What one sheet holds, read in pieces. Raises TableError where it is larger than can be held."""
    facts = SheetFacts()
    for piece in pieces(archive, part):
        if places := PLACE.findall(piece):
            # Millions of cells stand in few columns, and some tens of them in each row.
            letters_used, numbers = map(set, zip(*places, strict=True))
            facts.rows = max(facts.rows, *map(int, numbers))
            facts.columns = max(facts.columns, *(column_number(letters) + 1 for letters in letters_used))
        check_extent(facts)
        if ERROR_TYPE not in piece:
            continue
        for letters, digits, inside in ERROR.findall(piece):
            value = VALUE.search(inside)
            text = value[1].decode("utf-8", "replace") if value else "#ERROR"
            facts.errors.setdefault(int(digits), {})[column_number(letters)] = text
    return facts


def check_extent(facts: SheetFacts) -> None:
    """Raises TableError for a sheet that is larger than can be held."""
    if facts.rows * facts.columns > MAX_CELLS:
        raise TableError(_l(
            "The sheet is too large: its cells reach to row %(row)s and column %(column)s. Delete what stands far "
            "outside the table.", row=facts.rows, column=facts.columns))  # fmt: skip


def pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """A sheet's XML in pieces that end where a row does."""
    rest = b""
    with archive.open(part) as stream:
        while chunk := stream.read(CHUNK):
            rest += chunk
            cut = rest.rfind(b"row>") + 4
            if cut < 4 and len(rest) > MAX_PIECE:
                cut = rest.rfind(b"<c ", 5)
                if cut < 0:
                    raise TableError(NO_LIST)
            if cut > 4:
                yield rest[:cut]
                rest = rest[cut:]
    yield rest


def column_number(letters: bytes) -> int:
    """0 for A, 25 for Z, 26 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1
