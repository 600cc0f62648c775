"""Which field of a register fills a merge field: by key, by label in either language, or by the template's own map."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from flask_babel import force_locale

from models.fields.field import Field
from models.fields.schema import Schema
from services.settings import LANGUAGES
from services.word import WordTemplate, normalise_name

#: How alike a name and a field's key or label must be (difflib's ratio) for the field to be offered.
LIKENESS = 0.6


class FieldState(StrEnum):
    """What becomes of a field of the template."""

    KNOWN = "known"
    UNKNOWN = "unknown"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True)
class FieldStatus:
    """One field of a template as one user sees it.

    `parts` are those it stands in ("body", "header", ...); `column` and `label` say what fills it, "" if nothing
    does; `nearest` is the column to offer for an unknown one; `mapped` tells that the template's map decided;
    `whole` that it is an address block or a greeting line, whose parts are filled by their standard names.
    """

    name: str
    parts: tuple[str, ...]
    state: FieldState
    column: str = ""
    label: str = ""
    nearest: str = ""
    mapped: bool = False
    whole: bool = False


class Matcher:
    """Finds fields for names, within what one user may see (`schema` is that user's)."""

    def __init__(self, schema: Schema, field_map: Mapping[str, str]) -> None:
        self.schema = schema
        self.names = names_of_fields(schema.fields)
        self.map = {normalise_name(name): column for name, column in field_map.items() if column}

    def find(self, name: str) -> Field | None:
        """The field that fills a merge field. The map decides where it speaks, even if its column is gone."""
        wanted = normalise_name(name)
        if wanted in self.map:
            return self.schema.get(self.map[wanted])
        return self.names.get(wanted)

    def nearest(self, name: str) -> Field | None:
        """The field whose key or label is most like the name."""
        close = difflib.get_close_matches(normalise_name(name), self.names, n=1, cutoff=LIKENESS)
        return self.names[close[0]] if close else None

    def status(self, name: str, parts: tuple[str, ...], language: str) -> FieldStatus:
        found, mapped = self.find(name), normalise_name(name) in self.map
        if found is not None:
            return FieldStatus(name, parts, FieldState.KNOWN, found.column, found.label_in(language), mapped=mapped)
        near = self.nearest(name)
        return FieldStatus(name, parts, FieldState.UNKNOWN, nearest=near.column if near else "", mapped=mapped)

    def unknown(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.find(name) is None]


def names_of_fields(fields: Iterable[Field]) -> dict[str, Field]:
    """Normalised name -> field. Columns win over bare keys, keys over labels, and earlier fields over later ones."""
    fields = list(fields)
    found: dict[str, Field] = {}
    for name_of in (lambda field: field.column, lambda field: field.key):
        for field in fields:
            found.setdefault(normalise_name(name_of(field)), field)
    for language in LANGUAGES:
        with force_locale(language):
            for field in fields:
                found.setdefault(normalise_name(field.label_in(language)), field)
    return found


def unsupported(word: WordTemplate) -> list[FieldStatus]:
    """What no merge can fill, each kind once."""
    parts: dict[str, dict[str, None]] = {}
    for field in word.fields:
        if not field.supported:
            parts.setdefault(field.kind, {})[field.part] = None
    return [FieldStatus(kind, tuple(places), FieldState.UNSUPPORTED) for kind, places in parts.items()]
