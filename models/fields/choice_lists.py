"""The choices of fixed fields as the organisation has them: renamed, recoloured, reordered, retired, added to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import mongoengine as me

from models.fields.definitions import choice_of
from models.fields.field import Choice, Field

Raw = dict[str, Any]
Source = Callable[[], tuple[Choice, ...]]
SOURCES: dict[str, Source] = {}


def gives_choices(name: str) -> Callable[[Source], Source]:
    """Marks a function as where the choices of fields with `choices_from=name` come from. Whatever changes them counts
    the schema version up."""

    def add(source: Source) -> Source:
        SOURCES[name] = source
        return source

    return add


class ChoiceList(me.Document):
    """All choices of one fixed field, in their order; there is none as long as nobody has changed any.

    `choices` holds {key, label, colour, retired} each. A choice of the program's own has an empty label while it is
    called what the program calls it, so that it goes on being translated.
    """

    register = me.StringField(required=True)
    key = me.StringField(required=True)
    choices = me.ListField(me.DictField())
    version = me.IntField(default=1)
    changed_at = me.DateTimeField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "choice_list",
        "auto_create_index": False,
        "indexes": [{"fields": ["register", "key"], "unique": True}],
    }


def with_saved_choices(register: str, fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fixed fields of a register, the extensible ones with the choices that are saved; one query at most."""
    fields = tuple(with_choices_from(field) if field.choices_from else field for field in fields)
    if not any(field.extensible for field in fields):
        return fields
    saved = {raw["key"]: raw["choices"] for raw in ChoiceList._get_collection().find({"register": register})}
    return tuple(
        replace(field, choices=merged(field.choices, saved[field.key]))
        if field.extensible and field.key in saved else field for field in fields
    )  # fmt: skip


def with_choices_from(field: Field) -> Field:
    """The field with the choices of its source; one that is required starts with the first that is offered."""
    found = replace(field, choices=SOURCES[field.choices_from]())
    return replace(found, default=found.offered[0].key) if found.required and found.offered else found


def merged(own: Iterable[Choice], saved: Iterable[Mapping[str, Any]]) -> tuple[Choice, ...]:
    """The saved choices, each of the program's `own` with what is saved of it; those that are new in the program since
    come last."""
    known = {choice.key: choice for choice in own}
    found = []
    for raw in saved:
        base, choice = known.pop(raw["key"], None), choice_of(dict(raw))
        if base is not None:
            label = choice.label if raw.get("label") else base.label
            choice = replace(base, label=label, colour=choice.colour, retired=choice.retired)
        found.append(choice)
    return (*found, *known.values())
