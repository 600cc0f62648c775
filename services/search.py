"""Reading records: lists, counts and selections, always within what the user may see."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask import current_app
from flask_babel import lazy_gettext as _l
from pymongo.errors import ExecutionTimeout

from models.fields.errors import ConditionError
from models.fields.query import every_of, order_of, visible_query
from models.fields.schema import Schema, schema_of
from models.rights import Access
from services.values import context_of

Raw = dict[str, Any]
Conditions = Sequence[Mapping[str, Any]]
#: Counts are exact up to here; beyond, pages say "1,000+" and the exact figure costs a click.
COUNT_CAP = 1_000
MAX_PAGE_SIZE = 1_000
MAX_SKIP = 100_000


class TooSlow(Exception):
    """The database gave up within its time limit; the user is asked to narrow the search."""

    def __init__(self) -> None:
        super().__init__("query time limit")
        self.message = _l("This search took too long. Add a condition that narrows it and try again.")

    def __str__(self) -> str:
        return str(self.message)


@dataclass(frozen=True)
class Page:
    """Some rows of a list. `count` is exact when `exact`, else "at least so many"."""

    rows: list[Raw]
    count: int
    exact: bool
    page: int
    page_size: int

    @property
    def has_next(self) -> bool:
        return not self.exact or (self.page + 1) * self.page_size < self.count


@dataclass(frozen=True)
class Selection:
    """The rows an action is for: chosen ids, or all that match conditions. The user's rights always narrow it."""

    ids: tuple[str, ...] = ()
    conditions: tuple[Mapping[str, Any], ...] = ()
    all_matching: bool = False

    def as_params(self) -> dict[str, Any]:
        """Plain values that a job's document keeps."""
        return {"ids": list(self.ids), "conditions": [dict(c) for c in self.conditions],
                "all_matching": self.all_matching}  # fmt: skip

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Selection":
        return cls(tuple(params["ids"]), tuple(params["conditions"]), bool(params["all_matching"]))


def time_limit() -> int:
    """How long one query may run, in milliseconds (KORTISTO_QUERY_SECONDS)."""
    return int(current_app.config["QUERY_SECONDS"] * 1000)


def find_page(
    access: Access, register: str, conditions: Conditions = (), *, order: str | None = None,
    direction: str | None = None, page: int = 0, page_size: int = 25, exact: bool = False,
) -> Page:  # fmt: skip
    """One page of the records that match and that the user may see. Raises ConditionError, TooSlow."""
    schema = schema_of(register).for_access(access)
    query = visible_query(schema, access, conditions, context_of(access))
    page_size = max(1, min(page_size, MAX_PAGE_SIZE))
    page = max(0, min(page, MAX_SKIP // page_size))
    try:
        rows = read_rows(schema, query, order_of(schema, order, direction), page * page_size, page_size)
        count = count_rows(schema, query, None if exact else COUNT_CAP + 1)
    except ExecutionTimeout as error:
        raise TooSlow from error
    return Page(rows, min(count, COUNT_CAP) if not exact else count, exact or count <= COUNT_CAP, page, page_size)


def read_rows(schema: Schema, query: Raw, order: list[tuple[str, int]], skip: int, limit: int) -> list[Raw]:
    collection = schema.register.document._get_collection()
    return list(collection.find(query).sort(order).skip(skip).limit(limit).max_time_ms(time_limit()))


def count_rows(schema: Schema, query: Raw, cap: int | None) -> int:
    options = {"limit": cap} if cap else {}
    return schema.register.document._get_collection().count_documents(query, maxTimeMS=time_limit(), **options)


def selection_query(access: Access, register: str, selection: Selection, action: str) -> Raw:
    """The query for the selected records on which the user may do `action`. Raises ConditionError."""
    schema = schema_of(register).for_access(access)
    context = context_of(access)
    conditions = selection.conditions if selection.all_matching else ()
    allowed = [visible_query(schema, access, conditions, context), access.condition(register, action)]
    if not selection.all_matching:
        allowed.append({"_id": {"$in": [selected_id(text) for text in selection.ids]}})
    return every_of(allowed)


def selected_id(text: str) -> ObjectId:
    try:
        return ObjectId(text)
    except (InvalidId, TypeError) as error:
        raise ConditionError("id", _l("“%(value)s” is not the id of a record.", value=str(text)[:40])) from error


def count_selected(access: Access, register: str, selection: Selection, action: str) -> int:
    schema = schema_of(register)
    try:
        return count_rows(schema, selection_query(access, register, selection, action), None)
    except ExecutionTimeout as error:
        raise TooSlow from error


def iterate_selected(access: Access, register: str, selection: Selection, action: str) -> Iterator[Raw]:
    """The selected records in name order, streamed: a job may take its time over them."""
    collection = schema_of(register).register.document._get_collection()
    query = selection_query(access, register, selection, action)
    yield from collection.find(query).sort([("sort_name", 1), ("_id", 1)]).batch_size(200).allow_disk_use(True)


def find_options(access: Access, register: str, text: str, limit: int = 20) -> list[Raw]:
    """Records whose name begins with or holds `text`, for pickers that search as one types."""
    conditions = [{"col": "name", "opr": "ct", "value": text}] if text.strip() else []
    return find_page(access, register, conditions, order="name", page_size=limit).rows
