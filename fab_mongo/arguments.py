"""What the address of a list asks for: page, order and filters. Nothing in an address is an error of the program."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from fab_mongo.errors import FilterError
from fab_mongo.filters import MongoFilters

_LARGEST_PAGE = 10_000_000
_PREFIX = "_flt_"


@dataclass(frozen=True)
class Paging:
    """Which page of a list is asked for, in which order; None and "" mean the view's own default."""

    page: int | None = None
    page_size: int | None = None
    order_column: str = ""
    order_direction: str = ""


def paging_of(args: MultiDict[str, str], view_name: str, most_rows: int, plain: bool = False) -> Paging:
    """Read FAB's `page_<View>`, `psize_<View>`, `_oc_<View>` and `_od_<View>`.

    With `plain` the shorter `page`, `page_size`, `order` and `dir` count too, for the one list an address is about.
    Anything that is not a number is ignored, numbers are brought into bounds.
    """

    def value(name: str, short: str) -> str:
        return args.get(f"{name}_{view_name}") or (plain and args.get(short)) or ""

    descending = value("_od", "dir") == "desc"
    return Paging(
        page=whole_number(value("page", "page"), 0, _LARGEST_PAGE),
        page_size=whole_number(value("psize", "page_size"), 1, most_rows),
        order_column=value("_oc", "order"),
        order_direction="desc" if descending else "asc",
    )


def whole_number(text: str, least: int, most: int) -> int | None:
    """Return the number in a text, brought within bounds; None when there is none."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text or "", re.ASCII):
        return None
    return max(least, min(int(text), most))


def add_filter_arguments(filters: MongoFilters, args: MultiDict[str, str], any_column: bool = False) -> None:
    """Add the filters of an address: `_flt_<number>_<column>` or `_flt_<operator>_<column>`.

    Only the columns `filters` was made to search count, or every one with `any_column`. Raises FilterError for an
    unknown column or operator.
    """
    columns = filters.datamodel.columns() if any_column else filters.get_search_filters()
    for argument in args:
        if argument.startswith(_PREFIX):
            _add_filter(filters, argument.removeprefix(_PREFIX), args.getlist(argument), list(columns))


def _add_filter(filters: MongoFilters, name: str, values: list[str], columns: Iterable[str]) -> None:
    # An operator's name may contain underscores and so may a column's: the longest column that fits wins.
    fitting = sorted((column for column in columns if name.endswith(f"_{column}")), key=len, reverse=True)
    for column in fitting:
        operator = name.removesuffix(f"_{column}")
        if re.fullmatch(r"[0-9]{1,4}", operator, re.ASCII):
            filters.add_filter_index(column, int(operator), values)
            return
        if any(known.arg_name == operator for known in filters.operators(column)):
            filters.add_filter_named(column, operator, values)
            return
    raise FilterError(name, _("This list cannot be filtered by %(name)s.", name=name[:60]))
