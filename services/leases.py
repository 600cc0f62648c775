"""Who holds a job: the process, by a name that tells others on the same machine whether it still runs."""

import datetime as dt
import logging
import os
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from services.records import now

log = logging.getLogger(__name__)

#: A holder that was not heard of for so long has lost its job. A holder on the same machine is looked up at once.
LEASE = dt.timedelta(seconds=45)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PID_SPACE = Path("/proc/self/ns/pid")
HEARTBEAT_SECONDS = 10.0
#: How long others wait for what one process does for the whole installation.
ALONE_SECONDS = 180.0
#: Where such holds stand: `_id` is what is done, with `holder` and `lease_until`.
ALONE = "leases"


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


@contextmanager
def renewed(collection: Collection, held: Mapping[str, Any]) -> Iterator[None]:
    """Renew the lease of the document `held` in the background, while something long is done."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(HEARTBEAT_SECONDS):
            try:
                collection.update_one(held, {"$set": {"lease_until": now() + LEASE}})
            except PyMongoError as error:
                log.warning("the lease of %s could not be renewed: %s", held["_id"], error)

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def alone(database: Database, what: str, seconds: float = ALONE_SECONDS) -> Iterator[None]:
    """Do `what` while no other process on any machine does. Raises TimeoutError after waiting for so many seconds."""
    holds, holder, deadline = database[ALONE], new_holder(), time.monotonic() + seconds
    while not taken(holds, what, holder):
        if time.monotonic() > deadline:
            raise TimeoutError(f"another process has been at “{what}” for {seconds:.0f} s")
        time.sleep(0.1)
    held = {"_id": what, "holder": holder}
    try:
        with renewed(holds, held):
            yield
    finally:
        holds.delete_one(held)


def taken(holds: Collection, what: str, holder: str) -> bool:
    other = holds.find_one({"_id": what})
    if other is not None and is_gone(other["holder"]):
        holds.delete_one({"_id": what, "holder": other["holder"]})
    mine = {"$set": {"holder": holder, "lease_until": now() + LEASE}}
    try:
        # One that is held does not match, and can't be made a second time.
        holds.update_one({"_id": what, "lease_until": {"$lt": now()}}, mine, upsert=True)
    except DuplicateKeyError:
        return False
    return True
