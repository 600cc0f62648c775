"""Outgoing messages: each is a document before it is sent, so that none is lost."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me
from bson import ObjectId
from flask_babel import lazy_gettext as _l

#: So long a message is kept that is in no record's history, and the content of one that is.
KEPT_SECONDS = 90 * 86_400
#: The ways that messages go.
MAIL, SMS = "mail", "sms"
CHANNELS = (MAIL, SMS)


class MessageState(StrEnum):
    """waiting -> sending -> sent, failed, unclear or suppressed; waiting -> cancelled.

    Of an unclear one nobody knows whether it went: the worker or the connection broke off while it did, and marketing
    is not sent twice. A suppressed one was never sent, because its recipient had refused by then.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNCLEAR = "unclear"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


class Readers(StrEnum):
    """Who reads what a message says, of those who may know of it."""

    ALL = "all"
    #: The user whom it was sent to: others' reminders may tell of what is private.
    USER = "user"
    #: What opens something (a password's link) is for its recipient's mailbox alone.
    NOBODY = "nobody"


@dataclass(frozen=True)
class Purpose:
    """Why messages are sent, as people call it."""

    label: Any
    readers: Readers


#: What staff write to one recipient, and what a mailing sends to many.
DIRECT, MAILING = "direct", "mailing"
#: What a user asks of whoever supports the organisation's users.
SUPPORT = "support"
#: A purpose that is not here is told by its key, and its content to nobody.
PURPOSES: Mapping[str, Purpose] = {
    MAILING: Purpose(_l("Mailing"), Readers.ALL),
    DIRECT: Purpose(_l("Personal message"), Readers.ALL),
    "invitation": Purpose(_l("Invitation"), Readers.USER),
    "reminder": Purpose(_l("Reminder"), Readers.USER),
    "digest": Purpose(_l("Daily digest"), Readers.USER),
    "report": Purpose(_l("Report"), Readers.USER),
    SUPPORT: Purpose(_l("Support request"), Readers.USER),
    "test": Purpose(_l("Test"), Readers.USER),
    "mailing_test": Purpose(_l("Test of a mailing"), Readers.USER),
}


class Attachment(me.EmbeddedDocument):
    """A small file that goes along. `method` is a calendar object's (REQUEST, CANCEL), which mail programs look for."""

    name = me.StringField(required=True, max_length=200)
    content_type = me.StringField(required=True)
    content = me.BinaryField(required=True)
    method = me.StringField()


class Message(me.Document):
    """One message to one address.

    `key` is its sender's name for it: queued twice, it is there once. `message_id` is made when it is stored, so that a
    repeated sending can be told as one. A worker holds it by `holder` until `lease_until`. Times are UTC.

    One to a record (`register`, `record`) stands in that record's history; `mailing` is the one that it belongs to. The
    content of some purposes is made when it is sent, out of `values` (services/message_content.py).
    """

    channel = me.StringField(required=True, default=MAIL, choices=CHANNELS)
    purpose = me.StringField(required=True)
    address = me.StringField(required=True)
    #: The recipient's name.
    name = me.StringField(default="")
    #: The user whom it is sent to, or for whom.
    user = me.ObjectIdField()
    register = me.StringField()
    record = me.ObjectIdField()
    mailing = me.ObjectIdField()
    #: Whether it needs the recipient's consent, and is never repeated unasked.
    marketing = me.BooleanField(default=False)
    values = me.DictField()
    subject = me.StringField(default="")
    text = me.StringField(default="")
    html = me.StringField(default="")
    attachments = me.EmbeddedDocumentListField(Attachment)
    sender_name = me.StringField()
    reply_to = me.StringField()
    message_id = me.StringField(required=True, unique=True)
    key = me.StringField(unique=True, sparse=True)
    state = me.StringField(required=True, choices=[state.value for state in MessageState])
    attempts = me.IntField(default=0)
    error = me.StringField(default="")
    due_at = me.DateTimeField(required=True)
    created_at = me.DateTimeField(required=True)
    sent_at = me.DateTimeField()
    #: When it came to its end, of a message in no history; the database removes it KEPT_SECONDS later.
    ended_at = me.DateTimeField()
    #: Until when the content is kept, of one in a history that came to its end.
    content_until = me.DateTimeField()
    #: The activity that notes a personal one.
    activity = me.ObjectIdField()
    #: Who said what became of an unclear one.
    settled_by = me.ObjectIdField()
    lease_until = me.DateTimeField()
    holder = me.StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "message",
        "auto_create_index": False,
        "indexes": [
            # What is due: of no mailing, and of each mailing.
            ["mailing", "channel", "state", "due_at"],
            # The outbox, newest first: whole, of one state, of a mailing; a record's history; one's own.
            ["state", "_id"], ["mailing", "state", "_id"], ["user", "_id"],
            {"fields": ["record", "-created_at"], "sparse": True},
            {"fields": ["content_until"], "sparse": True},
            {"fields": ["ended_at"], "expireAfterSeconds": KEPT_SECONDS},
        ],
        "ordering": ["-id"],
        "strict": False,
    }  # fmt: skip

    def __str__(self) -> str:
        return str(self.subject)


class DispatchState(StrEnum):
    """going <-> idle, as there are messages that wait or not; going or idle <-> paused; any -> cancelled -> swept."""

    GOING = "going"
    IDLE = "idle"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    SWEPT = "swept"


class Dispatch(me.Document):
    """How the messages of one mailing go: only those of one that is going are taken.

    Its id is the mailing's. So a mailing of any size is paused by one small write. `batches` counts what was queued,
    so that nobody calls it idle while more comes.
    """

    id = me.ObjectIdField(primary_key=True)
    channel = me.StringField(choices=CHANNELS)
    state = me.StringField(required=True, choices=[state.value for state in DispatchState])
    batches = me.IntField(default=0)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "dispatch", "auto_create_index": False, "indexes": [["state", "channel"]], "strict": False,
    }  # fmt: skip


class SendingRate(me.Document):
    """When the next message of a mailing may go by a channel (its id), for all workers of all machines."""

    id = me.StringField(primary_key=True)
    next_at = me.DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {"collection": "sending_rate", "auto_create_index": False, "strict": False}


def new_message_id(domain: str) -> str:
    """A Message-ID that no other message has."""
    return f"<kortisto.{ObjectId()}@{domain}>"


def in_history(raw: Mapping[str, Any]) -> bool:
    """Whether a message (raw) is part of a record's or a mailing's past, and stays when its content goes."""
    return bool(raw.get("record") or raw.get("mailing"))
