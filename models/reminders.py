"""Reminders of activities: one document for each user and moment."""

from enum import StrEnum
from typing import Any, ClassVar

import mongoengine as me


class ReminderState(StrEnum):
    """waiting -> told or cancelled."""

    WAITING = "waiting"
    TOLD = "told"
    CANCELLED = "cancelled"


#: Older ones are told no more, and tell no more that they were told: the database removes them.
KEPT_SECONDS = 400 * 86_400


class Reminder(me.Document):
    """At `at` the user is told of the activity, which begins (or is due) at `starts`. Times are UTC."""

    activity = me.ObjectIdField(required=True)
    user = me.ObjectIdField(required=True)
    at = me.DateTimeField(required=True)
    starts = me.DateTimeField(required=True)
    state = me.StringField(required=True, choices=[state.value for state in ReminderState])
    ended_at = me.DateTimeField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "reminder",
        "auto_create_index": False,
        "indexes": [
            {"fields": ["activity", "user", "at"], "unique": True}, ["state", "at"],
            {"fields": ["at"], "expireAfterSeconds": KEPT_SECONDS},
        ],
        "strict": False,
    }  # fmt: skip
