"""What reports are called by in words: figures, groups, periods, charts, when they are sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from babel.dates import get_day_names
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.schema import Schema
from models.registers import SECTIONS
from services.reports.definition import Dimension, Measured, dimensions, measurable, percents
from services.reports.measures import measures_of
from views.base import current_language

Option = tuple[str, Any]

HOWS: Mapping[str, Any] = {
    "count": _l("Count"), "sum": _l("Sum"), "mean": _l("Mean"), "weighted": _l("Weighted sum"),
    "share": _l("Share"),
}  # fmt: skip
CHARTS: Mapping[str, Any] = {
    "none": _l("No chart"), "bar": _l("Bar chart"), "stacked": _l("Stacked bars"), "line": _l("Line chart"),
    "pie": _l("Pie chart"),
}  # fmt: skip
PERIODS: Mapping[str, Any] = {
    "day": _l("Day"), "week": _l("Week"), "month": _l("Month"), "quarter": _l("Quarter"), "year": _l("Year"),
}  # fmt: skip
#: How a field of dates is grouped, after its name.
BY_PERIOD: Mapping[str, Any] = {
    "day": _l("by day"), "week": _l("by week"), "month": _l("by month"), "quarter": _l("by quarter"),
    "year": _l("by year"),
}  # fmt: skip
EVERY: Mapping[str, Any] = {"": _l("Never"), "day": _l("Every day"), "week": _l("Every week"),
                            "month": _l("Every month")}  # fmt: skip
AUDIENCES: Mapping[str, Any] = {"me": _l("Only me"), "role": _l("Those with a role"), "all": _l("Everybody")}


def dimension_label(dimension: Dimension) -> str:
    """What a group is called: "Stage", "Closing by month"."""
    name = dimension.field.label_in(current_language())
    return f"{name} {BY_PERIOD[dimension.by]}" if dimension.by in BY_PERIOD else name


def about_of(schema: Schema, mapping: Mapping[str, Any]) -> str:
    """What a report works out, in a line: "Stage, Owner: Value · Count"; "" where its reader may not see that."""
    try:
        figures = measures_of(schema, [Measured(**one) for one in mapping.get("measures") or ()])
    except ConditionError:
        return ""
    known = {one.column: one.field for one in dimensions(schema)}
    groups = [dimension_label(Dimension(known[one["column"]], one.get("by") or ""))
              for one in mapping.get("groups") or () if one["column"] in known]  # fmt: skip
    return in_a_line(groups, [one.label_in(current_language()) for one in figures])


def in_a_line(groups: Sequence[str], figures: Sequence[str]) -> str:
    """"Stage, Owner: Value · Count"."""
    return ": ".join(filter(None, (", ".join(groups), " · ".join(figures))))


# Choices of the form


def group_choices(schema: Schema) -> list[tuple[str, list[dict[str, Any]]]]:
    """The fields that records are grouped by, in their sections: {column, label, periods}."""
    language, found = current_language(), {one.column: one for one in dimensions(schema)}
    sections = []
    for section, fields in schema.sections():
        offered = [{"column": field.column, "label": field.label_in(language),
                    "periods": "month" in found[field.column].ways}
                   for field in fields if field.column in found]  # fmt: skip
        if offered:
            sections.append((str(SECTIONS[section]), offered))
    return sections


def field_options(fields: Sequence[Field]) -> list[Option]:
    return [(field.column, field.label_in(current_language())) for field in fields]


def how_options(schema: Schema) -> list[Option]:
    """What can be worked out of this register: nothing is added up where it has no numbers."""
    numbers, parts = bool(measurable(schema)), bool(percents(schema))
    offered = {"count": True, "sum": numbers, "mean": numbers, "weighted": numbers and parts, "share": True}
    return [(how, HOWS[how]) for how, there in offered.items() if there]


def weekday_names() -> Mapping[int, str]:
    """0, Monday, to 6 in the page's language."""
    return get_day_names("wide", "stand-alone", locale=get_locale() or "en")


def weekday_options() -> list[Option]:
    return [(str(place), name[:1].upper() + name[1:]) for place, name in weekday_names().items()]


def hour_options() -> list[Option]:
    mark = "." if current_language() == "fi" else ":"
    return [(str(hour), f"{hour}{mark}00") for hour in range(24)]


def sending_told(schedule: Mapping[str, Any] | None) -> str:
    """When a report is sent: "Every week, Monday 8:00"; "" for never."""
    if not schedule or not schedule.get("every") or schedule["every"] not in EVERY:
        return ""
    clock = dict(hour_options()).get(str(schedule.get("hour", "")), "")
    match schedule["every"]:
        case "week":
            return _("Every week, %(day)s %(time)s", day=weekday_names()[schedule.get("weekday") or 0], time=clock)
        case "month":
            return _("Every month, day %(day)s at %(time)s", day=schedule.get("day") or 1, time=clock)
    return _("Every day at %(time)s", time=clock)
