"""Which fields pages show at once where a register has very many: what is needed or filled; others are searched for."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from models.fields.field import Field
from models.fields.schema import Schema
from models.registers import SECTIONS

#: A register of so many fields is shown whole; of a larger one, pages begin with about so many.
AT_ONCE = 48
#: Field names that a search offers.
MOST_NAMES = 1_000
LANGUAGES = ("en", "fi")


@dataclass(frozen=True)
class Shown:
    """A page's fields: those on it from the start, the filled ones that it fetches by itself, and how many more there
    are, each in the order of the register."""

    at_once: tuple[Field, ...]
    later: tuple[Field, ...] = ()
    aside: int = 0


def shown_fields(
    fields: Sequence[Field], filled: Collection[str], *, always: Collection[str] = (), empty_too: bool = False
) -> Shown:
    """What a page shows of `fields`; `filled` and `always` are columns.

    Fields of the program's own, required ones and those of `always` are there from the start, then filled ones as far
    as there is room, and with `empty_too` (a form) the first of the others.
    """
    if len(fields) <= AT_ONCE:
        return Shown(tuple(fields))
    first = {f.column for f in fields if not f.custom or f.required or f.column in always}
    held = [f.column for f in fields if f.column in filled and f.column not in first]
    room = max(0, AT_ONCE - len(first))
    first |= set(held[:room])
    if empty_too:
        others = [f.column for f in fields if f.column not in first and f.column not in filled]
        first |= set(others[: max(0, AT_ONCE - len(first))])
    at_once = tuple(f for f in fields if f.column in first)
    later = tuple(f for f in fields if f.column in filled and f.column not in first)
    return Shown(at_once, later, len(fields) - len(at_once) - len(later))


def in_sections(schema: Schema, columns: Collection[str]) -> Iterator[tuple[str, str, list[Field]]]:
    """(section, its title, those of its fields that are among the columns), empty sections left out."""
    for section, fields in schema.sections():
        found = [field for field in fields if field.column in columns]
        if found:
            yield section, str(SECTIONS[section]), found


def find_fields(fields: Sequence[Field], text: str, language: str) -> list[tuple[str, str]]:
    """(column, label) of the fields whose label in any language, or whose key, holds the text: those that begin with
    it first."""
    wanted = text.strip().casefold()[:100]
    found = []
    for field in fields:
        names = [field.label_in(name).casefold() for name in (language, *LANGUAGES)] + [field.key]
        if any(wanted in name for name in names):
            found.append((not any(name.startswith(wanted) for name in names), field))
    found.sort(key=lambda pair: pair[0])
    return [(field.column, field.label_in(language)) for _later, field in found[:MOST_NAMES]]
