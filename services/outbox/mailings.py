"""The messages of one mailing together: going, held, called off, counted."""

from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.outbox import Dispatch, DispatchState, Message, MessageState
from services.outbox.endings import ended
from services.records import now

Raw = dict[str, Any]
GOING, IDLE, PAUSED = DispatchState.GOING.value, DispatchState.IDLE.value, DispatchState.PAUSED.value
CANCELLED, SWEPT = DispatchState.CANCELLED.value, DispatchState.SWEPT.value


def open_mailing(session: ClientSession, mailing: ObjectId, channel: str) -> None:
    """Have the messages that were queued go; those of a mailing that is paused or cancelled share its lot."""
    state = {"$switch": {"branches": [
        {"case": {"$in": ["$state", [PAUSED, CANCELLED]]}, "then": "$state"},
        {"case": {"$eq": ["$state", SWEPT]}, "then": CANCELLED},
    ], "default": GOING}}  # fmt: skip
    # The count is written each time, so that nobody who calls the mailing idle overlooks this batch.
    batches = {"$add": [{"$ifNull": ["$batches", 0]}, 1]}
    changes = [{"$set": {"channel": channel, "state": state, "batches": batches}}]
    Dispatch._get_collection().update_one({"_id": mailing}, changes, upsert=True, session=session)


def pause_mailing(session: ClientSession, mailing: ObjectId) -> None:
    """Send no more of its messages until it is resumed; one that is on its way goes."""
    move(session, mailing, (GOING, IDLE), PAUSED)


def resume_mailing(session: ClientSession, mailing: ObjectId) -> None:
    """Go on with a paused mailing; call `services.rounds.wake` after the commit."""
    move(session, mailing, (PAUSED,), GOING)


def cancel_mailing(session: ClientSession, mailing: ObjectId) -> None:
    """Send no more of its messages for good. Those that wait are marked so by the next round (`sweep_cancelled`)."""
    move(session, mailing, (GOING, IDLE, PAUSED), CANCELLED)


def move(session: ClientSession, mailing: ObjectId, states: tuple[str, ...], state: str) -> None:
    Dispatch._get_collection().update_one(
        {"_id": mailing, "state": {"$in": states}}, {"$set": {"state": state}}, session=session
    )


def is_cancelled(mailing: ObjectId, session: ClientSession | None = None) -> bool:
    over = {"_id": mailing, "state": {"$in": [CANCELLED, SWEPT]}}
    return Dispatch._get_collection().find_one(over, {"_id": 1}, session=session) is not None


def going_mailings(channel: str) -> list[Raw]:
    """The mailings whose messages may be taken, in the order of their ids."""
    return list(Dispatch._get_collection().find({"state": GOING, "channel": channel}).sort("_id", 1))


def rest(dispatch: Raw) -> None:
    """Look no more for messages of a mailing that has none waiting, unless more were queued since it was read."""
    waiting = {"mailing": dispatch["_id"], "state": MessageState.WAITING.value}
    if Message._get_collection().find_one(waiting, {"_id": 1}) is None:
        seen = {"_id": dispatch["_id"], "state": GOING, "batches": dispatch["batches"]}
        Dispatch._get_collection().update_one(seen, {"$set": {"state": IDLE}})


def sweep_cancelled() -> None:
    """Mark the waiting messages of cancelled mailings as cancelled. Done again while one is on its way, which may come
    back to wait."""
    messages = Message._get_collection()
    for dispatch in list(Dispatch._get_collection().find({"state": CANCELLED})):
        waiting = {"mailing": dispatch["_id"], "state": MessageState.WAITING.value}
        messages.update_many(waiting, {"$set": {"state": MessageState.CANCELLED.value, **ended(now(), history=True)}})
        if messages.find_one({**waiting, "state": MessageState.SENDING.value}, {"_id": 1}) is None:
            seen = {"_id": dispatch["_id"], "state": CANCELLED, "batches": dispatch["batches"]}
            Dispatch._get_collection().update_one(seen, {"$set": {"state": SWEPT}})


def figures(mailing: ObjectId) -> dict[str, int]:
    """How many of a mailing's messages there are in each state; states without any are left out."""
    counted = [{"$match": {"mailing": mailing}}, {"$group": {"_id": "$state", "count": {"$sum": 1}}}]
    return {raw["_id"]: raw["count"] for raw in Message._get_collection().aggregate(counted)}
