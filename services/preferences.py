"""What a user has chosen for the screens: the columns of each list."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.fields.schema import Schema
from models.rights import Access
from models.security import User

MAX_COLUMNS = 50


def list_columns(chosen: Mapping[str, Sequence[str]], schema: Schema) -> list[str]:
    """The columns of a register's list: those that its user has chosen for each register, as far as they still exist,
    else the usual ones."""
    known = [column for column in chosen.get(schema.register.key) or () if column in schema.by_column]
    return known or [field.column for field in schema.fields if field.in_list]


def choose_columns(access: Access, schema: Schema, columns: Sequence[str]) -> list[str]:
    """Keep the columns a user wants to see, in that order; the name is always among them. None means the usual."""
    name = schema.register.name_field
    known = [column for column in dict.fromkeys(columns) if column in schema.by_column][:MAX_COLUMNS]
    if known and name not in known:
        known.insert(0, name)
    change: dict[str, Any] = {"$set" if known else "$unset": {f"list_columns.{schema.register.key}": known}}
    User._get_collection().update_one({"_id": access.user_id}, change)
    return known
