"""The document register: the papers of a customer relationship (V15)."""

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.registers import Register, add_register

KINDS = (
    Choice("request", _l("Request for an offer"), "amber"),
    Choice("offer", _l("Offer"), "blue"),
    Choice("contract", _l("Contract"), "green"),
    Choice("letter", _l("Letter"), "violet"),
    Choice("other", _l("Other"), "grey"),
)


class Document(Record):
    """A document: a file with its older versions, and the records that it belongs to."""

    register_key = "document"

    name = fixed("text", _l("Name"), required=True, max_length=200, in_list=True)
    kind = fixed("choice", _l("Kind"), choices=KINDS, extensible=True, in_list=True, in_head=True)
    companies = fixed("links", _l("Companies"), target="company", in_list=True, in_head=True)
    people = fixed("links", _l("People"), target="person")
    opportunities = fixed("links", _l("Opportunities"), target="opportunity")
    campaigns = fixed("links", _l("Campaigns"), target="campaign")
    dated_on = fixed("date", _l("Date"), indexed=True, in_list=True, in_head=True)
    description = fixed("long_text", _l("Description"))

    meta = {"collection": "document"}


DOCUMENTS = add_register(
    Register(
        key="document",
        document=Document,
        label=_l("Documents"),
        singular=_l("Document"),
        add_label=_l("Add document"),
        path="/documents",
        icon="files",
        name_weight=0.0,
        label_fields=("name", "kind", "dated_on"),
    )
)
