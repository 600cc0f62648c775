"""News of one's customers: what others have done with the companies that a user owns, and changed in them."""

import datetime as dt
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from models.changes import Change
from models.fields.schema import schema_of
from models.registers import register_of
from models.rights import Access
from services.history import BY_MOMENT, Event, seen_changes
from services.planning import BY_FACET, MOST_MERGED, time_limit
from services.records import now
from services.timeline import Happening, happened
from services.tray_figures import in_time

Raw = dict[str, Any]
REGISTER = "company"
#: News are of so many days, and of so many companies.
LATEST = dt.timedelta(days=30)
MOST_COMPANIES = 1_000


def customer_news(access: Access, size: int) -> list[Event | Happening]:
    """The newest, what the user has done left out. Raises TooSlow."""
    with in_time():
        names = own_companies(access)
        if not names:
            return []
        concerned = {(REGISTER, company): "" for company in names}
        since = now() - LATEST
        # Of what happened one's own is left out afterwards: it is read in some plenty.
        others = [one for one in happened(access, concerned, 4 * size)
                  if one.raw.get("owner") != access.user_id and one.at >= since]  # fmt: skip
        found: list[Event | Happening] = [*changes_of(access, names, since, size), *others]
    return sorted(found, key=lambda one: one.at, reverse=True)[:size]


def own_companies(access: Access) -> dict[ObjectId, str]:
    """id -> name of the companies that the user owns and sees."""
    if access.user_id is None:
        return {}
    query = {"$and": [{"facets": f"owner={access.user_id}"}, access.condition(REGISTER)]}
    rows = register_of(REGISTER).document._get_collection().find(query, {"name": 1}, hint=BY_FACET)
    return {raw["_id"]: raw.get("name") or "" for raw in rows.limit(MOST_COMPANIES).max_time_ms(time_limit())}


def changes_of(access: Access, names: dict[ObjectId, str], since: dt.datetime, size: int) -> list[Event]:
    """The newest changes by others of what the user sees of these companies; what the program does by itself is no
    news."""
    schema, ids, found = schema_of(REGISTER).for_access(access), list(names), []
    for place in range(0, len(ids), MOST_MERGED):
        query = {"record": {"$in": ids[place : place + MOST_MERGED]}, "at": {"$gte": since},
                 "by": {"$nin": [access.user_id, None]}}  # fmt: skip
        rows = Change._get_collection().find(query).sort("at", DESCENDING).hint(BY_MOMENT).limit(2 * size)
        found += list(rows.max_time_ms(time_limit()))
    events = [Event(raw, schema.register, names[raw["record"]], list(seen_changes(schema.fields, raw["changes"])))
              for raw in found if raw["register"] == REGISTER]  # fmt: skip
    # A change of nothing that one sees tells nothing.
    return [event for event in events if event.changes or event.raw["action"] != "update"]
