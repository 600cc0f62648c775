"""Time that several people have free in their working hours, as far as whoever asks may know: that they are busy."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bson import ObjectId

from models.rights import Access
from models.security import User
from services.calendar import MOST_USERS, entries_of
from services.working_time import holidays_of, working_span

Span = tuple[dt.datetime, dt.datetime]
#: Suggestions begin on the quarters of an hour; so many are made, of a day at most so many.
STEP = dt.timedelta(minutes=15)
MOST, MOST_OF_A_DAY = 20, 4
MOST_DAYS = 31


@dataclass(frozen=True)
class Wish:
    """What is looked for: so much time for all of these users, on one of the days from the first to the last."""

    users: tuple[ObjectId, ...]
    length: dt.timedelta
    first: dt.date
    last: dt.date


def free_times(access: Access, wish: Wish, *, after: dt.datetime) -> list[Span]:
    """Spans of the length that all of the users have free, soonest first, none before `after`; several of a day lie
    apart. Nobody works on public holidays. What somebody has not answered yet counts as theirs."""
    people = list(User._get_collection().find({"_id": {"$in": list(wish.users[:MOST_USERS])}, "active": True}))
    last = min(wish.last, wish.first + dt.timedelta(days=MOST_DAYS - 1))
    if not people or wish.length <= dt.timedelta(0) or last < wish.first:
        return []
    zone = ZoneInfo(access.time_zone)
    start = dt.datetime.combine(wish.first, dt.time(), zone).astimezone(dt.UTC) - dt.timedelta(days=1)
    end = dt.datetime.combine(last, dt.time(), zone).astimezone(dt.UTC) + dt.timedelta(days=2)
    busy = [(one.start, one.end) for one in entries_of(access, wish.users, start, end) if not one.due]
    off = holidays_of(wish.first, last, access.language)
    found: list[Span] = []
    for number in range((last - wish.first).days + 1):
        day = wish.first + dt.timedelta(days=number)
        if day not in off:
            found += of_day([working_span(user, day) for user in people], busy, wish.length, after)
    return found[:MOST]


def of_day(
    spans: Sequence[Span | None], busy: Sequence[Span], length: dt.timedelta, after: dt.datetime
) -> list[Span]:
    """What is free of one day, given from when until when each works on it and what they have in their calendars."""
    working = [span for span in spans if span is not None]
    if len(working) < len(spans):
        return []
    start, end = max(max(span[0] for span in working), after), min(span[1] for span in working)
    return list(fitting(start, end, sorted(busy), length))[:MOST_OF_A_DAY]


def fitting(start: dt.datetime, end: dt.datetime, busy: Sequence[Span], length: dt.timedelta) -> Iterator[Span]:
    """Spans of the length between start and end, one after the other, that touch nothing busy."""
    at = rounded(start)
    while at + length <= end:
        taken = [until for since, until in busy if since < at + length and until > at]
        if taken:
            at = rounded(max(taken))
        else:
            yield at, at + length
            at = rounded(at + length)


def rounded(moment: dt.datetime) -> dt.datetime:
    """The quarter of an hour that the moment is, or the next."""
    over = dt.timedelta(minutes=moment.minute % 15, seconds=moment.second, microseconds=moment.microsecond)
    return moment if not over else moment - over + STEP
