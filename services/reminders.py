"""Reminders: made in the transaction that writes an activity, told once each when their moment has come.

A user has one waiting reminder of an activity at a time; of a repeating one, for its next occurrence. Telling is one
transaction: the reminder is told, and its notice and its e-mail are there.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from bson import ObjectId
from pymongo import UpdateMany, UpdateOne
from pymongo.client_session import ClientSession

from models.activities import MOMENT, PENDING, Activity
from models.reminders import Reminder, ReminderState
from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.following import Pairs, follows
from services.notices import notify
from services.outbox import queue_messages
from services.records import now
from services.recurrence import BadRule, occurrences
from services.reminder_texts import mail_of, notice_of
from services.security import access_of_id

Raw = Mapping[str, Any]
#: What one round has looked up of its users: their rights, by their ids.
Rights = dict[ObjectId, Access]
#: (when the activity begins or is due, when its users are told of it)
Moments = tuple[dt.datetime, dt.datetime]
#: What a reminder is made of; a change of anything else leaves reminders as they are.
CAUSES = ("reminder", "reminder_at", "starts_at", "ends_at", "all_day", "due_on", "due_time", "due_at", "zone",
          "repeats", "skipped", "state", "owner", "users", "answers")  # fmt: skip
#: After a stop, older ones are told no more.
OLDEST = dt.timedelta(days=7)
BATCH = 250
WAITING, TOLD, CANCELLED = (state.value for state in ReminderState)
#: What is needed of the users that are told.
USER_FIELDS = {"email": 1, "language": 1, "time_zone": 1}


# When


def users_of(raw: Mapping[str, Any]) -> list[ObjectId]:
    """Who takes part: the owner, and the users who were booked or have accepted."""
    answers = raw.get("answers") or {}
    others = [user for user in raw.get("users") or () if answers.get(str(user), "accepted") == "accepted"]
    return list(dict.fromkeys([raw["owner"], *others] if raw.get("owner") else others))


def is_open(raw: Mapping[str, Any] | None) -> bool:
    """Whether something of the activity is still to come."""
    return raw is not None and raw.get("state") in PENDING


def moments(raw: Raw, since: dt.datetime) -> Iterator[Moments]:
    """The activity's reminders from a moment on, in their order."""
    choice = raw.get("reminder") or ""
    if choice == MOMENT:
        if at := raw.get("reminder_at"):
            yield raw.get("starts_at") or raw.get("due_at") or at, at
        return
    if not choice.isdigit():
        return
    lead = dt.timedelta(minutes=int(choice))
    try:
        yield from ((start, start - lead) for start, _end in occurrences(raw, since + lead) if start >= since + lead)
    except BadRule:
        # The register refuses such a rule; one that came by another way reminds of nothing.
        return


def next_reminder(raw: Raw, moment: dt.datetime) -> Moments | None:
    """The next reminder after a moment. One that doesn't repeat is told late rather than never, until it begins."""
    if raw.get("repeats") and raw.get("reminder") != MOMENT:
        return next((pair for pair in moments(raw, moment) if pair[1] > moment), None)
    pair = next(moments(raw, moment - OLDEST), None)
    return pair if pair and (pair[1] > moment or pair[0] > moment) else None


def is_right(raw: Raw, at: dt.datetime) -> bool:
    """Whether the activity, as it is now, has a reminder at this moment."""
    pair = next(moments(raw, at), None)
    return pair is not None and pair[1] == at


# Following activities


@follows(Activity.register_key)
def follow_activities(session: ClientSession, access: Access, pairs: Pairs) -> None:
    """Make, move and cancel the reminders of activities that are being written, in their writer's transaction.

    `pairs` are (before or None, after or None), raw.
    """
    changed = [(before or after or {}, after) for before, after in pairs if differs(before, after)]
    known: dict[ObjectId, list[Raw]] = {}
    ids = {raw["_id"] for raw, _after in changed}
    for reminder in Reminder._get_collection().find({"activity": {"$in": list(ids)}}, session=session) if ids else ():
        known.setdefault(reminder["activity"], []).append(reminder)
    moment = now()
    writes = [write for raw, after in changed
              for write in reminder_writes(raw["_id"], after, known.get(raw["_id"], ()), moment)]  # fmt: skip
    if writes:
        Reminder._get_collection().bulk_write(writes, session=session)


def differs(before: Raw | None, after: Raw | None) -> bool:
    """Whether the change is one that reminders go by."""
    if before is None or after is None:
        return bool((before or after or {}).get("reminder"))
    return any(before.get(name) != after.get(name) for name in CAUSES)


def reminder_writes(
    activity: ObjectId, after: Raw | None, known: Sequence[Raw], moment: dt.datetime
) -> Iterator[UpdateOne]:
    """What makes the reminders of one activity, which are `known`, right."""
    users = users_of(after) if after and is_open(after) else []
    pair = next_reminder(after, moment) if after and users else None
    wanted = {(user, pair[1]): pair[0] for user in users} if pair else {}
    for reminder in known:
        place = (reminder["user"], reminder["at"])
        starts, state = wanted.pop(place, None), reminder["state"]
        if state == WAITING and starts is None and not (
            after and place[0] in users and place[1] <= moment and is_right(after, place[1])
        ):  # fmt: skip
            yield UpdateOne({"_id": reminder["_id"]}, {"$set": {"state": CANCELLED}})
        elif starts is not None and (state == CANCELLED or reminder["starts"] != starts):
            again = {"state": WAITING} if state == CANCELLED else {}
            yield UpdateOne({"_id": reminder["_id"]}, {"$set": {"starts": starts, **again}})
    for (user, at), starts in wanted.items():
        yield new_reminder(activity, user, (starts, at))


def new_reminder(activity: ObjectId, user: ObjectId, pair: Moments) -> UpdateOne:
    """Makes a waiting reminder unless there is one of that moment, told or not."""
    return UpdateOne({"activity": activity, "user": user, "at": pair[1]},
                     {"$setOnInsert": {"starts": pair[0], "state": WAITING}}, upsert=True)  # fmt: skip


# Telling


def tell_due() -> int:
    """Tell every reminder whose moment has come; how many were told. Several at once tell none twice: their
    transactions meet at the reminders, and one of them starts over."""
    told, rights = 0, Rights()
    while True:
        due, done = in_transaction(partial(tell_some, rights))
        told += done
        if due < BATCH:
            return told


def tell_some(rights: Rights, session: ClientSession) -> tuple[int, int]:
    """(how many were due, how many of them are told) of those that have waited longest."""
    moment = now()
    due = list(Reminder._get_collection().find({"state": WAITING, "at": {"$lte": moment}}, session=session)
               .sort("at").limit(BATCH))  # fmt: skip
    if not due:
        return 0, 0
    activities = found_by_id(Activity._get_collection(), {one["activity"] for one in due}, None, session)
    users = found_by_id(User._get_collection(), {one["user"] for one in due}, USER_FIELDS, session)
    rights.update((user, access_of_id(user)) for user in users if user not in rights)
    told = [one for one in due if is_to_be_told(one, activities.get(one["activity"]), rights.get(one["user"]), moment)]
    writes: list[UpdateMany | UpdateOne] = [
        settled(told, TOLD, moment), settled([one for one in due if one not in told], CANCELLED, moment),
        *following(due, activities, moment),
    ]  # fmt: skip
    Reminder._get_collection().bulk_write(writes, session=session)
    facts = [(one, seen(activities[one["activity"]], rights[one["user"]]), users[one["user"]]) for one in told]
    notify(session, [notice_of(*fact) for fact in facts])
    queue_messages(session, [mail_of(*fact) for fact in facts if fact[2].get("email")])
    return len(due), len(told)


def found_by_id(
    collection: Any, ids: set[ObjectId], fields: Mapping[str, int] | None, session: ClientSession
) -> dict[ObjectId, Raw]:
    return {raw["_id"]: raw for raw in collection.find({"_id": {"$in": list(ids)}}, fields, session=session)}


def is_to_be_told(reminder: Raw, activity: Raw | None, access: Access | None, moment: dt.datetime) -> bool:
    """Whether the reminder still holds: the activity may have ended or moved, the user may have left."""
    if activity is None or access is None or reminder["at"] < moment - OLDEST:
        return False
    if not access.allows(Activity.register_key, "see", activity):
        return False
    return is_open(activity) and reminder["user"] in users_of(activity) and is_right(activity, reminder["at"])


def seen(activity: Raw, access: Access) -> dict[str, Any]:
    """The activity without what is hidden from the user."""
    return access.without_hidden(Activity.register_key, activity)


def settled(reminders: Sequence[Raw], state: str, moment: dt.datetime) -> UpdateMany:
    ids = [one["_id"] for one in reminders]
    return UpdateMany({"_id": {"$in": ids}}, {"$set": {"state": state, "ended_at": moment}})


def following(due: Sequence[Raw], activities: Mapping[ObjectId, Raw], moment: dt.datetime) -> Iterator[UpdateOne]:
    """What comes after reminders of repeating activities, told or not."""
    for one in due:
        raw = activities.get(one["activity"])
        if raw and raw.get("repeats") and is_open(raw) and one["user"] in users_of(raw):
            pair = next_reminder(raw, moment)
            if pair:
                yield new_reminder(raw["_id"], one["user"], pair)
