"""What an archive is made of, and writing one as a stream.

`data/<collection>.bson` (or `.jsonl`) holds a collection's documents, `files/<sha256>` the content of stored files. The
last entry, `manifest.json`, names all others with their sizes and hashes: what breaks off has none.
"""

import hashlib
import json
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import IO, Any

import bson
from bson import json_util
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

from models.told import Told

#: Raised when archives become something that an older program would read wrongly.
FORMAT = 1
PROGRAM = "kortisto"
MANIFEST, DATA, FILES, README = "manifest.json", "data/", "files/", "README.txt"
BSON, JSON = "bson", "jsonl"
#: Documents shrink to a fifth by it. Content is compressed already, more often than not, and stands as it is.
LEVEL = 1
#: Dates as milliseconds: the database has some that no calendar of Python has.
EXACT: CodecOptions[dict[str, Any]] = CodecOptions(dict, datetime_conversion=DatetimeConversion.DATETIME_MS)
EXACT_JSON = json_util.JSONOptions(
    json_mode=json_util.JSONMode.CANONICAL, datetime_conversion=DatetimeConversion.DATETIME_MS
)
ABOUT = """Everything that Kortisto held at one moment.

data/     a file for each collection of the database; .jsonl has a document a line (MongoDB Extended JSON v2),
          .bson has them as the database keeps them
files/    the content of stored files, by its SHA-256; data/stored_file tells their names and whose they are
manifest.json   when this was made, by which version, and the SHA-256 of every file here

Bring it in again: flask --app app import-all FILE (into an empty installation), flask --app app restore FILE.
It holds personal data and the hashes of passwords: keep it as you keep those.
"""


class BadArchive(Told):
    """The file can't be used; the message says why. Nothing was written."""


@dataclass(frozen=True)
class Entry:
    """What the manifest says of a file: its SHA-256, its bytes and, of a collection, its documents."""

    sha256: str
    size: int
    count: int = 0


@dataclass(frozen=True)
class Manifest:
    """What an archive says of itself. `made_at` is ISO 8601; `version` the program's that made it."""

    made_at: str
    version: str
    encoding: str
    entries: Mapping[str, Entry] = field(default_factory=dict)
    format: int = FORMAT
    program: str = PROGRAM


class Counted:
    """A stream that is written once, counted and hashed on the way."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream, self._digest, self.size = stream, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        self._stream.write(data)
        self._digest.update(data)
        self.size += len(data)

    def entry(self, count: int = 0) -> Entry:
        return Entry(self._digest.hexdigest(), self.size, count)


class ArchiveWriter:
    """Writes an archive to a stream from its beginning to its end; of each file only a piece stands in memory."""

    def __init__(self, stream: IO[bytes], encoding: str, version: str, made_at: str) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)
        self._entries: dict[str, Entry] = {}
        self._about = Manifest(made_at, version, encoding, self._entries)
        self._encode = ENCODERS[encoding]

    def __enter__(self) -> "ArchiveWriter":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_error: object) -> None:
        """Finish the archive; one that breaks off has no manifest. The stream stays open."""
        if kind is None:
            self._describe()
        self._zip.close()

    def add_documents(self, collection: str, documents: Iterable[RawBSONDocument]) -> int:
        """Add the documents of a collection; answers how many there were."""
        count = 0
        with self._entry(f"{DATA}{collection}.{self._about.encoding}") as (name, out):
            for document in documents:
                out.write(self._encode(document))
                count += 1
            self._entries[name] = out.entry(count)
        return count

    def add_file(self, digest: str, pieces: Iterable[bytes]) -> Entry:
        """Add the content of that SHA-256; answers what it really is."""
        stored = zipfile.ZipInfo(f"{FILES}{digest}", time.gmtime()[:6])
        with self._entry(stored) as (name, out):
            for piece in pieces:
                out.write(piece)
            self._entries[name] = out.entry()
        return self._entries[name]

    def _describe(self) -> None:
        with self._entry(README) as (name, out):
            out.write(ABOUT.encode())
            self._entries[name] = out.entry()
        with self._entry(MANIFEST) as (_name, out):
            out.write(json.dumps(asdict(self._about), indent=1).encode())

    @contextmanager
    def _entry(self, file: str | zipfile.ZipInfo) -> Iterator[tuple[str, Counted]]:
        """A new file in the archive, by its name or as it is: (its name, what to write it to)."""
        with self._zip.open(file, "w", force_zip64=True) as stream:
            yield file if isinstance(file, str) else file.filename, Counted(stream)


def as_bson(document: RawBSONDocument) -> bytes:
    return bytes(document.raw)


def as_json(document: RawBSONDocument) -> bytes:
    """A document as a line; read again it is the same, byte for byte."""
    return json_util.dumps(bson.decode(document.raw, EXACT), json_options=EXACT_JSON).encode() + b"\n"


#: How documents are written.
ENCODERS: Mapping[str, Callable[[RawBSONDocument], bytes]] = {BSON: as_bson, JSON: as_json}
