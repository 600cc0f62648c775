"""Relationships of a record: seen from either side, begun, changed, ended, removed; and the kinds there are."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.changes import Change, change_of
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.relationships import (
    OBJECT,
    SUBJECT,
    Relationship,
    RelationshipKind,
    all_kinds,
    other_side,
)
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.followed_links import today
from services.labels import names_of_all
from services.records import (
    SCREEN,
    Origin,
    RecordNotFound,
    VersionConflict,
    finished,
    get_record,
    now,
    object_id,
    replace_record,
)
from services.values import context_of

Raw = dict[str, Any]
MOST_TITLE, MOST_SHOWN, MOST_KINDS = 200, 200, 100
DATE = Field(key="day", kind=KINDS["date"], label="")
NOTED = ("kind", "subject", "object", "title", "since", "until")


@dataclass(frozen=True)
class Seen:
    """A relationship as one of its records has it: `side` is that record's, `other` the id across, `name` its name."""

    raw: Raw
    kind: RelationshipKind
    side: str
    other: ObjectId
    name: str

    @property
    def current(self) -> bool:
        return self.raw.get("until") is None

    @property
    def register(self) -> str:
        return self.kind.register_of(other_side(self.side))


# Reading


def kinds_of(access: Access, register: str) -> list[tuple[RelationshipKind, str]]:
    """(kind, side) of every relationship that a register's records may be given, as far as one sees what is across."""
    return [(kind, side) for kind in all_kinds().values() if not kind.retired and not hides(access, kind)
            for side in kind.sides(register) if kind.register_of(other_side(side)) in REGISTERS
            and access.may(kind.register_of(other_side(side)), "see")]  # fmt: skip


def kind_and_side(access: Access, register: str, key: str, side: str) -> RelationshipKind:
    """The kind, if the register's records may stand on that side of it. Raises RecordNotFound."""
    for kind, found in kinds_of(access, register):
        if kind.key == key and found == side:
            return kind
    raise RecordNotFound("relationship_kind", key)


def relationships_of(
    access: Access, register: str, record_id: ObjectId, *, only: ObjectId | None = None, most: int = MOST_SHOWN
) -> list[Seen]:
    """The relationships of a record that is seen already, with records that its reader sees: current ones first, by
    kind and name, then those that have ended, the latest first. `only` is the id of one of them."""
    query: Raw = {"$or": [{SUBJECT: record_id}, {OBJECT: record_id}], **({"_id": only} if only else {})}
    rows = list(Relationship._get_collection().find(query).limit(most))
    kinds, found = all_kinds(), []
    for raw in rows:
        kind = kinds.get(raw["kind"])
        side = SUBJECT if raw[SUBJECT] == record_id else OBJECT
        # Who may not know a link may not know the relationship that it stands for.
        if kind is not None and kind.register_of(side) == register and not hides(access, kind):
            found.append((raw, kind, side, raw[other_side(side)]))
    wanted: dict[str, list[ObjectId]] = {}
    for _raw, kind, side, other in found:
        wanted.setdefault(kind.register_of(other_side(side)), []).append(other)
    names = names_of_all(access, wanted)
    seen = [Seen(raw, kind, side, other, names[kind.register_of(other_side(side)), other])
            for raw, kind, side, other in found if (kind.register_of(other_side(side)), other) in names]  # fmt: skip
    order = list(kinds)
    current = sorted(
        (one for one in seen if one.current), key=lambda one: (order.index(one.kind.key), one.side, one.name)
    )
    ended = sorted((one for one in seen if not one.current), key=lambda one: one.raw["until"], reverse=True)
    return [*current, *ended]


def hides(access: Access, kind: RelationshipKind) -> bool:
    return bool(kind.mirrors) and access.hides(kind.subject, kind.mirrors)


def relationship_of(access: Access, register: str, record_id: Any, relationship_id: Any) -> Seen:
    """One relationship of a record. Raises RecordNotFound."""
    raw, wanted = get_record(access, register, record_id), object_id("relationship", relationship_id)
    seen = next(iter(relationships_of(access, register, raw["_id"], only=wanted)), None)
    if seen is None:
        raise RecordNotFound("relationship", relationship_id)
    return seen


def get_relationship(access: Access, register: str, record_id: Any, relationship_id: Any) -> tuple[Raw, Seen]:
    """(the record, its relationship). Raises RecordNotFound, NotAllowed: who may change the record may change it."""
    raw = get_record(access, register, record_id, "change")
    return raw, relationship_of(access, register, record_id, relationship_id)


def ended_by(access: Access, kind: RelationshipKind, side: str, record_id: ObjectId, other_id: Any) -> list[Seen]:
    """The current relationships that a new one of `record_id` may end. Of a kind that stands for links they are those
    of who has the links, from whichever side it is begun: a person's other employers, never a company's other people.
    """
    if kind.mirrors and side != SUBJECT:
        record_id, side = other_id, SUBJECT
    if record_id is None:
        return []
    return [one for one in relationships_of(access, kind.register_of(side), record_id)
            if one.current and one.kind.key == kind.key and one.side == side]  # fmt: skip


# Writing


@dataclass(frozen=True)
class Told:
    """What a relationship tells, as it was typed."""

    title: str = ""
    since: str = ""
    until: str = ""


def parsed(access: Access, told: Told) -> Raw:
    """title, since and until as they are kept. Raises ValidationFailed."""
    errors: dict[str, list[Any]] = {}
    values: Raw = {"title": " ".join(told.title.replace("\x00", " ").split()) or None}
    if len(values["title"] or "") > MOST_TITLE:
        errors["title"] = [_l("Too long: at most %(max)s characters.", max=MOST_TITLE)]
    for name in ("since", "until"):
        try:
            values[name] = DATE.kind.parse(getattr(told, name), DATE, context_of(access))
        except FieldError as error:
            errors[name] = [error.message]
    if not errors and values["until"] and values["until"] > today():
        errors["until"] = [_l("An end is noted when it has come: give a day that is not in the future.")]
    if not errors and values["since"] and values["until"] and values["since"] > values["until"]:
        errors["until"] = [_l("It can't end before it has begun.")]
    if errors:
        raise ValidationFailed(errors)
    return values


def relate(
    access: Access, register: str, record_id: Any, key: str, side: str, other_id: Any, told: Told,
    ends: Sequence[Any] = (), *, origin: Origin = SCREEN,
) -> Raw:  # fmt: skip
    """Begin a relationship of a record; returns it. `ends` are the ids of current ones of the same kind that end with
    it, on the day when this one begins.

    Raises RecordNotFound, NotAllowed, ValidationFailed.
    """
    kind = kind_and_side(access, register, key, side)
    raw = get_record(access, register, record_id, "change")
    if not ObjectId.is_valid(str(other_id or "")):
        raise ValidationFailed({"other": [_l("Choose one from the list.")]})
    other = get_record(access, kind.register_of(other_side(side)), other_id)
    values = parsed(access, told)
    ids = {side: raw["_id"], other_side(side): other["_id"]}
    if ids[SUBJECT] == ids[OBJECT]:
        raise ValidationFailed({"other": [_l("A record is not related to itself.")]})
    there = {"kind": kind.key, **ids, "until": None}
    if values["until"] is None and Relationship._get_collection().find_one(there, {"_id": 1}):
        raise ValidationFailed({"other": [_l("This relationship is there already.")]})
    offered = ended_by(access, kind, side, raw["_id"], other["_id"])
    ending = [one for one in offered if str(one.raw["_id"]) in map(str, ends)]
    made = {"_id": ObjectId(), "kind": kind.key, **ids, **filled(values), "created_at": now(),
            "created_by": access.user_id, "changed_at": now(), "version": 1}  # fmt: skip

    def write(session: ClientSession) -> None:
        for one in ending:
            # Never before it had begun itself.
            last = max(filter(None, (one.raw.get("since"), values["since"] or today())))
            until = min(last, max(today(), one.raw.get("since") or today()))
            put(session, access, one.raw, {**one.raw, "until": until}, origin)
        Relationship._get_collection().insert_one(made, session=session)
        note(session, access, "create", {}, made, origin)
        mirror(session, access, kind, ids[SUBJECT], origin)

    in_transaction(write)
    return made


def change_relationship(
    access: Access, register: str, record_id: Any, relationship_id: Any, told: Told, version: int | None = None, *,
    origin: Origin = SCREEN,
) -> Raw:  # fmt: skip
    """Change what a relationship tells, its end among it. Raises RecordNotFound, NotAllowed, ValidationFailed,
    VersionConflict."""
    _raw, seen = get_relationship(access, register, record_id, relationship_id)
    if version is not None and version != seen.raw["version"]:
        raise VersionConflict(seen.raw)
    kept = {name: value for name, value in seen.raw.items() if name not in ("title", "since", "until")}
    after = {**kept, **filled(parsed(access, told))}

    def write(session: ClientSession) -> None:
        put(session, access, seen.raw, after, origin)
        mirror(session, access, seen.kind, seen.raw[SUBJECT], origin)

    in_transaction(write)
    return after


def remove_relationship(
    access: Access, register: str, record_id: Any, relationship_id: Any, *, origin: Origin = SCREEN
) -> None:
    """Take away a relationship that never was. Raises RecordNotFound, NotAllowed."""
    _raw, seen = get_relationship(access, register, record_id, relationship_id)

    def write(session: ClientSession) -> None:
        Relationship._get_collection().delete_one({"_id": seen.raw["_id"]}, session=session)
        gone = {**seen.raw, "version": seen.raw["version"] + 1}
        note(session, access, "delete", seen.raw, gone, origin)
        mirror(session, access, seen.kind, seen.raw[SUBJECT], origin)

    in_transaction(write)


def filled(values: Mapping[str, Any]) -> Raw:
    return {name: value for name, value in values.items() if value is not None}


def put(session: ClientSession, access: Access, before: Raw, after: Raw, origin: Origin) -> None:
    after = {**after, "version": before["version"] + 1, "changed_at": now()}
    same = {"_id": before["_id"], "version": before["version"]}
    if not Relationship._get_collection().replace_one(same, after, session=session).matched_count:
        raise VersionConflict(before)
    note(session, access, "update", before, after, origin)


def note(session: ClientSession, access: Access, action: str, before: Raw, after: Raw, origin: Origin) -> None:
    told = [{name: raw[name] for name in NOTED if raw.get(name) is not None} for raw in
            (before, {} if action == "delete" else after)]  # fmt: skip
    Change._get_collection().insert_one({
        "register": "relationship", "record": after["_id"], "action": action, "version": after["version"], "at": now(),
        "by": access.user_id, "source": origin.source.value, "batch": None, "changes": change_of(*told)},
        session=session)  # fmt: skip


def mirror(
    session: ClientSession, access: Access, kind: RelationshipKind, subject: ObjectId, origin: Origin
) -> None:
    """Have the subject's links be the objects of its current relationships, in the order in which they stood."""
    if not kind.mirrors:
        return
    schema = schema_of(kind.subject)
    collection, field = schema.register.document._get_collection(), schema.by_column[kind.mirrors]
    raw = collection.find_one({"_id": subject}, session=session)
    if raw is None:
        raise RecordNotFound(kind.subject, subject)
    if not access.allows(kind.subject, "change", raw) or access.locks(kind.subject, field.column):
        raise NotAllowed(_l("You may not change who works where. Ask an administrator for the right."))
    rows = Relationship._get_collection().find({SUBJECT: subject, "kind": kind.key, "until": None}, session=session)
    current = [row[OBJECT] for row in rows.sort("_id", 1)]
    held = list(stored_value(field, raw) or ())
    wanted = [one for one in held if one in current] + [one for one in current if one not in held]
    if wanted != held:
        after = finished(schema, raw, {field.column: wanted})
        after.update(version=raw["version"] + 1, changed_at=now())
        replace_record(session, access, schema, raw, after, origin)


def day_of(value: dt.datetime | None) -> str:
    """A day as a date's input takes it."""
    return value.date().isoformat() if value else ""
