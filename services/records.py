"""Writing records of any register: right, version, data and change entry, in one transaction."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo import ReplaceOne
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from models.base import derived_values, stored_value
from models.changes import Change, DeletedRecord, Source, change_of
from models.fields.errors import ValidationFailed
from models.fields.schema import Schema, schema_of
from models.registers import Register, register_of
from models.rights import Access, NotAllowed
from models.told import Told
from models.transactions import in_transaction
from services.conditions import check_conditions
from services.following import follow, tell_followers
from services.late_changes import check_settled
from services.past import changes_since, gone_back, raw_of
from services.values import (
    KnownValues,
    Parsed,
    check_references,
    check_required,
    check_together,
    context_of,
    parse_values,
)

Raw = dict[str, Any]
#: One transaction holds at most so many new records; more than that is an import.
MAX_BULK = 10_000
#: What the database says of a transaction that its cache can't hold (TransactionTooLargeForCache).
TOO_LARGE = 388
#: A save that others keep coming before is tried again so often.
MOST_ATTEMPTS = 5


class RecordNotFound(Told, LookupError):
    """No such record, or none that this user may see: the two look alike on purpose."""

    def __init__(self, register: str, record_id: Any) -> None:
        message = _l("There is no such record. It may have been deleted, or you may not see it.")
        super().__init__(message, register, record_id)


class VersionConflict(Told):
    """Somebody else saved the record meanwhile. `current` is the record now (raw).

    Where it is known what the user saw, `seen` is that (raw), and `clashes` are the columns that both have changed.
    """

    def __init__(self, current: Raw, seen: Raw | None = None, clashes: Collection[str] = ()) -> None:
        message = _l("Somebody else has changed this record meanwhile. Look at both values and save again.")
        super().__init__(message, current["_id"])
        self.current, self.seen, self.clashes = current, seen, clashes


class Overtaken(VersionConflict):
    """Another save came between reading and writing: worth another try."""


class BulkFailed(Exception):
    """What is wrong with the records of a bulk create: `errors` maps a record's index to what it failed by."""

    def __init__(self, errors: Mapping[int, ValidationFailed]) -> None:
        super().__init__(f"{len(errors)} records")
        self.errors = errors


class TooMuchAtOnce(Told):
    """The database has no room for so many records in one transaction; nothing was saved."""

    def __init__(self) -> None:
        super().__init__(_l("The database can't take so many records at once. Nothing was saved: send them in parts."))


@dataclass(frozen=True)
class Origin:
    """Whence a write comes: the source, and a batch that ties the writes of one import or bulk edit together."""

    source: Source = Source.SCREEN
    batch: str | None = None


SCREEN = Origin()


def now() -> dt.datetime:
    """The moment to the millisecond, which is all that MongoDB keeps."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


# Reading


def get_record(access: Access, register: str, record_id: Any, action: str = "see") -> Raw:
    """One record as a raw document. Raises RecordNotFound where the user may not see it, NotAllowed where the user
    may see it but not do `action` to it."""
    card = register_of(register)
    raw = card.document._get_collection().find_one({"_id": object_id(register, record_id)})
    if raw is None or not access.allows(register, "see", raw):
        raise RecordNotFound(register, record_id)
    if not access.allows(register, action, raw):
        raise NotAllowed(_l("You may not do that to this record. Ask an administrator for the right."))
    return raw


def object_id(register: str, record_id: Any) -> ObjectId:
    try:
        return ObjectId(record_id)
    except (InvalidId, TypeError) as error:
        raise RecordNotFound(register, record_id) from error


# Writing


def create_record(
    access: Access, register: str, values: Mapping[str, Any], *,
    keep: Collection[str] = (), origin: Origin = SCREEN,
) -> Raw:  # fmt: skip
    """Add one record; returns it. Raises NotAllowed, ValidationFailed."""
    try:
        return create_records(access, register, [values], keep=keep, origin=origin)[0]
    except BulkFailed as failed:
        raise failed.errors[0] from None


def create_records(
    access: Access, register: str, rows: Sequence[Mapping[str, Any]], *,
    keep: Collection[str] = (), origin: Origin = SCREEN, session: ClientSession | None = None,
) -> list[Raw]:  # fmt: skip
    """Add all of the records or none; returns them in their order. Raises NotAllowed, BulkFailed, TooMuchAtOnce.

    With a `session` the writes belong to the caller's transaction (an import step notes its position there).
    """
    schema = schema_of(register)
    if not access.may(register, "add"):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    documents = prepare_new(access, schema, rows, keep, session)
    if documents and session is not None:
        insert(session, access, schema, documents, origin)
    elif documents:
        insert_whole(access, schema, documents, origin)
    return documents


def insert_whole(access: Access, schema: Schema, documents: list[Raw], origin: Origin) -> None:
    """Insert new records in a transaction of their own. Raises TooMuchAtOnce."""
    try:
        in_transaction(lambda session: insert(session, access, schema, documents, origin))
    except OperationFailure as error:
        failed = (error.details or {}).get("writeErrors") or ()
        if TOO_LARGE in (error.code, *(one["code"] for one in failed)):
            raise TooMuchAtOnce from error
        raise


def prepare_new(
    access: Access, schema: Schema, rows: Sequence[Mapping[str, Any]], keep: Collection[str] = (),
    session: ClientSession | None = None,
) -> list[Raw]:  # fmt: skip
    """The documents for new records, checked throughout. Raises BulkFailed with ValidationFailed per index."""
    seen, context = schema.for_access(access), context_of(access)
    known = KnownValues() if len(rows) > 1 and not keep else None
    parsed_rows = [parse_values(seen, with_defaults(seen, row), context, keep=keep, known=known) for row in rows]
    check_references(access, seen, parsed_rows, session=session)
    documents = [new_document(access, schema, parsed) for parsed in parsed_rows]
    for parsed, document in zip(parsed_rows, documents, strict=True):
        check_required(parsed, seen, document)
        check_together(parsed, seen, document)
        check_conditions(access, parsed, seen, document)
        check_reach(parsed, access, schema, document)
    errors = {i: ValidationFailed(p.errors, p.keepable) for i, p in enumerate(parsed_rows) if p.errors}
    if errors:
        raise BulkFailed(errors)
    return documents


def with_defaults(schema: Schema, row: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema.defaults, **row}


def new_document(access: Access, schema: Schema, parsed: Parsed) -> Raw:
    moment = now()
    document: Raw = {
        "_id": ObjectId(), "owner": access.user_id, "team": access.team_id, "created_at": moment,
        "created_by": access.user_id, "changed_at": moment, "version": 1, "custom": {},
        **schema.register.document.begin(access),
    }  # fmt: skip
    return finished(schema, document, parsed.values)


def finished(schema: Schema, document: Raw, values: Mapping[str, Any]) -> Raw:
    """The document with the values put in, completed and derived anew. Empty values leave no trace."""
    result = {**document, "custom": dict(document.get("custom") or {})}
    values = {**values, **schema.register.document.implied(document, values)}
    for column, value in values.items():
        found = schema.by_column[column]
        place = result["custom"] if found.custom else result
        place[found.key] = value
        if value in (None, "", []):
            del place[found.key]
    result = schema.register.document.complete(result)
    result = schema.register.document.derive(result)
    result = {key: value for key, value in result.items() if value is not None}
    return {**result, **derived_values(schema.filled(result), result.get("name"))}


def check_reach(parsed: Parsed, access: Access, schema: Schema, document: Raw, action: str = "add") -> None:
    """Who may write own or the team's records only may not write one that is neither."""
    if not access.allows(schema.register.key, action, document):
        parsed.fail("owner", _l("You may only save records of your own or of your team. Choose the owner again."))


def insert(session: ClientSession, access: Access, schema: Schema, documents: list[Raw], origin: Origin) -> None:
    schema.register.document._get_collection().insert_many(documents, session=session)
    entries = [entry(access, schema, "create", doc, {}, visible_values(schema, doc), origin) for doc in documents]
    Change._get_collection().insert_many(entries, session=session)
    follow(session, access, schema, [(None, document) for document in documents])


def visible_values(schema: Schema, raw: Mapping[str, Any]) -> dict[str, Any]:
    """{column: stored value} of a raw document, filled ones only; what change entries speak of. What is derived
    follows from the rest, and an entry tells by itself who wrote it and when."""
    return {found.column: value for found, value in schema.filled(raw) if not found.derived}


def entry(
    access: Access, schema: Schema, action: str, raw: Raw, before: dict[str, Any], after: dict[str, Any], origin: Origin
) -> Raw:
    return {
        "register": schema.register.key, "record": raw["_id"], "action": action, "version": raw["version"],
        "at": raw["changed_at"], "by": access.user_id, "source": origin.source.value, "batch": origin.batch,
        "changes": change_of(before, after),
    }  # fmt: skip


def update_record(
    access: Access, register: str, record_id: Any, values: Mapping[str, Any], *,
    version: int | None = None, keep: Collection[str] = (), origin: Origin = SCREEN, strict: bool = False,
) -> Raw:  # fmt: skip
    """Change some values of one record; returns it. A save that changes nothing writes nothing.

    `version` is the one the user saw; None (a program that does not care) takes the current one. What others have
    saved since stays, as far as it touches other fields than the user changed; a field that both changed is a
    VersionConflict, and with `strict` any newer version is. Raises RecordNotFound, NotAllowed, ValidationFailed,
    VersionConflict.
    """
    for _attempt in range(MOST_ATTEMPTS - 1):
        try:
            return update_once(access, register, record_id, values, version, keep, origin, strict=strict)
        except Overtaken:
            continue
    return update_once(access, register, record_id, values, version, keep, origin, strict=strict)


def update_once(
    access: Access, register: str, record_id: Any, values: Mapping[str, Any], version: int | None,
    keep: Collection[str], origin: Origin, *, strict: bool,
) -> Raw:  # fmt: skip
    schema = schema_of(register)
    before = get_record(access, register, record_id, "change")
    if strict and version != before["version"]:
        raise VersionConflict(before)
    seen = before if version in (None, before["version"]) else seen_at(schema, before, version or 0)
    after = changed_document(access, schema, before, values, keep, seen)
    if visible_values(schema, after) == visible_values(schema, before):
        return before
    after.update(version=before["version"] + 1, changed_at=now())
    in_transaction(lambda session: replace_record(session, access, schema, before, after, origin))
    return after


def seen_at(schema: Schema, current: Raw, version: int) -> Raw:
    """The record at a version that its user saw. Raises VersionConflict where that can't be told any more."""
    changes = changes_since(schema.register.key, current["_id"], version, current["version"])
    if changes is None:
        raise VersionConflict(current)
    return raw_of(schema, current, gone_back(visible_values(schema, current), changes))


def changed_document(
    access: Access, schema: Schema, before: Raw, values: Mapping[str, Any], keep: Collection[str], base: Raw
) -> Raw:
    """The record with the values that the user has changed of what stood in `base`, which is what the user saw."""
    seen = schema.for_access(access)
    if base is not before:
        # What the user could not change was not typed either: it may have changed meanwhile.
        values = {c: value for c, value in values.items() if (found := seen.get(c)) is None or not found.read_only}
    parsed = parse_values(seen, values, context_of(access), before=base, keep=keep)
    clashes = clashing(seen, before, base, parsed.values)
    if clashes:
        raise VersionConflict(before, base, clashes)
    check_references(access, seen, [parsed], before)
    after = finished(schema, before, parsed.values)
    check_settled(parsed, seen, before, after)
    # Only fields that were sent or that the user sees are asked for: nobody is held up by a field hidden from them.
    check_required(parsed, seen, after)
    check_together(parsed, seen, after)
    check_conditions(access, parsed, seen, after, before)
    check_reach(parsed, access, schema, after, "change")
    if parsed.errors:
        raise ValidationFailed(parsed.errors, parsed.keepable)
    return after


def clashing(schema: Schema, current: Raw, base: Raw, values: Mapping[str, Any]) -> list[str]:
    """The columns that the user changed and somebody else changed to something else."""
    if base is current:
        return []
    now_and_then = {c: (stored_value(schema.by_column[c], current), stored_value(schema.by_column[c], base))
                    for c in values}  # fmt: skip
    return [c for c, (held, saw) in now_and_then.items() if held != saw and held != (values[c] or None)]


def replace_record(
    session: ClientSession, access: Access, schema: Schema, before: Raw, after: Raw, origin: Origin
) -> None:
    """Write a changed record, which has its new version already, with its change entry and what follows."""
    write_version(session, access, schema, before, after,
                  (visible_values(schema, before), visible_values(schema, after)), origin)  # fmt: skip


def write_version(
    session: ClientSession, access: Access, schema: Schema, before: Raw, after: Raw, told: tuple[Raw, Raw],
    origin: Origin = SCREEN,
) -> None:  # fmt: skip
    """Write another version of a record in the caller's transaction. `told` is what its change entry compares: for what
    a record keeps besides its fields ({name: value} before, after), as for its fields. Raises Overtaken,
    RecordNotFound.
    """
    collection = schema.register.document._get_collection()
    if not collection.replace_one(schema.register.document.as_read(before), after, session=session).matched_count:
        current = collection.find_one({"_id": before["_id"]}, session=session)
        if current is None:
            raise RecordNotFound(schema.register.key, before["_id"])
        raise Overtaken(current)
    Change._get_collection().insert_one(entry(access, schema, "update", after, *told, origin), session=session)
    follow(session, access, schema, [(before, after)])


def replace_records(
    session: ClientSession, access: Access, schema: Schema, pairs: Sequence[tuple[Raw, Raw]], origin: Origin
) -> None:
    """Write many changed records, each as (before, after), with their entries. Raises Overtaken."""
    if not pairs:
        return
    writes = [ReplaceOne(schema.register.document.as_read(before), after) for before, after in pairs]
    written = schema.register.document._get_collection().bulk_write(writes, session=session)
    if written.matched_count != len(pairs):
        raise Overtaken(pairs[0][0])
    Change._get_collection().insert_many(
        [entry(access, schema, "update", after, visible_values(schema, before), visible_values(schema, after), origin)
         for before, after in pairs], session=session)  # fmt: skip
    follow(session, access, schema, pairs)


def delete_record(
    access: Access, register: str, record_id: Any, *, origin: Origin = SCREEN, version: int | None = None
) -> Raw:
    """Move one record to the recycle bin; returns it as it was. With `version` only that one is deleted.

    Raises RecordNotFound, NotAllowed, VersionConflict.
    """
    schema = schema_of(register)
    raw = get_record(access, register, record_id, "delete")
    if version is not None and version != raw["version"]:
        raise VersionConflict(raw)
    in_transaction(lambda session: move_to_bin(session, access, schema, raw, origin))
    return raw


def move_to_bin(
    session: ClientSession, access: Access, schema: Schema, raw: Raw, origin: Origin,
    merged_into: ObjectId | None = None,
) -> None:  # fmt: skip
    register: Register = schema.register
    same = {"_id": raw["_id"], "version": raw["version"]}
    if not register.document._get_collection().delete_one(same, session=session).deleted_count:
        raise RecordNotFound(register.key, raw["_id"])
    moment = now()
    DeletedRecord._get_collection().insert_one(
        deleted_record(access, register, raw, moment, origin) | ({"merged_into": merged_into} if merged_into else {}),
        session=session,
    )
    Change._get_collection().insert_one(deletion(access, schema, raw, moment, origin), session=session)
    tell_followers(session, access, schema, [(raw, None)])


def move_all_to_bin(
    session: ClientSession, access: Access, schema: Schema, rows: Sequence[Raw], origin: Origin
) -> None:
    """Delete many records at once, which were read in the same transaction: it begins anew where one was changed since.
    Raises Overtaken where one is gone."""
    if not rows:
        return
    ids = {"_id": {"$in": [raw["_id"] for raw in rows]}}
    if schema.register.document._get_collection().delete_many(ids, session=session).deleted_count != len(rows):
        raise Overtaken(rows[0])
    moment = now()
    DeletedRecord._get_collection().insert_many(
        [deleted_record(access, schema.register, raw, moment, origin) for raw in rows], session=session
    )
    Change._get_collection().insert_many(
        [deletion(access, schema, raw, moment, origin) for raw in rows], session=session
    )
    tell_followers(session, access, schema, [(raw, None) for raw in rows])


def deleted_record(access: Access, register: Register, raw: Raw, moment: dt.datetime, origin: Origin) -> Raw:
    """What the recycle bin keeps of a record."""
    return {"_id": raw["_id"], "register": register.key, "name": raw.get("name"), "document": raw,
            "deleted_at": moment, "deleted_by": access.user_id, "batch": origin.batch}  # fmt: skip


def deletion(access: Access, schema: Schema, raw: Raw, moment: dt.datetime, origin: Origin) -> Raw:
    """The change entry of a record's deletion, which is a version too."""
    last = {**raw, "version": raw["version"] + 1, "changed_at": moment}
    return entry(access, schema, "delete", last, visible_values(schema, raw), {}, origin)
