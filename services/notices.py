"""Notices: told to a user within a transaction, shown on the page in the language of whoever reads them."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne
from pymongo.client_session import ClientSession

from models.notices import Notice
from models.rights import Access
from services.records import RecordNotFound, now, object_id

Raw = dict[str, Any]
Writer = Callable[[Mapping[str, Any]], str]
PAGE = 50
MAX_PAGE = 10_000
#: More unread ones are not counted, and so many fresh ones are shown at once.
MOST_COUNTED, MOST_FRESH = 100, 5
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
    if writes:
        Notice._get_collection().bulk_write(writes, ordered=False, session=session)


def text_of(raw: Mapping[str, Any]) -> str:
    """What a notice says; "" for a kind that this version does not know."""
    writer = WRITERS.get(raw["kind"])
    return writer(raw.get("params") or {}) if writer else ""


def count_unread(user_id: ObjectId) -> int:
    """How many notices the user has not read, as far as MOST_COUNTED."""
    return Notice._get_collection().count_documents({"user": user_id, "read_at": None}, limit=MOST_COUNTED)


def fresh_notices(access: Access, since: dt.datetime) -> list[Raw]:
    """The user's newest unread notices after a moment, the newest first, MOST_FRESH at most."""
    query = {"user": access.user_id, "read_at": None, "at": {"$gt": since}}
    return list(Notice._get_collection().find(query).sort("at", -1).limit(MOST_FRESH))


def list_notices(access: Access, page: int = 0) -> tuple[list[Raw], bool]:
    """(one page of the user's notices, newest first; whether there is more)."""
    found = Notice._get_collection().find({"user": access.user_id}).sort([("at", -1), ("_id", -1)])
    rows = list(found.skip(page * PAGE).limit(PAGE + 1))
    return rows[:PAGE], len(rows) > PAGE


def read_notice(access: Access, notice_id: Any) -> Raw:
    """Mark one of the user's own as read; answers it. Raises RecordNotFound."""
    own = {"_id": object_id("notice", notice_id), "user": access.user_id}
    raw: Raw | None = Notice._get_collection().find_one_and_update(own, [
        {"$set": {"read_at": {"$ifNull": ["$read_at", now()]}}}
    ])  # fmt: skip
    if raw is None:
        raise RecordNotFound("notice", notice_id)
    return raw


def read_all_notices(access: Access) -> int:
    """Mark all of the user's as read; how many there were."""
    unread = {"user": access.user_id, "read_at": None}
    return Notice._get_collection().update_many(unread, {"$set": {"read_at": now()}}).modified_count


def was_told(key: str) -> bool:
    """Whether anybody has been told this key."""
    return Notice._get_collection().find_one({"key": key}, {"_id": 1}) is not None
