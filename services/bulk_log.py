"""Logging an activity for many records at once: one with each of them, or one with all; by a job if they are many."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.activities import Activity
from models.changes import Change, Source
from models.fields.errors import ValidationFailed
from models.fields.field import Field
from models.fields.query import every_of
from models.fields.schema import schema_of
from models.registers import register_of
from models.rights import Access, NotAllowed
from services.activity_log import links_to, logged_values
from services.bulk_edit import AT_ONCE, STEP, Outcome, Step, at_once, step_by_step
from services.jobs import Run, handles, start_job
from services.records import BulkFailed, Origin, RecordNotFound, create_records, move_to_bin, prepare_new
from services.repeating import REGISTER
from services.search import Selection, count_selected, iterate_selected, selection_query

Raw = dict[str, Any]
#: So many records one activity is with, at most.
MOST_TOGETHER = 200
LOG, TAKE_BACK = "log_activities", "take_back_log"


def log_for_selected(
    access: Access, register: str, selection: Selection, typed: Mapping[str, Any], *, together: bool = False
) -> Outcome:
    """Log what was typed (services/activity_log.py) with each of the selected records, or `together` once with all.

    Raises ConditionError, NotAllowed, ValidationFailed, TooSlow, RecordNotFound where no activity links to such.
    """
    link = link_of(access, register)
    values = checked_values(access, typed)
    count, batch = count_selected(access, register, selection, "see"), str(ObjectId())
    if together:
        if count > MOST_TOGETHER:
            raise ValidationFailed({"": [_l("One activity is with %(most)s records at most. Log one with each.",
                                            most=MOST_TOGETHER)]})  # fmt: skip
        ids = [str(raw["_id"]) for raw in iterate_selected(access, register, selection, "see", paths=())]
        made = create_records(access, REGISTER, [{**values, link.column: ids}], origin=Origin(Source.BULK, batch))
        return Outcome(batch, changed=len(made))
    if count > AT_ONCE:
        params = {"register": register, "selection": selection.as_params(), "values": values, "batch": batch}
        return Outcome(batch, job_id=start_job(access, LOG, _("Log activities"), params, count))
    return at_once(batch, lambda session, last: log_step(session, access, register, selection, values, batch, last))


def link_of(access: Access, register: str) -> Field:
    found = [field for field in links_to(access, register_of(register)) if not field.read_only]
    if not found:
        raise RecordNotFound(REGISTER, register)
    return found[0]


def checked_values(access: Access, typed: Mapping[str, Any]) -> Raw:
    """The values of each activity. Raises what is wrong with them whatever the records are."""
    if not access.may(REGISTER, "add"):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    values = logged_values(access, typed)
    try:
        prepare_new(access, schema_of(REGISTER), [values])
    except BulkFailed as failed:
        raise failed.errors[0] from None
    return values


def log_step(
    session: ClientSession, access: Access, register: str, selection: Selection, values: Raw, batch: str,
    last: ObjectId | None,
) -> Step:  # fmt: skip
    """Log with the next STEP records by their ids."""
    link, beyond = link_of(access, register), {"_id": {"$gt": last}} if last else {}
    query = every_of([selection_query(access, register, selection, "see"), beyond])
    collection = schema_of(register).register.document._get_collection()
    found = list(collection.find(query, {"name": 1}, session=session, hint="_id_").sort("_id", 1).limit(STEP))
    rows = [{**values, link.column: [str(raw["_id"])] if link.kind.several else str(raw["_id"])} for raw in found]
    refused = []
    try:
        create_records(access, REGISTER, rows, origin=Origin(Source.BULK, batch), session=session)
    except BulkFailed as failed:
        # A record that is gone since, or a right: the others are logged all the same.
        refused = [(found[at].get("name") or "", error.in_one()) for at, error in failed.errors.items()]
        rest = [row for at, row in enumerate(rows) if at not in failed.errors]
        create_records(access, REGISTER, rest, origin=Origin(Source.BULK, batch), session=session)
    return Step(len(found), len(found) - len(refused), refused, found[-1]["_id"] if found else None)


@handles(LOG)
def run_log(run: Run) -> Raw:
    """The job: on from the id where it stopped."""
    params, selection = run.params, Selection.from_params(run.params["selection"])

    def work(session: ClientSession, last: ObjectId | None) -> Step:
        return log_step(session, run.access, params["register"], selection, params["values"], params["batch"], last)

    made, refused = step_by_step(run, work)
    message = _("%(made)s activities were logged, %(refused)s could not be.", made=made, refused=refused)
    return {"message": message, "result": {"changed": made, "refused": refused, "batch": params["batch"]}}


# Taking it back


def take_back_log(access: Access, batch: str) -> Outcome:
    """Move the activities of a batch of one's own to the recycle bin, by a job if they are many; one that was changed
    since stays. Raises RecordNotFound where there is nothing of that kind to take back."""
    count = Change._get_collection().count_documents(logged_entries(access, batch))
    if not count:
        raise RecordNotFound("change", batch)
    undo = str(ObjectId())
    if count > AT_ONCE:
        params = {"logged": batch, "batch": undo}
        return Outcome(undo, job_id=start_job(access, TAKE_BACK, _("Take back a change"), params, count))
    return at_once(undo, lambda session, last: take_back_step(session, access, batch, undo, last))


def logged_entries(access: Access, batch: str) -> Raw:
    mine = {} if access.everything else {"by": access.user_id}
    return {"batch": batch, "register": REGISTER, "action": "create", **mine}


def take_back_step(session: ClientSession, access: Access, batch: str, undo: str, last: ObjectId | None) -> Step:
    beyond = {"_id": {"$gt": last}} if last else {}
    found = Change._get_collection().find({**logged_entries(access, batch), **beyond}, session=session)
    entries = list(found.sort("_id", 1).limit(STEP))
    ids = [entry["record"] for entry in entries]
    records = list(Activity._get_collection().find({"_id": {"$in": ids}}, session=session))
    refused = []
    for raw in records:
        if raw["version"] != 1 or not access.allows(REGISTER, "delete", raw):
            refused.append((str(raw.get("name") or ""), _("It was changed since, or you may not delete it.")))
        else:
            move_to_bin(session, access, schema_of(REGISTER), raw, Origin(Source.UNDO, undo))
    return Step(len(entries), len(records) - len(refused), refused, entries[-1]["_id"] if entries else None)


@handles(TAKE_BACK)
def run_take_back_log(run: Run) -> Raw:
    """The job: on from the entry where it stopped."""
    params = run.params

    def work(session: ClientSession, last: ObjectId | None) -> Step:
        return take_back_step(session, run.access, params["logged"], params["batch"], last)

    gone, refused = step_by_step(run, work)
    message = _("%(gone)s activities were taken back, %(refused)s stay.", gone=gone, refused=refused)
    return {"message": message, "result": {"changed": gone, "refused": refused, "batch": params["batch"]}}
