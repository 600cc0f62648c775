"""What the figures of a tray are made of: each a bounded question or two, answered by an index."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymongo.errors import ExecutionTimeout

from models.activities import BY_DONE, BY_PENDING, DAY, Activity
from models.fields.kinds.times import to_utc
from models.fields.query import every_of
from models.registers import register_of
from models.rights import Access
from services.planning import BY_CREATED, counted, time_limit
from services.repeating import REGISTER
from services.search import COUNT_CAP, TooSlow
from services.tasks import MINE, TO_DO, state_query, whose_query
from services.values import context_of

Raw = dict[str, Any]
#: So many weeks are told of, this one among them.
WEEKS = 8
WEEK = 7 * DAY


def open_tasks(access: Access) -> int:
    """How many of the user's tasks are to be done, at most one more than COUNT_CAP. Raises TooSlow, as all of these."""
    query = every_of([whose_query(access, MINE), state_query(done=False), TO_DO, access.condition(REGISTER)])
    return bounded(Activity._get_collection(), query, BY_PENDING)


def done_by_week(access: Access) -> list[int]:
    """How much the user has done in each of the last WEEKS weeks, this one last."""
    zone = context_of(access).zone
    today = dt.datetime.now(zone).date()
    monday = today - today.weekday() * DAY
    starts = [monday - (WEEKS - 1 - number) * WEEK for number in range(WEEKS)]
    moments = [to_utc(dt.datetime.combine(day, dt.time(), zone)) for day in starts]
    query = every_of([{"facets": f"owner={access.user_id}", "done_at": {"$gte": moments[0]}},
                      access.condition(REGISTER)])  # fmt: skip
    sorting = {"$bucket": {"groupBy": "$done_at", "boundaries": [*moments, moments[-1] + 2 * WEEK],
                           "default": None, "output": {"n": {"$sum": 1}}}}  # fmt: skip
    with in_time():
        found = Activity._get_collection().aggregate([{"$match": query}, sorting], hint=BY_DONE,
                                                     maxTimeMS=time_limit())  # fmt: skip
        counts = {raw["_id"]: raw["n"] for raw in found}
    return [counts.get(moment, 0) for moment in moments]


def added_by_month(access: Access, register: str) -> tuple[int, int]:
    """(how many records that the user sees were added last month, this month), at most one more than COUNT_CAP."""
    zone = context_of(access).zone
    this = dt.datetime.now(zone).date().replace(day=1)
    last = (this - DAY).replace(day=1)
    begin, end = (to_utc(dt.datetime.combine(day, dt.time(), zone)) for day in (last, this))
    collection, seen = register_of(register).document._get_collection(), access.condition(register)
    before, now = (bounded(collection, every_of([{"created_at": span}, seen]), BY_CREATED)
                   for span in ({"$gte": begin, "$lt": end}, {"$gte": end}))  # fmt: skip
    return before, now


def newest_records(access: Access, register: str, size: int) -> list[Raw]:
    """What was added last of what the user sees."""
    card = register_of(register)
    rows = card.document._get_collection().find(access.condition(register), hint=BY_CREATED)
    with in_time():
        return list(rows.sort("created_at", -1).limit(size).max_time_ms(time_limit()))


def bounded(collection: Any, query: Raw, index: str) -> int:
    with in_time():
        return counted(collection, query, COUNT_CAP + 1, index)


@contextmanager
def in_time() -> Iterator[None]:
    """Says TooSlow of whatever the database gives up within."""
    try:
        yield
    except ExecutionTimeout as error:
        raise TooSlow from error
