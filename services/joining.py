"""Merging two records of a register that are one: values field by field, links re-pointed, all history kept.

The word is "joining" in code, because merging is what letters do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.changes import Change, DeletedRecord, Source
from models.fields.errors import ValidationFailed
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.fields.unseen import UNSEEN
from models.registers import all_registers
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.history import UndoFailed, undone
from services.jobs import Run, handles, start_job
from services.moved_relationships import give_back, move_relationships
from services.records import (
    Origin,
    RecordNotFound,
    VersionConflict,
    check_reach,
    finished,
    get_record,
    move_to_bin,
    now,
    replace_records,
)
from services.recycle_bin import get_deleted, put_back
from services.segments import give_back_membership, move_membership
from services.values import Parsed, check_required, check_together

Raw = dict[str, Any]
KIND = "join_records"
#: So many links are re-pointed in the transaction of the merge itself; more of them by a job, in steps of STEP.
AT_ONCE, STEP = 1_000, 100
MINE, THEIRS, BOTH = "mine", "theirs", "both"


@dataclass(frozen=True)
class Row:
    """One field on which the two differ: both stored values, and which one is taken unless somebody says otherwise."""

    field: Field
    mine: Any
    theirs: Any
    usual: str

    @property
    def several(self) -> bool:
        return isinstance(self.mine, list) or isinstance(self.theirs, list)


@dataclass(frozen=True)
class Outcome:
    """What became of it: the record that stays, or the job that does it; by `batch` it is taken back."""

    record: Raw
    batch: str
    job_id: ObjectId | None = None


def pair_of(access: Access, register: str, keep: Any, other: Any) -> tuple[Raw, Raw]:
    """(the record that stays, the one that goes into it). Raises RecordNotFound, NotAllowed, ValidationFailed."""
    mine, theirs = get_record(access, register, keep, "change"), get_record(access, register, other, "delete")
    if mine["_id"] == theirs["_id"]:
        raise ValidationFailed({"": [_l("These are one record already. Choose two.")]})
    return mine, theirs


def rows_of(access: Access, register: str, mine: Raw, theirs: Raw) -> list[Row]:
    """The fields that the user may write and on which the two differ."""
    schema = schema_of(register).for_access(access)
    found = []
    for field in schema.fields:
        pair = stored_value(field, mine), stored_value(field, theirs)
        if field.kind.refers and field.target == register:
            # A link from one to the other is none any more.
            pair = without(pair[0], {mine["_id"], theirs["_id"]}), without(pair[1], {mine["_id"], theirs["_id"]})
        chosen_from = not field.read_only and UNSEEN not in pair
        if chosen_from and pair[0] != pair[1] and not all(value in EMPTY_VALUES for value in pair):
            found.append(Row(field, *pair, usual_of(field, *pair)))
    return found


def usual_of(field: Field, mine: Any, theirs: Any) -> str:
    """Several values are those that both held; else the value of the record that stays, if it has one. Rows are not
    counted twice unless somebody says so."""
    if mine in EMPTY_VALUES:
        return THEIRS
    return BOTH if field.kind.several and theirs not in EMPTY_VALUES else MINE


def join_records(
    access: Access,
    register: str,
    keep: Any,
    other: Any,
    taken: Mapping[str, str],
    versions: tuple[int, int] | None = None,
) -> Outcome:
    """Make one record of two: `keep` stays, `other` goes to the recycle bin, and whatever is linked to it is linked to
    `keep`. `taken` says column by column whose value is taken ("mine", "theirs", "both"); `versions` are those that
    the user saw. By a job where very much is linked.

    Raises RecordNotFound, NotAllowed, ValidationFailed, VersionConflict.
    """
    mine, theirs = pair_of(access, register, keep, other)
    for raw, seen in zip((mine, theirs), versions or (), strict=False):
        if raw["version"] != seen:
            raise VersionConflict(raw)
    joined(access, register, mine, theirs, taken)
    batch, count = str(ObjectId()), count_links(register, theirs["_id"])
    if count > AT_ONCE:
        params = {
            "register": register,
            "keep": mine["_id"],
            "other": theirs["_id"],
            "taken": dict(taken),
            "batch": batch,
        }
        return Outcome(mine, batch, start_job(access, KIND, _("Merge records"), params, count))

    def work(session: ClientSession) -> Raw:
        # Before the links: they find their relationships there already, and end none.
        moved = move_relationships(session, mine["_id"], theirs["_id"])
        while repoint(session, access, register, mine["_id"], theirs["_id"], batch):
            pass
        after = join(session, access, register, mine["_id"], theirs["_id"], taken, batch)
        DeletedRecord._get_collection().update_one({"_id": theirs["_id"]}, {"$set": {"relationships": moved}},
                                                   session=session)  # fmt: skip
        return after

    return Outcome(in_transaction(work), batch)


def joined(access: Access, register: str, mine: Raw, theirs: Raw, taken: Mapping[str, str]) -> Raw:
    """The record that both become. Raises ValidationFailed."""
    schema = schema_of(register)
    chosen = {
        row.field.column: taken.get(row.field.column, row.usual) for row in rows_of(access, register, mine, theirs)
    }
    values: dict[str, Any] = {}
    for field in schema.fields:
        pair = stored_value(field, mine), stored_value(field, theirs)
        # What the user does not see or may not write stays, or is filled where it was empty: nothing is lost.
        how = chosen.get(field.column) or (THEIRS if pair[0] in EMPTY_VALUES else MINE)
        if not field.derived and how != MINE and pair[1] != pair[0]:
            values[field.column] = both_of(*pair) if how == BOTH else pair[1]
        if field.kind.put_together and pair[1] not in EMPTY_VALUES:
            values[field.column] = both_of(pair[1], pair[0] or [])
        # The record that stays must not point at itself.
        if field.kind.refers and field.target == register:
            values[field.column] = without(values.get(field.column, pair[0]), {mine["_id"], theirs["_id"]})
    after = finished(schema, mine, values)
    after["merged_from"] = [*mine.get("merged_from", ()), theirs["_id"], *theirs.get("merged_from", ())]
    parsed = Parsed(values=values)
    check_required(parsed, schema.for_access(access), after)
    check_together(parsed, schema.for_access(access), after)
    check_reach(parsed, access, schema, after, "change")
    if parsed.errors:
        raise ValidationFailed(parsed.errors)
    after.update(version=mine["version"] + 1, changed_at=now())
    return after


def both_of(mine: Any, theirs: Any) -> Any:
    if not isinstance(mine, list) or not isinstance(theirs, list):
        return theirs if mine in EMPTY_VALUES else mine
    return [*mine, *(one for one in theirs if one not in mine)]


def without(value: Any, ids: set[ObjectId]) -> Any:
    if isinstance(value, list):
        return [one for one in value if one not in ids]
    return None if value in ids else value


# Links


def links_to(register: str) -> list[tuple[Schema, list[Field]]]:
    """(schema, its links that point at the register), retired ones too."""
    found = []
    for card in all_registers():
        schema = schema_of(card.key)
        links = [field for field in schema.all_fields if field.kind.refers and field.target == register]
        if links:
            found.append((schema, links))
    return found


def linked_query(links: Sequence[Field], other: ObjectId) -> Raw:
    return {"facets": {"$in": [token for field in links for token in field.kind.facets(other, field)]}}


def count_links(register: str, other: ObjectId) -> int:
    return sum(
        schema.register.document._get_collection().count_documents(linked_query(links, other))
        for schema, links in links_to(register)
    )


def repoint(session: ClientSession, access: Access, register: str, keep: ObjectId, other: ObjectId, batch: str) -> int:
    """Have the next STEP records that link to `other` link to `keep`, whoever may see them: a link must not end
    nowhere because of what one user sees. Returns how many there were."""
    for schema, links in links_to(register):
        # The two themselves are written when they become one.
        query = {**linked_query(links, other), "_id": {"$nin": [keep, other]}}
        found = list(schema.register.document._get_collection().find(query, session=session).limit(STEP))
        pairs = []
        for raw in found:
            values = {field.column: field.kind.pointed(stored_value(field, raw), keep, other) for field in links
                      if points_at(field, raw, other)}  # fmt: skip
            after = finished(with_retired(schema), raw, values)
            after.update(version=raw["version"] + 1, changed_at=now())
            pairs.append((raw, after))
        replace_records(session, access, with_retired(schema), pairs, Origin(Source.BULK, batch))
        if found:
            return len(found)
    return 0


def with_retired(schema: Schema) -> Schema:
    """The schema in which retired fields are fields like the others: their links are re-pointed as well."""
    return Schema(schema.register, schema.version, schema.all_fields)


def points_at(field: Field, raw: Raw, other: ObjectId) -> bool:
    return any(key == other for _target, key in field.kind.references(stored_value(field, raw), field))


def join(
    session: ClientSession, access: Access, register: str, keep: ObjectId, other: ObjectId, taken: Mapping[str, str],
    batch: str,
) -> Raw:  # fmt: skip
    """The two become one, as they are at this moment. Raises RecordNotFound, ValidationFailed."""
    schema, collection = schema_of(register), schema_of(register).register.document._get_collection()
    mine, theirs = (collection.find_one({"_id": one}, session=session) for one in (keep, other))
    if mine is None or theirs is None:
        raise RecordNotFound(register, keep if mine is None else other)
    after = joined(access, register, mine, theirs, taken)
    origin = Origin(Source.BULK, batch)
    replace_records(session, access, schema, [(mine, after)], origin)
    move_membership(session, keep, other)
    move_to_bin(session, access, schema, theirs, origin, merged_into=keep)
    return after


@handles(KIND)
def run_join(run: Run) -> Raw:
    """The job: what is re-pointed links to the other no more, so that going on is starting again; the two become one
    at its end."""
    params, done = run.params, run.job["done"]
    register, keep, other, batch = (params[name] for name in ("register", "keep", "other", "batch"))

    def step(session: ClientSession) -> int:
        moved = repoint(session, run.access, register, keep, other, batch)
        run.advance(done + moved, session=session)
        return moved

    if not run.position.get("moved"):

        def begin(session: ClientSession) -> None:
            move_relationships(session, keep, other)
            run.advance(done, {"moved": True}, session=session)

        in_transaction(begin)
    while moved := in_transaction(step):
        done += moved
    bin_ = DeletedRecord._get_collection()
    # A worker that was killed right after the end finds it done.
    if not bin_.find_one({"_id": other, "merged_into": keep}):
        pair_of(run.access, register, keep, other)
        in_transaction(lambda session: join(session, run.access, register, keep, other, params["taken"], batch))
    return {"message": _("The records are one now; %(count)s links were re-pointed.", count=done),
            "result": {"batch": batch}}  # fmt: skip


# Where it went, and back


def merged_into(access: Access, register: str, record_id: Any) -> ObjectId | None:
    """The record that this one was merged into, None where it was not or where the user does not see that one."""
    if not ObjectId.is_valid(record_id):
        return None
    query = every_of([{"merged_from": ObjectId(record_id)}, access.condition(register)])
    collection = schema_of(register).register.document._get_collection()
    found = collection.find_one(query, {"_id": 1}, hint="by_merged")
    return found["_id"] if found else None


def part_records(access: Access, register: str, batch: str) -> Raw:
    """Take a merge back, all of it or nothing: the other record as it was, the values and the links too. Returns the
    other record. Raises RecordNotFound, NotAllowed, ValidationFailed, and UndoFailed where something has been changed
    since or very much was linked."""
    deleted = DeletedRecord._get_collection().find_one(
        {"batch": str(batch)[:24], "register": register, "merged_into": {"$exists": True}}, {"_id": 1, "merged_into": 1}
    )
    if deleted is None:
        raise RecordNotFound(register, batch)
    get_record(access, register, deleted["merged_into"], "change")
    mine = {} if access.everything else {"by": access.user_id}
    entries = list(Change._get_collection().find({"batch": str(batch)[:24], "action": "update", **mine})
                   .limit(AT_ONCE + 2))  # fmt: skip
    if len(entries) > AT_ONCE + 1:
        raise UndoFailed(_l("More than %(max)s records were linked: that is too much to take back.", max=AT_ONCE))
    if not entries:
        raise NotAllowed(_l("Only who merged the records may take it back, or an administrator."))

    def work(session: ClientSession) -> Raw:
        give_back(session, deleted["_id"])
        give_back_membership(session, deleted["merged_into"], deleted["_id"])
        for entry in entries:
            take_back(session, access, entry, deleted)
        return put_back(session, access, get_deleted(access, deleted["_id"], session), Source.UNDO)[1]

    return in_transaction(work)


def take_back(session: ClientSession, access: Access, entry: Raw, deleted: Raw) -> None:
    """One record as it was before the merge."""
    schema = schema_of(entry["register"])
    raw = schema.register.document._get_collection().find_one({"_id": entry["record"]}, session=session)
    if raw is None:
        # What was linked has been deleted since; nothing is linked to it either.
        return
    after = undone(everything(access), with_retired(schema), raw, entry)
    if raw["_id"] == deleted["merged_into"]:
        after = after or {**raw, "version": raw["version"] + 1, "changed_at": now()}
        after["merged_from"] = [one for one in raw.get("merged_from", ()) if one != deleted["_id"]]
    if after is not None:
        replace_records(session, access, with_retired(schema), [(raw, after)], Origin(Source.UNDO))


def everything(access: Access) -> Access:
    """The same user, to whom nothing is hidden: what a merge changed is put back whoever sees it."""
    return Access(user_id=access.user_id, team_id=access.team_id, everything=True, language=access.language,
                  time_zone=access.time_zone)  # fmt: skip
