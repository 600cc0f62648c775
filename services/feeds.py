"""A user's or team's calendar for other programs, read by whoever knows its secret address (RFC 5545)."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from typing import Any

from bson import ObjectId
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.activities import (
    BY_FACET_START,
    BY_LONG,
    BY_REPEATING,
    BY_SERIES,
    CANCELLED,
    DECLINED,
    SHORT,
    WORDS,
    Activity,
)
from models.feeds import TEAM, USER, CalendarFeed
from models.rights import SETTINGS, Access, NotAllowed
from models.security import Team, User
from models.transactions import in_transaction
from services.calendar import REGISTER, found, teams_members, tokens_of
from services.ical import calendar_text
from services.records import RecordNotFound, now, object_id
from services.security import access_of_id

Raw = dict[str, Any]
#: A program that subscribes wants what was lately and what is to come.
BACK, AHEAD = dt.timedelta(days=90), dt.timedelta(days=400)
SECRET_BYTES = 32
LONGEST_SECRET = 100


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def may_make(access: Access, kind: str, whose: ObjectId) -> bool:
    """Everybody their own; a team's whoever manages settings."""
    return whose == access.user_id if kind == USER else access.may(SETTINGS, "change")


def renew_feed(access: Access, kind: str, whose: Any) -> str:
    """Make the address of a calendar, or a new one in place of the old; returns its secret, which is kept nowhere.

    Raises NotAllowed, RecordNotFound.
    """
    key = checked(access, kind, whose)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    values = {"digest": digest_of(secret), "language": access.language, "made_at": now(), "made_by": access.user_id}
    in_transaction(lambda session: CalendarFeed._get_collection().update_one(
        {"kind": kind, "whose": key}, {"$set": values}, upsert=True, session=session))  # fmt: skip
    return secret


def end_feed(access: Access, kind: str, whose: Any) -> None:
    """Have the address of a calendar lead nowhere. Raises NotAllowed, RecordNotFound."""
    key = checked(access, kind, whose)
    CalendarFeed._get_collection().delete_one({"kind": kind, "whose": key})


def checked(access: Access, kind: str, whose: Any) -> ObjectId:
    key = object_id(kind, whose)
    if kind not in (USER, TEAM) or not may_make(access, kind, key):
        raise NotAllowed(_l("You may not hand out this calendar."))
    if kind == TEAM and Team.objects(pk=key).first() is None:
        raise RecordNotFound(TEAM, whose)
    return key


def feeds_of(access: Access) -> dict[tuple[str, ObjectId], Raw]:
    """(kind, whose) -> the address's document, of those that the user may make."""
    kinds = [{"kind": USER, "whose": access.user_id}]
    if access.may(SETTINGS, "change"):
        kinds.append({"kind": TEAM})
    return {(raw["kind"], raw["whose"]): raw for raw in CalendarFeed._get_collection().find({"$or": kinds})}


def feed_text(secret: str) -> bytes:
    """The calendar of a secret address as iCalendar. Raises RecordNotFound where it leads nowhere (any more)."""
    raw = CalendarFeed._get_collection().find_one({"digest": digest_of(secret[:LONGEST_SECRET])})
    if raw is None or len(secret) > LONGEST_SECRET:
        raise RecordNotFound("calendar", secret[:8])
    whose: ObjectId = raw["whose"]
    if raw["kind"] == USER:
        user = User._get_collection().find_one({"_id": whose, "active": True})
        if user is None:
            raise RecordNotFound("calendar", secret[:8])
        name, users = f"{user.get('first_name', '')} {user.get('last_name', '')}".strip(), [whose]
    else:
        team = Team._get_collection().find_one({"_id": whose})
        if team is None:
            raise RecordNotFound("calendar", secret[:8])
        name, users = team["name"], teams_members([whose])
    with force_locale("en_GB" if raw["language"] == "en" else raw["language"]):
        rows = activities_of(users)
        # It is read with the rights of whoever it was made for: a user's own, a team's by who handed it out.
        reader = access_of_id(whose if raw["kind"] == USER else raw.get("made_by"), raw["language"])
        unseen = {one["_id"] for one in rows if not reader.allows(REGISTER, "see", one)
                  or (raw["kind"] == TEAM and one.get("private"))}  # fmt: skip
        told = [reader.without_hidden(REGISTER, one, WORDS) for one in rows]
        return calendar_text(name, told, users, unseen=unseen, busy=_("Busy"))


def activities_of(users: list[ObjectId]) -> list[Raw]:
    """The activities of these users about now, each once, repeating ones whole with what was changed of them."""
    moment, tokens = now(), tokens_of(users)
    start, end = moment - BACK, moment + AHEAD
    once = {"repeats": None}
    parts: Iterable[tuple[str, Raw]] = (
        (BY_FACET_START, {**once, "starts_at": {"$gte": start - SHORT, "$lt": end}, "lasts_long": None}),
        (BY_LONG, {**once, "ends_at": {"$gt": start}, "starts_at": {"$lt": end}, "lasts_long": True}),
        (BY_REPEATING, {"repeats": {"$exists": True}, "starts_at": {"$lt": end}}),
    )
    rows = {raw["_id"]: raw for index, query in parts for raw in found(tokens, query, index, WHOLE)}
    series = [raw["_id"] for raw in rows.values() if raw.get("repeats")]
    changed = Activity._get_collection().find({"series": {"$in": series}}, WHOLE, hint=BY_SERIES)
    rows |= {raw["_id"]: raw for raw in changed if raw.get("starts_at")}
    return [raw for raw in rows.values() if takes_part(raw, users)]


def takes_part(raw: Raw, users: Iterable[ObjectId]) -> bool:
    answers = raw.get("answers") or {}
    return raw.get("state") != CANCELLED and any(
        user == raw.get("owner") or (user in (raw.get("users") or ()) and answers.get(str(user)) != DECLINED)
        for user in users)  # fmt: skip


#: What an event of iCalendar is made of.
WHOLE = dict.fromkeys(("name", "kind", "state", "place", "text", "owner", "users", "answers", "starts_at", "ends_at",
                       "all_day", "zone", "repeats", "skipped", "series", "occurrence", "private", "version",
                       "changed_at", "uid", "facets"), 1)  # fmt: skip
