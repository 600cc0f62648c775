"""Calendars handed out to other programs by a secret address."""

from typing import Any, ClassVar

import mongoengine as me

USER, TEAM = "user", "team"


class CalendarFeed(me.Document):
    """The address of one user's or team's calendar. Of its secret the SHA-256 alone is kept, so that nobody who reads
    the database can open it; a new secret takes the place of the old one."""

    kind = me.StringField(required=True, choices=(USER, TEAM))
    whose = me.ObjectIdField(required=True)
    digest = me.StringField(required=True)
    language = me.StringField(default="en")
    made_at = me.DateTimeField(required=True)
    made_by = me.ObjectIdField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "calendar_feed",
        "auto_create_index": False,
        "indexes": [{"fields": ["kind", "whose"], "unique": True}, {"fields": ["digest"], "unique": True}],
    }
