"""Writing the audit: the one way in which an entry comes to be."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from bson import ObjectId, json_util
from flask import current_app, g, has_app_context, has_request_context, request
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from models.audit import AuditEntry, AuditHead, What
from models.changes import Change
from models.security import User
from models.transactions import in_transaction
from services.audit.chain import HEAD, as_kept, hash_of
from services.records import now

Raw = dict[str, Any]
LONGEST_AGENT, LONGEST_NAME = 300, 200
#: Of what a setting was and is, so many characters are told; of more, only which parts changed.
MOST_TOLD = 20_000
#: Change entries of what is no record: what the audit calls them. Those of saved views, reports and relationships are
#: about a user's own work.
OF_CHANGES = {
    "user": What.USER_CHANGED, "role": What.ROLE_CHANGED, "group": What.GROUP_CHANGED,
    **dict.fromkeys(("field_definition", "choice_list", "record_layout", "pipeline", "exchange_rate", "tray",
                     "relationship_kind", "suppressed", "marketing_rules"), What.SETTING_CHANGED),
}  # fmt: skip
#: Kinds of job that carry data out.
OF_JOBS = {"merge": What.LETTERS_MADE, "address_labels": What.LABELS_MADE, "export": What.EXPORTED}


def write(
    session: ClientSession, what: What, by: ObjectId | None, *, target: Mapping[str, Any] | None = None,
    details: Mapping[str, Any] | None = None, address: str | None = None, agent: str | None = None,
) -> int:  # fmt: skip
    """Add an entry to the audit, in the transaction of what it tells of; answers its number.

    Address and browser are those of the request, unless they are given. While an administrator looks at the program as
    another user sees it (views/looking.py), it is the administrator who does it. What a program does by an API key
    names that.
    """
    # Written first: two writers meet here, and the later one's transaction begins anew.
    head = AuditHead._get_collection().find_one_and_update(
        {"_id": HEAD}, {"$inc": {"number": 1}}, upsert=True, return_document=ReturnDocument.BEFORE, session=session
    ) or {"number": 0}  # fmt: skip
    looks = g.get("looking") if has_app_context() else None
    if looks:
        by, details = looks.by, {**(details or {}), "looking_as": looks.name}
    if key := g.get("api_key_name") if has_app_context() else None:
        details = {**(details or {}), "api_key": key}
    entry = as_kept({
        "_id": head["number"] + 1, "at": now(), "what": what.value, "by": by, "who": name_of(by, session),
        "address": (from_request("address") if address is None else address)[:64],
        "agent": printable(from_request("agent") if agent is None else agent)[:LONGEST_AGENT],
        "target": dict(target or {}), "details": dict(details or {}), "previous": head.get("hash", ""),
    })  # fmt: skip
    entry["hash"] = hash_of(entry)
    AuditEntry._get_collection().insert_one(entry, session=session)
    AuditHead._get_collection().update_one({"_id": HEAD}, {"$set": {"hash": entry["hash"]}}, session=session)
    return int(entry["_id"])


def write_now(what: What, by: ObjectId | None, **told: Any) -> int:
    """Add an entry by itself, where nothing else is written that it tells of."""
    number: int = in_transaction(lambda session: write(session, what, by, **told))
    return number


def from_request(part: str) -> str:
    """Where a request comes from ("address") or the browser's own name ("agent"); nothing outside of requests."""
    if not has_request_context():
        return ""
    return (request.remote_addr or "") if part == "address" else request.user_agent.string


def printable(text: str) -> str:
    """Text that the database can keep, whatever was sent."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "�")


def target_of(register: str, raw: Mapping[str, Any]) -> Raw:
    """What an entry is about: a user, role, group, record or setting (raw)."""
    return {"register": register, "id": raw["_id"], "name": printable(called(raw))[:LONGEST_NAME]}


def called(raw: Mapping[str, Any]) -> str:
    """What a document is called; what has no name says what it belongs to."""
    if "username" in raw:
        return f"{full_name(raw)} ({raw['username']})"
    label = raw.get("name") or raw.get("label") or raw.get("address")
    if isinstance(label, Mapping):
        label = label.get("en") or label.get("fi")
    parts = (raw.get("register"), label or raw.get("key") or raw.get("currency"))
    return ": ".join(str(part) for part in parts if part)


def full_name(raw: Mapping[str, Any]) -> str:
    return f"{raw.get('first_name') or ''} {raw.get('last_name') or ''}".strip()


def name_of(user_id: ObjectId | None, session: ClientSession | None = None) -> str:
    parts = {"first_name": 1, "last_name": 1, "username": 1}
    raw = user_id and User._get_collection().find_one({"_id": user_id}, parts, session=session)
    return called(raw) if raw else ""


def target_user(user_id: ObjectId | None, session: ClientSession | None = None) -> Raw:
    """A user as what an entry is about."""
    return {"register": "user", "id": user_id, "name": name_of(user_id, session)} if user_id else {}


def keyed_hash(text: str) -> str:
    """What is kept of a text that may be a secret, such as a password typed in the place of a name: the same text gives
    the same hash, and nobody without the server's key can tell which it was."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    message = f"audit:{text.strip().casefold()}".encode("utf-8", "replace")
    return hmac.new(key, message, hashlib.sha256).hexdigest()[:32]


# Changes of settings and rights


def note_change(session: ClientSession, change: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write the change entry of what is no record, and with it the audit's entry; `about` is the document (raw)."""
    Change._get_collection().insert_one(dict(change), session=session)
    if change["changes"] or change["action"] != "update":
        details = {"action": change["action"], "source": change["source"], **told_of(change["changes"])}
        write(session, OF_CHANGES[change["register"]], change["by"], target=target_of(change["register"], about),
              details=details)  # fmt: skip


def told_of(changes: Mapping[str, Any]) -> Raw:
    """{column: [before, after]}, or where that is too long the columns and a hash of it."""
    text = json_util.dumps(changes, json_options=json_util.CANONICAL_JSON_OPTIONS, sort_keys=True)
    if len(text) <= MOST_TOLD:
        return {"changes": dict(changes)}
    return {"columns": sorted(changes), "sha256": hashlib.sha256(text.encode()).hexdigest()}


def note_setting(session: ClientSession, by: ObjectId | None, name: str, before: Any, after: Any) -> None:
    """Tell of a setting of the organisation that has no change entry of its own."""
    write(session, What.SETTING_CHANGED, by, target={"register": "organisation", "id": None, "name": name},
          details={"action": "update", "changes": {name: [before, after]}})  # fmt: skip
