"""A case of the shared calendar: the week of twenty people among fifty, of a register of activities."""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from bson import ObjectId
from flask import Flask

from benchmarks.measuring import Case
from models.activities import BY_FACET_START, Activity
from models.base import derived_values
from models.fields.schema import schema_of
from models.rights import Access, Scope
from services.calendar import entries_of, tokens_of

#: Activities for each company; in the usual run there are 200,000.
TIMES, USERS, SHOWN = 2, 50, 20
FIRST = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
WEEKS = 104
WEEK = FIRST + dt.timedelta(weeks=WEEKS // 2)
BATCH = 5_000
#: Of a thousand activities so many repeat, last for days, are private.
REPEATING, LONG, PRIVATE = 5, 10, 50


def calendar_cases(app: Flask, records: int) -> Iterator[Case]:
    """One week of twenty people, read with the rights of somebody who sees all but what is private."""
    users = [ObjectId() for _number in range(USERS)]
    with app.app_context():
        fill(users, records * TIMES)
    reader = Access(user_id=users[0], grants={("activity", "see"): Scope.ALL}, time_zone="Europe/Helsinki")
    shown, end = users[:SHOWN], WEEK + dt.timedelta(weeks=1)
    yield Case(f"calendar: a week of {SHOWN} people", partial(entries_of, reader, shown, WEEK, end),
               partial(bare_week, shown, end), allowance=100.0)  # fmt: skip


def bare_week(users: Sequence[ObjectId], end: dt.datetime) -> None:
    query = {"facets": {"$in": tokens_of(users)}, "starts_at": {"$gte": WEEK, "$lt": end}}
    list(Activity._get_collection().find(query, {"name": 1, "starts_at": 1, "ends_at": 1}, hint=BY_FACET_START))


def fill(users: Sequence[ObjectId], count: int) -> None:
    random, schema = Random(5), schema_of("activity")
    for start in range(0, count, BATCH):
        rows = [activity(number, users, random) for number in range(start, min(start + BATCH, count))]
        for raw in rows:
            raw.update(derived_values(schema.filled(raw), raw["name"]))
        Activity._get_collection().insert_many(rows, ordered=False)


def activity(number: int, users: Sequence[ObjectId], random: Random) -> dict[str, Any]:
    """Some activity in working hours of two years; one in ten has two colleagues with it."""
    starts = FIRST + dt.timedelta(weeks=random.randrange(WEEKS), days=random.randrange(5),
                                  minutes=15 * random.randrange(24, 56))  # fmt: skip
    of_thousand = number % 1_000
    length = dt.timedelta(days=10) if of_thousand < LONG else dt.timedelta(minutes=15 * random.randrange(1, 9))
    raw: dict[str, Any] = {
        "_id": ObjectId(), "name": f"Meeting {number}", "kind": "meeting", "state": "open",
        "owner": random.choice(users), "starts_at": starts, "ends_at": starts + length,
        "zone": "Europe/Helsinki", "created_at": FIRST,
        "version": 1, "custom": {},
    }  # fmt: skip
    if number % 10 == 0:
        raw["users"] = random.sample(users, 2)
    if LONG <= of_thousand < LONG + REPEATING:
        raw["repeats"] = "FREQ=WEEKLY"
    if of_thousand >= 1_000 - PRIVATE:
        raw["private"] = True
    return Activity.derive(raw)
