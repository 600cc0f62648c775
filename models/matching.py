"""When two records may be the same: names without their legal forms, and how much each equal value says."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.fields.field import Field
from models.fields.schema import Schema
from models.search_words import words_of

#: Legal forms that people write or leave out: Finnish, Swedish, and those of the neighbours.
LEGAL_FORMS = frozenset({
    "oy", "oyj", "ab", "abp", "oyab", "ky", "kb", "ay", "tmi", "fma", "osk", "anl", "ry", "rf", "rs", "sr", "saatio",
    "stiftelse", "ltd", "inc", "llc", "gmbh", "ag", "as", "aps", "ou", "sia", "uab", "bv", "nv", "plc", "corp",
})  # fmt: skip
#: From here on a pair is worth a look, and a record is told of to somebody who types another one like it.
WORTH, WORTH_TELLING = 0.6, 0.5
#: A kind of so much weight names one and no other: two different values of it say that the records are two.
IDENTITY, DOUBT = 0.9, 0.5


def name_key(name: str) -> str:
    """A name as it is compared: "Järvi-Kone Oy" and "JARVI KONE" are the same; a name of legal forms alone stays."""
    words = words_of(name)
    told = [word for word in words if word not in LEGAL_FORMS]
    return "".join(told or words)


def name_words(name: str) -> list[str]:
    """The words by which records of the same name are found."""
    words = words_of(name)
    return [word for word in words if word not in LEGAL_FORMS] or list(words)


def matching_fields(schema: Schema) -> list[Field]:
    """The fields by which records of a register are known: the name, and kinds whose values are somebody's own."""
    return [f for f in schema.fields if f.column == schema.register.name_field or f.kind.match_weight]


def weight_of(schema: Schema, field: Field) -> float:
    return schema.register.name_weight if field.column == schema.register.name_field else field.kind.match_weight


def match_keys(schema: Schema, fields: Iterable[Field], values: Mapping[str, Any]) -> dict[str, str]:
    """Column -> key of the filled fields. `values` maps columns to stored values."""
    keys = {}
    for field in fields:
        value = values.get(field.column)
        if value not in (None, "", []):
            is_name = field.column == schema.register.name_field
            keys[field.column] = name_key(str(value)) if is_name else field.kind.match_key(value)
    return {column: key for column, key in keys.items() if key}


def identities(fields: Iterable[Field]) -> set[str]:
    """The columns that name one record and no other."""
    return {field.column for field in fields if field.kind.match_weight >= IDENTITY}


def score_of(weights: Iterable[float], differing: int = 0) -> float:
    """How likely it is that two records are the same, by what each of their equal values says, and by how many
    identities differ."""
    doubt = 1.0
    for weight in weights:
        doubt *= 1 - weight
    return (1 - doubt) * DOUBT**differing
