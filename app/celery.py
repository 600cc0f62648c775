"""Binding Celery to the settings. A message is only a wake-up: what is to be done stands in job documents."""

from typing import Any
from urllib.parse import urlsplit

from celery import Celery

from app.mongodb_uri import with_database
from config import DATABASE_NAME, Settings

WAKE_SECONDS = 10.0
WAKE_TASK = "kortisto.jobs.wake_due"
DELIVER_TASK, MAIL_QUEUE = "kortisto.mail.deliver", "mail"
EMPTY_TASK, COLLECT_TASK, HOUR = "kortisto.recycle_bin.empty", "kortisto.files.collect", 3_600.0
WORKER_PROCESSES = 2

# What beat sends, and when. A wake-up that no worker took before the next one is worth nothing any more.
BEAT: dict[str, dict[str, Any]] = {
    "wake due jobs": {"task": WAKE_TASK, "schedule": WAKE_SECONDS, "options": {"expires": WAKE_SECONDS}},
    "remind and send": {"task": DELIVER_TASK, "schedule": WAKE_SECONDS, "options": {"expires": WAKE_SECONDS}},
    "collect files": {"task": COLLECT_TASK, "schedule": HOUR, "options": {"expires": HOUR}},
    "empty the recycle bin": {"task": EMPTY_TASK, "schedule": HOUR, "options": {"expires": HOUR}},
}


def make_celery(settings: Settings, uri: str) -> Celery:
    """The Celery application that every shared task of this process belongs to.

    `uri` is the database's, its name included; it carries the messages unless KORTISTO_BROKER_URL is set. Nothing
    connects before the first message is sent or taken.
    """
    celery = Celery("kortisto", set_as_current=False)
    celery.conf.update(
        broker_url=settings.broker_url or mongodb_broker(uri),
        broker_connection_retry_on_startup=True,
        # kombu looks for messages once a second by default, and counts the queue before each look.
        broker_transport_options={} if settings.broker_url else {"polling_interval": 0.3, "calc_queue_size": False},
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.2},
        timezone="UTC",
        # Jobs may keep every process of the worker for hours: reminders and e-mail have a worker of their own.
        task_routes={DELIVER_TASK: {"queue": MAIL_QUEUE}},
        worker_concurrency=WORKER_PROCESSES,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_enable_remote_control=False,
        # A child makes its Flask application before it reports that it is up.
        worker_proc_alive_timeout=60,
        # Kilobytes: a child that has grown larger is replaced after its task.
        worker_max_memory_per_child=1_000_000,
        beat_schedule=BEAT,
        beat_schedule_filename=str(settings.data_dir / "celerybeat-schedule"),
    )
    # set_current would bind the shared tasks in this thread only.
    celery.set_default()
    return celery


def mongodb_broker(uri: str) -> str:
    """The same MongoDB as a broker, with a database of its own for the messages."""
    name = urlsplit(uri).path.strip("/") or DATABASE_NAME
    return with_database(uri, f"{name}_broker")
