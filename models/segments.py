"""The segment register: groups of customers, made of any search (V13)."""

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register

LIVING, FIXED = "living", "fixed"
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
    description = fixed("long_text", _l("Description"))

    meta = {"collection": "segment"}


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
