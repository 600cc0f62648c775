"""The order of names in the organisation's language, as a key that MongoDB can sort by."""

import unicodedata

#: Letters that stand after z in a language's alphabet, in their order.
AFTER_Z = {"fi": "åäö", "sv": "åäö", "en": ""}
DEFAULT_LANGUAGE = "fi"
#: Letters that count as others do, where decomposition does not say so.
SAME_AS = str.maketrans({"ß": "ss", "ø": "ö", "æ": "ä", "đ": "d", "ł": "l", "þ": "th", "ð": "d"})


def collation_key(text: str, language: str = DEFAULT_LANGUAGE) -> str:
    """A key whose binary order is the order people expect: case, accents and punctuation aside, å ä ö last.

    Stored as `sort_name`; binary order of the names themselves would put Zeta before alfa and Ähtäri before
    Åkerlund. Digits stay before letters. The text itself, folded, breaks ties so that the order is total.
    """
    folded = unicodedata.normalize("NFC", text).casefold().translate(SAME_AS)
    last = {letter: chr(ord("{") + place) for place, letter in enumerate(AFTER_Z[language])}
    return "".join(_letter(char, last) for char in folded).strip()


def _letter(char: str, last: dict[str, str]) -> str:
    if char in last:
        return last[char]
    plain = "".join(c for c in unicodedata.normalize("NFD", char) if not unicodedata.combining(c))
    return "".join(c if c.isalnum() else " " if c.isspace() else "" for c in plain)
