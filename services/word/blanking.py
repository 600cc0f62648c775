"""Letters taken out of a document that a merge wrote, while every other letter stays at the bytes where it is.

Where a letter stood, blanks stand, which mean nothing between paragraphs: whoever reads another letter by its place
needs not know, and the file packs them to nothing.
"""

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import IO, BinaryIO

from lxml import etree
from lxml.etree import _Element as Element

from services.word.copying import PackageCopy, header_ids, main_part, note_ids
from services.word.extract import skip, tree_of
from services.word.notes import KINDS as NOTE_KINDS
from services.word.ooxml import w
from services.word.stream import LEVEL

#: First byte in the unpacked document part, and the one behind the last.
Span = tuple[int, int]
_STEP = 1 << 20
#: What the end of a document keeps of its last letter's section: the paper, not the headers.
_PAPER = (w("pgSz"), w("pgMar"), w("cols"), w("docGrid"))


def blank_letters(document: BinaryIO, head: int, spans: Iterable[Span], out: BinaryIO) -> None:
    """Write the document without the letters at these bytes, and without the headers and notes that only they use.

    `document` must be seekable; places are as `extract_letter` takes them. Holds no more than these letters and the
    index.
    """
    with zipfile.ZipFile(document) as source, \
            zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as result:  # fmt: skip
        name, ordered = main_part(source), sorted(set(spans))
        with source.open(name) as stream:
            before, letters = _read(stream, head, ordered)
        roots = [tree_of(before, letter) for letter in letters]
        headers = _Unused({one for root in roots for one in header_ids(root) if one})
        # From here on the last letter's section is without its headers.
        blanks = [_blank(root, len(letter)) for root, letter in zip(roots, letters, strict=True)]
        with source.open(name) as stream, result.open(name, "w") as written:
            for chunk in _blanked(stream, ordered, blanks):
                headers.look(chunk)
                written.write(chunk)
        gone = {kind: set().union(*(note_ids(root, kind) for root in roots)) for kind in NOTE_KINDS}
        notes = {kind: partial(_not_among, ids) for kind, ids in gone.items() if ids}
        PackageCopy(source, result, name, partial(_not_among, headers.ids), notes).write()


def _not_among(gone: set[str] | set[str | None], one: str | None) -> bool:
    return one not in gone


def _read(stream: IO[bytes], head: int, spans: Sequence[Span]) -> tuple[bytes, list[bytes]]:
    """What stands before the first letter, and the letters."""
    before, letters, position = stream.read(head), [], head
    for start, end in spans:
        skip(stream, start - position)
        letters.append(stream.read(end - start))
        position = end
    return before, letters


def _blank(root: Element, length: int) -> bytes:
    """What stands in a letter's place. The document's last one leaves an empty paragraph, and a section that begins no
    page: a document has to end so."""
    body = root[-1]
    section = body[-1] if len(body) else None
    if section is None or section.tag != w("sectPr"):
        return b" " * length
    for child in list(section):
        if child.tag not in _PAPER:
            section.remove(child)
    section.attrib.clear()
    section.insert(0, etree.Element(w("type"), {w("val"): "continuous"}))
    paragraph = etree.Element(w("p"), nsmap=root.nsmap)
    return b"".join(etree.tostring(one, with_tail=False) for one in (paragraph, section)).ljust(length)


def _blanked(stream: IO[bytes], spans: Sequence[Span], blanks: Sequence[bytes]) -> Iterator[bytes]:
    position = 0
    for (start, end), blank in zip(spans, blanks, strict=True):
        yield from _chunks(stream, start - position)
        skip(stream, end - start)
        yield blank
        position = end
    yield from _chunks(stream)


def _chunks(stream: IO[bytes], count: int | None = None) -> Iterator[bytes]:
    while (count is None or count > 0) and (chunk := stream.read(_STEP if count is None else min(_STEP, count))):
        yield chunk
        count = count if count is None else count - len(chunk)


class _Unused:
    """Which of some relationships' ids a document, seen chunk by chunk, does not use: `ids` is what is left."""

    def __init__(self, ids: set[str]) -> None:
        self.ids = ids
        self._before = b""

    def look(self, chunk: bytes) -> None:
        if not self.ids:
            return
        # An attribute may stand on both sides of a chunk's end.
        text = self._before + chunk
        wanted = b"|".join(re.escape(one.encode()) for one in self.ids)
        found = re.findall(b"[\"'](" + wanted + b")[\"']", text)
        self.ids -= {one.decode() for one in found}
        self._before = text[-max((len(one) for one in self.ids), default=0) - 2 :]
