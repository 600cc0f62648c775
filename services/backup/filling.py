"""An installation out of an archive, in the place of what is there.

Everything is written beside what is there, and then takes its names at once: what breaks off before changes nothing,
and after it the same command done again finishes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import mongoengine as me
from bson.raw_bson import RawBSONDocument

from models.audit import What
from models.fields.definitions import forget_version
from models.security import User
from services.audit import write_now
from services.backup.making import DRAFT
from services.backup.reading import Archive

Raw = dict[str, Any]
#: So many bytes are sent to the database together, in so many documents at most.
BATCH_BYTES, BATCH = 8 << 20, 1_000
CHUNKS = "blobs.chunks"
#: What GridFS keeps of files beside their contents.
FILES_OWN = ("blob", "blobs.files")


@dataclass
class Filled:
    """What has come out of an archive."""

    documents: int = 0
    files: int = 0


def is_empty() -> bool:
    """Whether nobody has begun here: there is no user yet."""
    return User._get_collection().find_one({}, {"_id": 1}) is None


def fill(archive: Archive) -> Filled:
    """Put what the archive holds in the place of everything that is there. Check the archive first."""
    filled = Filled()
    forget_drafts()
    for name in archive.collections:
        count = insert(DRAFT + name, archive.documents(name))
        filled.documents += 0 if name in FILES_OWN else count
    lengths = {raw["_id"]: raw["chunkSize"] for raw in archive.documents("blobs.files")}
    for blob in archive.documents("blob"):
        insert(DRAFT + CHUNKS, chunks_of(archive, blob, lengths[blob["grid_id"]]))
        filled.files += 1
    take_names()
    forget_version()
    manifest = archive.manifest
    write_now(What.RESTORED, None, target={"register": "organisation", "id": None, "name": ""},
              details={"form": manifest.encoding, "made_at": manifest.made_at, "version": manifest.version,
                       "records": filled.documents, "files": filled.files})  # fmt: skip
    return filled


def drafts() -> list[str]:
    return [name for name in me.get_db().list_collection_names() if name.startswith(DRAFT)]


def forget_drafts() -> None:
    """Take away what a filling that broke off has left."""
    for name in drafts():
        me.get_db().drop_collection(name)


def take_names() -> None:
    """Have what was written take the names of what is there, and the rest go."""
    database = me.get_db()
    there = [name for name in database.list_collection_names() if not name.startswith(("system.", DRAFT))]
    names = [name.removeprefix(DRAFT) for name in drafts()]
    for name in names:
        database[DRAFT + name].rename(name, dropTarget=True)
    for name in set(there) - set(names):
        database.drop_collection(name)


def insert(name: str, documents: Iterable[Any]) -> int:
    """Write the documents into a collection; answers how many."""
    count = 0
    for batch in batches(documents):
        me.get_db()[name].insert_many(batch, ordered=False)
        count += len(batch)
    return count


def batches(documents: Iterable[Any]) -> Iterator[list[Any]]:
    batch: list[Any] = []
    size = 0
    for document in documents:
        batch.append(document)
        size += len(document.raw if isinstance(document, RawBSONDocument) else document["data"])
        if size >= BATCH_BYTES or len(batch) >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def chunks_of(archive: Archive, blob: Mapping[str, Any], length: int) -> Iterator[Raw]:
    """The pieces of a content, as GridFS keeps them."""
    with archive.content(blob["_id"]) as content:
        for number, piece in enumerate(iter(lambda: content.read(length), b"")):
            yield {"files_id": blob["grid_id"], "n": number, "data": piece}
