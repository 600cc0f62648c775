"""The blocks of a record's page: which there are, where they stand for one user, and putting them elsewhere.

A block's key is "section.<section>", "files", "activities", "timeline", "relationships", "related.<way>"
(models/fields/ways.py), or the name of a part of the register's own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from bson.errors import InvalidId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source, change_of
from models.fields.definitions import bump_version, forget_version
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.fields.ways import Way, ways_from
from models.layouts import COLUMNS, HIDDEN, RecordLayout, saved_layouts
from models.registers import Register, register_of
from models.relationships import all_kinds
from models.rights import Access, system_access
from models.security import Role
from models.transactions import in_transaction
from services.audit import note_change
from services.records import RecordNotFound, VersionConflict, now
from services.settings import register_to_set_up

Raw = dict[str, Any]
Places = dict[str, list[str]]
TIMELINE, RELATIONSHIPS, SECTION, RELATED = "timeline", "relationships", "section", "related"
ACTIVITIES = "activities"
#: The file that a record holds, with its versions.
FILES = "files"


def usual_places(register: str) -> Places:
    """Where blocks stand that nobody has moved: data at the left, what happened in the middle, what is linked at the
    right."""
    card = register_of(register)
    sections = [f"{SECTION}.{section}" for section in card.sections]
    ways = ways_from(schema_of(register), system_access()).values()
    # The program's own links before those that the organisation has made.
    related = [f"{RELATED}.{way.code}" for way in sorted(ways, key=lambda way: way.field.custom)
               if way.many and not way.tells_events]  # fmt: skip
    happened = [*([FILES] if card.holds_files else []), *([ACTIVITIES] if happening_links(card) else []), TIMELINE]
    kinds = [RELATIONSHIPS] if any(kind.sides(register) for kind in all_kinds().values()) else []
    told = {block for blocks in card.parts.values() for block in blocks}
    return {"left": sections[:-1], "middle": [*card.parts, *happened],
            "right": [*(block for block in related if block not in told), *kinds, sections[-1]],
            HIDDEN: [block for block in related if block in told]}  # fmt: skip


def happening_links(card: Register) -> list[Way]:
    """The links by which events have to do with a register's records; events themselves have none."""
    ways = ways_from(schema_of(card.key), system_access()).values()
    return [] if card.happens else [way for way in ways if way.tells_events]


def with_saved(register: str, saved: Mapping[str, Sequence[str]] | None) -> Places:
    """The usual places, and what has been saved of them: blocks that are new since stand where they usually do, those
    that are gone are left out."""
    usual = usual_places(register)
    if not saved:
        return usual
    known = [block for blocks in usual.values() for block in blocks]
    placed = {name: [block for block in saved.get(name, ()) if block in known] for name in usual}
    held = {block for blocks in placed.values() for block in blocks}
    return {name: placed[name] + [block for block in usual[name] if block not in held] for name in usual}


def places_for(access: Access, register: str) -> Places:
    """The blocks of each column as the user has them: by the first of the user's roles, in the order of their names,
    that has a layout of its own, else by everybody's."""
    whose = {None, *access.role_ids}
    found = [raw for raw in saved_layouts() if raw["register"] == register and raw.get("role") in whose]
    own = [raw for raw in found if raw.get("role")]
    if len(own) > 1:
        names = {role.pk: role.name for role in Role.objects(pk__in=[raw["role"] for raw in own])}
        own.sort(key=lambda raw: names.get(raw["role"], ""))
    raw = (own or found or [{}])[0]
    return with_saved(register, raw.get("places"))


# Setting


def role_of(text: str) -> ObjectId | None:
    """The role of an address: "" is everybody. Raises RecordNotFound."""
    if not text:
        return None
    try:
        role = Role.objects(pk=ObjectId(text)).first()
    except (InvalidId, TypeError):
        role = None
    if role is None:
        raise RecordNotFound("role", text)
    return role.pk


def layout_of(register: str, role: ObjectId | None) -> tuple[Places, bool]:
    """(the places set for the role, else those it goes by; whether it has a layout of its own)."""
    layouts = RecordLayout._get_collection()
    own = layouts.find_one({"register": register, "role": role})
    saved = own or layouts.find_one({"register": register, "role": None})
    return with_saved(register, saved["places"] if saved else None), own is not None


def place_block(access: Access, register: str, role: ObjectId | None, block: str, place: str, after: str) -> Places:
    """Put a block into a column (or "hidden"), behind the block `after` or to the top; returns the places.

    Raises NotAllowed, RecordNotFound for a block or place that is not there, VersionConflict.
    """
    register_to_set_up(access, register)
    places, _own = layout_of(register, role)
    if place not in (*COLUMNS, HIDDEN) or not any(block in blocks for blocks in places.values()):
        raise RecordNotFound("block", block)
    for blocks in places.values():
        if block in blocks:
            blocks.remove(block)
    at = places[place].index(after) + 1 if after in places[place] else 0
    places[place].insert(at, block)
    save(access, register, role, places)
    return places


def set_layout(access: Access, register: str, role: ObjectId | None, places: Mapping[str, Sequence[str]]) -> None:
    """Put all blocks into their columns (or "hidden") at once. Raises NotAllowed, ValidationFailed, VersionConflict."""
    register_to_set_up(access, register)
    known = [block for blocks in layout_of(register, role)[0].values() for block in blocks]
    placed = [block for blocks in places.values() for block in blocks]
    if sorted(placed) != sorted(known):
        wrong = [name for name, blocks in places.items() if not set(blocks) <= set(known)] or list(places)[:1]
        message = _l("Each of these stands in one column: %(blocks)s.", blocks=", ".join(sorted(known)))
        raise ValidationFailed({name: [message] for name in wrong})
    save(access, register, role, {name: list(blocks) for name, blocks in places.items()})


def reset_layout(access: Access, register: str, role: ObjectId | None) -> None:
    """Let the role's pages be as everybody's again, everybody's as they were at first. Raises NotAllowed."""
    register_to_set_up(access, register)
    save(access, register, role, None)


def save(access: Access, register: str, role: ObjectId | None, places: Places | None) -> None:
    layouts = RecordLayout._get_collection()
    key = {"register": register, "role": role}
    before = layouts.find_one(key)
    version = (before or {}).get("version", 0) + 1
    if before is None and places is None:
        return

    def write(session: ClientSession) -> None:
        its_id = before["_id"] if before else ObjectId()
        if before is None:
            layouts.insert_one({"_id": its_id, **key, "places": places, "version": version}, session=session)
        else:
            same = {"_id": its_id, "version": before["version"]}
            done = (layouts.delete_one(same, session=session).deleted_count if places is None else layouts.update_one(
                same, {"$set": {"places": places, "version": version}}, session=session).matched_count)  # fmt: skip
            if not done:
                raise VersionConflict(before)
        told = [dict((before or {}).get("places") or {}), dict(places or {})]
        note_change(session, {
            "register": "record_layout", "record": its_id, "version": version, "at": now(), "by": access.user_id,
            "action": "delete" if places is None else "update" if before else "create", "source": Source.SCREEN.value,
            "batch": None, "changes": change_of(*told)}, {"_id": its_id, **key})  # fmt: skip
        bump_version(session)

    in_transaction(write)
    forget_version()
