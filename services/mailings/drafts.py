"""Mailings as they are written: read, saved, copied; and settled once their sending has been ordered."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.errors import ValidationFailed
from models.mailings import DRAFT, SETTLED_MESSAGE, TO_SEND, Mailing
from models.rights import Access, NotAllowed
from services.following import follows
from services.mailings.errors import MailingProblem
from services.records import get_record, update_record

Raw = dict[str, Any]
REGISTER = "mailing"


def get_mailing(access: Access, mailing_id: Any, action: str = "see") -> Raw:
    """A mailing (raw). Raises RecordNotFound, NotAllowed."""
    return get_record(access, REGISTER, mailing_id, action)


def get_draft(access: Access, mailing_id: Any) -> Raw:
    """A mailing that one may change and that nobody has ordered to be sent. Raises RecordNotFound, NotAllowed,
    MailingProblem."""
    raw = get_mailing(access, mailing_id, "change")
    if raw.get("state", DRAFT) != DRAFT:
        raise MailingProblem(SETTLED_MESSAGE)
    return raw


def may_send(access: Access, raw: Mapping[str, Any]) -> bool:
    """Whether one may order, hold and call off the sending of a mailing (raw), which changes it."""
    return all(access.allows(REGISTER, action, raw) for action in TO_SEND)


def mailing_to_send(access: Access, mailing_id: Any) -> Raw:
    """A mailing (raw) whose sending is one's to order. Raises RecordNotFound, NotAllowed."""
    raw = get_mailing(access, mailing_id)
    if not may_send(access, raw):
        raise NotAllowed(_l("You may not send this mailing. Ask an administrator for the right."))
    return raw


def save_content(access: Access, mailing_id: Any, values: Mapping[str, Any], version: int | None = None) -> Raw:
    """Save what a mailing says, as any record's values are saved ({column: what was typed}); returns it.

    Raises RecordNotFound, NotAllowed, ValidationFailed, VersionConflict (services.records.update_record).
    """
    return update_record(access, REGISTER, mailing_id, values, version=version)


@follows(REGISTER)
def keep_settled(
    _session: ClientSession, _access: Access, pairs: Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]
) -> None:
    """Refuse to change what has been sent, whatever writes it. Forms, REST, bulk edits and taking a change back have
    said so before (services.late_changes)."""
    for before, after in pairs:
        changed = Mailing.settled(before, after) if before is not None and after is not None else {}
        if changed:
            raise ValidationFailed({column: [message] for column, message in changed.items()})
