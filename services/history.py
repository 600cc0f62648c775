"""What became of a record: its changes as a timeline and a table, taking one back, and the record as it once was."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo import DESCENDING

from models.base import stored_value
from models.changes import Change, Source
from models.fields.errors import ValidationFailed
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.fields.schema import Schema, schema_of
from models.fields.unseen import UNSEEN
from models.registers import REGISTERS, Register, all_registers
from models.rights import Access, NotAllowed
from models.told import Told
from models.transactions import in_transaction
from services.late_changes import check_settled
from services.past import gone_back, raw_of
from services.planning import time_limit
from services.records import (
    Origin,
    RecordNotFound,
    check_reach,
    finished,
    get_record,
    now,
    replace_record,
    visible_values,
)
from services.relationships import Seen, relationships_of
from services.values import Parsed, check_required, check_together

Raw = dict[str, Any]
#: The index of `change` that a timeline goes by.
BY_MOMENT = "record_1_at_-1"
#: A company's timeline tells of so many of its people.
MOST_RELATED = 300
MAX_SKIP = 10_000
#: What a relationship tells besides whom it is between.
TOLD = (
    Field(key="title", kind=KINDS["text"], label=_l("Title or role")),
    Field(key="since", kind=KINDS["date"], label=_l("Since")),
    Field(key="until", kind=KINDS["date"], label=_l("Until")),
)


class UndoFailed(Told):
    """The change can't be taken back; the message says why."""


@dataclass(frozen=True)
class FieldChange:
    """One field's part in a change; `before` and `after` are stored values, None for none."""

    field: Field
    before: Any
    after: Any


@dataclass(frozen=True)
class Event:
    """One change entry (`raw`) as its reader may see it; `name` is that of the record now. One of a relationship has
    it with it, and is told by the record across: `card` and `name` are that one's."""

    raw: Raw
    card: Register
    name: str
    changes: Sequence[FieldChange]
    relationship: Seen | None = None

    @property
    def at(self) -> dt.datetime:
        moment: dt.datetime = self.raw["at"]
        return moment

    @property
    def undoable(self) -> bool:
        return self.raw["action"] == "update" and bool(self.changes) and self.relationship is None


# Reading


def events_of(
    access: Access, register: str, record: Raw, *, limit: int = 30, skip: int = 0,
    linking: Mapping[tuple[str, ObjectId], str] | None = None,
) -> tuple[list[Event], bool]:  # fmt: skip
    """(the changes of a record that is seen already, newest first, whether there are older ones). With the records that
    link to it (`linking_records`) theirs come along, and those of its relationships."""
    people = {**(linking or {}), (register, record["_id"]): record.get("name") or ""}
    # What was merged into the record is a part of its past.
    people |= {(register, one): record.get("name") or "" for one in record.get("merged_from") or ()}
    relationships: dict[ObjectId, Seen] = {}
    if linking is not None:
        relationships = {one.raw["_id"]: one for one in relationships_of(access, register, record["_id"])}
    query: Raw = {"record": {"$in": [*(record_id for _register, record_id in people), *relationships]}}
    found = Change._get_collection().find(query).sort("at", DESCENDING).hint(BY_MOMENT).max_time_ms(time_limit())
    rows = list(found.skip(min(skip, MAX_SKIP)).limit(limit + 1))
    schemas = {key: schema_of(key).for_access(access) for key in {key for key, _id in people}}
    events = []
    for raw in rows[:limit]:
        if (raw["register"], raw["record"]) in people:
            schema = schemas[raw["register"]]
            changes = list(seen_changes(schema.fields, raw["changes"]))
            events.append(Event(raw, schema.register, people[raw["register"], raw["record"]], changes))
        elif raw["register"] == "relationship" and (seen := relationships.get(raw["record"])):
            events.append(relationship_event(raw, seen))
    # A change of nothing that one sees tells nothing.
    return [event for event in events if event.changes or not silent(event)], len(rows) > limit


def relationship_event(raw: Raw, seen: Seen) -> Event:
    """A change of a relationship, told to the record that has it. Whom a link stands for is told by the link's own
    change: that it began or ended is not told twice."""
    told = [field for field in TOLD if not (seen.kind.mirrors and field.key == "until")]
    return Event(raw, REGISTERS[seen.register], seen.name, list(seen_changes(told, raw["changes"])), seen)


def silent(event: Event) -> bool:
    """Whether an event that has no change to show is none for its reader."""
    return event.raw["action"] == "update" or bool(event.relationship and event.relationship.kind.mirrors)


def seen_changes(fields: Iterable[Field], changes: Mapping[str, Sequence[Any]]) -> Iterable[FieldChange]:
    for field in fields:
        if field.column in changes:
            # What a value was about is known where that was changed with it; else it might be anything.
            abouts = changes.get(field.about) or ("", "")
            yield FieldChange(field, *map(field.as_read, changes[field.column], abouts))


def linking_records(access: Access, register: str, record_id: ObjectId) -> dict[tuple[str, ObjectId], str]:
    """(register, id) -> name of the records that a link leads from to this one, as far as one may see them; not of
    those that are events themselves."""
    found: dict[tuple[str, ObjectId], str] = {}
    for card in all_registers():
        links = [field for field in card.fixed_fields if field.target == register and field.kind.refers]
        seen = [field for field in links if access.may(card.key, "see") and not access.hides(card.key, field.column)]
        if seen and not card.happens:
            tokens = [token for field in seen for token in field.kind.facets(record_id, field)]
            query = {"$and": [{"facets": {"$in": tokens}}, access.condition(card.key)]}
            rows = card.document._get_collection().find(query, {"name": 1}).limit(MOST_RELATED)
            found.update({(card.key, raw["_id"]): raw.get("name") or "" for raw in rows})
    return found


# Taking a change back


def undo_change(access: Access, register: str, record_id: Any, version: Any) -> Raw:
    """Give the fields of one change the values they had before it; returns the record.

    Raises RecordNotFound, NotAllowed, ValidationFailed, and UndoFailed where a field has been changed since.
    """
    schema = schema_of(register)
    before = get_record(access, register, record_id, "change")
    change = find_change(register, before["_id"], version)
    if change["action"] != "update":
        raise UndoFailed(_l("Only changes can be taken back. A deleted record is restored in the recycle bin."))
    after = undone(access, schema, before, change)
    if after is None:
        return before
    in_transaction(lambda session: replace_record(session, access, schema, before, after, Origin(Source.UNDO)))
    return after


def undone(access: Access, schema: Schema, before: Raw, change: Raw) -> Raw | None:
    """The record without one change, None where it is like that already.

    Raises NotAllowed, ValidationFailed, UndoFailed.
    """
    values = earlier_values(access, schema, before, change["changes"])
    after = finished(schema, before, values)
    parsed = Parsed(values=values)
    check_required(parsed, schema.for_access(access), after)
    check_together(parsed, schema.for_access(access), after)
    check_settled(parsed, schema.for_access(access), before, after)
    check_reach(parsed, access, schema, after, "change")
    if parsed.errors:
        raise ValidationFailed(parsed.errors)
    if visible_values(schema, after) == visible_values(schema, before):
        return None
    after.update(version=before["version"] + 1, changed_at=now())
    return after


def find_change(register: str, record_id: ObjectId, version: Any) -> Raw:
    text = str(version)
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    found: Raw | None = Change._get_collection().find_one(
        {"register": register, "record": record_id, "version": number}
    )
    if found is None:
        raise RecordNotFound(register, record_id)
    return found


def earlier_values(access: Access, schema: Schema, raw: Raw, changes: Mapping[str, Sequence[Any]]) -> Raw:
    """{column: stored value before}. Raises NotAllowed for a field that one may not change, UndoFailed for one that
    holds something else by now."""
    seen = schema.for_access(access)
    present = visible_values(schema, raw)
    values = {column: before for column, (before, _after) in changes.items()}
    # What the program itself keeps comes back with what it follows from.
    follows = {column for column in schema.register.document.implied(raw, values) if schema.by_column[column].read_only}
    clashes, locked = [], set(unseen_columns(seen, raw, changes))
    for column, (_before, after) in changes.items():
        field = seen.get(column)
        if column in follows:
            del values[column]
            continue
        if field is None or field.read_only or column in locked:
            raise NotAllowed(_l("This change touches a field that you may not change, or that is no longer there."))
        if present.get(column) != after:
            clashes.append(field.label_in(access.language))
    if clashes:
        raise UndoFailed(_l("Changed again since: %(fields)s. Take the later change back first, or edit the record.",
                            fields=", ".join(clashes)))  # fmt: skip
    return values


def unseen_columns(schema: Schema, raw: Raw, changes: Mapping[str, Sequence[Any]]) -> Iterable[str]:
    """The columns of values that the schema's user does not see, now or in the change, and of what these are about."""
    for field in schema.speaking:
        told = map(field.as_read, changes.get(field.column, ()), ("", ""))
        if UNSEEN in (stored_value(field, raw), *told):
            yield from (field.column, field.about)


# The record as it was


class State(StrEnum):
    """What the record was at a moment."""

    THERE = "there"
    DELETED = "deleted"
    NOT_YET = "not yet"


@dataclass(frozen=True)
class Past:
    """A record at a moment; `raw` holds the values that it had."""

    state: State
    raw: Raw


def record_at(access: Access, register: str, record_id: Any, moment: dt.datetime) -> Past:
    """The record as it was at a moment, worked out by going back from what it is. Raises RecordNotFound.

    Whoever sees the record now sees what it was, by the rights and fields of today.
    """
    schema = schema_of(register)
    raw = get_record(access, register, record_id)
    its = {"register": register, "record": raw["_id"], "at": {"$gt": moment}}
    later = list(Change._get_collection().find(its).sort("version", DESCENDING))
    first = later[-1]["action"] if later else ""
    state = {"create": State.NOT_YET, "restore": State.DELETED}.get(first, State.THERE)
    return Past(state, raw_of(schema, raw, gone_back(visible_values(schema, raw), later)))


def end_of_day(day: dt.date, zone: dt.tzinfo) -> dt.datetime:
    """The last moment of a day as its reader's clock has it."""
    start = dt.datetime(day.year, day.month, day.day, tzinfo=zone)
    # The next midnight by the calendar: a day of the change to summer time has 23 hours.
    end = start.replace(tzinfo=None) + dt.timedelta(days=1)
    return end.replace(tzinfo=zone) - dt.timedelta(milliseconds=1)
