"""A request for support, to the address that administrators have set: what a user wrote, with what is needed to find
the matter in the logs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.errors import ValidationFailed
from models.organisation import organisation
from models.outbox import SUPPORT
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.letters import public_url
from services.outbox import queue_messages
from services.security import find_document

LONGEST_TEXT, LONGEST_SUBJECT, LONGEST_AGENT = 10_000, 80, 300
REFERENCE = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: A page of ours, without what was asked of it: that may hold personal data.
PAGE = re.compile(r"/(?!/)[^\s?#\\]{0,500}")


@dataclass(frozen=True)
class Circumstances:
    """Where a request for support comes from: the page, the id of its request in the logs, the browser."""

    page: str = ""
    reference: str = ""
    agent: str = ""


def circumstances(page: str, reference: str, agent: str) -> Circumstances:
    """Only what can be a page of ours and an id; everything else is left out."""
    return Circumstances(
        page if PAGE.fullmatch(page) else "", reference if REFERENCE.fullmatch(reference) else "",
        " ".join(agent.split())[:LONGEST_AGENT],
    )  # fmt: skip


def support_address() -> str:
    """Where requests go; "" where administrators have set nothing."""
    return str(organisation().support_email or "")


def send_support_request(access: Access, text: str, where: Circumstances) -> None:
    """Queue what the user wrote; call `services.rounds.wake` afterwards. Raises ValidationFailed, and NotAllowed where
    there is no address."""
    text, address = text.replace("\r\n", "\n").strip(), support_address()
    if not address:
        raise NotAllowed(_l("No address for support has been set yet. Ask an administrator."))
    if not text:
        raise ValidationFailed({"text": [_l("Write what to send.")]})
    if len(text) > LONGEST_TEXT:
        raise ValidationFailed({"text": [_l("This is too long.")]})
    user = find_document("user", access.user_id)
    message = {
        "purpose": SUPPORT, "address": address, "user": access.user_id, "subject": subject_of(text),
        "text": f"{text}\n\n{facts(user, where)}\n", "sender_name": name_of(user), "reply_to": user.get("email") or "",
    }  # fmt: skip

    def work(session: ClientSession) -> None:
        queue_messages(session, [message])

    in_transaction(work)


def subject_of(text: str) -> str:
    line = text.partition("\n")[0].strip()
    short = line if len(line) <= LONGEST_SUBJECT else line[: LONGEST_SUBJECT - 1] + "…"
    return _("Support request: %(text)s", text=short)


def name_of(user: Mapping[str, Any]) -> str:
    return " ".join(filter(None, (user.get("first_name"), user.get("last_name"))))


def facts(user: Mapping[str, Any], where: Circumstances) -> str:
    """What goes along with what the user wrote, a line each."""
    rows = (
        (_("Sender"), " ".join(filter(None, (name_of(user), user.get("email"))))),
        (_("Organisation"), organisation().name),
        (_("Page"), public_url(where.page) if where.page else ""),
        (_("Reference"), where.reference),
        (_("Version"), current_app.config["VERSION"]),
        (_("Browser"), where.agent),
    )
    return "\n".join(f"{label}: {value}" for label, value in rows if value)
