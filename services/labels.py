"""What linked records, users and teams are called, read in one query for each register."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId

from models.base import stored_value
from models.fields.context import Context, LabelKey
from models.fields.field import Field
from models.fields.kinds.base import Kind
from models.registers import REGISTERS
from models.rights import Access
from models.security import Team, User


def labels_for(access: Access, fields: Iterable[Field], rows: Iterable[Mapping[str, Any]]) -> dict[LabelKey, str]:
    """(target, id) -> name for all that the rows' values point at, as far as the user may see it."""
    rows = list(rows)
    wanted: dict[str, set[ObjectId]] = {}
    for field in filter(points, fields):
        for raw in rows:
            for target, reference in field.kind.references(stored_value(field, raw), field):
                wanted.setdefault(target, set()).add(reference)
    return {
        (target, reference): name
        for target, ids in wanted.items()
        for reference, name in names_of(access, target, ids).items()
    }


def points(field: Field) -> bool:
    """Whether values of this kind can point at anything: most can't, and their rows need no look."""
    return type(field.kind).references is not Kind.references


def names_of(access: Access, target: str, ids: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """id -> name of those that exist and that the user may see."""
    query: dict[str, Any] = {"_id": {"$in": list(ids)}}
    if target == "user":
        users = User._get_collection().find(query, {"first_name": 1, "last_name": 1})
        return {raw["_id"]: f"{raw.get('first_name', '')} {raw.get('last_name', '')}".strip() for raw in users}
    if target == "team":
        return {raw["_id"]: raw["name"] for raw in Team._get_collection().find(query, {"name": 1})}
    if target not in REGISTERS:
        return {}
    collection = REGISTERS[target].document._get_collection()
    found = collection.find({"$and": [query, access.condition(target)]}, {"name": 1})
    return {raw["_id"]: raw.get("name", "") for raw in found}


def context_for(access: Access, fields: Iterable[Field], rows: Iterable[Mapping[str, Any]]) -> Context:
    """The context to show these rows in to this user."""
    return Context(access.language, access.time_zone, labels_for(access, fields, rows))


def find_users(text: str, limit: int = 20) -> list[tuple[ObjectId, str]]:
    """Active users whose name holds `text`, as (id, name)."""
    holds = {"$regex": re.escape(text.strip()), "$options": "i"}
    query = {"active": True, "$or": [{"first_name": holds}, {"last_name": holds}, {"username": holds}]}
    found = User._get_collection().find(query, {"first_name": 1, "last_name": 1}).sort("first_name").limit(limit)
    return [(raw["_id"], f"{raw.get('first_name', '')} {raw.get('last_name', '')}".strip()) for raw in found]


def find_teams(text: str, limit: int = 20) -> list[tuple[ObjectId, str]]:
    """Teams whose name holds `text`, as (id, name)."""
    query = {"name": {"$regex": re.escape(text.strip()), "$options": "i"}}
    return [(raw["_id"], raw["name"]) for raw in Team._get_collection().find(query).sort("name").limit(limit)]
