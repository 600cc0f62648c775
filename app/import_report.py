"""An import's report as text for a shell."""

from collections.abc import Iterator, Sequence

from flask_babel import gettext as _

from services.imports import FailedRow, ImportReport, OddValue

#: Longer texts are cut in the table; the record keeps them whole.
WIDEST = 60


def report_lines(report: ImportReport) -> Iterator[str]:
    """Counts, what was made on the way, odd values as a table, rows that were not imported."""
    yield from count_lines(report)
    yield from made_lines(report)
    if report.odd:
        yield ""
        yield _("Odd values, kept as they were:")
        yield from table([(_("Row"), _("Column"), _("Value"), _("Kept in"), _("Reason")), *map(odd_cells, report.odd)])
        yield from more(report.odd_count - len(report.odd))
    if report.failed:
        yield ""
        yield _("Rows that were not imported:")
        for failed in report.failed:
            yield from failed_lines(failed)
        yield from more(report.failed_count - len(report.failed))


def count_lines(report: ImportReport) -> Iterator[str]:
    counts = [
        (_("Rows"), report.rows), (_("Imported"), report.created), (_("Skipped, because they exist"), report.skipped),
        (_("Not imported"), report.failed_count), (_("Odd values"), report.odd_count),
    ]  # fmt: skip
    if report.changed:
        counts.insert(2, (_("Changed"), report.changed))
    if report.linked_created:
        counts.append((_("Linked records made"), report.linked_created))
    width = max(len(label) for label, _count in counts)
    for label, count in counts:
        yield f"{label + ':':<{width + 1}} {count:>8}"
    yield _("Batch: %(batch)s", batch=report.batch)


def made_lines(report: ImportReport) -> Iterator[str]:
    if report.fields_created:
        yield _("New fields: %(fields)s", fields=", ".join(report.fields_created))
    for field, choices in report.choices_added.items():
        yield _("New choices of %(field)s: %(choices)s", field=field, choices=", ".join(choices))
    if report.unmapped:
        yield _("Columns that the mapping leaves out: %(columns)s", columns=", ".join(report.unmapped))


def odd_cells(odd: OddValue) -> tuple[str, ...]:
    return (str(odd.row), odd.column, cut(odd.value), odd.kept_in or "–", odd.reason)


def failed_lines(failed: FailedRow) -> Iterator[str]:
    yield _("Row %(row)s: %(reason)s", row=failed.row, reason=failed.reason)
    for header, text in failed.cells:
        if text:
            yield f"    {header}: {text}"


def more(count: int) -> Iterator[str]:
    if count > 0:
        yield _("… and %(count)s more.", count=count)


def cut(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= WIDEST else plain[: WIDEST - 1] + "…"


def table(rows: Sequence[tuple[str, ...]]) -> Iterator[str]:
    """Rows of cells in columns as wide as their widest; the last one as it comes."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    for row in rows:
        yield "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
