"""Taking somebody out of what imports keep: files, drafts, faulty cells, reports of faulty rows, remembered headers.

Undoing an import goes by the change entries of its records, so it goes on working for all others without any of that.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.files import StoredFile
from models.imports import DraftState, FaultyCell, ImportDraft, KnownHeader
from models.jobs import Job, JobState
from models.transactions import in_transaction
from services.imports.draft_reading import AFTER, followed
from services.imports.old_drafts import remove_draft
from services.imports.report import forget_notes
from services.traces import Place, Traces, add_place, forgets_files, without

Raw = dict[str, Any]
#: What of an import that is over is somebody else's words: the file's, its sheets' and columns', what was mended.
DRAFT_TEXTS = ("name", "sheets", "options", "columns", "corrections", "replacements", "checked", "message", "result",
               "undone")  # fmt: skip
ENDED = [state.value for state in JobState if state.ended]


@forgets_files("import", _l("deleted, with imports that were begun; one that was done can still be undone"))
def forget_import(file: Raw, rows: Sequence[int]) -> bool:
    """Drop the file of an import, with what was kept of these rows; one that a job works on stays for now."""
    draft = ImportDraft._get_collection().find_one({"file": file["_id"]})
    if draft is not None:
        draft = followed(draft)
        if DraftState(draft["state"]).open:
            remove_draft(draft)
            return True
    at_work = {"params.file": file["_id"], "state": {"$nin": ENDED}}
    if (draft and draft["state"] in AFTER) or Job._get_collection().find_one(at_work, {"_id": 1}):
        return False
    in_transaction(lambda session: drop_file(session, file, draft, rows))
    return True


def drop_file(session: ClientSession, file: Raw, draft: Raw | None, rows: Sequence[int]) -> None:
    """What is left of the import is what it did, and the way back."""
    if draft is not None:
        columns = [{**column, "samples": []} for column in draft["columns"]]
        blank = {"columns": columns, "corrections": {}, "replacements": {}, "checked.sample_rows": []}
        ImportDraft._get_collection().update_one({"_id": draft["_id"]}, {"$set": blank}, session=session)
        FaultyCell._get_collection().delete_many({"draft": draft["_id"]}, session=session)
    its = {"params.file": file["_id"]}
    shown = {**its, "result.sample_rows": {"$exists": True}}
    Job._get_collection().update_many(shown, {"$set": {"result.sample_rows": []}}, session=session)
    for job in Job._get_collection().distinct("_id", its, session=session):
        forget_notes(session, str(job), rows)
    StoredFile._get_collection().delete_one({"_id": file["_id"]}, session=session)


def done_drafts(_own: Sequence[ObjectId]) -> Iterable[Raw]:
    states = [state.value for state in DraftState if not state.open and state not in AFTER]
    return ImportDraft._get_collection().find({"state": {"$in": states}}, dict.fromkeys(DRAFT_TEXTS, 1))


def forget_drafts(session: ClientSession, drafts: Sequence[Raw], traces: Traces) -> None:
    for raw in drafts:
        texts = {name: without(raw[name], traces) for name in DRAFT_TEXTS if name in raw}
        ImportDraft._get_collection().update_one({"_id": raw["_id"]}, {"$set": texts}, session=session)


def forget_headers(session: ClientSession, headers: Sequence[Raw], _traces: Traces) -> None:
    KnownHeader._get_collection().delete_many({"_id": {"$in": [raw["_id"] for raw in headers]}}, session=session)


add_place(Place("imports", _l("Imports that were done"), done_drafts, _l("the texts that name the person go"),
                forget_drafts))  # fmt: skip
add_place(Place("import_headers", _l("Headers that imports remember"),
                lambda _own: KnownHeader._get_collection().find(), _l("deleted"), forget_headers))  # fmt: skip
