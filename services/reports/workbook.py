"""A report as an Excel workbook with the same figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import Any

import xlsxwriter
from flask_babel import gettext as _

from services.reports.figures import Figures
from services.reports.grid import Cell, Grid, grid_of, remarks
from services.reports.measures import Measure

CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Nothing that was typed is a formula or a link, whatever it begins with.
OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
NARROWEST, WIDEST = 12, 60


def workbook_of(figures: Figures, title: str, language: str = "en") -> bytes:
    """The workbook: title, table with totals, and what is left out. `language` is that of the moment."""
    content = BytesIO()
    with xlsxwriter.Workbook(content, OPTIONS) as book:
        sheet = Sheet(book, figures, grid_of(figures, language))
        sheet.write(title)
    return content.getvalue()


@dataclass
class Sheet:
    """The one sheet of a workbook, written from top to bottom."""

    book: Any
    figures: Figures
    grid: Grid
    row: int = 0

    def write(self, title: str) -> None:
        self.texts([title], self.bold)
        if self.currency:
            self.texts([_("Amounts in %(currency)s", currency=self.currency)])
        self.row += 1
        if self.grid.spans:
            step = len(self.figures.measures)
            spread = [text if place % step == 0 else "" for text in self.grid.spans for place in range(step)]
            self.texts([*("" for _group in self.grid.groups), *spread], self.bold)
        self.texts([*self.grid.groups, *self.grid.heads], self.bold)
        self.sheet.freeze_panes(self.row, len(self.grid.groups))
        for line in self.grid.lines:
            self.line(line.texts, line.cells)
        self.line(self.grid.total.texts if self.grid.groups else (), self.grid.total.cells, total=True)
        self.row += 1
        for remark in remarks(self.figures):
            self.texts([remark])
        self.fit()

    @cached_property
    def sheet(self) -> Any:
        return self.book.add_worksheet(_("Report"))

    @cached_property
    def bold(self) -> Any:
        return self.book.add_format({"bold": True})

    @cached_property
    def currency(self) -> str:
        """The currency of the amounts; empty where there are none."""
        return self.figures.currency if any(measure.money for measure in self.figures.measures) else ""

    def texts(self, texts: Sequence[str], style: Any = None) -> None:
        for column, text in enumerate(texts):
            self.sheet.write_string(self.row, column, text, style)
        self.row += 1

    def line(self, texts: Sequence[str], cells: Sequence[Cell], *, total: bool = False) -> None:
        for column, text in enumerate(texts):
            self.sheet.write_string(self.row, column, text, self.bold if total else None)
        for column, cell in enumerate(cells, start=len(self.grid.groups)):
            if cell.value is not None:
                self.sheet.write_number(self.row, column, cell.value, self.number(cell.measure, total))
        self.row += 1

    def number(self, measure: Measure, total: bool) -> Any:
        """How a figure is shown; the program that opens it groups digits as its reader's language does."""
        code = "0.0%" if measure.how == "share" else "#,##0.00" if measure.money else "#,##0.##"
        code = "#,##0" if measure.field is None and measure.how == "count" else code
        return self.formats.setdefault((code, total), self.book.add_format(
            {"num_format": code, **({"bold": True, "top": 1} if total else {})}))  # fmt: skip

    @cached_property
    def formats(self) -> dict[tuple[str, bool], Any]:
        return {}

    def fit(self) -> None:
        for column in range(len(self.grid.groups)):
            longest = max((len(line.texts[column]) for line in self.grid.lines), default=0)
            self.sheet.set_column(column, column, min(WIDEST, max(NARROWEST, longest + 2)))
        first = len(self.grid.groups)
        for column, head in enumerate(self.grid.heads, start=first):
            self.sheet.set_column(column, column, min(WIDEST, max(NARROWEST, len(head) + 2)))
