"""The font that labels are printed in, and how wide text is in it."""

import unicodedata
from functools import cache
from importlib.resources import files

from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont

NAME = "Roboto"


@cache
def font() -> TTFont:
    """Roboto, which has the Latin, Greek and Cyrillic letters of Europe; embedded into what is printed."""
    path = files("font_roboto").joinpath("files", "Roboto-Regular.ttf")
    found = TTFont(NAME, str(path))
    registerFont(found)
    return found


@cache
def width_of(sign: str) -> float:
    """How wide a sign is, in parts of the font's size."""
    face = font().face
    return float(face.charWidths.get(ord(sign), face.defaultWidth)) / 1000


def text_width(text: str, size: float) -> float:
    """In points."""
    return sum(map(width_of, text)) * size


def printable(text: str) -> str:
    """The text in one line, composed, without signs that nothing prints."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in composed).split())


def unprintable(text: str) -> set[str]:
    """The signs of a text that the font does not have: they come out as boxes."""
    known = font().face.charToGlyph
    return {sign for sign in printable(text) if ord(sign) not in known}
