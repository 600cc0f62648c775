"""Invitations to entries of the calendar, by e-mail with an .ics: who gets one, what changed since, and sending.

An activity keeps whom its invitations went to (`invited`, each with a digest of what they were told) and the number of
the last one (`sequence`). What is to be sent follows from comparing those with the activity as it is now.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.activities import BY_SERIES, CANCELLED, WORDS, Activity
from models.changes import DeletedRecord
from models.fields.schema import schema_of
from models.people import Person
from models.rights import Access, NotAllowed
from models.security import User
from models.told import Told
from models.transactions import in_transaction
from services import rounds
from services.following import follows
from services.invitation_texts import CANCEL, REQUEST, Invitation, Recipient, message_of, organizer_of
from services.mail_headers import is_address
from services.notices import notify, writes_notice
from services.outbox import queue_messages
from services.records import Overtaken, RecordNotFound, get_record, now, write_version
from services.recycle_bin import get_deleted

Raw = dict[str, Any]
Pairs = Sequence[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]
REGISTER = "activity"
#: What an invitation tells: where it differs from what was sent, those invited are to be told.
TOLD_FIELDS = ("name", "starts_at", "ends_at", "all_day", "zone", "repeats", "skipped", "place", "text", "private")
MOST_INVITED = 200
UNTOLD = "invited_not_told"
#: Who may change the activity, and may send to it: what goes out by e-mail is granted for itself.
INVITING = ("change", "send")
MAY_NOT = _l("You may not send invitations. Ask an administrator for the right to send.")
UNTOLD_OF = _l("No invitations go out by e-mail: you may not send them. Ask an administrator for the right to send.")


class NothingToSend(Told):
    """There is nobody to invite or to tell, or not any more."""


@dataclass(frozen=True)
class Plan:
    """What one sending would do: whom it invites, tells of a change and takes the invitation back from, and the names
    of those who have no address. `sequence` is the number that it would have."""

    raw: Raw
    new: Sequence[Recipient] = ()
    changed: Sequence[Recipient] = ()
    removed: Sequence[Recipient] = ()
    without_address: Sequence[str] = ()
    sequence: int = 0
    gone: bool = False
    deleted: bool = False
    kept: Sequence[Raw] = field(default=(), repr=False)

    @property
    def out_of_date(self) -> bool:
        """Whether somebody who was invited knows something else than what is so now."""
        return bool(self.changed or self.removed)

    @property
    def anybody(self) -> bool:
        return bool(self.new or self.changed or self.removed)


# What is to be sent


def entry_of(access: Access, activity_id: Any) -> tuple[Raw, bool]:
    """(the activity whose invitations are meant, whether it was deleted); one occurrence that was changed by itself
    goes with its series' invitations. Raises RecordNotFound, NotAllowed."""
    if access.hides(REGISTER, "starts_at"):
        raise NotAllowed(_l("You may not see when it is, and so can't invite to it."))
    try:
        raw = get_record(access, REGISTER, activity_id, "change")
    except RecordNotFound:
        deleted = get_deleted(access, activity_id)
        if deleted["register"] != REGISTER:
            raise
        return sendable(access, deleted["document"]), True
    series = invited_series(raw)
    return sendable(access, get_record(access, REGISTER, series, "change") if series else raw), False


def sendable(access: Access, raw: Raw) -> Raw:
    """The activity, where the user may send to it. Raises NotAllowed."""
    if not access.allows(REGISTER, "send", raw):
        raise NotAllowed(MAY_NOT)
    return raw


def invited_series(raw: Mapping[str, Any]) -> ObjectId | None:
    """The series of a changed occurrence, where it was invited to and the occurrence by itself was not."""
    if raw.get("series") is None or raw.get("invited"):
        return None
    found = Activity._get_collection().find_one({"_id": raw["series"], "invited.0": {"$exists": True}}, {"_id": 1})
    return found["_id"] if found else None


def plan_of(access: Access, activity_id: Any) -> Plan:
    """What sending would do now. Raises RecordNotFound, NotAllowed."""
    return planned(access, *entry_of(access, activity_id))


def seen_plan(access: Access, raw: Mapping[str, Any]) -> Plan | None:
    """What sending would do, where the user may send and the activity is an entry of the calendar, or was."""
    if not may_invite(access, raw) or not (raw.get("starts_at") or raw.get("invited")):
        return None
    try:
        return plan_of(access, raw["_id"])
    except (RecordNotFound, NotAllowed):
        # The series is not the user's to change.
        return None


def may_invite(access: Access, raw: Mapping[str, Any]) -> bool:
    return all(access.allows(REGISTER, action, raw) for action in INVITING)


def why_untold(access: Access, raw: Raw) -> str:
    """Why those are not told of an activity who would be, where its user may change it and not send; else ""."""
    if may_invite(access, raw) or not access.allows(REGISTER, "change", raw) or access.hides(REGISTER, "starts_at"):
        return ""
    return str(UNTOLD_OF) if planned(access, raw, deleted=False).anybody else ""


def planned(access: Access, raw: Raw, deleted: bool) -> Plan:
    gone = deleted or raw.get("state") == CANCELLED or not raw.get("starts_at")
    there, nameless = recipients(access, raw.get("people") or (), raw.get("users") or ())
    there = [one for one in there if one.key != ("user", raw.get("owner"))]
    held = {(one["register"], one["id"]): one for one in raw.get("invited") or ()}
    digest, current = digest_of(raw), {} if gone else {one.key: one for one in there}
    new = [one for key, one in current.items() if key not in held]
    changed = [one for key, one in current.items() if key in held and held[key]["told"] != digest]
    removed = taken_back(access, [one for key, one in held.items() if key not in current], current.values())
    first = raw.get("sequence") is None
    same = bool(held) and not changed and not removed
    sequence = 0 if first else raw["sequence"] + (0 if same else 1)
    told = {one.key for one in (*new, *changed)}
    left = {*told, *(one.key for one in removed)}
    kept = [*(one for key, one in held.items() if key not in left),
            *({"register": one.register, "id": one.id, "address": one.address, "told": digest}
              for one in (*new, *changed))]  # fmt: skip
    return Plan(raw, new, changed, removed, () if gone else nameless, sequence, gone, deleted, kept)


def recipients(
    access: Access, people: Iterable[ObjectId], users: Iterable[ObjectId]
) -> tuple[list[Recipient], list[str]]:
    """(those of them whom the user sees and who have an address, each address once; the names of those without)."""
    found, without = [], []
    addresses: set[str] = set()
    for one in (*seen_users(access, users), *seen_people(access, people)):
        if not is_address(one.address):
            without.append(one.name)
        elif one.address.casefold() not in addresses:
            addresses.add(one.address.casefold())
            found.append(one)
    return found, without


def seen_people(access: Access, ids: Iterable[ObjectId]) -> Iterator[Recipient]:
    if access.hides(REGISTER, "people"):
        return
    hidden = {column: access.hides("person", column) for column in ("name", "email")}
    query = {"$and": [{"_id": {"$in": list(ids)}}, access.condition("person")]}
    for raw in Person._get_collection().find(query, {"name": 1, "email": 1}).sort("sort_name"):
        name, address = ("" if hidden[column] else str(raw.get(column) or "") for column in ("name", "email"))
        yield Recipient("person", raw["_id"], name or address or _("(no name)"), address, access.language)


def seen_users(access: Access, ids: Iterable[ObjectId]) -> Iterator[Recipient]:
    if access.hides(REGISTER, "users"):
        return
    for raw in User._get_collection().find({"_id": {"$in": list(ids)}, "active": True}).sort("first_name"):
        name = " ".join(filter(None, (raw.get("first_name"), raw.get("last_name"))))
        yield Recipient("user", raw["_id"], name, str(raw.get("email") or ""), raw.get("language") or "en",
                        raw.get("time_zone") or "UTC")  # fmt: skip


def taken_back(access: Access, held: Sequence[Raw], current: Iterable[Recipient]) -> list[Recipient]:
    """Those invited earlier who are no more, as far as the user sees them; at the address that they were invited at.
    Who is there by another record (merged into one) has nothing to be told."""
    ids = {name: [one["id"] for one in held if one["register"] == name] for name in ("person", "user")}
    seen = {one.key: one for one in (*seen_people(access, ids["person"]), *seen_users(access, ids["user"]))}
    there = {one.address.casefold() for one in current}
    found = []
    for one in held:
        known = seen.get((one["register"], one["id"]))
        if known is not None and known.address and one["address"].casefold() not in there:
            found.append(Recipient(known.register, known.id, known.name, one["address"], known.language, known.zone))
    return found


def digest_of(raw: Mapping[str, Any]) -> str:
    """What invitations tell of an activity, changed occurrences among it, as a short text to compare."""
    rows = [raw, *changed_occurrences(raw)]
    told = [[one.get("state") == CANCELLED, *(one.get(name) for name in TOLD_FIELDS)] for one in rows]
    return hashlib.sha256(bson.encode({"told": told})).hexdigest()


def changed_occurrences(raw: Mapping[str, Any]) -> list[Raw]:
    """The occurrences that were changed by themselves, and that nobody was invited to by itself."""
    if not raw.get("repeats"):
        return []
    found = Activity._get_collection().find({"series": raw["_id"]}, hint=BY_SERIES).sort("occurrence")
    return [one for one in found if one.get("starts_at") and not one.get("invited")]


# Sending


def send_invitations(access: Access, activity_id: Any, *, version: int | None = None) -> Plan:
    """Invite whoever is not, tell those invited of what changed, and take back what is no more; answers what was done.

    The messages and what the activity keeps of them are one transaction. Raises RecordNotFound, NotAllowed,
    NothingToSend, Overtaken (somebody changed the activity since `version`).
    """
    raw, deleted = entry_of(access, activity_id)
    if version is not None and version != raw["version"]:
        raise Overtaken(raw)
    plan = planned(access, raw, deleted)
    if not plan.anybody:
        raise NothingToSend(_l("There is nobody to send anything to."))
    if len(plan.new) + len(plan.changed) + len(plan.removed) > MOST_INVITED:
        raise NothingToSend(_l("At most %(most)s can be invited.", most=MOST_INVITED))
    messages = list(messages_of(access, plan))
    in_transaction(lambda session: write_invitations(session, access, plan, messages))
    rounds.wake()
    return plan


def messages_of(access: Access, plan: Plan) -> Iterator[Raw]:
    told = readable(access, plan.raw)
    occurrences = [readable(access, one) for one in changed_occurrences(plan.raw)
                   if one.get("state") != CANCELLED and access.allows(REGISTER, "see", one)]  # fmt: skip
    organizer = organizer_of(access, plan.raw)
    for method, again, people in ((REQUEST, False, plan.new), (REQUEST, True, plan.changed),
                                  (CANCEL, True, plan.removed)):  # fmt: skip
        invitation = Invitation(told, occurrences, method, plan.sequence, organizer, again)
        for one in people:
            yield message_of(invitation, one)


def readable(access: Access, raw: Raw) -> Raw:
    """The activity without the words that the sender does not see."""
    return access.without_hidden(REGISTER, raw, WORDS)


def write_invitations(session: ClientSession, access: Access, plan: Plan, messages: Sequence[Raw]) -> None:
    queue_messages(session, messages)
    before = plan.raw
    after = {**before, "invited": list(plan.kept), "sequence": plan.sequence}
    if plan.deleted:
        whose = {"_id": before["_id"], "document.version": before["version"]}
        if not DeletedRecord._get_collection().update_one(whose, {"$set": {
                "document.invited": after["invited"], "document.sequence": after["sequence"]}},
                session=session).matched_count:  # fmt: skip
            raise Overtaken(before)
        return
    after.update(version=before["version"] + 1, changed_at=now())
    told = {"sequence": before.get("sequence")}, {"sequence": plan.sequence}
    write_version(session, access, schema_of(REGISTER), before, after, told)


# Deleted without a word


@follows(REGISTER)
def remind_of_invited(session: ClientSession, access: Access, pairs: Pairs) -> None:
    """Whoever deletes what others were invited to is told that they don't know yet."""
    gone = [before for before, after in pairs if after is None and before is not None and awaited(before)]
    if access.user_id is not None and gone:
        notify(session, [{"user": access.user_id, "kind": UNTOLD, "params": {"name": raw.get("name") or ""},
                          "url": url_to_tell(access, raw)} for raw in gone])  # fmt: skip


def url_to_tell(access: Access, raw: Mapping[str, Any]) -> str:
    return f"/calendar/invitations/{raw['_id']}" if access.allows(REGISTER, "send", raw) else "/calendar/"


def awaited(raw: Mapping[str, Any]) -> bool:
    """Whether somebody was invited to it and it is not over."""
    ends = raw.get("ends_at") or raw.get("starts_at")
    return bool(raw.get("invited") and (raw.get("repeats") or (ends and ends > now())))


@writes_notice(UNTOLD)
def untold(params: Mapping[str, Any]) -> str:
    return _("%(name)s was deleted. Those invited have not been told.", name=params["name"])
