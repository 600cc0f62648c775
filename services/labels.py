"""What linked records, users and teams are called, read in one query."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.collection import Collection

from models.base import stored_value
from models.fields.context import Context, LabelKey
from models.fields.field import Field
from models.fields.kinds.references import FILE
from models.files import StoredFile
from models.registers import REGISTERS
from models.rights import Access
from models.security import Team, User


def labels_for(access: Access, fields: Iterable[Field], rows: Iterable[Mapping[str, Any]]) -> dict[LabelKey, str]:
    """(target, id) -> name for all that the rows' values point at, as far as the user may see it."""
    rows = list(rows)
    wanted: dict[str, set[ObjectId]] = {}
    for field in fields:
        for raw in rows if field.kind.refers else ():
            for target, reference in field.kind.references(stored_value(field, raw), field):
                wanted.setdefault(target, set()).add(reference)
    return names_of_all(access, wanted)


def names_of(access: Access, target: str, ids: Iterable[ObjectId]) -> dict[ObjectId, str]:
    """id -> name of those that exist and that the user may see."""
    return {key: name for (_target, key), name in names_of_all(access, {target: ids}).items()}


def names_of_all(access: Access, wanted: Mapping[str, Iterable[ObjectId]]) -> dict[LabelKey, str]:
    """(target, id) -> name for all of them, of every register at once: one command to the database."""
    parts = [(part, list(ids)) for target, ids in wanted.items() if (part := Named.of(target)) is not None]
    pipelines = [(part.collection, part.pipeline(access, ids)) for part, ids in parts if ids]
    if not pipelines:
        return {}
    (first, stages), *others = pipelines
    more = [{"$unionWith": {"coll": other.name, "pipeline": pipeline}} for other, pipeline in others]
    return {(raw["target"], raw["_id"]): raw.get("name") or "" for raw in first.aggregate([*stages, *more])}


#: What has names besides users and records.
OTHERS: Mapping[str, Any] = {"team": Team, FILE: StoredFile}


@dataclass(frozen=True)
class Named:
    """Documents that have names: users, teams, files, the records of a register."""

    target: str
    collection: Collection
    name: Any = "$name"

    @classmethod
    def of(cls, target: str) -> "Named | None":
        if target == "user":
            parts = [{"$ifNull": [f"${part}", ""]} for part in ("first_name", "last_name")]
            return cls(target, User._get_collection(), {"$trim": {"input": {"$concat": [parts[0], " ", parts[1]]}}})
        if target in OTHERS:
            return cls(target, OTHERS[target]._get_collection())
        return cls(target, REGISTERS[target].document._get_collection()) if target in REGISTERS else None

    def pipeline(self, access: Access, ids: list[ObjectId]) -> list[dict[str, Any]]:
        seen = access.condition(self.target) if self.target in REGISTERS else {}
        return [{"$match": {"$and": [{"_id": {"$in": ids}}, seen]}},
                {"$project": {"name": self.name, "target": {"$literal": self.target}}}]  # fmt: skip


def context_for(access: Access, fields: Iterable[Field], rows: Iterable[Mapping[str, Any]]) -> Context:
    """The context to show these rows in to this user."""
    fields, rows = list(fields), list(rows)
    labels = labels_for(access, fields, rows)
    files = [key for target, key in labels if target == FILE]
    return Context(access.language, access.time_zone, labels, sizes_of(files) if files else {})


def sizes_of(ids: Sequence[ObjectId]) -> dict[ObjectId, int]:
    """The bytes of files."""
    found = StoredFile._get_collection().find({"_id": {"$in": list(ids)}}, {"size": 1})
    return {raw["_id"]: raw["size"] for raw in found}


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
