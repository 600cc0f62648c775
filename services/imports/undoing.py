"""Undoing an import: what it added goes to the recycle bin, what it changed gets the values that it had before.

What somebody has changed since stays as it is, and is told. Fields and choices that it made go where nothing uses them.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Change, Source
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.bulk_edit import without
from services.history import UndoFailed
from services.imports.made_fields import put_away_made
from services.jobs import Run, handles
from services.records import MOST_ATTEMPTS, Origin, Overtaken, move_all_to_bin, replace_records

Raw = dict[str, Any]
KIND = "undo_import"
STEP = 500
CHANGED_SINCE = _l("It has been changed since.")


@handles(KIND)
def run_undo(run: Run) -> Raw:
    """The job: the import's entries from the last to the first, on from where it stopped."""
    batch = run.params["batch"]
    if run.job.get("total") is None:
        run.advance(0, total=Change._get_collection().count_documents({"batch": batch}))
    # What a try that is rolled back leaves in `run` must not count for the next one.
    while in_transaction_anew(partial(undo_step, run=run, batch=batch, done=run.job["done"], position=run.position)):
        pass
    gone = put_away_made(run.access, batch)
    if gone.told and not run.position.get("told"):
        in_transaction(partial(tell, run=run, lines=gone.told))
    counts = {name: run.position.get(name, 0) for name in ("removed", "restored", "kept")}
    message = _("%(removed)s records were removed, %(restored)s are as they were, %(kept)s stay as they are.", **counts)
    return {"message": " ".join(filter(None, [message, gone.message()])), "result": counts}


def tell(session: ClientSession, run: Run, lines: Sequence[str]) -> None:
    """Note the lines once, however often the job begins anew."""
    run.note(*lines, session=session)
    run.advance(run.job["done"], {**run.position, "told": True}, session=session)


def in_transaction_anew(work: Callable[[ClientSession], bool]) -> bool:
    """The work in a transaction; where somebody else has saved one of its records meanwhile, anew."""
    for _attempt in range(MOST_ATTEMPTS - 1):
        try:
            return in_transaction(work)
        except Overtaken:
            continue
    return in_transaction(work)


def undo_step(session: ClientSession, run: Run, batch: str, done: int, position: Raw) -> bool:
    """Take the entries back that follow the position; says whether there were any."""
    query: Raw = {"batch": batch} | ({"_id": {"$lt": position["last"]}} if "last" in position else {})
    entries = list(Change._get_collection().find(query, session=session).sort("_id", -1).limit(STEP))
    if not entries:
        return False
    step = UndoStep(session, run.access, batch, Origin(Source.UNDO, str(run.job["_id"])))
    for register in dict.fromkeys(entry["register"] for entry in entries):
        step.undo(register, [entry for entry in entries if entry["register"] == register])
    if step.told:
        run.note(*step.told, session=session)
    counts = {name: position.get(name, 0) + count for name, count in step.counts.items()}
    run.advance(done + len(entries), {"last": entries[-1]["_id"], **counts}, session=session)
    return True


class UndoStep:
    """Takes some entries of an import back, register by register."""

    def __init__(self, session: ClientSession, access: Access, batch: str, origin: Origin) -> None:
        self.session, self.access, self.batch, self.origin = session, access, batch, origin
        self.counts = {"removed": 0, "restored": 0, "kept": 0}
        self.told: list[str] = []

    def undo(self, register: str, entries: Sequence[Raw]) -> None:
        schema = schema_of(register)
        ids = [entry["record"] for entry in entries]
        rows = schema.register.document._get_collection().find({"_id": {"$in": ids}}, session=self.session)
        records = {raw["_id"]: raw for raw in rows if self.access.allows(register, "see", raw)}
        created = [entry["record"] for entry in entries if entry["action"] == "create"]
        self.remove(register, [records[one] for one in created if one in records])
        # What the import itself has added goes as a whole, with what it changed in it.
        added = self.added({entry["record"] for entry in entries if entry["action"] == "update"})
        changed = [entry for entry in entries if entry["action"] == "update" and entry["record"] not in added]
        self.restore(register, changed, records)

    def remove(self, register: str, rows: Sequence[Raw]) -> None:
        since = self.changed_since([raw["_id"] for raw in rows])
        going: list[Raw] = []
        for raw in rows:
            if raw["_id"] in since:
                self.keep(raw, str(CHANGED_SINCE))
            elif not self.access.allows(register, "delete", raw):
                self.keep(raw, _("You may not delete it."))
            else:
                going.append(raw)
        move_all_to_bin(self.session, self.access, schema_of(register), going, self.origin)
        self.counts["removed"] += len(going)

    def restore(self, register: str, entries: Sequence[Raw], records: dict[ObjectId, Raw]) -> None:
        schema, pairs = schema_of(register), []
        for entry in entries:
            raw = records.get(entry["record"])
            try:
                after = without(self.access, schema, raw, entry)
            except (UndoFailed, NotAllowed) as error:
                self.keep(raw or {"_id": entry["record"]}, str(error))
            except ValidationFailed as error:
                self.keep(raw or {"_id": entry["record"]}, error.in_one())
            else:
                pairs += [(raw, after)] if raw is not None and after is not None else []
                self.counts["restored"] += 1
        replace_records(self.session, self.access, schema, pairs, self.origin)

    def added(self, ids: set[ObjectId]) -> set[ObjectId]:
        """Those of the records that the import itself has made."""
        if not ids:
            return set()
        query = {"batch": self.batch, "action": "create", "record": {"$in": list(ids)}}
        return set(Change._get_collection().distinct("record", query, session=self.session))

    def changed_since(self, ids: Sequence[ObjectId]) -> set[ObjectId]:
        """Those of the records that were changed otherwise than by the import."""
        if not ids:
            return set()
        query = {"record": {"$in": list(ids)}, "batch": {"$nin": [self.batch, self.origin.batch]}}
        return set(Change._get_collection().distinct("record", query, session=self.session))

    def keep(self, raw: Raw, why: str) -> None:
        self.counts["kept"] += 1
        self.told.append(f"{raw.get('name') or raw['_id']}: {why}")
