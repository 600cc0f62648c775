"""Reading an archive: what it is, whether it is whole, and its documents and contents as streams."""

import hashlib
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import IO, Any

import bson
from bson import json_util
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from services.backup.archive import (
    BSON,
    DATA,
    EXACT,
    EXACT_JSON,
    FILES,
    FORMAT,
    JSON,
    MANIFEST,
    PROGRAM,
    BadArchive,
    Entry,
    Manifest,
)

#: The database takes documents of 16 MB, and a little more for its own; a line of JSON may be several times as long.
LARGEST_DOCUMENT, LONGEST_LINE = (16 << 20) + (16 << 10), 128 << 20
LARGEST_MANIFEST = 256 << 20
CHUNK = 1 << 20
#: What collections may be called; `system.` ones are the database's own.
COLLECTION = re.compile(r"(?!system\.)[^/\\$\x00]{1,200}")
DIGEST = re.compile(r"[0-9a-f]{64}")
#: What reading a damaged zip raises, or one that nobody of ours has written.
DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error, OSError)
UNREADABLE = _l("This is no archive of Kortisto, or it is damaged: nothing was changed.")


@contextmanager
def told_damaged() -> Iterator[None]:
    """Whatever is wrong with the file is told as that."""
    try:
        yield
    except DAMAGED as error:
        raise BadArchive(UNREADABLE, str(error)) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, BSONError) as error:
        raise BadArchive(UNREADABLE, str(error)) from error


class Archive:
    """An archive in a seekable stream, to be read by a program of `version`.

    Raises BadArchive where it is none, or one of a newer program.
    """

    def __init__(self, stream: IO[bytes], version: str) -> None:
        with told_damaged():
            self._zip = zipfile.ZipFile(stream)
            self.manifest = self._manifest(version)

    def check(self) -> None:
        """Read all of it, and compare it with what its manifest says. Raises BadArchive."""
        names = [name for name in self._zip.namelist() if name != MANIFEST]
        if len(names) != len(set(names)) or set(names) != set(self.manifest.entries):
            raise BadArchive(UNREADABLE)
        for name, entry in self.manifest.entries.items():
            self._check_entry(name, entry)
        if not all(FILES + str(blob.get("_id")) in self.manifest.entries for blob in self.documents("blob")):
            raise BadArchive(UNREADABLE)

    def _check_entry(self, name: str, entry: Entry) -> None:
        digest, size = hashlib.sha256(), 0
        with told_damaged(), self._zip.open(name) as stream:
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                if size > entry.size:
                    break
        if (digest.hexdigest(), size) != (entry.sha256, entry.size):
            raise BadArchive(_("“%(name)s” in the archive is damaged: nothing was changed.", name=name))
        if name.startswith(DATA) and sum(1 for _document in self._documents(name)) != entry.count:
            raise BadArchive(_("“%(name)s” in the archive is damaged: nothing was changed.", name=name))

    @cached_property
    def collections(self) -> Mapping[str, str]:
        """Collection -> the name of its file."""
        ending = f".{self.manifest.encoding}"
        return {name.removeprefix(DATA).removesuffix(ending): name for name in self.manifest.entries
                if name.startswith(DATA)}  # fmt: skip

    def documents(self, collection: str) -> Iterator[RawBSONDocument]:
        """The documents of a collection; none where the archive has no such."""
        name = self.collections.get(collection)
        return self._documents(name) if name else iter(())

    def content(self, digest: str) -> IO[bytes]:
        """The content of that SHA-256, to be read."""
        return self._zip.open(FILES + digest)

    def _documents(self, name: str) -> Iterator[RawBSONDocument]:
        with told_damaged(), self._zip.open(name) as stream:
            yield from READERS[self.manifest.encoding](stream)

    def _manifest(self, version: str) -> Manifest:
        if self._zip.getinfo(MANIFEST).file_size > LARGEST_MANIFEST:
            raise ValueError(MANIFEST)
        said = json.loads(self._zip.read(MANIFEST))
        if said["program"] != PROGRAM:
            raise ValueError(PROGRAM)
        if int(said["format"]) > FORMAT or number_of(said["version"]) > number_of(version):
            raise BadArchive(_("It was made by version %(theirs)s, this is version %(ours)s. Bring the program up to "
                               "date first: nothing was changed.", theirs=said["version"], ours=version))  # fmt: skip
        if said["encoding"] not in READERS or not all(map(known, said["entries"])):
            raise ValueError("entries")
        entries = {name: Entry(**entry) for name, entry in said["entries"].items()}
        return Manifest(str(said["made_at"]), str(said["version"]), said["encoding"], entries)


def known(name: str) -> bool:
    """Whether an archive may hold a file of that name."""
    if name.startswith(DATA):
        collection, _dot, _ending = name.removeprefix(DATA).rpartition(".")
        return bool(COLLECTION.fullmatch(collection))
    return bool(DIGEST.fullmatch(name.removeprefix(FILES))) if name.startswith(FILES) else "/" not in name


def number_of(version: str) -> tuple[int, ...]:
    """A version as it is compared. Raises ValueError."""
    return tuple(int(part) for part in str(version).split("."))


def bson_documents(stream: IO[bytes]) -> Iterator[RawBSONDocument]:
    while head := stream.read(4):
        (length,) = struct.unpack("<i", head)
        if not 5 <= length <= LARGEST_DOCUMENT:
            raise ValueError(length)
        yield RawBSONDocument(head + stream.read(length - 4))


def json_documents(stream: IO[bytes]) -> Iterator[RawBSONDocument]:
    while line := stream.readline(LONGEST_LINE):
        found: Any = json_util.loads(line, json_options=EXACT_JSON)
        yield RawBSONDocument(bson.encode(found, codec_options=EXACT))


READERS: Mapping[str, Callable[[IO[bytes]], Iterator[RawBSONDocument]]] = {BSON: bson_documents, JSON: json_documents}
