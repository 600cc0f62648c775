"""A record's timeline: what was changed in it and in what links to it, and what happened with them."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from models.activities import BY_FACET_MOMENT
from models.fields.kinds.times import aware
from models.fields.schema import schema_of
from models.fields.ways import links_of
from models.registers import Register, all_registers
from models.rights import Access
from services.history import Event, events_of, linking_records
from services.merge.history import SentLetter, letters_to
from services.outbox.histories import Sending, sendings_to
from services.planning import MOST_MERGED, time_limit
from services.records import now

Raw = dict[str, Any]
Concerned = Mapping[tuple[str, ObjectId], str]


@dataclass(frozen=True)
class Happening:
    """A record that is an event itself (a call, a meeting), at the moment when it happened."""

    raw: Raw
    card: Register

    @property
    def at(self) -> dt.datetime:
        return aware(self.raw[self.card.order[0]])


def timeline_of(
    access: Access, register: str, record: Raw, *, limit: int = 30, skip: int = 0
) -> tuple[list[Event | Happening | Sending | SentLetter], bool]:
    """(what happened with a record that is seen already and what was sent to it, newest first; whether there is more).
    A company's tells of its people as well, as far as its reader may see them."""
    most = skip + limit + 1
    concerned = {(register, record["_id"]): "", **linking_records(access, register, record["_id"])}
    concerned |= {(register, one): "" for one in record.get("merged_from") or ()}
    changes, older = events_of(access, register, record, limit=most, linking=concerned)
    found: list[Event | Happening | Sending | SentLetter] = [
        *changes, *happened(access, concerned, most), *sendings_to(access, concerned, most),
        *letters_to(access, concerned, most),
    ]  # fmt: skip
    found.sort(key=lambda one: one.at, reverse=True)
    return found[skip : skip + limit], older or len(found) > skip + limit


def happened(access: Access, concerned: Concerned, limit: int) -> list[Happening]:
    """The newest events with any of the records, none of them in the future, at most `limit` of each register."""
    found = []
    for card in all_registers():
        # Who may not know when something happens is not told by its place among the rest.
        if card.happens and access.may(card.key, "see") and not access.hides(card.key, card.order[0]):
            rows = {raw["_id"]: raw for raw in rows_of(access, card, concerned, limit)}
            found += [Happening(raw, card) for raw in rows.values()]
    return found


def rows_of(access: Access, card: Register, concerned: Concerned, limit: int) -> Iterator[Raw]:
    links = list(links_of(schema_of(card.key).for_access(access)))
    tokens = [token for register, record_id in concerned for field in links if field.target == register
              for token in field.kind.facets(record_id, field)]  # fmt: skip
    path, collection = card.order[0], card.document._get_collection()
    for place in range(0, len(tokens), MOST_MERGED):
        query: Raw = {"$and": [{"facets": {"$in": tokens[place : place + MOST_MERGED]}, path: {"$lte": now()}},
                               access.condition(card.key)]}  # fmt: skip
        rows = collection.find(query, hint=BY_FACET_MOMENT).sort([(path, DESCENDING), ("_id", DESCENDING)])
        yield from rows.limit(limit).max_time_ms(time_limit())

