"""What a person is told by in texts, and the places that keep texts in which somebody may stand without being linked.

Whoever keeps such texts registers them: a collection with `add_place`, stored files of a purpose with `@forgets_files`.
Looking for a person and forgetting them (services/personal_data/seeking.py) go through all that is registered.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.search_words import words_of
from services.audit import keyed_hash

Raw = dict[str, Any]
#: What looks like a phone number; a line's end or a tab is between two of them.
NUMBER = re.compile(r"\+?\d[\d \u00a0()./-]{4,}\d")
FEWEST_DIGITS = 7
#: So many last digits are compared: +358 40 123 4567 and 040 1234567 are the same number.
COMPARED_DIGITS = 9
#: So many words are remembered while texts are looked through.
MOST_KNOWN = 200_000
#: Stands between the cells of a row, and the fields of an object.
BETWEEN = " | "
STAYS = _l("stays: change or delete it by hand")


class Traces:
    """A person's names and addresses, known by hashes alone: a job that looks for them tells nobody who it was.

    `names` are sets of hashed words, all of which must stand together; `numbers` are hashed phone numbers.
    """

    def __init__(self, names: Iterable[Iterable[str]], numbers: Iterable[str]) -> None:
        self.names = [frozenset(name) for name in names]
        self.numbers = frozenset(numbers)
        self._telling = frozenset().union(*self.names)
        self._known: dict[str, str] = {}

    @classmethod
    def of(cls, texts: Iterable[str], numbers: Iterable[str]) -> "Traces":
        """Of names and e-mail addresses, and of phone numbers. A name of one word tells nobody from others."""
        names = {frozenset(words_of(text)) for text in texts}
        ends = {ending(digits_in(number)) for number in numbers}
        return cls([map(hash_of, name) for name in names if len(name) > 1], [hash_of(one) for one in ends if one])

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> "Traces":
        return cls(params["names"], params["numbers"])

    def as_params(self) -> Raw:
        return {"names": sorted(sorted(name) for name in self.names), "numbers": sorted(self.numbers)}

    def are_in(self, text: str) -> bool:
        """Whether all words of a name or address, or a number, stand in a text that is about one thing: a line, a row
        of a table."""
        found = {self._told(word) for word in words_of(text)}
        if any(name <= found for name in self.names):
            return True
        return bool(self.numbers) and any(hash_of(number) in self.numbers for number in numbers_in(text))

    def are_among(self, texts: Iterable[str]) -> bool:
        """The same of any of some texts: a name may begin on one line and end on the next."""
        return any(self.are_in(some) for text in texts for some in two_by_two(text))

    def _told(self, word: str) -> str:
        told = self._known.get(word)
        if told is None:
            if len(self._known) > MOST_KNOWN:
                self._known.clear()
            hashed = hash_of(word)
            told = self._known[word] = hashed if hashed in self._telling else ""
        return told


def hash_of(word: str) -> str:
    return keyed_hash(f"erased:{word}")


def digits_in(text: str) -> str:
    return "".join(char for char in text if char.isascii() and char.isdigit())


def ending(digits: str) -> str:
    return digits[-COMPARED_DIGITS:] if len(digits) >= FEWEST_DIGITS else ""


def numbers_in(text: str) -> Iterator[str]:
    """The last digits of whatever may be a phone number, with and without what stands before it."""
    for found in NUMBER.findall(text):
        runs = (digits_in(found), *map(digits_in, found.split()))
        yield from filter(None, map(ending, runs))


def two_by_two(text: str) -> Iterator[str]:
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        yield text
    yield from (f"{first}\n{second}" for first, second in pairwise(lines))


def strings_in(value: Any) -> Iterator[str]:
    """Every text that stands in a document, however deep; those of one object also together: a first name may stand in
    one field and the last name in the next."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield beside(value.values())
        for key, one in value.items():
            yield str(key)
            yield from strings_in(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from strings_in(one)
    elif isinstance(value, bytes):
        yield value.decode("utf-8", "replace")


def beside(values: Iterable[Any]) -> str:
    """The texts among some values as one line, in which the digits of two are not one number."""
    return BETWEEN.join(one for one in values if isinstance(one, str))


def without(value: Any, traces: Traces) -> Any:
    """A value with nothing in the place of the texts that name the person, of all texts of an object that does."""
    if isinstance(value, str):
        return "" if traces.are_among([value]) else value
    if isinstance(value, dict):
        named = traces.are_among([beside(value.values())])
        return {name: "" if named and isinstance(one, str) else without(one, traces)
                for name, one in value.items() if not traces.are_among([name])}  # fmt: skip
    return [without(one, traces) for one in value] if isinstance(value, list) else value


# Places in the database

Forget = Callable[[ClientSession, Sequence[Raw], Traces], None]


@dataclass(frozen=True)
class Place:
    """Documents that may name a person: `candidates` gives them (raw), but for those that are the person's own by
    these ids; `forget` takes the person out of those that do, in a transaction, and without it they stay. `becomes`
    says on the screen what becomes of them."""

    key: str
    label: Any
    candidates: Callable[[Sequence[ObjectId]], Iterable[Raw]]
    becomes: Any = STAYS
    forget: Forget | None = None
    texts: Callable[[Any], Iterable[str]] = strings_in

    def named(self, traces: Traces, own: Sequence[ObjectId] = ()) -> Iterator[Raw]:
        """The documents in which the person stands."""
        return (raw for raw in self.candidates(own) if traces.are_among(self.texts(raw)))


PLACES: dict[str, Place] = {}


def add_place(place: Place) -> Place:
    PLACES[place.key] = place
    return place


# Stored files


@dataclass(frozen=True)
class FileRule:
    """What becomes of stored files of a purpose that name a person: `forget` is given the file (raw) and the numbers of
    the rows or lines in which they stand, and says whether the file doesn't name them any more."""

    purpose: str
    becomes: Any
    forget: Callable[[Raw, Sequence[int]], bool]


FILE_RULES: dict[str, FileRule] = {}


def forgets_files(purpose: str, becomes: Any) -> Callable[[Callable[[Raw, Sequence[int]], bool]], Any]:
    """Register a function that takes people out of the stored files of a purpose; files of others are told of, and
    stay unless somebody decides otherwise."""

    def add(forget: Callable[[Raw, Sequence[int]], bool]) -> Any:
        FILE_RULES[purpose] = FileRule(purpose, becomes, forget)
        return forget

    return add
