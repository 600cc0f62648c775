"""Where users are signed in: each browser is known to the server until it signs out, or is signed out from elsewhere.

A browser holds a random token in its signed cookie, and the user's document the token's hash: a copied cookie is worth
nothing once the session has ended. Tokens of programs (REST) carry the user's `token_era` instead, which ends them all
together.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.rights import Access
from models.security import User
from models.transactions import in_transaction
from services.audit import What, target_user, write
from services.records import now
from services.security import find_document, require_administrator

Raw = dict[str, Any]
#: A session ends when nothing was done in it for so long, and in any case after so long.
IDLE, LONGEST = dt.timedelta(hours=12), dt.timedelta(days=14)
#: When something was done in it last is noted so often.
NOTED_EVERY = dt.timedelta(minutes=5)
#: Who logged in no longer ago than that need not show anew who they are.
LATELY = dt.timedelta(minutes=10)
#: Of more sessions of one user the oldest is ended.
MOST = 20
LONGEST_AGENT = 300


@dataclass(frozen=True)
class SignedIn:
    """One session as its user sees it. `id` tells it apart and opens nothing; `agent` is the browser's own name."""

    id: str
    begun_at: dt.datetime
    seen_at: dt.datetime
    address: str
    agent: str
    current: bool = False


def begin_session(user_id: ObjectId, address: str, agent: str, how: str) -> str:
    """Note that the user has signed in, and `how` ("password", "code"); answers the token that the browser keeps."""
    token, moment = secrets.token_urlsafe(32), now()
    begun = {"key": key_of(token), "begun_at": moment, "seen_at": moment, "address": address[:64],
             "agent": agent[:LONGEST_AGENT]}  # fmt: skip
    mine, users = {"_id": user_id}, User._get_collection()

    def work(session: ClientSession) -> None:
        users.update_one(mine, {"$pull": {"sessions": {"seen_at": {"$lt": moment - IDLE}}}}, session=session)
        users.update_one(mine, {"$push": {"sessions": {"$each": [begun], "$slice": -MOST}}}, session=session)
        write(session, What.SIGNED_IN, user_id, details={"how": how})

    in_transaction(work)
    return token


def key_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def goes_on(user: User, token: Any) -> bool:
    """Whether the token is that of a session of this user that goes on; notes now and then that it does."""
    key, moment = key_of(token) if isinstance(token, str) else "", now()
    found = next((one for one in user.sessions if one.key == key), None)
    if found is None or has_ended(found, moment):
        return False
    if moment - found.seen_at >= NOTED_EVERY:
        User._get_collection().update_one({"_id": user.pk, "sessions.key": key},
                                          {"$set": {"sessions.$.seen_at": moment}})  # fmt: skip
    return True


def began_lately(user: User, token: Any) -> bool:
    """Whether the user logged in, in the session of this token, a moment ago."""
    key = key_of(token) if isinstance(token, str) else ""
    return any(one.key == key and now() - one.begun_at <= LATELY for one in user.sessions)


def has_ended(session: Any, moment: dt.datetime) -> bool:
    return bool(moment - session.seen_at > IDLE or moment - session.begun_at > LONGEST)


def end_session(user_id: ObjectId, token: Any) -> None:
    """End the session of a token: its user signs out."""
    if not isinstance(token, str):
        return

    def work(session: ClientSession) -> None:
        gone = {"$pull": {"sessions": {"key": key_of(token)}}}
        if User._get_collection().update_one({"_id": user_id}, gone, session=session).modified_count:
            write(session, What.SIGNED_OUT, user_id)

    in_transaction(work)


def sessions_of(access: Access, user_id: Any, token: Any = "") -> list[SignedIn]:
    """The sessions that go on, the latest first: one's own, or as an administrator anybody's.

    `token` tells which is the one that asks. Raises NotAllowed, RecordNotFound.
    """
    user, moment = user_for(access, user_id), now()
    mine = key_of(token) if isinstance(token, str) and token else ""
    found = [SignedIn(one.key[:12], one.begun_at, one.seen_at, one.address, one.agent, one.key == mine)
             for one in user.sessions if not has_ended(one, moment)]  # fmt: skip
    return sorted(found, key=lambda one: one.seen_at, reverse=True)


def end_sessions(access: Access, user_id: Any, ids: str | None = None, *, keep: Any = "") -> None:
    """End one session by its id, or all of them but the one whose token is `keep`; then the tokens of programs end as
    well. Raises NotAllowed, RecordNotFound.
    """
    user = user_for(access, user_id)
    kept = key_of(keep) if isinstance(keep, str) and keep else ""
    gone = [one.key for one in user.sessions if (one.key[:12] == ids if ids is not None else one.key != kept)]
    changes: Raw = {"$pull": {"sessions": {"key": {"$in": gone} if ids is not None else {"$ne": kept}}}}
    if ids is None:
        changes["$inc"] = {"token_era": 1}

    def work(session: ClientSession) -> None:
        User._get_collection().update_one({"_id": user.pk}, changes, session=session)
        write(session, What.SESSIONS_ENDED, access.user_id, target=target_user(user.pk, session),
              details={"sessions": len(gone), "everywhere": ids is None})  # fmt: skip

    in_transaction(work)


def user_for(access: Access, user_id: Any) -> User:
    raw = find_document("user", user_id)
    if raw["_id"] != access.user_id:
        require_administrator(access)
    return User.objects.get(pk=raw["_id"])


def ended_but(before: Mapping[str, Any], token: Any = "") -> Raw:
    """What is written to a user with a new password, so that whoever has the old one is out: every session but the one
    of `token`, and all tokens of programs."""
    kept = key_of(token) if isinstance(token, str) and token else ""
    return {"sessions": [one for one in before.get("sessions") or () if one["key"] == kept],
            "token_era": (before.get("token_era") or 0) + 1}  # fmt: skip
