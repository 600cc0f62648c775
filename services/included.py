"""What records point at, read along with them: other records, users, teams, each once and as far as one may see it."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from bson import ObjectId

from models.fields.field import Field
from models.registers import REGISTERS, register_of
from models.rights import Access
from models.security import Team, User
from services.audit.writing import full_name

Raw = dict[str, Any]
#: Targets that are no registers: their names are told and nothing else.
NAMED: dict[str, Any] = {"user": User, "team": Team}


def ids_by_target(fields: Iterable[Field], raws: Collection[Mapping[str, Any]]) -> dict[str, set[ObjectId]]:
    """Register's key, "user" or "team" -> the ids that these fields of the documents point at."""
    found: dict[str, set[ObjectId]] = {}
    for field in fields:
        for raw in raws:
            values = (raw.get("custom") or {}) if field.custom else raw
            for target, key in field.kind.references(values.get(field.key), field):
                if target in REGISTERS or target in NAMED:
                    found.setdefault(target, set()).add(key)
    return found


def find_included(access: Access, target: str, ids: Collection[ObjectId]) -> list[Raw]:
    """Those of a target's records that the user may see; of users and teams `_id` and `name`."""
    query: Raw = {"_id": {"$in": list(ids)}}
    if target in NAMED:
        parts = {"name": 1, "first_name": 1, "last_name": 1}
        return [{"_id": raw["_id"], "name": raw.get("name") or full_name(raw)}
                for raw in NAMED[target]._get_collection().find(query, parts)]  # fmt: skip
    condition = access.condition(target, "see")
    return list(register_of(target).document._get_collection().find({"$and": [query, condition]}))
