"""Files that nothing holds go after a day: uploads that were never saved, content of files that are gone for good.

Content comes first, its name second, what holds it last: whoever adds some may be between those steps, for hours where
the line is slow. So content is collected by when it was last in use (`services.files.in_use`), and taken away in the
very step that looks at that. What older versions, records in the recycle bin and their history hold stays.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import mongoengine as me
from bson import ObjectId
from celery import shared_task

from models.changes import Change, DeletedRecord
from models.documents import WAITING, Document
from models.fields.field import Field
from models.fields.kinds.references import Files
from models.fields.schema import schema_of
from models.files import StoredFile
from models.jobs import Job, JobState
from models.registers import Register, all_registers
from models.rights import Access
from services.document_text import READ_TEXT
from services.imports.old_drafts import remove_old_drafts
from services.jobs import start_job
from services.records import now

Raw = dict[str, Any]
Item = TypeVar("Item")
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
BATCH = 500
#: What records hold by fields, and by the versions of documents; other files belong to templates, jobs and the like.
ATTACHMENT, VERSION = "attachment", "version"


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    going = iter(items)
    while some := list(islice(going, BATCH)):
        yield some


@shared_task(name="kortisto.files.collect", ignore_result=True)
def collect() -> None:
    """What beat asks for once an hour."""
    remove_old_drafts()
    collect_files()
    collect_content()
    read_again()


def collect_files(older_than: dt.timedelta = DAY) -> int:
    """Remove the files that no record holds, has held or may hold again; how many."""
    removed, limit = 0, now() - older_than
    for purpose, held in ((ATTACHMENT, held_attachments), (VERSION, held_versions)):
        query = {"purpose": purpose, "created_at": {"$lt": limit}}
        old = (raw["_id"] for raw in StoredFile._get_collection().find(query, {"_id": 1}))
        for ids in batches(old):
            unheld = set(ids) - held(ids)
            removed += StoredFile._get_collection().delete_many({"_id": {"$in": list(unheld)}}).deleted_count
    return removed


def held_versions(ids: Sequence[ObjectId]) -> set[ObjectId]:
    """Those that are a version of a document, be it in the recycle bin."""
    found: set[ObjectId] = set()
    for collection, path in ((Document._get_collection(), "file"), (DeletedRecord._get_collection(), "document.file")):
        found |= set(collection.distinct(f"{path}.file", {f"{path}.file": {"$in": list(ids)}}))
    return found & set(ids)


def held_attachments(ids: Sequence[ObjectId]) -> set[ObjectId]:
    """Those that a field of a record holds, or held before a change that may be taken back."""
    wanted, found = set(ids), set()
    for card, field in file_fields():
        tokens = {token: one for one in wanted for token in field.kind.facets(one, field)}
        asked = {"$in": list(tokens)}
        for collection, path in ((card.document._get_collection(), "facets"),
                                 (DeletedRecord._get_collection(), "document.facets")):  # fmt: skip
            found |= {tokens[token] for token in collection.distinct(path, {path: asked}) if token in tokens}
        found |= wanted & set(in_changes(card, field, wanted - found))
    return found


def in_changes(card: Register, field: Field, ids: Iterable[ObjectId]) -> Iterator[ObjectId]:
    column = f"changes.{field.column}"
    query = {"register": card.key, column: {"$elemMatch": {"$elemMatch": {"$in": list(ids)}}}}
    for raw in Change._get_collection().find(query, {column: 1}):
        for values in raw["changes"][field.column]:
            yield from values or ()


def file_fields() -> Iterator[tuple[Register, Field]]:
    """Every field that holds files, retired ones too."""
    for card in all_registers():
        yield from ((card, field) for field in schema_of(card.key).all_fields if isinstance(field.kind, Files))


def collect_content(older_than: dt.timedelta = DAY) -> int:
    """Remove the content that no file has, and what uploads that broke off have left; how many."""
    limit, database = now() - older_than, me.get_db()
    # Content of before `used_at` was kept tells its age by its id.
    unused = {"$or": [{"used_at": {"$lt": limit}},
                      {"used_at": None, "grid_id": {"$lt": ObjectId.from_datetime(limit)}}]}  # fmt: skip
    removed = 0
    for blobs in batches(database["blob"].find(unused, {"_id": 1})):
        digests = [raw["_id"] for raw in blobs]
        held = set(StoredFile._get_collection().distinct("sha256", {"sha256": {"$in": digests}}))
        removed += sum(remove_blob({"_id": digest, **unused}) for digest in digests if digest not in held)
    return removed + sum(drop_nameless(grid_id) for grid_id in list(nameless(limit)))


def free_contents(digests: Iterable[str]) -> None:
    """Remove content that no file has any more; what came into use within the hour may be somebody's in a moment, and
    is collected later."""
    for digest in digests:
        if StoredFile._get_collection().find_one({"sha256": digest}, {"_id": 1}) is None:
            remove_blob({"_id": digest, "$or": [{"used_at": {"$lt": now() - HOUR}}, {"used_at": None}]})


def remove_blob(still_unused: Raw) -> bool:
    """Take the name away first: whoever comes to the same content now keeps it anew."""
    raw = me.get_db()["blob"].find_one_and_delete(still_unused)
    if raw is not None:
        drop_nameless(raw["grid_id"])
    return raw is not None


def nameless(limit: dt.datetime) -> Iterator[ObjectId]:
    """The ids of GridFS files, and of pieces without a file, that are older and that no blob names."""
    database, oldest = me.get_db(), ObjectId.from_datetime(limit)
    named = {"$lookup": {"from": "blob", "localField": "_id", "foreignField": "grid_id", "as": "blob"}}
    for collection, group in (("blobs.files", "$_id"), ("blobs.chunks", "$files_id")):
        own = "_id" if collection == "blobs.files" else "files_id"
        pipeline = [{"$match": {own: {"$lt": oldest}}}, {"$group": {"_id": group}}, named, {"$match": {"blob": []}}]
        yield from [raw["_id"] for raw in database[collection].aggregate(pipeline)]


def drop_nameless(grid_id: ObjectId) -> bool:
    database = me.get_db()
    database["blobs.files"].delete_one({"_id": grid_id})
    return bool(database["blobs.chunks"].delete_many({"files_id": grid_id}).deleted_count)


def read_again(older_than: dt.timedelta = HOUR) -> int:
    """Have documents read of which the job was lost, and forget the jobs that are done; how many are read again."""
    jobs, limit = Job._get_collection(), now() - older_than
    ended = {"$in": [JobState.DONE.value, JobState.FAILED.value]}
    jobs.delete_many({"kind": READ_TEXT, "state": ended, "ended_at": {"$lt": limit}})
    going = set(jobs.distinct("params.document", {"kind": READ_TEXT, "state": {"$nin": ended["$in"]}}))
    waiting = Document._get_collection().find(
        {"facets": f"reading={WAITING}", "changed_at": {"$lt": limit}}, {"name": 1, "read_file": 1})  # fmt: skip
    left = [raw for raw in waiting if raw["_id"] not in going]
    for raw in left:
        start_job(Access(), READ_TEXT, str(raw.get("name") or ""), {"document": raw["_id"], "file": raw["read_file"]})
    return len(left)
