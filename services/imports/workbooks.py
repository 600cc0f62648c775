"""Reading XLSX and ODS workbooks with python-calamine."""

import datetime as dt
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import IO, Any

from flask_babel import lazy_gettext as _l
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from services.imports.errors import TableError
from services.imports.ods_parts import is_ods, ods_sheets
from services.imports.options import TableOptions
from services.imports.sheet_parts import SheetFacts, check_workbook, sheet_facts

#: What zipfile, zlib and calamine raise for a damaged, encrypted or strange workbook.
UNREADABLE = (zipfile.BadZipFile, zlib.error, CalamineError, NotImplementedError, RuntimeError, EOFError, OSError,
              ValueError, LookupError)  # fmt: skip
DAMAGED = _l("This workbook can't be read: it may be damaged or have a password. Open it in a spreadsheet program, "
             "save it as XLSX and import that.")  # fmt: skip


class CellError(str):
    """What a formula that failed shows, such as #DIV/0!: to be told of, not to be kept as a value."""

    __slots__ = ()


def workbook_reader(stream: IO[bytes], options: TableOptions) -> Callable[[], Iterator[list[Any]]]:
    """A function that reads the sheet's rows from the start. Raises TableError for what is no workbook."""
    try:
        with zipfile.ZipFile(stream) as archive:
            name, facts = choose_sheet(sheets_of(archive), options.sheet)
        stream.seek(0)
        sheet = CalamineWorkbook.from_filelike(stream).get_sheet_by_name(name)
    except UNREADABLE as error:
        raise TableError(DAMAGED) from error
    return lambda: read_rows(sheet, facts)


def sheet_names(stream: IO[bytes]) -> tuple[str, ...]:
    """The names of a workbook's sheets. Raises TableError for what is no workbook."""
    try:
        with zipfile.ZipFile(stream) as archive:
            return tuple(ods_sheets(archive) if is_ods(archive) else check_workbook(archive))
    except UNREADABLE as error:
        raise TableError(DAMAGED) from error


def sheets_of(archive: zipfile.ZipFile) -> Mapping[str, Callable[[], SheetFacts]]:
    """{sheet's name: a function that looks at what it holds}."""
    if is_ods(archive):
        return {name: partial(itself, facts) for name, facts in ods_sheets(archive).items()}
    return {name: partial(sheet_facts, archive, part) for name, part in check_workbook(archive).items()}


def itself(facts: SheetFacts) -> SheetFacts:
    return facts


def choose_sheet(sheets: Mapping[str, Callable[[], SheetFacts]], wanted: str) -> tuple[str, SheetFacts]:
    """The sheet of that name, or the first with anything in it."""
    if wanted and wanted not in sheets:
        raise TableError(_l("The workbook has no sheet “%(name)s”. Its sheets: %(known)s.",
                            name=wanted, known=", ".join(sheets)))  # fmt: skip
    for name in [wanted] if wanted else sheets:
        facts = sheets[name]()
        if facts.columns:
            return name, facts
    raise TableError(_l("The workbook is empty: no sheet has a header row with the columns' names."))


def read_rows(sheet: CalamineSheet, facts: SheetFacts) -> Iterator[list[Any]]:
    """The rows from the sheet's first on; columns start at its first used one."""
    offset = sheet.start[1] if sheet.start else 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        row = [cell if type(cell) is str else plain(cell) for cell in cells]
        for column, text in facts.errors.get(number, {}).items():
            if 0 <= column - offset < len(row):
                row[column - offset] = CellError(text)
        yield row


def plain(cell: Any) -> Any:
    """A number that is whole as one; a span of time as text."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < 2**63 else cell
    return str(cell) if isinstance(cell, dt.timedelta) else cell
