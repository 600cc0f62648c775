"""An import as a job: it goes on exactly where it stopped, and a shell runs the same code by itself."""

import mimetypes
from typing import IO, Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Change, Source
from models.jobs import Job, JobState
from models.rights import Access
from models.transactions import in_transaction
from services.files import add_file, get_file, keep_content, new_file
from services.imports.content import content_of_file
from services.imports.errors import ImportProblem
from services.imports.linked import check_may_create
from services.imports.mappings import ImportMapping
from services.imports.outcome import counts_of, message_of, report_of
from services.imports.plan import Plan, make_plan
from services.imports.preparation import prepare
from services.imports.report import ImportReport
from services.imports.tables import open_table
from services.imports.undoing import KIND as UNDO
from services.imports.work import work_of
from services.imports.writing import current_plan, write_rows
from services.jobs import Run, add_job, get_job, handles, run_job, wake
from services.leases import LEASE, new_holder
from services.records import now

KIND = "import"
Raw = dict[str, Any]


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


def undo_now(access: Access, batch: str) -> Raw:
    """Take back in this process what an import wrote; returns the job (raw). Raises ImportProblem."""
    if Change._get_collection().find_one({"batch": batch, "source": Source.IMPORT.value}, {"_id": 1}) is None:
        raise ImportProblem(_l("There is no import of this batch that has written anything."))

    def write(session: ClientSession) -> ObjectId:
        job_id = add_job(session, access, UNDO, _("Undoing an import"), {"batch": batch})
        hold(session, job_id)
        return job_id

    job_id = in_transaction(write)
    run_job(Job._get_collection().find_one({"_id": job_id}))
    job = get_job(access, job_id)
    if job["state"] == JobState.FAILED.value:
        raise ImportProblem(job["message"])
    return job


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


@handles(KIND)
def run_import(run: Run) -> Raw:
    """The job's handler: survey and preparation once, then step by step."""
    mapping, mend = work_of(run.params)
    with content_of_file(get_file(run.access, run.params["file"])) as stream:
        table = open_table(stream, mapping.table)
        table.mend = mend
        position = dict(run.position)
        if not position.get("ready"):
            position = prepare(run, current_plan(run, mapping, table), table)
        write_rows(run, mapping, table, position)
    report = report_of(run.job)
    return {"message": message_of(report), "result": counts_of(report)}
