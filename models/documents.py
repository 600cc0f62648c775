"""The document register: the papers of a customer relationship (V15)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import mongoengine as me
from flask_babel import lazy_gettext as _l
from pymongo import ASCENDING, IndexModel

from models.base import Record
from models.fields.field import Choice
from models.fields.fixed import fixed
from models.file_types import TYPES, type_of
from models.registers import Register, add_register
from models.search_words import words_of

KINDS = (
    Choice("request", _l("Request for an offer"), "amber"),
    Choice("offer", _l("Offer"), "blue"),
    Choice("contract", _l("Contract"), "green"),
    Choice("letter", _l("Letter"), "violet"),
    Choice("other", _l("Other"), "grey"),
)
TAGS = (
    Choice("draft", _l("Draft"), "grey"),
    Choice("signed", _l("Signed"), "green"),
    Choice("confidential", _l("Confidential"), "red"),
)
#: What has become of reading the words in the file.
WAITING, READ, NO_TEXT, ENCRYPTED, DAMAGED, TOO_LARGE = "waiting", "read", "none", "encrypted", "damaged", "large"
READINGS = (
    Choice(WAITING, _l("Being read"), "blue"),
    Choice(READ, _l("Read"), "green"),
    Choice(NO_TEXT, _l("No text in it"), "grey"),
    Choice(ENCRYPTED, _l("Could not be read: protected by a password"), "amber"),
    Choice(DAMAGED, _l("Could not be read: damaged, or too much to read"), "red"),
    Choice(TOO_LARGE, _l("Not read: too large"), "amber"),
)
#: What the words of a file's name say of its kind, the first that fits; compared as the search box does.
TELLING = (
    ("request", r"tarjouspyynto\w*|request|requests|rfq|rfp|enquiry|inquiry"),
    ("offer", r"\w*tarjou(?:s|ksen|kset|ksia)|offer|offers|quote|quotation|proposal|tender"),
    ("contract", r"\w*sopimu(?:s|ksen|kset|ksia|sluonnos)|contract|contracts|agreement|nda|sla"),
    ("letter", r"\w*kirje|letter|letters|saate|saatekirje"),
)
LONGEST_NAME = 200
#: Characters of a file's text that are kept: some eighty pages.
MOST_TEXT = 200_000


class Document(Record):
    """A document: a file with its older versions, and the records that it belongs to.

    `read_file` is the file whose words `text` holds, or whose reading `reading` tells of.
    """

    register_key = "document"

    name = fixed("text", _l("Name"), required=True, max_length=LONGEST_NAME, in_list=True)
    kind = fixed("choice", _l("Kind"), choices=KINDS, extensible=True, in_list=True, in_head=True)
    tags = fixed("choices", _l("Tags"), choices=TAGS, extensible=True, in_head=True)
    description = fixed("long_text", _l("Description"))
    file = fixed("file_versions", _l("File"), read_only=True)
    type = fixed("choice", _l("File type"), choices=TYPES, read_only=True, derived=True, in_list=True)
    size = fixed("file_size", _l("Size"), read_only=True, derived=True, indexed=True, in_list=True, in_head=True)
    companies = fixed("links", _l("Companies"), target="company", section="classification", in_list=True, in_head=True)
    people = fixed("links", _l("People"), target="person", section="classification")
    opportunities = fixed("links", _l("Opportunities"), target="opportunity", section="classification")
    campaigns = fixed("links", _l("Campaigns"), target="campaign", section="classification")
    mailings = fixed("links", _l("Mailings"), target="mailing", section="classification")
    activities = fixed("links", _l("Activities"), target="activity", section="classification")
    products = fixed("links", _l("Products"), target="product", section="classification")
    dated_on = fixed("date", _l("Date"), indexed=True, in_list=True, in_head=True)
    owner = fixed("user", _l("Owner"), section="record", order=910, in_list=True)
    reading = fixed("choice", _l("Reading of the text"), choices=READINGS, read_only=True, derived=True,
                    section="extra")  # fmt: skip
    text = fixed("file_text", _l("Text of the file"), read_only=True, derived=True, section="extra",
                 max_length=MOST_TEXT)  # fmt: skip
    read_file = me.ObjectIdField()

    meta = {"collection": "document"}

    @classmethod
    def derive(cls, document: dict[str, Any]) -> dict[str, Any]:
        """Size and type of the file as it is now; the text of another one goes, and waits to be read anew."""
        versions = document.get("file")
        if not versions:
            return document | dict.fromkeys(("size", "type", "reading", "text", "read_file"))
        last = versions[-1]
        found = document | {"size": last["size"], "type": type_of(last["content_type"])}
        if document.get("read_file") != last["file"]:
            found |= {"read_file": last["file"], "reading": WAITING, "text": None}
        return found

    @classmethod
    def as_read(cls, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The text is written when it has been read, which makes no new version: who has not seen it reads again."""
        return {**super().as_read(raw), "reading": raw.get("reading")}

    @classmethod
    def index_models(cls) -> list[IndexModel]:
        return [
            *super().index_models(),
            IndexModel([("file.file", ASCENDING)], name="by_file", sparse=True),
            IndexModel([("file.sha256", ASCENDING)], name="by_content", sparse=True),
        ]


def kind_told_by(name: str, offered: Sequence[str]) -> str:
    """The kind that the words of a file's name tell of, if it is among the offered ones; "" for none."""
    words = words_of(name)
    found = (kind for kind, pattern in TELLING if any(re.fullmatch(pattern, word) for word in words))
    return next((kind for kind in found if kind in offered), "")


def name_of_file(name: str) -> str:
    """What a document is called after its file: the name without its ending."""
    stem, _point, ending = name.rpartition(".")
    return (stem if stem and len(ending) <= 5 else name)[:LONGEST_NAME].strip() or name[:LONGEST_NAME]


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
        holds_files=True,
    )
)
