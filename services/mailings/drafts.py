"""Mailings as they are written: read, saved, copied; and settled once their sending has been ordered."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.errors import ValidationFailed
from models.mailings import CANCELLED, DRAFT, SENT, SETTLED
from models.rights import Access
from services.following import follows
from services.mailings.errors import MailingProblem
from services.records import get_record, update_record

Raw = dict[str, Any]
REGISTER = "mailing"
SETTLED_MESSAGE = _l("This mailing is being sent or was sent: what it says and to whom can't be changed any more. "
                     "Copy it as a new mailing.")  # fmt: skip
#: States in which not even the link to the segment matters to anybody but history.
OVER = (SENT, CANCELLED)


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


def save_content(access: Access, mailing_id: Any, values: Mapping[str, Any], version: int | None = None) -> Raw:
    """Save what a mailing says, as any record's values are saved ({column: what was typed}); returns it.

    Raises RecordNotFound, NotAllowed, ValidationFailed, VersionConflict (services.records.update_record).
    """
    return update_record(access, REGISTER, mailing_id, values, version=version)


@follows(REGISTER)
def keep_settled(
    _session: ClientSession, _access: Access, pairs: Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]
) -> None:
    """Refuse to change what has been sent, whatever writes it: a form, REST, a bulk edit, taking a change back."""
    for before, after in pairs:
        state = (before or {}).get("state", DRAFT)
        if before is None or after is None or state == DRAFT:
            continue
        kept = [column for column in SETTLED if column != "segment" or state not in OVER]
        changed = [column for column in kept if before.get(column) != after.get(column)]
        if changed:
            raise ValidationFailed({column: [SETTLED_MESSAGE] for column in changed})
