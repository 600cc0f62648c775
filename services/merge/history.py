"""Letters in their recipients' histories: kept by the job that made them, told by timelines, handed out one by one.

The document is stored once. Each recipient has a small document that says where in it the recipient's letter stands;
the letter itself is taken out when somebody asks for it.
"""

import datetime as dt
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo import DESCENDING
from pymongo.client_session import ClientSession

from models.fields.kinds.times import aware
from models.files import StoredFile
from models.letters import BY_RECORD, Letter, LetterBatch
from models.rights import Access, NotAllowed, Scope
from models.transactions import in_transaction
from services.files import DOCX, open_content
from services.jobs import Run
from services.joining import merged_into
from services.merge.files import safe_name
from services.merge.pdf import take_pages
from services.merge.places import Place, Places
from services.merge.reading import chunks
from services.merge.results import PDF, Form
from services.planning import time_limit
from services.records import RecordNotFound, get_record, now, object_id
from services.word import extract_letter

Raw = dict[str, Any]
#: So many recipients are written in one transaction.
STEP = 1_000


# Keeping


def new_batch(run: Run, template: Raw, form: Form, columns: Iterable[tuple[str, str]]) -> Raw:
    """The document of a job's letters, but for the file and what is known when they are made."""
    return {
        "_id": run.job["_id"], "register": template["register"], "template": template["name"], "at": now(),
        "by": run.access.user_id, "form": form.form, "pdf": form.pdf, "columns": [list(pair) for pair in columns],
    }  # fmt: skip


def keep_letters(run: Run, batch: Raw, places: Places) -> None:
    """Write each recipient's letter, a thousand at a time, while this worker holds the job. Readers see them when their
    batch is written, which is the caller's to do; what an earlier try of the job left goes.

    Raises JobCancelled, LeaseLost.
    """
    letters = Letter._get_collection()
    done = run.job["done"]

    def begin(session: ClientSession) -> None:
        run.advance(done, session=session)
        letters.delete_many({"batch": batch["_id"]}, session=session)

    in_transaction(begin)
    for some in chunks(letters_of(batch, places.letters), STEP):

        def write(session: ClientSession, some: Sequence[Raw] = some) -> None:
            run.advance(done, session=session)
            letters.insert_many(some, ordered=False, session=session)

        in_transaction(write)


def drop_letters(run: Run) -> None:
    """Take back what a job wrote that came to nothing."""
    Letter._get_collection().delete_many({"batch": run.job["_id"]})


def letters_of(batch: Raw, places: Iterable[Place]) -> Iterator[Raw]:
    for place in places:
        shared = len(place.records) > 1
        for record in place.records:
            yield {"batch": batch["_id"], "register": batch["register"], "record": ObjectId(record), "at": batch["at"],
                   "number": place.number, "entry": place.entry, "start": place.start, "end": place.end,
                   "shared": shared}  # fmt: skip


def add_batch(session: ClientSession, batch: Raw, file_id: ObjectId, places: Places) -> None:
    """Write the batch: from now on its letters are told."""
    made = {"file": file_id, "head": places.head, "letters": len(places.letters), "pages": places.pages}
    LetterBatch._get_collection().insert_one({**batch, **made}, session=session)


# Telling


@dataclass(frozen=True)
class SentLetter:
    """A letter that a record got; `name` is the record's, "" where its reader is there already."""

    raw: Raw
    batch: Raw
    name: str = ""
    readable: bool = True

    @property
    def at(self) -> dt.datetime:
        return aware(self.raw["at"])


def letters_to(access: Access, concerned: Mapping[tuple[str, ObjectId], str], limit: int) -> list[SentLetter]:
    """The newest letters that any of the records got, which the user must be known to see."""
    query = {"record": {"$in": [record_id for _register, record_id in concerned]}}
    found = Letter._get_collection().find(query, hint=BY_RECORD).sort("at", DESCENDING)
    rows = list(found.limit(limit).max_time_ms(time_limit()))
    ids = list({raw["batch"] for raw in rows})
    batches = {raw["_id"]: raw for raw in LetterBatch._get_collection().find({"_id": {"$in": ids}})} if ids else {}
    return [
        SentLetter(raw, batches[raw["batch"]], concerned[raw["register"], raw["record"]],
                   may_read(access, batches[raw["batch"]], raw))
        for raw in rows if raw["batch"] in batches and (raw["register"], raw["record"]) in concerned
    ]  # fmt: skip


def may_read(access: Access, batch: Raw, raw: Raw) -> bool:
    """Whether one who sees the recipient may read the letter: whoever made it has it anyway. For others it shows no
    field that is hidden from them, nothing of registers of which they don't see all, and nobody else's values."""
    if access.everything or batch.get("by") == access.user_id:
        return True
    others = {register for register, _column in batch["columns"]} - {batch["register"]}
    return not (
        raw.get("shared")
        or any(access.scope(register, "see") is not Scope.ALL for register in others)
        or any(access.hides(register, column) for register, column in batch["columns"])
    )


# Handing out


@dataclass(frozen=True)
class LetterFile:
    """One recipient's letter as a file of its own; whoever reads the content closes it."""

    name: str
    content_type: str
    content: IO[bytes]


def letter_file(access: Access, letter_id: Any) -> LetterFile:
    """One letter, taken out of what it was made in. Raises RecordNotFound where the recipient is not seen or the
    document is gone, NotAllowed for a letter that the user may not read, MergeProblem."""
    raw = Letter._get_collection().find_one({"_id": object_id("letter", letter_id)})
    batch = raw and LetterBatch._get_collection().find_one({"_id": raw["batch"]})
    if raw is None or batch is None:
        raise RecordNotFound("letter", letter_id)
    record = recipient(access, raw)
    if not may_read(access, batch, raw):
        raise NotAllowed(_l("This letter shows what you may not see."))
    stored = StoredFile._get_collection().find_one({"_id": batch["file"]})
    if stored is None:
        raise RecordNotFound("file", batch["file"])
    ending, content_type = (".pdf", PDF) if batch["pdf"] else (".docx", DOCX)
    with ExitStack() as stack, open_content(stored) as whole:
        out = stack.enter_context(tempfile.TemporaryFile())
        take_out(cast(IO[bytes], whole), batch, raw, out)
        # From here on whoever reads it closes it.
        stack.pop_all()
    out.seek(0)
    name = safe_name(f"{batch['template']} {record.get('name') or ''}") or "letter"
    return LetterFile(name + ending, content_type, out)


def recipient(access: Access, letter: Raw) -> Raw:
    """The record that got the letter, or the one that it was merged into. Raises RecordNotFound."""
    moved = merged_into(access, letter["register"], letter["record"])
    return get_record(access, letter["register"], moved or letter["record"])


def take_out(whole: IO[bytes], batch: Raw, letter: Raw, out: IO[bytes]) -> None:
    """Write the letter's part of what a job made."""
    if not letter["entry"]:
        take_part(whole, batch, letter, out)
        return
    with zipfile.ZipFile(whole) as archive, archive.open(letter["entry"]) as entry:
        if not letter["start"]:
            shutil.copyfileobj(entry, out)
            return
        with tempfile.TemporaryFile() as document:
            shutil.copyfileobj(entry, document)
            document.seek(0)
            take_part(document, batch, letter, out)


def take_part(document: IO[bytes], batch: Raw, letter: Raw, out: IO[bytes]) -> None:
    start, end = letter["start"], letter["end"]
    if not start:
        shutil.copyfileobj(document, out)
    elif batch["pdf"]:
        take_pages(document, start, end, out)
    else:
        extract_letter(cast(BinaryIO, document), batch["head"], start, end, cast(BinaryIO, out))
