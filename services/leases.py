"""Who holds a job: the process, by a name that tells others on the same machine whether it still runs."""

import datetime as dt
import os
import uuid
from functools import lru_cache
from pathlib import Path

#: A holder that was not heard of for so long has lost its job. A holder on the same machine is looked up at once.
LEASE = dt.timedelta(seconds=45)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_SPACE = Path("/proc/self/ns/pid")


@lru_cache(maxsize=1)
def machine() -> str:
    """This boot of this machine and its space of process ids (a container has its own); empty where unknown."""
    try:
        return f"{BOOT_ID.read_text().strip()}/{os.readlink(PID_SPACE)}"
    except OSError:
        return ""


def process_name() -> str:
    """A name for this process that tells it from all others; its connection to the database is called so too."""
    return f"{machine()} {os.getpid()}"


def new_holder() -> str:
    """A name for this process's hold on one job, never used again."""
    return f"{process_name()} {uuid.uuid4().hex}"


def process_of(holder: str) -> str:
    """The name of the process whose hold this is."""
    return holder.rpartition(" ")[0]


def is_gone(holder: str) -> bool:
    """Whether the holder was a process of this machine and runs no more. False where that can't be known."""
    place, _, rest = process_of(holder).rpartition(" ")
    if not machine() or place != machine() or not rest.isdigit():
        return False
    try:
        # A killed process stays as a zombie until its parent has looked.
        return Path(f"/proc/{rest}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
