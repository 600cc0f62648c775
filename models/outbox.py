"""Outgoing messages: each is a document before it is sent, so that none is lost."""

from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me
from bson import ObjectId

#: So long a message that was sent or cancelled is kept.
KEPT_SECONDS = 90 * 86_400


class MessageState(StrEnum):
    """waiting -> sending -> sent or failed; waiting -> cancelled."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


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
    """

    channel = me.StringField(required=True, default="mail")
    purpose = me.StringField(required=True)
    address = me.StringField(required=True)
    user = me.ObjectIdField()
    subject = me.StringField(required=True)
    text = me.StringField(default="")
    html = me.StringField(default="")
    attachments = me.EmbeddedDocumentListField(Attachment)
    message_id = me.StringField(required=True, unique=True)
    key = me.StringField(unique=True, sparse=True)
    state = me.StringField(required=True, choices=[state.value for state in MessageState])
    attempts = me.IntField(default=0)
    error = me.StringField(default="")
    due_at = me.DateTimeField(required=True)
    created_at = me.DateTimeField(required=True)
    sent_at = me.DateTimeField()
    #: When it was sent or cancelled for good; the database removes it KEPT_SECONDS later.
    ended_at = me.DateTimeField()
    lease_until = me.DateTimeField()
    holder = me.StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "message",
        "auto_create_index": False,
        "indexes": [
            ["state", "due_at"], ["state", "-created_at"], "-created_at",
            {"fields": ["ended_at"], "expireAfterSeconds": KEPT_SECONDS},
        ],
        "ordering": ["-created_at"],
        "strict": False,
    }  # fmt: skip

    def __str__(self) -> str:
        return str(self.subject)


def new_message_id(domain: str) -> str:
    """A Message-ID that no other message has."""
    return f"<kortisto.{ObjectId()}@{domain}>"
