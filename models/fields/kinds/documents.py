"""What a document holds: its file with the older versions, the file's size, and the words in it."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import mongoengine as me
from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.fields import operators as ops
from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field
from models.fields.kinds.base import Kind, text_of
from models.fields.kinds.numbers import Number
from models.fields.kinds.references import parse_id
from models.fields.kinds.texts import LongText
from models.fields.kinds.written import KILO, size_text
from models.search_words import words_of

Version = dict[str, Any]
MOST_VERSIONS = 500
LONGEST_NAME, LONGEST_NOTE = 255, 500
#: The parts of a version, and what each is.
PARTS: Mapping[str, type] = {
    "file": ObjectId, "name": str, "size": int, "content_type": str, "sha256": str, "at": str, "by": ObjectId,
    "note": str,
}  # fmt: skip
NEEDED = ("file", "name", "size")
#: What a size may be written in.
UNITS = {"b": 1, "": 1, "kb": KILO, "mb": KILO**2, "gb": KILO**3}
SIZE = re.compile(r"(?P<number>.*?)\s*(?P<unit>[kmg]?b)?", re.IGNORECASE | re.DOTALL)
#: So much of a file's text is shown where there is no room for a book.
SHOWN = 300


class FileVersions(Kind):
    """The versions of a file, the oldest first: a list of {file, name, size, content_type, sha256, at, by, note}.

    `file` is the id of a StoredFile, `at` a moment in UTC as ISO 8601 writes it, `by` a user's id or None. The last
    one is the file as it is now. Versions are added by `services.documents` alone.
    """

    name = "file_versions"
    label = _l("File with its versions")
    input = "file_versions"
    operators: ClassVar[Sequence[str]] = ops.EMPTINESS
    operator_labels: ClassVar[Mapping[str, Any]] = {"empty": _l("has none"), "nempty": _l("has some")}
    offered = False
    importable = False
    not_imported = _l("files can't be imported. Leave the column out and add the files on the records.")
    orderable = False
    needs_room = True
    put_together = True
    longest = 500_000

    def parse_value(self, raw: Any, field: Field, context: Context) -> list[Version] | None:
        if isinstance(raw, str):
            try:
                raw = json.loads(text_of(raw, field))
            except (ValueError, RecursionError) as error:
                raise FieldError(_l("Give the versions of a file.")) from error
        if not isinstance(raw, (list, tuple)) or not all(isinstance(one, Mapping) for one in raw):
            raise FieldError(_l("Give the versions of a file."))
        if len(raw) > MOST_VERSIONS:
            raise FieldError(_l("At most %(max)s versions of a file.", max=MOST_VERSIONS))
        return [parsed_version(one) for one in raw] or None

    def document_field(self, **options: Any) -> Any:
        return me.ListField(me.DictField(), **options)

    def text(self, value: Any, field: Field, context: Context) -> str:
        """The file as it is now, with its number."""
        if not value:
            return ""
        return str(_l("version %(number)s: %(name)s", number=len(value), name=value[-1]["name"]))

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return json.dumps([spoken(one) for one in value], ensure_ascii=False) if value else ""

    def to_json(self, value: Any, field: Field) -> Any:
        return [spoken(one) for one in value or ()]

    def json_schema(self, field: Field) -> dict[str, Any]:
        kinds = {name: {"type": "integer" if kind is int else ["string", "null"]} for name, kind in PARTS.items()}
        return {"type": "array", "items": {"type": "object", "properties": kinds}}

    def search_words(self, value: Any) -> Iterable[str]:
        return [word for name in dict.fromkeys(one["name"] for one in value or ()) for word in words_of(name)]


def parsed_version(raw: Mapping[str, Any]) -> Version:
    """One version as it is kept. Raises FieldError."""
    found: Version = {}
    for part, kind in PARTS.items():
        given = raw.get(part)
        if given is None and part in NEEDED:
            raise FieldError(_l("A version needs its file, its name and its size."))
        if kind is ObjectId:
            found[part] = None if given is None else parse_id(given)
        elif given is not None and (not isinstance(given, kind) or isinstance(given, bool)):
            raise FieldError(_l("Give the versions of a file."))
        elif given is not None:
            found[part] = given
    return found


def spoken(version: Version) -> Version:
    """A version as JSON has it."""
    return {part: str(value) if isinstance(value, ObjectId) else value for part, value in version.items()}


class FileSize(Number):
    """A number of bytes, shown and asked for as people write it: 1.5 MB."""

    name = "file_size"
    label = _l("Size of a file")
    offered = False

    def parse_value(self, raw: Any, field: Field, context: Context) -> int | float:
        found = SIZE.fullmatch(raw[:100]) if isinstance(raw, str) else None
        if found is None:
            return super().parse_value(raw, field, context)
        number = super().parse_value(found["number"], field, context)
        return round(number * UNITS[(found["unit"] or "").lower()])

    def text(self, value: Any, field: Field, context: Context) -> str:
        return "" if value is None else size_text(value, context.locale)


class FileText(LongText):
    """The words in a file: long, found by the search box with many more words than other texts, shown in part."""

    name = "file_text"
    label = _l("Text of a file")
    offered = False
    operators: ClassVar[Sequence[str]] = ("ct", "nct", *ops.EMPTINESS)
    reads_whole = True

    def text(self, value: Any, field: Field, context: Context) -> str:
        text = " ".join(str(value or "")[: SHOWN + 1].split())
        return text if len(text) < SHOWN else f"{text[:SHOWN]}…"

    def edit_text(self, value: Any, field: Field, context: Context) -> str:
        return str(value or "")

    def to_json(self, value: Any, field: Field) -> Any:
        return self.text(value, field, Context()) or None
