"""What a starting set would make of the organisation as it is now: each part with what writes it, and with what it
needs to be taken back. What somebody has changed already is left alone."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.definitions import FieldDefinition
from models.fields.field import Field, label_in
from models.rights import Access
from models.security import Role
from services.choice_lists import changed_choices, extensible_field, get_choices, write_choices
from services.field_order import STEP, next_order
from services.pipelines import changed_pipeline, list_pipelines
from services.pipelines import write as write_pipeline
from services.ready_trays import READY
from services.records import now
from services.security import update_noted
from services.settings import new_definition, write_definition
from services.setup.sets import ROLE_NAMES, StartingSet
from services.trays import get_tray, put_tray

Raw = dict[str, Any]
Write = Callable[[ClientSession], Any]
THERE = _l("There already")
CHANGED = _l("Changed already: stays as it is")
TAKEN = _l("Another role is called so")


@dataclass(frozen=True)
class Part:
    """One thing that a set makes or changes; its kind is "field", "choices" (of a fixed field), "pipeline", "role" or
    "tray".

    `name` tells it from the others ("company.industry"). Without `write` it stays as it is, and `kept` says why.
    `made` is what taking it back needs (models/starting_sets.py), `shown` what else a page tells of it.
    """

    kind: str
    name: str
    label: str
    shown: Mapping[str, Any]
    write: Write | None = None
    made: Raw = field(default_factory=dict)
    kept: Any = ""


def parts_of(access: Access, chosen: StartingSet, language: str, left_out: Collection[str] = ()) -> list[Part]:
    """All that the set would make, in the order in which it is written, without the fields `left_out`; roles are named
    in `language`."""
    fields = [part for part in field_parts(access, chosen) if part.name not in left_out]
    return [*fields, *choice_parts(access, chosen), *pipeline_parts(access, chosen),
            *role_parts(access, chosen, language), *tray_parts(access, chosen)]  # fmt: skip


def field_parts(access: Access, chosen: StartingSet) -> Iterator[Part]:
    """New fields, and those that the set has made before and that were taken back."""
    for register, definitions in chosen.fields.items():
        known = {raw["key"]: raw for raw in FieldDefinition._get_collection().find({"register": register})}
        first = next_order(register)
        for place, data in enumerate(definitions):
            before = known.get(data["key"])
            again = before and before.get("retired") and before["kind"] == data["kind"]
            after = None
            if before is None:
                after = new_definition({**data, "register": register, "order": first + place * STEP})
            elif again:
                after = {**before, "retired": False, "version": before["version"] + 1, "changed_at": now()}
            yield field_part(access, register, data, before or {}, after)


def field_part(access: Access, register: str, data: Raw, before: Raw, after: Raw | None) -> Part:
    name, label = f"{register}.{data['key']}", label_in(data["label"], access.language)
    shown = {"register": register, "kind": data["kind"]}
    if after is None:
        return Part("field", name, label, shown, kept=THERE)
    action = "update" if before else "create"
    return Part(
        "field", name, label, shown,
        write=lambda session: write_definition(session, access, action, before, dict(after), Source.SCREEN),
        made={"part": "field", "id": after["_id"], "version": after["version"]},
    )  # fmt: skip


def choice_parts(access: Access, chosen: StartingSet) -> Iterator[Part]:
    for name, choices in chosen.choices.items():
        register, _dot, key = name.partition(".")
        fixed, before = extensible_field(register, key), get_choices(register, key)
        label, shown = label_in(fixed.label, access.language), {"register": register, "values": names_in(
            fixed, choices, access.language)}  # fmt: skip
        if before["version"]:
            yield Part("choices", name, label, shown, kept=CHANGED)
            continue
        after, stored = changed_choices(fixed, before, choices)
        yield Part("choices", name, label, shown, choices_write(access, before, after, stored), made={
            "part": "choices", "register": register, "key": key, "before": before["choices"],
            "version": after["version"]})  # fmt: skip


def choices_write(access: Access, before: Raw, after: Raw, stored: list[Raw]) -> Write:
    return lambda session: write_choices(session, access, before, after, stored, Source.SCREEN)


def names_in(fixed: Field, choices: Sequence[Raw], language: str) -> list[str]:
    """What the choices are called; one of the program's own without a label as the program calls it."""
    own = {choice.key: choice.label for choice in fixed.choices}
    return [label_in(choice.get("label") or own[choice["key"]], language) for choice in choices]


def pipeline_parts(access: Access, chosen: StartingSet) -> Iterator[Part]:
    """The program's own pipeline gets the set's stages, as long as nobody has changed it or made another."""
    if not chosen.pipeline:
        return
    present = list_pipelines()
    before, label = present[0], label_in(chosen.pipeline["label"], access.language)
    stages = [label_in(stage["label"], access.language) for stage in chosen.pipeline["stages"]]
    if before["version"]:
        yield Part("pipeline", before["key"], label, {"values": stages}, kept=CHANGED)
        return
    after = changed_pipeline(before, chosen.pipeline, present)
    yield Part("pipeline", before["key"], label, {"values": stages}, made={
        "part": "pipeline", "key": before["key"], "before": {"label": before["label"], "stages": before["stages"]},
        "version": after["version"] + 1},
        write=lambda session: write_pipeline(session, access, before, after, Source.SCREEN))  # fmt: skip


def role_parts(access: Access, chosen: StartingSet, language: str) -> Iterator[Part]:
    """The ready roles that nobody has renamed are called what the line of business calls them."""
    present = {raw["name"]: raw for raw in Role._get_collection().find({})}
    for ready in ROLE_NAMES:
        name = chosen.name_of_role(ready, language)
        before = present.get(ready)
        if before is None or name == ready:
            continue
        shown = {"before": ready}
        if name in present:
            yield Part("role", ready, name, shown, kept=TAKEN)
        else:
            yield Part("role", ready, name, shown, role_write(access, before, name), made={
                "part": "role", "id": before["_id"], "before": ready, "version": (before.get("version") or 0) + 1})


def role_write(access: Access, before: Raw, name: str) -> Write:
    return lambda session: update_noted(session, access, "role", before, {"name": name}, Source.SCREEN)


def tray_parts(access: Access, chosen: StartingSet) -> Iterator[Part]:
    """The trays of the ready roles that the set has names for are called as their role is, where nobody has said."""
    for ready in READY.values():
        label = next((chosen.roles[role] for role in ready.roles if role in chosen.roles), None)
        if label is None:
            continue
        tray, shown = get_tray(ready.key), {"before": label_in(ready.label, access.language)}
        name = label_in(label, access.language)
        if tray.named:
            yield Part("tray", ready.key, name, shown, kept=CHANGED)
        else:
            yield Part("tray", ready.key, name, shown, tray_write(access, ready.key, label),
                       made={"part": "tray", "key": ready.key, "named": 1})


def tray_write(access: Access, key: str, label: Mapping[str, str] | None) -> Write:
    """Call a tray so; None is what the program calls it."""
    return lambda session: put_tray(session, access, key, lambda _tools, raw: {
        "label": label, "named": (raw.get("named") or 0) + 1 if label else 0})  # fmt: skip
