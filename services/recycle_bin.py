"""The recycle bin: deleted records whole as they were, restored with their ids and so with what is linked to them,
and gone for good after a time that administrators set."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from celery import shared_task
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo import DESCENDING
from pymongo.client_session import ClientSession

from models.changes import Change, DeletedRecord, Source
from models.fields.errors import ValidationFailed
from models.fields.query import every_of
from models.fields.schema import schema_of
from models.organisation import organisation
from models.registers import REGISTERS
from models.relationships import Relationship
from models.rights import Access
from models.segments import SegmentMember, SegmentSnapshot
from models.transactions import in_transaction
from services.following import tell_followers
from services.jobs import Run, handles, start_job, wake
from services.keeping_past import forget_past
from services.organisation import change_organisation
from services.outbox.endings import forget_recipient
from services.records import Origin, RecordNotFound, entry, finished, now, object_id, visible_values

Raw = dict[str, Any]
PAGE = 50
#: So many are restored while the page waits, and in one transaction of a job.
AT_ONCE, STEP = 200, 100


#: Called with the records that the bin is emptied of, {_id, register, merged_into}, in the transaction that does it.
Forgetter = Callable[[ClientSession, Sequence[Raw]], None]
FORGETTERS: list[Forgetter] = []


def forgets(forgetter: Forgetter) -> Forgetter:
    """Register what is done elsewhere when records are gone for good."""
    FORGETTERS.append(forgetter)
    return forgetter


@dataclass(frozen=True)
class Restored:
    """What became of a request to restore: done (`records`, each with its register's key), or a job that does it."""

    records: Sequence[tuple[str, Raw]]
    job_id: ObjectId | None = None


# Reading


def restorable(access: Access) -> Raw:
    """The condition for the deleted records that the user may restore: those that they might have seen and deleted."""
    parts: list[Raw] = []
    for key in REGISTERS:
        if not (access.may(key, "see") and access.may(key, "delete")):
            continue
        asked = [access.condition(key, action, within="document.") for action in ("see", "delete")]
        parts.append(every_of([{"register": key}, *asked]))
    return {"$or": parts} if parts else {"_id": {"$in": []}}


def may_restore(access: Access) -> bool:
    return any(access.may(key, "see") and access.may(key, "delete") for key in REGISTERS)


def list_deleted(access: Access, *, register: str = "", page: int = 0) -> tuple[list[Raw], bool]:
    """(one page of what the user may restore, newest first, without the documents; whether there is more)."""
    query = {"$and": [restorable(access), {"register": register} if register else {}]}
    found = DeletedRecord._get_collection().find(query, {"document": 0}).sort([("deleted_at", -1), ("_id", -1)])
    rows = list(found.skip(page * PAGE).limit(PAGE + 1))
    return rows[:PAGE], len(rows) > PAGE


def get_deleted(access: Access, record_id: Any, session: ClientSession | None = None) -> Raw:
    """One deleted record (raw, its `document` among it). Raises RecordNotFound."""
    query = {"$and": [{"_id": object_id("recycle_bin", record_id)}, restorable(access)]}
    raw: Raw | None = DeletedRecord._get_collection().find_one(query, session=session)
    if raw is None:
        raise RecordNotFound("recycle_bin", record_id)
    return raw


# Restoring


def restore_records(access: Access, ids: Sequence[Any]) -> Restored:
    """Put these records back, all or none. Raises RecordNotFound, also where the user may not restore one, and
    ValidationFailed for more than are put back at once."""
    if len(ids) > AT_ONCE:
        raise ValidationFailed({"rowid": [_l("At most %(max)s records at once.", max=AT_ONCE)]})
    wanted = list(dict.fromkeys(object_id("recycle_bin", one) for one in ids))

    def work(session: ClientSession) -> list[tuple[str, Raw]]:
        return [put_back(session, access, get_deleted(access, one, session), Source.SCREEN) for one in wanted]

    return Restored(in_transaction(work))


def restore_batch(access: Access, batch: str) -> Restored:
    """Put back what was deleted at once, as far as the user may; by a job where it is much. Raises RecordNotFound."""
    count = DeletedRecord._get_collection().count_documents(batch_query(access, batch), limit=AT_ONCE + 1)
    if not count:
        raise RecordNotFound("recycle_bin", batch)
    if count > AT_ONCE:
        total = DeletedRecord._get_collection().count_documents(batch_query(access, batch))
        return Restored([], start_job(access, "restore_records", _("Restore records"), {"batch": batch}, total))
    return Restored(in_transaction(lambda session: restore_step(session, access, batch, AT_ONCE)))


def batch_query(access: Access, batch: str) -> Raw:
    return {"$and": [{"batch": str(batch)[:64]}, restorable(access)]}


def restore_step(session: ClientSession, access: Access, batch: str, most: int) -> list[tuple[str, Raw]]:
    """Put back the first `most` of the batch that are left."""
    found = DeletedRecord._get_collection().find(batch_query(access, batch), session=session).sort("_id").limit(most)
    return [put_back(session, access, raw, Source.BULK) for raw in found]


def put_back(session: ClientSession, access: Access, deleted: Raw, source: Source) -> tuple[str, Raw]:
    """The record where it was, by the fields of today; the history goes on with who restored it."""
    schema = schema_of(deleted["register"])
    if not DeletedRecord._get_collection().delete_one({"_id": deleted["_id"]}, session=session).deleted_count:
        raise RecordNotFound("recycle_bin", deleted["_id"])
    document = finished(schema, deleted["document"], {})
    # Its deletion was a version too.
    document.update(version=document["version"] + 2, changed_at=now())
    schema.register.document._get_collection().insert_one(document, session=session)
    change = entry(access, schema, "restore", document, {}, visible_values(schema, document),
                   Origin(source, deleted.get("batch")))  # fmt: skip
    Change._get_collection().insert_one(change, session=session)
    tell_followers(session, access, schema, [(None, document)])
    return schema.register.key, document


@handles("restore_records")
def run_restore(run: Run) -> Raw:
    """The job: what is restored leaves the bin, so that going on is starting again."""
    done = run.job["done"]

    def step(session: ClientSession) -> int:
        restored = len(restore_step(session, run.access, run.params["batch"], STEP))
        run.advance(done + restored, session=session)
        return restored

    while restored := in_transaction(step):
        done += restored
    return {"message": _("%(count)s records were restored.", count=done), "result": {"restored": done}}


# How long, and the end


def set_bin_days(access: Access, days: Any) -> int:
    """Keep deleted records for so many days. Raises NotAllowed, ValidationFailed."""
    change_organisation(access, {"bin_days": days})
    return organisation().bin_days


def empty_old(days: int | None = None) -> int:
    """Remove for good what was deleted longer ago than administrators have set, with its history; how many."""
    limit = now() - dt.timedelta(days=organisation().bin_days if days is None else days)
    removed = 0
    while gone := in_transaction(purge_step(limit)):
        removed += gone
    return removed


def purge_step(limit: dt.datetime) -> Callable[[ClientSession], int]:
    def step(session: ClientSession) -> int:
        bin_ = DeletedRecord._get_collection()
        old = list(bin_.find({"deleted_at": {"$lt": limit}}, {"register": 1, "merged_into": 1}, session=session)
                   .sort("deleted_at").limit(STEP))  # fmt: skip
        for raw in old:
            forget(session, raw["register"], raw["_id"])
        for forgetter in FORGETTERS:
            forgetter(session, old)
        bin_.delete_many({"_id": {"$in": [raw["_id"] for raw in old]}}, session=session)
        return len(old)

    return step


def forget(session: ClientSession, register: str, record_id: ObjectId) -> None:
    """The history of a record that is gone for good holds its values: what stays is that it was there."""
    changes, its = Change._get_collection(), {"register": register, "record": record_id}
    last = changes.find_one(its, {"version": 1}, sort=[("version", DESCENDING)], session=session) or {"version": 0}
    changes.delete_many(its, session=session)
    forget_past(session, register, record_id)
    forget_recipient(session, register, record_id)
    its_own = {"$or": [{"subject": record_id}, {"object": record_id}]}
    Relationship._get_collection().delete_many(its_own, session=session)
    of_segments = {"$or": [{"segment": record_id}, {"record": record_id}]}
    SegmentMember._get_collection().delete_many(of_segments, session=session)
    SegmentSnapshot._get_collection().delete_many({"segment": record_id}, session=session)
    changes.insert_one({**its, "action": "purge", "version": last["version"] + 1, "at": now(), "by": None,
                        "source": Source.JOB.value, "batch": None, "changes": {}}, session=session)  # fmt: skip


@shared_task(name="kortisto.recycle_bin.empty", ignore_result=True)
def empty_bin() -> None:
    """What beat asks for once an hour."""
    if empty_old():
        wake()
