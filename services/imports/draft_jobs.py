"""What is done with a draft by a job: its check, the import itself, and undoing that."""

from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.imports import DraftState, KnownHeader
from models.rights import Access
from models.transactions import in_transaction
from services.imports.checking import KIND as CHECK
from services.imports.draft_mapping import check_uses
from services.imports.draft_reading import AFTER, get_draft, open_draft, put
from services.imports.errors import ImportProblem
from services.imports.jobs import KIND as RUN
from services.imports.matching import folded
from services.imports.undoing import KIND as UNDO
from services.jobs import add_job, cancel_job, wake
from services.records import now

Raw = dict[str, Any]
NOT_YET = _l("This import hasn't been done, or is taken back already.")


def check_draft(access: Access, draft_id: Any, *, version: int | None = None) -> ObjectId:
    """Have everything that the import would do worked out, and nothing written; returns the job's id.

    Raises RecordNotFound, NotAllowed, ValidationFailed, ImportProblem, VersionConflict.
    """
    draft = open_draft(access, draft_id, version)
    check_uses(access, draft)
    return start(access, draft, CHECK, _("Check of %(name)s", name=draft["name"]), DraftState.CHECKING)


def run_draft(access: Access, draft_id: Any, *, version: int | None = None) -> ObjectId:
    """Have the file imported; returns the job's id. Raises as `check_draft` does."""
    draft = open_draft(access, draft_id, version)
    check_uses(access, draft)
    remember(draft)
    return start(access, draft, RUN, _("Import of %(name)s", name=draft["name"]), DraftState.RUNNING)


def undo_import(access: Access, draft_id: Any) -> ObjectId:
    """Have everything that an import wrote taken back; returns the job's id. Raises RecordNotFound, ImportProblem."""
    draft = get_draft(access, draft_id)
    if not draft.get("batch") or draft["state"] not in (DraftState.DONE, DraftState.FAILED):
        raise ImportProblem(NOT_YET)
    return start(access, draft, UNDO, _("Undoing the import of %(name)s", name=draft["name"]), DraftState.UNDOING)


def start(access: Access, draft: Raw, kind: str, title: str, state: DraftState) -> ObjectId:
    """Write the job and that the draft is in its hands."""
    params = {"draft": draft["_id"], "file": draft["file"], "register": draft["register"], "batch": draft["batch"]}

    def write(session: ClientSession) -> ObjectId:
        job_id = add_job(session, access, kind, title, params)
        batch = str(job_id) if kind == RUN else draft["batch"]
        put(draft, {**draft, "state": state.value, "job": job_id, "batch": batch, "message": "",
                    "version": draft["version"] + 1, "changed_at": now()}, session)  # fmt: skip
        return job_id

    job_id = in_transaction(write)
    wake()
    return job_id


def remember(draft: Raw) -> None:
    """Keep what the columns of each header went into, for the next file of that register."""
    for column in draft["columns"]:
        header, define = folded(column["header"]), column["choice"].get("define")
        choice = {"field": f"x_{define['key']}"} if define else column["choice"]
        if header and (choice or not column["guessed"]):
            use = {"choice": choice, **{name: column[name] for name in ("add_choices", "create_missing", "separator")}}
            KnownHeader._get_collection().update_one(
                {"register": draft["register"], "header": header}, {"$set": {"use": use, "used_at": now()}}, upsert=True
            )


def cancel_draft_job(access: Access, draft_id: Any) -> None:
    """Ask the draft's job to stop; what an import has written by then stays, and can be undone. Raises
    RecordNotFound."""
    draft = get_draft(access, draft_id)
    if draft["state"] in AFTER:
        cancel_job(access, draft["job"])
