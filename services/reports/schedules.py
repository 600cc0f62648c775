"""Sending reports by e-mail when they are due: to each recipient figures by that reader's own rights."""

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from bson import ObjectId
from dateutil.relativedelta import relativedelta
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.fields.errors import ConditionError, ValidationFailed
from models.outbox import Message
from models.reports import Report
from models.security import Group, User
from models.transactions import in_transaction
from services.audit import What, target_of, write
from services.letters import when, writing_to, zone_named
from services.outbox import MAX_ATTACHMENTS, queue_message
from services.records import now
from services.reports.definition import definition_of
from services.reports.figures import figures_of
from services.reports.mail import mail_of
from services.search import TooSlow
from services.security import access_of_id

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: What was not sent by then, since nothing ran, is sent the next time.
LATEST = dt.timedelta(hours=12)
STEPS: Mapping[str, Any] = {
    "day": relativedelta(days=1), "week": relativedelta(weeks=1), "month": relativedelta(months=1),
}  # fmt: skip


def send_reports() -> int:
    """Queue every report that is due and has not gone out; how many messages there were."""
    sent, moment = 0, now()
    for report in Report._get_collection().find({"schedule.every": {"$in": list(STEPS)}}):
        owner = User.objects(pk=report["owner"], active=True).first()
        due = due_before(report["schedule"], moment.astimezone(zone_named(owner.time_zone))) if owner else None
        if due is not None and moment - due < LATEST and (report.get("sent_for") or due - LATEST) < due:
            sent += send_report(report, due)
    return sent


def due_before(schedule: Mapping[str, Any], local: dt.datetime) -> dt.datetime:
    """The last moment by then at which the report was to go out, on the owner's clock."""
    due = local.replace(hour=schedule["hour"], minute=0, second=0, microsecond=0, fold=0)
    if schedule["every"] == "week":
        due -= dt.timedelta(days=(due.weekday() - schedule["weekday"]) % 7)
    elif schedule["every"] == "month":
        due = due.replace(day=schedule["day"])
    if due > local:
        due -= STEPS[schedule["every"]]
    return due.astimezone(dt.UTC)


def send_report(report: Raw, due: dt.datetime) -> int:
    """Queue the report for each recipient who has not had it; then it has gone out. A worker that is killed in between
    leaves the rest to the next, and a key of its own keeps each message from being queued twice."""
    sent = sum(send_to(report, user, due) for user in recipients(report["schedule"]))
    Report._get_collection().update_one({"_id": report["_id"]}, {"$max": {"sent_for": due}})
    return sent


def recipients(schedule: Mapping[str, Any]) -> Iterator[Raw]:
    """The users, and those who have one of the roles, also by a group, who can be written to."""
    groups = [group.pk for group in Group.objects(roles__in=schedule["roles"]).only("id")]
    named = {"$or": [{"_id": {"$in": schedule["users"]}}, {"roles": {"$in": schedule["roles"]}},
                     {"groups": {"$in": groups}}]}  # fmt: skip
    wanted = {"$and": [named, {"active": True, "email": {"$nin": [None, ""]}}]}
    yield from User._get_collection().find(wanted, {"email": 1, "language": 1, "time_zone": 1})


def send_to(report: Raw, user: Raw, due: dt.datetime) -> bool:
    """Queue the report for one reader; nothing for who may not see what it is about."""
    key = f"report:{report['_id']}:{user['_id']}:{due:%Y-%m-%dT%H}"
    if Message._get_collection().find_one({"key": key}, {"_id": 1}):
        return False
    message = message_to(report, user, due)
    if message is None:
        return False
    try:
        in_transaction(lambda session: queue_report(session, report, user, key, message))
    except DuplicateKeyError:
        return False
    return True


def queue_report(session: ClientSession, report: Raw, user: Raw, key: str, message: Raw) -> None:
    queue_message(session, key=key, address=user["email"], user=user["_id"], **message)
    write(session, What.WORKBOOK_MADE, report.get("owner"), target=target_of("report", report),
          details={"register": report["register"], "sent_to": user["email"]})  # fmt: skip


def message_to(report: Raw, user: Raw, due: dt.datetime) -> Raw | None:
    """The message in the reader's language with the reader's figures; None where there are none."""
    access = access_of_id(ObjectId(user["_id"]), user.get("language") or "")
    with writing_to(user):
        try:
            figures = figures_of(access, definition_of(access, report))
        except (ConditionError, ValidationFailed):
            return None
        except TooSlow:
            log.warning("report %s took too long for user %s and was not sent", report["_id"], user["_id"])
            return None
        message = mail_of(access, report, figures, when(due, zone_named(user.get("time_zone")), whole_day=True))
    if sum(len(one["content"]) for one in message["attachments"]) > MAX_ATTACHMENTS:
        message["attachments"] = []
    return message
