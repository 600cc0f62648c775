"""Start Kortisto: `python run.py` starts everything, `python run.py web` or `python run.py worker` one part."""

import logging
import socket
import sys
import time
from collections.abc import Sequence

import click
from pymongo import MongoClient
from pymongo.errors import PyMongoError

import app
from app.database import ensure_database, limit_database_log, release_database
from app.logs import configure_logging, limit_log_file
from app.mongod import DatabaseError
from app.supervisor import Part, Supervisor
from config import Settings, SettingsError, load_settings, secret_key
from services.first_start import PATH, first_start_code

MODULES = {"web": "app.web_server", "worker": "app.worker", "mail worker": "app.mail_worker"}
#: What the arguments start.
PARTS = {"web": ("web",), "worker": ("worker", "mail worker")}
# A request has 5 s to end by gunicorn's grace; a job that is cut short goes on where it stopped.
STOP_SECONDS = 8.0
OLDEST_MONGODB = (6, 0)
REACH_SECONDS = 10.0
PORT_SECONDS = 5.0
LOG_CHECK_SECONDS = 60.0
DATABASE_CHECK_SECONDS = 2.0

logger = logging.getLogger("kortisto")


class StartError(RuntimeError):
    """Kortisto can't start; the text is a sentence that says what to do."""


class Watch:
    """What the supervisor does besides keeping the parts: the announcement, the database, the size of the logs."""

    def __init__(self, settings: Settings, uri: str, parts: Sequence[Part]) -> None:
        self.settings = settings
        self.uri = uri
        self.parts = parts
        self.to_announce = any(part.name == "web" for part in parts)
        self.next_database_check = 0.0
        self.next_log_check = 0.0

    def tick(self) -> None:
        now = time.monotonic()
        if self.to_announce and is_listening(self.settings):
            self.to_announce = False
            announce(self.settings)
        if now >= self.next_database_check:
            self.next_database_check = now + DATABASE_CHECK_SECONDS
            self.revive_database()
        if now >= self.next_log_check:
            self.next_log_check = now + LOG_CHECK_SECONDS
            limit_log_file(self.settings)
            limit_database_log(self.settings)

    def revive_database(self) -> None:
        """Start the embedded database again should it have been killed; the other processes reconnect to it.

        Should another program have taken its port meanwhile, they can't: then they start anew as well.
        """
        try:
            uri = ensure_database(self.settings)
        except DatabaseError as error:
            logger.error("%s", error)
            return
        if uri != self.uri:
            self.uri = uri
            logger.error("The database had to move to another port; the web server and the worker start again")
            for part in self.parts:
                part.end()


def announce(settings: Settings) -> None:
    click.echo(f"\nKortisto is at {settings.address} (Ctrl-C stops it).")
    code = first_start_code(secret_key(settings))
    if code:
        click.echo(f"There is no user yet: create the administrator at {settings.address}{PATH} with the code {code}")


def is_listening(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    try:
        with socket.create_connection((host, settings.port), timeout=1):
            return True
    except OSError:
        return False


def check_port(settings: Settings) -> None:
    """Raise StartError unless the web server will be able to listen; a server just ending gets PORT_SECONDS."""
    deadline = time.monotonic() + PORT_SECONDS
    while True:
        try:
            family, kind, _, _, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, kind) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
                return
        except OSError as error:
            if time.monotonic() > deadline or isinstance(error, socket.gaierror | PermissionError):
                raise StartError(
                    f"Port {settings.port} of {settings.host} can't be used ({error.strerror}): "
                    "end the program that uses it, or set KORTISTO_HOST or KORTISTO_PORT to another."
                ) from error
        time.sleep(0.2)


def check_database(uri: str) -> None:
    """Raise StartError unless `uri` is a MongoDB that we can work with: new enough, and able to do transactions."""
    try:
        client: MongoClient = MongoClient(uri, serverSelectionTimeoutMS=int(REACH_SECONDS * 1000))
        with client:
            version = client.server_info()["versionArray"]
            hello = client.admin.command("hello")
    except PyMongoError as error:
        reason = str(error).partition(",")[0]
        raise StartError(f"MongoDB can't be used ({reason}): start it, or correct KORTISTO_MONGODB_URI.") from error
    if tuple(version[:2]) < OLDEST_MONGODB:
        raise StartError("This MongoDB is too old: set KORTISTO_MONGODB_URI to one of version 6.0 or newer.")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        raise StartError(
            "This MongoDB is no replica set: make it one (mongod --replSet), or correct KORTISTO_MONGODB_URI."
        )


def start(names: Sequence[str]) -> None:
    """Start the parts and keep them running until a signal. Raises StartError, SettingsError or DatabaseError."""
    settings = load_settings()
    configure_logging(settings)
    if "web" in names:
        check_port(settings)
    uri = ensure_database(settings)
    check_database(uri)
    try:
        app.prepare(settings)
    except TimeoutError as error:
        raise StartError(f"Kortisto can't start yet: {error}. Start it again when that one is done.") from error
    parts = [Part(part, MODULES[part], STOP_SECONDS) for name in names for part in PARTS[name]]
    Supervisor(parts, Watch(settings, uri, parts).tick).run()


def main(arguments: Sequence[str]) -> int:
    if arguments and (len(arguments) > 1 or arguments[0] not in PARTS):
        click.echo("usage: python run.py [web|worker]", err=True)
        return 2
    try:
        start(arguments or list(PARTS))
    except (StartError, SettingsError, DatabaseError) as error:
        click.echo(str(error), err=True)
        return 1
    except KeyboardInterrupt:
        # Ctrl-C before the parts had started.
        return 1
    finally:
        release_database()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
