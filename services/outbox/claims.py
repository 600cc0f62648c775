"""Whose a message is while it is sent: claimed by one worker, noted by it, given back when it is gone."""

import datetime as dt
import logging
from typing import Any

from pymongo import UpdateOne

from models.outbox import Message, MessageState, in_history
from services.leases import is_gone, new_holder
from services.outbox.endings import ended
from services.records import now

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: Sending one message takes no longer, with every answer of the server as late as the mailer allows.
LEASE = dt.timedelta(minutes=5)
#: After the first, second, … try that did not go through; two days in all. Then the message has failed.
DELAYS = tuple(dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 960, 960))
WAITING, SENDING = MessageState.WAITING.value, MessageState.SENDING.value
#: The index that gives what is due.
BY_DUE = "mailing_1_channel_1_state_1_due_at_1"
#: After these nothing more becomes of a message by itself.
ENDS = (MessageState.SENT, MessageState.SUPPRESSED)


def due_messages(among: Raw, limit: int) -> list[Raw]:
    """Those of no mailing or of one (`among`: mailing, channel) that may be taken, the longest due first; what is
    attached to them only by its name, for it may be large."""
    query = {**among, "state": WAITING, "due_at": {"$lte": now()}}
    found = Message._get_collection().find(query, {"attachments.content": 0}, hint=BY_DUE)
    return list(found.sort("due_at", 1).limit(limit))


def with_attachments(raw: Raw) -> Raw:
    """A message as `due_messages` gives it, with what is attached."""
    if not raw.get("attachments"):
        return raw
    whole = Message._get_collection().find_one({"_id": raw["_id"]}, {"attachments": 1}) or {}
    return {**raw, "attachments": whole.get("attachments") or []}


class Hand:
    """What one worker holds: one message at a time. That what became of one is noted and that the next is taken is one
    command to the database, so that a worker that is killed leaves one message open and not two."""

    def __init__(self) -> None:
        self.noted: tuple[Raw, UpdateOne] | None = None

    def take(self, found: Raw) -> Raw | None:
        """Take a message that was due when it was looked up; None where another worker was quicker, or where it was
        called off meanwhile."""
        moment = now()
        held = {"state": SENDING, "holder": new_holder(), "lease_until": moment + LEASE}
        free = {"_id": found["_id"], "state": WAITING, "attempts": found["attempts"]}
        taking = UpdateOne(free, {"$set": held, "$inc": {"attempts": 1}})
        if not self.write(taking):
            mine = {"_id": found["_id"], "holder": held["holder"]}
            if Message._get_collection().find_one(mine, {"_id": 1}) is None:
                return None
        return {**with_attachments(found), **held, "attempts": found["attempts"] + 1}

    def note(self, raw: Raw, state: MessageState, **values: Any) -> None:
        """Let go of a held message, with what became of it; stored by whatever is done next."""
        self.let_go()
        history = in_history(raw)
        over = state in ENDS or (history and state is MessageState.FAILED)
        end = ended(now(), history=history) if over else {}
        held = {"_id": raw["_id"], "state": SENDING, "holder": raw["holder"]}
        changes = {"$set": {"state": state.value, **end, **values}, "$unset": {"holder": "", "lease_until": ""}}
        self.noted = raw, UpdateOne(held, changes)

    def put_off(self, raw: Raw, error: str) -> None:
        """Wait for the next try, or fail after the last."""
        if raw["attempts"] > len(DELAYS):
            self.note(raw, MessageState.FAILED, error=error)
        else:
            self.note(raw, MessageState.WAITING, error=error, due_at=now() + DELAYS[raw["attempts"] - 1])

    def let_go(self) -> None:
        """Store what was noted."""
        if self.noted:
            self.write()

    def write(self, *taking: UpdateOne) -> bool:
        """Store what was noted and what is taken; whether both were still there to be written. A message that another
        worker has taken over is left to that one."""
        noted, self.noted = self.noted, None
        writes = [*([noted[1]] if noted else []), *taking]
        whole = Message._get_collection().bulk_write(writes).matched_count == len(writes)
        if noted and not whole and not taking:
            log.warning("message %s was taken over by another worker", noted[0]["message_id"])
        return whole


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
