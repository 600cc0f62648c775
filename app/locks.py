"""Advisory locks on files: how processes of one machine agree on who does what.

The kernel drops them with the process that holds them, however it ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK_SECONDS = 180.0


@contextmanager
def exclusive(path: Path, seconds: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the lock `path` alone; raises TimeoutError when it was not to be had within `seconds`."""
    lock = open_lock(path)
    try:
        deadline = time.monotonic() + seconds
        while not try_lock(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{path} has been locked by another process for {seconds:.0f} s")
            time.sleep(0.02)
        yield
    finally:
        os.close(lock)


def share(path: Path) -> int:
    """Hold the lock `path` together with others; closing the answered descriptor lets go."""
    lock = open_lock(path)
    fcntl.flock(lock, fcntl.LOCK_SH)
    return lock


def is_unused(path: Path) -> bool:
    """Whether nobody holds the lock `path` at this moment."""
    lock = open_lock(path)
    try:
        return try_lock(lock, fcntl.LOCK_EX)
    finally:
        os.close(lock)


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def try_lock(lock: int, kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
