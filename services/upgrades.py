"""What a newer version asks of the records that an older one wrote; done once, before the processes start."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo import UpdateOne

from models.base import derived_values
from models.changes import Change, Source
from models.fields.schema import schema_of
from models.organisation import THE_ONE, Organisation
from models.outbox import Message
from models.registers import Register, all_registers, register_of
from models.relationships import BUILT_IN, Relationship, RelationshipKind
from models.rights import ANY_REGISTER, Scope, system_access
from models.security import Role
from models.transactions import in_transaction
from services.keeping_past import make_past_anew
from services.security import update_noted

#: The wildcard index over all custom values, text too, which `by_range` has replaced.
REPLACED = "by_custom"
#: The index over batches of changes, which the one with their ids has replaced.
REPLACED_OF_CHANGES = "batch_1"
#: Those over messages from before mailings.
REPLACED_OF_MESSAGES = ("state_1_due_at_1", "state_1_created_at_-1", "created_at_-1")
BATCH = 1_000
ACTIVITY = "activity"


def bring_up_to_date() -> None:
    """Derive `ranges` and `words` where records were written without. A start cut short begins anew."""
    for register in all_registers():
        collection = register.document._get_collection()
        replaced = REPLACED in collection.index_information()
        # The index tells at once whether there are records without words.
        if replaced or collection.find_one({"words": None}, {"_id": 1}, hint="by_word"):
            derive_anew(register)
        if replaced:
            collection.drop_index(REPLACED)
    begin_relationships()
    begin_past()
    begin_sending()
    begin_inviting()
    for collection, names in ((Change._get_collection(), (REPLACED_OF_CHANGES,)),
                              (Message._get_collection(), REPLACED_OF_MESSAGES)):  # fmt: skip
        for name in set(names) & set(collection.index_information()):
            collection.drop_index(name)


def begin_relationships() -> None:
    """What older versions kept as links alone becomes relationships, once. A start cut short goes on."""
    settings, done = Organisation._get_collection(), {"_id": THE_ONE, "relationships_begun": True}
    if settings.find_one(done, {"_id": 1}):
        return
    for kind in BUILT_IN.values():
        if kind.mirrors:
            subjects = register_of(kind.subject).document._get_collection()
            found = subjects.find({kind.mirrors: {"$exists": True}}, {kind.mirrors: 1, "created_by": 1})
            while rows := list(islice(found, BATCH)):
                relate(kind, rows)
    settings.update_one({"_id": THE_ONE}, {"$set": {"relationships_begun": True}}, upsert=True)


def begin_past() -> None:
    """What older versions kept as change entries alone becomes past states, once. A start cut short begins anew."""
    settings = Organisation._get_collection()
    for register in all_registers():
        if register.keeps_past and not settings.find_one({"_id": THE_ONE, "past_begun": register.key}, {"_id": 1}):
            make_past_anew(schema_of(register.key))
            settings.update_one({"_id": THE_ONE}, {"$addToSet": {"past_begun": register.key}}, upsert=True)


def begin_sending() -> None:
    """Roles that could send because they could make letters have that right by its own name."""
    give_once("sending_begun", "merge", give_sending)


def give_once(flag: str, action: str, give: Callable[[dict[str, Any]], None]) -> None:
    """Go through the roles (raw) that grant an action, once, which the organisation's `flag` tells. A start cut short
    goes on."""
    settings = Organisation._get_collection()
    if settings.find_one({"_id": THE_ONE, flag: True}, {"_id": 1}):
        return
    for role in Role._get_collection().find({"grants.action": action}):
        give(role)
    settings.update_one({"_id": THE_ONE}, {"$set": {flag: True}}, upsert=True)


def give_sending(role: dict[str, Any]) -> None:
    """Sending to the records that the role (raw) makes letters to, and of mailings those that it may change."""
    held = {(grant["register"], grant["action"]): grant for grant in role["grants"]}
    given = {register: grant for (register, action), grant in held.items() if action == "merge"}
    changed = [held[key, "change"] for key in ("mailing", ANY_REGISTER) if (key, "change") in held]
    widest, every = max(map(width_of, changed), default=-1), held.get((ANY_REGISTER, "send"), given.get(ANY_REGISTER))
    if widest > (width_of(every) if every else -1):
        given["mailing"] = max(changed, key=width_of)
    grants = [*role["grants"], *({"register": register, "action": "send", "scope": grant["scope"]}
                                 for register, grant in given.items() if (register, "send") not in held)]  # fmt: skip
    in_transaction(lambda session: update_noted(session, system_access(), "role", role, {"grants": grants},
                                                Source.SHELL))  # fmt: skip


def begin_inviting() -> None:
    """Roles that could send invitations because they could change activities have the right to send to these."""
    give_once("inviting_begun", "change", give_inviting)


def give_inviting(role: dict[str, Any]) -> None:
    """Sending to the activities that the role (raw) may change."""
    changed, sent = (widest_of(role["grants"], ACTIVITY, action) for action in ("change", "send"))
    if changed is None or (sent is not None and width_of(sent) >= width_of(changed)):
        return
    given = {"register": ACTIVITY, "action": "send", "scope": changed["scope"]}
    kept = [grant for grant in role["grants"] if (grant["register"], grant["action"]) != (ACTIVITY, "send")]
    in_transaction(lambda session: update_noted(session, system_access(), "role", role, {"grants": [*kept, given]},
                                                Source.SHELL))  # fmt: skip


def widest_of(grants: Iterable[Mapping[str, Any]], register: str, action: str) -> Mapping[str, Any] | None:
    """The grant of an action that reaches furthest on a register, of it alone or of all."""
    held = (grant for grant in grants if grant["action"] == action and grant["register"] in (register, ANY_REGISTER))
    return max(held, key=width_of, default=None)


def width_of(grant: Mapping[str, Any]) -> int:
    return Scope(grant["scope"]).width


def relate(kind: RelationshipKind, rows: list[dict[str, Any]]) -> None:
    """Relationships for the links of these records, as far as there are none yet."""
    relationships, moment = Relationship._get_collection(), dt.datetime.now(dt.UTC)
    there = {(raw["subject"], raw["object"]) for raw in relationships.find(
        {"kind": kind.key, "subject": {"$in": [raw["_id"] for raw in rows]}}, {"subject": 1, "object": 1})}  # fmt: skip
    fresh = [{"_id": ObjectId(), "kind": kind.key, "subject": raw["_id"], "object": one, "created_at": moment,
              "created_by": raw.get("created_by"), "changed_at": moment, "version": 1}
             for raw in rows for one in raw[kind.mirrors] if (raw["_id"], one) not in there]  # fmt: skip
    if fresh:
        relationships.insert_many(fresh)


def derive_anew(register: Register) -> None:
    collection, schema = register.document._get_collection(), schema_of(register.key)
    writes = []
    for raw in collection.find({"$or": [{"ranges": None}, {"words": None}]}):
        # A record saved meanwhile has been derived by that.
        same = {"_id": raw["_id"], "version": raw.get("version")}
        writes.append(UpdateOne(same, {"$set": derived_values(schema.filled(raw), raw.get("name"))}))
        if len(writes) == BATCH:
            collection.bulk_write(writes, ordered=False)
            writes.clear()
    if writes:
        collection.bulk_write(writes, ordered=False)
