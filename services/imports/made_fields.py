"""Fields and choices that an import made: with its undoing those go that nothing uses by then.

They are retired, as fields and choices that go always are: the recycle bin has records that hold their values.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import mongoengine as me
from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import ngettext

from models.changes import Change, Source
from models.fields.errors import ValidationFailed
from models.fields.field import CUSTOM_PREFIX, Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.schema import Schema, schema_of
from models.jobs import Job
from models.rights import Access, NotAllowed
from services.choice_lists import change_choices, get_choices
from services.records import VersionConflict
from services.settings import change_field, get_definition, retire_field
from services.traces import strings_in

Raw = dict[str, Any]
#: What may speak of a field by its column: saved views, segments, reports, and texts that are filled in.
SPEAKING = ("saved_view", "segment", "report", "mailing", "merge_template")


@dataclass
class PutAway:
    """What went with an undone import, by its labels, and what stays: one sentence each."""

    fields: list[str] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def message(self) -> str:
        """What went, in a sentence or two; nothing where nothing did."""
        said = []
        if self.fields:
            said.append(ngettext("The field %(names)s went too.", "The fields %(names)s went too.", len(self.fields),
                                 names=quoted(self.fields)))  # fmt: skip
        if self.choices:
            said.append(ngettext("%(num)s choice that it had added went too.",
                                 "%(num)s choices that it had added went too.", len(self.choices)))  # fmt: skip
        return " ".join(said)


def put_away_made(access: Access, batch: str) -> PutAway:
    """Put away the fields and choices that the import of a batch made, as far as nothing uses them. Done again, it
    tells the same."""
    gone = PutAway()
    job = Job._get_collection().find_one({"_id": ObjectId(batch)})
    if job is None:
        return gone
    position, register = job.get("position") or {}, job["params"]["register"]
    schema, said = schema_of(register), said_of_register(register)
    custom = {found.key: found for found in schema.all_fields if found.custom}
    for key in position.get("fields", ()):
        if key in custom and made_by(job, custom[key]):
            put_field_away(access, schema, custom[key], said, gone)
    for key, texts in position.get("choices", {}).items():
        found = schema.get(key) or schema.get(CUSTOM_PREFIX + key)
        if found is not None:
            put_choices_away(access, schema, found, texts, said, gone)
    return gone


def made_by(job: Mapping[str, Any], found: Field) -> bool:
    """Whether the import made the field, or had it come back: that it meant to is noted before."""
    query = {"register": "field_definition", "record": ObjectId(found.id), "source": Source.IMPORT.value,
             "at": {"$gte": job["created_at"]}, "by": job["owner"]}  # fmt: skip
    entries = Change._get_collection().find(query)
    return any(entry["action"] == "create" or entry["changes"].get("retired") == [True, False] for entry in entries)


def put_field_away(
    access: Access, schema: Schema, found: Field, said: Sequence[Sequence[str]], gone: PutAway
) -> None:  # fmt: skip
    label = found.label_in(access.language)
    if found.retired:
        gone.fields.append(label)
        return
    why = why_used(schema, found, said)
    if not why:
        try:
            retire_field(access, found.id, source=Source.UNDO)
        except (NotAllowed, ValidationFailed, VersionConflict) as error:
            why = reason_of(error)
    if why:
        gone.told.append(_("The field “%(name)s” stays: %(why)s", name=label, why=why))
    else:
        gone.fields.append(label)


def put_choices_away(access: Access, schema: Schema, found: Field, texts: Iterable[str],
                     said: Sequence[Sequence[str]], gone: PutAway) -> None:  # fmt: skip
    now = get_definition(found.id) if found.custom else get_choices(schema.register.key, found.key)
    added = {choice["key"]: choice["label"]["en"] for choice in now["choices"] if choice["label"].get("en") in texts}
    going = []
    for choice in now["choices"]:
        if choice["key"] not in added:
            continue
        why = "" if choice.get("retired") else why_used(schema, found, said, choice["key"])
        if why:
            gone.told.append(told_of_choice(access, found, added[choice["key"]], why))
        else:
            going.append(choice["key"])
    try:
        drop_choices(access, schema.register.key, found, now, going)
    except (NotAllowed, ValidationFailed, VersionConflict) as error:
        gone.told += [told_of_choice(access, found, added[key], reason_of(error)) for key in going]
    else:
        gone.choices += [added[key] for key in going]


def drop_choices(access: Access, register: str, found: Field, now: Raw, going: list[str]) -> None:
    """Have the choices retired that are left out. Raises what changing them raises."""
    kept = [choice for choice in now["choices"] if choice["key"] not in going]
    if not going or all(choice.get("retired") for choice in now["choices"] if choice["key"] in going):
        return
    if found.custom:
        change_field(access, found.id, {"choices": kept}, version=now["version"], source=Source.UNDO)
    else:
        change_choices(access, register, found.key, kept, version=now["version"], source=Source.UNDO)


def told_of_choice(access: Access, found: Field, text: str, why: str) -> str:
    return _("The choice “%(choice)s” of “%(name)s” stays: %(why)s", choice=text,
             name=found.label_in(access.language), why=why)  # fmt: skip


def reason_of(error: NotAllowed | ValidationFailed | VersionConflict) -> str:
    if isinstance(error, VersionConflict):
        return _("Somebody else was changing it.")
    return error.in_one() if isinstance(error, ValidationFailed) else str(error)


# What uses them


def said_of_register(register: str) -> list[list[str]]:
    """The texts of each document that may speak of a field of the register."""
    spoken = (raw for name in SPEAKING for raw in me.get_db()[name].find())
    return [list(strings_in(raw)) for raw in spoken if raw.get("register", raw.get("members", register)) == register]


def why_used(schema: Schema, found: Field, said: Sequence[Sequence[str]], choice: str = "") -> str:
    """What uses a field, or one choice of it, in a sentence; nothing where it is free to go. `said` is what other
    documents say (`said_of_register`)."""
    query: Raw = {found.path: choice} if choice else {found.path: {"$exists": True, "$nin": list(EMPTY_VALUES)}}
    if schema.register.document._get_collection().find_one(query, {"_id": 1}):
        return _("Records have it.") if choice else _("Records have values in it.")
    if any(speaks_of(texts, found, choice) for texts in said):
        return _("A saved view, segment, report, mailing or template speaks of it.")
    return ""


def speaks_of(texts: Sequence[str], found: Field, choice: str) -> bool:
    named = re.compile(rf"\b{re.escape(found.column)}\b")
    return any(map(named.search, texts)) and (not choice or choice in texts)


def quoted(names: Iterable[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
