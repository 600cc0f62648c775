"""The past of the offer book as its pages show it: charts, tables, and the records that moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from bson import ObjectId
from flask import request
from flask_babel import format_date, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.kinds.written import money_text
from models.fields.schema import schema_of
from models.opportunities import LOST, WON
from models.registers import Register
from services.labels import names_of
from services.pipeline_moves import (
    DELETED,
    GROWN,
    JOINED,
    LEFT,
    NEW,
    REGISTER,
    REOPENED,
    SHRUNK,
    SLIPPED,
    SOONER,
    Moved,
    Movement,
    Movements,
)
from services.pipeline_weeks import COUNT, VALUE, Course, Development
from services.values import context_of
from views.base import current_access
from views.report_charts import colours_of
from views.report_results import Cell, Line, Result, Table, left_out_told
from views.report_texts import dimension_label

Raw = dict[str, Any]
Pairs = Sequence[tuple[str, str]]
#: So many groups have a colour and a column of their own, those with the largest value now; the others share one.
MOST_SHOWN = 8
MOVEMENTS: Mapping[str, Any] = {
    NEW: _l("New"), REOPENED: _l("Taken up again"), JOINED: _l("Came into the conditions"), GROWN: _l("Grown"),
    SHRUNK: _l("Shrunk"), WON: _l("Won"), LOST: _l("Lost"), LEFT: _l("Left the conditions"), DELETED: _l("Deleted"),
    SLIPPED: _l("Closing later"), SOONER: _l("Closing sooner"),
}  # fmt: skip


def address_with(path: str, pairs: Pairs) -> str:
    return f"{path}?{urlencode(pairs)}" if pairs else path


# Week by week


def development_result(card: Register, found: Development, figure: int, kept: Pairs) -> Result:
    """The chart with a series for each group, and the table with a line for each week, the newest first; a week leads
    to what moved since."""
    courses = shown_courses(found)
    writer = WeekWriter(found, figure)
    label = found.measures[figure].label_in(current_access().language)
    caption = " · ".join((label, dimension_label(found.dimension)))
    columns = [course.text for course in courses]
    lines = []
    for place in range(len(found.days) - 1, -1, -1):
        cells = [Cell(course.text, writer.text(course.values[place][figure])) for course in courses]
        total = Cell(_("Total"), writer.text(found.totals[place][figure]))
        moved = [*kept, ("since", found.days[place].isoformat())]
        url = address_with(f"{request.script_root}{card.path}/moved", moved) if place < len(found.days) - 1 else ""
        lines.append(Line([writer.day(place)], url, [total, *cells]))
    table = Table([_("End of the week")], [_("Total"), *columns], lines if found.courses else [])
    chart = writer.chart(courses)
    return Result(caption, table, left_out_told(found.left_out), "", chart, writer.gist(caption))


def shown_courses(found: Development) -> list[Course]:
    """The groups with the largest value now, in their order, and one of all others."""
    largest = sorted(found.courses, key=lambda one: (one.others, -(one.values[-1][VALUE] or 0)))[:MOST_SHOWN]
    if len(found.courses) <= MOST_SHOWN + 1:
        return found.courses
    kept = [one for one in found.courses if any(one is other for other in largest)]
    rest = [one for one in found.courses if not any(one is other for other in kept)]
    added = [[sum(value or 0 for value in values) for values in zip(*days, strict=True)]
             for days in zip(*(one.values for one in rest), strict=True)]  # fmt: skip
    return [*kept, Course(None, _("Others"), added, others=True)]


@dataclass(frozen=True)
class WeekWriter:
    """Writes one figure of a development for the user of this request."""

    found: Development
    figure: int

    def text(self, value: Any) -> str:
        return self.found.measures[self.figure].text(value, self.found.currency, context_of(current_access()))

    def day(self, place: int) -> str:
        return _("Now") if place == len(self.found.days) - 1 else format_date(self.found.days[place])

    def chart(self, courses: Sequence[Course]) -> Raw:
        """Stacked bars, for what they add up to is the offer book."""
        colours = colours_of(self.found.dimension, [course.key for course in courses if not course.others])
        found = [course for course in courses if not course.others]
        series = [self.series(course, colour) for course, colour in zip(found, colours, strict=True)]
        series += [self.series(course, "grey") for course in courses if course.others]
        days = [_("Now") if place == len(self.found.days) - 1 else format_date(day, "short")
                for place, day in enumerate(self.found.days)]  # fmt: skip
        style = "decimal" if self.figure == COUNT else "currency"
        return {"kind": "bar", "lying": False, "stacked": True, "categories": days, "series": series,
                "format": {"style": style, "currency": self.found.currency, "whole": self.figure == COUNT}}  # fmt: skip

    def series(self, course: Course, colour: str) -> Raw:
        values = [day[self.figure] for day in course.values]
        return {"name": course.text, "colour": colour, "values": [float(value or 0) for value in values],
                "texts": [self.text(value) for value in values], "urls": [""] * len(values)}  # fmt: skip

    def gist(self, caption: str) -> str:
        """What the chart tells, for those who don't see it."""
        first, last = self.found.totals[0][self.figure], self.found.totals[-1][self.figure]
        return _("Stacked bars: %(what)s. %(day)s: %(first)s, now: %(last)s. The table has the same figures.",
                 what=caption, day=self.day(0), first=self.text(first), last=self.text(last))  # fmt: skip


# What moved


@dataclass(frozen=True)
class MovedRow:
    """One record that moved, as its table shows it; `url` empty where it is no more."""

    name: str
    url: str
    owner: str
    before: str
    after: str
    change: str


@dataclass(frozen=True)
class MovedSection:
    """The records of one movement; `dates` says that before and after are days, `more` how many are not named."""

    key: str
    label: str
    count: int
    sum: str
    rows: list[MovedRow]
    dates: bool
    more: str


@dataclass(frozen=True)
class MovedPage:
    """The bridge from then to now with its chart, and the records of each movement."""

    result: Result
    sections: list[MovedSection]
    notes: Sequence[str] = ()


def moved_page(card: Register, found: Movements) -> MovedPage:
    writer = MoveWriter(card, found, owner_names(found))
    steps = [one for one in found.steps if one.count]
    sections = [writer.section(one) for one in found.all_movements if one.count]
    return MovedPage(Result(writer.caption, writer.table(steps), (), "", writer.chart(steps), writer.gist(steps)),
                     sections, left_out_told(found.left_out))  # fmt: skip


def owner_names(found: Movements) -> Mapping[ObjectId, str]:
    owners = {(moved.after or moved.before or {}).get("owner") for one in found.all_movements
              for moved in one.largest()}  # fmt: skip
    return names_of(current_access(), "user", [owner for owner in owners if owner])


@dataclass(frozen=True)
class MoveWriter:
    """Writes movements for the user of this request."""

    card: Register
    found: Movements
    owners: Mapping[ObjectId, str]

    @property
    def caption(self) -> str:
        return _("Open offer book from %(day)s to now", day=format_date(self.found.day))

    def money(self, amount: Decimal, *, signed: bool = False) -> str:
        text = money_text(amount, self.found.currency, context_of(current_access()).locale)
        return f"+{text}" if signed and amount > 0 else text

    def table(self, steps: Sequence[Movement]) -> Table:
        """From the value then to the value now; each step leads to its records."""
        counted, worth = _("Opportunities"), _("Value")
        lines = [self.line(_("End of %(day)s", day=format_date(self.found.day)), self.found.then_count,
                           self.money(self.found.then))]  # fmt: skip
        lines += [self.line(str(MOVEMENTS[one.key]), one.count, self.money(one.sum, signed=True), f"#moved-{one.key}")
                  for one in steps]  # fmt: skip
        if self.found.rates:
            rates = self.money(self.found.rates, signed=True)
            lines.append(Line([_("Exchange rates and rounding")], "", [Cell(counted), Cell(worth, rates)]))
        lines.append(self.line(_("Now"), self.found.now_count, self.money(self.found.now)))
        anything = self.found.then_count or self.found.now_count or steps
        return Table([_("Movement")], [counted, worth], lines if anything else [])

    def line(self, label: str, count: int, amount: str, url: str = "") -> Line:
        return Line([label], url, [Cell(_("Opportunities"), str(count)), Cell(_("Value"), amount)])

    def chart(self, steps: Sequence[Movement]) -> Raw | None:
        """A bar for each step."""
        if not steps:
            return None
        bars = [(str(MOVEMENTS[one.key]), one.sum) for one in steps]
        bars += [(_("Exchange rates and rounding"), self.found.rates)] if self.found.rates else []
        series = {"name": _("Value"), "colour": "", "values": [float(amount) for _label, amount in bars],
                  "texts": [self.money(amount, signed=True) for _label, amount in bars],
                  "urls": [*(f"#moved-{one.key}" for one in steps), ""][: len(bars)]}  # fmt: skip
        return {"kind": "bar", "lying": True, "stacked": False, "categories": [label for label, _amount in bars],
                "series": [series],
                "format": {"style": "currency", "currency": self.found.currency, "whole": False}}  # fmt: skip

    def gist(self, steps: Sequence[Movement]) -> str:
        told = ", ".join(f"{MOVEMENTS[one.key]} {self.money(one.sum, signed=True)}" for one in steps)
        return _("Bars: %(what)s. %(steps)s. The table has the same figures.", what=self.caption, steps=told)

    def section(self, one: Movement) -> MovedSection:
        rows, dates = one.largest(), one.key in (SLIPPED, SOONER)
        left = one.count - len(rows)
        return MovedSection(
            one.key, str(MOVEMENTS[one.key]), one.count, self.money(one.sum, signed=not dates),
            [self.row(moved, "closes_on" if dates else "value") for moved in rows], dates,
            ngettext("%(num)s more is not named here.", "%(num)s more are not named here.", left) if left else "",
        )  # fmt: skip

    def row(self, moved: Moved, column: str) -> MovedRow:
        raw = moved.after or moved.before or {}
        url = f"{request.script_root}{self.card.path}/show/{moved.record}" if moved.after else ""
        amount = self.money(moved.amount, signed=column == "value")
        return MovedRow(moved.name or _("Without a name"), url, self.owner(raw.get("owner")),
                        self.value(moved.before, column), self.value(moved.after, column), amount)  # fmt: skip

    def owner(self, key: ObjectId | None) -> str:
        return self.owners.get(key, "") if key else ""

    def value(self, raw: Raw | None, column: str) -> str:
        """A value as it was or is, in its own currency."""
        field = schema_of(REGISTER).field(column)
        found = (raw or {}).get(column)
        return "" if found is None else field.kind.text(found, field, context_of(current_access()))
