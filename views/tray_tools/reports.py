"""A report on a tray: its first rows with bars, and the way to the whole of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from flask import request, url_for

from models.fields.errors import ValidationFailed
from models.fields.kinds.written import money_text
from models.registers import register_of
from models.rights import Access
from models.trays import WIDE
from services.conditions import asks_unseen
from services.records import RecordNotFound
from services.reports.definition import Definition, definition_of
from services.reports.figures import Figures, Row, figures_of
from services.reports.ready import ready_reports
from services.reports.saved import get_report
from views.base import current_language
from views.report_results import Writer, notes_of
from views.report_texts import dimension_label
from views.tray_tools.drawing import Shown, draws

Raw = Mapping[str, Any]
ROWS, ROWS_WIDE = 7, 10
FIGURES, FIGURES_WIDE = 2, 4


@dataclass(frozen=True)
class Line:
    """One row: what it is of, its figures as texts, and how long its bar is, in hundredths of the longest."""

    name: str
    url: str
    figures: Sequence[str]
    share: float


@draws("report")
def report(access: Access, options: Raw, size: str, _address: str) -> Shown:
    title, mapping, url = report_seen(access, options.get("report", ""))
    try:
        definition = along(definition_of(access, mapping))
    except ValidationFailed as error:
        # A field that it is about is hidden from this reader, or gone.
        raise RecordNotFound("report", url) from error
    figures, wide = figures_of(access, definition), size == WIDE
    writer = Writer(register_of(definition.register), figures)
    shown = FIGURES_WIDE if wide else FIGURES
    lines = lines_of(writer, figures.rows[: ROWS_WIDE if wide else ROWS], shown)
    return Shown("report", {
        "head": ", ".join(dimension_label(one) for one in figures.dimensions), "lines": lines,
        "columns": [one.label_in(current_language()) for one in figures.measures[:shown]],
        "totals": texts_of(writer, figures.totals, shown), "more": len(figures.rows) - len(lines),
        "notes": notes_of(figures), "alone": not figures.dimensions,
    }, title=title, url=url, url_label=str(register_of(definition.register).label))  # fmt: skip


def report_seen(access: Access, key: str) -> tuple[str, Raw, str]:
    """(title, definition, address) of a report that comes with the program or is saved. Raises RecordNotFound."""
    ready = next((one for one in ready_reports(access) if one.key == key), None)
    if ready is not None:
        return str(ready.label), ready.definition, url_for("ReportView.ready", key=key)
    saved = get_report(access, key)
    if asks_unseen(access, saved):
        raise RecordNotFound("report", saved["_id"])
    return saved["name"], saved, f"{request.script_root}/reports/{saved['_id']}"


def along(definition: Definition) -> Definition:
    """The report without what stands across, for which a tray has no room."""
    if not definition.across:
        return definition
    groups = definition.groups[:-1] or definition.groups
    return replace(definition, groups=groups, across=False)


def lines_of(writer: Writer, rows: Sequence[Row], shown: int) -> list[Line]:
    place = bar_place(writer.figures)
    sizes = [max(float(row.values[place] or 0), 0.0) for row in rows]
    most = max(sizes, default=0.0) or 1.0
    return [Line(" · ".join(row.texts), writer.url(row.conditions), texts_of(writer, row.values, shown),
                 round(size / most * 100, 1)) for row, size in zip(rows, sizes, strict=True)]  # fmt: skip


def bar_place(figures: Figures) -> int:
    """The measure that bars show: the first amount of money, else the first."""
    return next((place for place, one in enumerate(figures.measures) if one.currency_path), 0)


def texts_of(writer: Writer, values: Sequence[Any], shown: int) -> list[str]:
    """Figures as their reader writes them; whole amounts without cents, for there is little room."""
    return [short_text(writer, place, value) for place, value in enumerate(values[:shown])]


def short_text(writer: Writer, place: int, value: Any) -> str:
    measure = writer.figures.measures[place]
    if value is None or not measure.money:
        return writer.text(place, value)
    return money_text(Decimal(value), writer.figures.currency, writer.context.locale, short=True)
