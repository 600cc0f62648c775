"""Erasing a person for good, or making them nobody: in the register, recycle bin, history, outbox, letters and search.

What stays, and why: that there was a record (its number, without values, so that numbers in other records' histories
lead nowhere rather than to somebody else); that messages went, without their content, since mailings count them; the
addresses as hashes, so that nobody writes there again; and the audit, which knows the person by the number alone.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Change, DeletedRecord
from models.consent import Reason, Suppressed
from models.fields.errors import ValidationFailed
from models.fields.schema import Schema, schema_of
from models.notices import Notice
from models.registers import REGISTERS
from models.relationships import Relationship
from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.audit import What, write
from services.erased_addresses import hidden_address
from services.following import tell_followers
from services.jobs import wake
from services.keeping_past import forget_past
from services.outbox.endings import forget_messages
from services.personal_data.collecting import target_of_person
from services.personal_data.letters import forget_letters
from services.personal_data.made_files import delete_made
from services.personal_data.people import REGISTER, Found, addresses_of, find_person
from services.personal_data.seeking import forget_later, forget_looks, traces_of
from services.records import Origin, RecordNotFound, finished, now, object_id, replace_record
from services.recycle_bin import forget
from services.security import require_administrator
from services.unheld_files import free_contents

Raw = dict[str, Any]
ERASE, ANONYMISE = "erase", "anonymise"
LONGEST_WHY = 500
#: Kinds of field whose values tell nobody who it is, alone or together with the others: figures go on being right.
HARMLESS_KINDS = ("choice", "choices", "boolean", "user", "users", "team", "link", "links")


def erase(
    access: Access, person_id: Any, how: str, *, why: str, name: str, also: Sequence[tuple[str, str]] = (),
    files: Sequence[str] = (),
) -> None:  # fmt: skip
    """Erase a person for good, or with `how` anonymise them; the records of `also`, (register, id), go with one who is
    erased, and so do the `files` that jobs made, by their ids.

    What the person got in letters that were made for many is taken out by a job that follows, and by another what else
    tells of them (services/personal_data/seeking.py).

    `name` is the person's, typed by whoever does it. Raises NotAllowed, RecordNotFound, ValidationFailed.
    """
    require_administrator(access)
    reason = " ".join(why.split())
    found = find_person(person_id)
    check(found, how, reason, name)

    def work(session: ClientSession) -> list[str]:
        person = find_person(person_id, session)
        traces = traces_of(person, session)
        others = [(register, object_id(register, one)) for register, one in also] if how == ERASE else []
        forget_letters(session, access, [*person.ids, *(one for _register, one in others)])
        digests = delete_made(session, files)
        forget_traces(session, access, person)
        if how == ERASE:
            erase_for_good(session, access, person)
            for register, one in others:
                erase_record(session, access, register, one)
        else:
            anonymise(session, access, person)
        what = What.PERSON_ERASED if how == ERASE else What.PERSON_ANONYMISED
        write(session, what, access.user_id, target=target_of_person(person.raw["_id"]),
              details={"reason": reason, "records": len(others), "files": len(digests)})  # fmt: skip
        forget_looks(session, person)
        forget_later(session, access, traces)
        return digests

    free_contents(in_transaction(work))
    wake()


def check(found: Found, how: str, reason: str, name: str) -> None:
    errors: dict[str, list[Any]] = {}
    if how not in (ERASE, ANONYMISE):
        errors["how"] = [_l("Choose from the list.")]
    elif how == ANONYMISE and found.deleted is not None:
        errors["how"] = [_l("Somebody in the recycle bin can only be erased. Restore them first to anonymise them.")]
    if not reason or len(reason) > LONGEST_WHY:
        errors["why"] = [_l("Say why in 1 to %(max)s characters, without the person’s name: the audit keeps it.",
                            max=LONGEST_WHY)]  # fmt: skip
    elif is_named(found, reason):
        errors["why"] = [_l("Leave the person’s name out: the audit keeps this text.")]
    if " ".join(name.split()).casefold() != " ".join(str(found.raw.get("name") or "").split()).casefold():
        errors["name"] = [_l("This is not the person’s name. Type it as it stands above.")]
    if errors:
        raise ValidationFailed(errors)


def is_named(found: Found, text: str) -> bool:
    name = str(found.raw.get("name") or "").strip()
    return bool(name) and name.casefold() in text.casefold()


# What other collections know


def forget_traces(session: ClientSession, access: Access, person: Found) -> None:
    """Messages, also those that went to an address of theirs without being theirs, notices, titles and addresses."""
    addresses = addresses_of(person, session)
    theirs = {"register": REGISTER, "record": {"$in": person.ids}}
    forget_messages(session, theirs)
    users = {one.lower() for one in User._get_collection().distinct("email", session=session)}
    others = [address for _channel, address in addresses if address not in users]
    if others:
        # Addresses of messages are as they were typed.
        same = [re.compile(f"^{re.escape(one)}$", re.IGNORECASE) for one in others]
        forget_messages(session, {"address": {"$in": same}})
    ids = "|".join(str(one) for one in person.ids)
    Notice._get_collection().delete_many({"url": {"$regex": ids}}, session=session)
    hold_back(session, access, addresses)


def hold_back(session: ClientSession, access: Access, addresses: Iterable[tuple[str, str]]) -> None:
    """Keep each address as one that gets no marketing, unreadably, in the place of a readable one."""
    held = Suppressed._get_collection()
    for channel, address in sorted(addresses):
        gone = held.find_one_and_delete({"channel": channel, "address": address}, session=session)
        if gone is not None:
            Change._get_collection().delete_many({"register": "suppressed", "record": gone["_id"]}, session=session)
        document = {"reason": Reason.ERASED.value, "note": "", "at": now(), "by": access.user_id}
        held.update_one({"channel": channel, "address": hidden_address(address)}, {"$setOnInsert": document},
                        upsert=True, session=session)  # fmt: skip


def relationships_of(session: ClientSession, person: Found) -> list[ObjectId]:
    its = {"$or": [{"subject": {"$in": person.ids}}, {"object": {"$in": person.ids}}]}
    return [raw["_id"] for raw in Relationship._get_collection().find(its, {"_id": 1}, session=session)]


# Gone for good


def erase_for_good(session: ClientSession, access: Access, person: Found) -> None:
    past = {"register": "relationship", "record": {"$in": relationships_of(session, person)}}
    Change._get_collection().delete_many(past, session=session)
    for one in person.ids:
        erase_record(session, access, REGISTER, one)


def erase_record(session: ClientSession, access: Access, register: str, record_id: ObjectId) -> None:
    """A record, in its register or in the bin, with everything that is kept of it. Raises RecordNotFound."""
    if register not in REGISTERS:
        raise RecordNotFound(register, record_id)
    schema = schema_of(register)
    raw = schema.register.document._get_collection().find_one_and_delete({"_id": record_id}, session=session)
    if raw is not None:
        tell_followers(session, access, schema, [(raw, None)])
    DeletedRecord._get_collection().delete_one({"_id": record_id}, session=session)
    forget(session, register, record_id)


# Nobody's


def anonymise(session: ClientSession, access: Access, person: Found) -> None:
    """Leave what figures are made of: choices, owner, team and links. The history keeps who did what when, and of these
    alone what."""
    schema, before = schema_of(REGISTER), person.raw
    blank = {field.column: None for field, _value in schema.filled(before) if is_telling(schema, field.column)}
    after = finished(schema, before, {**blank, "name": _("Anonymised person")})
    after.pop("merged_from", None)
    after.update(version=before["version"] + 1, changed_at=now())
    replace_record(session, access, schema, before, after, Origin())
    for change in Change._get_collection().find({"register": REGISTER, "record": before["_id"]}, session=session):
        kept = {column: both for column, both in change["changes"].items() if not is_telling(schema, column)}
        Change._get_collection().update_one({"_id": change["_id"]}, {"$set": {"changes": kept}}, session=session)
    forget_past(session, REGISTER, before["_id"])
    mine = relationships_of(session, person)
    Relationship._get_collection().update_many({"_id": {"$in": mine}}, {"$unset": {"title": ""}}, session=session)
    Change._get_collection().delete_many({"register": "relationship", "record": {"$in": mine}}, session=session)
    for one in person.ids[1:]:
        erase_record(session, access, REGISTER, one)


def is_telling(schema: Schema, column: str) -> bool:
    """Whether a column's values could tell who it is; one that is no field any more may have been anything."""
    field = schema.get(column)
    return field is None or field.kind.name not in HARMLESS_KINDS
