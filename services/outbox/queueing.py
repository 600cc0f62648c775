"""Storing messages in the transaction of what they tell of."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from models.outbox import MAIL, Message, MessageState, new_message_id
from models.rights import Access
from models.transactions import in_transaction
from services.mail import mail_domain
from services.outbox.mailings import open_mailing
from services.records import now
from services.security import find_document, require_administrator

Raw = dict[str, Any]
MAX_ATTACHMENTS = 5 * 1024 * 1024


def queue_message(
    session: ClientSession, *, purpose: str, address: str, subject: str, text: str, html: str = "",
    user: ObjectId | None = None, key: str = "", attachments: Sequence[Mapping[str, Any]] = (),
    due_at: dt.datetime | None = None,
) -> None:  # fmt: skip
    """Store a message within the caller's transaction; call `services.rounds.wake` after the commit.

    A key that is there already queues nothing. `attachments` are {name, content_type, content, method}, 5 MB at most.
    """
    queue_messages(session, [{
        "purpose": purpose, "address": address, "subject": subject, "text": text, "html": html, "user": user,
        "key": key, "attachments": [dict(one) for one in attachments], "due_at": due_at,
    }])  # fmt: skip


def queue_messages(session: ClientSession, messages: Sequence[Mapping[str, Any]]) -> None:
    """Store many messages at once, each as the arguments of `queue_message`, or as further fields of `Message`.

    Those of a mailing have `mailing`, and wait behind all others.
    """
    domain, moment = mail_domain(), now()
    writes = [queueing(message, domain, moment) for message in messages]
    if not writes:
        return
    Message._get_collection().bulk_write(writes, ordered=False, session=session)
    mailings = {message["mailing"]: message.get("channel") or MAIL for message in messages if message.get("mailing")}
    for mailing, channel in mailings.items():
        open_mailing(session, mailing, channel)


def queueing(message: Mapping[str, Any], domain: str, moment: dt.datetime) -> UpdateOne:
    if sum(len(one["content"]) for one in message.get("attachments") or ()) > MAX_ATTACHMENTS:
        raise ValueError("attachments are larger than a message may be")
    raw: Raw = {
        "channel": MAIL, "message_id": new_message_id(domain), "state": MessageState.WAITING.value, "attempts": 0,
        "error": "", "created_at": moment, **message, "due_at": message.get("due_at") or moment,
    }  # fmt: skip
    key = raw.pop("key", "")
    return UpdateOne({"key": key} if key else {"message_id": raw.pop("message_id")}, {"$setOnInsert": raw}, upsert=True)


def queue_test(access: Access, subject: str, text: str, html: str = "") -> str:
    """Queue a message to the administrator who asks; answers the address. Raises NotAllowed."""
    require_administrator(access)
    address = str(find_document("user", access.user_id)["email"])
    in_transaction(lambda session: queue_message(session, purpose="test", address=address, subject=subject, text=text,
                                                 html=html, user=access.user_id))  # fmt: skip
    return address
