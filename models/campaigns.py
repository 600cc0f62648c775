"""The campaign register: what is done to reach a group of customers, and what came of it (V13)."""

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register

#: The block of its page that tells what came of it.
RESULTS = "results"
PLANNED, RUNNING, ENDED = "planned", "running", "ended"
STATES = (
    Choice(PLANNED, _l("Planned"), "grey"),
    Choice(RUNNING, _l("Running"), "green"),
    Choice(ENDED, _l("Ended"), "blue"),
)
KINDS = (
    Choice("mailing", _l("Mailing"), "blue"),
    Choice("event", _l("Event"), "violet"),
    Choice("fair", _l("Trade fair"), "orange"),
    Choice("calls", _l("Calls"), "green"),
    Choice("advertising", _l("Advertising"), "teal"),
    Choice("other", _l("Other"), "grey"),
)


class Campaign(Record):
    """A campaign; only the name is mandatory. Mailings, opportunities and activities link to it."""

    register_key = "campaign"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    kind = fixed("choice", _l("Kind"), choices=KINDS, extensible=True, in_list=True, in_head=True)
    state = fixed("choice", _l("State"), choices=STATES, default=PLANNED, in_list=True, in_head=True)
    segments = fixed("links", _l("Segments"), target="segment")
    starts_on = fixed("date", _l("Starts on"), indexed=True, in_list=True, in_head=True)
    ends_on = fixed("date", _l("Ends on"), indexed=True, in_list=True, in_head=True)
    budget = fixed("money", _l("Budget"), in_list=True)
    costs = fixed("money", _l("Costs"), in_list=True, help=_l("What it has cost so far."))
    goal = fixed("long_text", _l("Goal"))
    description = fixed("long_text", _l("Description"))

    meta = {"collection": "campaign"}


CAMPAIGNS = add_register(
    Register(
        key="campaign",
        document=Campaign,
        label=_l("Campaigns"),
        singular=_l("Campaign"),
        add_label=_l("Add campaign"),
        path="/campaigns",
        icon="speakerphone",
        name_weight=0.0,
        label_fields=("name", "state", "starts_on"),
        parts={RESULTS: ("related.segments", "related.mailing.campaign")},
    )
)
