"""Reading vCard files (.vcf; versions 2.1, 3.0 and 4.0) by the `vobject` package: what each card says of a person."""

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import vobject
from flask_babel import lazy_gettext as _l

from models.told import Told

MOST_BYTES, MOST_CARDS = 10 * 1024 * 1024, 500
#: No field holds more, and no card needs it.
LONGEST_VALUE, MOST_OTHERS = 10_000, 20
#: Of one card without its pictures.
LONGEST_CARD = 50_000
BEGIN, END = "BEGIN:VCARD", "END:VCARD"
QUOTED = re.compile(r"quoted-printable", re.IGNORECASE)
#: A charset that a card names, and the quoted-printable text of one that names none or a wrong one.
CHARSET = re.compile(r";CHARSET=[^;:\r\n]*", re.IGNORECASE)
#: The lines that are read, well-formed as far as their colon: vobject takes exponential time over a head that is not,
#: and pictures are nothing that a person's record holds.
WANTED = re.compile(r"""(?:[\w-]+\.)?(?:N|FN|ORG|TITLE|TEL|EMAIL|NOTE|VERSION)
                        (?:;[\w-]+(?:=(?:"[^"]*"|[^";:,]*)(?:,(?:"[^"]*"|[^";:,]*))*)?)*:""",
                    re.IGNORECASE | re.VERBOSE | re.ASCII)  # fmt: skip
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
#: What vobject raises over damaged cards.
DAMAGED = (vobject.base.VObjectError, ValueError, TypeError, LookupError, AttributeError, AssertionError,
           StopIteration, RecursionError)  # fmt: skip


class BadCards(Told):
    """The files can't be read as vCards."""


@dataclass(frozen=True)
class Card:
    """What one card says: one line each, `note` lines; `others` are further phone numbers and addresses."""

    first_name: str = ""
    last_name: str = ""
    name: str = ""
    title: str = ""
    company: str = ""
    phone: str = ""
    email: str = ""
    note: str = ""
    others: Sequence[str] = ()

    @property
    def called(self) -> str:
        return self.name or f"{self.first_name} {self.last_name}".strip()


TEXTS = tuple(one.name for one in fields(Card) if one.name != "others")


def read_cards(files: Iterable[bytes]) -> tuple[list[Card], int]:
    """(the cards of the files in their order, how many more could not be read). Raises BadCards."""
    files = list(files)
    if sum(map(len, files)) > MOST_BYTES:
        raise BadCards(_l("The files are too large: at most 10 MB together."))
    texts = [text for data in files for text in card_texts(decoded(data))]
    if len(texts) > MOST_CARDS:
        raise BadCards(_l("There are more than %(most)s cards. Bring them in part by part.", most=MOST_CARDS))
    found = [read_card(text) for text in texts]
    cards = [card for card in found if card is not None]
    if not cards:
        raise BadCards(_l("There is no vCard in this that can be read. Choose a .vcf file."))
    return cards, len(found) - len(cards)


def decoded(data: bytes) -> str:
    """UTF-8 or UTF-16 by the mark at the start, else UTF-8 if it is that, else Windows-1252."""
    encodings = [encoding for mark, encoding in BOMS if data.startswith(mark)] or ["utf-8"]
    for encoding in encodings:
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", "replace").replace("\r\n", "\n").replace("\r", "\n")


def card_texts(text: str) -> Iterator[str]:
    """The cards of a file, also those that break off."""
    lines: list[str] = []
    for line in text.split("\n"):
        mark = line.strip().upper()
        if mark == BEGIN and lines:
            yield "\n".join(lines)
            lines = []
        if lines or mark == BEGIN:
            lines.append(line)
        if mark == END and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def wanted_lines(text: str) -> Iterator[str]:
    """The lines of a card that are read, each unfolded; the soft breaks of quoted-printable text stay."""
    found: list[list[str]] = []
    soft = False
    for line in text.split("\n")[1:]:
        if soft and found:
            found[-1].append("\n" + line)
        elif line[:1] in (" ", "\t") and found:
            found[-1].append(line[1:])
        else:
            found.append([line])
        soft = line.endswith("=") and bool(QUOTED.search(found[-1][0]))
    return (line for parts in found if WANTED.match(line := "".join(parts)))


def read_card(text: str) -> Card | None:
    """What a card says; None for one that is damaged."""
    if text.rpartition("\n")[2].strip().upper() != END:
        return None
    plain = QUOTED.sub("QUOTED-PRINTABLE", "\n".join((BEGIN, *wanted_lines(text), END)))
    if len(plain) > LONGEST_CARD:
        return None
    guessed = QUOTED.sub("QUOTED-PRINTABLE;CHARSET=windows-1252", CHARSET.sub("", plain))
    for one in (plain, guessed):
        try:
            # A card that breaks off, or a line that is none, costs that alone.
            return card_of(vobject.readOne(io.StringIO(one), ignoreUnreadable=True, allowQP=True).contents)
        except DAMAGED:
            continue
    return None


def card_of(contents: dict[str, Any]) -> Card:
    name = next((one.value for one in contents.get("n", ()) if hasattr(one.value, "family")), None)
    phones = [text.removeprefix("tel:") for text in values_of(contents, "tel")]
    emails = [text.removeprefix("mailto:") for text in values_of(contents, "email")]
    return Card(
        first_name=joined(name.given, name.additional) if name else "",
        last_name=joined(name.family) if name else "", name=first(contents, "fn"), title=first(contents, "title"),
        company=first(contents, "org"), phone="".join(phones[:1]), email="".join(emails[:1]),
        note=first(contents, "note", lines=True), others=tuple([*phones[1:], *emails[1:]][:MOST_OTHERS]),
    )  # fmt: skip


def values_of(contents: dict[str, Any], key: str, *, lines: bool = False) -> list[str]:
    """The filled values of a property; of one in parts (a company and its departments) the first part."""
    found = []
    for one in contents.get(key, ()):
        value = one.value[0] if isinstance(one.value, list) and one.value else one.value
        text = value if isinstance(value, str) else ""
        text = "\n".join(map(printable, text.splitlines())).strip() if lines else printable(text)
        if text:
            found.append(text[:LONGEST_VALUE])
    return list(dict.fromkeys(found))


def first(contents: dict[str, Any], key: str, *, lines: bool = False) -> str:
    return next(iter(values_of(contents, key, lines=lines)), "")


def joined(*parts: Any) -> str:
    """Parts of a name, each a text or a list of texts."""
    texts = [text for part in parts for text in (part if isinstance(part, list) else [part])]
    return printable(" ".join(filter(None, texts)))[:LONGEST_VALUE]


def printable(text: str) -> str:
    """One line without control characters."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


# Between the preview and the adding


def to_text(cards: Sequence[Card]) -> str:
    """The cards as a page keeps them."""
    return json.dumps([asdict(card) for card in cards], ensure_ascii=False)


def from_text(text: str) -> list[Card]:
    """The cards that a page sent back. Raises BadCards for anything else."""
    try:
        cards = list(cards_in(json.loads(text)))
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise BadCards(_l("The cards have not come along. Choose the files again.")) from error
    if not 0 < len(cards) <= MOST_CARDS:
        raise BadCards(_l("The cards have not come along. Choose the files again."))
    return cards


def cards_in(rows: Any) -> Iterator[Card]:
    for row in rows[:MOST_CARDS + 1]:
        texts = {name: row.get(name, "") for name in TEXTS}
        others = row.get("others", [])
        if not all(isinstance(text, str) and len(text) <= LONGEST_VALUE for text in (*texts.values(), *others)):
            raise ValueError(row)
        lines = {name: text if name == "note" else printable(text) for name, text in texts.items()}
        yield Card(**lines, others=tuple(others[:MOST_OTHERS]))
