"""A person's part in what was made for many at once: taken out by a job, for documents may be large.

The job knows its letters by their places alone. Document by document is written anew; the new content and how far the
job is are noted together, so a worker that is killed leaves each document with all of the letters or with none.
"""

import tempfile
from collections.abc import Sequence
from typing import IO, Any, cast

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from pymongo.client_session import ClientSession

from models.files import StoredFile
from models.letters import Letter, LetterBatch
from models.rights import Access
from models.transactions import in_transaction
from services.documents import change_copies
from services.files import keep_content, open_content
from services.jobs import JobError, Run, add_job, handles, wake
from services.merge.errors import MergeProblem
from services.merge.taking_out import is_placed, take_letters_out
from services.recycle_bin import forgets
from services.unheld_files import free_contents

Raw = dict[str, Any]
KIND = "take_letters_out"
#: What the job needs to know of a letter.
PLACE = ("entry", "start", "end")


def forget_letters(session: ClientSession, access: Access, ids: Sequence[ObjectId]) -> bool:
    """Take the records' letters from the lists of letters, and have the letters taken out of the documents where it is
    known which part is theirs alone; whether there is a job for that, which waits for `wake` after the commit."""
    placed, _others = split_letters(ids, session)
    Letter._get_collection().delete_many({"record": {"$in": list(ids)}}, session=session)
    if not placed:
        return False
    documents = [{"batch": batch, "letters": [{name: one[name] for name in PLACE} for one in letters]}
                 for batch, letters in placed.items()]  # fmt: skip
    add_job(session, access, KIND, _("Letters of an erased person"), {"documents": documents}, len(documents))
    return True


@forgets
def forget_emptied(session: ClientSession, records: Sequence[Raw]) -> None:
    """The bin is emptied: a duplicate's letters are those of the record that it became one with, any other's go."""
    for raw in records:
        if raw.get("merged_into"):
            its = {"$set": {"record": raw["merged_into"]}}
            Letter._get_collection().update_many({"record": raw["_id"]}, its, session=session)
    forget_letters(session, Access(), [raw["_id"] for raw in records])


def split_letters(
    ids: Sequence[ObjectId], session: ClientSession | None = None
) -> tuple[dict[ObjectId, list[Raw]], dict[ObjectId, list[Raw]]]:  # fmt: skip
    """The records' letters by their batches: (those that can be taken out, those that can't because nobody knows where
    they stand or because others' values stand in them)."""
    letters = list(Letter._get_collection().find({"record": {"$in": list(ids)}}, session=session))
    batches = {raw["_id"]: raw for raw in LetterBatch._get_collection().find(
        {"_id": {"$in": list({one["batch"] for one in letters})}}, session=session)}  # fmt: skip
    placed: dict[ObjectId, list[Raw]] = {}
    others: dict[ObjectId, list[Raw]] = {}
    for letter in letters:
        batch = batches.get(letter["batch"])
        if batch is not None:
            known = is_placed(batch, letter) and not is_others_too(letter, ids, session)
            (placed if known else others).setdefault(batch["_id"], []).append(letter)
    return placed, others


def is_others_too(letter: Raw, ids: Sequence[ObjectId], session: ClientSession | None) -> bool:
    its = {"batch": letter["batch"], "number": letter["number"], "record": {"$nin": list(ids)}}
    return bool(letter.get("shared") and Letter._get_collection().find_one(its, {"_id": 1}, session=session))


# The job


@handles(KIND, stoppable=False)
def take_out(run: Run) -> Raw:
    """The job's handler."""
    documents = run.params["documents"]
    for done in range(run.position.get("done", 0), len(documents)):
        try:
            while not is_written_anew(run, documents[done], done + 1):
                pass  # Another job was quicker: what it wrote is what is read now.
        except MergeProblem:
            note_done(run, done + 1, None, left=file_name(documents[done]["batch"]))
    if left := run.position.get("left"):
        raise JobError(_l("The letters could not be taken out of these files. Delete them: %(names)s.",
                          names=", ".join(left)))  # fmt: skip
    return {"message": ngettext("The letters were taken out of %(num)s file.",
                                "The letters were taken out of %(num)s files.", len(documents))}  # fmt: skip


def is_written_anew(run: Run, document: Raw, done: int) -> bool:
    """Whether the document is without the letters now, or gone; else its content was changed meanwhile.

    Raises MergeProblem, LeaseLost.
    """
    batch, stored = batch_and_file(document["batch"])
    if batch is None or stored is None:
        note_done(run, done)
        return True
    with tempfile.TemporaryFile() as out, open_content(stored) as whole:
        take_letters_out(cast(IO[bytes], whole), batch, document["letters"], out, lambda: hold(run))
        kept = keep_content(out)

    def write(session: ClientSession) -> bool:
        held = {"_id": stored["_id"], "sha256": stored["sha256"]}
        changed = {"$set": dict(zip(("sha256", "size"), kept, strict=True))}
        files = StoredFile._get_collection()
        if not files.update_one(held, changed, session=session).matched_count:
            return False
        # The same content, filed as a document or attached somewhere, is the same letters.
        files.update_many({"sha256": stored["sha256"]}, changed, session=session)
        change_copies(session, run.access, stored["sha256"], kept)
        note_done(run, done, session)
        return True

    written: bool = in_transaction(write)
    if written and kept[0] != stored["sha256"]:
        free_contents([stored["sha256"]])
        wake()
    return written


def batch_and_file(batch_id: ObjectId) -> tuple[Raw | None, Raw | None]:
    batch = LetterBatch._get_collection().find_one({"_id": batch_id})
    return batch, batch and StoredFile._get_collection().find_one({"_id": batch["file"]})


def file_name(batch_id: ObjectId) -> str:
    _batch, stored = batch_and_file(batch_id)
    return str((stored or {}).get("name") or "")


def hold(run: Run) -> None:
    """Raises LeaseLost where another worker has taken the job over."""
    run.update({"$set": {"attempts": run.job["attempts"]}})


def note_done(run: Run, done: int, session: ClientSession | None = None, left: str = "") -> None:
    position = {"done": done, "left": [*(run.position.get("left") or ()), *([left] if left else ())]}
    run.update({"$set": {"done": done, "position": position, "attempts": 1}}, session)
