"""Jobs: claimed once, taken over when a worker dies, cancelled, and failing with a message."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import mongoengine as me
import pymongo
import pytest

from config import PROJECT_ROOT, Settings
from models.jobs import Job, JobState
from models.rights import Access, system_access
from models.security import User
from services import jobs
from services.jobs import HANDLERS, JobError, LeaseLost, Run, cancel_job, claim, get_job, start_job, wake_due
from services.leases import LEASE, is_gone, machine, new_holder
from services.records import RecordNotFound, create_records, now
from services.removal import delete_selected
from services.search import Selection
from tests.fixtures.program import until

#: A worker that writes on its job in a transaction which never comes to its end.
WRITING = """
import time
from app import create_app
from models.transactions import in_transaction
from services.jobs import Run, claim
from models.rights import system_access
def write(session):
    run.advance(1, session=session)
    print("written", flush=True)
    time.sleep(600)
with create_app().app_context():
    run = Run(claim(), system_access())
    in_transaction(write)
"""


@pytest.fixture
def handler(admin_access: Access) -> Iterator[Callable[[Callable[[Run], dict[str, Any]]], None]]:
    """Register the handler of jobs of the kind "tried"."""
    yield lambda work: HANDLERS.update(tried=work)
    HANDLERS.pop("tried", None)


def stored(job_id: Any) -> Job:
    return Job.objects.get(pk=job_id)


def test_job_runs_to_its_end_with_progress(handler: Any) -> None:
    def work(run: Run) -> dict[str, Any]:
        for number in (1, 2):
            run.advance(number, {"at": number}, total=2)
        run.note("both done")
        return {"message": "done", "result": {"made": 2}}

    handler(work)
    job_id = start_job(system_access(), "tried", "Try", {})
    wake_due()
    job = stored(job_id)
    assert (job.state, job.done, job.total, job.message) == ("done", 2, 2, "done")
    assert (job.result, job.log, job.attempts) == ({"made": 2}, ["both done"], 1)


def test_job_of_a_killed_worker_goes_on_where_it_stopped(handler: Any) -> None:
    seen: list[int] = []

    def work(run: Run) -> dict[str, Any]:
        for number in range(run.position.get("at", 0), 4):
            seen.append(number)
            run.advance(number + 1, {"at": number + 1})
            if number == 1 and run.job["attempts"] == 1:
                raise SystemExit  # as good as killed: nothing is noted
        return {}

    handler(work)
    job_id = start_job(system_access(), "tried", "Try", {})
    with pytest.raises(SystemExit):
        wake_due()
    wake_due()
    assert stored(job_id).state == "running"
    Job.objects(pk=job_id).update(set__lease_until=now() - LEASE)
    wake_due()
    assert stored(job_id).state == "done"
    assert seen == [0, 1, 2, 3]


def test_job_taken_over_lets_its_first_worker_write_nothing(handler: Any) -> None:
    start_job(system_access(), "tried", "Try", {})
    first = claim()
    Job.objects(pk=first["_id"]).update(set__lease_until=now() - LEASE)
    second = claim()
    assert second["attempts"] == 2
    with pytest.raises(LeaseLost):
        Run(first, system_access()).advance(1)
    assert claim() is None


def test_job_of_a_process_that_is_gone_is_taken_over_at_once(handler: Any) -> None:
    handler(lambda run: {})
    job_id = start_job(system_access(), "tried", "Try", {})
    claim()
    ended = subprocess.Popen(["true"])
    ended.wait()
    Job.objects(pk=job_id).update(set__worker=f"{machine()} {ended.pid} 0")
    wake_due()
    assert (stored(job_id).state, stored(job_id).attempts) == ("done", 2)


def test_what_a_killed_worker_was_writing_is_let_go_of_at_once(handler: Any, settings: Settings) -> None:
    handler(lambda run: {})
    job_id = start_job(system_access(), "tried", "Try", {})
    environ = {**os.environ, "KORTISTO_MONGODB_URI": settings.mongodb_uri, "KORTISTO_BROKER_URL": "memory://",
               "KORTISTO_DATA_DIR": str(settings.data_dir)}  # fmt: skip
    with subprocess.Popen([sys.executable, "-c", WRITING], cwd=PROJECT_ROOT, env=environ, stdout=subprocess.PIPE,
                          text=True) as worker:  # fmt: skip
        assert worker.stdout is not None
        assert worker.stdout.readline() == "written\n"
        worker.kill()
    held = {"appName": f"{machine()} {worker.pid}", "transaction": {"$exists": True}}
    open_ones = [{"$currentOp": {"idleSessions": True}}, {"$match": held}]
    admin = me.get_connection().admin
    assert until(lambda: len(list(admin.aggregate(open_ones))) == 1, 10)
    # Were it not let go of, the job could not be written before a minute has passed.
    with pymongo.timeout(20):
        taken = claim()
    assert (taken["_id"], taken["attempts"]) == (job_id, 2)
    assert not list(admin.aggregate(open_ones))


def test_holder_is_gone_only_when_that_is_known() -> None:
    assert not is_gone(new_holder())
    assert not is_gone("another/machine 1 0")
    assert not is_gone("")
    assert is_gone(f"{machine()} 4194999 0")


def test_job_that_refuses_fails_with_its_message(handler: Any) -> None:
    def work(run: Run) -> dict[str, Any]:
        raise JobError("the file is gone")

    handler(work)
    job_id = start_job(system_access(), "tried", "Try", {})
    wake_due()
    assert (stored(job_id).state, stored(job_id).message) == ("failed", "the file is gone")


def test_job_with_a_bug_fails_and_is_logged(handler: Any, caplog: pytest.LogCaptureFixture) -> None:
    handler(lambda run: {}["nothing"])
    job_id = start_job(system_access(), "tried", "Try", {})
    wake_due()
    assert stored(job_id).state == "failed"
    assert str(job_id) in stored(job_id).message
    assert "KeyError" in caplog.text


def test_job_interrupted_too_often_is_given_up(handler: Any) -> None:
    handler(lambda run: {})
    job_id = start_job(system_access(), "tried", "Try", {})
    Job.objects(pk=job_id).update(set__attempts=jobs.MAX_ATTEMPTS)
    wake_due()
    assert stored(job_id).state == "failed"


def test_job_cancelled_stops_at_its_next_step(handler: Any) -> None:
    def work(run: Run) -> dict[str, Any]:
        run.advance(1)
        cancel_job(system_access(), run.job["_id"])
        run.advance(2)
        return {}

    handler(work)
    job_id = start_job(system_access(), "tried", "Try", {})
    wake_due()
    assert (stored(job_id).state, stored(job_id).done) == (JobState.CANCELLED, 2)
    waiting = start_job(system_access(), "tried", "Try", {})
    assert cancel_job(system_access(), waiting)["state"] == "cancelled"


def test_job_is_seen_by_its_owner_alone(
    make_user: Callable[..., User], access_of: Callable[[User], Access], handler: Any
) -> None:
    one, other = (access_of(make_user(name, "Staff")) for name in ("one", "other"))
    job_id = start_job(one, "tried", "Try", {})
    assert get_job(one, job_id)["owner"] == one.user_id
    with pytest.raises(RecordNotFound):
        get_job(other, job_id)
    with pytest.raises(RecordNotFound):
        cancel_job(other, job_id)


def test_delete_of_many_records_runs_as_a_job(make_user: Callable[..., User], access_of: Any) -> None:
    access = access_of(make_user("boss", "Staff"))
    create_records(access, "company", [{"name": f"C{number}"} for number in range(305)])
    outcome = delete_selected(access, "company", Selection(conditions=(), all_matching=True))
    assert (outcome.count, outcome.job_id is not None) == (305, True)
    wake_due()
    job = stored(outcome.job_id)
    assert (job.state, job.result, job.done) == ("done", {"deleted": 305, "batch": outcome.batch}, 305)
