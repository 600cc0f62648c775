"""One transaction around a service's writes: all of them or none."""

from collections.abc import Callable
from typing import TypeVar

import mongoengine as me
from pymongo.client_session import ClientSession
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

Result = TypeVar("Result")


def in_transaction(work: Callable[[ClientSession], Result]) -> Result:
    """Run `work(session)` in a transaction and return what it returns.

    MongoDB may ask for a second try, so `work` must do nothing but reads and writes with that session: what
    follows from a commit (waking the worker) stands behind this call.
    """
    with me.get_connection().start_session() as session:
        return session.with_transaction(
            work, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", wtimeout=10_000)
        )
