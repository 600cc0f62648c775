"""Saved views: a list as somebody wants to see it again, for one person, a role or all."""

from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me


class Audience(StrEnum):
    """Whom a saved view is for."""

    ME = "me"
    ROLE = "role"
    ALL = "all"


class SavedView(me.Document):
    """Conditions, order, columns and grouping of a register's list under a name.

    `conditions` holds {"col", "opr", "value"} as a list's address gives them; they are checked when they are asked.
    Empty `columns` means those that the reader has chosen; `screen` is the one of the register's that shows it.
    """

    register = me.StringField(required=True)
    name = me.StringField(required=True, max_length=100)
    owner = me.ObjectIdField(required=True)
    audience = me.StringField(required=True, choices=[one.value for one in Audience])
    role = me.ObjectIdField()
    conditions = me.ListField(me.DictField())
    order = me.StringField(default="")
    direction = me.StringField(default="")
    columns = me.ListField(me.StringField())
    group = me.StringField(default="")
    screen = me.StringField(default="list")
    created_at = me.DateTimeField(required=True)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "saved_view",
        "auto_create_index": False,
        "indexes": ["register", "owner"],
        "ordering": ["name"],
    }
