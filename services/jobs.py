"""Running jobs: claimed with a lease, kept alive by a heartbeat, going on where they stopped.

A message to the worker only wakes it (the embedded broker loses messages when a worker is killed), so everything a
job needs stands in its document, and beat wakes due jobs again and again.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from bson import ObjectId
from celery import shared_task
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from models.jobs import Job, JobState
from models.rights import Access, NotAllowed, system_access
from models.told import Told
from models.transactions import abort_left_by, in_transaction
from services.api_keys import access_by_key
from services.audit import OF_JOBS, write
from services.leases import LEASE, is_gone, new_holder, process_of, renewed
from services.records import RecordNotFound, now, object_id
from services.security import access_of_id
from services.waking import wake_up

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: What the audit tells of the parameters of a job that carries data out.
TOLD_OF_JOBS = ("register", "template", "form", "selection")
#: A job whose workers died so often is not tried again by itself.
MAX_ATTEMPTS = 20


class JobError(Told):
    """The job can't be done; the message tells its owner why."""


class JobCancelled(Exception):
    """The owner cancelled the job."""


class LeaseLost(Exception):
    """Another worker has taken the job over; this one lets go of it at once."""


class Run:
    """One worker's hold on one job: what its handler works with."""

    def __init__(self, raw: Raw, access: Access) -> None:
        self.job = raw
        self.access = access

    @property
    def params(self) -> Raw:
        return self.job["params"]

    @property
    def position(self) -> Raw:
        """Where an earlier try stopped; empty at the first."""
        return self.job.get("position") or {}

    def advance(self, done: int, position: Mapping[str, Any] | None = None, *, total: int | None = None,
                session: ClientSession | None = None) -> None:  # fmt: skip
        """Note progress, within the caller's transaction if there is one. Raises JobCancelled, LeaseLost."""
        # Progress counts: only tries that got nowhere make a job one that is given up.
        changes: Raw = {"done": done, "lease_until": now() + LEASE, "attempts": 1}
        if position is not None:
            changes["position"] = dict(position)
        if total is not None:
            changes["total"] = total
        self.update({"$set": changes}, session)
        if self.job.get("cancel_requested"):
            raise JobCancelled

    def note(self, *lines: str, session: ClientSession | None = None) -> None:
        """Add lines to the log that the owner reads; its last 500 are kept."""
        self.update({"$push": {"log": {"$each": list(lines), "$slice": -500}}}, session)

    @property
    def held(self) -> Raw:
        """The job's document as long as this hold lasts."""
        return {"_id": self.job["_id"], "worker": self.job["worker"], "state": JobState.RUNNING.value}

    def update(self, changes: Raw, session: ClientSession | None = None) -> None:
        found = Job._get_collection().find_one_and_update(
            self.held, changes, return_document=ReturnDocument.AFTER, session=session
        )
        if found is None:
            raise LeaseLost
        self.job = found

    def finish(self, state: JobState, message: str = "", **values: Any) -> None:
        self.update({"$set": {"state": state.value, "message": message, "ended_at": now(), **values},
                     "$unset": {"lease_until": ""}})  # fmt: skip


Handler = Callable[[Run], Raw]
HANDLERS: dict[str, Handler] = {}
#: Kinds of job that nobody cancels: they end what was decided for good.
UNSTOPPABLE: set[str] = set()


def handles(kind: str, *, stoppable: bool = True) -> Callable[[Handler], Handler]:
    """Register a function as the handler of a kind of job.

    It returns what the job's document keeps at its end: `{"message": ..., "result": ..., "result_file": ...}`.
    """

    def add(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        if not stoppable:
            UNSTOPPABLE.add(kind)
        return handler

    return add


# Starting, watching, cancelling


def add_job(
    session: ClientSession, access: Access, kind: str, title: str, params: Mapping[str, Any], total: int | None = None
) -> ObjectId:
    """Write a job in the caller's transaction; call `wake` after the commit."""
    raw: Raw = {
        "_id": ObjectId(), "kind": kind, "title": title, "owner": access.user_id, "state": JobState.WAITING.value,
        "params": dict(params), "position": {}, "done": 0, "total": total, "message": "", "log": [], "result": {},
        "created_at": now(), "attempts": 0, "cancel_requested": False, "language": access.language,
    }  # fmt: skip
    if access.key_id is not None:
        raw["api_key"] = access.key_id
    Job._get_collection().insert_one(raw, session=session)
    if kind in OF_JOBS:
        told = {name: params[name] for name in TOLD_OF_JOBS if name in params}
        write(session, OF_JOBS[kind], access.user_id, details={"records": total, **told},
              target={"register": "job", "id": raw["_id"], "name": title})  # fmt: skip
    return raw["_id"]


def start_job(
    access: Access, kind: str, title: str, params: Mapping[str, Any], total: int | None = None
) -> ObjectId:  # fmt: skip
    """Write a job by itself and wake a worker for it."""
    job_id: ObjectId = in_transaction(lambda session: add_job(session, access, kind, title, params, total))
    wake()
    return job_id


def wake() -> None:
    """Tell the workers that a job is due."""
    wake_up(wake_due)


def get_job(access: Access, job_id: Any) -> Raw:
    """A job of the user's own (administrators see all). Raises RecordNotFound."""
    raw = Job._get_collection().find_one({"_id": object_id("job", job_id)})
    if raw is None or not (access.everything or raw.get("owner") == access.user_id):
        raise RecordNotFound("job", job_id)
    return raw


def list_jobs(access: Access, limit: int = 50) -> list[Raw]:
    """The user's newest jobs."""
    return list(Job._get_collection().find({"owner": access.user_id}).sort("created_at", -1).limit(limit))


def cancel_job(access: Access, job_id: Any) -> Raw:
    """Ask a job to stop: a waiting one at once, a running one at its next step, one of a kind that is not stoppable
    never."""
    raw = get_job(access, job_id)
    if raw["kind"] in UNSTOPPABLE:
        return raw
    ended = {"state": JobState.CANCELLED.value, "ended_at": now(), "cancel_requested": True}
    jobs = Job._get_collection()
    if not jobs.update_one({"_id": raw["_id"], "state": JobState.WAITING.value}, {"$set": ended}).matched_count:
        jobs.update_one({"_id": raw["_id"], "state": JobState.RUNNING.value}, {"$set": {"cancel_requested": True}})
    return get_job(access, job_id)


# Working


@shared_task(name="kortisto.jobs.wake_due", ignore_result=True)
def wake_due() -> None:
    """Run due jobs until there is none: waiting ones, and those whose worker is gone or lost its lease."""
    while (raw := claim()) is not None:
        run_job(raw)


def claim() -> Raw | None:
    """Take the oldest due job, if there is one, for this worker alone."""
    moment, gone = now(), gone_holders()
    if gone:
        abort_left_by([process_of(holder) for holder in gone])
    lapsed = {"state": JobState.RUNNING.value, "lease_until": {"$lt": moment}}
    left = {"state": JobState.RUNNING.value, "worker": {"$in": gone}}
    taken = {"state": JobState.RUNNING.value, "worker": new_holder(), "lease_until": moment + LEASE}
    return Job._get_collection().find_one_and_update(
        {"$or": [{"state": JobState.WAITING.value}, lapsed, left]},
        [{"$set": {**taken, "attempts": {"$add": ["$attempts", 1]},
                   "started_at": {"$ifNull": ["$started_at", moment]}}}],
        sort=[("created_at", 1)], return_document=ReturnDocument.AFTER,
    )  # fmt: skip


def gone_holders() -> list[str]:
    """Those that hold running jobs and are processes of this machine that run no more (killed, out of memory)."""
    running = Job._get_collection().distinct("worker", {"state": JobState.RUNNING.value})
    return [holder for holder in running if is_gone(holder)]


def run_job(raw: Raw) -> None:
    """Run one claimed job to its end; whatever happens is noted on it."""
    run = Run(raw, access_of_job(raw))
    with force_locale(raw.get("language") or "en"), renewed(Job._get_collection(), run.held):
        try:
            perform(run)
        except LeaseLost:
            log.warning("job %s was taken over by another worker", raw["_id"])


def perform(run: Run) -> None:
    raw = run.job
    try:
        if raw["attempts"] > MAX_ATTEMPTS:
            raise JobError(_l("This job was interrupted too often and has been given up. Start it again."))
        if raw["kind"] not in HANDLERS:
            raise JobError(_l("This program does not know how to do “%(kind)s”.", kind=raw["kind"]))
        run.finish(JobState.DONE, **HANDLERS[raw["kind"]](run))
    except LeaseLost:
        raise
    except JobCancelled:
        run.finish(JobState.CANCELLED, _("Cancelled."))
    except (JobError, NotAllowed, RecordNotFound) as error:
        run.finish(JobState.FAILED, str(error))
    except Exception:  # boundary: whatever goes wrong in a job is logged, and its owner is told
        log.exception("job %s (%s) failed", raw["_id"], raw["kind"])
        run.finish(JobState.FAILED, _("Something went wrong. An administrator finds it in the log as job %(id)s.",
                                      id=raw["_id"]))  # fmt: skip


def access_of_job(raw: Raw) -> Access:
    """The rights a job works with as they are now: its owner's, or those of the API key by which it was started; the
    program's own for a job without an owner."""
    if raw.get("api_key") is not None:
        return access_by_key(raw["api_key"], raw.get("language") or "")
    if raw.get("owner") is None:
        return system_access(language=raw.get("language") or "en")
    return access_of_id(raw["owner"], raw.get("language") or "")
