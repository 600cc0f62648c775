"""Fields and choices that an undone import had made: put away with it, they come back when they are wanted again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from bson import ObjectId

from models.changes import Change, Source
from models.fields.choice_lists import ChoiceList
from models.fields.field import Field
from models.fields.schema import schema_of
from models.rights import Access
from services.settings import EDITABLE, change_field, define_field

Raw = dict[str, Any]


def comes_back(field: Field) -> bool:
    """Whether a field is retired because the import that had made it was undone."""
    return field.retired and put_away(entries_of("field_definition", field.id), is_retired)


def coming_field(retired: Iterable[Field], definition: Mapping[str, Any]) -> Field | None:
    """The field that went with an import that was undone and that such a definition would make anew."""
    target = definition.get("target") or "company"
    return next((field for field in retired if field.key == definition.get("key")
                 and field.kind.name == definition.get("kind") and field.target in ("", target)
                 and comes_back(field)), None)  # fmt: skip


def is_retired(definition: Raw) -> bool:
    return definition.get("retired") is True


def with_choices_to_come(register: str, field: Field) -> Field:
    """The field without the choices that went with an import that was undone, so that they count as new ones."""
    retired = {choice.key for choice in field.choices if choice.retired}
    if not retired:
        return field
    entries = entries_of(*choices_kept_in(register, field))
    gone = {key for key in retired if put_away(entries, partial(retires, key))}
    return replace(field, choices=tuple(choice for choice in field.choices if choice.key not in gone))


def choices_kept_in(register: str, field: Field) -> tuple[str, Any]:
    """Whose change entries tell of a field's choices: (register of the entries, id)."""
    if field.custom:
        return "field_definition", field.id
    saved = ChoiceList._get_collection().find_one({"register": register, "key": field.key}, {"_id": 1})
    return "choice_list", (saved or {}).get("_id")


def retires(key: str, definition: Raw) -> bool:
    return any(choice["key"] == key and choice.get("retired") is True for choice in definition.get("choices") or ())


def entries_of(register: str, record: Any) -> list[Raw]:
    """The change entries of a definition, the last one first."""
    query = {"register": register, "record": ObjectId(record) if record else None}
    return list(Change._get_collection().find(query).sort("version", -1))


def put_away(entries: list[Raw], is_gone: Callable[[Raw], bool]) -> bool:
    """Whether it was the undoing of an import that made true what `is_gone` asks of the parts that entries tell of."""
    for entry in entries:
        before, after = ({name: pair[place] for name, pair in entry["changes"].items()} for place in (0, 1))
        if is_gone(after) and not is_gone(before):
            return bool(entry["source"] == Source.UNDO.value)
    return False


def make_field(access: Access, definition: Raw) -> None:
    """Make a field for an import, or have the one that went with an earlier import come back. Raises as `define_field`
    does."""
    known = coming_field(schema_of(definition["register"]).retired, definition)
    if known is None:
        define_field(access, definition, source=Source.IMPORT)
        return
    parts = {name: definition[name] for name in EDITABLE if name in definition}
    change_field(access, known.id, {**parts, "retired": False}, source=Source.IMPORT)
