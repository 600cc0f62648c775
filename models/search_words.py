"""Words as the search box compares them: small letters without accents, so that "jarvi" finds Järvi."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from models.collation import SAME_AS

#: A record keeps so many words, each so long: a long text's first page, not a book.
MOST_WORDS = 200
LONGEST = 40
#: So many different words of the text in a file: those of a book of a hundred pages.
MOST_OF_FILE = 5_000
#: Texts of so many signs are remembered.
SHORT = 40
#: Typed alone, such signs are a number's: a phone number or business ID in any spacing.
NUMBER = re.compile(r"[\d\s+()./-]+")
FEWEST_DIGITS = 3


class Plain(dict[int, str]):
    """What each sign of a text counts as, worked out when it is first met: a letter without its accent (å, ä and ö
    count as a and o here, unlike in the order of names), a space for what parts words."""

    def __missing__(self, code: int) -> str:
        # Some letters count as others only without their accent (ǣ as ä, and so as a).
        letters = unicodedata.normalize("NFKD", chr(code)).translate(SAME_AS)
        letters = unicodedata.normalize("NFKD", letters).casefold()
        self[code] = "".join(
            char if char.isalnum() else " " for char in letters if not unicodedata.combining(char)
        )  # fmt: skip
        return self[code]


PLAIN = Plain()


def words_of(text: str) -> Sequence[str]:
    """The words of a text as they are compared, in their order: "Järvi & Co." gives jarvi, co."""
    return short_words(text) if len(text) <= SHORT else tuple(text.casefold().translate(PLAIN).split())


@lru_cache(maxsize=32_768)
def short_words(text: str) -> tuple[str, ...]:
    """Towns, streets and given names come again and again in a list that is brought in."""
    return tuple(text.casefold().translate(PLAIN).split())


def kept_words(words: Iterable[str], whole: Iterable[str] = ()) -> list[str]:
    """The words of a record, each once, as many and as long as they are kept; `whole` are those of files."""
    first = list(dict.fromkeys([word[:LONGEST] for word in words]))[:MOST_WORDS]
    if not whole:
        return first
    return list(dict.fromkeys([*first, *(word[:LONGEST] for word in whole)]))[: MOST_WORDS + MOST_OF_FILE]


def digits_of(text: str) -> str:
    """The digits of a text that is a number in any spacing; "" for any other text."""
    digits = "".join(char for char in text if char.isascii() and char.isdigit())
    return digits if len(digits) >= FEWEST_DIGITS and NUMBER.fullmatch(text.strip()) else ""
