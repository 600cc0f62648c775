"""The embedded database as several processes meet it: each user here is a process of its own."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from app.database import ensure_database
from app.mongod import (
    OUTGOING_PORTS,
    DatabaseError,
    Mongod,
    Place,
    free_port,
    limit_log,
    listens,
    quiet_ports,
    running,
    stop,
    wait_for_its_end,
)
from app.mongodb_uri import with_database
from config import PROJECT_ROOT, load_settings

USER_PROGRAM = """
import sys
from app.database import DatabaseError, ensure_database, release_database
from config import load_settings
try:
    print(ensure_database(load_settings({"KORTISTO_DATA_DIR": sys.argv[1]})), flush=True)
except DatabaseError as error:
    sys.exit(str(error))
sys.stdin.read()
release_database()
"""


class User:
    """A process that uses the embedded database below `data_dir` until told to let go."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER_PROGRAM, str(data_dir)],
            cwd=PROJECT_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def uri(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def let_go(self) -> str:
        _, errors = self.process.communicate(timeout=90)
        return errors

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def data_dir(tmp_path: Path) -> Iterator[Path]:
    """A data folder whose mongod, if one still runs, is stopped after the test."""
    folder = tmp_path / "data"
    yield folder
    if mongod := running(Place(folder)):
        assert stop(Place(folder), mongod)


@pytest.fixture
def user(data_dir: Path) -> Iterator[Callable[[], User]]:
    started: list[User] = []

    def start() -> User:
        started.append(User(data_dir))
        return started[-1]

    yield start
    for one in started:
        if one.process.returncode is None:
            one.kill()


def remember(uri: str, name: str) -> list[str]:
    """Store a name in a transaction; answers all names stored so far."""
    client: MongoClient = MongoClient(uri)
    with client:
        notes = client.get_default_database()["notes"]
        with client.start_session() as session, session.start_transaction():
            notes.insert_one({"name": name}, session=session)
        return [note["name"] for note in notes.find()]


def running_in(data_dir: Path) -> Mongod:
    mongod = running(Place(data_dir))
    assert mongod
    return mongod


def test_ensure_database_second_process_shares_it_and_last_one_stops_it(
    data_dir: Path, user: Callable[[], User]
) -> None:
    first, second = user(), user()
    uri = first.uri()
    assert uri == second.uri()
    assert remember(uri, "Meriteräs") == ["Meriteräs"]
    assert first.let_go() == ""
    assert remember(uri, "Kalliokone") == ["Meriteräs", "Kalliokone"]
    assert second.let_go() == ""
    assert running(Place(data_dir)) is None


def test_ensure_database_needs_password_and_keeps_files_private(data_dir: Path, user: Callable[[], User]) -> None:
    uri = user().uri()
    port = running_in(data_dir).port
    for stranger in (f"mongodb://127.0.0.1:{port}/", uri.replace("kortisto:", "kortisto:x")):
        client: MongoClient = MongoClient(stranger)
        with client, pytest.raises(OperationFailure):
            client.kortisto.notes.find_one()
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700


def test_ensure_database_after_kill_of_everything_finds_data(data_dir: Path, user: Callable[[], User]) -> None:
    first = user()
    remember(first.uri(), "Meriteräs")
    mongod = running_in(data_dir)
    first.kill()
    os.kill(mongod.pid, signal.SIGKILL)
    assert remember(user().uri(), "Kalliokone") == ["Meriteräs", "Kalliokone"]


def test_ensure_database_after_kill_of_its_user_takes_mongod_over(data_dir: Path, user: Callable[[], User]) -> None:
    first = user()
    uri = first.uri()
    mongod = running_in(data_dir)
    first.kill()
    second = user()
    assert second.uri() == uri
    assert running_in(data_dir) == mongod
    second.let_go()
    assert running(Place(data_dir)) is None


def test_ensure_database_with_changed_port_finds_data(data_dir: Path, user: Callable[[], User]) -> None:
    first = user()
    uri = first.uri()
    remember(uri, "Meriteräs")
    first.let_go()
    Place(data_dir).port.unlink()
    moved = user().uri()
    assert moved != uri
    assert remember(moved, "Kalliokone") == ["Meriteräs", "Kalliokone"]


def test_ensure_database_with_lost_password_makes_new_one(data_dir: Path, user: Callable[[], User]) -> None:
    first = user()
    uri = first.uri()
    first.let_go()
    Place(data_dir).password.unlink()
    renewed = user().uri()
    assert renewed != uri
    assert remember(renewed, "Meriteräs") == ["Meriteräs"]


def test_running_other_process_with_recorded_id_is_not_ours(data_dir: Path) -> None:
    place = Place(data_dir)
    place.files.mkdir(parents=True)
    (place.files / "mongod.lock").write_text(f"{os.getpid()}\n")
    assert running(place) is None


def test_ensure_database_with_folder_that_is_a_file_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(DatabaseError, match=r"KORTISTO_DATA_DIR"):
        ensure_database(load_settings({"KORTISTO_DATA_DIR": str(tmp_path / "data")}))


def test_ensure_database_without_wheel_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.mongod.WHEEL", "no-such-wheel")
    with pytest.raises(DatabaseError, match=r"KORTISTO_MONGODB_URI"):
        ensure_database(load_settings({"KORTISTO_DATA_DIR": str(tmp_path / "data")}))


def test_limit_log_full_log_is_put_aside_and_written_anew(
    data_dir: Path, user: Callable[[], User], monkeypatch: pytest.MonkeyPatch
) -> None:
    remember(user().uri(), "Meriteräs")
    monkeypatch.setattr("app.mongod.LOG_LIMIT", 1)
    place = Place(data_dir)
    limit_log(place, running_in(data_dir))
    assert place.log.with_name("mongod.log.1").stat().st_size > 1
    assert stop(place, running_in(data_dir))
    assert "Shutting down" in place.log.read_text()


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("mongodb://db1:27017,db2", "mongodb://db1:27017,db2/kortisto"),
        ("mongodb://db/?replicaSet=rs0", "mongodb://db/kortisto?replicaSet=rs0"),
        ("mongodb://u:p%40@db/", "mongodb://u:p%40@db/kortisto?authSource=admin"),
        ("mongodb://u:p@db/crm", "mongodb://u:p@db/kortisto?authSource=crm"),
        ("mongodb://u:p@db/crm?authSource=x&w=1", "mongodb://u:p@db/kortisto?authSource=x&w=1"),
        ("mongodb+srv://u:p@db", "mongodb+srv://u:p@db/kortisto?authSource=admin"),
    ],
)
def test_with_database_keeps_server_and_sign_in(uri: str, expected: str) -> None:
    assert with_database(uri, "kortisto") == expected


def test_ensure_database_with_uri_set_answers_it_with_a_database() -> None:
    settings = load_settings({"KORTISTO_MONGODB_URI": "mongodb://127.0.0.1:1/?replicaSet=rs0"})
    assert ensure_database(settings) == "mongodb://127.0.0.1:1/kortisto?replicaSet=rs0"


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        ("kill -ILL $$", r"AVX.*KORTISTO_MONGODB_URI"),
        ("echo 'libcrypto.so.3: cannot open shared object file'; exit 127", r"libcrypto.*KORTISTO_MONGODB_URI"),
        ("exit 14", r"exit code 14.*mongod\.log"),
    ],
)
def test_ensure_database_with_mongod_that_fails_says_why(
    script: str, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "mongod"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr("app.mongod.program", lambda: program)
    with pytest.raises(DatabaseError, match=advice):
        ensure_database(load_settings({"KORTISTO_DATA_DIR": str(tmp_path / "data")}))


def test_database_killed_again_and_again_comes_back_at_its_port(data_dir: Path, user: Callable[[], User]) -> None:
    uri = user().uri()
    for number in range(6):
        # Something to write, so that its threads have something to end.
        remember(uri, f"Round {number}")
        mongod = running_in(data_dir)
        os.kill(mongod.pid, signal.SIGKILL)
        while running(Place(data_dir)) == mongod:
            time.sleep(0.001)
        assert user().uri() == uri


def test_wait_for_its_end_waits_for_the_threads_of_a_killed_one(
    data_dir: Path, user: Callable[[], User], monkeypatch: pytest.MonkeyPatch
) -> None:
    user().uri()
    mongod, place = running_in(data_dir), Place(data_dir)
    monkeypatch.setattr("app.mongod.running", lambda _place: None)
    monkeypatch.setattr("app.mongod.ENDING_SECONDS", 0.3)
    begun = time.monotonic()
    wait_for_its_end(place)
    assert time.monotonic() - begun >= 0.3
    os.kill(mongod.pid, signal.SIGKILL)
    monkeypatch.setattr("app.mongod.ENDING_SECONDS", 30.0)
    wait_for_its_end(place)
    assert time.monotonic() - begun < 20
    assert not listens(mongod.port)
    assert free_port(place) == mongod.port


def test_new_port_is_none_of_outgoing_connections_and_the_old_one_is_kept(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.root.mkdir()
    lowest = int(OUTGOING_PORTS.read_text().split()[0])
    port = free_port(place)
    assert port in quiet_ports()
    assert port < lowest or quiet_ports().stop == 65_536
    place.port.write_text(str(port))
    assert free_port(place) == port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert free_port(place) != port
