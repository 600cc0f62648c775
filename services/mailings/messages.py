"""What each message of a mailing says, made at the moment when it is sent: nothing is written ten thousand times."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import gettext as _

from models.mailings import MAIL, Mailing
from services import consent
from services.letters import public_url
from services.mailings.content import Rendered, composed
from services.mailings.merge_fields import UNSUBSCRIBE, header_text
from services.mailings.pictures import picture_content, used_pictures
from services.mailings.previewing import NO_LINK, TEST, test_subject
from services.outbox import Content, NoContent, makes_content, refuses_marketing

Raw = dict[str, Any]
PURPOSE = "mailing"
#: Who unsubscribes after the start gets nothing more of it.
refuses_marketing(consent.refusal)


@makes_content(PURPOSE)
def content_of_message(message: Mapping[str, Any]) -> Content:
    """What a recipient's message (raw) says. Raises NoContent."""
    raw = mailing_of(message.get("mailing"))
    url = consent.unsubscribe_url(message)
    values = {**dict(message.get("values", {}).get("texts") or ()), UNSUBSCRIBE: url}
    marketing_mail = message.get("marketing") and message.get("channel") == MAIL
    headers = consent.unsubscribe_headers(message) if marketing_mail else {}
    return content(raw, composed(raw).render(values), headers)


@makes_content(TEST)
def content_of_test(message: Mapping[str, Any]) -> Content:
    """What a test message (raw) says: the same, with a link that unsubscribes nobody. Raises NoContent."""
    raw = mailing_of(message.get("values", {}).get("mailing"))
    values = dict(message["values"].get("texts") or ())
    rendered = composed(raw).render({**values, UNSUBSCRIBE: public_url(NO_LINK)})
    return content(raw, Rendered(test_subject(raw, rendered.subject), rendered.text, rendered.html), {})


def content(raw: Raw, rendered: Rendered, headers: Mapping[str, str]) -> Content:
    if raw.get("channel") != MAIL:
        return Content(text=rendered.text)
    return Content(
        subject=rendered.subject, text=rendered.text, html=rendered.html, headers=headers,
        sender_name=header_text(str(raw.get("sender_name") or "")), reply_to=str(raw.get("reply_to") or ""),
        inline=[{"cid": str(file["_id"]), "name": file["name"], "content_type": file["content_type"],
                 "content": picture_content(file["sha256"], file["_id"])} for file in pictures_of(raw)],
    )  # fmt: skip


def pictures_of(raw: Raw) -> tuple[Raw, ...]:
    return pictures_at(raw["_id"], raw["version"])


@lru_cache(maxsize=8)
def pictures_at(mailing_id: ObjectId, version: int) -> tuple[Raw, ...]:
    """The files that a version of a mailing shows; asked for once by a worker that sends thousands of messages."""
    raw = Mailing._get_collection().find_one({"_id": mailing_id, "version": version})
    return tuple(used_pictures(raw or {}))


def mailing_of(mailing_id: Any) -> Raw:
    """Raises NoContent where it is gone."""
    try:
        raw = Mailing._get_collection().find_one({"_id": ObjectId(mailing_id)}) if mailing_id else None
    except InvalidId:
        raw = None
    if raw is None:
        raise NoContent(_("The mailing was deleted."))
    return raw
