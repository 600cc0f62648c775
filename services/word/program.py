"""A compiled part: fixed bytes and the slots between them, rendered once for each letter."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.word.expressions import Condition, Expression, Kept, MergeValue
from services.word.values import Value

MAX_VALUE_LENGTH = 32_000
_SHORT, _KNOWN = 80, 2048
#: What bookmarks at the ends of letters are called, the letter's number behind, and above which number their ids are.
END_NAME, FIRST_END = "letter", 1_000_000_000

_SPECIAL = re.compile("[&<>\x00-\x1f\u2028\u2029\ud800-\udfff\ufffe\uffff]")
_DROPPED = re.compile("[\x00-\x08\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n?|[\x0b\u2028\u2029]")
_NO_VALUES: Mapping[str, Value] = {}


class Records:
    """The records of a merge, read one by one, with the values of the one at hand."""

    def __init__(self, records: Iterator[Mapping[str, Value]]) -> None:
        self._records = records
        self.read = 0
        self._ended = False

    def take(self) -> Mapping[str, Value] | None:
        """The next record, None after the last."""
        record = next(self._records, None) if not self._ended else None
        if record is None:
            self._ended = True
        else:
            self.read += 1
        return record


@dataclass
class Letter:
    """One letter being written: its records, its numbers, and where its section properties go.

    `letter_number` counts from one through the whole merge, `place` from zero through the document at hand; `marked`
    says that its end is to be marked by a bookmark.
    """

    source: Records
    language: str
    letter_number: int
    first: Mapping[str, Value]
    first_number: int
    id_base: int = 0
    place: int = 0
    marked: bool = False
    header_ids: list[bytes] = field(default_factory=list)
    skipped: bool = False
    printed: bool = False
    section_at: int = -1
    truncated: list[tuple[int, str]] = field(default_factory=list)
    kept: Kept = field(default_factory=Kept)

    def __post_init__(self) -> None:
        self._taken: list[Mapping[str, Value]] = [self.first]
        self._at = 0
        self._saved = 0
        self.rewind()

    @property
    def records(self) -> Sequence[Mapping[str, Value]]:
        """The records that the letter has taken so far."""
        return self._taken

    @property
    def record_number(self) -> int:
        """The number of the record at hand, counted from one."""
        return self.first_number + self._at

    def rewind(self, at: int = 0) -> None:
        """Go back to the letter's first record: headers and notes belong to it."""
        self._at = at
        self.record = self._taken[at] if at < len(self._taken) else _NO_VALUES

    def advance(self) -> None:
        """Go on to the next record; after the last one every value is empty."""
        if self._at + 1 >= len(self._taken):
            record = self.source.take()
            if record is not None:
                self._taken.append(record)
        self.rewind(min(self._at + 1, len(self._taken)))

    def skip(self) -> None:
        """Leave this letter out."""
        self.skipped = True

    def save(self) -> None:
        """Remember the record at hand."""
        self._saved = self._at

    def restore(self) -> None:
        """Go back to the record remembered."""
        self.rewind(self._saved)


class Slot:
    """Something between fixed bytes that is worked out for each letter."""

    __slots__ = ()

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append this slot's bytes."""
        raise NotImplementedError


Program = list[bytes | Slot]


def render(program: Program, letter: Letter, out: list[bytes]) -> None:
    """Append a letter's bytes."""
    for item in program:
        if type(item) is bytes:
            out.append(item)
        else:
            item.render(letter, out)  # type: ignore[union-attr]


def fixed(program: Program) -> bytes:
    """A program without slots as bytes."""
    return b"".join(item for item in program if isinstance(item, bytes))


@dataclass(frozen=True, slots=True)
class TextMarkup:
    """How one part writes a line break and a tab inside a text, with that part's own prefix."""

    line_break: str
    tab: str

    @classmethod
    def of_prefix(cls, prefix: str | None) -> "TextMarkup":
        """The markup for a namespace prefix."""
        name = f"{prefix}:" if prefix else ""
        parts = (f'</{name}t><{name}{tag}/><{name}t xml:space="preserve">' for tag in ("br", "tab"))
        return cls(*parts)

    def escape(self, text: str) -> bytes:
        """Text as it stands in a text element: marks escaped, what XML can't hold left out."""
        if not _SPECIAL.search(text):
            return text.encode()
        text = _DROPPED.sub("", _LINE_ENDS.sub("\n", text))
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        return text.replace("\n", self.line_break).replace("\t", self.tab).encode()


def escape_code(text: str) -> bytes:
    """Text as it stands in the instruction of a field that is left to Word: it can't end its argument."""
    text = _DROPPED.sub("", _LINE_ENDS.sub(" ", text)).replace("\n", " ").replace("\t", " ")
    text = text.replace("\\", "\\\\").replace('"', "'")
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode()


class ValueSlot(Slot):
    """A text worked out from the record."""

    __slots__ = ("_escape", "_key", "_known", "_label", "_text")

    def __init__(self, expression: Expression, label: str, escape: Callable[[str], bytes]) -> None:
        self._text = expression.text
        self._label = label
        self._escape = escape
        # Most slots print a text of the record as it stands, and often one that was printed before.
        self._key = expression.key if isinstance(expression, MergeValue) and expression.plain else None
        self._known: dict[Value, bytes] = {}

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the text, cut to what Word holds in one piece."""
        text = letter.record.get(self._key) if self._key is not None else None
        if text is not None and (data := self._known.get(text)) is not None:
            letter.printed = True
            out.append(data)
            return
        if type(text) is not str:
            text = self._text(letter)
        if not text:
            return
        letter.printed = True
        if len(text) > MAX_VALUE_LENGTH:
            text = text[:MAX_VALUE_LENGTH]
            letter.truncated.append((letter.record_number, self._label))
        data = self._escape(text)
        if self._key is not None and len(data) <= _SHORT and len(self._known) < _KNOWN:
            self._known[text] = data
        out.append(data)


@dataclass(frozen=True, slots=True)
class IfSlot(Slot):
    """One of two programs."""

    condition: Condition
    then: Program
    otherwise: Program

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append what the condition chooses."""
        render(self.then if self.condition.holds(letter) else self.otherwise, letter, out)


@dataclass(frozen=True, slots=True)
class LineSlot(Slot):
    """A paragraph of merge fields alone, left out when all of them are empty, as Word does."""

    inner: Program

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the paragraph when it has something to show."""
        start = len(out)
        letter.printed = False
        render(self.inner, letter, out)
        if not letter.printed:
            del out[start:]


@dataclass(frozen=True, slots=True)
class EndSlot(Slot):
    """A bookmark at the end of a letter, named after its number, where somebody asked for it; it stands in a PDF too
    and tells on which page the letter ends."""

    prefix: str

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the bookmark, if it is wanted."""
        if letter.marked:
            number, prefix = letter.letter_number, self.prefix
            out.append(
                f'<{prefix}bookmarkStart {prefix}id="{FIRST_END + number}" {prefix}name="{END_NAME}{number}"/>'
                f'<{prefix}bookmarkEnd {prefix}id="{FIRST_END + number}"/>'.encode()
            )


@dataclass(frozen=True, slots=True)
class IdSlot(Slot):
    """A number used once in the whole result."""

    local: int

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the number."""
        out.append(b"%d" % (letter.id_base + self.local))


@dataclass(frozen=True, slots=True)
class NameSlot(Slot):
    """A name used once in the whole result: the template's with the letter's number."""

    stem: bytes

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the name."""
        out.append(b"%b_%d" % (self.stem, letter.letter_number))


@dataclass(frozen=True, slots=True)
class NoteSlot(Slot):
    """The number of a footnote or an endnote; each letter has its own."""

    base: int
    count: int
    local: int

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the number."""
        out.append(b"%d" % (self.base + (letter.letter_number - 1) * self.count + self.local))


@dataclass(frozen=True, slots=True)
class ListSlot(Slot):
    """The number of a list: the template's own in the first of a document's `letters`, its own in each other."""

    own: bytes
    base: int
    count: int
    local: int
    letters: int

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the number."""
        if 0 < letter.place < self.letters:
            out.append(b"%d" % (self.base + (letter.place - 1) * self.count + self.local))
        else:
            out.append(self.own)


@dataclass(frozen=True, slots=True)
class HeaderSlot(Slot):
    """The relationship id of this letter's own header or footer."""

    place: int

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the id."""
        out.append(letter.header_ids[self.place])


class SectionSlot(Slot):
    """Where the section properties go when another letter follows; `before` and `after` stand around them."""

    __slots__ = ()

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Keep the place; the writer fills it when it knows."""
        letter.section_at = len(out)
        out.append(b"")


class SaveSlot(Slot):
    """Before the first form of a drawing that the file holds twice."""

    __slots__ = ()

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Remember the record."""
        letter.save()


class RestoreSlot(Slot):
    """Before the second form of the same drawing: its fields read the same records again."""

    __slots__ = ()

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Go back to the record."""
        letter.restore()
