"""The figures of a report: its rows with what people read, its totals, and the conditions that lead to the records."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.conditions import Node
from models.fields.context import Context, LabelKey
from models.fields.schema import Schema
from models.rights import Access
from services.currencies import Rates, rates_on
from services.labels import names_of_all
from services.reports.definition import BY_GROUPS, Definition, Dimension, today_of
from services.reports.measures import Measure, Sums, Value, measures_of
from services.reports.sources import seen_schema, source_of
from services.reports.tally import Counting, Keys, Line, Tally
from services.values import context_of

NONE, UNSEEN = _l("Not given"), _l("Not visible to you")


@dataclass(frozen=True)
class Row:
    """One row. `keys` are stored values, dates the first day of their period, None for records without a value;
    `values` stand as the measures do; `conditions` hold for exactly the row's records in the register's list."""

    keys: Keys
    texts: tuple[str, ...]
    values: list[Value]
    conditions: list[Node]


@dataclass(frozen=True)
class Figures:
    """What came of a report.

    `rows` have a key for each dimension. Where the last dimension stands across, `columns` are its values and `lines`
    the values of the others, each with its own totals; a cell is the row with the keys of both. `totals` count each
    record once, whatever rows it stands in, and whether or not its row was cut off (`more`). `left_out` counts the
    records of each currency without a rate: their amounts are in no figure.
    """

    definition: Definition
    dimensions: list[Dimension]
    measures: list[Measure]
    currency: str
    day: dt.date
    rows: list[Row] = field(default_factory=list)
    totals: list[Value] = field(default_factory=list)
    count: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
    more: bool = False
    columns: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)


def figures_of(access: Access, definition: Definition) -> Figures:
    """Work a report out for a reader, within what the reader may see.

    Raises ConditionError for a field that is hidden from the reader or gone, and for more rows than can be shown;
    TooSlow.
    """
    schema = seen_schema(access, definition)
    chosen = dimensions_of(schema, definition)
    measures = measures_of(schema, definition.measures)
    day = definition.as_of or today_of(access)
    counting = Counting(source_of(access, schema, definition), measures, context_of(access),
                        schema.register.document.made_of)  # fmt: skip
    tally = counting.tally(chosen)
    total = tally.total
    rates = rates_on(day) if any(one.currency_path for one in measures) else Rates("")
    making = Making(definition, measures, total, rates, reading_context(access, tally))
    made = Figures(
        definition, chosen, measures, rates.currency, day, count=total.records,
        totals=[one.value(total, total, rates) for one in measures],
        left_out={code: n for code, n in sorted(total.currencies.items()) if not rates.knows(code)},
    )  # fmt: skip
    if not definition.across:
        rows = making.ordered(tally)
        return replace(made, rows=making.cut(rows), more=bool(definition.limit) and len(rows) > definition.limit)
    last = len(chosen) - 1
    lines = making.ordered(narrowed(counting, tally, range(last)))
    columns = making.by_groups(narrowed(counting, tally, [last]))
    return replace(made, lines=making.cut(lines), more=bool(definition.limit) and len(lines) > definition.limit,
                   columns=columns, rows=cells(making, tally, making.cut(lines)))  # fmt: skip


def dimensions_of(schema: Schema, definition: Definition) -> list[Dimension]:
    return [Dimension(schema.field(group.column), group.by) for group in definition.groups]


def narrowed(counting: Counting, tally: Tally, places: Sequence[int]) -> Tally:
    """The sums by some dimensions alone. A record that stands in several rows must not be added up from them."""
    left = [one for place, one in enumerate(tally.dimensions) if place not in places]
    if any(one.field.kind.in_each for one in left):
        return counting.tally([tally.dimensions[place] for place in places])
    return tally.merged(places)


def reading_context(access: Access, tally: Tally) -> Context:
    """The context with the names of what the keys point at, as far as the reader may see it."""
    wanted: dict[str, set[Any]] = {}
    for line in tally.lines.values():
        for one, key in zip(tally.dimensions, line.keys, strict=True):
            for target, reference in one.field.kind.group_references(key, one.field):
                wanted.setdefault(target, set()).add(reference)
    labels: dict[LabelKey, str] = names_of_all(access, wanted) if wanted else {}
    return replace(context_of(access), labels=labels)


def cells(making: "Making", tally: Tally, lines: Sequence[Row]) -> list[Row]:
    """The cells of the lines that are shown, line by line."""
    places = {identity_of(tally.dimensions, line.keys): place for place, line in enumerate(lines)}
    shown = {identity: line for identity, line in tally.lines.items() if identity[:-1] in places}
    rows = making.by_groups(Tally(tally.dimensions, shown, tally.total))
    return sorted(rows, key=lambda row: places[identity_of(tally.dimensions, row.keys[:-1])])


def identity_of(dimensions: Iterable[Dimension], keys: Keys) -> Keys:
    return tuple(one.field.kind.group_identity(key) for one, key in zip(dimensions, keys, strict=False))


@dataclass(frozen=True)
class Making:
    """How sums become rows for one reader."""

    definition: Definition
    measures: Sequence[Measure]
    total: Sums
    rates: Rates
    context: Context

    def by_groups(self, tally: Tally) -> list[Row]:
        """Rows in the order of their keys: choices as the field has them, names by the alphabet, what has none last."""
        order = self.order_of(tally.dimensions)
        return [self.row(tally.dimensions, line) for line in sorted(tally.lines.values(), key=order)]

    def ordered(self, tally: Tally) -> list[Row]:
        """Rows in the order that the report asks for."""
        rows = self.by_groups(tally)
        if self.definition.order == BY_GROUPS:
            return rows
        place = int(self.definition.order)
        return sorted(rows, key=lambda row: largest_first(row.values[place]))

    def cut(self, rows: list[Row]) -> list[Row]:
        return rows[: self.definition.limit] if self.definition.limit else rows

    def order_of(self, dimensions: Sequence[Dimension]) -> Callable[[Line], Any]:
        def order(line: Line) -> list[Any]:
            return [(key is None, None if key is None else one.field.kind.group_order(key, one.field, self.context))
                    for one, key in zip(dimensions, line.keys, strict=True)]  # fmt: skip

        return order

    def row(self, dimensions: Sequence[Dimension], line: Line) -> Row:
        pairs = list(zip(dimensions, line.keys, strict=True))
        conditions = [node for one, key in pairs
                      for node in one.field.kind.group_conditions(key, one.field, one.by, self.context)]  # fmt: skip
        return Row(line.keys, tuple(self.text(one, key) for one, key in pairs),
                   [measure.value(line.sums, self.total, self.rates) for measure in self.measures],
                   [*self.definition.conditions, *conditions])  # fmt: skip

    def text(self, dimension: Dimension, key: Any) -> str:
        if key is None:
            return str(NONE)
        return dimension.field.kind.group_text(key, dimension.field, dimension.by, self.context) or str(UNSEEN)


def largest_first(value: Value) -> tuple[bool, Any]:
    return (value is None, -value if value is not None else 0)
