"""Links by which a user chooses a password, once: what is kept of them is a hash."""

import datetime as dt
import hashlib
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.fields.kinds.times import aware
from models.security import User
from models.sign_in import PasswordLink
from services.records import now

Raw = dict[str, Any]


def key_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def link_of(token: str, kind: str) -> Raw:
    """The query for the link of a token; those of older versions have no kind and are for forgotten passwords."""
    return {"_id": key_of(token), "kind": kind if kind != "password" else {"$in": [kind, None]}}


def new_link(session: ClientSession, token: str, user_id: ObjectId, kind: str, moment: dt.datetime,
             good_for: dt.timedelta) -> None:  # fmt: skip
    """Keep a link of this token, good from the moment on for so long."""
    PasswordLink._get_collection().insert_one(
        {"_id": key_of(token), "user": user_id, "kind": kind, "made_at": moment, "ends_at": moment + good_for},
        session=session,
    )  # fmt: skip


def linked_user(token: str, kind: str) -> Raw | None:
    """The user (raw) whom a link that is good lets choose a password."""
    link = PasswordLink._get_collection().find_one(link_of(token, kind))
    user: Raw | None = link and User._get_collection().find_one({"_id": link["user"], "active": True})
    return user if link and aware(link["ends_at"]) >= now() else None
