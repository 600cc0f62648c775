"""A list by the values of one field: which fields that works for, and how many records each value has."""

from typing import Any

from pymongo.errors import ExecutionTimeout

from models.fields.field import Field
from models.fields.query import visible_query
from models.fields.schema import Schema, schema_of
from models.rights import Access
from services.linked import find_linked
from services.planning import plan_for_sorting, predicates_of, time_limit
from services.search import Conditions, TooSlow
from services.values import context_of


def groupable(schema: Schema) -> list[Field]:
    """The fields with few values of which a record has one: choices, yes and no."""
    return [field for field in schema.fields if field.kind.faceted and field.kind.orderable]


def group_field(schema: Schema, column: str) -> Field | None:
    """The field of a column that a list can be grouped by, else None."""
    return next((field for field in groupable(schema) if field.column == column), None)


def group_counts(access: Access, register: str, conditions: Conditions, field: Field) -> dict[Any, int]:
    """Value -> how many of the records that match and that the user may see have it; None for those without.

    Raises ConditionError, TooSlow.
    """
    schema = schema_of(register).for_access(access)
    query = visible_query(schema, access, conditions, context_of(access), find_linked)
    collection = schema.register.document._get_collection()
    plan = plan_for_sorting(collection, tuple(predicates_of(query)))
    counting = [{"$match": plan.query}, {"$group": {"_id": f"${field.path}", "n": {"$sum": 1}}}]
    try:
        return {raw["_id"]: raw["n"] for raw in collection.aggregate(counting, maxTimeMS=time_limit(), **plan.options)}
    except ExecutionTimeout as error:
        raise TooSlow from error
