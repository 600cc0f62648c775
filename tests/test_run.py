"""`python run.py` as a whole: it starts, answers, stops without leaving anybody, and recovers from any kill."""

import os
import re
import signal
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from pymongo import MongoClient

from app.mongod import Place, listens, running
from app.mongodb_uri import with_database
from services.leases import ALONE
from tests.fixtures.program import START_SECONDS, Program, free_port, processes_of, until

pytestmark = pytest.mark.slow

STOP_SECONDS = 30.0
# The database looks for itself at its old port for half a minute.
MOVING_SECONDS = 150.0


def test_run_starts_everything_and_sigterm_leaves_nobody(start: Callable[..., Program], port: int) -> None:
    program = start()
    assert until(program.is_up, START_SECONDS), program.output.read_text()
    assert until(lambda: "Kortisto is at" in program.output.read_text(), 10)
    said = program.output.read_text()
    assert f"http://127.0.0.1:{port} " in said
    code = re.search(r"code ([A-Z2-9]{4}(?:-[A-Z2-9]{4}){2})$", said, re.MULTILINE)
    assert code
    assert program.children("app.worker")
    program.process.send_signal(signal.SIGTERM)
    assert program.process.wait(STOP_SECONDS) == 0
    assert processes_of(program.folder) == []
    again = start()
    assert until(again.is_up, START_SECONDS), again.output.read_text()
    assert until(lambda: again.output.read_text().count(code.group(1)) == 2, 10)
    again.process.send_signal(signal.SIGINT)
    assert again.process.wait(STOP_SECONDS) == 0


def test_run_after_kill_of_everything_recovers(start: Callable[..., Program]) -> None:
    first = start()
    assert until(first.is_up, START_SECONDS), first.output.read_text()
    first.kill_everything()
    second = start()
    assert until(second.is_up, START_SECONDS), second.output.read_text()


def test_run_killed_alone_leaves_nobody(start: Callable[..., Program]) -> None:
    program = start()
    assert until(program.is_up, START_SECONDS), program.output.read_text()
    program.process.kill()
    program.process.wait()
    assert until(lambda: processes_of(program.folder) == [], STOP_SECONDS)


def test_machines_that_start_at_once_make_one_installation(tmp_path: Path, mongodb_uri: str) -> None:
    """Each with a data folder of its own, against one database that is empty before."""

    class Machine(Program):
        extra = {"KORTISTO_MONGODB_URI": with_database(mongodb_uri, "kortisto_at_once"),
                 "KORTISTO_SECRET_KEY": "k" * 32}  # fmt: skip

    started: list[Program] = []
    try:
        for name, part in (("one", "web"), ("two", "web"), ("three", "worker"), ("four", "worker")):
            (tmp_path / name).mkdir()
            started.append(Machine(tmp_path / name / "data", free_port(), part))
        for program in started[:2]:
            assert until(program.is_up, 2 * START_SECONDS), program.output.read_text()
        for program in started[2:]:
            has_worker = partial(program.children, "app.worker")
            assert until(lambda asked=has_worker: bool(asked()), START_SECONDS), program.output.read_text()
        with MongoClient(mongodb_uri) as client:
            roles = [role["name"] for role in client["kortisto_at_once"]["ab_role"].find()]
            assert client["kortisto_at_once"][ALONE].count_documents({}) == 0
        assert "Admin" in roles
        assert len(roles) == len(set(roles))
    finally:
        for program in started:
            program.kill_everything()
        with MongoClient(mongodb_uri) as client:
            client.drop_database("kortisto_at_once")


def test_run_replaces_killed_web_server_worker_and_database(start: Callable[..., Program]) -> None:
    program = start()
    assert until(program.is_up, START_SECONDS), program.output.read_text()
    assert until(lambda: bool(program.children("app.worker")), START_SECONDS)
    mongod = running(Place(program.folder))
    assert mongod
    killed = [*program.children("app.web_server"), *program.children("app.worker"), mongod.pid]
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    assert until(program.is_up, START_SECONDS), program.output.read_text()
    assert until(lambda: bool(program.children("app.worker")), START_SECONDS)
    assert not set(killed) & set(processes_of(program.folder))


def test_run_goes_on_when_another_program_takes_the_database_s_port(start: Callable[..., Program]) -> None:
    program = start()
    assert until(program.is_up, START_SECONDS), program.output.read_text()
    place = Place(program.folder)
    mongod = running(place)
    assert mongod
    web = program.children("app.web_server")
    program.process.send_signal(signal.SIGSTOP)
    os.kill(mongod.pid, signal.SIGKILL)
    assert until(lambda: not listens(mongod.port), STOP_SECONDS)
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", mongod.port))
        squatter.listen()
        program.process.send_signal(signal.SIGCONT)
        assert until(lambda: not set(web) & set(processes_of(program.folder)), MOVING_SECONDS), program.state()
        assert until(program.is_up, START_SECONDS), program.state()
    moved = running(place)
    assert moved
    assert moved.port != mongod.port


def test_run_with_port_taken_says_so_in_one_sentence(start: Callable[..., Program], port: int) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", port))
        holder.listen()
        program = start("web")
        assert program.process.wait(START_SECONDS) == 1
    said = program.output.read_text().strip()
    assert said.startswith(f"Port {port} of 127.0.0.1 can't be used")
    assert len(said.splitlines()) == 1
    assert running(Place(program.folder)) is None


def test_run_with_unknown_part_tells_usage(start: Callable[..., Program]) -> None:
    program = start("everything")
    assert program.process.wait(START_SECONDS) == 2
    assert "usage: python run.py [web|worker]" in program.output.read_text()
