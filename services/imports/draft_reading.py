"""Drafts read and written: whose they are, whether they may be changed, how far their jobs are."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.fields.field import Field
from models.fields.schema import schema_of
from models.imports import DraftState, FaultyCell, ImportDraft
from models.jobs import Job, JobState
from models.rights import Access
from services.imports.errors import ImportProblem
from services.imports.matching import can_take
from services.imports.outcome import counts_of, report_of
from services.imports.plan import NOT_MATCHABLE
from services.records import RecordNotFound, VersionConflict, now, object_id

Raw = dict[str, Any]
RECENT = 20
NOT_OPEN = _l("This import is going on or is over: it can't be changed any more.")
#: What a change leaves of an earlier check: nothing.
UNCHECKED: Raw = {"state": DraftState.DRAFT.value, "checked": {}, "message": "", "job": None}
#: State while a job works -> (state when it is done, state when it has failed or was cancelled).
AFTER = {
    DraftState.CHECKING: (DraftState.CHECKED, DraftState.DRAFT),
    DraftState.RUNNING: (DraftState.DONE, DraftState.FAILED),
    DraftState.UNDOING: (DraftState.UNDONE, DraftState.DONE),
}


def get_draft(access: Access, draft_id: Any) -> Raw:
    """A draft of the user's own (administrators see all). Raises RecordNotFound."""
    raw = ImportDraft._get_collection().find_one({"_id": object_id("import", draft_id)})
    if raw is None or not (access.everything or raw.get("owner") == access.user_id):
        raise RecordNotFound("import", draft_id)
    return followed(raw)


def recent_drafts(access: Access, register: str = "") -> list[Raw]:
    """The user's newest drafts and imports, those last changed first, without their columns."""
    query = {"owner": access.user_id} | ({"register": register} if register else {})
    wanted = {"columns": 0, "corrections": 0, "replacements": 0}
    return [followed(raw) for raw in
            ImportDraft._get_collection().find(query, wanted).sort("changed_at", -1).limit(RECENT)]  # fmt: skip


def followed(draft: Raw) -> Raw:
    """The draft as its job has left it, if that has come to its end."""
    state = DraftState(draft["state"])
    job = job_of(draft) if state in AFTER else None
    if state not in AFTER or (job is not None and not JobState(job["state"]).ended):
        return draft
    done = job is not None and job["state"] == JobState.DONE.value
    changes: Raw = {"state": AFTER[state][0 if done else 1].value, "message": told(job)}
    if state is DraftState.CHECKING and done:
        changes["checked"] = job["result"] if job else {}
    elif state is not DraftState.CHECKING and job is not None:
        changes |= outcome(state, job)
    same = {"_id": draft["_id"], "state": draft["state"], "job": draft["job"]}
    ImportDraft._get_collection().update_one(same, {"$set": changes})
    return {**draft, **changes}


def told(job: Raw | None) -> str:
    return job["message"] if job is not None else _("The job is gone. Start again.")


def outcome(state: DraftState, job: Raw) -> Raw:
    """What an import has written, or an undoing taken back; one that stopped before its first row can go on being
    prepared."""
    if state is DraftState.UNDOING:
        return {"undone": job["result"]}
    counts = job["result"] or counts_of(report_of(job))
    written = counts["created"] or counts["changed"] or counts["linked"]
    stopped = job["state"] != JobState.DONE.value and not written
    return {"result": counts} | ({"state": DraftState.DRAFT.value, "batch": None} if stopped else {})


def job_of(draft: Raw) -> Raw | None:
    """The draft's last job (raw), as far as it goes."""
    return Job._get_collection().find_one({"_id": draft["job"]}) if draft.get("job") else None


def match_fields(access: Access, draft: Raw) -> list[str]:
    """The columns of the register by which existing records could be known: those that the draft's columns fill."""
    schema = schema_of(draft["register"]).for_access(access)
    filled = {column["choice"]["field"] for column in draft["columns"] if "field" in column["choice"]}
    made_of = schema.register.document.made_of
    filled |= {column for column, sources in made_of.items() if filled & set(sources)}
    return [field.column for field in schema.fields
            if field.column in filled and field.kind.name not in NOT_MATCHABLE]  # fmt: skip


def target_fields(access: Access, register: str) -> list[Field]:
    """The fields that a column may go into, in the register's order."""
    return [field for field in schema_of(register).for_access(access).fields if can_take(field)]


# Writing


def open_draft(access: Access, draft_id: Any, version: int | None = None) -> Raw:
    """A draft that may be changed. Raises RecordNotFound, VersionConflict, ImportProblem."""
    draft = get_draft(access, draft_id)
    if not DraftState(draft["state"]).open:
        raise ImportProblem(NOT_OPEN)
    if version is not None and version != draft["version"]:
        raise VersionConflict(draft)
    return draft


def save(draft: Raw, changes: Mapping[str, Any], session: ClientSession | None = None) -> Raw:
    """Write changes that make a check worth nothing. Raises VersionConflict."""
    after = {**draft, **UNCHECKED, **changes, "version": draft["version"] + 1, "changed_at": now()}
    put(draft, after, session)
    FaultyCell._get_collection().delete_many({"draft": draft["_id"]}, session=session)
    return after


def put(draft: Raw, after: Raw, session: ClientSession | None = None) -> None:
    same = {"_id": draft["_id"], "version": draft["version"], "state": draft["state"]}
    if not ImportDraft._get_collection().replace_one(same, after, session=session).matched_count:
        raise VersionConflict(draft)
