"""Finding a person wherever they are kept: in the register, or in the recycle bin."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.changes import Change, DeletedRecord
from models.consent import ADDRESS_FIELDS, MAIL, normalised
from models.fields.schema import schema_of
from models.people import Person
from services.records import RecordNotFound, object_id

Raw = dict[str, Any]
REGISTER = "person"
#: The kinds of field whose values are addresses, and by which channel one is reached there.
ADDRESS_KINDS = {"email": MAIL, "phone": next(channel for channel in ADDRESS_FIELDS if channel != MAIL)}


@dataclass(frozen=True)
class Found:
    """A person (raw), and since when they are in the recycle bin."""

    raw: Raw
    deleted: Raw | None = None

    @property
    def ids(self) -> list[ObjectId]:
        """The person's own id, and those of the duplicates that became one with it."""
        return [self.raw["_id"], *(self.raw.get("merged_from") or ())]


def find_person(person_id: Any, session: ClientSession | None = None) -> Found:
    """Raises RecordNotFound."""
    key = object_id(REGISTER, person_id)
    raw = Person._get_collection().find_one({"_id": key}, session=session)
    if raw is not None:
        return Found(raw)
    deleted = DeletedRecord._get_collection().find_one({"_id": key, "register": REGISTER}, session=session)
    if deleted is None:
        raise RecordNotFound(REGISTER, person_id)
    return Found(deleted["document"], deleted)


def addresses_of(found: Found, session: ClientSession | None = None) -> set[tuple[str, str]]:
    """Every (channel, address) that the person has, and ever had by their history."""
    schema = schema_of(REGISTER)
    kinds = {field.column: ADDRESS_KINDS[field.kind.name] for field in schema.fields
             if field.kind.name in ADDRESS_KINDS}  # fmt: skip
    values = [(kinds[field.column], value) for field, value in schema.filled(found.raw) if field.column in kinds]
    its = {"register": REGISTER, "record": {"$in": found.ids}}
    for change in Change._get_collection().find(its, {"changes": 1}, session=session):
        values += [(kinds[column], value) for column, both in change["changes"].items() if column in kinds
                   for value in both if value]  # fmt: skip
    return {(channel, normalised(channel, value)) for channel, value in values if isinstance(value, str)}
