"""A mailing on its way: held, gone on with, called off, counted; and ended when all its messages have."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.consent import Reason, Suppressed
from models.jobs import Job, JobState
from models.mailings import CANCELLED, DRAFT, PAUSED, SCHEDULED, SENDING, SENT, Mailing
from models.outbox import Message, MessageState
from models.registers import REGISTERS
from models.rights import Access, NotAllowed, system_access
from models.told import Told
from models.transactions import in_transaction
from services import outbox
from services.jobs import cancel_job
from services.mailings.drafts import REGISTER, get_mailing, mailing_to_send
from services.mailings.errors import MailingProblem
from services.mailings.sending import begin, refuse_errors
from services.mailings.states import put_state
from services.notices import notify, writes_notice
from services.records import RecordNotFound, VersionConflict, now
from services.security import access_of_id

log = logging.getLogger(__name__)
Raw = dict[str, Any]
NOT_STARTED = "mailing_not_started"
WRONG_STATE = _l("The mailing is no longer in the state that this is for. Reload the page.")
MOVING = (MessageState.WAITING.value, MessageState.SENDING.value)


@dataclass(frozen=True)
class Progress:
    """How far a mailing is.

    `state` is the mailing's, `job` the job's state ("" for none), `done` of `total` members are looked at. `counts`
    are the messages by state (waiting, sending, sent, failed, unclear, suppressed, cancelled); `left_out` those who
    get none by reason (no_address, double, and those of consent), `unsubscribed` those who did so by its link.
    `problem` is why the job failed.
    """

    state: str
    job: str = ""
    done: int = 0
    total: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    unsubscribed: int = 0
    problem: str = ""

    @property
    def recipients(self) -> int:
        """How many messages go or went out, or were to."""
        return sum(count for state, count in self.counts.items() if state != MessageState.SUPPRESSED)

    @property
    def ended(self) -> int:
        """How many of them have come to their end."""
        return self.recipients - sum(self.counts.get(state, 0) for state in MOVING)

    @property
    def percent(self) -> int:
        """How much of it has been sent, as the rest of its messages are made; 0 before any is."""
        making = self.job in (JobState.WAITING, JobState.RUNNING)
        share = self.done / self.total if making and self.total else 1.0
        return int(100 * share * self.ended / self.recipients) if self.recipients else 0


# Looking at it


def progress(access: Access, mailing_id: Any) -> Progress:
    """How far the mailing is. Raises RecordNotFound."""
    raw = get_mailing(access, mailing_id)
    sending, job = raw.get("sending") or {}, job_of(raw)
    position = (job or {}).get("position") or {}
    left_out = dict(position.get("left_out") or sending.get("left_out") or {})
    for reason, count in suppressed_by_reason(raw["_id"]).items():
        left_out[reason] = left_out.get(reason, 0) + count
    problem = str(job.get("message") or "") if job and job["state"] == JobState.FAILED else ""
    return Progress(
        str(raw.get("state") or DRAFT), str((job or {}).get("state") or ""), int((job or {}).get("done") or 0),
        int((job or {}).get("total") or 0), outbox.figures(raw["_id"]), left_out, unsubscribed_by(raw["_id"]), problem,
    )  # fmt: skip


def job_of(raw: Raw) -> Raw | None:
    """The job that makes the mailing's messages (raw)."""
    key = (raw.get("sending") or {}).get("job")
    found: Raw | None = Job._get_collection().find_one({"_id": key}) if key else None
    return found


def figures(access: Access, mailing_id: Any) -> dict[str, int]:
    """What came of the mailing: recipients, and messages by state. Raises RecordNotFound."""
    found = progress(access, mailing_id)
    return {"recipients": found.recipients, **found.counts, "unsubscribed": found.unsubscribed}


def suppressed_by_reason(mailing_id: ObjectId) -> dict[str, int]:
    stages: list[Raw] = [{"$match": {"mailing": mailing_id, "state": MessageState.SUPPRESSED.value}},
                         {"$group": {"_id": "$error", "count": {"$sum": 1}}}]  # fmt: skip
    return {str(raw["_id"]): raw["count"] for raw in Message._get_collection().aggregate(stages)}


def unsubscribed_by(mailing_id: ObjectId) -> int:
    return Suppressed._get_collection().count_documents(
        {"mailing": mailing_id, "reason": Reason.UNSUBSCRIBED.value}
    )


# Holding it


def pause(access: Access, mailing_id: Any) -> Raw:
    """Send no more for now; returns the mailing. Raises RecordNotFound, NotAllowed, MailingProblem, VersionConflict."""
    return moved(access, mailing_id, (SENDING,), PAUSED, outbox.pause_mailing)


def resume(access: Access, mailing_id: Any) -> Raw:
    """Go on with a mailing that is paused, or whose job failed; returns it. Raises as `pause` does."""
    raw = mailing_to_send(access, mailing_id)
    job = job_of(raw)
    if job is None or job["state"] != JobState.FAILED:
        return moved(access, mailing_id, (PAUSED,), SENDING, outbox.resume_mailing)
    if raw.get("state") == PAUSED:
        raw = moved(access, mailing_id, (PAUSED,), SENDING, outbox.resume_mailing)
    if raw.get("state") != SENDING:
        raise MailingProblem(WRONG_STATE)
    begin(access, raw, job.get("position"))
    return get_mailing(access, mailing_id)


def cancel(access: Access, mailing_id: Any) -> Raw:
    """Call a mailing off; returns it. One that has not begun is a draft again; of any other no more is sent, for good.
    Raises as `pause` does."""
    raw = mailing_to_send(access, mailing_id)
    if raw.get("state") == SCHEDULED:
        values = {"state": DRAFT, "starts_at": None}
        return in_transaction(lambda session: put_state(session, access, raw, values, {}))
    cancelled = moved(access, mailing_id, (SENDING, PAUSED), CANCELLED, outbox.cancel_mailing)
    if job := (cancelled.get("sending") or {}).get("job"):
        cancel_job(system_access(), job)
    return cancelled


def moved(access: Access, mailing_id: Any, states: tuple[str, ...], state: str, hold: Any) -> Raw:
    """Put a mailing that is in one of these states into another, its messages with it."""
    raw = mailing_to_send(access, mailing_id)
    if raw.get("state") not in states:
        raise MailingProblem(WRONG_STATE)

    def write(session: ClientSession) -> Raw:
        hold(session, raw["_id"])
        return put_state(session, access, raw, {"state": state})

    return in_transaction(write)


# What each round does


def follow_mailings() -> None:
    """Begin the mailings whose moment has come, and end those whose messages all have."""
    for raw in in_state(SCHEDULED, {"starts_at": {"$lte": now()}}):
        begin_scheduled(raw)
    for raw in in_state(SENDING):
        end_if_done(raw)


def in_state(state: str, more: Mapping[str, Any] | None = None) -> list[Raw]:
    """The mailings in a state, by the index of few-valued fields: each round asks, and most mailings are long sent."""
    return list(Mailing._get_collection().find({"facets": f"state={state}", **(more or {})}))


def begin_scheduled(raw: Raw) -> None:
    """Begin with the rights that its user has now; where it can't be sent it is a draft again, and its user is told."""
    by = (raw.get("sending") or {}).get("by")
    access = access_of_id(by) if by else system_access()
    try:
        mailing_to_send(access, raw["_id"])
        refuse_errors(access, raw)
        begin(access, raw)
    except VersionConflict:
        log.info("mailing %s was changed while it was to begin", raw["_id"])
    except (MailingProblem, NotAllowed, RecordNotFound) as error:
        put_back(raw, by, error)


def put_back(raw: Raw, by: ObjectId | None, error: Told) -> None:
    log.warning("mailing %s could not begin: %s", raw["_id"], error)
    url = f"{REGISTERS[REGISTER].path}/show/{raw['_id']}"
    notices = [{"user": by, "kind": NOT_STARTED, "params": {"name": raw["name"]}, "url": url}] if by else []

    def write(session: ClientSession) -> None:
        put_state(session, system_access(), raw, {"state": DRAFT, "starts_at": None}, {})
        notify(session, notices)

    in_transaction(write)


@writes_notice(NOT_STARTED)
def not_started(params: Mapping[str, Any]) -> str:
    return _("The mailing “%(name)s” could not be sent at its time. Look at what its checks say.", name=params["name"])


def end_if_done(raw: Raw) -> None:
    """Call a mailing sent when all its messages are made, and none of them is on its way any more."""
    job = job_of(raw)
    if job is None or job["state"] != JobState.DONE:
        return
    counts = outbox.figures(raw["_id"])
    if any(counts.get(state) for state in MOVING):
        return
    recipients = sum(count for state, count in counts.items() if state != MessageState.SUPPRESSED)
    values = {"state": SENT, "sent_at": now(), "recipients": recipients, "went_out": counts.get("sent", 0)}
    sending = {**raw["sending"], "left_out": (job.get("result") or {}).get("left_out", {})}
    try:
        in_transaction(lambda session: put_state(session, system_access(), raw, values, sending))
    except VersionConflict:
        log.info("mailing %s was changed while it came to its end", raw["_id"])
