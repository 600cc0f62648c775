"""The operators: each filter turns one column and its value into one MongoDB condition."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from bson import Regex
from flask_appbuilder.models.filters import BaseFilter, FilterRelation
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from fab_mongo.columns import Column, Kind
from fab_mongo.errors import FilterError
from fab_mongo.values import is_whole_day, parse_value

if TYPE_CHECKING:
    from fab_mongo.interface import MongoInterface

Condition = dict[str, Any]

MOST_VALUES = 1000
"""Values one filter may carry."""

_EMPTY_VALUES: tuple[Any, ...] = (None, "", [], {})
END = r"(?![\s\S])"
"""The very end of a text, as a pattern: `$` allows a line feed after it, and `\\z` is not known to mongomock."""
BLANK_SENT = ("", None, "__None")
"""What forms and addresses send for nothing."""


class MongoFilter(BaseFilter):
    """One operator on one column.

    A subclass gives `name` (for a person), `arg_name` (for addresses and REST) and `test`, what MongoDB asks of the
    column's path for one parsed value. Several values are joined by `joined_by`: a filter that says yes to a value
    takes any of them, one that says no refuses all of them.
    """

    datamodel: MongoInterface
    joined_by = "$or"
    takes_blank = False

    @property
    def column(self) -> Column:
        """The column this filter looks at; raises FilterError when it is gone."""
        column = self.datamodel.columns().get(self.column_name)
        if column is None:
            raise FilterError(self.column_name, _("There is no column %(name)s.", name=self.column_name))
        return column

    def condition(self, value: Any) -> Condition:
        """Return the MongoDB condition for a value or a list of values; raises FilterError for wrong ones."""
        values = value if isinstance(value, (list, tuple)) else [value]
        if len(values) > MOST_VALUES:
            raise FilterError(self.column_name, _("At most %(most)s values can be given.", most=MOST_VALUES))
        conditions = [self.condition_of_one(self.column, single) for single in values]
        return conditions[0] if len(conditions) == 1 else {self.joined_by: conditions}

    def condition_of_one(self, column: Column, value: Any) -> Condition:
        """Return the condition for a single value."""
        return {column.path: self.test(column, self.stored(column, value))}

    def stored(self, column: Column, value: Any) -> Any:
        """Return a sent value as MongoDB keeps it; raises FilterError for a wrong one."""
        try:
            return self.datamodel.stored(column, parse_value(column, value))
        except ValueError as error:
            raise FilterError(column.name, str(error)) from error

    def test(self, column: Column, value: Any) -> Any:
        """Return what is asked of the column's path, such as `{"$gt": value}`."""
        raise NotImplementedError

    def apply(self, query: Any, value: Any) -> Any:
        """Narrow a QuerySet; raises FilterError for a wrong value."""
        return query.filter(__raw__=self.condition(value))


class TextFilter(MongoFilter):
    """A filter on text, ignoring case; what was typed is never taken as a regular expression."""

    pattern = "{}"

    def test(self, column: Column, value: Any) -> Any:
        """Match the text at the place `pattern` says."""
        return Regex(self.pattern.format(re.escape(str(value))), "i")


class NotTextFilter(TextFilter):
    """The opposite of a text filter; rows without a value pass."""

    joined_by = "$and"

    def test(self, column: Column, value: Any) -> Any:
        """Refuse what the text filter matches."""
        return {"$not": super().test(column, value)}


class FilterContains(TextFilter):
    """The text is somewhere in the value."""

    name, arg_name = _l("Contains"), "ct"


class FilterNotContains(NotTextFilter):
    """The text is nowhere in the value."""

    name, arg_name = _l("Not Contains"), "nct"


class FilterStartsWith(TextFilter):
    """The value begins with the text."""

    name, arg_name, pattern = _l("Starts with"), "sw", "^{}"


class FilterNotStartsWith(NotTextFilter):
    """The value does not begin with the text."""

    name, arg_name, pattern = _l("Not Starts with"), "nsw", "^{}"


class FilterEndsWith(TextFilter):
    """The value ends with the text."""

    name, arg_name, pattern = _l("Ends with"), "ew", "{}" + END


class FilterNotEndsWith(NotTextFilter):
    """The value does not end with the text."""

    name, arg_name, pattern = _l("Not Ends with"), "new", "{}" + END


class _DayAware(MongoFilter):
    """A comparison in which a day given for a date and time means the whole day."""

    def condition_of_one(self, column: Column, value: Any) -> Condition:
        start = self.stored(column, value)
        if column.kind is not Kind.DATETIME or not is_whole_day(value):
            return {column.path: self.test(column, start)}
        try:
            end = start + dt.timedelta(days=1)
        except OverflowError as error:
            raise FilterError(column.name, _("%(label)s is too far away.", label=column.label)) from error
        return {column.path: self.test_day(start, end)}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Return what is asked of a date and time for the day from `start` to before `end`."""
        raise NotImplementedError


def _same(column: Column, value: Any) -> Any:
    """Text is the same when it differs in case only; anything else must be equal."""
    if column.kind.is_textual and isinstance(value, str):
        return Regex(f"^{re.escape(value)}{END}", "i")
    return value


class FilterEqual(_DayAware):
    """The value is this one."""

    name, arg_name = _l("Equal to"), "eq"

    def test(self, column: Column, value: Any) -> Any:
        """Ask for the same value."""
        return {"$in": [_same(column, value)]}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Ask for a moment of the day."""
        return {"$gte": start, "$lt": end}


class FilterNotEqual(_DayAware):
    """The value is another one, or there is none."""

    name, arg_name, joined_by = _l("Not Equal to"), "neq", "$and"

    def test(self, column: Column, value: Any) -> Any:
        """Refuse the same value."""
        return {"$nin": [_same(column, value)]}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Refuse every moment of the day."""
        return {"$not": {"$gte": start, "$lt": end}}


class FilterGreater(_DayAware):
    """The value is greater, or later than the day."""

    name, arg_name, joined_by = _l("Greater than"), "gt", "$and"

    def test(self, column: Column, value: Any) -> Any:
        """Ask for more."""
        return {"$gt": value}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Ask for a moment after the day."""
        return {"$gte": end}


class FilterSmaller(_DayAware):
    """The value is smaller, or earlier than the day."""

    name, arg_name, joined_by = _l("Smaller than"), "lt", "$and"

    def test(self, column: Column, value: Any) -> Any:
        """Ask for less."""
        return {"$lt": value}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Ask for a moment before the day."""
        return {"$lt": start}


class FilterFrom(_DayAware):
    """The value is this or greater."""

    name, arg_name, joined_by = _l("From"), "ge", "$and"

    def test(self, column: Column, value: Any) -> Any:
        """Ask for at least this."""
        return {"$gte": value}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Ask for the day or later."""
        return {"$gte": start}


class FilterTo(_DayAware):
    """The value is this or smaller; a day is included whole."""

    name, arg_name, joined_by = _l("To"), "le", "$and"

    def test(self, column: Column, value: Any) -> Any:
        """Ask for at most this."""
        return {"$lte": value}

    def test_day(self, start: dt.datetime, end: dt.datetime) -> Any:
        """Ask for the day or earlier."""
        return {"$lt": end}


class FilterIn(MongoFilter):
    """The value is one of these."""

    name, arg_name = _l("Any of"), "in"
    operator = "$in"

    def condition(self, value: Any) -> Condition:
        """Ask for any of the values at once, which an index serves better than alternatives."""
        values = value if isinstance(value, (list, tuple)) else [value]
        if len(values) > MOST_VALUES:
            raise FilterError(self.column_name, _("At most %(most)s values can be given.", most=MOST_VALUES))
        column = self.column
        return {column.path: {self.operator: [_same(column, self.stored(column, one)) for one in values]}}


class FilterNotIn(FilterIn):
    """The value is none of these, or there is none."""

    name, arg_name = _l("None of"), "not_in"
    operator = "$nin"


class FilterEmpty(MongoFilter):
    """There is no value. The value sent may be blank or yes; no turns it into the opposite."""

    name, arg_name = _l("Is empty"), "empty"
    takes_blank = True
    asks_empty = True

    def condition_of_one(self, column: Column, value: Any) -> Condition:
        """Ask for rows without, or with, any value."""
        agreed = value in BLANK_SENT or self._agreed(column, value)
        operator = "$in" if agreed == self.asks_empty else "$nin"
        return {column.path: {operator: list(_EMPTY_VALUES)}}

    def _agreed(self, column: Column, value: Any) -> bool:
        try:
            return parse_value(Column(column.name, column.path, Kind.BOOLEAN, label=self.name), value)
        except ValueError as error:
            raise FilterError(column.name, str(error)) from error


class FilterNotEmpty(FilterEmpty):
    """There is a value."""

    name, arg_name = _l("Is not empty"), "not_empty"
    asks_empty = False


class FilterRelationOneToManyEqual(FilterEqual, FilterRelation):
    """The reference leads to this document."""

    name, arg_name = _l("Relation"), "rel_o_m"


class FilterRelationOneToManyNotEqual(FilterNotEqual, FilterRelation):
    """The reference leads elsewhere."""

    name, arg_name = _l("No Relation"), "nrel_o_m"


class FilterRelationManyToManyEqual(FilterEqual, FilterRelation):
    """One of the references leads to this document."""

    name, arg_name = _l("Relation as Many"), "rel_m_m"


class FilterRelationManyToManyNotEqual(FilterNotEqual, FilterRelation):
    """None of the references leads to this document."""

    name, arg_name = _l("No Relation as Many"), "nrel_m_m"


class FilterEqualFunction(MongoFilter):
    """The value is what a function returns now; for `base_filters`, such as the current user."""

    name, arg_name = _l("Filter view with a function"), "eqf"

    def condition(self, value: Any) -> Condition:
        """Call the function and ask for what it returns."""
        column = self.column
        return {column.path: self.stored(column, value())}


class FilterInFunction(FilterIn):
    """The value is one of those a function returns now; for `base_filters`."""

    name, arg_name = _l("Filter view with a function"), "inf"

    def condition(self, value: Any) -> Condition:
        """Call the function and ask for any of what it returns."""
        return super().condition(list(value()))


_COMPARISONS = (FilterEqual, FilterNotEqual, FilterGreater, FilterSmaller, FilterFrom, FilterTo)
_TEXTS = (
    FilterContains,
    FilterNotContains,
    FilterStartsWith,
    FilterNotStartsWith,
    FilterEndsWith,
    FilterNotEndsWith,
    FilterEqual,
    FilterNotEqual,
)
_SETS = (FilterIn, FilterNotIn)
_EMPTINESS = (FilterEmpty, FilterNotEmpty)
_MEMBERS = (FilterEqual, FilterNotEqual, *_SETS, *_EMPTINESS)

FILTERS_BY_KIND: Mapping[Kind, tuple[type[MongoFilter], ...]] = {
    **dict.fromkeys((Kind.STRING, Kind.TEXT, Kind.EMAIL, Kind.URL), (*_TEXTS, *_SETS, *_EMPTINESS)),
    **dict.fromkeys((Kind.INTEGER, Kind.NUMBER), (*_COMPARISONS, *_SETS, *_EMPTINESS)),
    **dict.fromkeys((Kind.DATE, Kind.DATETIME), (*_COMPARISONS, *_EMPTINESS)),
    Kind.BOOLEAN: (FilterEqual, FilterNotEqual, *_EMPTINESS),
    **dict.fromkeys((Kind.CHOICE, Kind.CHOICES), _MEMBERS),
    Kind.ONE: (FilterRelationOneToManyEqual, FilterRelationOneToManyNotEqual, *_MEMBERS),
    Kind.MANY: (FilterRelationManyToManyEqual, FilterRelationManyToManyNotEqual, *_MEMBERS),
    Kind.JSON: (),
}
