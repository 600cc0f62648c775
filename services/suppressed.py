"""Addresses that get no marketing: looking at them, putting one there by hand, and taking one away again."""

import re
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source, change_of
from models.consent import ADDRESS_FIELDS, MAIL, Reason, Suppressed, normalised
from models.fields.context import Context
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.rights import Access
from models.transactions import in_transaction
from services.audit import note_change
from services.mail import is_address
from services.records import RecordNotFound, now, object_id
from services.security import require_administrator

Raw = dict[str, Any]
PAGE = 50
#: What a page can ask for at most: nobody reads on so far.
MAX_PAGE = 200
LONGEST_NOTE, LONGEST_SEARCH = 500, 100
REASON_LABELS: Mapping[str, Any] = {
    Reason.UNSUBSCRIBED.value: _l("Unsubscribed"),
    Reason.UNDELIVERABLE.value: _l("Refused by the mail server"),
    Reason.BY_HAND.value: _l("Put there by hand"),
    Reason.ERASED.value: _l("The person was erased"),
}


def list_suppressed(access: Access, typed: str = "", page: int = 0) -> tuple[list[Raw], bool]:
    """(one page of the addresses that hold what was typed, the newest first; whether there is more). Raises
    NotAllowed."""
    rows = some_suppressed(access, typed, page * PAGE, PAGE + 1)
    return rows[:PAGE], len(rows) > PAGE


def some_suppressed(access: Access, typed: str, first: int, most: int) -> list[Raw]:
    """At most so many of the addresses that hold what was typed, from that place on, the newest first. Raises
    NotAllowed."""
    require_administrator(access)
    found = Suppressed._get_collection().find(asked_for(typed)).sort([("at", -1), ("_id", -1)])
    return list(found.skip(first).limit(most))


def count_suppressed(access: Access, typed: str) -> int:
    """How many addresses hold what was typed. Raises NotAllowed."""
    require_administrator(access)
    return Suppressed._get_collection().count_documents(asked_for(typed))


def get_suppressed(access: Access, pk: Any) -> Raw:
    """One address (raw). Raises NotAllowed, RecordNotFound."""
    require_administrator(access)
    raw = Suppressed._get_collection().find_one({"_id": object_id("suppressed", pk)})
    if raw is None:
        raise RecordNotFound("suppressed", pk)
    return dict(raw)


def asked_for(typed: str) -> Raw:
    text = "".join(typed[:LONGEST_SEARCH].split()).lower()
    return {"address": {"$regex": re.escape(text)}} if text else {}


def add_suppressed(access: Access, values: Mapping[str, Any], *, source: Source = Source.SCREEN) -> Raw:
    """Send no more marketing to {channel, address}, with a `note` why. Raises NotAllowed, ValidationFailed."""
    require_administrator(access)
    channel, note = str(values.get("channel") or MAIL), " ".join(str(values.get("note") or "").split())
    errors: dict[str, list[Any]] = {}
    if channel not in ADDRESS_FIELDS:
        errors["channel"] = [_l("Choose from the list.")]
    if len(note) > LONGEST_NOTE:
        errors["note"] = [_l("Too long: at most %(max)s characters, this has %(length)s.",
                             max=LONGEST_NOTE, length=len(note))]  # fmt: skip
    address = "" if "channel" in errors else clean_address(channel, values.get("address"), errors)
    if errors:
        raise ValidationFailed(errors)
    raw = {"_id": ObjectId(), "channel": channel, "address": address, "reason": Reason.BY_HAND.value, "note": note,
           "at": now(), "by": access.user_id}  # fmt: skip

    def work(session: ClientSession) -> None:
        Suppressed._get_collection().insert_one(dict(raw), session=session)
        tell(session, access, "create", {}, raw, source)

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise ValidationFailed({"address": [_l("This address gets no marketing already.")]}) from error
    return raw


def clean_address(channel: str, raw: Any, errors: dict[str, list[Any]]) -> str:
    """The address as it is kept; what is wrong with it goes into `errors`."""
    text = str(raw or "").strip()[:320]
    if not text:
        errors["address"] = [_l("Give an address.")]
    elif channel == MAIL and not is_address(text):
        errors["address"] = [_l("“%(value)s” is not an e-mail address.", value=text[:80])]
    elif channel != MAIL:
        kind = KINDS["phone"]
        try:
            text = kind.parse_value(text, Field("address", kind, ""), Context())
        except FieldError as error:
            errors["address"] = [error.message]
    return normalised(channel, text)


def remove_suppressed(access: Access, pk: Any, why: Any, *, source: Source = Source.SCREEN) -> Raw:
    """Let marketing go to an address again, for a reason that is kept. Raises NotAllowed, RecordNotFound,
    ValidationFailed."""
    require_administrator(access)
    note = " ".join(str(why or "").split())[:LONGEST_NOTE]
    if not note:
        raise ValidationFailed({"why": [_l("Say why marketing may go there again: the customer asked for it, or the "
                                           "address was wrong.")]})  # fmt: skip
    key = object_id("suppressed", pk)

    def work(session: ClientSession) -> Raw:
        raw = Suppressed._get_collection().find_one_and_delete({"_id": key}, session=session)
        if raw is None:
            raise RecordNotFound("suppressed", pk)
        tell(session, access, "delete", raw, {**raw, "note": note, "removed": True}, source)
        return dict(raw)

    return in_transaction(work)


def tell(session: ClientSession, access: Access, action: str, before: Raw, after: Raw, source: Source) -> None:
    """A change entry: an address that gets marketing again must be explained for years."""
    told: list[Raw] = [{name: raw[name] for name in ("channel", "address", "reason", "note", "removed") if name in raw}
                       for raw in (before, after)]  # fmt: skip
    note_change(session, {
        "register": "suppressed", "record": after["_id"], "action": action, "version": 2 if before else 1,
        "at": now(), "by": access.user_id, "source": source.value, "batch": None,
        "changes": change_of(*told)}, after)  # fmt: skip
