"""Work that takes longer than a page may: a job is a document, a message only wakes a worker."""

from enum import StrEnum

import mongoengine as me


class JobState(StrEnum):
    """waiting -> running -> done, failed or cancelled."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


class Job(me.Document):
    """One piece of work with its progress, result and log.

    `params` is what its handler needs (ids and plain values), `position` where it goes on after a stop; a worker
    holds it by `lease_until`, renewed by a heartbeat. Times are UTC.
    """

    kind = me.StringField(required=True)
    title = me.StringField(default="")
    owner = me.ObjectIdField()
    #: The API key by which it was started: the job may do what the key may.
    api_key = me.ObjectIdField()
    state = me.StringField(required=True, choices=[state.value for state in JobState], default=JobState.WAITING.value)
    params = me.DictField()
    position = me.DictField()
    done = me.IntField(default=0)
    total = me.IntField()
    message = me.StringField(default="")
    log = me.ListField(me.StringField())
    result = me.DictField()
    result_file = me.ObjectIdField()
    created_at = me.DateTimeField(required=True)
    started_at = me.DateTimeField()
    ended_at = me.DateTimeField()
    lease_until = me.DateTimeField()
    worker = me.StringField()
    attempts = me.IntField(default=0)
    cancel_requested = me.BooleanField(default=False)
    language = me.StringField(default="en")

    meta = {
        "collection": "job",
        "auto_create_index": False,
        "indexes": [["state", "lease_until"], ["owner", "-created_at"]],
        "ordering": ["-created_at"],
        "strict": False,
    }

    def __str__(self) -> str:
        return self.title or self.kind
