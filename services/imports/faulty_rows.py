"""The rows that an import left out as a workbook: mended there, it can be brought in like any other."""

import io
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext as _

from models.rights import Access
from services.imports.draft_reading import get_draft
from services.imports.matching import is_of_report
from services.imports.report import ROW, WHY, FailedRow, read_failed
from services.records import RecordNotFound

#: A cell of a workbook holds at most 32,767 characters.
LONGEST = 32_000


def report_file(access: Access, draft_id: Any) -> tuple[str, IO[bytes]]:
    """(file name, content of an XLSX workbook). Raises RecordNotFound, also where no row was left out."""
    draft = get_draft(access, draft_id)
    failed = read_failed(draft.get("batch") or "-")
    first = next(failed, None)
    if first is None:
        raise RecordNotFound("import", draft_id)
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"constant_memory": True})
    sheet = book.add_worksheet(_("Rows")[:31])
    bold = book.add_format({"bold": True})
    for column, header in enumerate([str(WHY), str(ROW), *(header for header, _cell in own_cells(first))]):
        sheet.write_string(0, column, header, bold)
    for line, row in enumerate([first, *failed], start=1):
        sheet.write_string(line, 0, row.reason[:LONGEST])
        sheet.write_number(line, 1, row.row)
        for column, (_header, cell) in enumerate(own_cells(row), start=2):
            if not isinstance(cell, str):
                sheet.write_number(line, column, cell)
            elif cell:
                # Written as text, no cell is a formula.
                sheet.write_string(line, column, cell[:LONGEST])
    sheet.freeze_panes(1, 0)
    book.close()
    content.seek(0)
    return _("Rows left out of %(name)s", name=draft["name"].rsplit(".", 1)[0]) + ".xlsx", content


def own_cells(row: FailedRow) -> list[tuple[str, str | int | float]]:
    """The row's cells without what the report of an earlier import said of it."""
    return [(header, cell) for header, cell in row.cells if not is_of_report(header)]
