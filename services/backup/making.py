"""Writing everything into an archive while the program is in use: as the database is at one moment."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

import mongoengine as me
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from gridfs.errors import GridFSError
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from models.audit import What
from services.audit import write_now
from services.backup.archive import ArchiveWriter
from services.files import CHUNK, bucket
from services.leases import ALONE
from services.records import now

Raw = dict[str, Any]
log = logging.getLogger(__name__)
RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
#: What counts for a minute or two, and what the archive has in another form.
LEFT_OUT = (ALONE, "rate_limit_counters", "rate_limit_windows", "blob", "blobs.files", "blobs.chunks")
#: What a filling that broke off has left (services/backup/filling.py).
DRAFT = "filling."
#: The database forgets after five minutes how it was; seconds that it is asked to remember.
REMEMBER, SETTING = 6 * 3_600, "minSnapshotHistoryWindowInSeconds"
#: MongoDB's SnapshotUnavailable; so often another moment is tried, so many seconds later.
SNAPSHOT_UNAVAILABLE, TRIES, PAUSE = 246, 20, 0.5


@dataclass
class Made:
    """What an archive holds; `lost` are the SHA-256 of contents that the database itself has lost or damaged."""

    documents: int = 0
    files: int = 0
    lost: list[str] = field(default_factory=list)


def write_archive(stream: IO[bytes], encoding: str, version: str) -> Made:
    """Write the whole database to the stream, and tell the audit of it."""
    made, database = Made(), me.get_db()
    # What is in use now is not collected for a day: the contents are still there when their turn comes.
    database["blob"].update_many({}, {"$set": {"used_at": now()}})
    names = sorted(name for name in database.list_collection_names() if is_ours(name))
    with ArchiveWriter(stream, encoding, version, now().isoformat(timespec="seconds")) as writer:
        with remembering(), one_moment(names) as session:
            for name in names:
                made.documents += writer.add_documents(name, documents(name, session))
            blobs = list(database["blob"].find({}, session=session))
        write_contents(writer, blobs, made)
    write_now(What.EXPORTED, None, target={"register": "organisation", "id": None, "name": ""},
              details={"form": encoding, "records": made.documents, "files": made.files})  # fmt: skip
    return made


def is_ours(name: str) -> bool:
    return name not in LEFT_OUT and not name.startswith(("system.", DRAFT))


def documents(name: str, session: ClientSession) -> Iterator[RawBSONDocument]:
    return iter(me.get_db().get_collection(name, codec_options=RAW).find({}, session=session))


def write_contents(writer: ArchiveWriter, blobs: list[Raw], made: Made) -> None:
    """Contents never change, so they are read as they are; what names them comes last, as far as it is whole."""
    there, database = [], me.get_db()
    for blob in blobs:
        if writer.add_file(blob["_id"], pieces_of(blob)).sha256 == blob["_id"]:
            there.append(blob["grid_id"])
        else:
            made.lost.append(blob["_id"])
    made.files = len(there)
    for name, key in (("blob", "grid_id"), ("blobs.files", "_id")):
        found = database.get_collection(name, codec_options=RAW)
        writer.add_documents(name, (raw for one in there for raw in found.find({key: one})))


def pieces_of(blob: Raw) -> Iterator[bytes]:
    """The content of a blob, as far as the database still has it."""
    try:
        with bucket().open_download_stream(blob["grid_id"]) as content:
            while piece := content.read(CHUNK):
                yield piece
    except GridFSError as error:
        log.warning("the content %s can't be read: %s", blob["_id"], error)


@contextmanager
def one_moment(names: Sequence[str]) -> Iterator[ClientSession]:
    """A session in which all of these collections are as they were at one moment.

    A collection that was made or indexed just now can't be read at a moment before: then a later one is taken.
    """
    database = me.get_db()
    for left in reversed(range(TRIES)):
        with database.client.start_session(snapshot=True) as session:
            try:
                for name in names:
                    database[name].find_one({}, {"_id": 1}, session=session)
            except OperationFailure as error:
                if error.code != SNAPSHOT_UNAVAILABLE or not left:
                    raise
                time.sleep(PAUSE)
                continue
            yield session
            return


@contextmanager
def remembering() -> Iterator[None]:
    """Have the database remember how it was for longer, as far as we may tell it; afterwards as before."""
    admin = me.get_db().client.admin
    try:
        before = admin.command("setParameter", 1, **{SETTING: REMEMBER}).get("was")
    except OperationFailure:
        before = None
    try:
        yield
    finally:
        # Another backup that goes on meanwhile has asked for it, and puts back what was before.
        if before not in (None, REMEMBER):
            admin.command("setParameter", 1, **{SETTING: before})
