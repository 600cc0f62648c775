"""Copies the parts of a Word file without the headers, footers and notes that its new document does not use."""

import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping

from lxml import etree
from lxml.etree import _Element as Element

from services.word.notes import KINDS as NOTE_KINDS
from services.word.ooxml import R, r, w
from services.word.package import TYPES_NAME, rels_name

HEADERS = frozenset({"header", "footer"})
#: Whether what has this id stays.
Keeps = Callable[[str | None], bool]


def main_part(source: zipfile.ZipFile) -> str:
    """The name of the document part."""
    relationships = etree.fromstring(source.read("_rels/.rels"))
    return next(item.get("Target") or "" for item in relationships if kind_of(item) == "officeDocument").lstrip("/")


def kind_of(relationship: Element) -> str:
    return (relationship.get("Type") or "").rpartition("/")[2]


class PackageCopy:
    """Copies everything but the document part `name`, which is the caller's to write.

    `headers` says which relationships of headers and footers stay, `notes` which notes do, by their kind ("footnotes");
    notes of other kinds are copied as they are.
    """

    def __init__(
        self, source: zipfile.ZipFile, result: zipfile.ZipFile, name: str, headers: Keeps, notes: Mapping[str, Keeps]
    ) -> None:  # fmt: skip
        self._source = source
        self._result = result
        self._name = name
        self._headers = headers
        self._kept_notes = notes
        self._names = source.namelist()

    def write(self) -> None:
        gone = self._write_relationships()
        gone |= {rels_name(part) for part in gone}
        self._write_types(gone)
        notes = dict(self._notes())
        done = gone | {self._name, rels_name(self._name), TYPES_NAME}
        for part in self._names:
            if part in done:
                continue
            if notes.get(part) in self._kept_notes:
                self._write_notes(part, notes[part])
            else:
                self._result.writestr(part, self._source.read(part))

    def _relationships(self) -> Element | None:
        name = rels_name(self._name)
        return etree.fromstring(self._source.read(name)) if name in self._names else None

    def _target(self, relationship: Element) -> str:
        target = relationship.get("Target") or ""
        return target[1:] if target.startswith("/") else posixpath.normpath(
            posixpath.join(posixpath.dirname(self._name), target))  # fmt: skip

    def _write_relationships(self) -> set[str]:
        """Write the document's relationships without the headers that go; returns the parts that go with those."""
        relationships = self._relationships()
        if relationships is None:
            return set()
        others = [item for item in relationships if kind_of(item) in HEADERS and not self._headers(item.get("Id"))]
        for item in others:
            relationships.remove(item)
        self._result.writestr(rels_name(self._name), as_bytes(relationships))
        return {self._target(item) for item in others} - {self._target(item) for item in relationships}

    def _write_types(self, gone: set[str]) -> None:
        types = etree.fromstring(self._source.read(TYPES_NAME))
        for item in [item for item in types if (item.get("PartName") or "").lstrip("/") in gone]:
            types.remove(item)
        self._result.writestr(TYPES_NAME, as_bytes(types))

    def _notes(self) -> Iterator[tuple[str, str]]:
        """(part, kind) of the notes that the document has."""
        relationships = self._relationships()
        for item in relationships if relationships is not None else ():
            if kind_of(item) in NOTE_KINDS and item.get("Type", "").startswith(R):
                yield self._target(item), kind_of(item)

    def _write_notes(self, part: str, kind: str) -> None:
        """The separators, and the notes that stay."""
        word, stays = note_word(kind), self._kept_notes[kind]
        with self._source.open(part) as stream:
            root = None
            for event, element in etree.iterparse(stream, events=("start", "end"), tag=[word, w(kind)]):
                if event == "start":
                    root = element if root is None else root
                elif element.tag == word and element.get(w("type")) in (None, "normal") \
                        and not stays(element.get(w("id"))):  # fmt: skip
                    element.getparent().remove(element)
        self._result.writestr(part, as_bytes(root))


def as_bytes(root: Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, standalone=True)


def header_ids(root: Element) -> set[str | None]:
    """The relationships of the headers and footers that a document uses."""
    return {reference.get(r("id")) for reference in root.iter(w("headerReference"), w("footerReference"))}


def note_ids(root: Element, kind: str) -> set[str | None]:
    """The ids of the notes of a kind that a document refers to."""
    return {reference.get(w("id")) for reference in root.iter(f"{note_word(kind)}Reference")}


def note_word(kind: str) -> str:
    return w(kind.removesuffix("s"))
