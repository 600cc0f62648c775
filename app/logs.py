"""Logging: readable lines with the id of the request they belong to, to standard error and to a file.

Several processes append to the same file. Whichever finds it full puts it aside under a lock, and the others notice
that it has gone (WatchedFileHandler), so no line lands in a file that somebody rotates away.
"""

import logging
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask

from app.locks import exclusive
from config import Settings

LOG_LIMIT = 10 * 1024 * 1024
KEPT_LOGS = 4
LINE = "%(asctime)s %(levelname)-7s [%(process)d %(request_id)s] %(name)s: %(message)s"
QUIETER = ("flask_appbuilder", "pymongo", "amqp", "celery", "kombu", "urllib3")
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
#: What stands after one of these is an address that only its reader knows.
SECRET_PATHS = ("/unsubscribe/", "/calendar/feed/")
UNLOGGED = ("/health", "/static/")

request_id: ContextVar[str] = ContextVar("request_id", default="-")
logger = logging.getLogger(__name__)


class RequestIdFilter(logging.Filter):
    """Adds the current request's (or task's) id to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class RequestIds:
    """WSGI middleware: gives each request an id, answers it as X-Request-ID, and logs one line a request.

    An id sent by a proxy is kept if it is plain; the line has no query string, which may hold personal data.
    """

    def __init__(self, wsgi_app: Callable[..., Iterable[bytes]]) -> None:
        self.wsgi_app = wsgi_app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        sent = environ.get("HTTP_X_REQUEST_ID", "")
        current = sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)
        request_id.set(current)
        environ["kortisto.request_id"] = current
        started = time.perf_counter()

        def answer(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
            log_request(environ, status, time.perf_counter() - started)
            return start_response(status, [*headers, ("X-Request-ID", current)], *args)

        return self.wsgi_app(environ, answer)


def log_request(environ: dict[str, Any], status: str, seconds: float) -> None:
    path = without_secret(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
    level = logging.DEBUG if path.startswith(UNLOGGED) else logging.INFO
    # Quoted, because a line break in the path would forge a line of the log.
    plain = quote(path.encode("latin-1", "replace"))
    logger.log(level, "%s %s %s %.0f ms", environ.get("REQUEST_METHOD"), plain, status[:3], seconds * 1000)


def without_secret(path: str) -> str:
    """A path without what follows one of SECRET_PATHS: whoever knows it may act by it, and it may name a person."""
    found = next((one for one in SECRET_PATHS if one in path), "")
    return path[: path.index(found) + len(found)] + "..." if found else path


def init_logging(app: Flask, settings: Settings) -> None:
    """Log as the settings say, with request ids."""
    configure_logging(settings)
    app.wsgi_app = RequestIds(app.wsgi_app)  # type: ignore[method-assign]


def configure_logging(settings: Settings) -> None:
    """Send this process's log to standard error and to the log file; done again, it replaces its own handlers."""
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if (handler.name or "").startswith("kortisto")]:
        root.removeHandler(handler)
        handler.close()
    for name, handler in {"kortisto-stderr": logging.StreamHandler(sys.stderr), **_file_handler(settings)}.items():
        handler.name = name
        handler.setFormatter(logging.Formatter(LINE))
        handler.addFilter(RequestIdFilter())
        root.addHandler(handler)
    root.setLevel(settings.log_level)
    for name in QUIETER:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    # It advises to create the first user by a command, at every start of every process; run.py says it better.
    logging.getLogger("flask_appbuilder.security.manager").setLevel(logging.ERROR)


def _file_handler(settings: Settings) -> dict[str, logging.Handler]:
    """The handler of the log file; without one, standard error alone must do."""
    path = log_file(settings)
    try:
        # The mode of mkdir is for the last folder only, and the data folder may be new.
        settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        limit_log_file(settings)
        return {"kortisto-file": WatchedFileHandler(path, encoding="utf-8")}
    except OSError as error:
        logger.warning("The log file can't be written: %s", error)
        return {}


def log_file(settings: Settings) -> Path:
    return settings.data_dir / "logs" / "kortisto.log"


def limit_log_file(settings: Settings) -> None:
    """Put the log file aside when it is full, the oldest of KEPT_LOGS going; cheap, to be called now and then."""
    path = log_file(settings)
    if path.stat().st_size < LOG_LIMIT:
        return
    with exclusive(path.with_name("rotate.lock")):
        # Another process may have done it while we waited.
        if path.stat().st_size < LOG_LIMIT:
            return
        kept = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT_LOGS + 1))]
        for older, newer in zip(reversed(kept), reversed(kept[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)
        path.touch(mode=0o600)
