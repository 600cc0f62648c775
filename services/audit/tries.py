"""Failed tries to sign in: the first of a minute is written at once, the others of the same account and address
together once the minute is over, so that somebody who guesses can't fill the audit."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from models.audit import FailedTries, What
from models.transactions import in_transaction
from services.audit.writing import from_request, keyed_hash, printable, target_user, write
from services.records import now
from services.users import id_of_name

Raw = dict[str, Any]
MINUTE = dt.timedelta(minutes=1)


def note_failed_sign_in(typed: str, *, held_up: bool = False) -> None:
    """Somebody gave a wrong password for a name, or had to wait. Of a name that nobody has a keyed hash is kept."""
    note_failed(What.SIGN_IN_FAILED, id_of_name(typed), typed, {"held_up": True} if held_up else {})


def note_failed_code(user_id: ObjectId | None, account: str) -> None:
    """Somebody typed a wrong one-time code; `account` tells apart those that are no user's."""
    note_failed(What.CODE_FAILED, user_id, account, {})


def note_failed(what: What, user_id: ObjectId | None, name: str, details: Mapping[str, Any]) -> None:
    minute, address = now().replace(second=0, microsecond=0), from_request("address")
    told = dict(details) | ({} if user_id else {"name_hash": keyed_hash(name)})
    whose = str(user_id) if user_id else told["name_hash"]
    key = f"{what.value}|{whose}|{address}|{minute:%Y%m%d%H%M}|{'held' if details else ''}"
    tries = FailedTries._get_collection()
    if tries.update_one({"_id": key}, {"$inc": {"count": 1}}).matched_count:
        return
    first: Raw = {"minute": minute, "what": what.value, "target": target_user(user_id), "details": told,
                  "address": address[:64], "agent": printable(from_request("agent"))}  # fmt: skip

    def work(session: ClientSession) -> None:
        counted = tries.find_one_and_update({"_id": key}, {"$inc": {"count": 1}, "$setOnInsert": first}, upsert=True,
                                            return_document=ReturnDocument.AFTER, session=session)  # fmt: skip
        if counted["count"] == 1:
            write(session, what, None, target=first["target"], details=told)

    in_transaction(work)


def write_counted_tries() -> None:
    """Write what was counted in minutes that are over. Cut short, it goes on in the next round."""
    over = {"minute": {"$lt": now() - 2 * MINUTE}}
    while (found := FailedTries._get_collection().find_one(over, {"_id": 1}, sort=[("minute", 1)])) is not None:
        in_transaction(lambda session, key=found["_id"]: write_counted(session, key))  # type: ignore[misc]


def write_counted(session: ClientSession, key: str) -> None:
    raw = FailedTries._get_collection().find_one_and_delete({"_id": key}, session=session)
    if raw is not None and raw["count"] > 1:
        details = raw["details"] | {"more_tries": raw["count"] - 1, "since": raw["minute"]}
        write(session, What(raw["what"]), None, target=raw["target"], details=details, address=raw["address"],
              agent=raw["agent"])  # fmt: skip
