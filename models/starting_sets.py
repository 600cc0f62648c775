"""What starting sets have made, so that it can be taken back."""

from typing import ClassVar

import mongoengine as me


class UsedSet(me.Document):
    """A starting set that was used; the id is its key.

    `made` tells what it made and changed: {part: "field", id}, {part: "choices", register, key, before},
    {part: "pipeline", key, before} or {part: "role", id, before}, each with the version that it had then, and
    {part: "tray", key, named}.
    """

    id = me.StringField(primary_key=True)
    at = me.DateTimeField(required=True)
    by = me.ObjectIdField()
    made = me.ListField(me.DictField())

    meta: ClassVar[dict[str, object]] = {"collection": "used_set", "auto_create_index": False}
