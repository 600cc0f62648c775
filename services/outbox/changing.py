"""What staff do with a message: send it again, call it off, say what became of an unclear one."""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.mailings import TO_SEND
from models.outbox import DIRECT, Message, MessageState, in_history
from models.registers import REGISTERS
from models.rights import Access, NotAllowed
from models.told import Told
from models.transactions import in_transaction
from services.outbox.endings import ended, not_ended
from services.outbox.mailings import is_cancelled, open_mailing
from services.outbox.reading import MAILING_REGISTER, find_message
from services.records import get_record, now

Raw = dict[str, Any]
WAITING, FAILED, UNCLEAR = (state.value for state in (MessageState.WAITING, MessageState.FAILED, MessageState.UNCLEAR))
#: So many unclear ones are settled in one transaction.
MOST_SETTLED = 1_000


class Unchangeable(Told):
    """The message's state does not allow it any more."""


def changeable_among(access: Access, rows: Sequence[Mapping[str, Any]]) -> set[ObjectId]:
    """Ids of those messages that the user may send again or call off: administrators may all, others what they wrote
    and what belongs to a mailing that they may send."""
    if access.everything:
        return {raw["_id"] for raw in rows}
    ids = {raw["mailing"] for raw in rows if raw.get("mailing")}
    query = {"$and": [{"_id": {"$in": list(ids)}}, *(access.condition(MAILING_REGISTER, action)
                                                    for action in TO_SEND)]}  # fmt: skip
    mailings = REGISTERS[MAILING_REGISTER].document._get_collection()
    changed = {raw["_id"] for raw in mailings.find(query, {"_id": 1})} if ids else set()
    return {raw["_id"] for raw in rows if raw.get("mailing") in changed
            or (raw["purpose"] == DIRECT and access.user_id and raw.get("user") == access.user_id)}  # fmt: skip


def message_to_change(access: Access, message_id: Any) -> Raw:
    """Raises RecordNotFound, NotAllowed."""
    raw = find_message(access, message_id)
    if not changeable_among(access, [raw]):
        raise NotAllowed(_l("Only administrators and whoever sent this message may do that."))
    return raw


def message_to_send_again(access: Access, message_id: Any) -> Raw:
    """Raises RecordNotFound, NotAllowed, also where one may not send to the register any more."""
    raw = message_to_change(access, message_id)
    if raw["purpose"] == DIRECT and not access.may(str(raw.get("register") or ""), "send"):
        raise NotAllowed(_l("You may not send messages to these records. Ask an administrator for the right."))
    return raw


def can_be_repeated(raw: Mapping[str, Any]) -> bool:
    """Whether a message that failed still has what it says."""
    return raw["state"] == FAILED and (not in_history(raw) or bool(raw.get("content_until")))


def retry_message(access: Access, message_id: Any) -> None:
    """Send a failed message again. Raises NotAllowed, RecordNotFound, Unchangeable."""
    raw = message_to_send_again(access, message_id)
    if not can_be_repeated(raw) or not in_transaction(lambda session: put_back(session, raw, FAILED, access)):
        raise Unchangeable(_l("Only a message that failed can be sent again."))


def cancel_message(access: Access, message_id: Any) -> None:
    """Leave a waiting or failed message unsent. Raises NotAllowed, RecordNotFound, Unchangeable."""
    raw = message_to_change(access, message_id)
    if not in_transaction(lambda session: call_off(session, raw)):
        raise Unchangeable(_l("The message can't be cancelled any more: it was sent, or is being sent just now."))


def settle_message(access: Access, message_id: Any, *, arrived: bool) -> None:
    """Say of an unclear message that it arrived, or have it sent again. Raises NotAllowed, RecordNotFound,
    Unchangeable."""
    raw = (message_to_change if arrived else message_to_send_again)(access, message_id)
    if not in_transaction(lambda session: settle(session, access, raw, arrived)):
        raise Unchangeable(_l("It is known already what became of this message."))


def settle_all(access: Access, mailing: Any, *, arrived: bool) -> int:
    """Say the same of all unclear messages of a mailing; answers of how many. Raises NotAllowed, RecordNotFound."""
    for action in TO_SEND:
        mailing_id = get_record(access, MAILING_REGISTER, mailing, action)["_id"]

    def step(session: ClientSession) -> int:
        query = {"mailing": mailing_id, "state": UNCLEAR}
        found = list(Message._get_collection().find(query, session=session).limit(MOST_SETTLED))
        return sum(settle(session, access, raw, arrived) for raw in found)

    done = 0
    while settled := in_transaction(step):
        done += settled
    return done


# In the caller's transaction


def settle(session: ClientSession, access: Access, raw: Raw, arrived: bool) -> bool:
    if not arrived:
        return put_back(session, raw, UNCLEAR, access)
    values = {"error": "", "settled_by": access.user_id, **ended(now(), history=in_history(raw))}
    return changed(session, raw["_id"], (UNCLEAR,), MessageState.SENT, values)


def put_back(session: ClientSession, raw: Raw, state: str, access: Access) -> bool:
    """Let a message wait to be sent anew. Raises Unchangeable where its mailing was cancelled."""
    if raw.get("mailing"):
        if is_cancelled(raw["mailing"], session):
            raise Unchangeable(_l("The mailing was cancelled: nothing more of it is sent."))
        open_mailing(session, raw["mailing"], raw["channel"])
    values = {"due_at": now(), "attempts": 0, "settled_by": access.user_id}
    return changed(session, raw["_id"], (state,), MessageState.WAITING, values, {**not_ended(), "sent_at": ""})


def call_off(session: ClientSession, raw: Raw) -> bool:
    """Leave a message unsent, in the caller's transaction; whether that was still possible."""
    values = ended(now(), history=in_history(raw))
    return changed(session, raw["_id"], (WAITING, FAILED), MessageState.CANCELLED, values)


def changed(
    session: ClientSession, message_id: ObjectId, states: tuple[str, ...], state: MessageState, values: Raw,
    without: Raw | None = None,
) -> bool:  # fmt: skip
    """Change a message that is in one of these states; False where it is in another."""
    changes: Raw = {"$set": {"state": state.value, **values}, **({"$unset": without} if without else {})}
    held = {"_id": message_id, "state": {"$in": list(states)}}
    return bool(Message._get_collection().update_one(held, changes, session=session).matched_count)
