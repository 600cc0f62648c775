"""Section properties of a letter: each starts on a new page with its own headers and page numbers from one."""

from collections.abc import Iterator

from lxml import etree
from lxml.etree import _Element as Element

from services.word.ooxml import local_name, r, w

# The order that the schema wants (CT_SectPr, ECMA-376 part 1, 17.6.17), as far as anything is put in here.
_ORDER = (
    *("headerReference", "footerReference", "footnotePr", "endnotePr", "type", "pgSz", "pgMar", "paperSrc"),
    *("pgBorders", "lnNumType", "pgNumType", "cols", "formProt", "vAlign", "noEndnote", "titlePg", "textDirection"),
    *("bidi", "rtlGutter", "docGrid", "printerSettings", "footnoteColumns", "sectPrChange"),
)
_REFERENCES = (w("headerReference"), w("footerReference"))
_KINDS = tuple((tag, kind) for kind in ("even", "default", "first") for tag in _REFERENCES)
Reference = tuple[str, str]


def sections(body: Element) -> list[Element]:
    """The section properties of a body in order, the last one made where the body has none."""
    found = [section for section in body.iter(w("sectPr")) if local_name(section.getparent().tag) in ("pPr", "body")]
    for section in found:
        for change in section.findall(w("sectPrChange")):
            section.remove(change)
    if not found or found[-1].getparent() is not body:
        found.append(etree.SubElement(body, w("sectPr")))
    return found


def missing_references(found: list[Element]) -> Iterator[Reference]:
    """Headers and footers that the first section hasn't got but a later one has.

    A letter would inherit those from the letter before it, with that recipient's values.
    """
    first = set(_references(found[0]))
    later = {key for section in found[1:] for key in _references(section)}
    yield from (key for key in _KINDS if key in later - first)


def make_explicit(found: list[Element], blanks: dict[Reference, str]) -> None:
    """Give every section all its references; what it inherits within the letter, else the blank part's id."""
    inherited = dict(blanks)
    for section in found:
        inherited.update(_references(section))
        for reference in [child for child in section if child.tag in _REFERENCES]:
            section.remove(reference)
        place = 0
        for tag, kind in _KINDS:
            if (tag, kind) in inherited:
                reference = etree.Element(tag, {w("type"): kind, r("id"): inherited[tag, kind]})
                section.insert(place, reference)
                place += 1


def _references(section: Element) -> dict[Reference, str]:
    return {
        (child.tag, child.get(w("type")) or "default"): child.get(r("id")) or ""
        for child in section
        if child.tag in _REFERENCES
    }


def start_letter(section: Element, *, notes: tuple[str, ...]) -> None:
    """Make a letter's first section start a new page, its pages and its notes counted from one."""
    kind = section.find(w("type"))
    if kind is not None and kind.get(w("val")) in ("continuous", "nextColumn"):
        kind.set(w("val"), "nextPage")
    numbers = _child(section, "pgNumType")
    if numbers.get(w("start")) is None:
        numbers.set(w("start"), "1")
    for name in notes:
        properties = _child(section, name)
        if properties.find(w("numRestart")) is None and properties.find(w("numStart")) is None:
            etree.SubElement(properties, w("numRestart"), {w("val"): "eachSect"})


def _child(section: Element, name: str) -> Element:
    """The section's child of that name, made at its place in the schema's order where there is none."""
    found = section.find(w(name))
    if found is not None:
        return found
    found = etree.Element(w(name))
    after = {w(other) for other in _ORDER[: _ORDER.index(name)]}
    place = sum(1 for child in section if child.tag in after)
    section.insert(place, found)
    return found


def paragraph_properties(paragraph: Element) -> Element:
    """A paragraph's properties, made where it has none."""
    properties = paragraph.find(w("pPr"))
    if properties is None:
        properties = etree.Element(w("pPr"))
        paragraph.insert(0, properties)
    return properties


def last_paragraph(body: Element) -> Element | None:
    """The paragraph that can carry the properties of the letter's last section; None where a new one must."""
    blocks = [child for child in body if isinstance(child.tag, str) and child.tag != w("sectPr")]
    trailing = []
    while blocks and local_name(blocks[-1].tag) in ("bookmarkEnd", "bookmarkStart", "permEnd", "moveToRangeEnd"):
        trailing.append(blocks.pop())
    if not blocks or blocks[-1].tag != w("p"):
        return None
    paragraph = blocks[-1]
    properties = paragraph.find(w("pPr"))
    if properties is not None and properties.find(w("sectPr")) is not None:
        return None
    paragraph.extend(reversed(trailing))
    return paragraph
