"""Time booked in a colleague's calendar: at once by whoever may change that colleague's activities, else as a proposal
that the colleague accepts or declines.

Whatever writes an activity (the calendar, a form, REST, a bulk edit) proposes by it: this follows the writes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.activities import ACCEPTED, BY_FACET_START, BY_REPEATING, CANCELLED, DECLINED, PROPOSED, Activity
from models.fields.schema import schema_of
from models.rights import Access, Scope
from models.security import User
from models.told import Told
from models.transactions import in_transaction
from services import rounds
from services.booking_texts import ANSWER, PROPOSAL, tell
from services.following import follows
from services.records import Overtaken, get_record, now, write_version

Raw = dict[str, Any]
Pairs = Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]
REGISTER = "activity"
ANSWERS = (ACCEPTED, DECLINED)
#: Whoever was asked about one of these being otherwise is asked again.
TIMES = ("starts_at", "ends_at", "all_day", "repeats", "due_on", "due_time")
MOST_SHOWN = 50
LONGEST_MESSAGE = 1_000


class NotAsked(Told):
    """The user was not asked, or is not any more."""


# Proposing


@follows(REGISTER)
def propose(session: ClientSession, access: Access, pairs: Pairs) -> None:
    """Note who of the users in each activity has yet to answer, and ask them, in the transaction that writes it."""
    changed = [(before or {}, after) for before, after in pairs if after is not None and concerns(before, after)]
    if not changed:
        return
    booked = bookable(access, {user for _before, after in changed for user in after.get("users") or ()}, session)
    for before, after in changed:
        held = before.get("answers") or {}
        answers = answers_of(held, before, after, booked)
        if answers == held == (after.get("answers") or {}):
            continue
        asked = [user for user, answer in answers.items() if answer == PROPOSED != held.get(user)]
        # What is followed later (reminders), and whoever wrote it, have it from the document at hand.
        after["answers"] = answers  # type: ignore[index]
        Activity._get_collection().update_one({"_id": after["_id"]}, {"$set": {"answers": answers}}, session=session)
        tell(session, [ObjectId(user) for user in asked], PROPOSAL, access, after)


def concerns(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> bool:
    """Whether a write may have somebody to ask. What comes back from the recycle bin comes as it was."""
    if before is None:
        return bool(after.get("users")) and after["version"] == 1
    return bool(after.get("users") or before.get("answers")) and any(
        before.get(name) != after.get(name) for name in ("users", "owner", *TIMES))  # fmt: skip


def answers_of(
    held: Mapping[str, str], before: Mapping[str, Any], after: Mapping[str, Any], booked: set[ObjectId]
) -> dict[str, str]:
    """What each of the users has answered after a write, of what was `held` before it; those who need not be asked
    have no answer."""
    known = set(before.get("users") or ())
    moved = any(before.get(name) != after.get(name) for name in TIMES)
    found = {}
    for user in after.get("users") or ():
        answer = held.get(str(user))
        asked_anew = user not in known or (moved and answer is not None)
        if user == after.get("owner") or (asked_anew and user in booked):
            continue
        if asked_anew:
            found[str(user)] = PROPOSED
        elif answer:
            found[str(user)] = answer
    return found


def bookable(access: Access, users: Iterable[ObjectId], session: ClientSession | None = None) -> set[ObjectId]:
    """Those of the users in whose calendars whoever asks books at once: whose activities they may change."""
    wanted, scope = set(users), access.scope(REGISTER, "change")
    own = wanted & {access.user_id}
    if scope is Scope.ALL or (access.everything and access.user_id is None):
        return wanted | own
    if scope is not None and (teams := access.teams(scope)):
        query = {"_id": {"$in": list(wanted)}, "team": {"$in": sorted(teams)}}
        return own | {raw["_id"] for raw in User._get_collection().find(query, {"_id": 1}, session=session)}
    return own


# Answering


def answer_booking(access: Access, activity_id: Any, answer: str, *, message: str = "",
                   version: int | None = None) -> Raw:  # fmt: skip
    """Accept or decline what was proposed to the user; returns the activity as it was then.

    The answer, its change entry and what tells the owner are one transaction. What was answered may be answered
    otherwise later. Raises RecordNotFound, NotAsked, VersionConflict (Overtaken).
    """
    before = get_record(access, REGISTER, activity_id)
    user = str(access.user_id)
    if answer not in ANSWERS or user not in (before.get("answers") or {}) or access.user_id == before.get("owner"):
        raise NotAsked(_l("You were not asked about this, or its time was changed meanwhile. Reload the page."))
    if version is not None and version != before["version"]:
        raise Overtaken(before)
    if before["answers"][user] == answer:
        return before
    after = {**before, "answers": {**before["answers"], user: answer}, "version": before["version"] + 1,
             "changed_at": now()}  # fmt: skip
    in_transaction(lambda session: write_answer(session, access, before, after, message.strip()[:LONGEST_MESSAGE]))
    rounds.wake()
    return after


def write_answer(session: ClientSession, access: Access, before: Raw, after: Raw, message: str) -> None:
    user = str(access.user_id)
    changes = {f"answers.{user}": before["answers"][user]}, {f"answers.{user}": after["answers"][user]}
    write_version(session, access, schema_of(REGISTER), before, after, changes)
    if owner := after.get("owner"):
        tell(session, [owner], ANSWER, access, after, answer=after["answers"][user], message=message)


# What waits for an answer


def proposals(access: Access) -> tuple[list[Raw], list[Raw]]:
    """(what waits for the user's answer, what the user has proposed and waits for others'), soonest first; of what is
    still to come."""
    if access.user_id is None:
        return [], []
    mine = list(waiting(f"users={access.user_id}", {f"answers.{access.user_id}": PROPOSED}))
    owned = [raw for raw in waiting(f"owner={access.user_id}", {"answers": {"$gt": {}}})
             if PROPOSED in raw["answers"].values()]  # fmt: skip
    seen = [raw for raw in mine if access.allows(REGISTER, "see", raw) and raw.get("owner") != access.user_id]
    return seen[:MOST_SHOWN], owned[:MOST_SHOWN]


def waiting(token: str, query: Mapping[str, Any]) -> Iterator[Raw]:
    once: Raw = {"ends_at": {"$gt": now()}, "repeats": None, "starts_at": {"$exists": True}}
    for index, more in ((BY_FACET_START, once), (BY_REPEATING, {"repeats": {"$exists": True}})):
        asked = {"facets": token, "state": {"$ne": CANCELLED}, **query, **more}
        yield from Activity._get_collection().find(asked, hint=index).sort("starts_at").limit(MOST_SHOWN * 2)


