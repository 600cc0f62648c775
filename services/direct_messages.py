"""What staff write to one recipient from a record's page: a message and the activity that notes it, both or neither.

It waits a moment before it goes, so that it can be taken back.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.activities import DONE
from models.base import stored_value
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.outbox import DIRECT, MAIL, SMS
from models.registers import Register, register_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.activity_log import links_to
from services.outbox.changing import Unchangeable, call_off
from services.outbox.queueing import queue_messages
from services.outbox.reading import find_message
from services.records import SCREEN, RecordNotFound, create_records, get_record, move_to_bin, now
from services.repeating import REGISTER as ACTIVITY
from services.security import find_document
from services.values import context_of

Raw = dict[str, Any]
#: So long it can be taken back.
TAKEN_BACK = dt.timedelta(seconds=10)
LONGEST_SUBJECT, LONGEST_TEXT = 200, 20_000
#: Channel -> the kind of field that holds its addresses, and the kind of activity that notes what was sent.
KIND_OF_FIELD = {MAIL: "email", SMS: "phone"}
KIND_OF_ACTIVITY = {MAIL: "email", SMS: "sms"}


@dataclass(frozen=True)
class Recipient:
    """Whom a message would go to: the record, and its addresses for the channel, (value, as it is read) each."""

    raw: Raw
    card: Register
    addresses: list[tuple[str, str]]

    @property
    def name(self) -> str:
        return str(self.raw.get("name") or "")


def channels_to(access: Access, card: Register, raw: Raw) -> list[str]:
    """The ways by which the user may write to a record that is seen already."""
    if not (access.allows(card.key, "send", raw) and access.may(ACTIVITY, "add") and links_to(access, card)):
        return []
    return [channel for channel in KIND_OF_FIELD if addresses_of(access, card, raw, channel)]


def addresses_of(access: Access, card: Register, raw: Raw, channel: str) -> list[tuple[str, str]]:
    """The record's addresses for a channel out of the fields that the user sees, each once."""
    context, found = context_of(access), {}
    for field in schema_of(card.key).for_access(access).fields:
        if field.kind.name == KIND_OF_FIELD[channel] and (value := stored_value(field, raw)):
            found[str(value)] = field.kind.text(value, field, context)
    return list(found.items())


def recipient_of(access: Access, register: str, record_id: Any, channel: str) -> Recipient:
    """Raises RecordNotFound, NotAllowed."""
    if channel not in KIND_OF_FIELD:
        raise RecordNotFound(register, record_id)
    raw, card = get_record(access, register, record_id, "send"), register_of(register)
    if not access.may(ACTIVITY, "add") or not links_to(access, card):
        raise NotAllowed(_l("You may not enter activities, and what is sent is noted as one. "
                            "Ask an administrator for the right."))  # fmt: skip
    addresses = addresses_of(access, card, raw, channel)
    if not addresses:
        raise NotAllowed(_l("There is nothing to send to: no address that you may see."))
    return Recipient(raw, card, addresses)


def reply_address(access: Access) -> str:
    """Where answers to the user's messages come."""
    return str(find_document("user", access.user_id).get("email") or "")


def send_direct(access: Access, recipient: Recipient, channel: str, typed: Mapping[str, str]) -> ObjectId:
    """Queue a message of `subject`, `text` and `address`, and note it as an activity; answers the message's id.

    Call `services.rounds.wake` afterwards. Raises ValidationFailed, NotAllowed, BulkFailed.
    """
    values = checked(recipient, channel, typed)
    user, message_id, due_at = find_document("user", access.user_id), ObjectId(), now() + TAKEN_BACK
    name = " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))
    link = links_to(access, recipient.card)[0]
    own = recipient.raw["_id"]
    noted = {"kind": KIND_OF_ACTIVITY[channel], "name": values["subject"], "text": values["text"], "state": DONE,
             "starts_at": now(), link.column: [own] if link.kind.name == "links" else own}  # fmt: skip

    def work(session: ClientSession) -> None:
        (activity,) = create_records(access, ACTIVITY, [{name: value for name, value in noted.items() if value}],
                                     session=session)  # fmt: skip
        queue_messages(session, [{
            "_id": message_id, "channel": channel, "purpose": DIRECT, "user": access.user_id, "due_at": due_at,
            "register": recipient.card.key, "record": own, "name": recipient.name, "activity": activity["_id"],
            "sender_name": name, "reply_to": user.get("email") or "", **values,
        }])  # fmt: skip

    in_transaction(work)
    return message_id


def checked(recipient: Recipient, channel: str, typed: Mapping[str, str]) -> dict[str, str]:
    """What was typed, with line ends as programs have them. Raises ValidationFailed."""
    text = typed.get("text", "").replace("\r\n", "\n").strip()
    subject = " ".join(typed.get("subject", "").split()) if channel == MAIL else ""
    address, errors = typed.get("address", ""), {}
    if address not in dict(recipient.addresses):
        errors["address"] = [_l("Choose one of the record's own addresses.")]
    if not text:
        errors["text"] = [_l("Write what to send.")]
    if channel == MAIL and not subject:
        errors["subject"] = [_l("Write what to send.")]
    if errors:
        raise ValidationFailed(errors)
    return {"address": address, "text": text[:LONGEST_TEXT], "subject": subject[:LONGEST_SUBJECT]}


def take_back(access: Access, message_id: Any) -> None:
    """Leave the user's own message unsent, and have its activity gone, while it waits. Raises RecordNotFound,
    Unchangeable."""
    raw = find_message(access, message_id)
    if raw["purpose"] != DIRECT or raw.get("user") != access.user_id:
        raise RecordNotFound("message", message_id)

    def work(session: ClientSession) -> None:
        if not call_off(session, raw):
            raise Unchangeable(_l("The message has gone already."))
        schema = schema_of(ACTIVITY)
        noted = schema.register.document._get_collection().find_one({"_id": raw.get("activity")}, session=session)
        # Whoever changed or deleted it meanwhile has made it their own.
        if noted is not None and noted["version"] == 1:
            move_to_bin(session, access, schema, noted, SCREEN)

    in_transaction(work)
