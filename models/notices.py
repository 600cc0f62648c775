"""Notices: what the program tells one user on the page."""

from typing import Any, ClassVar

import mongoengine as me

KEPT_SECONDS = 90 * 86_400


class Notice(me.Document):
    """One thing told to one user. `kind` and `params` make its text, in the language of whoever reads it.

    `key` is its sender's name for it: the same user is told the same key once.
    """

    user = me.ObjectIdField(required=True)
    kind = me.StringField(required=True)
    params = me.DictField()
    url = me.StringField(default="")
    at = me.DateTimeField(required=True)
    read_at = me.DateTimeField()
    key = me.StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "notice",
        "auto_create_index": False,
        "indexes": [
            ["user", "-at"], ["user", "read_at"],
            {"fields": ["user", "key"], "unique": True, "partialFilterExpression": {"key": {"$type": "string"}}},
            {"fields": ["at"], "expireAfterSeconds": KEPT_SECONDS},
        ],
        "ordering": ["-at"],
        "strict": False,
    }  # fmt: skip
