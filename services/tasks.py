"""Tasks: what is to be done in groups by when it is due, what was done lately, and the quick ways of working on one."""

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo import ASCENDING, DESCENDING
from pymongo.client_session import ClientSession

from models.activities import BY_DONE, BY_PENDING, DAY, DONE, LINKS, OPEN, PENDING, TASK, Activity
from models.fields.errors import ValidationFailed
from models.fields.query import every_of
from models.registers import register_of
from models.rights import Access
from models.security import User
from services.following import Pairs, follows
from services.planning import counted, time_limit
from services.records import RecordNotFound, create_record, get_record, now, object_id, update_record
from services.repeating import REGISTER
from services.search import COUNT_CAP
from services.values import context_of

Raw = dict[str, Any]
MINE, TEAM, ALL = "mine", "team", "all"
WHOSE: Mapping[str, Any] = {MINE: _l("Mine"), TEAM: _l("My team's"), ALL: _l("Everybody's")}
OVERDUE, TODAY, WEEK, LATER, NO_DAY, DONE_LATELY = "overdue", "today", "week", "later", "none", "done"
GROUPS: Mapping[str, Any] = {
    OVERDUE: _l("Overdue"), TODAY: _l("Today"), WEEK: _l("This week"), LATER: _l("Later"),
    NO_DAY: _l("Without a day"),
}  # fmt: skip
#: So many of each group stand on the page of all groups, and on a page of one.
SHOWN, PAGE = 25, 100
#: The side bar counts so far.
MOST_TOLD = 99
#: How long a count is remembered, and of how many users.
TOLD_SECONDS, MOST_KEPT = 30.0, 1_000
#: To be done is what has a day on which it is due, and tasks without one.
TO_DO: Raw = {"$or": [{"kind": TASK}, {"due_on": {"$exists": True}}]}
#: Whom tasks are dragged to.
MOST_COLLEAGUES = 20
NAMES = {"first_name": 1, "last_name": 1}
POSTPONED = ("tomorrow", "next_week")
#: An activity's zone may be so far ahead of, or behind, its reader's.
ANY_ZONE = DAY


@dataclass(frozen=True)
class Asked:
    """Which tasks are wanted: whose, and of what priority ("" for any)."""

    whose: str = MINE
    priority: str = ""


@dataclass(frozen=True)
class Group:
    """Tasks of one group, the first that becomes due first. `after` is where the next page goes on, "" at the end."""

    key: str
    rows: Sequence[Raw]
    count: int
    exact: bool
    after: str


# Reading


def task_groups(access: Access, asked: Asked) -> list[Group]:
    """Every group that holds something, with its first SHOWN tasks."""
    found = [task_page(access, asked, key, size=SHOWN) for key in GROUPS]
    return [group for group in found if group.rows]


def task_page(access: Access, asked: Asked, key: str, *, after: str = "", size: int = PAGE) -> Group:
    """One group of tasks, or what was done lately, from the row of the key `after` on. Raises RecordNotFound for a
    group or a key that is none."""
    done = key == DONE_LATELY
    path, sign, index = ("done_at", DESCENDING, BY_DONE) if done else ("due_at", ASCENDING, BY_PENDING)
    narrowed = {"priority": asked.priority} if asked.priority else {}
    query = every_of([whose_query(access, asked.whose, done=done), state_query(done=done), due_query(access, key),
                      TO_DO, narrowed, access.condition(REGISTER)])  # fmt: skip
    collection = Activity._get_collection()
    beyond = every_of([query, after_query(path, sign, after)]) if after else query
    rows = collection.find(beyond, hint=index).sort([(path, sign), ("_id", sign)]).limit(size + 1)
    found = list(rows.max_time_ms(time_limit()))
    more = len(found) > size
    count = counted(collection, query, COUNT_CAP + 1, index) if more or after else len(found)
    last = key_of(path, found[size - 1]) if more else ""
    return Group(key, found[:size], min(count, COUNT_CAP), count <= COUNT_CAP, last)


def whose_query(access: Access, whose: str, *, done: bool = False) -> Raw:
    """What an index of tokens finds the tasks by."""
    if whose == MINE:
        return {"facets": {"$in": access.mine(register_of(REGISTER).sharing.users)}}
    if whose == TEAM:
        return {"facets": f"team={access.team_id}"}
    states = (DONE,) if done else PENDING
    return {"facets": {"$in": [f"state={state}" for state in states]}}


def state_query(*, done: bool) -> Raw:
    """What the index of a list holds: without it the database would not take the index."""
    return {"done_at": {"$exists": True}} if done else {"state": {"$in": list(PENDING)}}


def due_query(access: Access, key: str) -> Raw:
    """Overdue is what the moment has gone by; what is due later goes by its day, which knows no zone."""
    moment = now()
    today = today_of(access)
    sunday = today + (6 - today.weekday()) * DAY
    if key == OVERDUE:
        return {"due_at": {"$lte": moment}}
    if key == TODAY:
        return {"due_at": {"$gt": moment}, "due_on": {"$lte": today}}
    if key == WEEK:
        return {"due_at": {"$gt": max(moment, today)}, "due_on": {"$gt": today, "$lte": sunday}}
    if key == LATER:
        return {"due_at": {"$gt": max(moment, sunday - ANY_ZONE)}, "due_on": {"$gt": sunday}}
    if key == NO_DAY:
        return {"due_at": None}
    if key == DONE_LATELY:
        return {}
    raise RecordNotFound(REGISTER, key)


def today_of(access: Access) -> dt.datetime:
    """The reader's day as days are kept."""
    day = dt.datetime.now(context_of(access).zone)
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)


def key_of(path: str, row: Raw) -> str:
    moment = row.get(path)
    return f"{int(moment.timestamp() * 1000) if moment else ''}.{row['_id']}"


def after_query(path: str, sign: int, key: str) -> Raw:
    """What follows the row of a key. Raises RecordNotFound for one that is none."""
    number, _dot, row = key.partition(".")
    row_id, beyond = object_id(REGISTER, row), "$gt" if sign > 0 else "$lt"
    if not number:
        return {"_id": {beyond: row_id}}
    if not (number.isascii() and number.isdigit() and len(number) < 15):
        raise RecordNotFound(REGISTER, key)
    moment = dt.datetime.fromtimestamp(int(number) / 1000, dt.UTC)
    return {"$or": [{path: {beyond: moment}}, {path: moment, "_id": {beyond: row_id}}]}


def overdue_count(access: Access) -> int:
    """How many of one's own tasks are overdue, at most one more than MOST_TOLD: index keys are all that is read."""
    if access.user_id is None or not access.may(REGISTER, "see"):
        return 0
    query = every_of([whose_query(access, MINE), state_query(done=False), due_query(access, OVERDUE)])
    return counted(Activity._get_collection(), query, MOST_TOLD + 1, BY_PENDING)


_told: dict[ObjectId, tuple[float, int]] = {}


def told_overdue(access: Access) -> int:
    """The count that stands beside the menu's entry on every page: remembered for TOLD_SECONDS, and counted anew once
    this process has written an activity."""
    if access.user_id is None:
        return 0
    moment, known = time.monotonic(), _told.get(access.user_id)
    if known is None or moment - known[0] > TOLD_SECONDS:
        if len(_told) >= MOST_KEPT:
            _told.clear()
        known = _told[access.user_id] = moment, overdue_count(access)
    return known[1]


@follows(REGISTER)
def forget_told(_session: ClientSession, _access: Access, _pairs: Pairs) -> None:
    _told.clear()


def count_anew(access: Access) -> None:
    """Have the next page tell the count as it is now."""
    if access.user_id is not None:
        _told.pop(access.user_id, None)


# Writing


def add_task(access: Access, values: Mapping[str, Any]) -> Raw:
    """A new task; what is not said is as usual. Raises NotAllowed, ValidationFailed."""
    return create_record(access, REGISTER, {"kind": TASK, "state": OPEN, **values})


def finish_task(access: Access, task_id: Any, version: int | None) -> Raw:
    """Raises RecordNotFound, NotAllowed, ValidationFailed, VersionConflict, as all of these."""
    return update_record(access, REGISTER, task_id, {"state": DONE}, version=version)


def reopen_task(access: Access, task_id: Any, version: int | None) -> Raw:
    return update_record(access, REGISTER, task_id, {"state": OPEN}, version=version)


def postpone_task(access: Access, task_id: Any, version: int | None, to: str) -> Raw:
    """To tomorrow, or to the Monday of next week; its time of the day stays."""
    today = today_of(access)
    if to not in POSTPONED:
        raise ValidationFailed({"due_on": [_l("Choose a day.")]})
    day = today + DAY if to == POSTPONED[0] else today + (7 - today.weekday()) * DAY
    return update_record(access, REGISTER, task_id, {"due_on": day.date().isoformat()}, version=version)


def hand_over(access: Access, task_id: Any, version: int | None, *, user: str = "", team: str = "") -> Raw:
    """To a colleague, whose team's it becomes no more than it was; to a team, one of which takes it on."""
    if not user and not team:
        raise ValidationFailed({"owner": [_l("Choose to whom it is handed over.")]})
    values = {"owner": user} if user else {"team": team, "owner": ""}
    return update_record(access, REGISTER, task_id, values, version=version)


def follow_up(access: Access, task_id: Any, values: Mapping[str, Any]) -> Raw:
    """The task that follows one that is done, with whom it was with. Raises RecordNotFound, NotAllowed,
    ValidationFailed."""
    raw = get_record(access, REGISTER, task_id)
    linked = {name: [str(one) for one in raw.get(name) or ()] for name in LINKS
              if not access.hides(REGISTER, name)}  # fmt: skip
    return add_task(access, {**linked, "previous": str(raw["_id"]), **values})


def follows_by_itself(task_id: ObjectId) -> Raw | None:
    """The next one of a repeating task, which was made as this one was done."""
    query = {"facets": f"previous={task_id}", "state": {"$in": list(PENDING)}, "repeats": {"$exists": True}}
    return Activity._get_collection().find_one(query, hint=BY_PENDING)


def colleagues(access: Access) -> list[tuple[ObjectId, str]]:
    """(id, name) of active users whom a task may be handed to at hand: those of the user's own team, else the first
    by name."""
    query: Raw = {"active": True, "_id": {"$ne": access.user_id}}
    users = User._get_collection()
    found = list(users.find({**query, "team": access.team_id}, NAMES).sort("first_name", 1).limit(MOST_COLLEAGUES)
                 if access.team_id else ())  # fmt: skip
    found = found or list(users.find(query, NAMES).sort("first_name", 1).limit(MOST_COLLEAGUES))
    return [(raw["_id"], f"{raw.get('first_name', '')} {raw.get('last_name', '')}".strip()) for raw in found]
