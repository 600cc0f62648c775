"""What is linked to a record, along every link in both directions, as far as its reader may see it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from models.base import stored_value
from models.fields.query import every_of
from models.fields.schema import schema_of
from models.fields.ways import Way, ways_from
from models.registers import Register
from models.rights import Access
from services.planning import BY_FACET, counted, time_limit

Raw = dict[str, Any]
#: So many of a register are read at once, whichever link they come by; counts go as far as MOST_COUNTED.
READ, MOST_COUNTED = 50, 1_000


@dataclass(frozen=True)
class Related:
    """What one way leads to: its first rows in name order, and how many there are (at least, unless `exact`)."""

    way: Way
    rows: Sequence[Raw]
    count: int
    exact: bool = True


def related_ways(access: Access, register: str) -> list[Way]:
    """The ways that lead to blocks of a record's page: but for single links, which stand among its values."""
    ways = ways_from(schema_of(register).for_access(access), access).values()
    return [way for way in ways if way.many and not way.tells_events]


def related_records(
    access: Access, register: str, raw: Mapping[str, Any], paths: Mapping[str, Iterable[str]],
    ways: Sequence[Way] | None = None,
) -> list[Related]:  # fmt: skip
    """What these ways lead to from a record that is seen already; all that lead to blocks where none are given.

    `paths` names for each register the values that rows come with.

    One query for each register, and one more for each direction that has more than is read.
    """
    ways = related_ways(access, register) if ways is None else ways
    found: list[Related] = []
    for card in dict.fromkeys(way.register for way in ways):
        fields = ["name", "facets", *paths.get(card.key, ())]
        found += pointed_at(
            access, raw, card, [way for way in ways if way.register is card and not way.backwards], fields
        )
        found += pointing(access, raw, card, [way for way in ways if way.register is card and way.backwards], fields)
    return found


def pointed_at(
    access: Access, raw: Mapping[str, Any], card: Register, ways: Sequence[Way], fields: Sequence[str]
) -> list[Related]:
    """The records that the record's own links lead to."""
    ids: dict[str, list[ObjectId]] = {}
    for way in ways:
        value = stored_value(way.field, raw)
        ids[way.code] = list(value if isinstance(value, list) else [value] if value else [])
    wanted = [one for some in ids.values() for one in some]
    if not wanted:
        return []
    query = every_of([{"_id": {"$in": wanted[:MOST_COUNTED]}}, access.condition(card.key)])
    rows = card.document._get_collection().find(query, fields).sort([("sort_name", 1), ("_id", 1)])
    seen = list(rows.limit(READ).max_time_ms(time_limit()))
    result = []
    for way in ways:
        its = [row for row in seen if row["_id"] in ids[way.code]]
        if its:
            result.append(Related(way, its, len(its), len(wanted) <= READ))
    return result


def pointing(
    access: Access, raw: Mapping[str, Any], card: Register, ways: Sequence[Way], fields: Sequence[str]
) -> list[Related]:
    """The records whose links lead to this one."""
    if not ways:
        return []
    tokens = {way.code: list(way.field.kind.facets(raw["_id"], way.field)) for way in ways}
    collection, condition = card.document._get_collection(), access.condition(card.key)
    query = every_of([{"facets": {"$in": [one for some in tokens.values() for one in some]}}, condition])
    found = collection.find(query, fields, hint=BY_FACET).sort([("sort_name", 1), ("_id", 1)])
    rows = list(found.limit(READ + 1).max_time_ms(time_limit()))
    by_way: dict[str, list[Raw]] = defaultdict(list)
    for row in rows[:READ]:
        for way in ways:
            if not set(tokens[way.code]).isdisjoint(row["facets"]):
                by_way[way.code].append(row)
    result = []
    for way in ways:
        count = len(by_way[way.code])
        if len(rows) > READ:
            its = every_of([{"facets": {"$in": tokens[way.code]}}, condition])
            count = counted(collection, its, MOST_COUNTED + 1, BY_FACET)
        result.append(Related(way, by_way[way.code], min(count, MOST_COUNTED), count <= MOST_COUNTED))
    return result
