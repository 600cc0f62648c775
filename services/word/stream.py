"""Writing a merge: letters go straight into the zip, one after the other; nothing grows with their number but files.

Headers and notes wait in temporary files, for the entries of a zip can only be written one at a time.
"""

import hashlib
import posixpath
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, BinaryIO

from flask_babel import lazy_gettext as _l
from lxml import etree

from services.word.compile import CompiledTemplate, HeaderPart, copy_relationship
from services.word.errors import TemplateError
from services.word.package import TYPES_NAME, Package, content_type, rels_name
from services.word.packed import PackedArchive
from services.word.program import Letter, Program, Records, fixed, render
from services.word.values import Value

_BUFFER = 1 << 18
_SPOOL = 1 << 22
LEVEL = 1
_KNOWN_HEADERS = 4096
_REPORTED = 100
_PROGRESS_EVERY = 50
# Without the zip's 64-bit extension, which some readers of Word files don't know.
_MAX_DOCUMENT = 2_000_000_000
_LENGTHS = struct.Struct(">HI")
#: Told of each letter that was written: its records, its first byte in the document part and the one behind its last.
Placed = Callable[[Sequence[Mapping[str, Value]], int, int], None]


@dataclass(frozen=True)
class MergeReport:
    """What a merge did; `truncated` names record and field of values cut at 32,000 characters (the first 100)."""

    letters: int
    records: int
    skipped: int = 0
    truncated: tuple[tuple[int, str], ...] = ()


def merge_letters(
    template: CompiledTemplate,
    records: Iterable[Mapping[str, Value]],
    out: BinaryIO,
    language: str,
    progress: Callable[[int], None] | None,
    placed: Placed | None = None,
) -> MergeReport:
    """Write one document with a letter for each record. Raises TemplateError when there is none."""
    source = Records(iter(records))
    first = first_record(source)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
        merge = Merge(template, source, archive, language, progress, placed=placed)
        merge.write(first)
    if progress:
        progress(source.read)
    return MergeReport(merge.letters, source.read, merge.skipped, tuple(merge.truncated[:_REPORTED]))


def first_record(source: Records) -> Mapping[str, Value]:
    """The first record. Raises TemplateError when there is none."""
    first = source.take()
    if first is None:
        raise TemplateError(_l("There is nobody to write to: choose at least one record."))
    return first


def fixed_parts(template: CompiledTemplate) -> dict[str, bytes]:
    """The parts that are the same in every document; the index only where no letter adds to it."""
    package = template.package
    rels = rels_name(package.document)
    parts = {name: data for name, data in package.parts.items() if name != rels}
    if template.headers:
        return parts
    index = {TYPES_NAME: _types(package), **({rels: package.parts[rels]} if rels in package.parts else {})}
    return index | parts


def _types(package: Package) -> bytes:
    return etree.tostring(package.types, encoding="UTF-8", xml_declaration=True, standalone=True)


class NoLetters(TemplateError):
    """The template's fields left out every record."""


class _LimitedStream:
    """The document's entry in the zip, ended with a clear message before the format's limit."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = _MAX_DOCUMENT

    def write(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            raise TemplateError(
                _l("The letters are too many for one document (over 2 GB). Choose fewer records at a time.")
            )
        self._stream.write(data)


class _Spool:
    """A temporary file that stays in memory while it is small."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(_SPOOL)  # noqa: SIM115  (closed at the merge's end)

    def chunks(self) -> Iterator[bytes]:
        self.file.seek(0)
        while chunk := self.file.read(_BUFFER):
            yield chunk


class _Headers:
    """The headers and footers written for single letters, equal ones only once."""

    def __init__(self, template: CompiledTemplate) -> None:
        self._document = template.package.document
        self._spool = _Spool()
        self._known: dict[bytes, bytes] = {}
        self.relationships: list[bytes] = []
        self.types: list[bytes] = []

    def close(self) -> None:
        self._spool.file.close()

    def render(self, header: HeaderPart, letter: Letter, place: int) -> tuple[bytes, bytes | None]:
        """The relationship id of a letter's header, and its bytes when it has not been written before."""
        out: list[bytes] = []
        letter.rewind()
        render(header.program, letter, out)
        data = b"".join(out)
        digest = b"%d:%b" % (place, hashlib.blake2b(data, digest_size=16).digest())
        known = self._known.get(digest)
        if known is not None:
            return known, None
        new_id = b"letter%dpart%d" % (letter.letter_number, place)
        if not letter.skipped and len(self._known) < _KNOWN_HEADERS:
            self._known[digest] = new_id
        return new_id, data

    def keep(self, header: HeaderPart, new_id: bytes, data: bytes) -> None:
        """Write a header for later, with its relationship and its content type."""
        stem, extension = posixpath.splitext(header.name)
        name = f"{stem}_{new_id.decode()}{extension}"
        packed = zlib.compress(data, LEVEL)
        self._spool.file.write(_LENGTHS.pack(len(name), len(packed)) + name.encode() + packed)
        target = posixpath.relpath("/" + name, posixpath.dirname("/" + self._document))
        element = copy_relationship(header.relationship, new_id.decode(), target)
        self.relationships.append(etree.tostring(element))
        self.types.append(etree.tostring(content_type(name, header.content_type)))
        if header.relationships is not None:
            rels = rels_name(name)
            packed = zlib.compress(header.relationships, LEVEL)
            self._spool.file.write(_LENGTHS.pack(len(rels), len(packed)) + rels.encode() + packed)

    def entries(self) -> Iterator[tuple[str, bytes]]:
        """The parts that were kept."""
        self._spool.file.seek(0)
        while lengths := self._spool.file.read(_LENGTHS.size):
            name_length, length = _LENGTHS.unpack(lengths)
            name = self._spool.file.read(name_length).decode()
            yield name, zlib.decompress(self._spool.file.read(length))


@dataclass
class _Pending:
    """A finished letter that waits: only when another follows are its section properties put in."""

    out: list[bytes]
    section_at: int
    section: bytes
    records: Sequence[Mapping[str, Value]]


class Merge:
    """The writing of one document of at most `limit` letters into a zip; `before` letters stand in earlier documents.

    With `packed` the archive holds the parts that are the same in every document already. `recipient` is the first
    letter's record. `placed` is told of each letter, `marked` marks their ends (see EndSlot).
    """

    def __init__(
        self,
        template: CompiledTemplate,
        source: Records,
        archive: zipfile.ZipFile | PackedArchive,
        language: str,
        progress: Callable[[int], None] | None,
        *,
        before: int = 0,
        limit: int | None = None,
        packed: bool = False,
        placed: Placed | None = None,
        marked: bool = False,
    ) -> None:
        self._placed = placed
        self._marked = marked
        self._template = template
        self._source = source
        self._archive = archive
        self._language = language
        self._progress = progress
        self._headers = _Headers(template)
        self._notes = [_Spool() for _ in template.notes]
        self._before = before
        self._limit = limit
        self._packed = packed
        self.letters = 0
        self.skipped = 0
        self.truncated: list[tuple[int, str]] = []
        self.recipient: Mapping[str, Value] = {}

    def write(self, first: Mapping[str, Value]) -> None:
        """Write the document. Raises NoLetters when every record is left out."""
        try:
            if not self._packed:
                for name, data in fixed_parts(self._template).items():
                    if name != self._template.lists.name:
                        self._archive.writestr(name, data)
            self._write_document(first)
            if self._template.lists.name and not self._packed:
                self._write_lists()
            self._write_notes()
            for name, data in self._headers.entries():
                self._archive.writestr(name, data)
            if self._template.headers:
                self._write_index()
        finally:
            self._headers.close()
            for spool in self._notes:
                spool.file.close()

    def _write_document(self, first: Mapping[str, Value]) -> None:
        with self._archive.open(self._template.package.document, "w") as stream:
            writer = _Buffer(_LimitedStream(stream))
            writer.write(fixed(self._template.head))
            pending: _Pending | None = None
            record: Mapping[str, Value] | None = first
            while record is not None:
                letter = self._letter(record)
                finished = self._finish(letter)
                if finished is not None:
                    if pending is not None:
                        pending.out[pending.section_at] = pending.section
                        self._write_letter(writer, pending, pending.out)
                    pending = finished
                record = None if self.letters == self._limit else self._source.take()
            if pending is None:
                raise NoLetters(_l("The SKIPIF fields of the template left out every record: no letter remains."))
            self._write_letter(writer, pending, [*pending.out, pending.section])
            writer.write(fixed(self._template.tail))
            writer.flush()

    def _write_letter(self, writer: "_Buffer", letter: _Pending, pieces: list[bytes]) -> None:
        start = writer.written
        writer.write(b"".join(pieces))
        if self._placed is not None:
            self._placed(letter.records, start, writer.written)

    def _letter(self, record: Mapping[str, Value]) -> Letter:
        written = self._before + self.letters
        return Letter(
            self._source,
            self._language,
            written + 1,
            record,
            self._source.read,
            id_base=written * self._template.id_count,
            place=self.letters,
            marked=self._marked,
        )

    def _finish(self, letter: Letter) -> _Pending | None:
        """Render one letter with its headers and notes; None when a field skips it."""
        new: list[tuple[HeaderPart, bytes, bytes]] = []
        for place, header in enumerate(self._template.headers):
            new_id, data = self._headers.render(header, letter, place)
            letter.header_ids.append(new_id)
            if data is not None:
                new.append((header, new_id, data))
        notes = [self._rendered(part.letter, letter) for part in self._template.notes]
        letter.rewind()
        out: list[bytes] = []
        render(self._template.letter, letter, out)
        if letter.skipped:
            self.skipped += 1
            return None
        section = self._rendered(self._template.section, letter)
        for header, new_id, data in new:
            self._headers.keep(header, new_id, data)
        for spool, data in zip(self._notes, notes, strict=True):
            spool.file.write(data)
        self._count(letter)
        return _Pending(out, letter.section_at, section, letter.records)

    def _rendered(self, program: Program, letter: Letter) -> bytes:
        out: list[bytes] = []
        letter.rewind()
        render(program, letter, out)
        return b"".join(out)

    def _count(self, letter: Letter) -> None:
        if not self.letters:
            self.recipient = letter.first
        self.letters += 1
        if letter.truncated:
            self.truncated += letter.truncated
        if self._progress and (self._before + self.letters) % _PROGRESS_EVERY == 0:
            self._progress(self._source.read)

    def _write_lists(self) -> None:
        lists = self._template.lists
        with self._archive.open(lists.name, "w") as stream:
            stream.write(lists.head)
            for place in range(1, min(self.letters, lists.letters)):
                stream.write(b"".join(lists.of_letter(place)))
            stream.write(lists.tail)

    def _write_notes(self) -> None:
        for part, spool in zip(self._template.notes, self._notes, strict=True):
            with self._archive.open(part.name, "w") as stream:
                stream.write(fixed(part.head))
                for chunk in spool.chunks():
                    stream.write(chunk)
                stream.write(fixed(part.tail))

    def _write_index(self) -> None:
        """The content types and the document's relationships, last where something is added to them."""
        package = self._template.package
        self._write_with(TYPES_NAME, _types(package), self._headers.types)
        name = rels_name(package.document)
        if name in package.parts:
            self._write_with(name, package.parts[name], self._headers.relationships)

    def _write_with(self, name: str, data: bytes, added: list[bytes]) -> None:
        if not added:
            self._archive.writestr(name, data)
            return
        if data.endswith(b"/>"):
            data = data[:-2] + b"></Relationships>"
        place = data.rindex(b"</")
        with self._archive.open(name, "w") as stream:
            stream.write(data[:place])
            for item in added:
                stream.write(item)
            stream.write(data[place:])


class _Buffer:
    """Gathers small pieces into large writes."""

    def __init__(self, stream: _LimitedStream) -> None:
        self._stream = stream
        self._pieces: list[bytes] = []
        self._size = 0
        self.written = 0

    def write(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        self.written += len(data)
        if self._size >= _BUFFER:
            self.flush()

    def flush(self) -> None:
        self._stream.write(b"".join(self._pieces))
        self._pieces.clear()
        self._size = 0
