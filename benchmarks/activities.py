"""Cases of a large register of activities: the week of twenty people in the calendar, a company's timeline."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from bson import ObjectId
from flask import Flask

from benchmarks.measuring import Case
from models.activities import BY_FACET_MOMENT, BY_FACET_START, Activity
from models.base import derived_values
from models.changes import Change
from models.fields.schema import schema_of
from models.rights import Access, Scope, system_access
from services.calendar import entries_of, tokens_of
from services.history import BY_MOMENT
from services.records import create_record, create_records
from services.timeline import timeline_of

#: Activities for each company; in the usual run there are 200,000.
TIMES, USERS, SHOWN = 2, 50, 20
FIRST = dt.datetime(2025, 1, 6, tzinfo=dt.UTC)
WEEKS = 104
WEEK = FIRST + dt.timedelta(weeks=WEEKS // 2)
BATCH = 5_000
#: The company whose timeline is read has so many people; of twenty activities one is with it and one with one of them.
PEOPLE, WITH_THEM, ENTRIES = 50, 20, 30
#: Of a thousand activities so many repeat, last for days, are private.
REPEATING, LONG, PRIVATE = 5, 10, 50


def activity_cases(app: Flask, records: int) -> Iterator[Case]:
    """One week of twenty people and the first entries of a timeline, read with the rights of somebody who sees all but
    what is private."""
    users = [ObjectId() for _number in range(USERS)]
    with app.app_context():
        company = create_record(system_access(), "company", {"name": "Timeline Ltd"})
        rows = [{"name": f"Person {number}", "companies": [str(company["_id"])]} for number in range(PEOPLE)]
        people = [raw["_id"] for raw in create_records(system_access(), "person", rows)]
        fill(users, company["_id"], people, records * TIMES)
    reader = Access(user_id=users[0], grants={("*", "see"): Scope.ALL}, time_zone="Europe/Helsinki")
    shown, end = users[:SHOWN], WEEK + dt.timedelta(weeks=1)
    yield Case(f"calendar: a week of {SHOWN} people", partial(entries_of, reader, shown, WEEK, end),
               partial(bare_week, shown, end), allowance=100.0)  # fmt: skip
    yield Case(f"timeline: {ENTRIES} entries of a company and {PEOPLE} people",
               within(app, partial(timeline_of, reader, "company", company, limit=ENTRIES)),
               partial(bare_timeline, company["_id"], people), allowance=40.0)  # fmt: skip


def within(app: Flask, work: Callable[[], object]) -> Callable[[], object]:
    """The work in an application context of its own, as a request has it."""

    def run() -> object:
        with app.app_context():
            return work()

    return run


def bare_timeline(company: ObjectId, people: Sequence[ObjectId]) -> None:
    """The newest changes and activities of the company and its people, of which the first entries are made."""
    tokens = [f"companies={company}", *(f"people={person}" for person in people)]
    found = Activity._get_collection().find({"facets": {"$in": tokens}}, hint=BY_FACET_MOMENT)
    list(found.sort([("at", -1), ("_id", -1)]).limit(ENTRIES))
    changes = Change._get_collection().find({"record": {"$in": [company, *people]}}, hint=BY_MOMENT)
    list(changes.sort("at", -1).limit(ENTRIES))


def bare_week(users: Sequence[ObjectId], end: dt.datetime) -> None:
    query = {"facets": {"$in": tokens_of(users)}, "starts_at": {"$gte": WEEK, "$lt": end}}
    list(Activity._get_collection().find(query, {"name": 1, "starts_at": 1, "ends_at": 1}, hint=BY_FACET_START))


def fill(users: Sequence[ObjectId], company: ObjectId, people: Sequence[ObjectId], count: int) -> None:
    random, schema = Random(5), schema_of("activity")
    for start in range(0, count, BATCH):
        rows = [activity(number, users, random) for number in range(start, min(start + BATCH, count))]
        for number, raw in enumerate(rows):
            if number % WITH_THEM == 0:
                raw["companies"] = [company]
            elif number % WITH_THEM == 1:
                raw["people"] = [random.choice(people)]
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
