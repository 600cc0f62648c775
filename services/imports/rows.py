"""One row of the file on its way to a record: cut, parsed, and what does not fit kept as text."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import gettext as _

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.kinds.choices import choice_parts
from services.imports.companions import Companion
from services.imports.plan import CHOICE_KINDS, Binding, Plan, PlannedColumn
from services.imports.report import FailedRow, OddValue
from services.imports.tables import Cell, Row, cell_text
from services.imports.workbooks import CellError
from services.records import with_defaults
from services.values import Parsed, parse_values

#: Kinds that take numbers, dates and yes/no out of a workbook as they are; all others take text.
NATIVE = ("number", "money", "date", "datetime", "boolean")
#: Cells that fields of numbers take as they are.
NUMBERS = frozenset((int, float))


@dataclass(frozen=True)
class Kept:
    """A text that goes into a companion field because it did not fit where it belonged."""

    companion: Companion
    header: str
    text: str
    reason: str
    source: str


@dataclass
class Draft:
    """What one row is so far. `gathered` holds values of columns whose choices come from the data."""

    row: Row
    parsed: Parsed = field(default_factory=Parsed)
    texts: dict[str, str] = field(default_factory=dict)
    gathered: list[tuple[Binding, str]] = field(default_factory=list)
    links: list[tuple[Binding, list[str]]] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    odd: list[OddValue] = field(default_factory=list)

    @property
    def given(self) -> set[str]:
        """The columns that the file itself says something of."""
        return {*self.texts, *(kept.companion.column for kept in self.kept)}

    def note(self, header: str, value: str, reason: Any, kept_in: str = "") -> None:
        self.odd.append(OddValue(self.row.number, header, value, str(reason), kept_in))


def read_row(plan: Plan, row: Row, context: Context, *, survey: bool = False) -> Draft:
    """The row parsed. In a survey, choices that the data will bring are gathered instead."""
    draft = Draft(row)
    check_width(plan, draft)
    values: dict[str, Any] = dict(plan.constants)
    cells, width = row.cells, len(row.cells)
    for planned in plan.columns:
        # Most cells of most files are one of these two, and so the way of those has to be short.
        if planned.plain and planned.place < width and type(cells[planned.place]) is str:
            column, text = planned.bindings[0].field.column, cells[planned.place].strip()
            if text:
                draft.texts[column] = text
            values[column] = text or None
            continue
        if planned.numeric and planned.place < width and type(cells[planned.place]) in NUMBERS:
            column, values[column] = planned.bindings[0].field.column, cells[planned.place]
            draft.texts[column] = cell_text(cells[planned.place])
            continue
        for binding, cell in cells_of(planned, draft):
            values[binding.field.column] = take(draft, binding, cell, survey)
    parsed = parse_values(plan.schema, with_defaults(plan.schema, values), context, known=plan.known)
    parsed.errors |= draft.parsed.errors
    draft.parsed = parsed
    return draft


def check_width(plan: Plan, draft: Draft) -> None:
    """A row that is longer than the header is no row of this table; of a shorter one the rest is empty."""
    width, expected = len(draft.row.cells), len(plan.header)
    if any(cell_text(cell) for cell in draft.row.cells[expected:]):
        draft.parsed.fail("", _("The row has %(width)s cells, the header %(expected)s. Perhaps a separator stands in "
                                "a value without quotation marks.", width=width, expected=expected))  # fmt: skip
    elif width < expected and isinstance(draft.row.cells[0], str):
        draft.note("", "", _("The row has %(width)s cells, the header %(expected)s: the others are taken as empty.",
                             width=width, expected=expected))  # fmt: skip


def cells_of(planned: PlannedColumn, draft: Draft) -> Iterator[tuple[Binding, Cell]]:
    """Each binding of a column with its part of the cell; none where the cell can't be cut."""
    cells = draft.row.cells
    cell = cells[planned.place] if planned.place < len(cells) else ""
    if isinstance(cell, CellError):
        draft.note(planned.rule.header, str(cell), _("The sheet shows an error here, so there is no value."))
        cell = ""
    if not planned.rule.separator:
        yield planned.bindings[0], cell
        return
    text = cell_text(cell)
    parts = split_text(text, planned.rule.separator, planned.rule.at, len(planned.bindings))
    if parts is not None:
        yield from zip(planned.bindings, parts, strict=True)
    elif text:
        reason = _("This is not %(count)s parts with “%(separator)s” between them.", count=len(planned.bindings),
                   separator=planned.rule.separator)  # fmt: skip
        draft.kept.append(Kept(planned.companion, planned.rule.header, text, reason, ""))


def split_text(text: str, separator: str, at: str, count: int) -> list[str] | None:
    """Exactly `count` parts, or None."""
    if at == "first":
        parts = text.split(separator, count - 1)
    elif at == "last":
        parts = text.rsplit(separator, count - 1)
    else:
        parts = text.split(separator)
    return [part.strip() for part in parts] if len(parts) == count else None


def take(draft: Draft, binding: Binding, cell: Cell, survey: bool) -> Any:
    """The raw value for the binding's field; None for nothing and for what is looked after later."""
    text = cell_text(cell)
    if binding.use.zero_fill and text.isdigit():
        text = text.zfill(binding.use.zero_fill)
    if not text:
        return None
    draft.texts[binding.field.column] = text
    parts = parts_of(text, binding)
    if binding.use.link_by:
        draft.links.append((binding, parts or [text]))
        return None
    if survey and binding.gathers:
        draft.gathered.extend((binding, part) for part in parts or choice_texts(binding, text))
        return None
    if binding.field.kind.name not in NATIVE or isinstance(cell, str):
        return parts or text
    # A date field would drop the time of day without a word.
    loses_time = binding.field.kind.name == "date" and isinstance(cell, dt.datetime) and cell.time() != dt.time()
    return text if loses_time else cell


def parts_of(text: str, binding: Binding) -> list[str]:
    """The filled parts of a cell that holds several values; none where it holds one."""
    separator = binding.use.separator
    if not separator:
        return []
    if binding.field.kind.name in CHOICE_KINDS:
        return choice_parts(text, binding.field, separator)
    return [part for part in map(str.strip, text.split(separator)) if part]


def choice_texts(binding: Binding, text: str) -> list[str]:
    return [text] if binding.field.kind.name == CHOICE_KINDS[0] else choice_parts(text, binding.field)


def settle(plan: Plan, draft: Draft, context: Context) -> None:
    """Find a place for every value that its field refused: itself, where it may be kept, else a companion.

    What a mandatory field refuses stays an error: the row can't be imported. In a strict import so does all that can't
    be kept where it belongs.
    """
    parsed = draft.parsed
    for column in tuple(parsed.errors):
        binding = plan.by_column.get(column)
        if binding is None or binding.field.required or (plan.mapping.strict and column not in parsed.keepable):
            continue
        reason, text = "; ".join(map(str, parsed.errors.pop(column))), draft.texts.get(column, "")
        parsed.values.pop(column, None)
        if column in parsed.keepable:
            keep_itself(draft, binding, text, reason, replace(context, keep_odd=True))
        else:
            draft.kept.append(Kept(binding.companion, binding.header, text, reason, column))


def keep_itself(draft: Draft, binding: Binding, text: str, reason: str, context: Context) -> None:
    column = binding.field.column
    draft.parsed.values[column] = binding.field.kind.parse(text, binding.field, context)
    draft.note(binding.header, text, reason, column)


def keep_texts(draft: Draft, *, pretending: bool = False) -> None:
    """Put what was kept into the companion fields; a row that has none to take it can't be imported. Pretending, a
    field that is missing would be made."""
    values = draft.parsed.values
    for kept in draft.kept:
        field = kept.companion.field
        column = kept.companion.column
        text = f"{values[column]}; {kept.text}" if values.get(column) else kept.text
        if field is None and pretending:
            draft.note(kept.header, kept.text, kept.reason, column)
            continue
        try:
            if field is None:
                raise FieldError(_("There is no field to keep it in, and only those who manage settings may make one. "
                                   "Correct the value, or ask an administrator."))  # fmt: skip
            values[column] = field.kind.parse(text, field, Context())
            draft.note(kept.header, kept.text, kept.reason, column)
        except FieldError as error:
            draft.parsed.fail(kept.source or column, f"{kept.reason} {error}")


def failed_row(plan: Plan, draft: Draft) -> FailedRow:
    """The row with all that is wrong with it, for the report."""
    reasons = [f"{header_of(plan, column)}: {text}" if column else str(text)
               for column, texts in draft.parsed.errors.items() for text in texts]  # fmt: skip
    # A number stays one: written out, 1.234 would be another one to whoever writes decimals with a comma.
    cells = [cell if type(cell) in NUMBERS else cell_text(cell) for cell in draft.row.cells]
    headers = [*plan.header, *(f"({place})" for place in range(len(plan.header) + 1, len(cells) + 1))]
    return FailedRow(draft.row.number, " ".join(reasons), tuple(zip(headers, cells, strict=False)))


def header_of(plan: Plan, column: str) -> str:
    binding = plan.by_column.get(column)
    return binding.header if binding else column
