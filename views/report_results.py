"""The figures of a report as its page shows them: the table whose rows lead to their records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import request
from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.context import Context
from models.registers import Register
from services.reports.figures import Figures, Row, identity_of
from services.values import context_of
from views.base import current_access, current_language
from views.report_charts import chart_of, gist_of
from views.report_texts import dimension_label
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
        self.labels = [one.label_in(current_language()) for one in figures.measures]

    def text(self, place: int, value: Any) -> str:
        """The figure of a measure as its reader writes numbers; "" for none."""
        return self.figures.measures[place].text(value, self.figures.currency, self.context)

    def url(self, row: Row) -> str:
        """The list of the row's records."""
        return f"{request.script_root}{self.card.path}/?{urlencode(pairs_of(row.conditions) or ALL_RECORDS)}"

    def cells(self, values: Sequence[Any], label: str = "", url: str = "") -> list[Cell]:
        """The figures of a row, or of one column across that is called `label`."""
        names = [f"{label}, {name}" if label and len(self.labels) > 1 else label or name for name in self.labels]
        return [Cell(name, self.text(place, value), url)
                for place, (name, value) in enumerate(zip(names, values, strict=True))]  # fmt: skip

    def heads(self) -> list[str]:
        return [dimension_label(one) for one in self.figures.dimensions]


def table_of(writer: Writer) -> Table:
    """The table of a report's figures."""
    return across_table(writer) if writer.figures.definition.across else plain_table(writer)


def plain_table(writer: Writer) -> Table:
    """A line for each row, and what all of them come to."""
    figures = writer.figures
    if not figures.dimensions:
        lines = [Line((_("Total"),), writer.url(row), writer.cells(row.values)) for row in figures.rows]
        return Table(("",), writer.labels, lines)
    lines = [Line(row.texts, writer.url(row), writer.cells(row.values)) for row in figures.rows]
    return Table(writer.heads(), writer.labels, lines, writer.cells(figures.totals))


def across_table(writer: Writer) -> Table:
    """The values of the last group as columns, with what lines and columns come to at the right and below."""
    figures, total = writer.figures, _("Total")
    known = cells_by_place(figures)
    lines = [Line(line.texts or (total,), writer.url(line), across_cells(writer, place, line, known))
             for place, line in enumerate(figures.lines)]  # fmt: skip
    sums = [cell for column in figures.columns for cell in writer.cells(column.values, column.texts[0], writer.url(column))]
    names = [*(column.texts[0] for column in figures.columns), total]
    many = len(writer.labels) > 1
    return Table(
        writer.heads()[:-1] or ("",), writer.labels * len(names) if many else names, lines,
        [*sums, *writer.cells(figures.totals, total)] if len(figures.dimensions) > 1 else (),
        [(name, len(writer.labels)) for name in names] if many else (),
    )  # fmt: skip


def across_cells(writer: Writer, place: int, line: Row, known: Mapping[tuple[int, int], Row]) -> list[Cell]:
    """A line's figures in each column, and its own at the end."""
    found, nothing = [], [None] * len(writer.labels)
    for number, column in enumerate(writer.figures.columns):
        cell = known.get((place, number))
        found += writer.cells(cell.values if cell else nothing, column.texts[0], writer.url(cell) if cell else "")
    return [*found, *writer.cells(line.values, _("Total"))]


def cells_by_place(figures: Figures) -> dict[tuple[int, int], Row]:
    """The cells of an across table by (line, column)."""
    *others, last = figures.dimensions
    lines = {identity_of(others, line.keys): place for place, line in enumerate(figures.lines)}
    columns = {identity_of([last], column.keys): place for place, column in enumerate(figures.columns)}
    return {(lines[identity_of(others, row.keys[:-1])], columns[identity_of([last], row.keys[-1:])]): row
            for row in figures.rows}  # fmt: skip


def notes_of(figures: Figures) -> list[str]:
    """What the sums leave out, by currency."""
    return [
        ngettext("%(num)s record in %(currency)s is left out: there is no exchange rate for it. Administrators set "
                 "rates under Settings, Currencies.",
                 "%(num)s records in %(currency)s are left out: there is no exchange rate for them. Administrators "
                 "set rates under Settings, Currencies.", count, currency=currency)
        for currency, count in sorted(figures.left_out.items())
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
    caption = " · ".join(filter(None, (", ".join(writer.labels), ", ".join(writer.heads()))))
    chart = chart_of(writer)
    return Result(caption, table_of(writer), notes_of(figures), cut_told(figures), chart,
                  gist_of(writer, chart, caption) if chart else "")  # fmt: skip


def cut_told(figures: Figures) -> str:
    if not figures.more:
        return ""
    return _("The first %(count)s rows are shown; the totals count all of them.", count=figures.definition.limit)
