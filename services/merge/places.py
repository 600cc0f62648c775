"""Where each letter stands in what a merge wrote: for the recipients' histories."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.word import Value

#: The key of a letter's values that says which record it is for; no merge field's name can be normalised to it.
RECORD = "record id"


@dataclass(slots=True)
class Place:
    """One letter: the ids of its records, the file of a zip that it stands in, and from where to where in that.

    `start` and `end` are bytes of a Word file's document part (`end` is behind the last), or pages of a PDF from one,
    both inclusive; 0 where the letter is a file by itself, or where its pages are not known.
    """

    records: Sequence[str]
    number: int
    entry: str = ""
    start: int = 0
    end: int = 0


class Places:
    """Gathers the places while letters are written. `head` is where the first letter of a Word document begins."""

    def __init__(self) -> None:
        self.letters: list[Place] = []
        self.head = 0
        self.pages = 0
        self._named = 0

    def add(self, records: Sequence[Mapping[str, Value]], start: int, end: int) -> None:
        """A letter was written (services.word.Placed)."""
        self.head = self.head or start
        ids = [str(record[RECORD]) for record in records]
        self.letters.append(Place(ids, len(self.letters) + 1, "", start, end))

    def name(self, entry: str, *, alone: bool = False) -> None:
        """The letters since the last call stand in that file of a zip; `alone` when each file holds one."""
        for place in self.letters[self._named :]:
            place.entry = entry
            if alone:
                place.start = place.end = 0
        self._named = len(self.letters)

    def turn_into_pages(self, ends: Mapping[int, int], letters: Sequence[Place], pages: int) -> None:
        """Say on which pages of a PDF the letters stand, one behind the other; `ends` maps numbers to last pages."""
        before = 0
        for place in letters:
            # Nobody says so of the last one: what is left is its own.
            last = ends.get(place.number, pages if place is letters[-1] else 0)
            known = before >= 0 and last > before
            place.start, place.end = (before + 1, last) if known else (0, 0)
            before = last or -1
        self.pages += pages

    def records(self) -> Iterator[str]:
        """The ids of all records that got a letter."""
        return (record for place in self.letters for record in place.records)

    def of_entry(self, entry: str) -> list[Place]:
        return [place for place in self.letters if place.entry == entry]
