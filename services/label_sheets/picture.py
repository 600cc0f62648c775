"""The first sheet as a picture (SVG), to look at before one prints."""

from collections.abc import Iterable, Sequence
from itertools import islice
from xml.sax.saxutils import escape

from services.label_sheets.layout import ASCENT, LEADING, fit, margin_of
from services.label_sheets.sheets import POINTS, Printing


def first_page(labels: Iterable[Sequence[str]], printing: Printing) -> str:
    """The first sheet with its labels' edges and texts, measured in millimetres; classes `paper`, `label`, `text`."""
    sheet = printing.sheet
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {sheet.paper_width:g} {sheet.paper_height:g}" '
             f'role="img">',
             f'<rect class="paper" width="{sheet.paper_width:g}" height="{sheet.paper_height:g}"/>']  # fmt: skip
    for number in range(sheet.each):
        left, top = sheet.place(number)
        parts.append(f'<rect class="label" x="{left:g}" y="{top:g}" width="{sheet.width:g}" height="{sheet.height:g}" '
                     f'rx="1"/>')  # fmt: skip
    for lines, (_page, left, top) in zip(islice(labels, sheet.each - printing.start), printing.places(), strict=False):
        parts.append(text_of(lines, printing, left, top))
    return "".join([*parts, "</svg>"])


def text_of(lines: Sequence[str], printing: Printing, left: float, top: float) -> str:
    sheet = printing.sheet
    fitted = fit(lines, sheet)
    x, size = left + margin_of(sheet.width), fitted.size / POINTS
    first = top + (sheet.height - fitted.height / POINTS) / 2 + size * ASCENT
    spans = "".join(f'<tspan x="{x:.2f}" y="{first + number * size * LEADING:.2f}">{escape(line)}</tspan>'
                    for number, line in enumerate(fitted.lines))  # fmt: skip
    return f'<text class="text" font-size="{size:.2f}">{spans}</text>'
