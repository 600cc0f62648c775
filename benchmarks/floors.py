"""The floor: the same documents without what we derive from them, under the best index for each question."""

from collections.abc import Mapping, Sequence
from typing import Any

import mongoengine as me
from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from models.companies import Company

Raw = dict[str, Any]
NAME = (("sort_name", ASCENDING), ("_id", ASCENDING))
#: One index for each question: what is equal first, then the order, then what lies in a range.
INDEXES: dict[str, Sequence[tuple[str, int]]] = {
    "name": NAME,
    "industry": (("custom.industry", 1), *NAME),
    "ranges": (("custom.industry", 1), *NAME, ("custom.headcount", 1), ("custom.revenue.amount", 1)),
    "count": (("custom.industry", 1), ("custom.headcount", 1), ("custom.revenue.amount", 1),
              ("custom.revenue.currency", 1)),
    "three": (("custom.industry", 1), ("custom.size_class", 1), ("custom.abc_class", 1), *NAME),
    "rare": (("custom.credit_ban", 1), ("custom.industry", 1), *NAME),
    "five": (("custom.size_class", 1), ("custom.language", 1), *NAME, ("custom.industry", 1), ("custom.headcount", 1),
             ("custom.customer_since", 1)),
    "customer": (("custom.customer_number", 1),),
    "headcount": (("custom.headcount", DESCENDING), *NAME),
    "industry_headcount": (("custom.industry", 1), ("custom.headcount", DESCENDING), *NAME),
}  # fmt: skip
PAGE, CAP = 25, 1_001


def collection() -> Collection[Raw]:
    return me.get_db()["floor"]


def make_floor() -> None:
    """Copy the companies, without facets and the like, and index the copy."""
    Company._get_collection().aggregate([{"$unset": ["facets", "ranges"]}, {"$out": collection().name}])
    for name, keys in INDEXES.items():
        collection().create_index(list(keys), name=name)


def page(query: Mapping[str, Any], index: str, order: Sequence[tuple[str, int]] = NAME, count: bool = True) -> Raw:
    """The first page of what matches, and how many match as far as a list counts."""
    rows = list(collection().find(query, hint=index).sort(list(order)).limit(PAGE))
    found = collection().count_documents(query, limit=CAP, hint=index) if count else 0
    return {"rows": rows, "count": found}
