"""The text of one letter as its reader meets it, part by part: for showing, not printing."""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml.etree import _Element as Element

from services.word.ooxml import MC, w
from services.word.package import parse_xml, read_package

_ORDER = ("header", "body", "footer", "footnotes", "endnotes")
_SIGNS = {w("tab"): "\t", w("br"): "\n", w("cr"): "\n", w("noBreakHyphen"): "\u2011"}
_FALLBACK = f"{{{MC}}}Fallback"


@dataclass(frozen=True)
class PartText:
    """One part of a letter: `part` as in TemplateField; each paragraph or row of a table is a text of its own."""

    part: str
    paragraphs: tuple[str, ...]


def letter_text(document: bytes) -> list[PartText]:
    """The parts of a Word file that hold text, in the order of a page. Raises TemplateError."""
    package = read_package(document)
    found = []
    for part in _ORDER:
        related = (relationship.target for relationship in package.related(package.document, part))
        names = [package.document] if part == "body" else list(related)
        texts = (text for name in names for text in block_texts(parse_xml(package.parts[name], name)))
        paragraphs = tuple(text for text in texts if text.strip())
        if paragraphs:
            found.append(PartText(part, paragraphs))
    return found


def block_texts(container: Element) -> Iterator[str]:
    """The text of each paragraph, and of each row of a table."""
    for block in container:
        if block.tag == w("p"):
            yield paragraph_text(block)
            for box in boxes(block):
                yield from block_texts(box)
        elif block.tag == w("tbl"):
            for row in inside(block, "tr"):
                yield " | ".join(" ".join(filter(None, block_texts(cell))) for cell in inside(row, "tc"))
        elif isinstance(block.tag, str):
            yield from block_texts(block)


def inside(element: Element, name: str) -> Iterator[Element]:
    """The rows of a table or the cells of a row, those of tables within it left out."""
    for found in element.iter(w(name)):
        if next(found.iterancestors(element.tag)) is element:
            yield found


def boxes(paragraph: Element) -> Iterator[Element]:
    """The text boxes in a paragraph, each once: a drawing is often there in a second form for old programs."""
    for box in paragraph.iter(w("txbxContent")):
        if next(box.iterancestors(w("p")), None) is paragraph and next(box.iterancestors(_FALLBACK), None) is None:
            yield box


def paragraph_text(paragraph: Element) -> str:
    """A paragraph's own text, that of its text boxes left out."""
    pieces = (
        _SIGNS.get(item.tag, item.text or "")
        for item in paragraph.iter(w("t"), *_SIGNS)
        if next(item.iterancestors(w("p"))) is paragraph and item.getparent().tag == w("r")
    )
    return "".join(pieces)
