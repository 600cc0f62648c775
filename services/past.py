"""A record as it was: its values, gone back through its change entries."""

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from pymongo import DESCENDING

from models.changes import Change
from models.fields.schema import Schema

Raw = dict[str, Any]
#: Whoever saw a record so many versions ago is asked to look again.
MOST_VERSIONS = 1_000


def changes_since(register: str, record_id: ObjectId, version: int, now: int) -> list[Raw] | None:
    """The entries after `version` up to `now`, newest first; None where not all of them are there."""
    if not 0 < version <= now or now - version > MOST_VERSIONS:
        return None
    query = {"register": register, "record": record_id, "version": {"$gt": version, "$lte": now}}
    found = list(Change._get_collection().find(query).sort("version", DESCENDING))
    return found if len(found) == now - version else None


def gone_back(values: Mapping[str, Any], changes: Iterable[Raw]) -> Raw:
    """{column: value} before all of these entries, which stand newest first."""
    result = dict(values)
    for change in changes:
        result |= {column: before for column, (before, _after) in change["changes"].items()}
    return result


def raw_of(schema: Schema, raw: Mapping[str, Any], values: Mapping[str, Any]) -> Raw:
    """A document of these values, with what the record's own keeps of itself."""
    result: Raw = {key: raw[key] for key in ("_id", "created_at", "created_by") if key in raw}
    result["custom"] = {}
    for field in schema.all_fields:
        value = values.get(field.column)
        if value is not None:
            (result["custom"] if field.custom else result)[field.key] = value
    return schema.register.document.derive(result)
