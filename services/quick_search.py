"""The search box: records of every register by words of their texts, phone numbers and business IDs.

Words are found by prefixes through the index `by_word` and never by scanning; docs/search.md has the figures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo.errors import ExecutionTimeout

from models.fields.field import Field
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.registers import Register, all_registers, register_of
from models.rights import Access
from models.search_words import digits_of, words_of
from services.planning import time_limit
from services.search import TooSlow, find_page

Raw = dict[str, Any]
INDEX = "by_word"
#: So many words of what was typed are looked for, and so many records of each register looked at.
MOST_TYPED = 8
CANDIDATES = 200
#: The longest text that is looked at; nobody types more.
MOST_TEXT = 200


@dataclass(frozen=True)
class Hit:
    """A record that was found. `field` is the one that holds what was typed, where that is not the name; `seen` are
    the fields that the user sees."""

    raw: Raw
    seen: Sequence[Field]
    field: Field | None = None


@dataclass(frozen=True)
class Found:
    """What was found in one register, the best first; `more` says that there is more."""

    card: Register
    hits: Sequence[Hit]
    more: bool


def quick_search(access: Access, text: str, *, limit: int = 8) -> list[Found]:
    """At most `limit` records of each register that the user may see and that hold every word of `text`, each as the
    beginning of a word. Registers without any are left out. Raises TooSlow."""
    ways = ways_to_read(text)
    found = [search_register(access, card, ways, limit) for card in all_registers() if access.may(card.key, "see")]
    return [one for one in found if one.hits] if ways else []


def find_options(access: Access, register: str, text: str, limit: int = 20) -> list[Raw]:
    """Records for pickers that search as one types: by beginnings of words, else by any part of the name."""
    ways = ways_to_read(text)
    found = search_register(access, register_of(register), ways, limit).hits if ways else ()
    if found:
        return [hit.raw for hit in found]
    conditions = [{"col": "name", "opr": "ct", "value": text}] if text.strip() else []
    return find_page(access, register, conditions, order="name", page_size=limit).rows


def ways_to_read(text: str) -> list[list[str]]:
    """The words that must all be there; of digits in any spacing, also all of them as one."""
    words = list(dict.fromkeys(words_of(text[:MOST_TEXT])))[:MOST_TYPED]
    digits = digits_of(text[:MOST_TEXT])
    ways = [[digits], words] if digits and words != [digits] else [words]
    return [way for way in ways if way]


def search_register(access: Access, card: Register, ways: Sequence[Sequence[str]], limit: int) -> Found:
    seen: dict[Any, tuple[Raw, Sequence[str]]] = {}
    full = False
    for words in ways:
        rows = candidates(access, card, words)
        full = full or len(rows) == CANDIDATES
        for raw in rows:
            seen.setdefault(raw["_id"], (raw, words))
    ranked = sorted(seen.values(), key=lambda found: rank(*found))
    hits = list(checked(schema_of(card.key).for_access(access), ranked, limit + 1))
    return Found(card, hits[:limit], full or len(hits) > limit)


def candidates(access: Access, card: Register, words: Sequence[str]) -> list[Raw]:
    """Records of which each has every word, as far as the user may see them: their names."""
    longest = max(words, key=len)
    lead = {"words": begins_with(longest)}
    # The hint names an index and not what of it: only the longest word may bound it, for that is the rarest.
    rest = [{"$nor": [{"$nor": [{"words": begins_with(word)}]}]} for word in words if word != longest]
    query = every_of([lead, *rest, access.condition(card.key)])
    try:
        return list(card.document._get_collection().find(query, {"name": 1}).hint(INDEX).limit(CANDIDATES)
                    .max_time_ms(time_limit()))  # fmt: skip
    except ExecutionTimeout as error:
        raise TooSlow from error


def begins_with(word: str) -> dict[str, Any]:
    """One of the words begins so. None holds a sign as high as the end of the span."""
    return {"$elemMatch": {"$gte": word, "$lt": word + "\uffff"}}


def rank(raw: Raw, words: Sequence[str]) -> tuple[bool, bool, int, int, str]:
    """The less the better: all words in the name, the name beginning so, whole words, short names."""
    name = words_of(raw.get("name") or "")
    missing = sum(not any(own.startswith(word) for own in name) for word in words)
    begins = bool(name) and name[0].startswith(words[0])
    return missing > 0, not begins, -len(set(words) & set(name)), len(name), " ".join(name)


def checked(schema: Schema, ranked: Iterable[tuple[Raw, Sequence[str]]], limit: int) -> Iterable[Hit]:
    """The first `limit` of those that hold every word in a field that the user sees: what a hidden field or one that
    is no more holds must not be found out by searching."""
    ranked, taken = list(ranked), 0
    collection = schema.register.document._get_collection()
    while ranked and taken < limit:
        part, ranked = ranked[:limit], ranked[limit:]
        whole = {raw["_id"]: raw for raw in collection.find({"_id": {"$in": [raw["_id"] for raw, _words in part]}})}
        for raw, words in part:
            hit = hit_of(schema, whole.get(raw["_id"]), words)
            if hit is not None and taken < limit:
                taken += 1
                yield hit


def hit_of(schema: Schema, raw: Mapping[str, Any] | None, words: Sequence[str]) -> Hit | None:
    """The hit, with the field that holds what the name does not; None where no field that is seen holds a word."""
    if raw is None:
        return None
    name = words_of(raw.get("name") or "")
    left = [word for word in words if not any(own.startswith(word) for own in name)]
    if not left:
        return Hit(dict(raw), schema.fields)
    by_field = [
        (field, list(field.kind.search_words(value))) for field, value in schema.filled(raw)
        if field.column in schema.by_column and field.column != schema.register.name_field
    ]  # fmt: skip
    holders = [next((field for field, own in by_field if any(o.startswith(word) for o in own)), None) for word in left]
    return None if None in holders else Hit(dict(raw), schema.fields, holders[0])
