"""Using a starting set, and taking it back: each all at once or not at all."""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source
from models.fields.definitions import FieldDefinition, bump_version, forget_version
from models.fields.errors import ValidationFailed
from models.fields.kinds.base import EMPTY_VALUES
from models.organisation import organisation
from models.registers import register_of
from models.rights import Access
from models.security import Role
from models.starting_sets import UsedSet
from models.transactions import in_transaction
from services.choice_lists import changed_choices, extensible_field, get_choices
from services.pipelines import changed_pipeline, list_pipelines
from services.pipelines import write as write_pipeline
from services.records import RecordNotFound, VersionConflict, now
from services.security import require_administrator, update_noted
from services.settings import write_definition
from services.setup.parts import Part, Write, choices_write, parts_of, tray_write
from services.setup.sets import StartingSet, starting_set
from services.trays import get_tray

Raw = dict[str, Any]


def language_of_names(access: Access) -> str:
    """The language of what has one name for everybody: the organisation's, else that of whoever sets it up."""
    return organisation().language or access.language


def plan_of(access: Access, key: str) -> list[Part]:
    """What using the set would make and what it would leave as it is. Raises NotAllowed, RecordNotFound."""
    require_administrator(access)
    return parts_of(access, starting_set(key), language_of_names(access))


def used_sets() -> dict[str, Raw]:
    """Key -> what is kept of each set that is in use."""
    return {raw["_id"]: raw for raw in UsedSet._get_collection().find({})}


def use_set(access: Access, key: str, left_out: Collection[str] = ()) -> list[Part]:
    """Make what the set has, but the fields `left_out` ("company.industry"); returns what was made.

    Raises NotAllowed, RecordNotFound, ValidationFailed where it is in use already or somebody was quicker.
    """
    require_administrator(access)
    chosen: StartingSet = starting_set(key)
    parts = [part for part in parts_of(access, chosen, language_of_names(access), left_out) if part.write]
    used = {"_id": key, "at": now(), "by": access.user_id, "made": [part.made for part in parts]}

    def work(session: ClientSession) -> None:
        UsedSet._get_collection().insert_one(used, session=session)
        write_all(session, [part.write for part in parts if part.write])

    try:
        in_transaction(work)
    except (DuplicateKeyError, VersionConflict) as error:
        raise ValidationFailed({"": [_l("This starting set is in use already, or somebody has made the same at the "
                                        "same moment. Reload the page.")]}) from error  # fmt: skip
    forget_version()
    return parts


def write_all(session: ClientSession, writes: Collection[Write]) -> None:
    for write in writes:
        write(session)
    bump_version(session)


# Taking back


def take_back(access: Access, key: str) -> tuple[int, int]:
    """Take back what a set has made, as far as nobody has changed it since and no record has a value in it; (how much
    went, how much stays). Fields are retired: using the set again brings them back.

    Raises NotAllowed, RecordNotFound, VersionConflict where somebody changes the same at the same moment.
    """
    require_administrator(access)
    used = used_sets().get(key)
    if used is None:
        raise RecordNotFound("starting_set", key)
    writes = [write for made in used["made"] for write in BACK[made["part"]](access, made)]

    def work(session: ClientSession) -> None:
        UsedSet._get_collection().delete_one({"_id": key}, session=session)
        write_all(session, writes)

    in_transaction(work)
    forget_version()
    return len(writes), len(used["made"]) - len(writes)


def field_back(access: Access, made: Raw) -> Iterator[Write]:
    before = FieldDefinition._get_collection().find_one({"_id": made["id"], "version": made["version"]})
    if before is not None and not before.get("retired") and not is_filled(before):
        after = {**before, "retired": True, "version": before["version"] + 1, "changed_at": now()}
        yield lambda session: write_definition(session, access, "update", before, after, Source.SCREEN)


def is_filled(definition: Raw) -> bool:
    """Whether some record has a value in the field."""
    path = f"custom.{definition['key']}"
    records = register_of(definition["register"]).document._get_collection()
    return records.find_one({path: {"$exists": True, "$nin": list(EMPTY_VALUES)}}, {"_id": 1}) is not None


def choices_back(access: Access, made: Raw) -> Iterator[Write]:
    before = get_choices(made["register"], made["key"])
    if before["version"] == made["version"]:
        fixed = extensible_field(made["register"], made["key"])
        after, stored = changed_choices(fixed, before, made["before"])
        yield choices_write(access, before, after, stored)


def pipeline_back(access: Access, made: Raw) -> Iterator[Write]:
    present = list_pipelines()
    before = next((raw for raw in present if raw["key"] == made["key"]), None)
    if before is not None and before["version"] == made["version"]:
        after = changed_pipeline(before, made["before"], present)
        yield lambda session: write_pipeline(session, access, before, after, Source.SCREEN)


def role_back(access: Access, made: Raw) -> Iterator[Write]:
    before = Role._get_collection().find_one({"_id": made["id"]})
    free = Role._get_collection().find_one({"name": made["before"]}, {"_id": 1}) is None
    if before is not None and free and before.get("version") == made["version"]:
        yield lambda session: update_noted(session, access, "role", before, {"name": made["before"]}, Source.SCREEN)


def tray_back(access: Access, made: Raw) -> Iterator[Write]:
    if get_tray(made["key"]).named == made["named"]:
        yield tray_write(access, made["key"], None)


BACK: dict[str, Callable[[Access, Raw], Iterator[Write]]] = {
    "field": field_back, "choices": choices_back, "pipeline": pipeline_back, "role": role_back, "tray": tray_back,
}  # fmt: skip
