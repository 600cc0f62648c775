"""What a register offers beside what every register does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """A way to go on, as a button or an item of a menu; a note says why where that is worth a line on the page."""

    url: str
    label: str
    icon: str
    note: str = ""
