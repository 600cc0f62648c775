"""Records that are there already, known by the fields that the mapping matches by."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.base import stored_value
from models.collation import collation_key
from models.fields.field import Field
from models.fields.query import every_of
from models.rights import Access
from models.search_words import LONGEST
from services.imports.plan import Plan
from services.values import Parsed

Key = tuple[Any, ...]


def key_of(plan: Plan, parsed: Parsed) -> Key | None:
    """What the row is known by; None where one of the fields is empty or odd: such a row matches nothing."""
    raw: dict[str, Any] = {"custom": {}}
    for column in plan.key_columns & parsed.values.keys():
        found = plan.schema.by_column[column]
        (raw["custom"] if found.custom else raw)[found.key] = parsed.values[column]
    return stored_key(plan.match, plan.schema.register.document.complete(raw))


def stored_key(fields: Sequence[Field], raw: Mapping[str, Any]) -> Key | None:
    values = [stored_value(field, raw) for field in fields]
    return None if any(value in (None, "") for value in values) else tuple(map(comparable, values))


def comparable(value: Any) -> Any:
    """Text is the same whatever its case and its spaces."""
    return " ".join(value.split()).casefold() if isinstance(value, str) else value


def name_keys(names: Iterable[str]) -> set[str]:
    """The sort names under which records of these names stand, however many spaces the names are written with."""
    return {collation_key(text) for name in names for text in (name, " ".join(name.split()))}


def find_existing(access: Access, plan: Plan, parsed: Sequence[Parsed]) -> dict[Key, list[dict[str, Any]]]:
    """The records that the user may see, by their keys, that rows (which have a key) stand for, and perhaps others;
    whole where the rows change them."""
    if not parsed:
        return {}
    register = plan.schema.register
    query = every_of([access.condition(register.key), lookup(plan, parsed)])
    wanted = None if plan.changes or plan.links_to_itself else {field.path: 1 for field in plan.match}
    found: dict[Key, list[dict[str, Any]]] = {}
    for raw in register.document._get_collection().find(query, wanted):
        if (key := stored_key(plan.match, raw)) is not None:
            found.setdefault(key, []).append(raw)
    return found


def lookup(plan: Plan, rows: Sequence[Parsed]) -> dict[str, Any]:
    """A query by the one field that an index answers best: the name, a few-valued field, else what there is.

    It may find more than what matches; keys decide.
    """
    register = plan.schema.register
    by_name = next((field for field in plan.match if field.key == register.name_field), None)
    if by_name is not None:
        names = (register.document.complete(dict(parsed.values)).get(by_name.key) for parsed in rows)
        return {"sort_name": {"$in": sorted(name_keys(map(str, names)))}}
    field = next((field for field in plan.match if field.kind.faceted), plan.match[0])
    values = [parsed.values[field.column] for parsed in rows]
    if field.kind.match_weight and not field.custom:
        # The words of a record's fixed fields come first, and so are kept whatever else it holds.
        return {"words": {"$in": sorted(telling_words(field, values))}}
    if field.kind.faceted:
        return {"facets": {"$in": sorted({token for value in values for token in field.kind.facets(value, field)})}}
    return {field.path: {"$in": values}}


def telling_words(field: Field, values: Iterable[Any]) -> set[str]:
    """Of each value that word by which every record with the same is found which the fewest of the others have: of
    addresses the name where all are of one firm, the firm where all are called info."""
    found = [field.kind.match_words(value) for value in values]
    counts = Counter(word for words in found for word in set(words))
    return {min(words, key=lambda word: (counts[word], -len(word)))[:LONGEST] for words in found if words}
