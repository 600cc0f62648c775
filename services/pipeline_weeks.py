"""How the offer book developed: its count, value and weighted value at the end of each week, by any of its groups."""

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.conditions import Node
from models.fields.errors import ConditionError
from models.fields.query import Asking, Query, conditions_query, every_of, inside, within
from models.fields.schema import Schema, schema_of
from models.past import SECONDS, PastState, states_within
from models.rights import Access
from services.currencies import Rates, rates_on
from services.linked import find_linked
from services.past_records import end_of, seen_states
from services.pipeline_moves import OPEN_ONLY, REGISTER
from services.planning import plan_for_adding_up, predicates_of
from services.reports.definition import Definition, Dimension, Measured, dimensions
from services.reports.figures import Making, reading_context
from services.reports.measures import Measure, Sums, Value, measures_of, summed, sums_of
from services.reports.sources import Source
from services.reports.tally import Counting, Line, Tally
from services.values import context_of

Raw = dict[str, Any]
MOST_WEEKS = 104
#: So many groups have a course of their own, those with the largest value; the others share one.
MOST_COURSES = 50
MEASURED = (Measured("count"), Measured("sum", "value"), Measured("weighted", "value", "probability"))
COUNT, VALUE, WEIGHTED = range(3)
QUARTERS_A_WEEK = 7 * 86_400 // SECONDS
#: From the week's end at a place on there is so much more of a key.
Steps = dict[tuple[Any, int], Sums]


@dataclass(frozen=True)
class Course:
    """One group's figures: `values` has for each day those of each measure; `key` None for records without a value."""

    key: Any
    text: str
    values: list[list[Value]]
    others: bool = False


@dataclass(frozen=True)
class Development:
    """The open offer book at the end of `days`, the last of which is today as it is now; amounts in `currency`, by the
    rates of each day. Courses stand in the order of their groups, what is left of them last. `left_out` counts the
    open records of now in currencies without a rate."""

    days: list[dt.date]
    dimension: Dimension
    measures: list[Measure]
    currency: str
    courses: list[Course]
    totals: list[list[Value]]
    left_out: Mapping[str, int]


def groups_of(access: Access) -> list[Dimension]:
    """What the development can be told by: fields of few values, of which a record has one."""
    found = dimensions(schema_of(REGISTER).for_access(access))
    return [Dimension(one.field) for one in found if one.field.kind.faceted and not one.field.kind.in_each]


def development(access: Access, conditions: Sequence[Node], weeks: int = 26, by: str = "owner") -> Development:
    """The open records that meet the conditions, at the ends of the last `weeks` weeks and now, by the rights of now
    and the values of each moment. Conditions that go by the day ("this month") mean today's.

    Raises ConditionError, also for a field that the reader does not see; TooSlow.
    """
    dimension = next((one for one in groups_of(access) if one.column == by), None)
    if dimension is None:
        raise ConditionError("by", _l("Choose a field to show the development by."))
    schema = schema_of(REGISTER).for_access(access)
    today = dt.datetime.now(context_of(access).zone).date()
    days = [*week_ends(today, max(1, min(weeks, MOST_WEEKS))), today]
    return told(Weekly(access, schema, [*conditions, OPEN_ONLY], days, dimension, measures_of(schema, MEASURED)))


def week_ends(today: dt.date, weeks: int) -> list[dt.date]:
    """The Sundays that the last whole weeks ended with."""
    last = today - dt.timedelta(days=today.weekday() + 1)
    return [last - dt.timedelta(weeks=back) for back in range(weeks - 1, -1, -1)]


# Reading


@dataclass(frozen=True)
class Weekly:
    """All weeks in one pass: each state of a record counts from the first day that it holds the end of to the last.
    The last of `days` is today, which only what is so still holds."""

    access: Access
    schema: Schema
    conditions: Sequence[Node]
    days: Sequence[dt.date]
    dimension: Dimension
    measures: list[Measure]

    @cached_property
    def ends(self) -> list[int]:
        """When each week ends, in quarters of an hour."""
        zone = context_of(self.access).zone
        return [end_of(day, zone) for day in self.days[:-1]]

    @cached_property
    def query(self) -> Query:
        return conditions_query(self.schema, self.conditions,
                                Asking(self.access, context_of(self.access), find_linked))  # fmt: skip

    def steps(self) -> Steps:
        """Raises TooSlow."""
        found: Steps = {}
        kind, names = self.dimension.field.kind, self.counting.currency_names()
        for raw in self.read():
            key = kind.group_key(raw["_id"].get("k0"), self.dimension.field, "", self.counting.context)
            currencies = {column: raw["_id"].get(name) or "" for name, column in names.items()}
            step = found.setdefault((kind.group_identity(key), int(raw["_id"]["place"])), Sums())
            step.add(sums_of(raw, self.measures, currencies))
        return found

    def read(self) -> Iterator[Raw]:
        """What the database adds up of each part, on all its processors at once."""
        work = [(self.records(), self.of_records()), *((source, self.of_states()) for source in self.states())]
        with ThreadPoolExecutor(len(work)) as pool:
            parts = [pool.submit(copy_context().run, source.aggregated, stages) for source, stages in work]
            for part in parts:
                yield from part.result()

    @cached_property
    def counting(self) -> Counting:
        return Counting(self.records(), self.measures, context_of(self.access))

    @property
    def keys(self) -> Raw:
        return {"k0": self.counting.key(self.dimension), **self.counting.currencies()}

    @property
    def sums(self) -> Raw:
        return self.counting.added_up(self.counting.amounts())

    def records(self) -> Source:
        """The records as they are: there from the first week's end after their last change on, and now."""
        collection = self.schema.register.document._get_collection()
        plan = plan_for_adding_up(collection, tuple(predicates_of(
            every_of([self.access.condition(REGISTER), self.query]))))  # fmt: skip
        return Source(collection, ({"$match": plan.query},), plan.options)

    def of_records(self) -> list[Raw]:
        since = {"$floor": {"$divide": [{"$toLong": "$changed_at"}, SECONDS * 1_000]}}
        return [{"$group": {"_id": {**self.keys, "place": place_after(since, self.ends)}, **self.sums}}]

    def states(self) -> list[Source]:
        """The states that may hold the end of some week."""
        seen, query = seen_states(self.access, self.schema), within(self.query, "document")
        return [Source(PastState._get_collection(), ({"$match": every_of([half, seen, query])},))
                for half in states_within(REGISTER, self.ends[0], self.ends[-1])]  # fmt: skip

    def of_states(self) -> list[Raw]:
        """Add up those that come and go at the same weeks; then what comes and goes at each. What does both before a
        week ends comes to nothing."""
        inner = inside(self.keys, "document")
        span = {"first": place_after("$begins", self.ends), "last": place_after("$ends", self.ends)}
        kept = {name: f"$_id.{name}" for name in inner}
        return [
            {"$group": {"_id": {**inner, **span}, **inside(self.sums, "document")}},
            {"$set": {"step": [{"place": "$_id.first", "sign": 1}, {"place": "$_id.last", "sign": -1}]}},
            {"$unwind": "$step"},
            {"$group": {"_id": {**kept, "place": "$step.place"},
                        **{name: {"$sum": {"$multiply": [f"${name}", "$step.sign"]}} for name in self.sums}}},
        ]  # fmt: skip


def place_after(quarter: Any, ends: Sequence[int]) -> Any:
    """The expression for how many of the weeks had ended as the quarter began. Within a stretch of weeks of equal
    length it is a division."""
    stretches = list(equal_weeks(ends))
    places = [
        {"$max": [first, {"$min": [last + 1, {"$add": [first + 1, {"$floor": {"$divide": [
            {"$subtract": [quarter, ends[first]]}, QUARTERS_A_WEEK]}}]}]}]}
        for first, last in stretches
    ]  # fmt: skip
    branches = [{"case": {"$lt": [quarter, ends[last + 1]]}, "then": place}
                for (_first, last), place in zip(stretches[:-1], places, strict=False)]  # fmt: skip
    return {"$switch": {"branches": branches, "default": places[-1]}} if branches else places[-1]


def equal_weeks(ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """(first, last) place of each stretch between which no clocks were changed."""
    first = 0
    for place in range(1, len(ends) + 1):
        if place == len(ends) or ends[place] - ends[place - 1] != QUARTERS_A_WEEK:
            yield first, place - 1
            first = place


# Telling


def told(weekly: Weekly) -> Development:
    steps, days = weekly.steps(), list(weekly.days)
    foreign = {currency for sums in steps.values() for _name, currency in sums.sums if currency}
    rates = rates_of(days, foreign)
    sums = {key: running(steps, key, len(days)) for key in dict.fromkeys(key for key, _place in steps)}
    total = [summed([course[place] for course in sums.values()]) for place in range(len(days))]
    values = {key: valued(weekly.measures, course, total, rates) for key, course in sums.items()}
    courses = [Course(key, text, values[key]) for key, text in ordered(weekly, list(sums))]
    shown = largest(courses)
    left = [summed([sums[one.key][place] for one in courses if one not in shown]) for place in range(len(days))]
    if len(shown) < len(courses):
        text = _("%(count)s others", count=len(courses) - len(shown))
        shown.append(Course(None, text, valued(weekly.measures, left, total, rates), others=True))
    return Development(
        days, weekly.dimension, weekly.measures, rates[-1].currency, shown,
        valued(weekly.measures, total, total, rates),
        {code: n for code, n in sorted(total[-1].currencies.items()) if n and not rates[-1].knows(code)},
    )  # fmt: skip


def rates_of(days: Sequence[dt.date], currencies: set[str]) -> list[Rates]:
    """The rates of each day; one is read where no day could make a difference."""
    last = rates_on(days[-1])
    return [last] * len(days) if currencies <= {last.currency} else [*map(rates_on, days[:-1]), last]


def running(steps: Steps, key: Any, count: int) -> list[Sums]:
    """The sums of a key at each of so many days."""
    found, so_far = [], Sums()
    for place in range(count):
        so_far = summed([so_far, steps.get((key, place), Sums())])
        found.append(so_far)
    return found


def valued(measures: Sequence[Measure], sums: Sequence[Sums], total: Sequence[Sums],
           rates: Sequence[Rates]) -> list[list[Value]]:  # fmt: skip
    return [[measure.value(one, whole, rate) for measure in measures]
            for one, whole, rate in zip(sums, total, rates, strict=True)]  # fmt: skip


def ordered(weekly: Weekly, keys: Sequence[Any]) -> list[tuple[Any, str]]:
    """The keys in the order of their groups, each with what it is called."""
    tally = Tally([weekly.dimension], {(key,): Line(spelled=Counter({(key,): 1})) for key in keys}, Sums())
    making = Making(Definition(REGISTER), [], Sums(), Rates(""), reading_context(weekly.access, tally))
    return [(row.keys[0], row.texts[0]) for row in making.by_groups(tally)]


def largest(courses: Sequence[Course]) -> list[Course]:
    """Those that are told one by one, in their order."""
    by_value = sorted(courses, key=lambda one: max(day[VALUE] or 0 for day in one.values), reverse=True)
    kept = {id(one) for one in by_value[:MOST_COURSES]}
    return [one for one in courses if id(one) in kept]
