"""What is open or coming with a record, and logging what was done with it in one line."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.activities import BY_PENDING, DONE, OPEN, PENDING, TASK, Activity
from models.base import stored_value
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds.times import aware
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.fields.ways import links_of
from models.registers import Register
from models.rights import Access
from services.labels import names_of
from services.planning import time_limit
from services.records import create_record, now
from services.recurrence import occurrences
from services.repeating import REGISTER
from services.values import context_of

Raw = dict[str, Any]
#: So many stand in the block of a record's page; of more the first ones by their moment.
SHOWN, READ = 12, 200
#: The inputs of links to whom something is done with.
LINK_INPUTS = ("link", "multi_link")
#: What is offered to be linked as well, at most.
MOST_OFFERED = 30
LONGEST_MINUTES = 24 * 60


@dataclass(frozen=True)
class Link:
    """A field of activities that links records, for the form of one record: `offered` are (id, name) of those near at
    hand, `chosen` the ids that are linked from the start."""

    field: Field
    offered: Sequence[tuple[ObjectId, str]]
    chosen: Sequence[ObjectId]


def links_to(access: Access, card: Register) -> list[Field]:
    """The fields by which activities link to a register's records, as the user has them."""
    return [] if card.happens else [field for field in links_of(schema_of(REGISTER).for_access(access))
                                    if field.target == card.key]  # fmt: skip


def open_activities(access: Access, card: Register, record_id: ObjectId) -> tuple[list[Raw], bool]:
    """(what is open or coming with a record, the next one first; whether there is more). A repeating one stands at its
    next time."""
    tokens = [token for field in links_to(access, card) for token in field.kind.facets(record_id, field)]
    query = every_of([{"facets": {"$in": tokens}, "state": {"$in": list(PENDING)}}, access.condition(REGISTER)])
    found = Activity._get_collection().find(query, hint=BY_PENDING).limit(READ).max_time_ms(time_limit())
    rows = sorted((at_next(raw) for raw in found), key=lambda raw: (aware(raw["at"]), raw["_id"]))
    return rows[:SHOWN], len(rows) > SHOWN


def at_next(raw: Raw) -> Raw:
    """A repeating activity as it takes place the next time; any other as it is."""
    if not raw.get("repeats") or not raw.get("starts_at"):
        return raw
    coming = next(occurrences(raw, now()), None)
    return raw if coming is None else {**raw, "at": coming[0], "starts_at": coming[0], "ends_at": coming[1]}


def offered_links(access: Access, card: Register, raw: Raw) -> list[Link]:
    """What else an activity of a record may be linked to: whom the record itself points at (chosen from the start), and
    those that point at it."""
    schema, found = schema_of(card.key).for_access(access), []
    mine = {field.column for field in links_to(access, card)}
    for field in links_of(schema_of(REGISTER).for_access(access)):
        if field.column in mine or field.read_only or field.kind.name != "links":
            continue
        own = pointed_at(schema, field.target, raw)
        near = [*own, *pointing(access, field.target, card, raw["_id"])][:MOST_OFFERED]
        names = names_of(access, field.target, near)
        found.append(Link(field, [(one, names[one]) for one in dict.fromkeys(near) if one in names],
                          [one for one in own if one in names]))  # fmt: skip
    return found


def pointed_at(schema: Schema, target: str, raw: Raw) -> list[ObjectId]:
    """Whom a record points at by its links to several, or by one of the program's own (an opportunity's company): what
    a link of the organisation's own is for, nobody knows here."""
    links = [field for field in links_of(schema)
             if field.target == target and (field.kind.name == "links" or not field.custom)]  # fmt: skip
    return [one for field in links
            for _target, one in field.kind.references(stored_value(field, raw), field)][:MOST_OFFERED]  # fmt: skip


def pointing(access: Access, register: str, card: Register, record_id: ObjectId) -> list[ObjectId]:
    other = schema_of(register).for_access(access)
    tokens = [token for field in links_of(other) if field.target == card.key and field.kind.input in LINK_INPUTS
              for token in field.kind.facets(record_id, field)]  # fmt: skip
    if not tokens or not access.may(register, "see"):
        return []
    query = every_of([{"facets": {"$in": tokens}}, access.condition(register)])
    rows = other.register.document._get_collection().find(query, {"_id": 1}).sort("sort_name", 1).limit(MOST_OFFERED)
    return [raw["_id"] for raw in rows.max_time_ms(time_limit())]


def log_activity(access: Access, typed: Mapping[str, Any]) -> Raw:
    """Add an activity out of the line of a record's page. Raises NotAllowed, ValidationFailed."""
    return create_record(access, REGISTER, logged_values(access, typed))


def logged_values(access: Access, typed: Mapping[str, Any]) -> Raw:
    """The values that a line stands for: a task with its day, else what was done now, or at `starts_at`, which may be
    ahead of us; `minutes` is how long it took. Raises ValidationFailed."""
    values = {name: value for name, value in typed.items() if value and name not in ("minutes", "starts_at", "due_on")}
    if typed.get("kind") == TASK:
        return {**values, "due_on": typed.get("due_on", ""), "state": OPEN}
    moment, starts = now(), moment_of(access, typed.get("starts_at") or "")
    length = dt.timedelta(minutes=minutes_of(typed.get("minutes") or ""))
    if starts is None and not length:
        return {**values, "state": DONE}
    # How long it took, told without a beginning, is reckoned back from now.
    starts = starts or moment - length
    ends = {"ends_at": starts + length} if length else {}
    return {**values, "starts_at": starts, **ends, "state": DONE if starts <= moment else OPEN}


def moment_of(access: Access, text: str) -> dt.datetime | None:
    field = schema_of(REGISTER).by_column["starts_at"]
    try:
        found: dt.datetime | None = field.kind.parse(text, field, context_of(access))
    except FieldError as error:
        raise ValidationFailed({"starts_at": [error.message]}) from error
    return found


def minutes_of(text: str) -> int:
    text = text.strip()
    if text and not (text.isascii() and text.isdigit() and int(text[:6]) <= LONGEST_MINUTES):
        raise ValidationFailed({"minutes": [_l("Give a length in minutes, at most %(most)s.", most=LONGEST_MINUTES)]})
    return int(text or 0)
