"""How the pages of a register's records are laid out, for everybody or for a role."""

from typing import Any, ClassVar

import mongoengine as me

from models.fields.definitions import KeptByVersion

#: The columns of a record's page, and where blocks stand that it does not show.
COLUMNS = ("left", "middle", "right")
HIDDEN = "hidden"


class RecordLayout(me.Document):
    """The blocks of a record's page: `places` maps a column (or "hidden") to block keys in their order.

    `role` None is for everybody who has no role with a layout of its own.
    """

    register = me.StringField(required=True)
    role = me.ObjectIdField()
    places = me.DictField()
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "record_layout",
        "auto_create_index": False,
        "indexes": [{"fields": ["register", "role"], "unique": True}],
    }


@KeptByVersion
def saved_layouts() -> list[dict[str, Any]]:
    """All layouts that were saved (raw): every record page goes by them."""
    return list(RecordLayout._get_collection().find())
