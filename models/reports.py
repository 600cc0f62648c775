"""Saved reports: what is counted of a register and how, for one person, for roles or for all."""

from typing import Any, ClassVar

import mongoengine as me

from models.saved_views import Audience

#: What a report is drawn as besides its table.
CHARTS = ("none", "bar", "stacked", "line", "pie")


class Report(me.Document):
    """A report's definition under a name (services/reports/definition.py), whom it is for, and when it is sent.

    `conditions` are nodes as search has them (models/fields/conditions.py); `groups` {"column", "by"}, `measures`
    {"how", "column", "by"}; all are checked against the reader's own fields when the report is read. `limit` 0 means
    all rows, `as_of` is a past day ("2024-12-31"). `schedule` {"every", "weekday", "day", "hour", "users", "roles"}
    says when it goes out by e-mail and to whom; `sent_for` is the last moment that it was sent for
    (services/reports/schedules.py).
    """

    register = me.StringField(required=True)
    name = me.StringField(required=True, max_length=100)
    owner = me.ObjectIdField(required=True)
    audience = me.StringField(required=True, choices=[one.value for one in Audience])
    roles = me.ListField(me.ObjectIdField())
    conditions = me.ListField(me.DictField())
    groups = me.ListField(me.DictField())
    across = me.BooleanField(default=False)
    measures = me.ListField(me.DictField())
    chart = me.StringField(default="none", choices=CHARTS)
    order = me.StringField(default="groups")
    limit = me.IntField(default=0)
    as_of = me.StringField()
    schedule = me.DictField()
    sent_for = me.DateTimeField()
    created_at = me.DateTimeField(required=True)
    version = me.IntField(default=1)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "report",
        "auto_create_index": False,
        "indexes": ["owner", "roles", "schedule.every"],
        "ordering": ["name"],
    }
