"""The mailing register: one message to many, by e-mail or SMS (V13, V19)."""

from collections.abc import Mapping
from typing import Any

import mongoengine as me
from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register
from models.rights import Access

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
DRAFT, SCHEDULED, SENDING, PAUSED, SENT, CANCELLED = "draft", "scheduled", "sending", "paused", "sent", "cancelled"
STATES = (
    Choice(DRAFT, _l("Draft"), "grey"),
    Choice(SCHEDULED, _l("Scheduled"), "violet"),
    Choice(SENDING, _l("Being sent"), "blue"),
    Choice(PAUSED, _l("Paused"), "amber"),
    Choice(SENT, _l("Sent"), "green"),
    Choice(CANCELLED, _l("Cancelled"), "red"),
)
LANGUAGES = (
    Choice("fi", _l("Finnish")),
    Choice("en", _l("English")),
)
#: What it takes to order, hold and call off the sending: both, for it changes the mailing.
TO_SEND = ("change", "send")
#: What a mailing says and to whom: settled once its sending has been ordered.
CONTENT = ("subject", "preheader", "sender_name", "reply_to", "html", "text", "pictures")
SETTLED = ("channel", "purpose", "language", *CONTENT)
#: States in which not even the link to the segment matters to anybody but history.
OVER = (SENT, CANCELLED)
SETTLED_MESSAGE = _l("This mailing is being sent or was sent: what it says and to whom can't be changed any more. "
                     "Copy it as a new mailing.")  # fmt: skip


class Mailing(Record):
    """A mailing; its recipients are the members of its segment as they are when it is sent.

    `sending` is what the program keeps of its sending: {by: the user who ordered it, job: which makes its messages,
    left_out: {reason: count} once it was sent}.
    """

    register_key = "mailing"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    channel = fixed("choice", _l("Channel"), choices=CHANNELS, required=True, default=MAIL, in_list=True, in_head=True)
    purpose = fixed("choice", _l("Purpose"), choices=PURPOSES, required=True, default=MARKETING, in_list=True,
                    in_head=True)  # fmt: skip
    state = fixed("choice", _l("State"), choices=STATES, default=DRAFT, read_only=True, in_list=True, in_head=True)
    segment = fixed("link", _l("Segment"), target="segment", in_list=True, in_head=True)
    campaign = fixed("link", _l("Campaign"), target="campaign", in_list=True, in_head=True)
    language = fixed("choice", _l("Language"), choices=LANGUAGES, required=True, default="fi",
                     help=_l("Dates, numbers and the words about unsubscribing are written in it."))  # fmt: skip
    subject = fixed("text", _l("Subject"), max_length=200, in_list=True)
    preheader = fixed("text", _l("Preview line"), max_length=200,
                      help=_l("Mail programs show it after the subject, before the message is opened."))  # fmt: skip
    sender_name = fixed("text", _l("Sender's name"), max_length=100)
    reply_to = fixed("email", _l("Replies to"), help=_l("The address that answers go to."))
    html = fixed("mail_html", _l("Content"))
    text = fixed("long_text", _l("Plain text"),
                 help=_l("The whole text of an SMS. Of an e-mail, left empty, it is made of the content."))  # fmt: skip
    pictures = fixed("files", _l("Pictures"))
    starts_at = fixed("datetime", _l("Sending starts"), read_only=True, indexed=True)
    sent_at = fixed("datetime", _l("Sent at"), read_only=True, indexed=True, in_list=True, in_head=True)
    recipients = fixed("number", _l("Recipients"), read_only=True, indexed=True, in_list=True, in_head=True)
    went_out = fixed("number", _l("Sent messages"), read_only=True, indexed=True)
    sending = me.DictField()

    meta = {"collection": "mailing"}

    @classmethod
    def begin(cls, access: Access) -> dict[str, Any]:
        return {"state": DRAFT}

    @classmethod
    def settled(cls, before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
        """What it says and to whom, once its sending has been ordered."""
        state = before.get("state", DRAFT)
        if state == DRAFT:
            return {}
        kept = SETTLED if state in OVER else (*SETTLED, "segment")
        return {column: SETTLED_MESSAGE for column in kept if before.get(column) != after.get(column)}


MAILINGS = add_register(
    Register(
        key="mailing",
        document=Mailing,
        label=_l("Mailings"),
        singular=_l("Mailing"),
        add_label=_l("Add mailing"),
        path="/mailings",
        icon="send",
        sends=True,
        mergeable=False,
        importable=False,
        # What was sent belongs to its recipients' history.
        deletable=f"state={DRAFT}",
        name_weight=0.0,
        label_fields=("name", "state", "channel"),
    )
)
