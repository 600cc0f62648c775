"""How long messages are kept once they have come to their end."""

import datetime as dt
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.outbox import KEPT_SECONDS, Message, MessageState
from services.records import now

Raw = dict[str, Any]
KEPT = dt.timedelta(seconds=KEPT_SECONDS)
#: What goes when a message stays in a history without its content.
CONTENT_FIELDS = ("values", "text", "html", "attachments")


def ended(moment: dt.datetime, *, history: bool) -> Raw:
    """What is noted of a message that came to its end: one in a history loses its content, any other goes whole."""
    return {"content_until": moment + KEPT} if history else {"ended_at": moment}


def not_ended() -> Raw:
    """What is taken away from a message that is sent again after all."""
    return {"content_until": "", "ended_at": ""}


def forget_contents() -> None:
    """Take away the content of messages in histories whose time has come."""
    Message._get_collection().update_many(
        {"content_until": {"$lt": now()}}, {"$unset": dict.fromkeys(("content_until", *CONTENT_FIELDS), "")}
    )


def forget_recipient(session: ClientSession, register: str, record_id: ObjectId) -> None:
    """Of a record that is gone for good nothing stays in the outbox but that messages went; what waits goes no more."""
    forget_messages(session, {"register": register, "record": record_id})


def forget_messages(session: ClientSession, its: Raw) -> None:
    """The same of all messages that a condition holds for."""
    messages = Message._get_collection()
    waiting = {**its, "state": MessageState.WAITING.value}
    messages.update_many(waiting, {"$set": {"state": MessageState.CANCELLED.value}}, session=session)
    unknown = dict.fromkeys(("address", "name", "subject", "error"), "")
    # A key has the address in it.
    messages.update_many(its, {"$set": unknown, "$unset": dict.fromkeys(("key", "content_until", *CONTENT_FIELDS), "")},
                         session=session)  # fmt: skip
