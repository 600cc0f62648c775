"""Keys by which programs use REST, in place of somebody's name and password."""

from typing import Any, ClassVar

import mongoengine as me

#: What every key begins with, so that people and scanners of code know one when they see it.
PREFIX = "kortisto_"
#: So many of a key's characters are kept and shown, to tell one from another.
SHOWN = len(PREFIX) + 4


class ApiKey(me.Document):
    """A program's key: it has `roles`, and what it makes belongs to `owner`.

    Of the key itself only its SHA-256 is kept. It is good until the end of the day `ends_on`, or for ever without one,
    as long as it is not revoked and its owner is active.
    """

    name = me.StringField(required=True)
    digest = me.StringField(required=True)
    shown = me.StringField(required=True)
    roles = me.ListField(me.ObjectIdField())
    owner = me.ObjectIdField(required=True)
    ends_on = me.DateTimeField()
    made_at = me.DateTimeField(required=True)
    made_by = me.ObjectIdField()
    used_at = me.DateTimeField()
    revoked_at = me.DateTimeField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "api_key",
        "auto_create_index": False,
        "indexes": [{"fields": ["digest"], "unique": True}],
    }
