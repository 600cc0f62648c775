"""Sending a mailing: ordered by a user, its messages made by a job that goes on where it stopped."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pymongo.client_session import ClientSession

from models.fields.errors import ConditionError, ValidationFailed
from models.jobs import Job
from models.mailings import CANCELLED, PAUSED, SCHEDULED, SENDING, Mailing
from models.outbox import Message, MessageState
from models.rights import Access
from models.transactions import in_transaction
from services import segments
from services.jobs import JobError, Run, add_job, handles, wake
from services.mailings.checking import ERROR, checks
from services.mailings.content import Composed, composed
from services.mailings.drafts import get_draft, mailing_to_send
from services.mailings.errors import MailingProblem
from services.mailings.merge_fields import MergeFields, header_text
from services.mailings.messages import PURPOSE
from services.mailings.previewing import listed
from services.mailings.recipients import DOUBLE, NO_ADDRESS, Audience, Recipient, address_key, audience_of, batches
from services.mailings.states import put_state
from services.outbox import pause_mailing, queue_messages
from services.outbox.endings import ended
from services.records import now

Raw = dict[str, Any]
KIND = "mailing"
#: How far ahead a mailing may be scheduled.
FURTHEST = dt.timedelta(days=366)


# Ordering it


def start(access: Access, mailing_id: Any, at: dt.datetime | None = None) -> ObjectId | None:
    """Send a draft, now or from a moment on (UTC); answers the id of the job that makes the messages, None where it is
    yet to come. What the checks call an error keeps it from being sent.

    Raises RecordNotFound, NotAllowed, MailingProblem, VersionConflict, TooSlow.
    """
    mailing_to_send(access, mailing_id)
    raw = get_draft(access, mailing_id)
    audience_of(access, raw)
    refuse_errors(access, raw)
    if at is None or at <= now():
        return begin(access, raw)
    if at - now() > FURTHEST:
        raise MailingProblem(_l("Choose a moment within a year from now."))
    values = {"state": SCHEDULED, "starts_at": at}
    in_transaction(lambda session: put_state(session, access, raw, values, {"by": access.user_id}))
    return None


def refuse_errors(access: Access, raw: Raw) -> None:
    """Raises MailingProblem with all that keeps the mailing from being sent."""
    wrong = [check.message for check in checks(access, raw["_id"]) if check.level == ERROR]
    if wrong:
        raise MailingProblem(" ".join(wrong))


def begin(access: Access, raw: Raw, position: Mapping[str, Any] | None = None) -> ObjectId:
    """Have a worker make the messages: state and job in one transaction. With a `position` the job goes on from where
    another one failed. Raises VersionConflict."""
    title = _("Mailing: %(name)s", name=raw["name"])

    def write(session: ClientSession) -> ObjectId:
        job = add_job(session, access, KIND, title, {"mailing": str(raw["_id"])})
        if position:
            Job._get_collection().update_one({"_id": job}, {"$set": {"position": dict(position)}}, session=session)
        values = {"state": SENDING, "starts_at": raw.get("starts_at") or now()}
        put_state(session, access, raw, values, {"by": access.user_id, "job": job})
        return job

    job = in_transaction(write)
    wake()
    return job


# Making the messages


@handles(KIND)
def run_mailing(run: Run) -> Raw:
    """The job's handler: a message for each member of the segment, in batches of one transaction each."""
    raw = Mailing._get_collection().find_one({"_id": ObjectId(run.params["mailing"])})
    if raw is None:
        raise JobError(_l("The mailing was deleted before its messages were made."))
    try:
        audience = audience_of(run.access, raw)
        make_messages(run, raw, audience)
    except (MailingProblem, ConditionError) as error:
        raise JobError(error.message) from error
    except ValidationFailed as error:
        raise JobError(error.in_one()) from error
    made = run.position.get("made", 0)
    return {"message": ngettext("%(num)s message was made.", "%(num)s messages were made.", made),
            "result": {"made": made, "left_out": run.position.get("left_out", {})}}  # fmt: skip


def make_messages(run: Run, raw: Raw, audience: Audience) -> None:
    ready = composed(raw)
    fields = MergeFields.of(audience.access, audience.card.key, str(raw.get("language") or "fi"))
    ids = members_once(run, raw, audience)
    after = run.position.get("after")
    left = [key for key in ids if after is None or key > after]
    for batch in batches(left):
        recipients = audience.recipients(audience.rows(batch))
        going = [one for one in recipients if not one.reason]
        texts = fields.values(ready.names, [one.raw for one in going])
        messages = {id(one): message_to(raw, audience, one, ready, values)
                    for one, values in zip(going, texts, strict=True)}  # fmt: skip
        made = [messages.get(id(one)) or suppressed_message(raw, audience, one) for one in recipients
                if one.reason != NO_ADDRESS]  # fmt: skip
        without = sum(one.reason == NO_ADDRESS for one in recipients)
        write_batch(run, raw, made, without, batch[-1], len(ids))


def members_once(run: Run, raw: Raw, audience: Audience) -> list[ObjectId]:
    """The members, who are remembered as those that the mailing went to when it begins."""
    ids = audience.members()
    if run.position.get("begun"):
        return ids

    def remember(session: ClientSession) -> None:
        segments.keep_members(session, raw["segment"], raw["_id"], ids)
        run.advance(0, {"begun": True}, total=len(ids), session=session)

    in_transaction(remember)
    return ids


def message_to(raw: Raw, audience: Audience, recipient: Recipient, ready: Composed, values: Mapping[str, str]) -> Raw:
    return {
        **addressed(raw, audience, recipient), "key": f"mailing:{raw['_id']}:{address_key(recipient.address)}",
        "subject": header_text(ready.subject.render(values)), "values": {"texts": listed(values)},
    }  # fmt: skip


def suppressed_message(raw: Raw, audience: Audience, recipient: Recipient) -> Raw:
    """What the outbox tells of one who is left out. It takes the address from nobody who may get it."""
    return {
        **addressed(raw, audience, recipient), "state": MessageState.SUPPRESSED.value, "error": recipient.reason,
        "key": f"mailing:{raw['_id']}:{address_key(recipient.address)}:{recipient.raw['_id']}", "subject": "",
        **ended(now(), history=True),
    }  # fmt: skip


def addressed(raw: Raw, audience: Audience, recipient: Recipient) -> Raw:
    return {
        "purpose": PURPOSE, "mailing": raw["_id"], "channel": audience.channel, "register": audience.card.key,
        "record": recipient.raw["_id"], "name": recipient.name, "address": recipient.address,
        "marketing": audience.marketing, "language": raw.get("language") or "fi", "text": "",
        "user": audience.access.user_id,
    }  # fmt: skip


def write_batch(run: Run, raw: Raw, messages: Sequence[Raw], without: int, last: ObjectId, total: int) -> None:
    """Write a batch's messages and where the job stands, each address once. Raises JobCancelled, LeaseLost,
    JobError."""
    held = run.job

    def write(session: ClientSession) -> None:
        # A transaction that is tried again counts from where the batch began.
        run.job = held
        state = touched_state(session, raw["_id"])
        new, doubles = without_doubles(session, messages)
        queue_messages(session, new)
        if state == PAUSED:
            # The first batch may come after the pause, which had no messages to hold then.
            pause_mailing(session, raw["_id"])
        left_out: Counter[str] = Counter(run.position.get("left_out", {}))
        left_out.update({NO_ADDRESS: without, DOUBLE: doubles})
        made = run.position.get("made", 0) + sum("state" not in one for one in new)
        run.advance(
            int(held.get("done") or 0) + len(messages) + without,
            {"begun": True, "after": last, "made": made,
             "left_out": {reason: count for reason, count in left_out.items() if count}},
            total=total, session=session,
        )  # fmt: skip

    in_transaction(write)


def touched_state(session: ClientSession, mailing_id: ObjectId) -> str:
    """The mailing's state, such that whoever changes it meanwhile and this batch meet. Raises JobError for one that
    was cancelled or deleted."""
    raw = Mailing._get_collection().find_one_and_update(
        {"_id": mailing_id}, {"$inc": {"sending.batches": 1}}, {"state": 1}, session=session
    )
    if raw is None or raw.get("state") == CANCELLED:
        raise JobError(_l("The mailing was cancelled."))
    return str(raw.get("state"))


def without_doubles(session: ClientSession, messages: Sequence[Raw]) -> tuple[list[Raw], int]:
    """(the messages to addresses that have none yet, how many others there were)."""
    keys = [message["key"] for message in messages]
    held = Message._get_collection().find({"key": {"$in": keys}}, {"key": 1}, session=session)
    seen = {raw["key"] for raw in held}
    new = []
    for message in messages:
        if message["key"] not in seen:
            seen.add(message["key"])
            new.append(message)
    return new, len(messages) - len(new)


__all__ = ["KIND", "begin", "refuse_errors", "run_mailing", "start"]
