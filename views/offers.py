"""What a register offers beside what every register does."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Offer:
    """A way to go on, as a button or an item of a menu; a note says why where that is worth a line on the page. With
    `post` it is done at once, else it leads to a page."""

    url: str
    label: str
    icon: str
    note: str = ""
    post: bool = False


@dataclass(frozen=True)
class RowOffer:
    """A way to go on in the menu of a list's row: `{id}` in the address stands for the row's record. It is there where
    the row has `needs` among what may be done to it."""

    url: str
    label: str
    icon: str
    needs: str
    post: bool = False


@dataclass(frozen=True)
class Step:
    """One of the steps that a record goes through, as its page shows them; without an address it can't be taken."""

    key: str
    label: str
    colour: str
    done: bool
    current: bool
    url: str = ""
