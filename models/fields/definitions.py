"""Definitions of custom fields, as documents, and the counter that tells every process that they changed."""

import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import mongoengine as me
from flask import has_request_context
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from models.fields.field import Choice, Field
from models.fields.kinds import KINDS

VERSION_ID = "fields"
#: Long work, which no request ends, looks for a new version so often (seconds).
LOOKS_AGAIN = 1.0
Kept = TypeVar("Kept")


class SchemaVersion(me.Document):
    """One document, counted up in the transaction of every change to a definition."""

    id = me.StringField(primary_key=True)
    n = me.IntField(default=0)

    meta = {"collection": "schema_version", "auto_create_index": False}


class FieldDefinition(me.Document):
    """A custom field of one register. `key` never changes; retiring hides the field and keeps its values.

    `label` and each choice's label map a language to text; `help` does too, or is one text for all.
    """

    register = me.StringField(required=True)
    key = me.StringField(required=True)
    kind = me.StringField(required=True, choices=list(KINDS))
    section = me.StringField(default="extra")
    label = me.DictField()
    help = me.DynamicField(default="")
    choices = me.ListField(me.DictField())
    required = me.BooleanField(default=False)
    default = me.DynamicField()
    order = me.IntField(default=0)
    in_list = me.BooleanField(default=False)
    in_head = me.BooleanField(default=False)
    target = me.StringField(default="")
    currency = me.StringField(default="EUR")
    retired = me.BooleanField(default=False)
    version = me.IntField(default=1)
    created_at = me.DateTimeField()
    changed_at = me.DateTimeField()

    meta = {
        "collection": "field_definition",
        "auto_create_index": False,
        "indexes": [{"fields": ["register", "key"], "unique": True}],
        "ordering": ["register", "order", "id"],
    }

    def __str__(self) -> str:
        return str(self.label.get("en") or self.key)

    def as_field(self) -> Field:
        return Field(
            key=self.key, kind=KINDS[self.kind], label=dict(self.label), section=self.section,
            # Custom fields follow the fixed ones of their section, in the administrator's order.
            order=1000 + self.order, help=self.help, required=self.required, default=self.default,
            choices=tuple(choice_of(item) for item in self.choices), custom=True, retired=self.retired,
            in_list=self.in_list, in_head=self.in_head, target=self.target, currency=self.currency,
            max_length=KINDS[self.kind].longest, id=str(self.pk or ""),
        )  # fmt: skip


def choice_of(item: dict[str, Any]) -> Choice:
    label = item.get("label") or item["key"]
    return Choice(item["key"], dict(label) if isinstance(label, dict) else label, item.get("colour", "grey"),
                  bool(item.get("retired")))  # fmt: skip


def remembered() -> dict[Any, Any]:
    """What is remembered for the length of one request."""
    # With it come Flask-AppBuilder and SQLAlchemy, 37 MB that libraries do without which know models' errors alone.
    from fab_mongo.request_cache import request_cache

    return request_cache()


def current_version() -> int:
    """The schema version now: one small read, once in a request."""
    cache = remembered()
    if VERSION_ID not in cache:
        cache[VERSION_ID] = _read_version()
    return cache[VERSION_ID]


def _read_version() -> int:
    found = SchemaVersion._get_collection().find_one({"_id": VERSION_ID}, {"n": 1})
    return found["n"] if found else 0


def bump_version(session: ClientSession) -> int:
    """Count the schema version up, in the transaction that changes a definition."""
    found = SchemaVersion._get_collection().find_one_and_update(
        {"_id": VERSION_ID}, {"$inc": {"n": 1}}, upsert=True, return_document=ReturnDocument.AFTER, session=session
    )
    return found["n"]


def forget_version() -> None:
    """Read the version anew within this request: after a change that the same request goes on with."""
    remembered().pop(VERSION_ID, None)
    KeptByVersion.forgotten += 1


class KeptByVersion(Generic[Kept]):
    """What is read of the settings once, and again when the schema version has moved: whoever changes it counts the
    version up. Called once for every record that is written, so that long work does not ask for the version each time.
    """

    forgotten = 0

    def __init__(self, read: Callable[[], Kept]) -> None:
        self.read = read
        self.version, self.looked, self.at = -1, 0.0, -1
        self.kept: Kept

    def __call__(self) -> Kept:
        fresh = self.at == self.forgotten and time.monotonic() - self.looked < LOOKS_AGAIN
        if fresh and self.version >= 0 and not has_request_context():
            return self.kept
        version = current_version()
        if version != self.version:
            # Read after the version: what changes in between is read twice rather than missed.
            self.kept, self.version = self.read(), version
        self.looked, self.at = time.monotonic(), self.forgotten
        return self.kept
