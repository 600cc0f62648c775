"""Keeping files: content once by its hash in GridFS, each file as people know it a document of its own."""

import hashlib
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, Any

import mongoengine as me
from bson import ObjectId
from gridfs import GridFSBucket, GridOut
from pymongo import ASCENDING, IndexModel, ReturnDocument
from pymongo.client_session import ClientSession

from models.file_types import DOCX as DOCX
from models.files import StoredFile
from models.rights import Access
from services.records import RecordNotFound, now, object_id

Raw = dict[str, Any]
CHUNK = 1 << 20
#: GridFS's usual size of a piece, and how many are sent together.
PIECE, PIECES_AT_ONCE = 255 << 10, 8
#: What finds the blob of a file in GridFS: what has none is collected.
BLOB_INDEX = IndexModel([("grid_id", ASCENDING)], name="by_grid_id")
WRITERS = 2
LONGEST_NAME, LONGEST_ENDING = 255, 20
#: So many of a content's first bytes are remembered while it is taken: they tell what it is.
FIRST = 8_192
#: What finds a file's pieces; GridFS can't do without.
PIECES_INDEX = IndexModel([("files_id", ASCENDING), ("n", ASCENDING)], name="files_id_1_n_1", unique=True)
#: Signs that turn the direction of what follows ("exe.fdp" reads as "pdf.exe"), end lines, or are half a character.
UNSEEN = re.compile("[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True)
class Kept:
    """Content that is kept: its SHA-256 in hexadecimal, its size in bytes, and its first bytes."""

    sha256: str
    size: int
    head: bytes = b""


class Taken:
    """A stream as it is read once from its beginning to its end, counted and hashed on the way.

    What comes over the network comes in pieces of any size: a read here is as long as was asked for, but for the last.
    """

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.digest, self.size, self.head = hashlib.sha256(), 0, b""

    def read(self, size: int) -> bytes:
        parts, missing = [], size
        while missing and (part := self.stream.read(missing)):
            parts.append(part)
            missing -= len(part)
        found = b"".join(parts)
        self.digest.update(found)
        self.size += len(found)
        if len(self.head) < FIRST:
            self.head += found[: FIRST - len(self.head)]
        return found

    @property
    def kept(self) -> Kept:
        return Kept(self.digest.hexdigest(), self.size, self.head)


def keep_content(stream: IO[bytes]) -> tuple[str, int]:
    """Keep the stream's content (it must be seekable) and return (SHA-256 in hexadecimal, size in bytes).

    Content that is there already is not written again. When two processes keep the same content at once, the
    first to name its blob wins and the other's is dropped; a crash in between leaves a blob without a name, never
    a name without its blob.
    """
    digest, size = hashed(stream)
    if not in_use(digest):
        stream.seek(0)
        name_blob(digest, size, upload(digest, stream))
    return digest, size


def keep_stream(stream: IO[bytes], size: int | None = None) -> Kept:
    """Keep the content of a stream that can be read only once, as it comes: nothing of it stands in memory or on the
    disk but in the database. With `size` it must be just so long. Raises Incomplete, Empty: then it goes."""
    taken = Taken(stream)
    grid_id = upload("", taken)
    try:
        if size is not None and taken.size != size:
            raise Incomplete
        if not taken.size:
            raise Empty
        kept = taken.kept
        if in_use(kept.sha256):
            bucket().delete(grid_id)
        else:
            name_blob(kept.sha256, kept.size, grid_id)
    except BaseException:  # boundary: whatever ends it, nothing is left behind, and it goes on to the caller
        drop(grid_id)
        raise
    return kept


class Incomplete(Exception):
    """Less of a file came than was to come."""


class Empty(Exception):
    """A file without content."""


def in_use(digest: str) -> bool:
    """Whether there is such content; from now on it is in use, so that it is not collected before somebody holds it
    (services/unheld_files.py)."""
    used = {"$set": {"used_at": now()}}
    return bool(me.get_db()["blob"].update_one({"_id": digest}, used).matched_count)


def name_blob(digest: str, size: int, grid_id: ObjectId) -> None:
    """Have the content stand under its hash; where another process was quicker, its copy stays and this one goes."""
    kept = me.get_db()["blob"].find_one_and_update(
        {"_id": digest}, {"$setOnInsert": {"grid_id": grid_id, "size": size}, "$set": {"used_at": now()}}, upsert=True,
        return_document=ReturnDocument.AFTER,
    )  # fmt: skip
    if kept["grid_id"] != grid_id:
        bucket().delete(grid_id)


def drop(grid_id: ObjectId) -> None:
    """Remove what was written of a file that is not named."""
    database = me.get_db()
    if database["blob"].find_one({"grid_id": grid_id}, {"_id": 1}) is None:
        database["blobs.files"].delete_one({"_id": grid_id})
        database["blobs.chunks"].delete_many({"files_id": grid_id})


def upload(name: str, stream: IO[bytes] | Taken) -> ObjectId:
    """Write the stream into GridFS, a few pieces at a time; returns the file's id. A stream that fails leaves nothing.

    The driver's own upload gathers 32 MB and copies them for sending, which is more than a job of letters may take.
    What is written is what the GridFS specification says: the pieces first, the file last.
    """
    grid_id = ObjectId()
    try:
        size = write_pieces(grid_id, stream)
        me.get_db()["blobs.files"].insert_one(
            {"_id": grid_id, "filename": name, "length": size, "chunkSize": PIECE, "uploadDate": now()}
        )
    except BaseException:  # boundary: whatever ends it, nothing is left behind, and it goes on to the caller
        drop(grid_id)
        raise
    return grid_id


def write_pieces(grid_id: ObjectId, stream: IO[bytes] | Taken) -> int:
    """Write the pieces of a file; returns how many bytes they are."""
    size, number = 0, 0
    insert = me.get_db()["blobs.chunks"].insert_many
    # The database takes two in the time of one and a half, and the next are read meanwhile.
    with ThreadPoolExecutor(WRITERS) as writers:
        waiting: deque[Future[Any]] = deque()
        while parts := [part for _ in range(PIECES_AT_ONCE) if (part := stream.read(PIECE))]:
            if len(waiting) == WRITERS:
                waiting.popleft().result()
            waiting.append(writers.submit(insert, [
                {"files_id": grid_id, "n": number + place, "data": part} for place, part in enumerate(parts)
            ]))  # fmt: skip
            number, size = number + len(parts), size + sum(map(len, parts))
        for written in waiting:
            written.result()
    return size


def hashed(stream: IO[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    stream.seek(0)
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size


def bucket() -> GridFSBucket:
    return GridFSBucket(me.get_db(), "blobs")


def new_file(access: Access, name: str, content_type: str, purpose: str, kept: tuple[str, int]) -> Raw:
    """The document of a file whose content is kept already; `add_file` writes it."""
    digest, size = kept
    return {
        "_id": ObjectId(), "name": clean_name(name), "content_type": content_type, "size": size, "sha256": digest,
        "owner": access.user_id, "purpose": purpose, "created_at": now(),
    }  # fmt: skip


def add_file(session: ClientSession | None, raw: Raw) -> ObjectId:
    StoredFile._get_collection().insert_one(raw, session=session)
    return raw["_id"]


def clean_name(name: str) -> str:
    """A file name without folders, signs that some system forbids, and such as make it look otherwise than it is."""
    base = UNSEEN.sub("", re.split(r"[\\/]", name or "")[-1])
    clean = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", base).strip(". ")
    ending = clean[clean.rfind(".") :] if "." in clean[-LONGEST_ENDING:] else ""
    # Shortened, a name is still that of the same kind of file.
    return clean if 0 < len(clean) <= LONGEST_NAME else clean[: LONGEST_NAME - len(ending)] + ending or "file"


def get_file(access: Access, file_id: Any) -> Raw:
    """A file of the user's own (administrators see all). Raises RecordNotFound."""
    raw = StoredFile._get_collection().find_one({"_id": object_id("file", file_id)})
    if raw is None or raw["purpose"] == "version" or not (access.everything or raw.get("owner") == access.user_id):
        raise RecordNotFound("file", file_id)
    return raw


def open_content(raw: Raw) -> GridOut:
    """The content of a file (a raw StoredFile), to be read. Raises RecordNotFound when it is gone."""
    blob = me.get_db()["blob"].find_one({"_id": raw["sha256"]})
    if blob is None:
        raise RecordNotFound("file", raw["_id"])
    return bucket().open_download_stream(blob["grid_id"])


def stream_content(raw: Raw) -> Iterator[bytes]:
    with open_content(raw) as content:
        while chunk := content.read(CHUNK):
            yield chunk
