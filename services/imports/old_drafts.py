"""Drafts that go: those that their owner drops, and those that nobody has touched for a month, with their files."""

import datetime as dt
from typing import Any

from pymongo.client_session import ClientSession

from models.files import StoredFile
from models.imports import DraftState, FaultyCell, ImportDraft
from models.transactions import in_transaction
from services.records import now

Raw = dict[str, Any]
MONTH = dt.timedelta(days=30)


def remove_draft(draft: Raw) -> None:
    """Remove a draft, what a check found in it, and its file; the records of an import that was done stay."""

    def write(session: ClientSession) -> None:
        ImportDraft._get_collection().delete_one({"_id": draft["_id"]}, session=session)
        FaultyCell._get_collection().delete_many({"draft": draft["_id"]}, session=session)
        StoredFile._get_collection().delete_one({"_id": draft["file"], "purpose": "import"}, session=session)

    in_transaction(write)


def remove_old_drafts(older_than: dt.timedelta = MONTH) -> int:
    """Remove the drafts that were begun and left, personal data as they hold; how many."""
    going = [state.value for state in DraftState if state.open]
    query = {"state": {"$in": going}, "changed_at": {"$lt": now() - older_than}}
    found = list(ImportDraft._get_collection().find(query, {"file": 1}))
    for draft in found:
        remove_draft(draft)
    return len(found)
