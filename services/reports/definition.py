"""What a report asks, checked against the fields that its user sees."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.conditions import MAX_CONDITIONS, Node, walk
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.field import Field
from models.fields.query import visible_query
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS
from models.reports import CHARTS
from models.rights import Access
from services.linked import only_check
from services.values import context_of

Raw = dict[str, Any]
MOST_GROUPS, MOST_MEASURES, MOST_ROWS = 3, 6, 10_000
#: A row's own conditions come on top of the report's: two at most for each group.
MOST_CONDITIONS = MAX_CONDITIONS - 2 * MOST_GROUPS
HOWS = ("count", "sum", "mean", "weighted", "share")
BY_GROUPS = "groups"


@dataclass(frozen=True)
class Group:
    """A column to group by; `by` is one of its kind's groupings ("" or a period)."""

    column: str
    by: str = ""


@dataclass(frozen=True)
class Measured:
    """What is worked out for each row: `how` of HOWS, of which column ("" where records are counted), and by which
    column of percent (weighted alone)."""

    how: str = "count"
    column: str = ""
    by: str = ""


@dataclass(frozen=True)
class Definition:
    """A report's question. `across` sets the last group's values out as columns; `order` is "groups" or the number of
    a measure, largest first; `limit` 0 means all rows; `as_of` a past day, None for now."""

    register: str
    conditions: tuple[Node, ...] = ()
    groups: tuple[Group, ...] = ()
    across: bool = False
    measures: tuple[Measured, ...] = (Measured(),)
    chart: str = "none"
    order: str = BY_GROUPS
    limit: int = 0
    as_of: dt.date | None = None

    def as_raw(self) -> Raw:
        """Plain values that a document or an address keeps; `definition_of` takes them back."""
        return {"register": self.register, "conditions": [dict(node) for node in self.conditions],
                "groups": [{"column": one.column, "by": one.by} for one in self.groups], "across": self.across,
                "measures": [{"how": one.how, "column": one.column, "by": one.by} for one in self.measures],
                "chart": self.chart, "order": self.order, "limit": self.limit,
                "as_of": self.as_of.isoformat() if self.as_of else None}  # fmt: skip


# What there is to choose from


@dataclass(frozen=True)
class Dimension:
    """A field that a report groups by. `by` is the way it does so, out of `ways`: "" alone, or periods."""

    field: Field
    by: str = ""

    @property
    def column(self) -> str:
        return self.field.column

    @property
    def ways(self) -> Sequence[str]:
        return self.field.kind.groupings


def dimensions(schema: Schema) -> list[Dimension]:
    """What the register's records can be grouped by; `schema` is as the user has it. Each with its first way."""
    found = (one for one in schema.fields if one.kind.groupings)
    return [Dimension(one, "month" if "month" in one.kind.groupings else one.kind.groupings[0]) for one in found]


def measurable(schema: Schema) -> list[Field]:
    """The fields that can be added up: numbers and amounts of money."""
    return [one for one in schema.fields if one.kind.numeric]


def percents(schema: Schema) -> list[Field]:
    """The fields that amounts can be weighted by: plain numbers, read as percent."""
    return [one for one in measurable(schema) if not one.kind.currency_path(one)]


# Checking


@dataclass
class Problems:
    """All that is wrong, by part of the definition."""

    found: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, part: str, message: Any) -> None:
        messages = self.found.setdefault(part, [])
        if message not in messages:
            messages.append(message)

    def raise_if_any(self) -> None:
        if self.found:
            raise ValidationFailed(self.found)


def definition_of(access: Access, mapping: Mapping[str, Any]) -> Definition:
    """The definition that plain values make, once all of it makes sense to this user.

    Raises ValidationFailed({part: messages}) and, for its conditions, ConditionError.
    """
    problems = Problems()
    register = mapping.get("register")
    if not isinstance(register, str) or register not in REGISTERS or not access.may(register, "see"):
        raise ValidationFailed({"register": [_l("Choose what the report is about.")]})
    schema = schema_of(register).for_access(access)
    groups = clean_groups(schema, mapping.get("groups") or (), problems)
    measures = clean_measures(schema, mapping.get("measures") or ({"how": "count"},), problems)
    made = Definition(
        register, checked_conditions(access, schema, mapping.get("conditions") or ()), groups,
        clean_across(mapping.get("across"), groups, problems), measures, clean_chart(mapping.get("chart"), problems),
        clean_order(mapping.get("order"), measures, problems), clean_limit(mapping.get("limit"), problems),
        clean_day(access, schema, mapping.get("as_of"), problems),
    )  # fmt: skip
    problems.raise_if_any()
    return made


def checked_conditions(access: Access, schema: Schema, conditions: Any) -> tuple[Node, ...]:
    visible_query(schema, access, conditions, context_of(access), only_check)
    if sum(1 for _node in walk(conditions, 0)) > MOST_CONDITIONS:
        raise ConditionError("", _l("Too many conditions: at most %(max)s.", max=MOST_CONDITIONS))
    return tuple(conditions)


def listed(raw: Any, part: str, most: int, problems: Problems) -> list[Mapping[str, Any]]:
    """A list of mappings, of at most so many."""
    if not isinstance(raw, (list, tuple)) or not all(isinstance(one, Mapping) for one in raw):
        problems.add(part, _l("Give a list."))
        return []
    if len(raw) > most:
        problems.add(part, _l("At most %(max)s.", max=most))
    return list(raw[:most])


def clean_groups(schema: Schema, raw: Any, problems: Problems) -> tuple[Group, ...]:
    known = {one.column: one for one in dimensions(schema)}
    groups = []
    for one in listed(raw, "groups", MOST_GROUPS, problems):
        column, by = one.get("column"), one.get("by") or ""
        found = known.get(column) if isinstance(column, str) else None
        if found is None:
            problems.add("groups", _l("Records can't be grouped by “%(column)s”.", column=str(column)[:80]))
        elif by not in found.ways and by:
            problems.add("groups", _l("Choose a day, week, month, quarter or year to group by."))
        else:
            groups.append(Group(found.column, by or found.by))
    if len(set(groups)) < len(groups):
        problems.add("groups", _l("Group by each field once."))
    return tuple(groups)


def clean_measures(schema: Schema, raw: Any, problems: Problems) -> tuple[Measured, ...]:
    found = [clean_measure(schema, one, problems) for one in listed(raw, "measures", MOST_MEASURES, problems)]
    return tuple(dict.fromkeys(one for one in found if one is not None)) or (Measured(),)


def clean_measure(schema: Schema, raw: Mapping[str, Any], problems: Problems) -> Measured | None:
    how, column, by = raw.get("how"), raw.get("column") or "", raw.get("by") or ""
    if how not in HOWS:
        problems.add("measures", _l("Choose what to work out: %(known)s.", known=", ".join(HOWS)))
        return None
    if how == "count" or (how == "share" and not column):
        return Measured(how)
    if column not in [one.column for one in measurable(schema)]:
        problems.add("measures", _l("Choose a number or an amount of money to add up."))
        return None
    if how != "weighted":
        return Measured(how, column)
    if by not in [one.column for one in percents(schema)] or by == column:
        problems.add("measures", _l("Choose the percentage to weight by."))
        return None
    return Measured(how, column, by)


def clean_across(raw: Any, groups: Sequence[Group], problems: Problems) -> bool:
    if not isinstance(raw, (bool, type(None))):
        problems.add("across", _l("Say yes or no (true or false)."))
    elif raw and not groups:
        problems.add("across", _l("Choose a field to group by first."))
    return raw is True


def clean_chart(raw: Any, problems: Problems) -> str:
    if raw not in (None, "", *CHARTS):
        problems.add("chart", _l("Choose a chart: %(known)s.", known=", ".join(CHARTS)))
    return raw or CHARTS[0]


def clean_order(raw: Any, measures: Sequence[Measured], problems: Problems) -> str:
    known = [BY_GROUPS, *(str(place) for place in range(len(measures)))]
    if raw not in (None, "") and str(raw) not in known:
        problems.add("order", _l("Order by the groups or by one of the figures."))
    return BY_GROUPS if raw in (None, "") else str(raw)


def clean_limit(raw: Any, problems: Problems) -> int:
    try:
        limit = int(raw or 0) if not isinstance(raw, (bool, float)) else -1
    except (TypeError, ValueError):
        limit = -1
    if not 0 <= limit <= MOST_ROWS:
        problems.add("limit", _l("Give a number of rows from 1 to %(max)s, or nothing for all.", max=f"{MOST_ROWS:,}"))
    return limit


def clean_day(access: Access, schema: Schema, raw: Any, problems: Problems) -> dt.date | None:
    """A past day; today and nothing mean now."""
    if raw in (None, ""):
        return None
    try:
        day = raw.date() if isinstance(raw, dt.datetime) else raw if isinstance(raw, dt.date) else day_of(raw)
    except (TypeError, ValueError):
        problems.add("as_of", _l("Give a day as 2024-12-31."))
        return None
    today = today_of(access)
    if day > today:
        problems.add("as_of", _l("Choose a day that is past."))
    elif day < today and not schema.register.keeps_past:
        problems.add("as_of", _l("How these stood on a past day is not kept. Leave the day out."))
    return day if day < today else None


def day_of(raw: Any) -> dt.date:
    if not isinstance(raw, str):
        raise TypeError(raw)
    return dt.date.fromisoformat(raw.strip())


def today_of(access: Access) -> dt.date:
    """Today where the user is."""
    return dt.datetime.now(context_of(access).zone).date()
