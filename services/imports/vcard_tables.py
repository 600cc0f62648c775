"""A file of vCards as a table: a row for each card, under the names of the fields that it goes into."""

from collections.abc import Callable, Iterator
from typing import IO

from flask_babel import lazy_gettext as _l

from services.imports.errors import TableError
from services.vcards import BEGIN, MOST_BYTES, Card, card_texts, decoded, read_card

HEADER = ["First name", "Last name", "Name", "Title", "Company", "Phone", "E-mail", "Note",
          "Other numbers and addresses", "Unreadable card"]  # fmt: skip
MARK = BEGIN.encode()
#: So much of a card that can't be read is shown, for whoever mends it.
LONGEST_SHOWN = 500


def is_vcards(head: bytes) -> bool:
    """Whether a file that begins so holds vCards, in whatever encoding."""
    return MARK in head.replace(b"\x00", b"").upper()[:64]


def vcard_reader(stream: IO[bytes]) -> Callable[[], Iterator[list[str]]]:
    """A function that reads the cards from the start, after a header. Raises TableError."""
    if stream.seek(0, 2) > MOST_BYTES:
        raise TableError(_l("The file is too large: at most %(max)s MB. Split it into several.", max=MOST_BYTES >> 20))

    def rows() -> Iterator[list[str]]:
        stream.seek(0)
        yield HEADER
        for text in card_texts(decoded(stream.read())):
            card = read_card(text)
            yield [""] * (len(HEADER) - 1) + [text[:LONGEST_SHOWN]] if card is None else row_of(card)

    return rows


def row_of(card: Card) -> list[str]:
    return [card.first_name, card.last_name, card.name, card.title, card.company, card.phone, card.email, card.note,
            "; ".join(card.others), ""]  # fmt: skip
