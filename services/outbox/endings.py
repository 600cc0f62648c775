"""How long messages are kept once they have come to their end."""

import datetime as dt
from typing import Any

from models.outbox import KEPT_SECONDS, Message
from services.records import now

Raw = dict[str, Any]
KEPT = dt.timedelta(seconds=KEPT_SECONDS)
#: What goes when a message stays in a history without its content.
CONTENT_FIELDS = ("values", "text", "html", "attachments")


def ended(moment: dt.datetime, *, history: bool) -> Raw:
    """What is noted of a message that came to its end: one in a history loses its content, any other goes whole."""
    return {"content_until": moment + KEPT} if history else {"ended_at": moment}


def not_ended() -> Raw:
    """What is taken away from a message that is sent again after all."""
    return {"content_until": "", "ended_at": ""}


def forget_contents() -> None:
    """Take away the content of messages in histories whose time has come."""
    Message._get_collection().update_many(
        {"content_until": {"$lt": now()}}, {"$unset": dict.fromkeys(("content_until", *CONTENT_FIELDS), "")}
    )
