"""Footnotes and endnotes: every letter gets its own copies, with its own numbers and its own recipient's values."""

import re
from dataclasses import dataclass, field

from lxml.etree import _Element as Element

from services.word.markers import Markers
from services.word.ooxml import local_name, w
from services.word.package import damaged
from services.word.program import NoteSlot

_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)
KINDS = ("footnotes", "endnotes")


@dataclass
class Notes:
    """One notes part of the template."""

    kind: str
    name: str
    root: Element
    base: int = 1
    places: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, kind: str, name: str, root: Element) -> "Notes":
        """Sort the separators, which all letters share, from the notes and number the notes.

        Raises TemplateError for a separator whose id is no number.
        """
        notes = cls(kind, name, root)
        for entry in [entry for entry in root if isinstance(entry.tag, str)]:
            number = entry.get(w("id")) or "0"
            if entry.get(w("type")) in (None, "normal"):
                notes.places[number] = len(notes.places)
                root.append(entry)
            else:
                if not _NUMBER.fullmatch(number):
                    raise damaged(name, f'w:id="{number}"')
                notes.base = max(notes.base, int(number) + 1)
        return notes

    @property
    def entries(self) -> list[Element]:
        """The notes themselves."""
        return [entry for entry in self.root if entry.get(w("type")) in (None, "normal")]

    def mark(self, markers: Markers, document: Element) -> None:
        """Mark the notes' numbers where they are defined and where the document refers to them."""
        entries = self.entries
        reference = w(self.kind.removesuffix("s") + "Reference")
        for element in (*entries, *document.iter(reference)):
            place = self.places.get(element.get(w("id")) or "0")
            if place is not None:
                slot = NoteSlot(self.base, len(self.places), place)
                element.set(w("id"), markers.attribute(slot))
            elif local_name(element.tag).endswith("Reference"):
                element.getparent().remove(element)
        if entries:
            entries[0].addprevious(markers.mark("cut"))
            entries[-1].addnext(markers.mark("cut"))
