"""An import as a job: killed at any moment it goes on where it stopped; cancelled it stops at a step."""

import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import pytest
from bson import ObjectId

from models.changes import Change
from models.fields.schema import schema_of
from models.jobs import Job
from models.rights import Access
from services.imports import ImportProblem, TableError, import_now, read_mapping, report_of, start_import, writing
from services.imports import jobs as import_jobs
from services.jobs import cancel_job, claim, get_job, run_job
from services.records import now
from tests.services.importing import records, values

ROWS = 1_750
MAPPING = """\
match: [name]
columns:
  Name: name
  Line: {field: line, define: {kind: choice, section: classification}}
  Founded: {field: founded, define: {kind: number}}
"""


class Killed(BaseException):
    """Stands for a worker's end: nothing catches it, nothing is noted."""


def table() -> bytes:
    """Rows with odd years, a double, and rows without a name."""
    lines = [f"C{n:05d},Line {n % 7},{'long ago' if n % 50 == 0 else 1900 + n % 100}" for n in range(ROWS - 3)]
    return "\n".join(["Name,Line,Founded", *lines, "C00001,Line 1,1950", ",Line 2,1951", ",Line 3,1952"]).encode()


def started(access: Access) -> ObjectId:
    return start_import(access, "company", io.BytesIO(table()), "list.csv", read_mapping(MAPPING))


def work() -> None:
    """What a worker does: claim the next due job and run it."""
    job = claim()
    assert job is not None
    run_job(job)


def lose_lease(job_id: ObjectId) -> None:
    """A killed worker's lease runs out."""
    Job._get_collection().update_one({"_id": job_id}, {"$set": {"lease_until": now() - dt.timedelta(seconds=1)}})


def killed_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, call: int, *, after: bool) -> None:
    """Make the given call of a function the worker's last deed, before or after it does its work."""
    original: Callable[..., Any] = getattr(owner, name)
    calls = iter(range(1, 1_000))

    def deadly(*args: Any, **kwargs: Any) -> Any:
        last = next(calls) == call
        if last and not after:
            raise Killed
        result = original(*args, **kwargs)
        if last:
            raise Killed
        return result

    monkeypatch.setattr(owner, name, deadly)


def outcome() -> list[dict[str, Any]]:
    return [values(raw) for raw in records()]


def check_complete(access: Access, job_id: ObjectId) -> None:
    job = get_job(access, job_id)
    report = report_of(job)
    assert job["state"] == "done", job["message"]
    assert (job["done"], job["total"]) == (ROWS, ROWS)
    assert (report.created, report.failed_count, report.odd_count, report.skipped) == (ROWS - 3, 3, 35, 0)
    assert report.fields_created == ("line", "founded", "founded_text")
    assert [row["name"] for row in outcome()] == [f"C{n:05d}" for n in range(ROWS - 3)]
    assert Change.objects(batch=str(job_id)).count() == ROWS - 3
    assert [failed.row for failed in report.failed] == [ROWS - 1, ROWS, ROWS + 1]
    assert [odd.row for odd in report.odd] == list(range(2, ROWS, 50))


def test_import_job_runs_to_its_end(admin_access: Access) -> None:
    job_id = started(admin_access)
    work()
    check_complete(admin_access, job_id)


@pytest.mark.parametrize(("name", "call", "after"), [
    ("prepare", 1, False), ("prepare", 1, True), ("write_step", 1, False), ("write_step", 2, True),
    ("write_step", 3, False), ("write_notes", 2, False), ("write_notes", 3, True), ("insert", 2, True),
    ("make_step", 4, True), ("write_rows", 1, True), ("report_of", 1, False),
])  # fmt: skip
def test_import_job_killed_at_any_moment_goes_on_without_doubles(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch, name: str, call: int, after: bool
) -> None:
    job_id = started(admin_access)
    with monkeypatch.context() as patch:
        killed_at(patch, import_jobs if hasattr(import_jobs, name) else writing, name, call, after=after)
        with pytest.raises(Killed):
            work()
    assert claim() is None
    lose_lease(job_id)
    work()
    check_complete(admin_access, job_id)


@pytest.mark.parametrize("call", [1, 2, 3])
def test_import_job_killed_while_it_makes_fields_goes_on(
    admin_access: Access, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    job_id = started(admin_access)
    with monkeypatch.context() as patch:
        killed_at(patch, __import__("services.imports.preparation", fromlist=["x"]), "make_field", call, after=True)
        with pytest.raises(Killed):
            work()
    lose_lease(job_id)
    work()
    check_complete(admin_access, job_id)


def test_import_job_killed_twice_and_taken_over_goes_on(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = started(admin_access)
    for _ in range(2):
        with monkeypatch.context() as patch:
            killed_at(patch, writing, "write_step", 1, after=True)
            with pytest.raises(Killed):
                work()
        lose_lease(job_id)
    assert len(records()) == 1_000
    work()
    check_complete(admin_access, job_id)


def test_import_job_cancelled_stops_between_steps(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id = started(admin_access)
    original = writing.make_step

    def cancelled_in_step(*args: Any, **kwargs: Any) -> Any:
        if records():
            cancel_job(admin_access, job_id)
        return original(*args, **kwargs)

    monkeypatch.setattr(writing, "make_step", cancelled_in_step)
    work()
    job = get_job(admin_access, job_id)
    # The step that was read meanwhile is written still, or is not.
    assert job["state"] == "cancelled"
    assert len(records()) == report_of(job).created in (500, 1_000)


def test_import_job_keeps_the_first_notes_and_counts_all(admin_access: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.imports.report.MAX_NOTES", 10)
    job_id = started(admin_access)
    work()
    report = report_of(get_job(admin_access, job_id))
    assert (len(report.odd), report.odd_count, report.odd[0].row) == (10, 35, 2)


def test_start_import_of_what_is_no_table_writes_no_job(admin_access: Access) -> None:
    with pytest.raises(TableError):
        start_import(admin_access, "company", io.BytesIO(b"%PDF-1.7"), "list.csv", read_mapping(MAPPING))
    assert Job.objects.count() == 0


def test_import_now_of_a_file_that_breaks_off_writes_no_record(admin_access: Access) -> None:
    version = schema_of("company").version
    broken = table() + b'\n"never closed,Line 1,1900\n'
    with pytest.raises(ImportProblem, match="quotation marks on line 1752"):
        import_now(admin_access, "company", io.BytesIO(broken), "list.csv", read_mapping(MAPPING))
    assert (records(), schema_of("company").version) == ([], version)


def test_import_now_of_a_header_alone_says_so(admin_access: Access) -> None:
    with pytest.raises(ImportProblem, match="no rows"):
        import_now(admin_access, "company", io.BytesIO(b"Name,Line,Founded\n"), "a.csv", read_mapping(MAPPING))


def test_import_now_leaves_nothing_for_a_worker(admin_access: Access) -> None:
    report = import_now(admin_access, "company", io.BytesIO(table()), "a.csv", read_mapping(MAPPING))
    assert (report.created, claim()) == (ROWS - 3, None)
