"""The worker of reminders and e-mail, as a process of its own: `python -m app.mail_worker`.

The other worker's processes may all be busy with long jobs; this one does nothing else than its rounds
(`services.rounds`), one at a time in this very process.
"""

from celery.signals import setup_logging, worker_process_init

from app.celery import MAIL_QUEUE, make_celery
from app.database import ensure_database
from app.worker import Worker, main
from config import Settings


def serve(settings: Settings) -> int:
    """Run until told to stop; answers the exit code."""
    celery = make_celery(settings, ensure_database(settings))
    worker = Worker(settings)
    celery.Task = worker.task_class()
    # The pool of this worker is its own process, and begins as a child does.
    worker_process_init.connect(worker.begin_child, weak=False)
    setup_logging.connect(worker.keep_logging, weak=False)
    program = celery.Worker(pool="solo", queues=[MAIL_QUEUE], quiet=True, without_gossip=True, without_mingle=True,
                            without_heartbeat=True)  # fmt: skip
    program.start()
    return int(program.exitcode or 0)


if __name__ == "__main__":
    main(serve)
