"""Label sheets and where on them each label stands, in millimetres from the paper's upper left corner."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from flask_babel import lazy_gettext as _l

from models.told import Told

#: What printers' own figures differ by.
TOLERANCE = 0.05
SMALLEST, LARGEST = 5.0, 450.0
MOST_ACROSS = 30
#: A printer is set right by at most so much.
FARTHEST = 20.0
POINTS = 72 / 25.4


class BadSheet(Told, ValueError):
    """The measures of a sheet don't go together."""


@dataclass(frozen=True)
class Sheet:
    """A sheet of equal labels. All lengths in millimetres; `across` and `down` are the distances from one label's edge
    to the same edge of the next. Raises BadSheet where its labels don't fit its paper."""

    key: str
    paper_width: float
    paper_height: float
    columns: int
    rows: int
    left: float
    top: float
    across: float
    down: float
    width: float
    height: float

    def __post_init__(self) -> None:
        lengths = (self.paper_width, self.paper_height, self.across, self.down, self.width, self.height)
        if not all(SMALLEST <= length <= LARGEST for length in lengths) or self.left < 0 or self.top < 0:
            raise BadSheet(_l("Give lengths in millimetres, from %(min)s to %(max)s.", min=SMALLEST, max=LARGEST))
        if not (1 <= self.columns <= MOST_ACROSS and 1 <= self.rows <= MOST_ACROSS):
            raise BadSheet(_l("A sheet has 1 to %(max)s labels across and down.", max=MOST_ACROSS))
        if (self.columns > 1 and self.across < self.width) or (self.rows > 1 and self.down < self.height):
            raise BadSheet(_l("The labels overlap: the distance from one to the next is smaller than a label."))
        right, bottom = self.place(self.each - 1)
        if right + self.width > self.paper_width + TOLERANCE or bottom + self.height > self.paper_height + TOLERANCE:
            raise BadSheet(_l("The labels don't fit the paper. Look at the margins and distances again."))

    @property
    def each(self) -> int:
        """How many labels a sheet has."""
        return self.columns * self.rows

    def place(self, number: int) -> tuple[float, float]:
        """(left, top) of a label, counted from 0 row by row."""
        row, column = divmod(number, self.columns)
        return self.left + column * self.across, self.top + row * self.down


@dataclass(frozen=True)
class Printing:
    """How labels are printed: `start` is the place of the first one on the first sheet (from 0), for sheets of which
    some are used up; `right` and `down` move everything by millimetres, for printers that don't feed straight."""

    sheet: Sheet
    start: int = 0
    right: float = 0.0
    down: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.sheet.each:
            raise BadSheet(_l("Begin at a label from 1 to %(max)s.", max=self.sheet.each))
        if not (abs(self.right) <= FARTHEST and abs(self.down) <= FARTHEST):
            raise BadSheet(_l("Move the print by at most %(max)s mm.", max=FARTHEST))

    def places(self) -> Iterator[tuple[int, float, float]]:
        """(page from 0, left, top) for one label after the other, without end."""
        number = self.start
        while True:
            page, place = divmod(number, self.sheet.each)
            left, top = self.sheet.place(place)
            yield page, left + self.right, top + self.down
            number += 1


def read_sheets() -> dict[str, Sheet]:
    """The sheets that come along, by name; names of the same sheet too."""
    raw: Mapping[str, Any] = yaml.safe_load(Path(__file__).with_name("sheets.yaml").read_text("utf-8"))
    sheets = {key: Sheet(key, *raw["papers"][paper], *numbers) for key, (paper, *numbers) in raw["sheets"].items()}
    return sheets | {key: Sheet(**{**vars(sheets[same]), "key": key}) for key, same in raw["same"].items()}


SHEETS = read_sheets()
