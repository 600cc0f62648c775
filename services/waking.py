"""Telling the workers that something is due. A lost message loses nothing: beat looks again in seconds."""

import logging
from typing import Any

from celery import Task
from kombu.exceptions import OperationalError
from pymongo.errors import PyMongoError

log = logging.getLogger(__name__)


def wake_up(task: Task, **options: Any) -> None:
    """Send a task to the workers after a commit; where the broker can't be reached, beat's next one does the work."""
    try:
        task.apply_async(ignore_result=True, retry=False, **options)
    except (OperationalError, PyMongoError, OSError) as error:
        log.warning("the worker could not be woken: %s", error)
