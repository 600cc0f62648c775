"""What may fill the merge fields of a register's letters: its own fields, fields of linked records, rows of tables.

A linked record's field is named by the link and its own field, with a full stop or an underscore between:
`company.city`, `Yritys.Kaupunki`, `owner_email`. A name of one of the register's own fields goes before, then the
longest name of a link. Columns of tables are named in the same way, in rows that are repeated: `products.quantity`.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from flask_babel import force_locale

from models.fields.schema import schema_of
from models.fields.ways import ways_from
from models.registers import REGISTERS
from models.rights import Access
from services.merge.besides import (
    LINE_PARTS,
    ROW_NUMBER,
    ROWS,
    SUMS,
    Beside,
    Lines,
    Linked,
    Records,
    Source,
    Sums,
    fields_of,
    target_of,
    without_doubles,
)
from services.merge.matching import LIKENESS, FieldState, FieldStatus, Matcher
from services.settings import LANGUAGES
from services.word import WordTemplate, normalise_name


class Sources:
    """Finds what fills merge fields, within what one user may see.

    `field_map` says by hand what names do not; `tables` are the normalised names of the tables that the template
    repeats rows of.
    """

    def __init__(
        self, access: Access, register: str, field_map: Mapping[str, str], tables: Iterable[str] = ()
    ) -> None:  # fmt: skip
        self.access = access
        self.schema = schema_of(register).for_access(access)
        self.own = Matcher(self.schema, field_map)
        self.wanted_tables = frozenset(tables)

    # What there is

    @cached_property
    def linked(self) -> Mapping[str, Beside]:
        """Code -> what stands beside the record: its links in the register's order, then the sums of its products."""
        found: list[Beside] = []
        for field in self.schema.fields:
            target = target_of(field)
            if fields := fields_of(self.access, target):
                found.append(Linked(field.column, field.label, fields, field, target))
            elif field.kind.name == "product_lines":
                found.append(Sums(field.column, field.label, SUMS, field))
        return {beside.code: beside for beside in found}

    @cached_property
    def tables(self) -> Mapping[str, Beside]:
        """Code -> what has rows: rows of products, then all records that ways lead to."""
        found: list[Beside] = []
        for field in self.schema.fields:
            if field.kind.name == "product_lines":
                fields = without_doubles([*LINE_PARTS, *fields_of(self.access, field.target)])
                found.append(Lines(field.column, field.label, fields, field))
        for way in ways_from(self.schema, self.access).values():
            if way.many and way.field.kind.name != "product_lines":
                fields = without_doubles([ROW_NUMBER, *fields_of(self.access, way.register.key)])
                found.append(Records(way.code, way, fields, way))
        return {beside.code: beside for beside in found}

    @cached_property
    def _link_names(self) -> Mapping[str, Beside]:
        """Normalised name of a link -> what it leads to; a register's own name stands for its first link to it."""
        besides = list(self.linked.values())
        found = names_of_besides(besides)
        for beside in besides:
            if isinstance(beside, Linked) and beside.target in REGISTERS:
                for name in names_of_register(beside.target):
                    found.setdefault(name, beside)
        return found

    @cached_property
    def _table_names(self) -> Mapping[str, Beside]:
        found = names_of_besides(self.tables.values())
        for beside in self.tables.values():
            for name in names_of_register(beside.way.register.key) if isinstance(beside, Records) else ():
                found.setdefault(name, beside)
        return found

    # Finding

    def find(self, name: str) -> Source | None:
        """What fills a merge field once for the record. The map decides where it speaks, even if its column is gone."""
        wanted = normalise_name(name)
        if wanted in self.own.map:
            return self.by_column(self.own.map[wanted])
        field = self.own.names.get(wanted)
        if field is not None:
            return Source(field)
        for before, after in splits(wanted):
            beside = self._link_names.get(before)
            if beside is not None and (source := beside.source(after)) is not None:
                return source
        return None

    def find_in_rows(self, name: str) -> Source | None:
        """What fills a merge field in each row of the table that the template repeats."""
        wanted = normalise_name(name)
        before, _stop, after = wanted.partition(".")
        if before not in self.wanted_tables:
            return None
        if wanted in self.own.map:
            column = self.own.map[wanted]
            return self.by_column(column) if ROWS in column else None
        beside = self._table_names.get(before)
        return beside.source(after) if beside else None

    def find_any(self, name: str) -> Source | None:
        return self.find_in_rows(name) or self.find(name)

    def table(self, name: str) -> Beside | None:
        """The table of that normalised name."""
        return self._table_names.get(name)

    def by_column(self, column: str) -> Source | None:
        """What a map names."""
        field = self.schema.get(column)
        if field is not None:
            return Source(field)
        for mark, besides in ((f"{ROWS}.", self.tables), (".", self.linked)):
            code, found, inner = column.partition(mark)
            if found and code in besides and inner in besides[code].by_column:
                return Source(besides[code].by_column[inner], besides[code])
        return None

    def unknown(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if self.find_any(name) is None]

    def nearest(self, name: str) -> Source | None:
        """What has a name most like that one: beside the record where the name begins with that, else its own."""
        wanted = normalise_name(name)
        for before, after in splits(wanted):
            beside = (self._table_names if before in self.wanted_tables else self._link_names).get(before)
            if beside is not None:
                close = difflib.get_close_matches(after, beside.names, n=1, cutoff=LIKENESS)
                return beside.source(close[0]) if close else None
        field = self.own.nearest(name)
        return None if field is None else Source(field)

    def status(self, name: str, parts: tuple[str, ...], language: str) -> FieldStatus:
        found, mapped = self.find_any(name), normalise_name(name) in self.own.map
        if found is not None:
            return FieldStatus(name, parts, FieldState.KNOWN, found.column, found.label_in(language), mapped=mapped)
        near = self.nearest(name)
        return FieldStatus(name, parts, FieldState.UNKNOWN, nearest=near.column if near else "", mapped=mapped)


def names_of_besides(besides: Iterable[Beside]) -> dict[str, Beside]:
    """Normalised name -> what has it: codes go before labels, earlier ones before later ones."""
    besides = list(besides)
    found: dict[str, Beside] = {}
    for beside in besides:
        found.setdefault(normalise_name(beside.code.removeprefix("x_")), beside)
        found.setdefault(normalise_name(beside.code), beside)
    for language in LANGUAGES:
        with force_locale(language):
            for beside in besides:
                found.setdefault(normalise_name(beside.label_in(language)), beside)
    return found


def names_of_register(key: str) -> Iterator[str]:
    """The names that a register and one of its records go by."""
    card = REGISTERS[key]
    yield normalise_name(key)
    for language in LANGUAGES:
        with force_locale(language):
            yield normalise_name(str(card.singular))
            yield normalise_name(str(card.label))


def splits(name: str) -> Iterator[tuple[str, str]]:
    """A normalised name as (link, field), the longest link first."""
    for place in range(len(name) - 2, 0, -1):
        if name[place] in "._":
            yield name[:place], name[place + 1 :]


def statuses(word: WordTemplate, sources: Sources, language: str) -> list[FieldStatus]:
    """Every merge field of a template once, in the order of the text."""
    parts: dict[str, dict[str, None]] = {}
    for field in word.fields:
        if field.name:
            parts.setdefault(normalise_name(field.name), {})[field.part] = None
    return [sources.status(name, tuple(parts[normalise_name(name)]), language) for name in word.field_names]
