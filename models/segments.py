"""The segment register: groups of customers, made of any search (V13)."""

from typing import Any, ClassVar

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.fields.query import FIXED
from models.registers import Register, add_register

LIVING = "living"
KINDS = (
    Choice(LIVING, _l("Living"), "green"),
    Choice(FIXED, _l("Fixed"), "blue"),
)
#: Whose records a segment holds.
MEMBERS = (
    Choice("company", _l("Companies"), "blue"),
    Choice("person", _l("People"), "green"),
)


class Segment(Record):
    """A group of companies or of people: a living one holds whatever matches now, a fixed one what was put into it."""

    register_key = "segment"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    members = fixed("choice", _l("Members"), choices=MEMBERS, required=True, default="company", in_list=True,
                    in_head=True)  # fmt: skip
    kind = fixed("choice", _l("Kind"), choices=KINDS, required=True, default=LIVING, in_list=True, in_head=True)
    conditions = fixed("conditions", _l("Conditions"), about="members")
    description = fixed("long_text", _l("Description"))

    meta = {"collection": "segment"}


class SegmentMember(me.Document):
    """That a record was put into a fixed segment; `merged_from` the record that was merged into it and was there
    before."""

    segment = me.ObjectIdField(required=True)
    record = me.ObjectIdField(required=True)
    at = me.DateTimeField(required=True)
    by = me.ObjectIdField()
    merged_from = me.ObjectIdField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "segment_member",
        "auto_create_index": False,
        "indexes": [{"fields": ["segment", "record"], "unique": True}, "record"],
    }


class SegmentSnapshot(me.Document):
    """Who was in a segment at a moment: `members` are their ids, 12 bytes each, in order and packed (zlib). `mailing`
    is what went to them then, None where somebody had them remembered."""

    segment = me.ObjectIdField(required=True)
    mailing = me.ObjectIdField()
    at = me.DateTimeField(required=True)
    by = me.ObjectIdField()
    count = me.IntField(required=True)
    members = me.BinaryField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "segment_snapshot",
        "auto_create_index": False,
        "indexes": [["segment", "-at"]],
    }


SEGMENTS = add_register(
    Register(
        key="segment",
        document=Segment,
        label=_l("Segments"),
        singular=_l("Segment"),
        add_label=_l("Add segment"),
        path="/segments",
        icon="users-group",
        mergeable=False,
        name_weight=0.0,
        label_fields=("name", "members", "kind"),
    )
)
