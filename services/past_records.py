"""Records as they stood at the end of a past day: with the values of then, by the rights of now."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.collection import Collection

from models.changes import DeletedRecord
from models.fields.conditions import Node
from models.fields.context import Context
from models.fields.errors import ConditionError
from models.fields.query import Asking, conditions_query, every_of, within
from models.fields.schema import Schema
from models.past import PastState, moment_of, quarter_of, states_at
from models.rights import Access
from services.linked import find_linked
from services.planning import time_limit
from services.values import context_of

Raw = dict[str, Any]


def end_of(day: dt.date, zone: ZoneInfo) -> int:
    """The quarter of an hour that begins where the day ends, as the clocks of the zone have it."""
    after = day + dt.timedelta(days=1)
    return quarter_of(dt.datetime(after.year, after.month, after.day, tzinfo=zone))


@dataclass(frozen=True)
class PastDay:
    """What a reader sees of a register's records as they were at the end of a day; `schema` is as the reader has it.

    A record that the reader may not see now is not seen as it was, nor one that is gone for good; what has been
    deleted since counts. Conditions that speak of linked records go by those as they are now.
    """

    access: Access
    schema: Schema
    day: dt.date

    @cached_property
    def quarter(self) -> int:
        return end_of(self.day, context_of(self.access).zone)

    @cached_property
    def moment(self) -> dt.datetime:
        """The first moment after the day."""
        return moment_of(self.quarter)

    @cached_property
    def context(self) -> Context:
        """How conditions are read: "this week" is the week of the day."""
        return replace(context_of(self.access), moment=self.moment - dt.timedelta(milliseconds=1))

    def query(self, conditions: Iterable[Node]) -> Raw:
        """The conditions for the values of then. Raises ConditionError."""
        return conditions_query(self.schema, conditions, Asking(self.access, self.context, find_linked))

    def unchanged(self, query: Raw) -> Raw:
        """The query for the documents that are so still: what is kept since before the moment."""
        return every_of([self.access.condition(self.schema.register.key), query,
                         {"changed_at": {"$lt": self.moment}}])  # fmt: skip

    def changed(self, query: Raw) -> Raw:
        """The query over `PastState` for what has changed since, or was deleted, as it was."""
        return every_of([states_at(self.schema.register.key, self.quarter), self.seen, within(query, "document")])

    @cached_property
    def seen(self) -> Raw:
        """The condition for the states of records that the reader may see now."""
        return seen_states(self.access, self.schema)

    def with_changed(self, query: Raw) -> Raw:
        """The stage that adds those to the unchanged ones."""
        stages = [{"$match": self.changed(query)}, {"$replaceRoot": {"newRoot": "$document"}}]
        return {"$unionWith": {"coll": PastState._get_collection().name, "pipeline": stages}}


def past_of(access: Access, schema: Schema, day: dt.date) -> PastDay:
    """Raises ConditionError for a register whose past is not kept."""
    if not schema.register.keeps_past:
        raise ConditionError("as_of", _l("How these stood on a past day is not kept. Leave the day out."))
    return PastDay(access, schema, day)


def seen_states(access: Access, schema: Schema) -> Raw:
    """The condition for the states of records that the reader may see now, or might if they weren't deleted."""
    key = schema.register.key
    here, deleted = access.condition(key), access.condition(key, within="document.")
    if not here:
        return {}
    return {"record": {"$in": [
        *ids_of(schema.register.document._get_collection(), here),
        *ids_of(DeletedRecord._get_collection(), every_of([{"register": key}, deleted])),
    ]}}  # fmt: skip


def ids_of(collection: Collection, query: Raw) -> list[ObjectId]:
    return [raw["_id"] for raw in collection.find(query, {"_id": 1}).max_time_ms(time_limit())]
