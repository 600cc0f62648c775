"""Ids and names that may occur once in a file, made so that every letter has its own."""

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from lxml import etree
from lxml.etree import _Element as Element

from services.word.markers import Markers
from services.word.ooxml import MC, OFFICE, VML, local_name, w
from services.word.program import IdSlot, NameSlot

# Word allows 40 characters; seven digits for the letter and an underscore go behind the stem.
_STEM_LENGTH = 32
_ANNOTATIONS = frozenset(
    w(name)
    for name in (
        *("bookmarkStart", "bookmarkEnd", "ins", "del", "moveFrom", "moveTo", "cellIns", "cellDel", "cellMerge"),
        *("moveFromRangeStart", "moveFromRangeEnd", "moveToRangeStart", "moveToRangeEnd", "permStart", "permEnd"),
        *("customXmlInsRangeStart", "customXmlInsRangeEnd", "customXmlDelRangeStart", "customXmlDelRangeEnd"),
        *("customXmlMoveFromRangeStart", "customXmlMoveFromRangeEnd"),
        *("customXmlMoveToRangeStart", "customXmlMoveToRangeEnd", "numberingChange"),
        *("rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "tblGridChange", "trPrChange", "tcPrChange"),
        "tblPrExChange",
    )
)
_DROPPED_ELEMENTS = ("commentRangeStart", "commentRangeEnd", "proofErr")
_DROPPED_ATTRIBUTES = re.compile(r"\}(?:rsid\w*|paraId|textId|anchorId|editId)$")
_REFERRING = re.compile(r"\s*(?:REF|PAGEREF|NOTEREF|HYPERLINK|TOC|SEQ)\b", re.IGNORECASE)


class Identities:
    """Gives every id of the template a place within a letter's share of numbers."""

    def __init__(self, markers: Markers) -> None:
        self._markers = markers
        self._locals: dict[object, int] = {}
        self._names: dict[str, NameSlot] = {}
        self._shapes: dict[str, str] = {}

    @property
    def count(self) -> int:
        """How many numbers a letter takes."""
        return len(self._locals)

    def collect_names(self, root: Element) -> None:
        """Learn the bookmarks of a part before anything that refers to them is marked."""
        stems = {slot.stem for slot in self._names.values()}
        for start in root.iter(w("bookmarkStart")):
            name = start.get(w("name")) or "b"
            stem, number = _escaped(name[:_STEM_LENGTH]), 0
            while name not in self._names and stem in stems:
                number += 1
                stem = _escaped(f"{name[: _STEM_LENGTH - 6]}_{number}")
            stems.add(stem)
            self._names.setdefault(name, NameSlot(stem))

    def mark(self, root: Element, part: str) -> bool:
        """Mark the ids and names in a part; True when something in it refers to a bookmark."""
        for element in root.iter(etree.Element):
            if element.tag in _ANNOTATIONS and element.get(w("id")) is not None:
                self._set(element, w("id"), (part, element.get(w("id"))))
            elif local_name(element.tag) == "docPr":
                self._set(element, "id", element)
            elif element.tag == w("id") and local_name(element.getparent().tag) == "sdtPr":
                self._set(element, w("val"), element)
            elif local_name(element.tag) == "OLEObject" and element.get("ShapeID") in self._shapes:
                element.set("ShapeID", self._shapes[element.get("ShapeID")])
            elif element.tag.startswith(f"{{{VML}}}"):
                self._shape(element)
        return self._mark_names(root)

    def _set(self, element: Element, attribute: str, key: object) -> None:
        local = self._locals.setdefault(key, len(self._locals) + 1)
        element.set(attribute, self._markers.attribute(IdSlot(local)))

    def _shape(self, element: Element) -> None:
        """VML shapes are named by their id, which an object behind them repeats; a shape type keeps its name."""
        if local_name(element.tag) == "shapetype":
            return
        element.attrib.pop(f"{{{OFFICE}}}spid", None)
        if element.get("id"):
            name = element.get("id")
            local = self._locals.setdefault(element, len(self._locals) + 1)
            self._shapes[name] = f"{name}_{self._markers.attribute(IdSlot(local))}"
            element.set("id", self._shapes[name])

    def _mark_names(self, root: Element) -> bool:
        refers = False
        for start in root.iter(w("bookmarkStart")):
            start.set(w("name"), self._markers.attribute(self._names[start.get(w("name")) or "b"]))
        for link in root.iter(w("hyperlink")):
            if link.get(w("anchor")) in self._names:
                link.set(w("anchor"), self._markers.attribute(self._names[link.get(w("anchor"))]))
                refers = True
        for code in root.iter(w("instrText")):
            if code.text and _REFERRING.match(code.text):
                refers |= self._mark_reference(code, code.text)
        for simple in root.iter(w("fldSimple")):
            if _REFERRING.match(simple.get(w("instr")) or ""):
                marked = self._with_marks(simple.get(w("instr")))
                refers |= marked != simple.get(w("instr"))
                simple.set(w("instr"), marked)
        return refers

    def _mark_reference(self, code: Element, text: str) -> bool:
        code.text = self._with_marks(text)
        return code.text != text

    def _with_marks(self, text: str) -> str:
        pieces = re.split(r'([\s"]+)', text)
        return "".join(
            self._markers.attribute(self._names[piece]) if piece in self._names else piece for piece in pieces
        )


def clean(root: Element) -> None:
    """Take out what belongs to the editing of the template: revision marks of sessions, comments, cursor places."""
    for element in root.iter(etree.Element):
        for attribute in [name for name in element.attrib if _DROPPED_ATTRIBUTES.search(name)]:
            del element.attrib[attribute]
    cursor = {mark.get(w("id")) for mark in root.iter(w("bookmarkStart")) if mark.get(w("name")) == "_GoBack"}
    gone = [mark for mark in root.iter(w("bookmarkStart"), w("bookmarkEnd")) if mark.get(w("id")) in cursor]
    gone += root.iter(*(w(name) for name in _DROPPED_ELEMENTS))
    for fallback in root.iter(f"{{{MC}}}Fallback"):
        # The same text box in its older form: its bookmarks would be there twice.
        gone += fallback.iter(w("bookmarkStart"), w("bookmarkEnd"))
    _remove(gone)
    _remove_comment_marks(root)


def _remove_comment_marks(root: Element) -> None:
    for reference in list(root.iter(w("commentReference"))):
        run = reference.getparent()
        _remove([reference])
        if all(child.tag == w("rPr") for child in run):
            _remove([run])


def _remove(elements: Iterable[Element]) -> None:
    for element in list(elements):
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)


def _escaped(name: str) -> bytes:
    """A name as it stands in an attribute or in a field's instruction."""
    return escape(name, {'"': "&quot;"}).encode()
