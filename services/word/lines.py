"""Lines that hold nothing but merge fields disappear when all the fields are empty, as Word does it."""

from collections.abc import Set

from lxml.etree import _Element as Element

from services.word.markers import Markers
from services.word.ooxml import w

_UNSEEN = frozenset(w(name) for name in ("pPr", "bookmarkStart", "bookmarkEnd", "proofErr"))


def mark_lines(root: Element, value_runs: Set[Element], markers: Markers) -> None:
    """Mark the paragraphs that may disappear: never the last of a cell, a text box, a note or the document."""
    for paragraph in {run.getparent() for run in value_runs}:
        if paragraph is not None and paragraph.tag == w("p") and _may_go(paragraph, value_runs):
            paragraph.addprevious(markers.mark("line"))
            paragraph.addnext(markers.mark("end"))


def _may_go(paragraph: Element, value_runs: Set[Element]) -> bool:
    if not any(following.tag in (w("p"), w("tbl")) for following in paragraph.itersiblings()):
        return False
    if paragraph.find(f"{w('pPr')}/{w('sectPr')}") is not None or paragraph.find(w("bookmarkStart")) is not None:
        return False
    return all(child in value_runs or child.tag in _UNSEEN for child in paragraph)
