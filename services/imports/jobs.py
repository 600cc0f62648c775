"""An import as a job: it goes on exactly where it stopped, and a shell runs the same code by itself."""

import mimetypes
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import IO, Any

from bson import ObjectId
from flask_babel import gettext as _
from pymongo.client_session import ClientSession

from models.changes import Change, Source
from models.fields.schema import schema_of
from models.jobs import Job, JobState
from models.rights import Access
from models.transactions import in_transaction
from services.files import add_file, get_file, keep_content, new_file, stream_content
from services.imports.errors import ImportProblem
from services.imports.linked import check_may_create
from services.imports.mappings import ImportMapping, read_mapping
from services.imports.plan import Plan, make_plan
from services.imports.preparation import add_companions, prepare
from services.imports.report import ImportReport, read_notes, write_notes
from services.imports.rows import read_row
from services.imports.steps import RowsSeen, Step, chunks, make_step, reading_context
from services.imports.tables import Row, Table, open_table
from services.jobs import Run, add_job, get_job, handles, run_job, wake
from services.leases import LEASE, new_holder
from services.records import Origin, insert, now

KIND = "import"
Raw = dict[str, Any]
#: Files up to here stay in memory while they are read.
SPOOL = 16 << 20


def start_import(access: Access, register: str, stream: IO[bytes], name: str, mapping: ImportMapping) -> ObjectId:
    """Have a worker import the file; returns the job's id. What is wrong with file or mapping is raised at once.

    `stream` is seekable, `name` the file's name. Raises TableError, MappingError, NotAllowed, UnknownRegister.
    """
    job_id = add_import(access, register, stream, name, mapping)
    wake()
    return job_id


def import_now(access: Access, register: str, stream: IO[bytes], name: str, mapping: ImportMapping) -> ImportReport:
    """Import the file in this process and return what came of it; if the process dies, a worker goes on with it.

    Raises as `start_import` does, and ImportProblem for what stops the import later.
    """
    job_id = add_import(access, register, stream, name, mapping, here=True)
    run_job(Job._get_collection().find_one({"_id": job_id}))
    job = get_job(access, job_id)
    if job["state"] == JobState.FAILED.value:
        raise ImportProblem(job["message"])
    return report_of(job)


def check_import(access: Access, register: str, stream: IO[bytes], mapping: ImportMapping) -> Plan:
    """How the file's rows would become records. Raises what is wrong with file, mapping or rights."""
    plan = make_plan(access, register, mapping, open_table(stream, mapping.table).header)
    check_may_create(access, plan)
    return plan


def add_import(
    access: Access, register: str, stream: IO[bytes], name: str, mapping: ImportMapping, *, here: bool = False
) -> ObjectId:
    """Keep the file and write the job; with `here` this process holds it already, so that no worker takes it."""
    check_import(access, register, stream, mapping)
    content_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    file = new_file(access, name, content_type, "import", keep_content(stream))
    title = _("Import of %(name)s", name=file["name"])
    params = {"file": file["_id"], "register": register, "mapping": mapping.text}

    def write(session: ClientSession) -> ObjectId:
        add_file(session, file)
        job_id = add_job(session, access, KIND, title, params)
        if here:
            hold(session, job_id)
        return job_id

    return in_transaction(write)


def hold(session: ClientSession, job_id: ObjectId) -> None:
    moment = now()
    Job._get_collection().update_one({"_id": job_id}, {"$set": {
        "state": JobState.RUNNING.value, "worker": new_holder(), "lease_until": moment + LEASE,
        "started_at": moment, "attempts": 1}}, session=session)  # fmt: skip


def report_of(job: Raw) -> ImportReport:
    """What an import has done so far, or in all, out of its job."""
    position, batch = job.get("position") or {}, str(job["_id"])
    odd, failed = read_notes(batch)
    linked = {"batch": batch, "action": "create", "register": {"$ne": job["params"]["register"]}}
    return ImportReport(
        batch=batch, rows=position.get("rows", 0), created=position.get("created", 0),
        skipped=position.get("skipped", 0), odd_count=position.get("odd", 0), failed_count=position.get("failed", 0),
        odd=odd, failed=failed, fields_created=tuple(position.get("fields", ())),
        choices_added=position.get("choices", {}), linked_created=Change._get_collection().count_documents(linked),
        unmapped=tuple(position.get("unmapped", ())),
    )  # fmt: skip


@handles(KIND)
def run_import(run: Run) -> Raw:
    """The job's handler: survey and preparation once, then step by step."""
    mapping = read_mapping(run.params["mapping"])
    with content_of(run) as stream:
        table = open_table(stream, mapping.table)
        position = dict(run.position)
        if not position.get("ready"):
            position = prepare(run, current_plan(run, mapping, table), table)
        write_rows(run, mapping, table, position)
    report = report_of(run.job)
    return {"message": message_of(report), "result": counts_of(report)}


@contextmanager
def content_of(run: Run) -> Iterator[IO[bytes]]:
    """The file's content where it can be read again and again."""
    with tempfile.SpooledTemporaryFile(SPOOL) as stream:
        for chunk in stream_content(get_file(run.access, run.params["file"])):
            stream.write(chunk)
        yield stream


def current_plan(run: Run, mapping: ImportMapping, table: Table) -> Plan:
    return make_plan(run.access, run.params["register"], mapping, table.header)


def write_rows(run: Run, mapping: ImportMapping, table: Table, position: Raw) -> None:
    """Write the rows that follow the position. Those before it are only looked at for doubles.

    While one step is being written, the next one is read: the database and this process work side by side.
    """
    plan, seen, start = current_plan(run, mapping, table), RowsSeen(), position["row"]
    with ThreadPoolExecutor(1, "import-writer") as writer:
        writing: Future[None] | None = None
        for rows in chunks(table.rows()):
            if rows[-1].number <= start:
                note_rows(run, plan, rows, seen)
                continue
            if schema_of(plan.register).version != plan.schema.version:
                plan = current_plan(run, mapping, table)
            step = make_step(run.access, plan, rows, seen, origin_of(run))
            if writing is not None:
                writing.result()
            # Whoever may not make fields gets the rows reported whose values find no place.
            if step.missing and run.access.may(plan.register, "settings"):
                position = add_companions(run, plan.register, list(step.missing.values()), position)
                plan = current_plan(run, mapping, table)
                step = make_step(run.access, plan, rows, seen, origin_of(run))
            before, position = position, moved(position, rows, step)
            writing = writer.submit(write_step, run, plan, step, before, position)
        if writing is not None:
            writing.result()


def origin_of(run: Run) -> Origin:
    return Origin(Source.IMPORT, str(run.job["_id"]))


def note_rows(run: Run, plan: Plan, rows: list[Row], seen: RowsSeen) -> None:
    if plan.skips:
        keys, context = plan.for_keys(), reading_context(run.access, plan)
        for row in rows:
            seen.note(plan, read_row(keys, row, context))


def write_step(run: Run, plan: Plan, step: Step, before: Raw, after: Raw) -> None:
    """Write one step's records, notes and position in one transaction."""

    def write(session: ClientSession) -> None:
        if step.documents:
            insert(session, run.access, plan.schema, step.documents, origin_of(run))
        write_notes(session, str(run.job["_id"]), step.odd, step.failed, before)
        run.advance(after["done"], after, session=session)

    in_transaction(write)


def moved(position: Raw, rows: list[Row], step: Step) -> Raw:
    return {
        **position, "row": rows[-1].number, "done": position["done"] + len(rows),
        "created": position["created"] + len(step.documents), "skipped": position["skipped"] + step.skipped,
        "odd": position["odd"] + len(step.odd), "failed": position["failed"] + len(step.failed),
    }  # fmt: skip


def counts_of(report: ImportReport) -> Raw:
    return {"rows": report.rows, "created": report.created, "skipped": report.skipped, "odd": report.odd_count,
            "failed": report.failed_count, "linked": report.linked_created, "fields": list(report.fields_created),
            "choices": dict(report.choices_added), "unmapped": list(report.unmapped),
            "batch": report.batch}  # fmt: skip


def message_of(report: ImportReport) -> str:
    return _("%(rows)s rows: %(created)s imported, %(skipped)s skipped because they exist, %(odd)s odd values, "
             "%(failed)s rows not imported.", rows=report.rows, created=report.created, skipped=report.skipped,
             odd=report.odd_count, failed=report.failed_count)  # fmt: skip
