"""How many messages of mailings go in a minute: counted in the database, by its clock, for all workers together."""

from typing import Any

from flask import current_app
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.outbox import MAIL, SMS, SendingRate

Raw = dict[str, Any]
#: Channel -> the configuration's name of how many go in a minute, 0 for as many as can.
LIMITS = {MAIL: "MAIL_PER_MINUTE", SMS: "SMS_PER_MINUTE"}


def seconds_until_free(channel: str) -> float:
    """0.0 where a message of a mailing may go now, which takes its place; else how long the next place is away.

    Places are a minute's share apart, so that no minute, wherever it begins, has more than the limit.
    """
    limit = current_app.config[LIMITS[channel]]
    if not limit:
        return 0.0
    taken: Raw | None = None
    while taken is None:
        try:
            taken = SendingRate._get_collection().find_one_and_update(
                {"_id": channel}, place_taken(60_000 / limit), upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:
            # Another worker sent the very first message at the same moment.
            continue
    return float(taken["wait"]) / 1000


def place_taken(interval: float) -> list[Raw]:
    """The update that takes the place if it is free, and tells in `wait` how many milliseconds it is away."""
    free = {"$lte": [{"$ifNull": ["$next_at", "$$NOW"]}, "$$NOW"]}
    return [
        {"$set": {"wait": {"$cond": [free, 0, {"$subtract": ["$next_at", "$$NOW"]}]}}},
        {"$set": {"next_at": {"$cond": [{"$eq": ["$wait", 0]}, {"$add": ["$$NOW", interval]}, "$next_at"]}}},
    ]
