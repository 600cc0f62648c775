"""Jobs survive: the worker, the web server and the database are killed at random moments, and nothing is lost or twice.

The seed of the moments is printed; KORTISTO_TEST_SEED repeats a run.
"""

import io
import os
import random
import signal
import time
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from flask import Flask
from pymongo.errors import PyMongoError

from app.mongod import Place, running
from models.changes import Change, DeletedRecord
from models.companies import Company
from models.files import StoredFile
from models.jobs import Job, JobState
from models.rights import system_access
from services.bulk_edit import Edit, edit_selected, take_back
from services.files import open_content
from services.imports import read_mapping, start_import
from services.merge import start_merge, upload_template
from services.removal import delete_selected
from services.search import Selection
from tests.fixtures.program import START_SECONDS, Program, processes_of, until
from tests.word.making import docx, merge_field, p
from tests.word.reading import read_letters

pytestmark = pytest.mark.slow

KILLS = 50
ROWS = 2_000
LETTERS = 300
MAPPING = "columns:\n  Name: name\n  City: city\n"
Answer = TypeVar("Answer")


class Killer:
    """Kills one part of the program at a time, whichever chance says."""

    def __init__(self, program: Program, chance: random.Random) -> None:
        self.program, self.chance, self.kills = program, chance, 0

    def patiently(self, ask: Callable[[], Answer], seconds: float = 120) -> Answer:
        """What `ask` answers, asked again while the database is being killed and revived."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                return ask()
            except PyMongoError as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"The database stays away.\n{self.program.state()}") from error
                time.sleep(0.3)

    def victims(self) -> list[int]:
        """The process ids of the part that is next: mostly the worker's children, where the jobs are."""
        part = self.chance.choices(("child", "database", "web", "worker"), (60, 25, 10, 5))[0]
        if part == "database":
            mongod = running(Place(self.program.folder))
            return [mongod.pid] if mongod else []
        found = sorted(self.program.children("app.web_server" if part == "web" else "app.worker"))
        if part == "child":
            return found[1:]
        return found[:1] if part == "worker" else found

    def kill(self) -> None:
        time.sleep(self.chance.uniform(0.05, 1.5))
        victims = [pid for pid in self.victims() if pid in processes_of(self.program.folder)]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        self.kills += bool(victims)


def wait_for(killer: Killer, job_id: Any) -> Job:
    """Kill and kill until the job has ended or there were enough kills; then just wait."""
    deadline = time.monotonic() + 400
    while True:
        job = killer.patiently(lambda: Job.objects.get(pk=job_id))
        if JobState(job.state).ended:
            return job
        assert time.monotonic() < deadline, f"{job.to_mongo()}\n{killer.program.state()}"
        if killer.kills < KILLS:
            killer.kill()
        else:
            time.sleep(0.2)


def import_round(killer: Killer, number: int) -> None:
    """Bring in ROWS companies; each must be there once, with one change entry."""
    city = f"Round {number}"
    text = "Name,City\n" + "".join(f"Company {number}-{row},{city}\n" for row in range(ROWS))
    job_id = killer.patiently(lambda: start_import(system_access(), "company", io.BytesIO(text.encode()), "list.csv",
                                            read_mapping(MAPPING)))  # fmt: skip
    job = wait_for(killer, job_id)
    assert job.state == "done", job.message
    found = killer.patiently(lambda: Company.objects(city=city).distinct("name"))
    assert (len(found), killer.patiently(lambda: Company.objects(city=city).count())) == (ROWS, ROWS)
    ids = killer.patiently(lambda: Company.objects(city=city).distinct("id"))
    assert killer.patiently(lambda: Change.objects(record__in=ids, action="create").count()) == ROWS


def merge_round(killer: Killer, number: int, template: dict[str, Any]) -> None:
    """Letters for some of them; one result with each letter once."""
    companies = Company.objects(city=f"Round {number}").only("id").limit(LETTERS)
    chosen = killer.patiently(lambda: [str(company.pk) for company in companies.clone()])
    results = killer.patiently(lambda: StoredFile.objects(purpose="result").count())
    job = wait_for(killer, killer.patiently(lambda: start_merge(system_access(), "company", template["_id"],
                                                         Selection(ids=tuple(chosen)))))  # fmt: skip
    assert job.state == "done", job.message
    assert killer.patiently(lambda: StoredFile.objects(purpose="result").count()) == results + 1
    stored = killer.patiently(lambda: StoredFile.objects.get(pk=job.result_file).to_mongo().to_dict())
    letters = read_letters(killer.patiently(lambda: open_content(stored).read()))
    assert len({letter.lines[0] for letter in letters}) == len(letters) == LETTERS


def edit_round(killer: Killer, number: int) -> None:
    """All of them changed at once, each once; and taken back."""
    condition = {"col": "city", "opr": "eq", "value": f"Round {number}"}
    selection = Selection(conditions=(condition,), all_matching=True)
    edits = [Edit("street", f"Street {number}")]
    outcome = killer.patiently(lambda: edit_selected(system_access(), "company", selection, edits))
    assert wait_for(killer, outcome.job_id).state == "done"
    changed = {"batch": outcome.batch, "action": "update"}
    assert killer.patiently(lambda: Company.objects(street=f"Street {number}", version=2).count()) == ROWS
    assert killer.patiently(lambda: Change.objects(**changed).count()) == ROWS
    undo = killer.patiently(lambda: take_back(system_access(), "company", outcome.batch))
    assert wait_for(killer, undo.job_id).state == "done"
    assert killer.patiently(lambda: Company.objects(street=f"Street {number}").count()) == 0
    assert killer.patiently(lambda: Company.objects(city=f"Round {number}", version=3).count()) == ROWS


def delete_round(killer: Killer, number: int) -> None:
    """All of them into the recycle bin, each once."""
    condition = {"col": "city", "opr": "eq", "value": f"Round {number}"}
    selection = Selection(conditions=(condition,), all_matching=True)
    outcome = killer.patiently(lambda: delete_selected(system_access(), "company", selection))
    assert wait_for(killer, outcome.job_id).state == "done"
    assert killer.patiently(lambda: Company.objects(city=f"Round {number}").count()) == 0
    assert killer.patiently(lambda: DeletedRecord.objects(document__city=f"Round {number}").count()) == ROWS


def test_jobs_end_rightly_through_fifty_kills(program: Program, inside: Flask) -> None:
    seed = int(os.environ.get("KORTISTO_TEST_SEED") or random.randrange(10**6))
    print(f"KORTISTO_TEST_SEED={seed}")  # noqa: T201 - shown by pytest when the test fails
    killer = Killer(program, random.Random(seed))
    template = upload_template(system_access(), "company", "Letter", docx(p("To ", merge_field("name"))))
    number = 0
    while killer.kills < KILLS:
        number += 1
        import_round(killer, number)
        merge_round(killer, number, template)
        edit_round(killer, number)
        delete_round(killer, number)
    assert until(program.is_up, START_SECONDS), program.state()
