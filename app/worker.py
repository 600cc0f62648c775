"""The Celery worker with beat, as a process of its own: `python -m app.worker`."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from celery import Celery, Task
from celery.bootsteps import RUN
from celery.signals import beat_embedded_init, setup_logging, worker_process_init, worker_ready
from flask import Flask

from app import create_app
from app.celery import WAKE_TASK, make_celery
from app.database import ensure_database
from app.logs import configure_logging, request_id
from app.parent import end_with_parent
from config import Settings, load_settings

BEAT_CHECK_SECONDS = 2.0

logger = logging.getLogger(__name__)


class Worker:
    """What the worker's signals need to know: its settings, and in each child the Flask application."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.app: Flask | None = None

    def begin_child(self, **_: Any) -> None:
        """In each child, after the fork: a database connection can't be taken through it."""
        end_with_parent(os.getppid())
        self.app = create_app(self.settings)

    def keep_logging(self, **_: Any) -> None:
        """Connected so that Celery leaves logging as it is."""

    def task_class(self) -> type[Task]:
        """Tasks that run inside the Flask application, a context for each, their id in the log."""
        worker = self

        class AppTask(Task):
            abstract = True

            def __call__(self, *args: Any, **kwargs: Any) -> Any:
                if worker.app is None:
                    raise RuntimeError("tasks run in the worker's children only")
                request_id.set(str(self.request.id or "-"))
                with worker.app.app_context():
                    return super().__call__(*args, **kwargs)

        return AppTask


def wake(celery: Celery) -> None:
    """Look for due jobs at once: some may have been left by a worker that was killed."""
    celery.send_task(WAKE_TASK)


def end_without_beat(program: Any) -> None:
    """End the worker at once should beat be killed, which Celery does not notice: whoever started us starts both anew.

    Without beat nobody would look for the jobs that killed workers have left.
    """
    while True:
        time.sleep(BEAT_CHECK_SECONDS)
        beat = getattr(program, "beat", None)
        if program.blueprint.state == RUN and beat is not None and beat.exitcode is not None:
            logger.error("Beat has ended (exit code %s); the worker starts again", beat.exitcode)
            logging.shutdown()
            os._exit(1)


def serve(settings: Settings) -> int:
    """Run the worker until it is told to stop; answers its exit code."""
    celery = make_celery(settings, ensure_database(settings))
    worker = Worker(settings)
    celery.Task = worker.task_class()
    worker_process_init.connect(worker.begin_child, weak=False)
    # Beat is a child as well, but none of the pool's.
    beat_embedded_init.connect(lambda **_: end_with_parent(os.getppid()), weak=False)
    setup_logging.connect(worker.keep_logging, weak=False)
    worker_ready.connect(lambda **_: wake(celery), weak=False)
    program = celery.Worker(beat=True, quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True)
    threading.Thread(target=end_without_beat, args=(program,), daemon=True).start()
    program.start()
    return int(program.exitcode or 0)


def main(serving: Callable[[Settings], int]) -> NoReturn:
    """Serve as a process of its own, which ends with the one whose id its first argument is."""
    if len(sys.argv) > 1:
        end_with_parent(int(sys.argv[1]))
    loaded = load_settings()
    configure_logging(loaded)
    sys.exit(serving(loaded))


if __name__ == "__main__":
    main(serve)
