"""The shared calendar: what stands in the calendars of some users between two moments, as one reader may see it."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.activities import (
    BY_FACET_MOMENT,
    BY_FACET_START,
    BY_LONG,
    BY_REPEATING,
    CANCELLED,
    DECLINED,
    LINKS,
    PENDING,
    PROPOSED,
    SHORT,
    TASK,
    Activity,
)
from models.rights import Access
from models.security import User
from services.planning import time_limit
from services.recurrence import BadRule, Span, occurrences, zone_of

Raw = dict[str, Any]
REGISTER = "activity"
#: Of a field whose reader may not see it nothing is told; times are, for they are what a calendar shows.
SHOWN = ("name", "kind", "state", "priority", *LINKS, "place")
#: What an entry is made of, and what its reader's rights are told by.
READ = dict.fromkeys((*SHOWN, "owner", "users", "answers", "starts_at", "ends_at", "all_day", "due_on", "due_at",
                      "due_time", "zone", "repeats", "skipped", "series", "occurrence", "private", "version",
                      "facets"), 1)  # fmt: skip
#: No calendar shows more at once: a page of months of half a hundred people is none that one reads.
MOST_DAYS, MOST_USERS = 92, 60
MOST_ENTRIES = 20_000
#: Beside the calendar stand so many tasks, of the newest so many.
MOST_TASKS, MOST_READ = 40, 500
#: The least that MongoDB tells apart.
MOMENT = dt.timedelta(milliseconds=1)


@dataclass(frozen=True)
class Entry:
    """Something in the calendars of `users` (of those that were asked for) from `start` until before `end`, in UTC.

    `raw` is the activity as far as its reader may see it; None where that is nothing but that somebody is busy.
    `proposed` are the users who have not said yet whether they take part. `due` marks a task, which has a day and no
    time of its own. `days` are the first and the last day of what fills whole ones, wherever its reader is.
    """

    start: dt.datetime
    end: dt.datetime
    users: tuple[ObjectId, ...]
    raw: Raw | None
    days: tuple[dt.date, dt.date] | None = None
    proposed: frozenset[ObjectId] = frozenset()
    due: bool = False
    repeats: bool = False


def entries_of(
    access: Access, users: Collection[ObjectId], start: dt.datetime, end: dt.datetime, *, tasks: bool = False
) -> list[Entry]:
    """What stands in the users' calendars in the time from `start` until before `end`, in order; with `tasks` also
    what is due then and has no time of its own.

    Whoever takes part, owner or not, has it in their calendar, unless they have declined it; what is cancelled is in
    nobody's. What the reader may not see shows as busy.
    """
    asked = list(dict.fromkeys(users))[:MOST_USERS]
    end = min(end, start + dt.timedelta(days=MOST_DAYS))
    if not asked or start >= end:
        return []
    found = list(spans_of(asked, start, end))
    if tasks:
        found += due_of(asked, start, end)
    entries = (entry_of(access, asked, raw, span) for raw, span in found[:MOST_ENTRIES])
    return sorted((one for one in entries if one is not None), key=lambda one: (one.start, one.end))


def spans_of(users: Iterable[ObjectId], start: dt.datetime, end: dt.datetime) -> Iterator[tuple[Raw, Span]]:
    """Each activity of the users with a start of its own, with each of its spans that touch the time."""
    tokens = tokens_of(users)
    for index, query in (
        (BY_FACET_START, {"starts_at": {"$gte": start - SHORT, "$lt": end}, "lasts_long": None, "repeats": None}),
        (BY_LONG, {"ends_at": {"$gt": start}, "starts_at": {"$lt": end}, "lasts_long": True, "repeats": None}),
        (BY_REPEATING, {"starts_at": {"$lt": end}, "repeats": {"$exists": True}}),
    ):
        for raw in found(tokens, query, index):
            yield from ((raw, span) for span in spans(raw, start, end))


def due_of(users: Iterable[ObjectId], start: dt.datetime, end: dt.datetime) -> Iterator[tuple[Raw, Span]]:
    """What is due in that time and has no start of its own, once for each time that it is due."""
    tokens = tokens_of(users)
    # What is due by the end of a day is due at the midnight that ends it.
    once = {"at": {"$gt": start, "$lte": end}, "starts_at": None, "due_on": {"$exists": True}, "repeats": None}
    again = {"due_at": {"$lte": end}, "starts_at": None, "repeats": {"$exists": True}}
    for index, query in ((BY_FACET_MOMENT, once), (BY_REPEATING, again)):
        for raw in found(tokens, query, index):
            yield from ((raw, span) for span in spans(raw, start + MOMENT, end + MOMENT))


def tokens_of(users: Iterable[ObjectId]) -> list[str]:
    """The facet tokens of what stands in the users' calendars."""
    return [f"{column}={user}" for user in users for column in ("owner", "users")]


def found(
    tokens: list[str], query: Mapping[str, Any], index: str, read: Mapping[str, int] = READ
) -> Iterable[Raw]:
    """The activities with one of the tokens that match and are not cancelled, by the index that serves the query."""
    asked = {"facets": {"$in": tokens}, "state": {"$ne": CANCELLED}, **query}
    return Activity._get_collection().find(asked, read, hint=index).max_time_ms(time_limit())


def spans(raw: Raw, start: dt.datetime, end: dt.datetime) -> list[Span]:
    """When it takes place in that time; a rule that can't be read, which an import may have brought, leaves the first
    time alone."""
    if not raw.get("repeats"):
        return list(occurrences(raw, start, end))
    try:
        return list(occurrences(raw, start, end))
    except BadRule:
        return list(occurrences({**raw, "repeats": ""}, start, end))


def entry_of(access: Access, users: Iterable[ObjectId], raw: Raw, span: Span) -> Entry | None:
    """The entry of one span for its reader; None where none of the users takes part any more."""
    answers = raw.get("answers") or {}
    part = {raw.get("owner"), *(raw.get("users") or ())}
    taking = tuple(user for user in users if user in part and (
        user == raw.get("owner") or answers.get(str(user)) != DECLINED))  # fmt: skip
    if not taking:
        return None
    due = raw.get("starts_at") is None
    days = days_of(raw, span) if due or raw.get("all_day") else None
    proposed = frozenset(user for user in taking if answers.get(str(user)) == PROPOSED and user != raw.get("owner"))
    if not access.allows(REGISTER, "see", raw):
        # That a task is due makes nobody busy.
        return None if due else Entry(*span, taking, None, days)
    shown = access.without_hidden(REGISTER, raw, SHOWN)
    return Entry(*span, taking, shown, days, proposed, due, bool(raw.get("repeats")))


def days_of(raw: Raw, span: Span) -> tuple[dt.date, dt.date]:
    """The days, in the activity's own zone, of what fills whole ones, or of a task the one on which it is due."""
    zone = zone_of(raw)
    # The midnight that ends a day belongs to it.
    last = (span[1] - MOMENT).astimezone(zone).date()
    if raw.get("starts_at") is None:
        day = span[1].astimezone(zone).date() if raw.get("due_time") else last
        return day, day
    first = span[0].astimezone(zone).date()
    return first, max(first, last)


# Whose calendars are shown


def teams_members(teams: Collection[ObjectId]) -> list[ObjectId]:
    """The users of these teams who may sign in, by name."""
    found = User._get_collection().find({"team": {"$in": list(teams)}, "active": True}, {"_id": 1})
    return [raw["_id"] for raw in found.sort("first_name")]


def tasks_without_time(access: Access) -> list[Raw]:
    """The user's open activities that have neither a time nor a series, those due first; MOST_TASKS of them."""
    query = {"facets": f"owner={access.user_id}", "starts_at": None, "repeats": None, "state": {"$in": list(PENDING)},
             "kind": {"$in": [TASK, "call", "meeting"]}}  # fmt: skip
    rows = Activity._get_collection().find(query, READ, hint=BY_FACET_MOMENT).limit(MOST_READ).max_time_ms(time_limit())
    late = dt.datetime.max.replace(tzinfo=dt.UTC)
    return sorted(rows, key=lambda raw: (raw.get("due_at") or late, raw["_id"]))[:MOST_TASKS]
