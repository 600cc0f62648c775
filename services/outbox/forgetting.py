"""Messages to others in which somebody stands who is to be forgotten: reminders, digests, invitations, reports."""

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.outbox import Message, MessageState
from services.outbox.endings import CONTENT_FIELDS
from services.stored_texts import Unread, lines_in
from services.traces import Place, Traces, add_place, strings_in

Raw = dict[str, Any]
TEXTS = ("name", "subject", "text", "html", "values", "error")
ON_THEIR_WAY = (MessageState.WAITING.value, MessageState.SENDING.value)


def ended_messages(own: Sequence[ObjectId]) -> Iterable[Raw]:
    """Those that wait are still to go as they are: the database removes them when their time is over."""
    return Message._get_collection().find({"state": {"$nin": ON_THEIR_WAY}, "record": {"$nin": list(own)}},
                                          dict.fromkeys((*TEXTS, "attachments"), 1))  # fmt: skip


def texts_of(raw: Raw) -> Iterator[str]:
    for name in TEXTS:
        yield from strings_in(raw.get(name))
    for attached in raw.get("attachments") or ():
        yield attached["name"]
        try:
            yield from (text for _number, text in lines_in(attached["content_type"], io.BytesIO(attached["content"])))
        except Unread:
            continue


def forget_contents(session: ClientSession, messages: Sequence[Raw], _traces: Traces) -> None:
    """That they went stays, and to whom; what they said goes."""
    its = {"_id": {"$in": [raw["_id"] for raw in messages]}}
    gone = {"$set": dict.fromkeys(("name", "subject", "error"), ""),
            "$unset": dict.fromkeys(("content_until", *CONTENT_FIELDS), "")}  # fmt: skip
    Message._get_collection().update_many(its, gone, session=session)


add_place(Place("messages", _l("Messages to others"), ended_messages,
                _l("subject and content go from those that were sent"), forget_contents, texts_of))  # fmt: skip
