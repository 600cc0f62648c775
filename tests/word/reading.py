"""Reading what a merge wrote, letter by letter, without any code of the engine."""

import zipfile
from dataclasses import dataclass, field
from io import BytesIO

from lxml import etree
from lxml.etree import _Element as Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SIGNS = {W + "tab": "\t", W + "br": "\n", W + "cr": "\n"}


@dataclass
class LetterText:
    """One letter as its recipient sees it: `headers` and `footers` by type, of the letter's last section."""

    paragraphs: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    footers: dict[str, str] = field(default_factory=dict)
    footnotes: list[str] = field(default_factory=list)
    endnotes: list[str] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    fallback_boxes: list[str] = field(default_factory=list)
    section: Element | None = None

    @property
    def lines(self) -> list[str]:
        """The paragraphs that show something."""
        return [text for text in self.paragraphs if text.strip()]


def parts(data: bytes) -> dict[str, bytes]:
    """All parts of a package."""
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def tree(data: bytes, name: str) -> Element:
    """One part's tree."""
    return etree.fromstring(parts(data)[name])


def read_letters(data: bytes, sections_each: int = 1) -> list[LetterText]:
    """The letters of a merged document whose template has that many sections."""
    package = parts(data)
    body = etree.fromstring(package["word/document.xml"]).find(W + "body")
    letters = [LetterText()]
    ended = 0
    for paragraph in body.iter(W + "p", W + "sectPr"):
        if paragraph.tag == W + "sectPr":
            if paragraph.getparent().tag != W + "body":
                continue
            _end_section(package, letters[-1], paragraph)
            continue
        if next(paragraph.iterancestors(W + "txbxContent"), None) is not None:
            continue
        _read_paragraph(package, letters[-1], paragraph)
        section = paragraph.find(f"{W}pPr/{W}sectPr")
        if section is not None:
            _end_section(package, letters[-1], section)
            ended += 1
            if ended % sections_each == 0:
                letters.append(LetterText())
    return letters


def _read_paragraph(package: dict[str, bytes], letter: LetterText, paragraph: Element) -> None:
    for inner in paragraph.iterdescendants(W + "p"):
        old = next(inner.iterancestors(MC + "Fallback"), None) is not None
        (letter.fallback_boxes if old else letter.boxes).append(own_text(inner))
    letter.paragraphs.append(own_text(paragraph))
    for kind, texts in (("footnote", letter.footnotes), ("endnote", letter.endnotes)):
        for reference in paragraph.iter(f"{W}{kind}Reference"):
            texts.append(_note(package, kind, reference.get(W + "id")))


def own_text(paragraph: Element) -> str:
    """A paragraph's text without that of text boxes in it."""
    pieces = []
    for item in paragraph.iter(W + "t", *_SIGNS):
        if next(item.iterancestors(W + "p")) is paragraph:
            pieces.append(_SIGNS.get(item.tag, item.text or ""))
    return "".join(pieces)


def _note(package: dict[str, bytes], kind: str, number: str | None) -> str:
    (note,) = (item for item in etree.fromstring(package[f"word/{kind}s.xml"]) if item.get(W + "id") == number)
    return "".join(note.itertext(W + "t"))


def _end_section(package: dict[str, bytes], letter: LetterText, section: Element) -> None:
    letter.section = section
    targets = {item.get("Id"): item.get("Target") for item in etree.fromstring(package["word/_rels/document.xml.rels"])}
    for name, texts in (("header", letter.headers), ("footer", letter.footers)):
        for reference in section.iter(f"{W}{name}Reference"):
            root = etree.fromstring(package["word/" + targets[reference.get(R + "id")]])
            texts[reference.get(W + "type")] = "".join(root.itertext(W + "t"))
