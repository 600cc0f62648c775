"""One transaction around a service's writes: all of them or none. What killed processes leave open is aborted."""

import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import mongoengine as me
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

log = logging.getLogger(__name__)
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


def abort_left_by(processes: Sequence[str]) -> None:
    """Abort the transactions that killed processes, by the names of their connections, have left open.

    The database would keep them for a minute, and let nobody write what they have written.
    """
    admin = me.get_connection().admin
    theirs = {"appName": {"$in": list(processes)}, "transaction": {"$exists": True}}
    try:
        left = list(admin.aggregate([{"$currentOp": {"idleSessions": True}}, {"$match": theirs}]))
        if left:
            sessions = [{"id": one["lsid"]["id"]} for one in left]
            admin.command("killSessions", sessions, codec_options=admin.codec_options)
    except OperationFailure as error:
        # Where the database's user may do neither, the minute has to pass.
        log.warning("transactions of killed processes stay open for a minute: %s", error)
