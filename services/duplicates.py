"""Records that may be the same: told while one is being typed, and looked for in a whole register by a job."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import ngettext
from pymongo.errors import ExecutionTimeout

from models.base import stored_value
from models.fields.field import Field
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.jobs import Job, JobState
from models.matching import (
    WORTH,
    WORTH_TELLING,
    identities,
    match_keys,
    matching_fields,
    name_words,
    score_of,
    weight_of,
)
from models.rights import Access
from services.jobs import Run, handles, start_job
from services.planning import time_limit
from services.search import TooSlow
from services.values import context_of, parse_values

Raw = dict[str, Any]
KIND, INDEX = "find_duplicates", "by_word"
#: So many are told of while somebody types, out of so many that share a value's words.
MOST_TOLD, CANDIDATES = 5, 50
#: A value that more records share (a switchboard, info@) says nothing; so many pairs are kept, the likeliest.
MOST_SHARING, MOST_PAIRS = 20, 500
PROGRESS = 5_000


@dataclass(frozen=True)
class Similar:
    """A record that may be the same; `reasons` are the fields whose values are."""

    raw: Raw
    score: float
    reasons: Sequence[Field]


def values_of(fields: Iterable[Field], raw: Mapping[str, Any]) -> dict[str, Any]:
    return {field.column: stored_value(field, raw) for field in fields}


# While it is being typed


def similar_records(access: Access, register: str, typed: Mapping[str, Any], *, but: Any = None) -> list[Similar]:
    """The records most like what is typed, best first, as far as the user sees them and their fields; `but` is the
    record that is being changed. Raises TooSlow."""
    schema = schema_of(register).for_access(access)
    fields = [field for field in matching_fields(schema) if field.column in typed]
    parsed = parse_values(schema, {field.column: typed[field.column] for field in fields}, context_of(access))
    # What is no value yet is compared as it is typed.
    values = {field.column: parsed.values.get(field.column) or typed[field.column] for field in fields}
    mine = match_keys(schema, fields, values)
    found: dict[ObjectId, Raw] = {}
    for field in fields:
        if field.column in mine:
            found.update((raw["_id"], raw) for raw in candidates(access, schema, field, values[field.column], fields))
    told = [similar for raw in found.values() if str(raw["_id"]) != str(but)
            if (similar := compared(schema, fields, mine, raw)).score >= WORTH_TELLING]  # fmt: skip
    return sorted(told, key=lambda one: (-one.score, str(one.raw.get("name"))))[:MOST_TOLD]


def candidates(access: Access, schema: Schema, field: Field, value: Any, fields: Sequence[Field]) -> list[Raw]:
    """Records that hold the words of a value."""
    is_name = field.column == schema.register.name_field
    words = name_words(str(value)) if is_name else list(field.kind.match_words(value))
    if not words:
        return []
    # The hint names an index and not what of it: the longest word alone bounds it.
    longest = max(words, key=len)
    rest = [{"$nor": [{"$nor": [{"words": word}]}]} for word in words if word != longest]
    query = every_of([{"words": longest}, *rest, access.condition(schema.register.key)])
    wanted = ["name", "facets", *(one.path for one in fields)]
    try:
        rows = schema.register.document._get_collection().find(query, wanted, hint=INDEX)
        return list(rows.limit(CANDIDATES).max_time_ms(time_limit()))
    except ExecutionTimeout as error:
        raise TooSlow from error


def compared(schema: Schema, fields: Sequence[Field], mine: Mapping[str, str], raw: Raw) -> Similar:
    keys = match_keys(schema, fields, values_of(fields, raw))
    reasons = [field for field in fields if field.column in mine and mine[field.column] == keys.get(field.column)]
    differing = sum(mine[one] != keys[one] for one in identities(fields) if one in mine and one in keys)
    return Similar(raw, score_of((weight_of(schema, field) for field in reasons), differing), reasons)


# In a whole register


def start_search(access: Access, register: str) -> ObjectId:
    """Have a worker look through what the user may see of a register; returns the job's id."""
    schema = schema_of(register)
    total = schema.register.document._get_collection().estimated_document_count()
    return start_job(access, KIND, _("Look for duplicates"), {"register": register}, total)


@handles(KIND)
def run_search(run: Run) -> Raw:
    """The job: reads and writes nothing but its result, so that going on is starting again."""
    register = run.params["register"]
    schema = schema_of(register).for_access(run.access)
    fields = matching_fields(schema)
    sharing: defaultdict[tuple[str, str], list[ObjectId]] = defaultdict(list)
    names: defaultdict[str, dict[ObjectId, str]] = defaultdict(dict)
    own = identities(fields)
    for number, raw in enumerate(rows_of(run.access, schema, fields), 1):
        for column, key in match_keys(schema, fields, values_of(fields, raw)).items():
            if column in own:
                names[column][raw["_id"]] = key
            its = sharing[column, key]
            # One more than counts tells that there are too many.
            if len(its) <= MOST_SHARING:
                its.append(raw["_id"])
        if number % PROGRESS == 0:
            run.advance(number)
    pairs = likeliest(schema, sharing, names)
    return {"message": ngettext("%(num)s pair of records may be the same.", "%(num)s pairs of records may be the same.",
                                len(pairs)),
            "result": {"register": register, "pairs": pairs}}  # fmt: skip


def rows_of(access: Access, schema: Schema, fields: Sequence[Field]) -> Iterator[Raw]:
    found = schema.register.document._get_collection().find(
        access.condition(schema.register.key), [field.path for field in fields]
    )
    yield from found.batch_size(1_000)


def likeliest(
    schema: Schema, sharing: Mapping[tuple[str, str], Sequence[ObjectId]], names: Mapping[str, Mapping[ObjectId, str]]
) -> list[Raw]:
    """The pairs that are worth a look: {"ids", "score", "columns"}, the likeliest first. `sharing` has the records of
    each (column, key), `names` each record's key of the columns that name one alone."""
    columns: defaultdict[tuple[ObjectId, ObjectId], list[str]] = defaultdict(list)
    for (column, _key), ids in sharing.items():
        if 1 < len(ids) <= MOST_SHARING:
            for pair in combinations(sorted(ids), 2):
                columns[pair].append(column)
    scored = []
    for (first, second), shared in columns.items():
        known = [its for its in names.values() if first in its and second in its]
        differing = sum(its[first] != its[second] for its in known)
        weights = (weight_of(schema, schema.by_column[one]) for one in shared)
        scored.append((score_of(weights, differing), (first, second), shared))
    worth = sorted((found for found in scored if found[0] >= WORTH), key=lambda found: (-found[0], found[1]))
    return [{"ids": list(pair), "score": round(score, 3), "columns": shared}
            for score, pair, shared in worth[:MOST_PAIRS]]  # fmt: skip


def last_search(access: Access, register: str) -> Raw | None:
    """The user's last search of that register that came to its end, as its job (raw)."""
    query = {"owner": access.user_id, "kind": KIND, "params.register": register, "state": JobState.DONE.value}
    found: Raw | None = Job._get_collection().find_one(query, sort=[("created_at", -1)])
    return found


def pairs_found(access: Access, job: Raw) -> list[tuple[Raw, Raw, float, list[str]]]:
    """(record, record, score, columns) of the pairs that are both there still and that the user sees still."""
    pairs = job["result"]["pairs"]
    card = schema_of(job["result"]["register"]).register
    ids = list({one for pair in pairs for one in pair["ids"]})
    query = every_of([{"_id": {"$in": ids}}, access.condition(card.key)])
    rows = {raw["_id"]: raw for raw in card.document._get_collection().find(query)}
    return [(rows[first], rows[second], pair["score"], pair["columns"])
            for pair in pairs for first, second in [pair["ids"]] if first in rows and second in rows]  # fmt: skip
