"""One letter taken out of a document that a merge wrote: a Word file with that letter and nothing of the others."""

import posixpath
import re
import zipfile
from collections.abc import Iterator
from typing import IO, BinaryIO

from lxml import etree
from lxml.etree import _Element as Element

from services.word.notes import KINDS as NOTE_KINDS
from services.word.ooxml import R, r, w
from services.word.package import TYPES_NAME, rels_name
from services.word.sections import paragraph_properties

_STEP = 1 << 20
_TARGETS = frozenset({"header", "footer"})
_PREFIX = re.compile(rb"<([\w.-]+:)?document[\s>]")


def extract_letter(document: BinaryIO, head: int, start: int, end: int, out: BinaryIO) -> None:
    """Write a Word file of the letter that stands at these bytes of the unpacked document part; what comes before the
    first letter ends at `head`. (`WordTemplate.merge` tells all three by `placed`.)

    `document` must be seekable. Reads as far as the letter and holds no more than that letter and the index.
    """
    with zipfile.ZipFile(document) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as result:
        name = _main_part(source)
        with source.open(name) as stream:
            before = stream.read(head)
            _skip(stream, start - head)
            letter = stream.read(end - start)
        root = etree.fromstring(before + letter + _closing(before))
        _end_section(root[-1])
        _Extract(source, result, name, root).write()


def _skip(stream: IO[bytes], count: int) -> None:
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


def _main_part(source: zipfile.ZipFile) -> str:
    relationships = etree.fromstring(source.read("_rels/.rels"))
    return next(item.get("Target") or "" for item in relationships if _kind(item) == "officeDocument").lstrip("/")


def _kind(relationship: Element) -> str:
    return (relationship.get("Type") or "").rpartition("/")[2]


class _Extract:
    """Copies a package as far as one letter has to do with it."""

    def __init__(self, source: zipfile.ZipFile, result: zipfile.ZipFile, name: str, root: Element) -> None:
        self._source = source
        self._result = result
        self._name = name
        self._root = root
        self._names = frozenset(source.namelist())

    def write(self) -> None:
        gone = self._write_relationships()
        gone |= {rels_name(part) for part in gone}
        self._write_types(gone)
        self._result.writestr(self._name, self._bytes(self._root))
        notes = dict(self._notes())
        done = {self._name, rels_name(self._name), TYPES_NAME}
        for part in self._names - gone - done:
            if part in notes:
                self._write_notes(part, notes[part])
            else:
                self._result.writestr(part, self._source.read(part))

    def _bytes(self, root: Element) -> bytes:
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)

    def _relationships(self) -> Element | None:
        name = rels_name(self._name)
        return etree.fromstring(self._source.read(name)) if name in self._names else None

    def _target(self, relationship: Element) -> str:
        target = relationship.get("Target") or ""
        return target[1:] if target.startswith("/") else posixpath.normpath(
            posixpath.join(posixpath.dirname(self._name), target))  # fmt: skip

    def _write_relationships(self) -> set[str]:
        """Write the document's relationships without other letters' headers; returns the parts that go with those."""
        relationships = self._relationships()
        if relationships is None:
            return set()
        used = {reference.get(r("id")) for reference in self._root.iter(w("headerReference"), w("footerReference"))}
        others = [item for item in relationships if _kind(item) in _TARGETS and item.get("Id") not in used]
        for item in others:
            relationships.remove(item)
        self._result.writestr(rels_name(self._name), self._bytes(relationships))
        return {self._target(item) for item in others} - {self._target(item) for item in relationships}

    def _write_types(self, gone: set[str]) -> None:
        types = etree.fromstring(self._source.read(TYPES_NAME))
        for item in [item for item in types if (item.get("PartName") or "").lstrip("/") in gone]:
            types.remove(item)
        self._result.writestr(TYPES_NAME, self._bytes(types))

    def _notes(self) -> Iterator[tuple[str, str]]:
        """(part, kind) of the notes that the document has."""
        relationships = self._relationships()
        for item in relationships if relationships is not None else ():
            if _kind(item) in NOTE_KINDS and item.get("Type", "").startswith(R):
                yield self._target(item), _kind(item)

    def _write_notes(self, part: str, kind: str) -> None:
        """The separators, and the notes that the letter refers to."""
        word = w(kind.removesuffix("s"))
        used = {reference.get(w("id")) for reference in self._root.iter(f"{word}Reference")}
        with self._source.open(part) as stream:
            root = None
            for event, element in etree.iterparse(stream, events=("start", "end"), tag=[word, w(kind)]):
                if event == "start":
                    root = element if root is None else root
                elif element.tag == word and element.get(w("type")) in (None, "normal") \
                        and element.get(w("id")) not in used:  # fmt: skip
                    element.getparent().remove(element)
        self._result.writestr(part, self._bytes(root))
