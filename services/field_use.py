"""How many records have a value in each field."""

from typing import Any

from pymongo.errors import ExecutionTimeout

from models.fields.kinds.base import EMPTY_VALUES
from models.fields.schema import schema_of
from models.rights import Access
from services.settings import register_to_set_up

#: In milliseconds: whoever orders fields doesn't wait for this.
LONGEST = 8_000


def count_filled(access: Access, register: str) -> tuple[int, dict[str, int]] | None:
    """(how many records there are, column -> how many of them have a value), of what the user sees of both.

    None where counting takes too long. Raises NotAllowed, UnknownRegister.
    """
    register_to_set_up(access, register)
    schema = schema_of(register).for_access(access)
    fields = {f"f{place}": field for place, field in enumerate(schema.fields)}
    # What is empty is told by the values that count as such, whatever type the field has.
    sums: dict[str, Any] = {name: {"$sum": {"$cond": [is_empty(field.path), 0, 1]}} for name, field in fields.items()}
    collection = schema.register.document._get_collection()
    try:
        steps = [{"$match": access.condition(register)}, {"$group": {"_id": None, "all": {"$sum": 1}, **sums}}]
        found = next(collection.aggregate(steps, maxTimeMS=LONGEST), None)
    except ExecutionTimeout:
        return None
    if found is None:
        return 0, {field.column: 0 for field in fields.values()}
    return found["all"], {field.column: found[name] for name, field in fields.items()}


def is_empty(path: str) -> dict[str, Any]:
    return {"$in": [{"$ifNull": [f"${path}", None]}, list(EMPTY_VALUES)]}
