"""Trays: the start page of a role, made of tools and figures, and how users have arranged theirs."""

from typing import Any, ClassVar

import mongoengine as me

#: How much room a tool takes: a place in the row of figures, one column, two.
FIGURE, NARROW, WIDE = "figure", "narrow", "wide"


class Tray(me.Document):
    """The tray of some roles: {"id", "tool", "size", "options"} for each of its tools, in their order.

    `ready` is the key of one that comes with the program (services/ready_trays.py); its `label` and `tools` are the
    program's own while they are None. `before` holds the tools before the last change of them; `named` counts how often
    name and roles were saved.
    """

    ready = me.StringField()
    label = me.DictField(default=None)
    roles = me.ListField(me.ObjectIdField())
    tools = me.ListField(me.DictField(), default=None)
    before = me.ListField(me.DictField(), default=None)
    named = me.IntField(default=0)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "tray",
        "auto_create_index": False,
        "indexes": ["roles", {"fields": ["ready"], "unique": True,
                              "partialFilterExpression": {"ready": {"$type": "string"}}}],
    }  # fmt: skip


class OwnTray(me.Document):
    """How a user has arranged a tray (`tray` is its key); `tools` None is as the role has it."""

    user = me.ObjectIdField(required=True)
    tray = me.StringField(required=True)
    tools = me.ListField(me.DictField(), default=None)
    before = me.ListField(me.DictField(), default=None)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "own_tray",
        "auto_create_index": False,
        "indexes": [{"fields": ["user", "tray"], "unique": True}, "tray"],
    }
