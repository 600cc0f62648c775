"""Deleting many records: a few at once, more of them as a job that can be killed at any moment."""

from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.schema import schema_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.jobs import Run, handles, start_job
from services.records import Origin, move_to_bin
from services.search import Selection, count_selected, selection_query

#: So many are deleted while the page waits.
AT_ONCE = 200
STEP = 100
Raw = dict[str, Any]


@dataclass(frozen=True)
class Removal:
    """What became of a request to delete: done (`count` records), or a job that does it. By `batch` it is undone."""

    count: int
    batch: str
    job_id: ObjectId | None = None


def delete_selected(access: Access, register: str, selection: Selection) -> Removal:
    """Move the selected records that the user may delete to the recycle bin, by a job if they are many.

    Raises ConditionError, NotAllowed.
    """
    if not access.may(register, "delete"):
        raise NotAllowed(_l("You may not delete records here. Ask an administrator for the right."))
    count = count_selected(access, register, selection, "delete")
    batch = str(ObjectId())
    if count > AT_ONCE:
        params = {"register": register, "selection": selection.as_params(), "batch": batch}
        return Removal(count, batch, start_job(access, "delete_records", _("Delete records"), params, count))
    origin = Origin(Source.BULK, batch)
    done = 0
    while deleted := in_transaction(lambda session: delete_step(session, access, register, selection, origin)):
        done += deleted
    return Removal(done, batch)


def delete_step(session: ClientSession, access: Access, register: str, selection: Selection, origin: Origin) -> int:
    """Delete the first STEP of what is selected still; says how many there were."""
    schema = schema_of(register)
    query = selection_query(access, register, selection, "delete")
    found = list(schema.register.document._get_collection().find(query, session=session).limit(STEP))
    for raw in found:
        move_to_bin(session, access, schema, raw, origin)
    return len(found)


@handles("delete_records")
def run_delete(run: Run) -> Raw:
    """The job: what is deleted falls out of the selection, so that going on is starting again."""
    params = run.params
    selection, origin = Selection.from_params(params["selection"]), Origin(Source.BULK, params["batch"])
    done = run.job["done"]

    def step(session: ClientSession) -> int:
        deleted = delete_step(session, run.access, params["register"], selection, origin)
        run.advance(done + deleted, session=session)
        return deleted

    while deleted := in_transaction(step):
        done += deleted
    return {"message": _("%(count)s records were moved to the recycle bin.", count=done),
            "result": {"deleted": done, "batch": params["batch"]}}  # fmt: skip
