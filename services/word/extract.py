"""One letter taken out of a document that a merge wrote: a Word file with that letter and nothing of the others."""

import re
import zipfile
from collections.abc import Set
from functools import partial
from typing import IO, BinaryIO

from lxml import etree
from lxml.etree import _Element as Element

from services.word.copying import PackageCopy, as_bytes, header_ids, main_part, note_ids
from services.word.notes import KINDS as NOTE_KINDS
from services.word.ooxml import w
from services.word.sections import paragraph_properties

_STEP = 1 << 20
_PREFIX = re.compile(rb"<([\w.-]+:)?document[\s>]")


def extract_letter(document: BinaryIO, head: int, start: int, end: int, out: BinaryIO) -> None:
    """Write a Word file of the letter that stands at these bytes of the unpacked document part; what comes before the
    first letter ends at `head`. (`WordTemplate.merge` tells all three by `placed`.)

    `document` must be seekable. Reads as far as the letter and holds no more than that letter and the index.
    """
    with zipfile.ZipFile(document) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as result:
        name = main_part(source)
        with source.open(name) as stream:
            before = stream.read(head)
            skip(stream, start - head)
            letter = stream.read(end - start)
        root = tree_of(before, letter)
        _end_section(root[-1])
        result.writestr(name, as_bytes(root))
        notes = {kind: partial(_among, note_ids(root, kind)) for kind in NOTE_KINDS}
        PackageCopy(source, result, name, partial(_among, header_ids(root)), notes).write()


def _among(used: Set[str | None], one: str | None) -> bool:
    return one in used


def tree_of(head: bytes, letter: bytes) -> Element:
    """The document with that letter alone, before its sections are put right."""
    return etree.fromstring(head + letter + _closing(head))


def skip(stream: IO[bytes], count: int) -> None:
    """Read so many bytes past."""
    while count > 0 and (chunk := stream.read(min(_STEP, count))):
        count -= len(chunk)


def _closing(head: bytes) -> bytes:
    """The ends of what the head begins: the body and the document, by the prefix that the template has."""
    found = _PREFIX.search(head)
    prefix = (found[1] or b"") if found else b""
    return b"</%sbody></%sdocument>" % (prefix, prefix)


def _end_section(body: Element) -> None:
    """The properties of a letter's last section stand in its last paragraph where another letter followed."""
    if body[-1].tag == w("sectPr"):
        return
    *_, paragraph = body.iterchildren(w("p"))
    properties = paragraph_properties(paragraph)
    section = properties.find(w("sectPr"))
    if section is not None:
        properties.remove(section)
        body.append(section)
