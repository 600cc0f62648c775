"""The messages that went to records, for the timelines of whoever sees the records."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.outbox import DIRECT, Message, MessageState
from models.rights import Access
from services.labels import names_of
from services.outbox.reading import MAILING_REGISTER, WITHOUT_CONTENT
from services.planning import time_limit

Raw = dict[str, Any]
BY_RECORD = "record_1_created_at_-1"
#: Of messages that staff wrote themselves the activity tells, but for those that have not arrived.
NOT_ARRIVED = [MessageState.FAILED.value, MessageState.UNCLEAR.value]


@dataclass(frozen=True)
class Sending:
    """A message (raw, without its content) to a record of this name, "" for the reader's own; `mailing` is what its
    mailing is called, as far as the reader may see that."""

    raw: Raw
    name: str
    mailing: str

    @property
    def at(self) -> dt.datetime:
        moment: dt.datetime = self.raw.get("sent_at") or self.raw["created_at"]
        return moment


def sendings_to(access: Access, concerned: Mapping[tuple[str, ObjectId], str], limit: int) -> list[Sending]:
    """The newest messages to any of the records ((register, id) -> name), which the user sees all."""
    query = {"record": {"$in": [record_id for _register, record_id in concerned]},
             "$or": [{"purpose": {"$ne": DIRECT}}, {"state": {"$in": NOT_ARRIVED}}]}  # fmt: skip
    found = Message._get_collection().find(query, WITHOUT_CONTENT, hint=BY_RECORD).sort("created_at", -1)
    rows = [raw for raw in found.limit(limit).max_time_ms(time_limit())
            if (raw.get("register"), raw["record"]) in concerned]  # fmt: skip
    names = mailing_names(access, rows)
    return [Sending(raw, concerned[raw["register"], raw["record"]], names.get(raw.get("mailing"), "")) for raw in rows]


def mailing_names(access: Access, rows: Iterable[Raw]) -> dict[Any, str]:
    """Mailing's id -> its name, as far as the user may see it."""
    ids = {raw["mailing"] for raw in rows if raw.get("mailing")}
    return dict(names_of(access, MAILING_REGISTER, ids)) if ids else {}
