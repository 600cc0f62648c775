"""Notices: told to a user within a transaction, shown on the page in the language of whoever reads them."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from models.notices import Notice
from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.records import RecordNotFound, now, object_id

Raw = dict[str, Any]
Writer = Callable[[Mapping[str, Any]], str]
PAGE = 50
MAX_PAGE = 10_000
#: So many fresh ones are shown at once.
MOST_FRESH = 5
#: Kind of notice -> what makes its text of `params`, in the language of the moment.
WRITERS: dict[str, Writer] = {}


def writes_notice(kind: str) -> Callable[[Writer], Writer]:
    """Register a function that makes the text of a kind of notice of its `params`."""

    def add(writer: Writer) -> Writer:
        WRITERS[kind] = writer
        return writer

    return add


def notify(session: ClientSession, notices: Sequence[Mapping[str, Any]]) -> None:
    """Tell users within the caller's transaction: {user, kind, params, url, key}, of which `key` may be left out.

    A key that the user was told already tells nothing. `params` are plain values; `url` is a path of ours.
    """
    moment = now()
    writes = [
        UpdateOne({"user": notice["user"], "key": notice["key"]} if notice.get("key") else {"_id": ObjectId()},
                  {"$setOnInsert": {**{name: value for name, value in notice.items() if name != "key"}, "at": moment}},
                  upsert=True)
        for notice in notices
    ]  # fmt: skip
    if not writes:
        return
    told = Notice._get_collection().bulk_write(writes, ordered=False, session=session).upserted_ids or {}
    counts = Counter(notices[index]["user"] for index in told)
    if counts:
        User._get_collection().bulk_write(
            [UpdateOne({"_id": user}, {"$inc": {"unread": count}}) for user, count in counts.items()],
            ordered=False, session=session,
        )  # fmt: skip


def text_of(raw: Mapping[str, Any]) -> str:
    """What a notice says; "" for a kind that this version does not know."""
    writer = WRITERS.get(raw["kind"])
    return writer(raw.get("params") or {}) if writer else ""


def count_unread(access: Access) -> int:
    """How many notices the user has not read, as every page shows it."""
    raw = User._get_collection().find_one({"_id": access.user_id}, {"unread": 1}) or {}
    return max(raw.get("unread") or 0, 0)


def recount(access: Access, session: ClientSession) -> None:
    """Count the unread ones anew: some have been read, or are so old that the database removed them."""
    recount_all(session, [access.user_id])


def recount_all(session: ClientSession, users: Iterable[ObjectId | None]) -> None:
    """The same for some users."""
    for user in users:
        count = Notice._get_collection().count_documents({"user": user, "read_at": None}, session=session)
        User._get_collection().update_one({"_id": user}, {"$set": {"unread": count}}, session=session)


def fresh_notices(access: Access, since: dt.datetime) -> list[Raw]:
    """The user's newest unread notices after a moment, the newest first, MOST_FRESH at most."""
    query = {"user": access.user_id, "read_at": None, "at": {"$gt": since}}
    return list(Notice._get_collection().find(query).sort("at", -1).limit(MOST_FRESH))


def list_notices(access: Access, page: int = 0) -> tuple[list[Raw], bool]:
    """(one page of the user's notices, newest first; whether there is more). What the bell shows is set right."""
    in_transaction(lambda session: recount(access, session))
    found = Notice._get_collection().find({"user": access.user_id}).sort([("at", -1), ("_id", -1)])
    rows = list(found.skip(page * PAGE).limit(PAGE + 1))
    return rows[:PAGE], len(rows) > PAGE


def read_notice(access: Access, notice_id: Any) -> Raw:
    """Mark one of the user's own as read; answers it. Raises RecordNotFound."""
    own = {"_id": object_id("notice", notice_id), "user": access.user_id}
    raw: Raw | None = Notice._get_collection().find_one(own)
    if raw is None:
        raise RecordNotFound("notice", notice_id)
    mark_read(access, own)
    return raw


def read_all_notices(access: Access) -> int:
    """Mark all of the user's as read; how many there were."""
    return mark_read(access, {"user": access.user_id})


def mark_read(access: Access, which: Mapping[str, Any]) -> int:
    """Mark the user's unread ones among these as read, and count what is left; how many there were."""

    def work(session: ClientSession) -> int:
        moment = {"$set": {"read_at": now()}}
        done = Notice._get_collection().update_many({**which, "read_at": None}, moment, session=session)
        recount(access, session)
        return done.modified_count

    return in_transaction(work)


def was_told(key: str) -> bool:
    """Whether anybody has been told this key."""
    return Notice._get_collection().find_one({"key": key}, {"_id": 1}) is not None
