"""Reading records: lists, counts and selections, always within what the user may see."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo.errors import ExecutionTimeout

from models.fields.errors import ConditionError
from models.fields.query import every_of, visible_query
from models.fields.schema import Schema, schema_of
from models.rights import Access
from models.told import Told
from services.linked import find_linked
from services.paging import Listing, listing_of
from services.planning import predicates_of, time_limit
from services.reading import Reader
from services.values import context_of

Raw = dict[str, Any]
Conditions = Sequence[Mapping[str, Any]]
#: Counts are exact up to here; beyond, pages say "1,000+" and the exact figure costs a click.
COUNT_CAP = 1_000
MAX_PAGE_SIZE = 1_000
MAX_SKIP = 100_000


class TooSlow(Told):
    """The database gave up within its time limit; the user is asked to narrow the search."""

    def __init__(self) -> None:
        super().__init__(_l("This search took too long. Add a condition that narrows it and try again."))


@dataclass(frozen=True)
class Page:
    """Some rows of a list. `count` is exact when `exact`, else "at least so many".

    `after` is the key from which the next page goes on, `before` the one for the page before; empty where there is
    none. `page` is the page's number from 0, as far as its address tells.
    """

    rows: list[Raw]
    count: int
    exact: bool
    page: int
    page_size: int
    has_next: bool = False
    after: str = ""
    before: str = ""


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


def find_page(
    access: Access, register: str, conditions: Conditions = (), *, order: str | None = None,
    direction: str | None = None, page: int = 0, page_size: int = 25, exact: bool = False, thorough: bool = False,
    after: str | None = None, before: str | None = None, columns: Iterable[str] | None = None,
) -> Page:  # fmt: skip
    """One page of the records that match and that the user may see. Raises ConditionError, TooSlow.

    With `columns` the rows hold their names, what rights go by, and the values of those columns alone: of records with
    hundreds of fields a list shows few.

    `after` or `before` (keys out of another Page of the same order) say where the page stands; `page` is then but its
    number. Without them `page` counts, as far as MAX_SKIP rows. Counts are exact to COUNT_CAP where they cost little;
    `thorough` makes them so everywhere, `exact` counts everything.
    """
    schema = schema_of(register).for_access(access)
    query = visible_query(schema, access, conditions, context_of(access), find_linked)
    listing = listing_of(schema, order, direction)
    paths = () if columns is None else paths_of(schema, listing, columns)
    reader = Reader(schema.register.document._get_collection(), tuple(predicates_of(query)), paths)
    page_size = max(1, min(page_size, MAX_PAGE_SIZE))
    stretches, skip = list(listing.stretches), 0
    if after:
        stretches = listing.after(after)
    elif before:
        stretches = listing.before(before)
    else:
        page = max(0, min(page, MAX_SKIP // page_size))
        skip = page * page_size
    try:
        rows = reader.rows(stretches, skip, page_size + 1)
        seen = Seen(rows[:page_size], len(rows) > page_size, page, page_size, backwards=bool(before and not after))
        return seen.page_of(listing, *count_of(reader, seen, None if after or before else skip, exact, thorough))
    except ExecutionTimeout as error:
        raise TooSlow from error


def paths_of(schema: Schema, listing: Listing, columns: Iterable[str]) -> tuple[str, ...]:
    """What a list's rows hold: its columns, the order's values for the next page's key, `facets` for rights."""
    shown = [schema.by_column[column].path for column in columns if column in schema.by_column]
    ordered = [path for stretch in listing.stretches for path, _sign in stretch.order if path != "_id"]
    return tuple(dict.fromkeys([schema.register.name_field, "facets", *shown, *ordered]))


@dataclass(frozen=True)
class Seen:
    """Rows as they were read, one more than shown left out; `backwards` ones stand in reverse."""

    rows: list[Raw]
    more: bool
    page: int
    page_size: int
    backwards: bool = False

    def page_of(self, listing: Listing, count: int, exact: bool) -> Page:
        rows = self.rows[::-1] if self.backwards else self.rows
        # The page after one that was reached backwards is there: that is where the reader came from.
        has_next, has_before = (bool(rows), self.more) if self.backwards else (self.more, self.page > 0)
        number = 0 if self.backwards and not self.more else self.page
        after = listing.key_of(rows[-1]) if has_next and rows else ""
        before = listing.key_of(rows[0]) if has_before and rows else ""
        return Page(rows, count, exact, number, self.page_size, has_next, after, before)


def count_of(reader: Reader, seen: Seen, skip: int | None, exact: bool, thorough: bool) -> tuple[int, bool]:
    """(count, whether it is exact). `skip` is how many rows stand before those seen; None when nobody knows."""
    at_least = len(seen.rows) + seen.more + (seen.page * seen.page_size if skip is None else skip)
    if skip is not None and not seen.more and (seen.rows or not skip):
        return at_least, True
    if exact:
        return reader.count(None), True
    count = reader.count(COUNT_CAP + 1) if thorough or reader.counts_quickly() else None
    if count is None:
        return min(max(reader.sample(), at_least), COUNT_CAP), False
    return min(count, COUNT_CAP), count <= COUNT_CAP


def selection_query(access: Access, register: str, selection: Selection, action: str) -> Raw:
    """The query for the selected records on which the user may do `action`. Raises ConditionError."""
    schema = schema_of(register).for_access(access)
    context = context_of(access)
    conditions = selection.conditions if selection.all_matching else ()
    allowed = [visible_query(schema, access, conditions, context, find_linked), access.condition(register, action)]
    if not selection.all_matching:
        allowed.append({"_id": {"$in": [selected_id(text) for text in selection.ids]}})
    return every_of(allowed)


def selected_id(text: str) -> ObjectId:
    try:
        return ObjectId(text)
    except (InvalidId, TypeError) as error:
        raise ConditionError("id", _l("“%(value)s” is not the id of a record.", value=str(text)[:40])) from error


def beside(
    access: Access, register: str, raw: Raw, conditions: Conditions, order: str | None, direction: str | None
) -> tuple[ObjectId | None, ObjectId | None]:
    """The ids of the records before and after one that is seen already, in a list of these conditions and this order;
    (None, None) where the list does not hold it. Raises ConditionError, TooSlow."""
    schema = schema_of(register).for_access(access)
    key = listing_of(schema, order, direction).key_of(raw)
    query = visible_query(schema, access, conditions, context_of(access), find_linked)
    collection = schema.register.document._get_collection()
    if not key or not collection.count_documents(every_of([{"_id": raw["_id"]}, query]), hint="_id_", limit=1):
        return None, None
    asked: Raw = {"order": order, "direction": direction, "page_size": 1, "columns": ()}
    before = find_page(access, register, conditions, before=key, **asked).rows
    after = find_page(access, register, conditions, after=key, **asked).rows
    return (before[0]["_id"] if before else None), (after[0]["_id"] if after else None)


def count_matching(access: Access, register: str, conditions: Conditions) -> tuple[int, bool]:
    """(how many of the records that the user may see match, at most COUNT_CAP; whether that is all of them).

    Raises ConditionError, TooSlow.
    """
    schema = schema_of(register).for_access(access)
    query = visible_query(schema, access, conditions, context_of(access), find_linked)
    reader = Reader(schema.register.document._get_collection(), tuple(predicates_of(query)))
    try:
        count = reader.count(COUNT_CAP + 1)
    except ExecutionTimeout as error:
        raise TooSlow from error
    return min(count, COUNT_CAP), count <= COUNT_CAP


def count_selected(access: Access, register: str, selection: Selection, action: str) -> int:
    query = selection_query(access, register, selection, action)
    try:
        return Reader(schema_of(register).register.document._get_collection(), tuple(predicates_of(query))).count(None)
    except ExecutionTimeout as error:
        raise TooSlow from error


def iterate_selected(
    access: Access, register: str, selection: Selection, action: str, paths: Iterable[str] | None = None
) -> Iterator[Raw]:
    """The selected records in name order, streamed: a job may take its time over them.

    `paths` names the values that are wanted (`Field.path`); a record of many fields is then read in half the time.
    """
    collection = schema_of(register).register.document._get_collection()
    query = selection_query(access, register, selection, action)
    found = collection.find(query, None if paths is None else ["name", *paths])
    yield from found.sort([("sort_name", 1), ("_id", 1)]).batch_size(200).allow_disk_use(True)


def iterate_listed(
    access: Access, register: str, selection: Selection, action: str, paths: Iterable[str], *,
    order: str | None = None, direction: str | None = None,
) -> Iterator[Raw]:  # fmt: skip
    """The selected records in the order of a list, streamed, with their names and the values at `paths`.

    Raises ConditionError.
    """
    schema = schema_of(register).for_access(access)
    query, collection = selection_query(access, register, selection, action), schema.register.document._get_collection()
    for stretch in listing_of(schema, order, direction).stretches:
        found = collection.find(every_of([query, *stretch.predicates]), ["name", *paths])
        yield from found.sort(list(stretch.order)).batch_size(200).allow_disk_use(True)


__all__ = [
    "COUNT_CAP", "Page", "Selection", "TooSlow", "beside", "count_matching", "count_selected", "find_page",
    "iterate_listed", "iterate_selected", "selection_query", "time_limit",
]  # fmt: skip
