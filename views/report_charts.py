"""What the chart of a report draws, as JSON for assets/js/report.js, and what it tells in a sentence."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.conditions import Node
from models.fields.context import Context
from models.fields.periods import next_first_day
from services.reports.definition import BY_GROUPS, Dimension
from services.reports.figures import Figures, Row, identity_of
from services.reports.measures import Measure
from views.report_texts import CHARTS

Raw = dict[str, Any]
#: More bars or slices than these say nothing any more; the table has them all. Periods are read as a line.
MOST_BARS, MOST_PERIODS, MOST_SLICES = 40, 160, 9
#: Charts whose last group is set out as series.
BY_SERIES = ("stacked", "line")


class Words(Protocol):
    """How figures, labels and addresses of one report are written (views/report_results.py)."""

    figures: Figures
    context: Context
    labels: list[str]

    def text(self, place: int, value: Any) -> str: ...

    def url(self, conditions: Sequence[Node]) -> str: ...


#: What tells the places along the axis apart -> what they are called.
Places = Mapping[Any, str]


@dataclass(frozen=True)
class Series:
    """One series: the number of its measure, and its rows by place. `key` is the value that it stands for."""

    name: str
    measure: int
    rows: Mapping[Any, Row]
    key: Any = None


def chart_of(words: Words) -> Raw | None:
    """The chart that a report asks for; None where there is none, or nothing to draw."""
    figures = words.figures
    if figures.definition.chart == "none" or not figures.dimensions or not figures.rows:
        return None
    places, series = by_series(figures) if set_out(figures) else by_measure(words)
    if figures.definition.chart == "pie":
        return pie(words, places, next(one for one in series if one.measure == main_measure(figures)))
    dated = bool(figures.dimensions[0].by)
    places = dict(first_of(whole_time(words, places), MOST_PERIODS if dated else MOST_BARS))
    line, colours = figures.definition.chart == "line", colours_of(figures.dimensions[-1], [one.key for one in series])
    return {
        "kind": "line" if line else "bar", "lying": not line and not dated,
        "stacked": figures.definition.chart == "stacked", "categories": list(places.values()),
        "format": format_of(figures, figures.measures[series[0].measure]),
        "series": [{"colour": colour, **drawn(words, one, places)}
                   for one, colour in zip(series, colours, strict=True)],
    }  # fmt: skip


def set_out(figures: Figures) -> bool:
    """Whether the last group's values are series of their own."""
    several = len(figures.dimensions) > 1 and figures.definition.chart != "pie"
    return several and (figures.definition.across or figures.definition.chart in BY_SERIES)


def main_measure(figures: Figures) -> int:
    """The figure that is drawn before others: the one that rows are ordered by, else money, else the first."""
    if figures.definition.order != BY_GROUPS:
        return int(figures.definition.order)
    return next((place for place, one in enumerate(figures.measures) if one.money), 0)


def by_measure(words: Words) -> tuple[Places, list[Series]]:
    """A place for each row; a series for each figure of the same sort as the main one."""
    figures = words.figures
    rows = {identity_of(figures.dimensions, row.keys): row for row in figures.rows}
    places = {identity: " · ".join(row.texts) for identity, row in rows.items()}
    main = figures.measures[main_measure(figures)]
    alike = [place for place, one in enumerate(figures.measures) if sort_of(one) == sort_of(main)]
    return places, [Series(words.labels[place], place, rows) for place in alike]


def by_series(figures: Figures) -> tuple[Places, list[Series]]:
    """The last group as series, the others as places: of the main figure alone."""
    *others, last = figures.dimensions
    places: dict[Any, str] = {}
    found: dict[Any, dict[Any, Row]] = {}
    for row in figures.rows:
        place = identity_of(others, row.keys[:-1])
        places.setdefault(place, " · ".join(row.texts[:-1]))
        found.setdefault(identity_of([last], row.keys[-1:]), {})[place] = row
    across = {identity_of([last], column.keys): place for place, column in enumerate(figures.columns)}
    ordered = sorted(found, key=lambda key: across.get(key, len(across)))
    first = [next(iter(found[key].values())) for key in ordered]
    return places, [Series(row.texts[-1], main_measure(figures), found[key], row.keys[-1])
                    for key, row in zip(ordered, first, strict=True)]  # fmt: skip


def drawn(words: Words, series: Series, places: Places) -> Raw:
    """A series as the script draws it: numbers, the same as texts, and where their records are."""
    rows = [series.rows.get(place) for place in places]
    values = [row.values[series.measure] if row else None for row in rows]
    return {
        "name": series.name, "values": [None if value is None else float(value) for value in values],
        "texts": [words.text(series.measure, value) for value in values],
        "urls": [words.url(row.conditions) if row else "" for row in rows],
    }  # fmt: skip


def pie(words: Words, places: Places, series: Series) -> Raw:
    """The largest slices, and one of all others: what is nothing or less is no part of a whole."""
    figures, measure = words.figures, words.figures.measures[series.measure]
    sliced = [place for place in places if (series.rows[place].values[series.measure] or 0) > 0]
    largest = sorted(sliced, key=lambda place: -float(series.rows[place].values[series.measure] or 0))
    kept = [place for place in sliced if place in largest[:MOST_SLICES]]
    found = drawn(words, series, {place: places[place] for place in kept})
    names, keys = [places[place] for place in kept], [series.rows[place].keys[-1] for place in kept]
    colours: list[str] = colours_of(figures.dimensions[-1], keys)
    if rest := [series.rows[place].values[series.measure] or 0 for place in largest[MOST_SLICES:]]:
        names.append(_("Others"))
        colours.append("grey")
        found["values"].append(float(sum(rest)))
        found["texts"].append(words.text(series.measure, sum(rest)))
        found["urls"].append("")
    return {"kind": "pie", "lying": False, "stacked": False, "categories": names, "colours": colours,
            "format": format_of(figures, measure), "series": [found]}  # fmt: skip


def sort_of(measure: Measure) -> str:
    """What a figure is: "percent", "currency" or "decimal"."""
    return "percent" if measure.how == "share" else "currency" if measure.money else "decimal"


def format_of(figures: Figures, measure: Measure) -> Raw:
    """How the axis writes figures; a count has no halves."""
    return {"style": sort_of(measure), "currency": figures.currency, "whole": measure.how == "count"}


def colours_of(dimension: Dimension, keys: Sequence[Any]) -> list[str]:
    """The choices' own colours, where they tell the values apart; else "" for the chart's."""
    found = [choice.colour if (choice := dimension.field.choice(key)) else "grey" for key in keys]
    return found if dimension.field.choices and len(set(found)) == len(found) else [""] * len(found)


def first_of(places: Places, most: int) -> Iterator[tuple[Any, str]]:
    return (pair for pair, _number in zip(places.items(), range(most), strict=False))


# Time without gaps


def whole_time(words: Words, places: Places) -> Places:
    """Each period from the first to the last: a month of nothing is a place in time as well."""
    dimension = words.figures.dimensions[0]
    days = [place[0] for place in places if place[0] is not None]
    single = all(len(place) == 1 for place in places)
    if not dimension.by or not single or words.figures.definition.order != BY_GROUPS or not days:
        return places
    between = list(periods_between(min(days), max(days), dimension.by))
    if len(between) > MOST_PERIODS:
        return places
    kind, field = dimension.field.kind, dimension.field
    undated = {place: name for place, name in places.items() if place[0] is None}
    return {(day,): kind.group_text(day, field, dimension.by, words.context) for day in between} | undated


def periods_between(first: dt.date, last: dt.date, by: str) -> Iterable[dt.date]:
    """The first days of the periods, one more than are drawn at most."""
    day: dt.date | None = first
    for _number in range(MOST_PERIODS + 1):
        if day is None or day > last:
            return
        yield day
        day = next_first_day(day, by)


# In words


def gist_of(words: Words, chart: Raw, caption: str) -> str:
    """What the chart tells, for those who don't see it."""
    kind = str(CHARTS[words.figures.definition.chart])
    told = f"{kind}. {caption}."
    several = len(chart["series"]) > 1
    points = [(value, f"{name}, {one['name']}" if several else name, text)
              for one in chart["series"]
              for value, name, text in zip(one["values"], chart["categories"], one["texts"], strict=True)
              if value is not None]  # fmt: skip
    if points:
        _value, name, text = max(points, key=lambda point: point[0])
        told += " " + _("The largest is %(name)s: %(figure)s.", name=name, figure=text)
    count = len(chart["categories"])
    return " ".join((
        told, ngettext("%(num)s group in all; the table has the same figures.",
                       "%(num)s groups in all; the table has the same figures.", count),
    ))  # fmt: skip
