"""A backup of a running program, and going back to it: whole processes, the commands as an administrator types them."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from config import PROJECT_ROOT
from tests.fixtures.program import START_SECONDS, Program, until

pytestmark = pytest.mark.slow


def command(program: Program, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", *arguments], cwd=PROJECT_ROOT, env=program.environ,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def first_page(program: Program) -> str:
    """Where a stranger is led: to the login, or to making the first administrator."""
    with urllib.request.urlopen(f"http://127.0.0.1:{program.port}/companies/", timeout=30) as answer:
        return str(answer.url)


def test_a_running_program_is_backed_up_and_taken_back_after_it_has_been_stopped(
    start: Callable[..., Program], tmp_path: Path
) -> None:
    program, file = start(), tmp_path / "backup.zip"
    assert until(program.is_up, START_SECONDS), program.state()
    loaded = command(program, "load-demo", "--companies", "20", "--people", "20", "--activities", "20",
                     "--opportunities", "5", "--password", "kortisto-demo-1")  # fmt: skip
    assert loaded.returncode == 0, loaded.stderr
    written = command(program, "backup", str(file))
    assert written.returncode == 0, written.stderr
    assert "secret_key" in written.stdout
    refused = command(program, "restore", str(file), "--yes")
    assert refused.returncode == 1
    assert "stop it first" in refused.stderr
    os.kill(program.process.pid, signal.SIGTERM)
    program.process.wait(timeout=60)
    restored = command(program, "restore", str(file), "--yes")
    assert restored.returncode == 0, restored.stderr
    again = start()
    assert until(again.is_up, START_SECONDS), again.state()
    assert "/login" in first_page(again)
