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
    return folded.translate(LETTERS[language]).strip()


class Letters(dict[int, str]):
    """What each letter of a language counts as, worked out when it is first met."""

    def __init__(self, last: str) -> None:
        super().__init__({ord(letter): chr(ord("{") + place) for place, letter in enumerate(last)})

    def __missing__(self, code: int) -> str:
        plain = "".join(c for c in unicodedata.normalize("NFD", chr(code)) if not unicodedata.combining(c))
        self[code] = "".join(c if c.isalnum() else " " if c.isspace() else "" for c in plain)
        return self[code]


LETTERS = {language: Letters(last) for language, last in AFTER_Z.items()}
