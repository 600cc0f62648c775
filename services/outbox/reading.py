"""Who sees which messages: those to the records that one may see, one's own, those of one's own mailings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.fields.schema import schema_of
from models.outbox import MAIL, PURPOSES, SMS, Message, MessageState, Readers
from models.registers import REGISTERS, all_registers
from models.rights import Access
from services.planning import time_limit
from services.records import RecordNotFound, get_record, object_id

Raw = dict[str, Any]
PAGE = 50
MAX_PAGE = 10_000
#: Of those that a user may perhaps see, so many are looked at in one go, and for one page at most.
STEP, MOST_LOOKED_AT = 500, 5_000
STATES = [state.value for state in MessageState]
WITHOUT_CONTENT = {"text": 0, "html": 0, "attachments": 0, "values": 0}
MAILING_REGISTER = "mailing"


@dataclass(frozen=True)
class Asked:
    """Which messages are looked for; empty is any. `text` is a part of the recipient's address or name."""

    state: str = ""
    channel: str = ""
    purpose: str = ""
    mailing: str = ""
    text: str = ""

    def query(self) -> Raw:
        """The condition. Raises RecordNotFound for a mailing that can be none."""
        query: Raw = {"state": {"$in": [self.state] if self.state else STATES}}
        query |= {name: value for name in ("channel", "purpose") if (value := getattr(self, name))}
        if self.mailing:
            query["mailing"] = object_id(MAILING_REGISTER, self.mailing)
        if self.text:
            part = {"$regexMatch": {"input": {"$concat": ["$address", " ", {"$ifNull": ["$name", ""]}]},
                                    "regex": escaped(self.text), "options": "i"}}  # fmt: skip
            query["$expr"] = part
        return query

    @property
    def index(self) -> str:
        """Which index gives them newest first."""
        return "mailing_1_state_1__id_1" if self.mailing else "state_1__id_1" if self.state else "_id_"


def escaped(text: str) -> str:
    """A text as a regular expression that means nothing but itself."""
    return "".join(sign if sign.isalnum() or sign == " " else f"\\{sign}" if sign.isascii() else sign
                   for sign in text.replace("\0", ""))  # fmt: skip


# Many


def list_messages(access: Access, asked: Asked | None = None, *, after: str = "") -> tuple[list[Raw], str]:
    """(one page of what the user may see, newest first, without contents; the key that the next page comes after, ""
    for none). Where little may be seen among much, a page may be short and have a next one all the same."""
    asked = asked or Asked()
    query = {"$and": [asked.query(), perhaps_seen(access)]}
    last: ObjectId | None = object_id("message", after) if after else None
    rows: list[Raw] = []
    for _time in range(MOST_LOOKED_AT // STEP):
        found = newest(query, asked.index, last)
        for raw in seen_among(access, found):
            if not found_by_seen(access, asked, raw):
                continue
            rows.append(raw)
            if len(rows) > PAGE:
                return rows[:PAGE], str(rows[PAGE - 1]["_id"])
        if len(found) < STEP:
            return rows, ""
        last = found[-1]["_id"]
    return rows, str(last)


def newest(query: Raw, index: str, before: ObjectId | None) -> list[Raw]:
    older = {"_id": {"$lt": before}} if before else {}
    found = Message._get_collection().find({**query, **older}, WITHOUT_CONTENT, hint=index)
    return list(found.sort("_id", -1).limit(STEP).max_time_ms(time_limit()))


def messages_of(access: Access, mailing: Any, state: str = "", page: int = 0) -> tuple[list[Raw], bool]:
    """(one page of a mailing's messages, newest first, without contents; whether there is more). Of a mailing that is
    not the user's own, those to records that the user may see. Raises RecordNotFound."""
    asked = Asked(state=state, mailing=str(get_record(access, MAILING_REGISTER, mailing)["_id"]))
    found = Message._get_collection().find(asked.query(), WITHOUT_CONTENT, hint=asked.index).sort("_id", -1)
    rows = list(found.skip(page * PAGE).limit(PAGE + 1).max_time_ms(time_limit()))
    return seen_among(access, rows[:PAGE]), len(rows) > PAGE


def has_waiting(channel: str) -> bool:
    """Whether any message waits to go by a channel."""
    waiting = {"state": MessageState.WAITING.value, "channel": channel}
    return Message._get_collection().find_one(waiting, {"_id": 1}, hint="state_1__id_1") is not None


# Rights


def perhaps_seen(access: Access) -> Raw:
    """What the messages that a user sees are among."""
    if access.everything:
        return {}
    registers = [card.key for card in all_registers() if access.may(card.key, "see")]
    mine = [{"user": access.user_id}] if access.user_id else []
    return {"$or": [*mine, {"register": {"$in": registers}}, {"mailing": {"$ne": None}}]}


def seen_among(access: Access, rows: Sequence[Raw]) -> list[Raw]:
    """Those of the messages that the user may see, in their order."""
    if access.everything:
        return list(rows)
    own = own_mailings(access, {raw["mailing"] for raw in rows if raw.get("mailing")})
    records = seen_records(access, rows)
    return [raw for raw in rows if (access.user_id and raw.get("user") == access.user_id)
            or raw.get("mailing") in own or (raw.get("register"), raw.get("record")) in records]  # fmt: skip


def own_mailings(access: Access, mailings: Iterable[ObjectId]) -> set[ObjectId]:
    ids = list(mailings)
    if not ids or access.user_id is None or not access.may(MAILING_REGISTER, "see"):
        return set()
    collection = REGISTERS[MAILING_REGISTER].document._get_collection()
    return {raw["_id"] for raw in collection.find({"_id": {"$in": ids}, "owner": access.user_id}, {"_id": 1})}


def seen_records(access: Access, rows: Sequence[Raw]) -> set[tuple[str, ObjectId]]:
    """(register, id) of the messages' records that the user may see: one query for each register."""
    wanted: dict[str, set[ObjectId]] = {}
    for raw in rows:
        if raw.get("register") in REGISTERS and raw.get("record"):
            wanted.setdefault(raw["register"], set()).add(raw["record"])
    found = set()
    for register, ids in wanted.items():
        query = {"$and": [{"_id": {"$in": list(ids)}}, access.condition(register)]}
        seen = REGISTERS[register].document._get_collection().find(query, {"_id": 1})
        found |= {(register, raw["_id"]) for raw in seen}
    return found


def hides_address(access: Access, raw: Mapping[str, Any]) -> bool:
    """Whether a message's address comes from a field that the user does not see."""
    if raw.get("register") not in REGISTERS:
        return False
    kind = {MAIL: "email", SMS: "phone"}[raw["channel"]]
    columns = [field.column for field in schema_of(raw["register"]).fields if field.kind.name == kind]
    return bool(columns) and all(access.hides(raw["register"], column) for column in columns)


def found_by_seen(access: Access, asked: Asked, raw: Raw) -> bool:
    """Whether what was looked for stands where the user sees it: an address that is hidden is not found by its text."""
    return not asked.text or not hides_address(access, raw) or asked.text.lower() in str(raw.get("name") or "").lower()


# One


def find_message(access: Access, message_id: Any) -> Raw:
    """One message that the user may see, whole. What it says is for `may_read`. Raises RecordNotFound."""
    raw = Message._get_collection().find_one({"_id": object_id("message", message_id)})
    if raw is None or not seen_among(access, [raw]):
        raise RecordNotFound("message", message_id)
    return raw


def may_read(access: Access, raw: Mapping[str, Any]) -> bool:
    """Whether the user may read what a message says, its subject too, that is seen already."""
    readers = PURPOSES[raw["purpose"]].readers if raw["purpose"] in PURPOSES else Readers.NOBODY
    return readers is Readers.ALL or (
        readers is Readers.USER and access.user_id is not None and raw.get("user") == access.user_id
    )
