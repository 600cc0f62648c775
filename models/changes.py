"""What was changed: one entry per save, and the recycle bin."""

from enum import StrEnum
from typing import Any

import mongoengine as me
from bson import ObjectId


class Source(StrEnum):
    """Whence a change came."""

    SCREEN = "screen"
    REST = "rest"
    IMPORT = "import"
    BULK = "bulk"
    SHELL = "shell"
    JOB = "job"
    UNDO = "undo"
    #: A recipient of marketing, at the link of a message.
    RECIPIENT = "recipient"
    #: A directory or a provider of logins, when somebody comes from there.
    OUTSIDE = "outside"


class Change(me.Document):
    """One save of one record: who, when, whence, batch, and {column: [before, after]}.

    Written in the transaction that writes the record; never changed after. A record that is gone for good leaves one
    entry, "purge", without values.
    """

    register = me.StringField(required=True)
    record = me.ObjectIdField(required=True)
    action = me.StringField(required=True, choices=["create", "update", "delete", "restore", "purge"])
    version = me.IntField(required=True)
    at = me.DateTimeField(required=True)
    by = me.ObjectIdField()
    source = me.StringField(required=True, choices=[source.value for source in Source])
    batch = me.StringField()
    changes = me.DictField()

    meta = {
        "collection": "change",
        "auto_create_index": False,
        "indexes": [
            ["batch", "_id"], "at", ["record", "-at"], {"fields": ["register", "record", "version"], "unique": True},
        ],
        "ordering": ["-at"],
    }


class DeletedRecord(me.Document):
    """A record in the recycle bin, whole as it was; its id stays its id. `merged_into` is the record that it was a
    duplicate of, `relationships` what became of its relationships then."""

    id = me.ObjectIdField(primary_key=True, default=ObjectId)
    register = me.StringField(required=True)
    name = me.StringField()
    document = me.DictField()
    deleted_at = me.DateTimeField(required=True)
    deleted_by = me.ObjectIdField()
    merged_into = me.ObjectIdField()
    relationships = me.DictField()
    batch = me.StringField()

    meta = {
        "collection": "recycle_bin",
        "auto_create_index": False,
        "indexes": ["deleted_at", "batch"],
        "ordering": ["-deleted_at"],
    }


def change_of(before: dict[str, Any], after: dict[str, Any]) -> dict[str, list[Any]]:
    """{column: [before, after]} for every column whose value differs."""
    if not before:
        return {column: [None, value] for column, value in after.items() if value is not None}
    columns = [*after, *(column for column in before if column not in after)]
    return {c: [before.get(c), after.get(c)] for c in columns if before.get(c) != after.get(c)}
