"""The daily digest: on weekday mornings, what a user's day holds, by e-mail to those who want it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mongoengine as me
from flask_babel import gettext as _
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.letters import Line, letter, public_url, when, writing_to, zone_named
from services.outbox import queue_message
from services.records import now
from services.recurrence import BadRule, Span, occurrences
from services.reminder_texts import activity_path
from services.reminders import ACTIVITIES, OPEN, users_of
from services.security import access_of_id

Raw = dict[str, Any]
PURPOSE, WEEKDAYS = "digest", "weekdays"
#: On the user's clock. Who is not told by noon, since nothing ran, is told the next day.
FIRST_HOUR, LAST_HOUR = 7, 12
SATURDAY = 5
#: More lines of one kind are told as a number.
MOST_LINES = 50
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """What a user's day holds: entries with their spans, tasks due, tasks overdue."""

    entries: Sequence[tuple[Raw, Span]]
    due: Sequence[Raw]
    overdue: Sequence[Raw]

    def __bool__(self) -> bool:
        return bool(self.entries or self.due or self.overdue)


def make_digests() -> int:
    """Queue the digest of every user whose morning it is and who has not had today's; how many there were."""
    moment, made = now(), 0
    wanted = {"digest": WEEKDAYS, "active": True, "email": {"$nin": [None, ""]}}
    for user in User._get_collection().find(wanted, {"email": 1, "language": 1, "time_zone": 1, "digest_day": 1}):
        local = moment.astimezone(zone_named(user.get("time_zone")))
        today = local.date().isoformat()
        if local.weekday() < SATURDAY and FIRST_HOUR <= local.hour < LAST_HOUR and user.get("digest_day") != today:
            made += make_digest(user, local, today)
    return made


def make_digest(user: Raw, local: dt.datetime, today: str) -> bool:
    """Queue one user's digest unless there is nothing to tell, or another worker has been here."""
    access = access_of_id(user["_id"], user.get("language") or "")
    day = day_of(access, local)
    message = digest_of(user, day, local) if day else None

    def work(session: ClientSession) -> bool:
        this = {"_id": user["_id"], "digest_day": {"$ne": today}}
        if not User._get_collection().update_one(this, {"$set": {"digest_day": today}}, session=session).matched_count:
            return False
        if message:
            queue_message(session, key=f"digest:{user['_id']}:{today}", **message)
        return message is not None

    try:
        return bool(in_transaction(work))
    except DuplicateKeyError:
        return False


def day_of(access: Access, local: dt.datetime) -> Day:
    """What the day of a moment on the user's clock holds, as far as the user takes part and may see it."""
    start = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    end = (start + DAY).astimezone(dt.UTC)
    start = start.astimezone(dt.UTC)
    mine = {"facets": {"$in": [f"owner={access.user_id}", f"users={access.user_id}"]}, "state": {"$in": list(OPEN)}}
    timely = {"$or": [
        {"repeats": {"$nin": [None, ""]}}, {"starts_at": {"$lt": end}, "ends_at": {"$gt": start}},
        {"starts_at": {"$gte": start, "$lt": end}}, {"starts_at": None, "due_at": {"$lte": end}},
    ]}  # fmt: skip
    found = me.get_db()[ACTIVITIES].find({"$and": [access.condition(ACTIVITIES, "see"), mine, timely]}, {"text": 0})
    rows = [raw for raw in found if access.user_id in users_of(raw)]
    spans = [(raw, span) for raw in rows for span in spans_of(raw, start, end)]
    tasks = [raw for raw in rows if not raw.get("starts_at") and not raw.get("repeats")]
    return Day(
        entries=sorted(((raw, span) for raw, span in spans if raw.get("starts_at")), key=lambda pair: pair[1][0]),
        due=[raw for raw, span in spans if not raw.get("starts_at")],
        overdue=sorted((raw for raw in tasks if raw["due_at"] <= start), key=lambda raw: raw["due_at"]),
    )


def spans_of(raw: Raw, start: dt.datetime, end: dt.datetime) -> Sequence[Span]:
    """The spans of the activity on this day. A task that is due by the day's end is due on that day."""
    try:
        if raw.get("starts_at"):
            return list(occurrences(raw, start, end))
        moment = dt.timedelta(microseconds=1)
        return list(occurrences(raw, start + moment, end + moment))
    except BadRule:
        return ()


def digest_of(user: Mapping[str, Any], day: Day, local: dt.datetime) -> Raw:
    """The message, as `queue_message` takes it, in the user's language and time zone."""
    zone = zone_named(user.get("time_zone"))
    with writing_to(user):
        title = _("Your day, %(day)s", day=when(local, zone, whole_day=True))
        lines = [
            *section(_("Today"), [Line(raw["name"], address_of(raw), hours(raw, span, local))
                                  for raw, span in day.entries]),
            *section(_("Due today"), [Line(raw["name"], address_of(raw)) for raw in day.due]),
            *section(_("Overdue"), [Line(raw["name"], address_of(raw), ", " + due_day(raw)) for raw in day.overdue]),
        ]  # fmt: skip
        text, html = letter(title, lines, _("You get this on weekday mornings because you chose so."))
    return {"purpose": PURPOSE, "address": user["email"], "user": user["_id"], "subject": title, "text": text,
            "html": html}  # fmt: skip


def section(title: str, lines: Sequence[Line]) -> Sequence[Line]:
    if not lines:
        return ()
    more = len(lines) - MOST_LINES
    rest = [Line(_("and %(count)s more", count=more))] if more > 0 else []
    return [Line(title, heading=True), *lines[:MOST_LINES], *rest]


def address_of(raw: Mapping[str, Any]) -> str:
    return public_url(activity_path(raw))


def hours(raw: Mapping[str, Any], span: Span, local: dt.datetime) -> str:
    """When on this day: ", 09:00–10:00"; nothing for what takes the whole day."""
    if raw.get("all_day"):
        return ""
    start, end = (moment.astimezone(local.tzinfo) for moment in span)
    return f", {start:%H:%M}–{end:%H:%M}" if start.date() == local.date() == end.date() else ""


def due_day(raw: Mapping[str, Any]) -> str:
    """The day on which the task was due, in its own zone."""
    last = raw["due_at"] if raw.get("due_time") else raw["due_at"] - dt.timedelta(minutes=1)
    return when(last, zone_named(raw.get("zone")), whole_day=True)
