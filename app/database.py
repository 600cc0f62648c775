"""The database every process connects to: the one that is set, else the embedded one, started when it is not up.

Each process using the embedded database holds a shared lock on a file; the last one to let go stops mongod. Starting
and stopping are decided under a second, exclusive lock, so that processes starting at the same moment agree. The
kernel drops the locks of a killed process, and mongod itself is found again through /proc: nothing has to be cleaned
up after a crash.
"""

import atexit
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from signal import SIGILL

from app.locks import exclusive, is_unused, share, try_lock
from app.mongod import (
    FILES_HELD,
    PORT_TAKEN,
    DatabaseError,
    Mongod,
    Place,
    free_port,
    limit_log,
    listens,
    wait_for_its_end,
)
from app.mongod import running as running_mongod
from app.mongod import spawn as spawn_mongod
from app.mongod import stop as stop_mongod
from app.mongodb_uri import has_database, with_database
from app.replica_set import REPLICA_SET, USER, configure
from config import DATABASE_NAME, Settings, kept_secret

LISTEN_SECONDS = 120.0
START_ATTEMPTS = 3


@dataclass
class Use:
    """This process's use of one embedded database."""

    pid: int
    lock: int
    mongod: Mongod


_uses: dict[Path, Use] = {}


def ensure_database(settings: Settings) -> str:
    """The MongoDB URI to connect to, its database's name included; the embedded database is up when this returns.

    Cheap when called again. Raises DatabaseError with one sentence saying what to do.
    """
    if settings.mongodb_uri:
        uri = settings.mongodb_uri
        return uri if has_database(uri) else with_database(uri, DATABASE_NAME)
    place = Place(settings.data_dir)
    use = _uses.get(settings.data_dir)
    if use is None or use.pid != os.getpid() or running_mongod(place) != use.mongod:
        use = _begin_use(place)
    password = place.password.read_text()
    return f"mongodb://{USER}:{password}@127.0.0.1:{use.mongod.port}/{DATABASE_NAME}?authSource=admin&replicaSet={REPLICA_SET}"


def release_database() -> None:
    """Let go of the embedded databases this process uses; the last user of each stops it."""
    for data_dir, use in list(_uses.items()):
        del _uses[data_dir]
        if use.pid == os.getpid():
            _end_use(Place(data_dir), use)


def works_elsewhere(data_dir: Path) -> bool:
    """Whether other processes use the embedded database that this one uses; of a MongoDB of one's own nobody knows."""
    use = _uses.get(data_dir)
    if use is None:
        return False
    with exclusive(Place(data_dir).start_lock):
        try:
            return not try_lock(use.lock, fcntl.LOCK_EX)
        finally:
            fcntl.flock(use.lock, fcntl.LOCK_SH)


def limit_database_log(settings: Settings) -> None:
    """Keep the embedded database's log small; called now and then by the process that runs for long."""
    if not settings.mongodb_uri:
        place = Place(settings.data_dir)
        limit_log(place, running_mongod(place))


atexit.register(release_database)


def _begin_use(place: Place) -> Use:
    try:
        place.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.root.mkdir(exist_ok=True, mode=0o700)
        with exclusive(place.start_lock):
            mongod = _running_or_started(place)
            use = _uses.get(place.data_dir)
            # A lock inherited through a fork is the parent's: it says nothing about this process.
            lock = use.lock if use and use.pid == os.getpid() else share(place.users_lock)
    except TimeoutError as error:
        raise DatabaseError(f"The database is not to be had: {error}; end that process.") from error
    except OSError as error:
        raise DatabaseError(
            f"The data folder {place.data_dir} can't be used ({error.strerror or error}): "
            "make it writable or set KORTISTO_DATA_DIR to another folder."
        ) from error
    _uses[place.data_dir] = Use(os.getpid(), lock, mongod)
    return _uses[place.data_dir]


def _end_use(place: Place, use: Use) -> None:
    try:
        with exclusive(place.start_lock):
            os.close(use.lock)
            mongod = running_mongod(place)
            if mongod and is_unused(place.users_lock):
                stop_mongod(place, mongod)
    except FileNotFoundError:
        # Somebody removed the data folder under us; mongod without its files has ended or will.
        return


def _running_or_started(place: Place) -> Mongod:
    key, password = kept_secret(place.key), kept_secret(place.password)
    mongod = _started(place)
    configure(mongod.port, key, password)
    place.port.write_text(str(mongod.port))
    place.port.chmod(0o600)
    return mongod


def _started(place: Place) -> Mongod:
    """Our mongod, listening: the one that runs already, else a new one.

    One that was killed is waited for, for its last threads hold port and files. A new one can still find its port
    taken in the meantime, or the files held by one that had not yet written its process id: then once more.
    """
    for _ in range(START_ATTEMPTS):
        found = running_mongod(place)
        if found and _until_listening(place, found):
            return found
        wait_for_its_end(place)
        code = spawn_mongod(place, free_port(place))
        if code == PORT_TAKEN:
            place.port.unlink(missing_ok=True)
        elif code not in (0, FILES_HELD):
            raise DatabaseError(_why_not(code, place))
    raise DatabaseError(_why_not(code, place))


def _until_listening(place: Place, mongod: Mongod) -> bool:
    """Wait for a mongod that another process has started, or was about to stop; False if it ends."""
    deadline = time.monotonic() + LISTEN_SECONDS
    while running_mongod(place) == mongod and time.monotonic() < deadline:
        if listens(mongod.port):
            return True
        time.sleep(0.02)
    return False


def _why_not(code: int, place: Place) -> str:
    """One sentence on why mongod ended with this exit code."""
    if code == -SIGILL:
        return "The embedded MongoDB needs a processor with AVX: set KORTISTO_MONGODB_URI to a MongoDB replica set."
    said = place.output.read_text(errors="replace").strip().splitlines()
    if code == 127 and said:
        return f"The embedded MongoDB can't run here ({said[-1]}): set KORTISTO_MONGODB_URI to a MongoDB replica set."
    return f"The embedded MongoDB did not start (exit code {code}): its log is {place.log}."
