"""Keeping what records were before each change (models/past.py), in the transaction of the change."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.client_session import ClientSession

from models.base import derived_values
from models.changes import Change, DeletedRecord
from models.fields.schema import Schema
from models.past import PastState, fork_of, quarter_of
from services.past import gone_back, raw_of

Raw = dict[str, Any]
#: What no report asks of a record: the search box alone goes by it.
LEFT_OUT = ("words",)
BATCH = 500


def remember(
    session: ClientSession, schema: Schema, pairs: Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]
) -> None:
    """Keep what the records (before, after) were until now; `before` None is a new or restored one, `after` None one
    that was deleted. Their change entries are written already."""
    if not schema.register.keeps_past:
        return
    deleted = [before for before, after in pairs if before is not None and after is None]
    moments = deletions(session, schema.register.key, deleted) if deleted else {}
    states = [state_of(schema.register.key, before, after["changed_at"] if after else moments[before["_id"]])
              for before, after in pairs if before is not None]  # fmt: skip
    kept = [state for state in states if state is not None]
    if kept:
        PastState._get_collection().insert_many(kept, session=session)


def deletions(session: ClientSession, register: str, records: Sequence[Mapping[str, Any]]) -> dict[ObjectId, Any]:
    """When each of these records was deleted."""
    entries = [{"record": raw["_id"], "version": raw["version"] + 1} for raw in records]
    found = Change._get_collection().find({"register": register, "$or": entries}, {"record": 1, "at": 1},
                                          session=session)  # fmt: skip
    return {entry["record"]: entry["at"] for entry in found}


def state_of(register: str, raw: Mapping[str, Any], until: Any) -> Raw | None:
    """What is kept of a document that was so until a moment; None where no quarter of an hour began meanwhile."""
    begins, ends = quarter_of(raw["changed_at"]), quarter_of(until)
    if begins >= ends:
        return None
    document = {key: value for key, value in raw.items() if key not in LEFT_OUT}
    return {"register": register, "record": raw["_id"], "begins": begins, "ends": ends,
            "fork": fork_of(begins, ends), "document": document}  # fmt: skip


def forget_past(session: ClientSession, register: str, record_id: ObjectId) -> None:
    """A record is gone for good."""
    PastState._get_collection().delete_many({"register": register, "record": record_id}, session=session)


# Out of the change entries


def make_past_anew(schema: Schema) -> None:
    """Make all past states of a register out of its change entries; while nobody writes."""
    states = PastState._get_collection()
    states.delete_many({"register": schema.register.key})
    entries = Change._get_collection().find({"register": schema.register.key})
    ordered = entries.sort([("register", ASCENDING), ("record", ASCENDING), ("version", ASCENDING)])
    histories = ((record, list(history)) for record, history in groupby(ordered, itemgetter("record")))
    while some := list(islice(histories, BATCH)):
        held = held_documents(schema, [record for record, _history in some])
        made = [state for record, history in some if record in held
                for state in states_of(schema, *held[record], history)]  # fmt: skip
        if made:
            states.insert_many(made)


def held_documents(schema: Schema, ids: Sequence[ObjectId]) -> dict[ObjectId, tuple[Raw, bool]]:
    """id -> (the document, whether it is deleted); those that are gone for good are none."""
    there = schema.register.document._get_collection().find({"_id": {"$in": ids}})
    deleted = DeletedRecord._get_collection().find({"_id": {"$in": ids}, "register": schema.register.key})
    return {**{raw["_id"]: (raw["document"], True) for raw in deleted}, **{raw["_id"]: (raw, False) for raw in there}}


def states_of(schema: Schema, raw: Raw, deleted: bool, history: Sequence[Raw]) -> Iterator[Raw]:
    """The states before each entry, gone back from the document as it is, newest first."""
    values = {} if deleted else {found.column: value for found, value in schema.filled(raw) if not found.derived}
    for place in range(len(history) - 1, 0, -1):
        entry, previous = history[place], history[place - 1]
        values = gone_back(values, [entry])
        if entry["action"] == "restore":
            continue
        document = raw_of(schema, raw, values) | {"version": previous["version"], "changed_at": previous["at"]}
        document |= derived_values(schema.filled(document), document.get("name"))
        state = state_of(schema.register.key, document, entry["at"])
        if state is not None:
            yield state
