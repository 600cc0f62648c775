"""Setting what holds for the whole organisation."""

from typing import Any

from pymongo.client_session import ClientSession

from models.organisation import THE_ONE, Organisation, organisation
from models.rights import Access
from models.transactions import in_transaction
from services.audit import note_setting


def set_for_all(access: Access, name: str, value: Any) -> None:
    """Set one of the organisation's settings, checked already, and tell the audit of it where it differs."""
    before = getattr(organisation(), name)
    if value == before:
        return

    def work(session: ClientSession) -> None:
        Organisation._get_collection().update_one({"_id": THE_ONE}, {"$set": {name: value}}, upsert=True,
                                                  session=session)  # fmt: skip
        note_setting(session, access.user_id, name, before, value)

    in_transaction(work)
