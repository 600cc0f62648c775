"""`python run.py` as a whole: it starts, answers, stops without leaving anybody, and recovers from any kill."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.mongod import Place, running, stop
from config import PROJECT_ROOT

pytestmark = pytest.mark.slow

START_SECONDS = 60.0
STOP_SECONDS = 30.0


def until(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def processes_of(folder: Path) -> list[int]:
    """Ids of all processes that this test started: its folder stands in their environment."""
    mark = f"KORTISTO_DATA_DIR={folder}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


class Program:
    """A run of run.py in a folder of its own."""

    def __init__(self, folder: Path, port: int, *arguments: str) -> None:
        self.folder, self.port, self.output = folder, port, folder.with_name("output.txt")
        environ = {name: value for name, value in os.environ.items() if not name.startswith("KORTISTO_")}
        environ |= {"KORTISTO_DATA_DIR": str(folder), "KORTISTO_PORT": str(port)}
        with self.output.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "run.py", *arguments],
                cwd=PROJECT_ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

    def health(self) -> str:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5) as response:
                return str(json.load(response)["status"])
        except urllib.error.HTTPError as error:
            with error:
                return str(json.load(error)["status"])
        except OSError:
            return "no answer"

    def is_up(self) -> bool:
        return self.health() == "ok"

    def children(self, module: str) -> list[int]:
        """Ids of the processes of one part."""
        lines = ((pid, Path(f"/proc/{pid}/cmdline").read_bytes()) for pid in processes_of(self.folder))
        return [pid for pid, line in lines if module.encode() in line]

    def kill_everything(self) -> None:
        for pid in processes_of(self.folder):
            os.kill(pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path, port: int) -> Iterator[Callable[..., Program]]:
    folder = tmp_path / "data"
    started: list[Program] = []

    def begin(*arguments: str) -> Program:
        started.append(Program(folder, port, *arguments))
        return started[-1]

    yield begin
    for program in started:
        program.kill_everything()
    if mongod := running(Place(folder)):
        assert stop(Place(folder), mongod)


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
