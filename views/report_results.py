"""The figures of a report as its page shows them: the table whose rows lead to their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.conditions import Node
from models.fields.context import Context
from models.registers import Register
from services.reports.figures import Figures
from services.reports.grid import Cell as GridCell
from services.reports.grid import Grid, GridLine, cell_text, grid_of
from services.values import context_of
from views.base import current_access, current_language
from views.report_charts import chart_of, gist_of
from views.report_texts import dimension_label, in_a_line
from views.selection import pairs_of

Raw = dict[str, Any]
#: A table of so many columns stands beside its chart where there is room.
NARROW = 4
ALL_RECORDS = [("view", "all")]


@dataclass(frozen=True)
class Cell:
    """One figure; `label` is what its column is called."""

    label: str
    text: str = ""
    url: str = ""

    @property
    def empty(self) -> bool:
        return not self.text


@dataclass(frozen=True)
class Line:
    """One row of the table: what it is of, where its records are, its figures."""

    heads: Sequence[str]
    url: str
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """`heads` and `columns` are what groups and figures are called; `spans` (name, width) stand over the columns that
    belong together."""

    heads: Sequence[str]
    columns: Sequence[str]
    lines: Sequence[Line]
    totals: Sequence[Cell] = ()
    spans: Sequence[tuple[str, int]] = ()

    @property
    def narrow(self) -> bool:
        return len(self.heads) + len(self.columns) <= NARROW


class Writer:
    """Writes the figures of one report for the user of this request."""

    def __init__(self, card: Register, figures: Figures) -> None:
        self.card, self.figures = card, figures
        self.context: Context = context_of(current_access())
        self.grid: Grid = grid_of(figures, current_language())
        self.labels = [one.label_in(current_language()) for one in figures.measures]
        self.groups = [dimension_label(one) for one in figures.dimensions]

    def text(self, place: int, value: Any) -> str:
        """The figure of a measure as its reader writes numbers; "" for none."""
        return self.figures.measures[place].text(value, self.figures.currency, self.context)

    def url(self, conditions: Sequence[Node]) -> str:
        """The list of the records that meet conditions; "" for a past day, for lists show the present."""
        if self.figures.definition.as_of is not None:
            return ""
        return f"{request.script_root}{self.card.path}/?{urlencode(pairs_of(conditions) or ALL_RECORDS)}"

    def table(self) -> Table:
        """The table, each line with the list of its records; where a group stands across, each figure as well."""
        across = self.figures.definition.across
        heads = self.groups[:-1] if across else self.groups
        # Without groups, or with one across alone, there is but the total.
        alone = not self.grid.lines or not heads
        lines = self.grid.lines or ([self.grid.total] if self.figures.rows else [])
        return Table(
            heads or [""], self.columns(), [self.line(line, linked=across) for line in lines],
            () if alone else self.cells(self.grid.total.cells, linked=across), self.spans(),
        )  # fmt: skip

    def columns(self) -> Sequence[str]:
        """What the columns are called: where there is one figure, by what stands across."""
        return self.grid.spans if self.grid.spans and len(self.labels) == 1 else self.grid.heads

    def spans(self) -> list[tuple[str, int]]:
        """What stands over the columns that belong together."""
        return [(span, len(self.labels)) for span in self.grid.spans] if len(self.labels) > 1 else []

    def line(self, line: GridLine, *, linked: bool) -> Line:
        url = self.url(line.cells[-1].conditions)
        return Line(line.texts or [_("Total")], url, self.cells(line.cells, linked=linked))

    def cells(self, cells: Sequence[GridCell], *, linked: bool) -> list[Cell]:
        """Figures with what their columns are called, and where their records are."""
        many, found = len(self.labels), []
        for place, cell in enumerate(cells):
            span = self.grid.spans[place // many] if self.grid.spans else ""
            names = (span, self.labels[place % many] if many > 1 or not span else "")
            url = self.url(cell.conditions) if linked and cell.value is not None else ""
            found.append(Cell(", ".join(filter(None, names)), cell_text(self.figures, cell, self.context), url))
        return found


def notes_of(figures: Figures) -> list[str]:
    """What the sums leave out."""
    return left_out_told(figures.left_out)


def left_out_told(left_out: Mapping[str, int]) -> list[str]:
    """How many records in each currency are left out of sums."""
    return [
        ngettext("%(num)s record in %(currency)s is left out: there is no exchange rate for it. Administrators set "
                 "rates under Settings, Currencies.",
                 "%(num)s records in %(currency)s are left out: there is no exchange rate for them. Administrators "
                 "set rates under Settings, Currencies.", count, currency=currency)
        for currency, count in sorted(left_out.items())
    ]  # fmt: skip


@dataclass(frozen=True)
class Result:
    """What a page shows of a report. `notes` say what was left out, `cut` that there are more rows; `gist` tells the
    chart in words."""

    caption: str
    table: Table
    notes: Sequence[str] = ()
    cut: str = ""
    chart: Raw | None = None
    gist: str = ""

    @property
    def beside(self) -> bool:
        """Whether the chart stands beside the table where there is room."""
        return self.chart is not None and self.table.narrow


def result_of(card: Register, figures: Figures) -> Result:
    """The result of a report for the user of this request."""
    writer = Writer(card, figures)
    caption = in_a_line(writer.groups, writer.labels)
    chart = chart_of(writer)
    return Result(caption, writer.table(), notes_of(figures), cut_told(figures), chart,
                  gist_of(writer, chart, caption) if chart else "")  # fmt: skip


def cut_told(figures: Figures) -> str:
    if not figures.more:
        return ""
    return _("Rows shown: %(count)s. The totals count all of them.", count=figures.definition.limit)
