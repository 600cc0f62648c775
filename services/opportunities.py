"""What becomes of opportunities: another stage, won, lost, taken up again."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.opportunities import CLOSED, OPEN
from models.rights import Access
from services.records import update_record
from services.values import context_of

Raw = dict[str, Any]
REGISTER = "opportunity"


def today_of(access: Access) -> dt.date:
    """The user's day."""
    return dt.datetime.now(context_of(access).zone).date()


def move_to(access: Access, pk: Any, stage: str, version: int | None) -> Raw:
    """Bring an opportunity to a stage. Raises RecordNotFound, NotAllowed, ValidationFailed, VersionConflict, as all of
    these."""
    return update_record(access, REGISTER, pk, {"stage": stage}, version=version)


def close(access: Access, pk: Any, state: str, values: Mapping[str, Any], version: int | None) -> Raw:
    """Note that it was won or lost, with what else is known by then: its last value, the reason, the day."""
    if state not in CLOSED:
        raise ValidationFailed({"state": [_l("Say whether it was won or lost.")]})
    return update_record(access, REGISTER, pk, {**values, "state": state}, version=version)


def reopen(access: Access, pk: Any, version: int | None) -> Raw:
    """Take it up again where it was."""
    return update_record(access, REGISTER, pk, {"state": OPEN}, version=version)
