"""Whence a report takes its records: those that its reader may see and that meet its conditions."""

from dataclasses import dataclass, field
from typing import Any

from bson.codec_options import DatetimeConversion
from flask_babel import lazy_gettext as _l
from pymongo.collection import Collection
from pymongo.errors import ExecutionTimeout, OperationFailure

from models.fields.errors import ConditionError
from models.fields.query import visible_query
from models.fields.schema import Schema, schema_of
from models.rights import Access
from services.linked import find_linked
from services.past_records import past_of
from services.planning import plan_for_adding_up, predicates_of, time_limit
from services.reports.definition import Definition
from services.search import TooSlow
from services.values import context_of

Raw = dict[str, Any]
#: MongoDB's code for it.
UNKNOWN_ZONE = 40485


@dataclass(frozen=True)
class Source:
    """Documents of a register, as it keeps them: what `stages` let through of a collection."""

    collection: Collection
    stages: tuple[Raw, ...]
    options: Raw = field(default_factory=dict)

    def aggregated(self, stages: list[Raw]) -> list[Raw]:
        """What the stages make of the documents. Raises TooSlow, and ConditionError for a time zone that the database
        does not know: its list is as old as it is."""
        # A period may begin before the first day that Python knows.
        codec = self.collection.codec_options.with_options(datetime_conversion=DatetimeConversion.DATETIME_CLAMP)
        collection = self.collection.with_options(codec_options=codec)
        try:
            return list(collection.aggregate([*self.stages, *stages], maxTimeMS=time_limit(), allowDiskUse=True,
                                             **self.options))  # fmt: skip
        except ExecutionTimeout as error:
            raise TooSlow from error
        except OperationFailure as error:
            if error.code != UNKNOWN_ZONE:
                raise
            message = _l("The database does not know your time zone. Choose another city of it in your settings.")
            raise ConditionError("groups", message) from error


def source_of(access: Access, schema: Schema, definition: Definition) -> Source:
    """The documents that a report is about; `schema` is as the user has it. Raises ConditionError, TooSlow."""
    collection = schema.register.document._get_collection()
    if definition.as_of is not None:
        past = past_of(access, schema, definition.as_of)
        query = past.query(definition.conditions)
        plan = plan_for_adding_up(collection, tuple(predicates_of(past.unchanged(query))))
        return Source(collection, ({"$match": plan.query}, past.with_changed(query)), plan.options)
    query = visible_query(schema, access, definition.conditions, context_of(access), find_linked)
    plan = plan_for_adding_up(collection, tuple(predicates_of(query)))
    return Source(collection, ({"$match": plan.query},), plan.options)


def seen_schema(access: Access, definition: Definition) -> Schema:
    return schema_of(definition.register).for_access(access)
