"""A repeating task: once it is done the next one is there, in the same transaction; undone, the next one goes again."""

import datetime as dt
from collections.abc import Mapping
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.activities import DAY, OPEN, Activity
from models.fields.kinds.clock import rule_parts
from models.fields.schema import schema_of
from models.rights import Access
from services.following import Pairs, follows
from services.records import SCREEN, finished, insert, move_to_bin, now
from services.recurrence import Span, occurrences, zone_of

Raw = dict[str, Any]
REGISTER = Activity.register_key
#: What the next one has of its own; the rest it has from the one before.
OWN = ("_id", "state", "done_at", "repeated", "merged_from", "answers", "version")
#: So many times that went by meanwhile are counted through.
MOST_MISSED = 5_000
TICK = dt.timedelta(milliseconds=1)


@follows(REGISTER)
def go_on(session: ClientSession, access: Access, pairs: Pairs) -> None:
    """Make the next one of each repeating task that became done; take it back where one is taken up again."""
    for before, after in pairs:
        rule = (after or {}).get("repeated")
        if before is None or after is None or rule == before.get("repeated"):
            continue
        if rule:
            make_next(session, access, after, rule)
        else:
            take_next_back(session, access, before["_id"])


def make_next(session: ClientSession, access: Access, done: Mapping[str, Any], rule: str) -> None:
    found = next_due({**done, "repeats": rule})
    if found is None:
        return
    (due, _end), rule = found
    schema, moment = schema_of(REGISTER), now()
    local = due.astimezone(zone_of(done))
    day = local.date() if done.get("due_time") else (local - DAY).date()
    document: Raw = {name: value for name, value in done.items() if name not in OWN}
    document |= {
        "_id": ObjectId(), "state": OPEN, "previous": done["_id"], "repeats": rule, "version": 1,
        "due_on": dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC),
        "created_at": moment, "created_by": access.user_id, "changed_at": moment,
    }  # fmt: skip
    if done.get("reminder_at"):
        document["reminder_at"] = done["reminder_at"] + (due - done["due_at"])
    insert(session, access, schema, [finished(schema, document, {})], SCREEN)


def next_due(task: Raw) -> tuple[Span, str] | None:
    """The first time after this one that is not over yet, and the rule from there on; None where the rule has ended.

    What went by while the task waited is not made up for.
    """
    coming = islice(occurrences(task, task["due_at"] + TICK), MOST_MISSED)
    moment = now()
    for number, span in enumerate(coming, start=1):
        if span[0] > moment:
            return span, counted_down(task["repeats"], number)
    return None


def counted_down(rule: str, times: int) -> str:
    """The rule with so many times less to come, where it counts them."""
    parts = rule_parts(rule)
    if "COUNT" in parts:
        parts["COUNT"] = str(int(parts["COUNT"]) - times)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def take_next_back(session: ClientSession, access: Access, task_id: ObjectId) -> None:
    """Into the recycle bin with the next one, unless somebody has worked on it."""
    schema = schema_of(REGISTER)
    query = {"facets": f"previous={task_id}", "state": OPEN, "version": 1, "repeats": {"$exists": True}}
    for raw in schema.register.document._get_collection().find(query, session=session):
        move_to_bin(session, access, schema, raw, SCREEN)
