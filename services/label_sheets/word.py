"""Labels as a Word document that can still be edited: one table over all sheets, its rows as high as the labels."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice, repeat
from typing import IO, BinaryIO
from xml.sax.saxutils import escape

from services.label_sheets.layout import LEADING, Fitted, fit, margin_of
from services.label_sheets.sheets import Printing, Sheet

#: Word measures in twentieths of a point, type in halves of one.
TWIPS = 1440 / 25.4
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
TYPES = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.'
    'wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
#: The paragraph after the table, which Word can't do without, takes so little that it needs no page of its own.
LAST_PARAGRAPH = (
    '<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="20" w:lineRule="exact"/>'
    '<w:rPr><w:sz w:val="2"/></w:rPr></w:pPr></w:p>'
)
TINY = 30
EMPTY = '<w:p><w:pPr><w:spacing w:before="0" w:after="0"/></w:pPr></w:p>'


def write_word(labels: Iterable[Sequence[str]], printing: Printing, out: BinaryIO) -> tuple[int, list[int]]:
    """Write the document; answers (how many labels, the numbers of those that were cut, from 1)."""
    counted = Counted(labels, printing.sheet)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", TYPES)
        package.writestr("_rels/.rels", RELATIONS)
        with package.open("word/document.xml", "w") as part:
            write_document(part, counted, printing)
    return counted.count, counted.cut


class Counted:
    """The labels laid out, counted as they are read."""

    def __init__(self, labels: Iterable[Sequence[str]], sheet: Sheet) -> None:
        self.labels, self.sheet = labels, sheet
        self.count = 0
        self.cut: list[int] = []

    def __iter__(self) -> Iterator[Fitted]:
        for lines in self.labels:
            fitted = fit(lines, self.sheet)
            self.count += 1
            if fitted.cut:
                self.cut.append(self.count)
            yield fitted


def write_document(part: IO[bytes], fitted: Iterable[Fitted], printing: Printing) -> None:
    sheet = printing.sheet
    part.write(f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:document xmlns:w="{WORD}"><w:body>'
               f"{table_head(sheet)}".encode())  # fmt: skip
    texts: Iterator[Fitted | None] = chain(repeat(None, printing.start), fitted)
    number = 0
    while (row := list(islice(texts, sheet.columns))) or not number:
        number += 1
        part.write(row_of(row, sheet, last=number % sheet.rows == 0).encode())
    part.write(f"</w:tbl>{LAST_PARAGRAPH}{section(printing)}</w:body></w:document>".encode())


def columns_of(sheet: Sheet) -> list[tuple[int, bool]]:
    """(width, whether it holds a label) of each column of the table; gaps are columns of their own."""
    gap = sheet.across - sheet.width if sheet.columns > 1 else 0.0
    columns = [(twips(sheet.width), True)]
    for _number in range(sheet.columns - 1):
        columns += [(twips(gap), False), (twips(sheet.width), True)] if twips(gap) else [(twips(sheet.width), True)]
    return columns


def table_head(sheet: Sheet) -> str:
    columns = columns_of(sheet)
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width, _label in columns)
    margins = "".join(f'<w:{side} w:w="0" w:type="dxa"/>' for side in ("top", "left", "bottom", "right"))
    return (f'<w:tbl><w:tblPr><w:tblW w:w="{sum(width for width, _label in columns)}" w:type="dxa"/>'
            f'<w:tblLayout w:type="fixed"/><w:tblCellMar>{margins}</w:tblCellMar></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>")  # fmt: skip


def row_of(texts: Sequence[Fitted | None], sheet: Sheet, *, last: bool) -> str:
    """A row of labels, and the gap below it; a sheet's last one has none and is a little lower, as the paper may end.
    """
    gap = twips(sheet.down) - twips(sheet.height) if sheet.rows > 1 and not last else 0
    waiting = iter(texts)
    cells = [(width, next(waiting, None) if label else None) for width, label in columns_of(sheet)]
    row = table_row(twips(sheet.height) - (TINY if last else 0), cells, sheet)
    return row + (table_row(gap, [(width, None) for width, _fitted in cells], sheet) if gap else "")


def table_row(height: int, cells: Sequence[tuple[int, Fitted | None]], sheet: Sheet) -> str:
    inner = "".join(cell(width, fitted, sheet) for width, fitted in cells)
    return f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}" w:hRule="exact"/></w:trPr>{inner}</w:tr>'


def cell(width: int, fitted: Fitted | None, sheet: Sheet) -> str:
    lines = fitted.lines if fitted else ()
    paragraphs = "".join(paragraph(line, fitted, sheet) for line in lines) if fitted else ""
    return (f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/><w:vAlign w:val="center"/></w:tcPr>'
            f"{paragraphs or EMPTY}</w:tc>")  # fmt: skip


def paragraph(line: str, fitted: Fitted, sheet: Sheet) -> str:
    indent = twips(margin_of(sheet.width))
    size = round(fitted.size * 2)
    fonts = '<w:rFonts w:ascii="Roboto" w:hAnsi="Roboto" w:cs="Roboto"/>'
    return (f'<w:p><w:pPr><w:spacing w:before="0" w:after="0" w:line="{round(fitted.size * LEADING * 20)}" '
            f'w:lineRule="exact"/><w:ind w:left="{indent}"/></w:pPr>'
            f'<w:r><w:rPr>{fonts}<w:sz w:val="{size}"/><w:szCs w:val="{size}"/></w:rPr>'
            f'<w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>')  # fmt: skip


def section(printing: Printing) -> str:
    sheet = printing.sheet
    top, left = max(0, twips(sheet.top + printing.down)), max(0, twips(sheet.left + printing.right))
    bottom = twips(sheet.paper_height - sheet.top - printing.down - sheet.rows * sheet.down)
    return (f'<w:sectPr><w:pgSz w:w="{twips(sheet.paper_width)}" w:h="{twips(sheet.paper_height)}"/>'
            f'<w:pgMar w:top="{top}" w:right="0" w:bottom="{max(0, bottom)}" w:left="{left}" w:header="0" '
            f'w:footer="0" w:gutter="0"/></w:sectPr>')  # fmt: skip


def twips(length: float) -> int:
    return round(length * TWIPS)
