"""Sets of filters: which operators a column offers, and those that one request asks for."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from flask_appbuilder.models.filters import BaseFilter, BaseFilterConverter, Filters
from flask_babel import gettext as _

from fab_mongo.errors import FilterError
from fab_mongo.operators import BLANK_SENT, FILTERS_BY_KIND, Condition, MongoFilter

if TYPE_CHECKING:
    from fab_mongo.interface import MongoInterface


class MongoFilterConverter(BaseFilterConverter):
    """The operators each kind of column offers, in the order their numbers in addresses count."""

    filters_by_kind = FILTERS_BY_KIND

    def convert(self, col_name: str) -> list[MongoFilter]:
        """Return the filters of a column; none for an unknown or unsearchable one."""
        column = self.datamodel.columns().get(col_name)
        if column is None or not column.searchable:
            return []
        return [filter_class(col_name, self.datamodel) for filter_class in self.filters_by_kind[column.kind]]


class MongoFilters(Filters):
    """The filters of one request, joined by and.

    Unlike FAB's own it is cheap to copy, builds the operators of a column when they are first asked for, skips blank
    values, and refuses what it does not know with FilterError.
    """

    def __init__(
        self,
        filter_converter: type[MongoFilterConverter],
        datamodel: MongoInterface,
        search_columns: Sequence[str] | None = None,
        search_filters: Mapping[str, Sequence[type[BaseFilter]]] | None = None,
    ) -> None:
        self.filter_converter = filter_converter
        self.datamodel = datamodel
        self.search_columns = list(search_columns or ())
        self.matches_nothing = False
        self._search_filters = self._get_filters(self.search_columns)
        for name, classes in (search_filters or {}).items():
            self._search_filters.setdefault(name, []).extend(item(name, datamodel) for item in classes)
        self.clear_filters()

    def fresh(self) -> Self:
        """Return a copy without any filter set, for one request to fill."""
        new = copy.copy(self)
        new.clear_filters()
        return new

    def copy(self) -> Self:
        """Return a copy with the same filters set, which may be added to."""
        new = copy.copy(self)
        new.filters, new.values = list(self.filters), list(self.values)
        return new

    def nothing(self) -> Self:
        """Return a copy that still shows its filters but matches no row."""
        new = self.copy()
        new.matches_nothing = True
        return new

    def get_joined_filters(self, filters: Filters) -> Self:
        """Return a copy with the filters of another set added."""
        new = self.copy()
        new.filters += filters.filters
        new.values += filters.values
        new.matches_nothing = self.matches_nothing or getattr(filters, "matches_nothing", False)
        return new

    def operators(self, column_name: str) -> list[BaseFilter]:
        """Return the filters a column offers, searchable by this view or not."""
        known = self._search_filters.get(column_name)
        return known if known is not None else self.filter_converter(self.datamodel).convert(column_name)

    def add_filter_index(self, column_name: str, filter_instance_index: int, value: Any) -> None:
        """Add a column's filter by its number; raises FilterError when there is none."""
        operators = self.operators(column_name)
        if filter_instance_index >= len(operators):
            raise FilterError(column_name, unknown_filter(column_name, str(filter_instance_index)))
        self._add_filter(operators[filter_instance_index], value)

    def add_filter_named(self, column_name: str, arg_name: str, value: Any) -> None:
        """Add a column's filter by the name REST and readable addresses use; raises FilterError when unknown."""
        for known in self.operators(column_name):
            if known.arg_name == arg_name:
                self._add_filter(known, value)
                return
        raise FilterError(column_name, unknown_filter(column_name, arg_name))

    def rest_add_filters(self, data: Iterable[Mapping[str, Any]]) -> None:
        """Add filters such as `{"col": "name", "opr": "ct", "value": "ab"}`; raises FilterError for unknown ones."""
        for item in data:
            if item["col"] not in self._search_filters:
                raise FilterError(item["col"], _("There is no column %(name)s to filter by.", name=item["col"]))
            self.add_filter_named(item["col"], item["opr"], item["value"])

    def active(self) -> list[tuple[BaseFilter, Any]]:
        """Return the filters that narrow, with their values; a blank value narrows nothing."""
        pairs = ((flt, self._sent(flt, value)) for flt, value in self.get_filters_values())
        return [(flt, value) for flt, value in pairs if value is not None]

    @staticmethod
    def _sent(flt: BaseFilter, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            value = [value]
        if not getattr(flt, "takes_blank", False):
            value = [single for single in value if isinstance(single, dict) or single not in BLANK_SENT]
        if not value:
            return None
        return value if len(value) > 1 else value[0]

    def conditions(self) -> list[Condition]:
        """Return the MongoDB conditions of all filters; raises FilterError for wrong values."""
        return [flt.condition(value) for flt, value in self.active()]

    def apply_all(self, query: Any) -> Any:
        """Narrow a QuerySet by all filters; raises FilterError for wrong values."""
        if self.matches_nothing:
            return query.none()
        for flt, value in self.active():
            query = flt.apply(query, value)
        return query

    def __repr__(self) -> str:
        parts = (f"{flt.column_name} {flt.arg_name} {value!r}" for flt, value in self.get_filters_values())
        return f"<MongoFilters {'; '.join(parts)}>"


def unknown_filter(column_name: str, operator: str) -> str:
    """Return the sentence for an operator a column does not have."""
    return _("The column %(name)s cannot be filtered by %(operator)s.", name=column_name, operator=operator)
