"""The order of the organisation's own fields within their section."""

from collections.abc import Mapping
from typing import Any, Literal

from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.definitions import FieldDefinition, forget_version
from models.rights import Access
from models.transactions import in_transaction
from services.records import now
from services.settings import Problems, clean_section, definition_to_change, write_definition

Raw = dict[str, Any]
Direction = Literal["up", "down"]
#: Room between two neighbours, for those who set orders by REST.
STEP = 10
LARGEST = 100_000


def next_order(register: str) -> int:
    """The order that puts a new field after all others of the register."""
    last = FieldDefinition._get_collection().find_one({"register": register}, {"order": 1}, sort=[("order", -1)])
    return min(max(last.get("order") or 0, 0) + STEP, LARGEST) if last else STEP


def move_field(
    access: Access, definition_id: Any, direction: Direction, *, source: Source = Source.SCREEN
) -> bool:
    """Move a field one place up or down among those of its section; False where it is at the end already.

    Raises NotAllowed, RecordNotFound, VersionConflict.
    """
    moved = definition_to_change(access, definition_id)
    fields = neighbours(moved)
    place = next((index for index, raw in enumerate(fields) if raw["_id"] == moved["_id"]), -1)
    other = place + (1 if direction == "down" else -1)
    if place < 0 or not 0 <= other < len(fields):
        return False
    fields[place], fields[other] = fields[other], fields[place]
    in_transaction(lambda session: renumber(session, access, fields, source))
    forget_version()
    return True


def place_field(
    access: Access, definition_id: Any, section: str, after_id: str, *, source: Source = Source.SCREEN
) -> None:
    """Put a field into a section behind the field `after_id`, or first of the organisation's own there for "".

    Raises NotAllowed, RecordNotFound, ValidationFailed for a section that there is not, VersionConflict.
    """
    moved = definition_to_change(access, definition_id)
    problems = Problems()
    section = clean_section(section, problems, "section")
    problems.raise_if_any()
    fields = [raw for raw in neighbours({**moved, "section": section}) if raw["_id"] != moved["_id"]]
    place = next((index for index, raw in enumerate(fields, 1) if str(raw["_id"]) == after_id), 0)
    fields.insert(place, {**moved, "section": section})
    in_transaction(lambda session: renumber(session, access, fields, source, {moved["_id"]: moved}))
    forget_version()


def neighbours(raw: Raw) -> list[Raw]:
    """The active fields of the same register and section, in their order."""
    same = {"register": raw["register"], "section": raw["section"], "retired": {"$ne": True}}
    return list(FieldDefinition._get_collection().find(same).sort([("order", 1), ("_id", 1)]))


def renumber(
    session: ClientSession, access: Access, fields: list[Raw], source: Source, stored: Mapping[Any, Raw] | None = None
) -> None:
    """Number the fields in this order; only those whose number or section changes are written. `stored` holds by id
    what is stored of fields that are given changed."""
    for place, field in enumerate(fields, 1):
        order = min(place * STEP, LARGEST)
        before = (stored or {}).get(field["_id"], field)
        if before.get("order") != order or before["section"] != field["section"]:
            after = {**field, "order": order, "version": before["version"] + 1, "changed_at": now()}
            write_definition(session, access, "update", before, after, source)
