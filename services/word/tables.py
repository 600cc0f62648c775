"""Parts of a template that are repeated for each row of a table that the record has: products, people.

Either a row of a Word table in which all merge fields begin with the table's name ("products.name"), or what stands
between a merge field "TableStart:products" and a merge field "TableEnd:products": in one row of a table or in several,
or in paragraphs. Between these, "name" is the same as "products.name".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from flask_babel import lazy_gettext as _l
from lxml import etree
from lxml.etree import _Element as Element

from services.word.errors import TemplateError
from services.word.fields import Field
from services.word.markers import Markers
from services.word.ooxml import w
from services.word.program import Letter, Program, Slot, render
from services.word.values import Table, Value, normalise_name, table_key

_START, _END = "tablestart:", "tableend:"
#: Fields that are about the recipient or the list: a row with one of them is not repeated.
_WHOLE = frozenset({"ADDRESSBLOCK", "GREETINGLINE", "NEXT", "NEXTIF", "SKIPIF"})
_MARKS = (w("bookmarkStart"), w("bookmarkEnd"))
_NOTES = (w("footnoteReference"), w("endnoteReference"))


@dataclass(frozen=True, slots=True)
class RowsSlot(Slot):
    """A part that is written for each row of a table that the record has; `names` are the merge fields in it.

    Once, where the record has no such table, or one whose rows have none of these names: its sum, say.
    """

    table: str
    names: frozenset[str]
    inner: Program = field(default_factory=list)

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the part for each row; a name that the row lacks prints what the record has."""
        table = letter.record.get(self.table)
        if not isinstance(table, Table) or self.names.isdisjoint(table.names):
            render(self.inner, letter, out)
            return
        record = letter.record
        for row in table.rows:
            letter.record = {**record, **row}
            render(self.inner, letter, out)
        letter.record = record


@dataclass(frozen=True, slots=True)
class TableSlot(Slot):
    """A table of nothing but parts that are repeated: left out where none of them has a row, for Word takes no table
    without rows."""

    parts: tuple[RowsSlot, ...]
    inner: Program = field(default_factory=list)

    def render(self, letter: Letter, out: list[bytes]) -> None:
        """Append the table when it has a row."""
        start = len(out)
        render(self.inner, letter, out)
        if not any(map(partial(self._has_rows, letter.record), self.parts)):
            del out[start:]

    @staticmethod
    def _has_rows(record: Mapping[str, Value], part: RowsSlot) -> bool:
        table = record.get(part.table)
        return not isinstance(table, Table) or bool(table.rows) or part.names.isdisjoint(table.names)


def border_of(name: str) -> str:
    """The table whose part begins or ends with a merge field of that name; "" for any other name."""
    known = normalise_name(name)
    return next((name.partition(":")[2].strip() for border in (_START, _END) if known.startswith(border)), "")


def prefix_of(name: str) -> str:
    """What stands before the first full stop of a merge field's name, as names are compared; "" without one."""
    before, stop, _after = normalise_name(name).partition(".")
    return before if stop else ""


@dataclass(eq=False)
class _Part:
    """Neighbours that are repeated together, and the fields in them."""

    table: str
    first: Element
    last: Element
    fields: list[Field]


def mark_tables(root: Element, outer: Sequence[Field], markers: Markers) -> None:
    """Mark what is repeated in a part of the file; `outer` are its outermost fields. Their names become whole ones.

    Raises TemplateError where the beginning of a part has no end, or where the part can't be repeated.
    """
    parts = [*_between(root, outer), *_rows(outer)]
    slots = [(part, _marked(root, part, markers)) for part in parts]
    tables = dict.fromkeys(part.first.getparent() for part, _slot in slots if part.first.tag == w("tr"))
    for table in tables:
        _mark_whole(table, [(part, slot) for part, slot in slots if part.first.getparent() is table], markers)


def _marked(root: Element, part: _Part, markers: Markers) -> RowsSlot:
    names = frozenset(normalise_name(found.instruction.name) for found in part.fields)
    slot = RowsSlot(table_key(part.table), names)
    _drop_marks(root, part)
    part.first.addprevious(markers.mark("part", slot))
    part.last.addnext(markers.mark("end"))
    return slot


def _elements(part: _Part) -> Iterator[Element]:
    """The neighbours from first to last."""
    element = part.first
    while element is not None:
        yield element
        element = None if element is part.last else element.getnext()


def _drop_marks(root: Element, part: _Part) -> None:
    """Bookmarks of what is repeated go: each name may be there once. Raises TemplateError for a note in it."""
    for element in _elements(part):
        if next(element.iter(*_NOTES), None) is not None:
            raise TemplateError(_l("A footnote stands in rows that are repeated for “%(name)s”. Put it elsewhere.",
                                   name=part.table))  # fmt: skip
    gone = {mark.get(w("id")) for element in _elements(part) for mark in element.iter(*_MARKS)}
    for mark in [mark for mark in root.iter(*_MARKS) if mark.get(w("id")) in gone] if gone else ():
        mark.getparent().remove(mark)


def _mark_whole(table: Element, parts: Sequence[tuple[_Part, RowsSlot]], markers: Markers) -> None:
    """Mark a table in which every row is repeated: it goes with its last row."""
    repeated = {row for part, _slot in parts for row in _elements(part)}
    if table.tag == w("tbl") and all(row in repeated for row in table.iter(w("tr")) if row.getparent() is table):
        table.addprevious(markers.mark("part", TableSlot(tuple(slot for _part, slot in parts))))
        table.addnext(markers.mark("end"))


# Rows whose fields all begin with the name of one table


def _rows(outer: Iterable[Field]) -> Iterator[_Part]:
    rows: dict[Element, list[Field]] = {}
    for found in outer:
        row = next(found.runs[0].iterancestors(w("tr")), None)
        if row is not None:
            rows.setdefault(row, []).extend(found.walk())
    for row, fields in rows.items():
        named = [found for found in fields if found.instruction.kind == "MERGEFIELD"]
        tables = {prefix_of(found.instruction.name) for found in named}
        whole = any(found.instruction.kind in _WHOLE for found in fields)
        if len(tables) == 1 and "" not in tables and not whole and not any(found.table for found in named):
            (table,) = tables
            for found in named:
                found.table = table
            yield _Part(table, row, row, named)


# What stands between TableStart and TableEnd


def _between(root: Element, outer: Sequence[Field]) -> Iterator[_Part]:
    inner = (one for found in outer for one in found.walk() if one is not found)
    if any(border_of(one.instruction.name) for one in inner):
        raise TemplateError(_l("TableStart or TableEnd stands inside another field. Put it beside that."))
    if not any(border_of(found.instruction.name) for found in outer):
        return
    places = {element: place for place, element in enumerate(root.iter())}
    started: Field | None = None
    inside: list[Field] = []
    for found in sorted(outer, key=lambda found: places[found.runs[0]]):
        table = border_of(found.instruction.name)
        if not table:
            inside.append(found)
        elif normalise_name(found.instruction.name).startswith(_START):
            if started is not None:
                raise _unpaired(started)
            started, inside = found, []
        else:
            if started is None or normalise_name(border_of(started.instruction.name)) != normalise_name(table):
                raise _unpaired(started or found)
            yield _part_between(started, found, inside)
            started = None
    if started is not None:
        raise _unpaired(started)


def _unpaired(found: Field) -> TemplateError:
    return TemplateError(_l("“%(name)s” has no partner: each TableStart needs a TableEnd of the same name behind it, "
                            "and none may stand inside another.", name=found.instruction.name))  # fmt: skip


def _part_between(start: Field, end: Field, inside: Iterable[Field]) -> _Part:
    table = border_of(start.instruction.name)
    named = [one for found in inside for one in found.walk() if one.instruction.kind == "MERGEFIELD"]
    for found in named:
        found.table = table
        if prefix_of(found.instruction.name) != normalise_name(table):
            found.instruction = replace(found.instruction, name=f"{table}.{found.instruction.name}")
    first, last = _extent(start.runs[0], end.runs[-1])
    if first.tag != w("tr") and not any(one.tag == w("p") for one in last.itersiblings()):
        # A cell, a text box or a note must hold a paragraph, also where the table has no rows.
        last.getparent().insert(last.getparent().index(last) + 1, etree.Element(w("p")))
    return _Part(table, first, last, named)


def _extent(start: Element, end: Element) -> tuple[Element, Element]:
    """The first and the last of the neighbours that are repeated: one row, rows, one paragraph, or several."""
    around = {end, *end.iterancestors()}
    common = next(element for element in (start, *start.iterancestors()) if element in around)
    whole = next((one for one in (common, *common.iterancestors()) if one.tag in (w("p"), w("tr"), w("tc"))), None)
    if whole is not None and whole.tag != w("tc"):
        return whole, whole
    return _child(common, start), _child(common, end)


def _child(container: Element, inside: Element) -> Element:
    return next(one for one in (inside, *inside.iterancestors()) if one.getparent() is container)
