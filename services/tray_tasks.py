"""The tasks of a tray: what is overdue, due today and this week, in one command where there are not very many."""

from typing import Any

from models.activities import BY_PENDING, DAY, Activity
from models.fields.kinds.times import aware
from models.fields.query import every_of
from models.rights import Access
from services.planning import time_limit
from services.records import now
from services.repeating import REGISTER
from services.tasks import (
    ANY_ZONE,
    OVERDUE,
    TO_DO,
    TODAY,
    WEEK,
    Asked,
    Group,
    state_query,
    task_page,
    today_of,
    whose_query,
)
from services.tray_figures import in_time

Raw = dict[str, Any]
#: So many of each group stand on the tray, and so many are read at once.
SHOWN = {OVERDUE: 6, TODAY: 10, WEEK: 6}
READ = 100


def coming_tasks(access: Access, whose: str) -> list[Group]:
    """The groups that hold something, each with its first tasks. Raises TooSlow."""
    sunday = today_of(access) + (6 - today_of(access).weekday()) * DAY
    soon = {"due_at": {"$lte": sunday + DAY + ANY_ZONE}}
    query = every_of([whose_query(access, whose), state_query(done=False), soon, TO_DO, access.condition(REGISTER)])
    found = Activity._get_collection().find(query, hint=BY_PENDING).sort([("due_at", 1), ("_id", 1)]).limit(READ + 1)
    with in_time():
        rows = list(found.max_time_ms(time_limit()))
        if len(rows) > READ:
            groups = [task_page(access, Asked(whose), key, size=size) for key, size in SHOWN.items()]
        else:
            groups = [group_of(access, rows, key) for key in SHOWN]
    return [group for group in groups if group.rows]


def group_of(access: Access, rows: list[Raw], key: str) -> Group:
    its = [raw for raw in rows if place_of(access, raw) == key]
    return Group(key, its[: SHOWN[key]], len(its), exact=True, after="")


def place_of(access: Access, raw: Raw) -> str:
    """The group that a task stands in, as services.tasks.due_query has it; "" for one that is due later."""
    today = today_of(access)
    if aware(raw["due_at"]) <= now():
        return OVERDUE
    day = aware(raw["due_on"])
    return TODAY if day <= today else WEEK if day <= today + (6 - today.weekday()) * DAY else ""
