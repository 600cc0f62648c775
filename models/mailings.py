"""The mailing register: one message to many, by e-mail or SMS (V13, V19)."""

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register

MAIL, SMS = "mail", "sms"
CHANNELS = (
    Choice(MAIL, _l("E-mail"), "violet"),
    Choice(SMS, _l("SMS"), "teal"),
)
MARKETING, NOTICE = "marketing", "notice"
#: A notice is what a customer must be told, whatever the customer said of marketing.
PURPOSES = (
    Choice(MARKETING, _l("Marketing"), "blue"),
    Choice(NOTICE, _l("Customer notice"), "grey"),
)
DRAFT, SENDING, PAUSED, SENT, CANCELLED = "draft", "sending", "paused", "sent", "cancelled"
STATES = (
    Choice(DRAFT, _l("Draft"), "grey"),
    Choice(SENDING, _l("Being sent"), "blue"),
    Choice(PAUSED, _l("Paused"), "amber"),
    Choice(SENT, _l("Sent"), "green"),
    Choice(CANCELLED, _l("Cancelled"), "red"),
)


class Mailing(Record):
    """A mailing; its recipients are the members of its segment as they are when it is sent."""

    register_key = "mailing"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    channel = fixed("choice", _l("Channel"), choices=CHANNELS, required=True, default=MAIL, in_list=True, in_head=True)
    purpose = fixed("choice", _l("Purpose"), choices=PURPOSES, required=True, default=MARKETING, in_list=True,
                    in_head=True)  # fmt: skip
    state = fixed("choice", _l("State"), choices=STATES, default=DRAFT, read_only=True, in_list=True, in_head=True)
    segment = fixed("link", _l("Segment"), target="segment", in_list=True, in_head=True)
    campaign = fixed("link", _l("Campaign"), target="campaign", in_list=True, in_head=True)
    subject = fixed("text", _l("Subject"), max_length=200, in_list=True)

    meta = {"collection": "mailing"}


MAILINGS = add_register(
    Register(
        key="mailing",
        document=Mailing,
        label=_l("Mailings"),
        singular=_l("Mailing"),
        add_label=_l("Add mailing"),
        path="/mailings",
        icon="send",
        mergeable=False,
        importable=False,
        name_weight=0.0,
        label_fields=("name", "state", "channel"),
    )
)
