"""A text laid out on a label: blank lines dropped, long lines wrapped, then all of it shrunk until it fits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.label_sheets.fonts import printable, text_width
from services.label_sheets.sheets import POINTS, Sheet

#: Sizes of type in points: what is aimed at, and the smallest that is still read.
USUAL, SMALLEST, STEP = 11.0, 5.0, 0.5
#: From one line to the next, in parts of the size; where the letters of a line end above and below its base line.
LEADING, ASCENT, DESCENT = 1.2, 0.93, 0.25
#: Of each side of a label so much stays free (millimetres), on small labels a part of it.
MARGIN, PART = 3.0, 0.08
ELLIPSIS = "…"


@dataclass(frozen=True)
class Fitted:
    """Lines of one size (points) that fit a label. `cut` tells that not all of the text does, even at the smallest."""

    lines: tuple[str, ...]
    size: float
    cut: bool = False

    @property
    def height(self) -> float:
        """In points, from the top of the first line's letters to the bottom of the last one's."""
        return self.size * (ASCENT + DESCENT + LEADING * (len(self.lines) - 1)) if self.lines else 0.0


def margin_of(length: float) -> float:
    """What stays free at each end of a label's width or height (millimetres)."""
    return min(MARGIN, length * PART)


def room_of(sheet: Sheet) -> tuple[float, float]:
    """The width and height in points that a label has for text."""
    return ((sheet.width - 2 * margin_of(sheet.width)) * POINTS, (sheet.height - 2 * margin_of(sheet.height)) * POINTS)


def fit(lines: Sequence[str], sheet: Sheet, usual: float = USUAL) -> Fitted:
    """The lines as they fit a label of the sheet, in type as near to `usual` points as goes."""
    texts = [text for text in map(printable, lines) if text]
    width, height = room_of(sheet)
    for size in sizes(usual):
        wrapped = wrap(texts, size, width)
        if wrapped is not None and Fitted(tuple(wrapped), size).height <= height:
            return Fitted(tuple(wrapped), size)
    return cut_to(texts, SMALLEST, width, height)


def sizes(usual: float) -> Iterator[float]:
    size = usual
    while size > SMALLEST:
        yield size
        size -= STEP
    yield SMALLEST


def wrap(texts: Sequence[str], size: float, width: float) -> list[str] | None:
    """The texts in lines that are no wider, broken between words; None where a single word is wider."""
    lines: list[str] = []
    for text in texts:
        if text_width(text, size) <= width:
            lines.append(text)
            continue
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if text_width(longer, size) <= width:
                line = longer
            elif text_width(word, size) <= width:
                lines.append(line)
                line = word
            else:
                return None
        lines.append(line)
    return lines


def cut_to(texts: Sequence[str], size: float, width: float, height: float) -> Fitted:
    """What fits of texts that don't: words broken where they must be, the last line ending in an ellipsis."""
    lines = [line for text in texts for line in broken(text, size, width)]
    room = max(1, int((height / size - ASCENT - DESCENT) / LEADING) + 1)
    if len(lines) <= room:
        return Fitted(tuple(lines), size)
    last = lines[room - 1]
    while last and text_width(last + ELLIPSIS, size) > width:
        last = last[:-1]
    return Fitted((*lines[: room - 1], last + ELLIPSIS), size, cut=True)


def broken(text: str, size: float, width: float) -> Iterator[str]:
    line = ""
    for sign in text:
        if line and text_width(line + sign, size) > width:
            yield line.strip()
            line = ""
        line += sign
    if line.strip():
        yield line.strip()
