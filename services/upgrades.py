"""What a newer version asks of the records that an older one wrote; done once, before the processes start."""

from pymongo import UpdateOne

from models.base import derived_values
from models.changes import Change
from models.fields.schema import schema_of
from models.registers import Register, all_registers

#: The wildcard index over all custom values, text too, which `by_range` has replaced.
REPLACED = "by_custom"
#: The index over batches of changes, which the one with their ids has replaced.
REPLACED_OF_CHANGES = "batch_1"
BATCH = 1_000


def bring_up_to_date() -> None:
    """Derive `ranges` and `words` where records were written without. A start cut short begins anew."""
    for register in all_registers():
        collection = register.document._get_collection()
        replaced = REPLACED in collection.index_information()
        # The index tells at once whether there are records without words.
        if replaced or collection.find_one({"words": None}, {"_id": 1}, hint="by_word"):
            derive_anew(register)
        if replaced:
            collection.drop_index(REPLACED)
    changes = Change._get_collection()
    if REPLACED_OF_CHANGES in changes.index_information():
        changes.drop_index(REPLACED_OF_CHANGES)


def derive_anew(register: Register) -> None:
    collection, schema = register.document._get_collection(), schema_of(register.key)
    writes = []
    for raw in collection.find({"$or": [{"ranges": None}, {"words": None}]}):
        # A record saved meanwhile has been derived by that.
        same = {"_id": raw["_id"], "version": raw.get("version")}
        writes.append(UpdateOne(same, {"$set": derived_values(schema.filled(raw), raw.get("name"))}))
        if len(writes) == BATCH:
            collection.bulk_write(writes, ordered=False)
            writes.clear()
    if writes:
        collection.bulk_write(writes, ordered=False)
