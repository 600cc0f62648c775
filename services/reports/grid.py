"""A report's figures as a table of lines and columns, as mail, workbook and page show it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.conditions import Node
from models.fields.context import Context
from services.reports.figures import Figures, Row, identity_of
from services.reports.measures import Measure, Value


@dataclass(frozen=True)
class Cell:
    """One figure; `conditions` lead to its records. Without a value where no record stands."""

    measure: Measure
    value: Value = None
    conditions: Sequence[Node] = ()


@dataclass(frozen=True)
class GridLine:
    """A line: the texts of its groups and its cells."""

    texts: Sequence[str]
    cells: Sequence[Cell]


@dataclass(frozen=True)
class Grid:
    """`groups` and `heads` are the titles of the texts and of the cells; `spans` are those above the cells where a
    group stands across: each spans one column for each measure. The last line holds the totals."""

    groups: Sequence[str]
    heads: Sequence[str]
    lines: Sequence[GridLine]
    total: GridLine
    spans: Sequence[str] = field(default_factory=tuple)


def grid_of(figures: Figures, language: str) -> Grid:
    """The table, with titles in a language that is also that of the moment."""
    across = figures.definition.across
    shown = figures.dimensions[:-1] if across else figures.dimensions
    groups = [one.field.label_in(language) for one in shown]
    heads = [measure.label_in(language) for measure in figures.measures]
    total = cells_of(figures, figures.totals, figures.definition.conditions)
    if not across:
        # Without groups there is but the total.
        lines = [GridLine(row.texts, row_cells(figures, row)) for row in figures.rows if shown]
        return Grid(groups, heads, lines, GridLine([_("Total")], total))
    found = {identity_of(figures.dimensions, row.keys): row for row in figures.rows}
    lines = []
    for line in figures.lines:
        row = [found.get(identity_of(figures.dimensions, (*line.keys, *column.keys))) for column in figures.columns]
        cells = [cell for one in row for cell in row_cells(figures, one)]
        lines.append(GridLine(line.texts, [*cells, *row_cells(figures, line)]))
    last = [cell for column in figures.columns for cell in row_cells(figures, column)]
    spans = [*(row.texts[-1] for row in figures.columns), _("Total")]
    titles = [head for _span, head in product(spans, heads)]
    return Grid(groups, titles, lines, GridLine([_("Total")], [*last, *total]), spans)


def row_cells(figures: Figures, row: Row | None) -> list[Cell]:
    if row is None:
        return [Cell(measure) for measure in figures.measures]
    return cells_of(figures, row.values, row.conditions)


def cells_of(figures: Figures, values: Sequence[Value], conditions: Sequence[Node]) -> list[Cell]:
    return [Cell(measure, value, conditions) for measure, value in zip(figures.measures, values, strict=True)]


def cell_text(figures: Figures, cell: Cell, context: Context) -> str:
    """A cell for people."""
    return cell.measure.text(cell.value, figures.currency, context)


def remarks(figures: Figures) -> list[str]:
    """What must be told with the figures: what is left out of them."""
    told = [ngettext("%(num)s record in %(currency)s is left out: there is no rate.",
                     "%(num)s records in %(currency)s are left out: there is no rate.", count, currency=currency)
            for currency, count in figures.left_out.items()]  # fmt: skip
    if figures.more:
        told.append(_("Only the first %(count)s rows are shown.", count=figures.definition.limit))
    return told
