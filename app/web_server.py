"""The web server, gunicorn with threads, as a process of its own: `python -m app.web_server`."""

import sys
from pathlib import Path
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from app import create_app
from app.logs import configure_logging
from app.parent import end_with_parent
from config import Settings, load_settings

SHARED_MEMORY = Path("/dev/shm")


class PlainLogger(Logger):
    """gunicorn's messages in the same log as ours."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class WebServer(BaseApplication):
    """gunicorn configured by our settings; the Flask application is made in each worker, after the fork."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in gunicorn_config(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return create_app(self.settings)


def gunicorn_config(settings: Settings) -> dict[str, Any]:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{host}:{settings.port}",
        "worker_class": "gthread",
        "workers": settings.web_workers,
        "threads": settings.web_threads,
        "preload_app": False,
        "timeout": 120,
        "graceful_timeout": 5,
        "keepalive": 5,
        # Addresses of lists carry their filters.
        "limit_request_line": 8190,
        "logger_class": PlainLogger,
        # Heartbeat files on a disk can block a worker when the disk is busy.
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        # Forwarded headers are Flask's matter (app.proxies); gunicorn would believe any local process.
        "forwarded_allow_ips": "",
        "control_socket_disable": True,
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        end_with_parent(int(sys.argv[1]))
    loaded = load_settings()
    configure_logging(loaded)
    WebServer(loaded).run()
