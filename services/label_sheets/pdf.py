"""Labels as PDF, with the font embedded."""

from collections.abc import Iterable, Sequence
from typing import BinaryIO

from reportlab.pdfgen.canvas import Canvas

from services.label_sheets.fonts import NAME, font
from services.label_sheets.layout import ASCENT, LEADING, Fitted, fit, margin_of
from services.label_sheets.sheets import POINTS, Printing


def write_pdf(
    labels: Iterable[Sequence[str]], printing: Printing, out: BinaryIO, title: str = ""
) -> tuple[int, list[int]]:
    """Write a page for each sheet; answers (how many labels, the numbers of those that were cut, from 1)."""
    font()
    sheet = printing.sheet
    canvas = Canvas(out, pagesize=(sheet.paper_width * POINTS, sheet.paper_height * POINTS), pageCompression=1)
    canvas.setTitle(title)
    places, shown, count, cut = printing.places(), 0, 0, []
    for count, lines in enumerate(labels, start=1):
        page, left, top = next(places)
        if page != shown:
            canvas.showPage()
            shown = page
        fitted = fit(lines, sheet)
        if fitted.cut:
            cut.append(count)
        draw(canvas, fitted, printing, left, top)
    canvas.showPage()
    canvas.save()
    return count, cut


def draw(canvas: Canvas, fitted: Fitted, printing: Printing, left: float, top: float) -> None:
    """One label's lines, in the middle of its height."""
    sheet = printing.sheet
    x = (left + margin_of(sheet.width)) * POINTS
    down = top * POINTS + (sheet.height * POINTS - fitted.height) / 2 + fitted.size * ASCENT
    text = canvas.beginText(x, sheet.paper_height * POINTS - down)
    text.setFont(NAME, fitted.size, fitted.size * LEADING)
    for line in fitted.lines:
        text.textLine(line)
    canvas.drawText(text)
