"""Cases of the past of the offer book: reports as of past days, what moved since, the course of its weeks."""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import partial
from random import Random
from typing import Any

from bson import Decimal128, ObjectId
from flask import Flask

from benchmarks.activities import within
from benchmarks.measuring import Case
from models.base import derived_values
from models.changes import Change, change_of
from models.fields.schema import Schema, schema_of
from models.opportunities import CERTAIN, LOST, OPEN, WON, Opportunity
from models.past import PastState
from models.pipelines import OWN
from models.rights import Access, Scope
from services.keeping_past import state_of
from services.pipeline_moves import movements
from services.pipeline_weeks import development
from services.reports.definition import definition_of
from services.reports.figures import figures_of

Raw = dict[str, Any]
#: Each opportunity is added once and changed so often; in the usual run there are a million change entries.
CHANGES = 9
OWNERS, DAYS, BATCH = 50, 730, 2_000
#: Of a hundred so many are decided in the end.
DECIDED = 80
SINCE = {"a week ago": 7, "a month ago": 30, "half a year ago": 182, "a year ago": 365, "two years ago": 700}
ASKED = {"register": "opportunity", "conditions": [{"col": "state", "opr": "eq", "value": OPEN}],
         "groups": [{"column": "owner"}],
         "measures": [{"how": "count"}, {"how": "sum", "column": "value"},
                      {"how": "weighted", "column": "value", "by": "probability"}]}  # fmt: skip


def past_cases(app: Flask, records: int) -> Iterator[Case]:
    """Read with the rights of somebody who sees all; the floor is the same sums of the present by a bare call."""
    owners = [ObjectId() for _number in range(OWNERS)]
    with app.app_context():
        fill(schema_of("opportunity"), owners, records)
    reader = Access(user_id=owners[0], grants={("*", "see"): Scope.ALL}, time_zone="Europe/Helsinki")
    today = dt.datetime.now(dt.UTC).date()
    days = {name: today - dt.timedelta(days=back) for name, back in SINCE.items()}
    yield Case("offer book by seller, now", within(app, partial(report, reader, None)), bare_book)
    for name, day in days.items():
        yield Case(f"offer book by seller, {name}", within(app, partial(report, reader, day)), bare_book)
    for name in ("a week ago", "half a year ago", "a year ago"):
        yield Case(f"what moved since {name}", within(app, partial(movements, reader, [], days[name])), bare_book)
    for weeks in (13, 26, 52):
        yield Case(f"development of {weeks} weeks", within(app, partial(development, reader, [], weeks)), bare_book)


def report(access: Access, day: dt.date | None) -> object:
    return figures_of(access, definition_of(access, {**ASKED, "as_of": day and day.isoformat()}))


def bare_book() -> None:
    weighted = {"$multiply": ["$value.amount", {"$toDecimal": "$probability"}]}
    list(Opportunity._get_collection().aggregate([
        {"$match": {"facets": f"state={OPEN}"}},
        {"$group": {"_id": {"owner": "$owner", "currency": "$value.currency"}, "count": {"$sum": 1},
                    "sum": {"$sum": "$value.amount"}, "weighted": {"$sum": weighted}}},
    ]))  # fmt: skip


# Histories


def fill(schema: Schema, owners: Sequence[ObjectId], count: int) -> None:
    """Opportunities of the last two years with their change entries and past states, as writing them would leave;
    others go first."""
    Opportunity._get_collection().delete_many({})
    chance, now = Random(6), dt.datetime.now(dt.UTC).replace(microsecond=0)
    for start in range(0, count, BATCH):
        documents: list[Raw] = []
        entries: list[Raw] = []
        states: list[Raw] = []
        for number in range(start, min(start + BATCH, count)):
            before: Raw = {}
            for raw in versions(schema, owners, number, now, chance):
                entries.append(entry_of(schema, before, raw))
                if before and (state := state_of("opportunity", before, raw["changed_at"])):
                    states.append(state)
                before = raw
            documents.append(before)
        for document, rows in ((Opportunity, documents), (Change, entries), (PastState, states)):
            document._get_collection().insert_many(rows, ordered=False)
    # Writing leaves states in the order of time, and not record by record.
    order, name = [{"$sort": {"ends": 1}}], PastState._get_collection().name
    PastState._get_collection().aggregate([*order, {"$out": name}], allowDiskUse=True)


def entry_of(schema: Schema, before: Raw, after: Raw) -> Raw:
    values = [{found.column: value for found, value in schema.filled(raw) if not found.derived}
              for raw in (before, after)]  # fmt: skip
    return {"register": "opportunity", "record": after["_id"], "action": "update" if before else "create",
            "version": after["version"], "at": after["changed_at"], "by": after["owner"], "source": "screen",
            "batch": None, "changes": change_of(*values)}  # fmt: skip


def versions(
    schema: Schema, owners: Sequence[ObjectId], number: int, now: dt.datetime, chance: Random
) -> Iterator[Raw]:  # fmt: skip
    """One opportunity's documents, from the one that it is added with to the one that it is now."""
    begins = now - dt.timedelta(seconds=chance.randrange(86_400, DAYS * 86_400))
    lasts = min(chance.randrange(20, 300) * 86_400, int((now - begins).total_seconds()))
    moments = sorted(begins + dt.timedelta(seconds=chance.randrange(lasts)) for _number in range(CHANGES))
    raw: Raw = {
        "_id": ObjectId(), "name": f"Project {number} {chance.choice(('crane', 'service', 'software'))}",
        "owner": chance.choice(owners), "team": owners[number % 6], "company": ObjectId(), "pipeline": OWN.key,
        "stage": OWN.stages[0].key, "state": OPEN, "probability": OWN.stages[0].probability, "value": money(chance),
        "closes_on": midnight(begins) + dt.timedelta(days=chance.randrange(30, 200)), "stage_since": begins,
        "next_step": "Call the customer and ask about the offer", "created_at": begins, "created_by": owners[0],
        "changed_at": begins, "version": 1, "custom": {},
        "description": "What the customer wants, by when, and whom else they have asked for it. " * 3,
    }  # fmt: skip
    yield finished(schema, raw)
    for moment in moments:
        last = moment is moments[-1] and chance.randrange(100) < DECIDED
        changed = decided(moment, chance) if last else change(raw, moment, owners, chance)
        raw = {**raw, **changed, "version": raw["version"] + 1, "changed_at": moment}
        yield finished(schema, raw)


def finished(schema: Schema, raw: Raw) -> Raw:
    return {**raw, **derived_values(schema.filled(raw), raw["name"])}


def change(raw: Raw, moment: dt.datetime, owners: Sequence[ObjectId], chance: Random) -> Raw:
    stages = [stage.key for stage in OWN.stages]
    place, kind = stages.index(raw["stage"]), chance.random()
    if kind < 0.3 and place + 1 < len(stages):
        return {"stage": stages[place + 1], "probability": OWN.stages[place + 1].probability, "stage_since": moment}
    if kind < 0.5:
        return {"value": money(chance)}
    if kind < 0.7:
        return {"closes_on": raw["closes_on"] + dt.timedelta(days=chance.randrange(-10, 60))}
    return {"owner": chance.choice(owners)} if kind < 0.75 else {"next_step": f"Step {chance.random()}"}


def decided(moment: dt.datetime, chance: Random) -> Raw:
    state = WON if chance.random() < 0.4 else LOST
    return {"state": state, "probability": CERTAIN[state], "closed_on": midnight(moment), "reason": "price"}


def money(chance: Random) -> Raw:
    return {"amount": Decimal128(f"{chance.randrange(1_000, 2_000_000) / 100:.2f}"), "currency": "EUR"}


def midnight(moment: dt.datetime) -> dt.datetime:
    return dt.datetime(moment.year, moment.month, moment.day, tzinfo=dt.UTC)
