"""Whose a message is while it is sent: claimed by one worker, noted by it, given back when it is gone."""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

from pymongo import ReturnDocument

from models.outbox import MAIL, Message, MessageState, in_history
from services.leases import is_gone, new_holder
from services.outbox.endings import ended
from services.outbox.mailings import rest
from services.records import now

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: Sending one message takes no longer, with every answer of the server as late as the mailer allows.
LEASE = dt.timedelta(minutes=5)
#: After the first, second, … try that did not go through; two days in all. Then the message has failed.
DELAYS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 960, 960))
SENDING = MessageState.SENDING.value
#: After these nothing more becomes of a message by itself.
ENDS = (MessageState.SENT, MessageState.SUPPRESSED)


def claim(channel: str = MAIL) -> Raw | None:
    """Take the message of no mailing that has been due longest, if there is one, for this worker alone."""
    return taken({"mailing": None, "channel": channel})


def claim_of_mailings(going: Sequence[Raw], after: Any = None) -> Raw | None:
    """Take one message of the mailings that are going; they take turns, beginning with the one that follows `after`."""
    later = [dispatch for dispatch in going if after is not None and dispatch["_id"] > after]
    for dispatch in [*later, *(one for one in going if one not in later)]:
        if (raw := taken({"mailing": dispatch["_id"], "channel": dispatch["channel"]})) is not None:
            return raw
        rest(dispatch)
    return None


def taken(among: Raw) -> Raw | None:
    moment = now()
    found: Raw | None = Message._get_collection().find_one_and_update(
        {**among, "state": MessageState.WAITING.value, "due_at": {"$lte": moment}},
        {"$set": {"state": SENDING, "holder": new_holder(), "lease_until": moment + LEASE}, "$inc": {"attempts": 1}},
        sort=[("due_at", 1)], return_document=ReturnDocument.AFTER,
    )  # fmt: skip
    return found


def release_abandoned() -> None:
    """Give back what killed workers were sending: of this machine at once, of others when their lease has run out.
    Marketing among it may have gone, and waits for staff to say so."""
    messages, sending = Message._get_collection(), {"state": SENDING}
    gone = [holder for holder in messages.distinct("holder", sending) if is_gone(holder)]
    abandoned = {**sending, "$or": [{"holder": {"$in": gone}}, {"lease_until": {"$lt": now()}}]}
    begun = {"$subtract": ["$lease_until", int(LEASE.total_seconds() * 1000)]}
    for among, values in (
        ({"marketing": True}, {"state": MessageState.UNCLEAR.value, "sent_at": begun}),
        ({"marketing": {"$ne": True}}, {"state": MessageState.WAITING.value}),
    ):
        messages.update_many({**abandoned, **among}, [{"$set": values}, {"$unset": ["holder", "lease_until"]}])


def put_off(raw: Raw, error: str) -> None:
    """Wait for the next try, or fail after the last."""
    if raw["attempts"] > len(DELAYS):
        note(raw, MessageState.FAILED, error=error)
    else:
        note(raw, MessageState.WAITING, error=error, due_at=now() + DELAYS[raw["attempts"] - 1])


def note(raw: Raw, state: MessageState, **values: Any) -> None:
    """Let go of a claimed message, unless another worker has taken it over."""
    held = {"_id": raw["_id"], "state": SENDING, "holder": raw["holder"]}
    history = in_history(raw)
    over = state in ENDS or (history and state is MessageState.FAILED)
    end = ended(now(), history=history) if over else {}
    changes = {"$set": {"state": state.value, **end, **values}, "$unset": {"holder": "", "lease_until": ""}}
    if not Message._get_collection().update_one(held, changes).matched_count:
        log.warning("message %s was taken over by another worker", raw["message_id"])
