"""Have every write of a piece of work fail once, the first, then the second and so on, until the work goes through."""

from collections.abc import Callable
from typing import Any

import pytest
from pymongo.collection import Collection

from models.changes import Change, DeletedRecord
from models.companies import Company
from models.people import Person
from models.relationships import Relationship

WRITES = ("bulk_write", "insert_many", "insert_one", "delete_one", "delete_many", "replace_one", "update_one",
          "update_many")  # fmt: skip


class MachineOnFire(Exception):
    """The fault: it comes right after a write has been sent."""


def state() -> tuple:
    """Everything there is of records, links and history, in a form that can be compared."""
    return tuple(
        tuple(sorted(repr(sorted(raw.items())) for raw in document._get_collection().find()))
        for document in (Company, Person, Change, DeletedRecord, Relationship)
    )


def failed_at_each_write(monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any]) -> int:
    """How many writes failed before `work` went through; after each the state was the one before."""
    before, writes, fail_at = state(), [0], [0]

    def broken(name: str) -> Callable[..., Any]:
        real = getattr(Collection, name)

        def write(self: Any, *args: Any, **options: Any) -> Any:
            result = real(self, *args, **options)
            writes[0] += 1
            if writes[0] == fail_at[0]:
                raise MachineOnFire
            return result

        return write

    with monkeypatch.context() as patch:
        for name in WRITES:
            patch.setattr(Collection, name, broken(name))
        failures = 0
        while True:
            writes[0], fail_at[0] = 0, failures + 1
            try:
                work()
            except MachineOnFire:
                failures += 1
                assert state() == before
                continue
            break
    assert state() != before
    return failures
