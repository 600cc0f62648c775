"""The outbox: messages queued in the transaction of what they tell of, and sent by whichever worker takes them.

A message is claimed before it is sent and noted after the server took it. A worker that is killed in between leaves
that one message to the next, which repeats it with the same Message-ID; nothing else is sent twice, and none is lost.
"""

import datetime as dt
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask import current_app
from flask_babel import lazy_gettext as _l
from pymongo import ReturnDocument, UpdateOne
from pymongo.client_session import ClientSession

from models.outbox import Message, MessageState, new_message_id
from models.rights import Access
from models.told import Told
from models.transactions import in_transaction
from services.leases import is_gone, new_holder
from services.mail import Mailer, Refused, Unreachable, Unsent, email_of, mail_domain, smtp_is_set
from services.records import RecordNotFound, now, object_id
from services.security import find_document, require_administrator

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: Sending one message takes no longer, with every answer of the server as late as the mailer allows.
LEASE = dt.timedelta(minutes=5)
#: After the first, second, … try that did not go through; two days in all. Then the message has failed.
DELAYS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 960, 960))
#: A round of sending ends after so many seconds: reminders that came due meanwhile have their turn.
ROUND_SECONDS = 30.0
MAX_ATTACHMENTS = 5 * 1024 * 1024
PAGE = 50
MAX_PAGE = 10_000


class Unchangeable(Told):
    """The message's state does not allow it any more."""


# Queueing


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
    """Store many messages at once, each as the arguments of `queue_message`."""
    domain, moment = mail_domain(), now()
    writes = [queueing(message, domain, moment) for message in messages]
    if writes:
        Message._get_collection().bulk_write(writes, ordered=False, session=session)


def queueing(message: Mapping[str, Any], domain: str, moment: dt.datetime) -> UpdateOne:
    if sum(len(one["content"]) for one in message.get("attachments") or ()) > MAX_ATTACHMENTS:
        raise ValueError("attachments are larger than a message may be")
    raw: Raw = {
        "channel": "mail", "message_id": new_message_id(domain), "state": MessageState.WAITING.value, "attempts": 0,
        "error": "", "created_at": moment, **message, "due_at": message.get("due_at") or moment,
    }  # fmt: skip
    key = raw.pop("key", "")
    return UpdateOne({"key": key} if key else {"message_id": raw.pop("message_id")}, {"$setOnInsert": raw}, upsert=True)


# Sending


def send_due(seconds: float = ROUND_SECONDS) -> int:
    """Send what is due, one message after the other over one connection; answers how many were sent.

    Ends when nothing is due, when the server can't be reached or after so many seconds. Without a server all wait.
    """
    if not smtp_is_set():
        return 0
    release_abandoned()
    sent, deadline = 0, time.monotonic() + seconds
    with Mailer(current_app.config["SMTP_URL"]) as mailer:
        while time.monotonic() < deadline and (raw := claim()) is not None:
            try:
                sent += send_claimed(mailer, raw)
            except Unreachable as error:
                log.warning("the SMTP server can't be reached: %s", error)
                break
    return sent


def release_abandoned() -> None:
    """Give back what killed workers were sending: of this machine at once, of others when their lease has run out."""
    messages, sending = Message._get_collection(), {"state": MessageState.SENDING.value}
    gone = [holder for holder in messages.distinct("holder", sending) if is_gone(holder)]
    messages.update_many(
        {**sending, "$or": [{"holder": {"$in": gone}}, {"lease_until": {"$lt": now()}}]},
        {"$set": {"state": MessageState.WAITING.value}, "$unset": {"holder": "", "lease_until": ""}},
    )


def claim() -> Raw | None:
    """Take the message that has been due longest, if there is one, for this worker alone."""
    moment = now()
    found: Raw | None = Message._get_collection().find_one_and_update(
        {"state": MessageState.WAITING.value, "due_at": {"$lte": moment}},
        {"$set": {"state": MessageState.SENDING.value, "holder": new_holder(), "lease_until": moment + LEASE},
         "$inc": {"attempts": 1}},
        sort=[("due_at", 1)], return_document=ReturnDocument.AFTER,
    )  # fmt: skip
    return found


def send_claimed(mailer: Mailer, raw: Raw) -> bool:
    """Send one claimed message and note what came of it. Raises Unreachable; the message waits for its next try."""
    try:
        mailer.send(email_of(raw))
    except Refused as error:
        note(raw, MessageState.FAILED, error=str(error))
    except Unsent as error:
        put_off(raw, str(error))
        if isinstance(error, Unreachable):
            raise
    else:
        note(raw, MessageState.SENT, error="", sent_at=now(), ended_at=now())
        return True
    return False


def put_off(raw: Raw, error: str) -> None:
    """Wait for the next try, or fail after the last."""
    if raw["attempts"] > len(DELAYS):
        note(raw, MessageState.FAILED, error=error)
    else:
        note(raw, MessageState.WAITING, error=error, due_at=now() + DELAYS[raw["attempts"] - 1])


def note(raw: Raw, state: MessageState, **values: Any) -> None:
    """Let go of a claimed message, unless another worker has taken it over."""
    held = {"_id": raw["_id"], "state": MessageState.SENDING.value, "holder": raw["holder"]}
    changes = {"$set": {"state": state.value, **values}, "$unset": {"holder": "", "lease_until": ""}}
    if not Message._get_collection().update_one(held, changes).matched_count:
        log.warning("message %s was taken over by another worker", raw["message_id"])


# What administrators see and do


def list_messages(access: Access, *, state: str = "", page: int = 0) -> tuple[list[Raw], bool]:
    """(one page of messages, newest first, without their contents; whether there is more). Raises NotAllowed."""
    require_administrator(access)
    found = Message._get_collection().find({"state": state} if state else {}, {"text": 0, "html": 0, "attachments": 0})
    rows = list(found.sort([("created_at", -1), ("_id", -1)]).skip(page * PAGE).limit(PAGE + 1))
    return rows[:PAGE], len(rows) > PAGE


def has_waiting() -> bool:
    return Message._get_collection().find_one({"state": MessageState.WAITING.value}, {"_id": 1}) is not None


def retry_message(access: Access, message_id: Any) -> None:
    """Send a failed message again. Raises NotAllowed, RecordNotFound, Unchangeable."""
    waiting = {"state": MessageState.WAITING.value, "due_at": now(), "attempts": 0}
    if not changed(access, message_id, [MessageState.FAILED], waiting):
        raise Unchangeable(_l("Only a message that failed can be sent again."))


def cancel_message(access: Access, message_id: Any) -> None:
    """Leave a waiting or failed message unsent. Raises NotAllowed, RecordNotFound, Unchangeable."""
    cancelled = {"state": MessageState.CANCELLED.value, "ended_at": now()}
    if not changed(access, message_id, [MessageState.WAITING, MessageState.FAILED], cancelled):
        raise Unchangeable(_l("The message can't be cancelled any more: it was sent, or is being sent just now."))


def changed(access: Access, message_id: Any, states: Sequence[MessageState], values: Raw) -> bool:
    """Change a message that is in one of these states; False where it is in another."""
    require_administrator(access)
    messages, key = Message._get_collection(), object_id("message", message_id)
    held = {"_id": key, "state": {"$in": [state.value for state in states]}}
    if messages.update_one(held, {"$set": values}).matched_count:
        return True
    if messages.find_one({"_id": key}, {"_id": 1}) is None:
        raise RecordNotFound("message", message_id)
    return False


def queue_test(access: Access, subject: str, text: str) -> str:
    """Queue a message to the administrator who asks; answers the address. Raises NotAllowed."""
    require_administrator(access)
    address = str(find_document("user", access.user_id)["email"])
    in_transaction(lambda session: queue_message(session, purpose="test", address=address, subject=subject, text=text,
                                                 user=access.user_id))  # fmt: skip
    return address
