"""Who looked at what in the data console."""

from typing import Any, ClassVar

import mongoengine as me


class Look(me.Document):
    """One page of the console that somebody opened; written before it is shown, never changed after."""

    at = me.DateTimeField(required=True)
    by = me.ObjectIdField(required=True)
    page = me.StringField(required=True, choices=["collections", "documents", "document", "indexes", "files", "looks"])
    collection = me.StringField()
    #: The filter or the id that was asked for, as extended JSON.
    detail = me.StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "console_look", "auto_create_index": False, "indexes": ["at"], "ordering": ["-at"],
    }  # fmt: skip
