"""A mapping laid on a file's header and a register's fields: what goes where, and what must be made first."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import CUSTOM_PREFIX, Field
from models.fields.schema import Schema, schema_of
from models.registers import register_of
from models.rights import Access, NotAllowed
from services.imports.coming_back import coming_field, with_choices_to_come
from services.imports.companions import Companion, companion_for
from services.imports.errors import MappingError
from services.imports.mappings import ColumnRule, FieldUse, ImportMapping
from services.settings import definition_field, new_definition
from services.values import KnownValues, context_of

CHOICE_KINDS = ("choice", "choices")
NUMERIC_KINDS = ("number", "money")
#: Kinds whose values are found by names, and what those that name no register point at.
LINK_KINDS = ("link", "links", "user", "users", "team")
POINTED = {"user": "user", "users": "user", "team": "team"}
#: Kinds whose values are not one plain value that rows can be compared by.
NOT_MATCHABLE = ("choices", "link", "links", "users", "money", "long_text", "rich_text", "files", "consent")


@dataclass(frozen=True)
class Binding:
    """One column, or one part of one, bound to a field: one that is there, or one that `definition` will make.

    `gathers` is true where the choices come from the data.
    """

    header: str
    use: FieldUse
    field: Field
    companion: Companion
    definition: Mapping[str, Any] | None = None
    gathers: bool = False

    @property
    def target(self) -> str:
        """What a link points at: a register, "user" or "team"."""
        return POINTED.get(self.field.kind.name, self.field.target)


@dataclass(frozen=True)
class PlannedColumn:
    """One column of the file: where it stands, and what it or its parts go into."""

    place: int
    rule: ColumnRule
    bindings: tuple[Binding, ...]
    companion: Companion

    @cached_property
    def plain(self) -> bool:
        """Whether text goes into the one field as it stands."""
        first = self.bindings[0]
        use = first.use
        return not (self.rule.separator or first.gathers or use.separator or use.link_by or use.zero_fill)

    @cached_property
    def numeric(self) -> bool:
        """Whether numbers of a workbook go into the one field as they are."""
        return self.plain and self.bindings[0].field.kind.name in NUMERIC_KINDS


@dataclass(frozen=True)
class Plan:
    """How rows become records. `schema` is the register's as the importing user has it, with the planned fields;
    `full` is the same with the fields that the user does not see."""

    mapping: ImportMapping
    schema: Schema
    full: Schema
    header: tuple[str, ...]
    columns: tuple[PlannedColumn, ...]
    constants: Mapping[str, Any]
    match: tuple[Field, ...]
    #: Columns of the file that the mapping says nothing of.
    unmapped: tuple[str, ...]
    by_column: Mapping[str, Binding] = field(default_factory=dict)
    known: KnownValues = field(default_factory=KnownValues, compare=False)

    @property
    def register(self) -> str:
        return self.schema.register.key

    @property
    def matches(self) -> bool:
        """Whether rows are compared with the records that are there."""
        return self.mapping.on_existing != "add" and bool(self.match)

    @property
    def changes(self) -> bool:
        """Whether rows change the records that they stand for."""
        return self.matches and self.mapping.on_existing != "skip"

    @cached_property
    def links_to_itself(self) -> bool:
        """Whether a row may link to what an earlier one makes."""
        return any(binding.use.link_by and binding.target == self.register for binding in self.by_column.values())

    def for_survey(self) -> "Plan":
        """The part of the plan that is laid on the rows before any is written: columns whose choices come from the
        data, and what rows are known by. Without the former no column at all is read."""
        gathering = any(binding.gathers for binding in self.by_column.values())
        keys = self.key_columns if self.matches else ()
        return self.only(lambda binding: gathering and (binding.gathers or binding.field.column in keys))

    def for_keys(self) -> "Plan":
        """The part of the plan that tells what rows are known by."""
        return self.only(lambda binding: binding.field.column in self.key_columns)

    @cached_property
    def key_columns(self) -> set[str]:
        """The columns that rows are matched by, and those that such columns are made of."""
        made_of = self.schema.register.document.made_of
        return {column for found in self.match for column in (found.column, *made_of.get(found.column, ()))}

    def only(self, wanted: Callable[[Binding], bool]) -> "Plan":
        """The same with no other columns than those with a binding that is wanted."""
        return replace(self, columns=tuple(column for column in self.columns if any(map(wanted, column.bindings))))


def make_plan(access: Access, register: str, mapping: ImportMapping, header: Sequence[str]) -> Plan:
    """Lay the mapping on the header and the fields there are now. Nothing is written.

    Raises UnknownRegister, NotAllowed, MappingError (with every problem).
    """
    card = register_of(register)
    if not (card.importable and access.may(card.key, "add")):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    return Planner(access, schema_of(card.key), mapping, list(header)).plan()


class Planner:
    """Makes one plan; gathers everything that does not fit."""

    def __init__(self, access: Access, schema: Schema, mapping: ImportMapping, header: list[str]) -> None:
        self.access, self.mapping, self.header = access, mapping, header
        self.full, self.schema = schema, schema.for_access(access)
        self.problems: list[Any] = []

    def plan(self) -> Plan:
        key = self.schema.register.key
        if self.mapping.register not in ("", key):
            self.problems.append(_l("This mapping is for the register “%(own)s”, not for “%(given)s”.",
                                    own=self.mapping.register, given=key))  # fmt: skip
        columns = [planned for rule in self.mapping.columns if (planned := self.column(rule)) is not None]
        bindings = [binding for planned in columns for binding in planned.bindings]
        self.refuse_doubles([binding.field.column for binding in bindings] + list(self.mapping.constants))
        schema, full = self.with_planned(self.schema, bindings), self.with_planned(self.full, bindings)
        constants, match = self.constants(), self.match(schema)
        if self.problems:
            raise MappingError(self.problems)
        mapped = {self.header[planned.place] for planned in columns} | set(self.mapping.ignore)
        return Plan(
            self.mapping, schema, full, tuple(self.header), tuple(columns), constants, match,
            tuple(name for name in self.header if name not in mapped),
            {binding.field.column: binding for binding in bindings},
        )  # fmt: skip

    def column(self, rule: ColumnRule) -> PlannedColumn | None:
        place = self.place_of(rule.header)
        bindings = [self.binding(rule, use) for use in rule.uses]
        found = [binding for binding in bindings if binding is not None]
        if place is None or len(found) < len(bindings):
            return None
        companion = companion_for(self.full, rule.odd, rule.header, {"en": rule.header}, "extra", self.problems)
        return PlannedColumn(place, rule, tuple(found), companion if rule.separator else found[0].companion)

    def place_of(self, header: str) -> int | None:
        folded = [name.casefold() for name in self.header]
        if header in self.header:
            return self.header.index(header)
        if header.casefold() in folded:
            return folded.index(header.casefold())
        near = get_close_matches(header, self.header, 1)
        if near:
            self.problems.append(_l("The file has no column “%(header)s”; perhaps “%(near)s” is meant.",
                                    header=header, near=near[0]))  # fmt: skip
        else:
            self.problems.append(_l("The file has no column “%(header)s”. Its columns: %(known)s.",
                                    header=header, known=", ".join(self.header)[:1_000]))  # fmt: skip
        return None

    def binding(self, rule: ColumnRule, use: FieldUse) -> Binding | None:
        found = self.find_field(use.field)
        definition = None
        if found is None and use.define is not None:
            definition, found = self.new_field(rule.header, use)
        elif found is None:
            self.no_field(rule.header, use.field)
        elif not self.fits(rule.header, use, found):
            found = None
        if found is None:
            return None
        label = {"en": found.label_in("en"), "fi": found.label_in("fi")} if found.custom else found.label
        companion = companion_for(self.full, use.odd, found.key, label, found.section, self.problems)
        gathers = found.kind.name in CHOICE_KINDS and (use.add_choices or not (definition is None or found.choices))
        found = with_choices_to_come(self.schema.register.key, found) if gathers else found
        return Binding(rule.header, use, found, companion, definition, gathers)

    def find_field(self, key: str) -> Field | None:
        return self.schema.get(key) or self.schema.get(CUSTOM_PREFIX + key)

    def no_field(self, header: str, key: str) -> None:
        retired = any(field.key == key.removeprefix(CUSTOM_PREFIX) for field in self.full.retired)
        if retired:
            self.problems.append(_l("Column “%(header)s”: the field “%(key)s” is retired. Restore it in the settings, "
                                    "or name another one.", header=header, key=key))  # fmt: skip
            return
        known = ", ".join(field.key for field in self.schema.fields if not field.read_only)
        self.problems.append(_l("Column “%(header)s”: there is no field “%(key)s”. Say how to make it with “define”, "
                                "or name one of these: %(known)s.", header=header, key=key, known=known))  # fmt: skip

    def fits(self, header: str, use: FieldUse, found: Field) -> bool:
        """Whether a field that is there can take the column as the mapping wants it."""
        before = len(self.problems)
        kind = (use.define or {}).get("kind")
        if kind and kind != found.kind.name:
            self.problems.append(_l(
                "Column “%(header)s”: the field “%(key)s” is there already and its kind is %(there)s, not %(wanted)s. "
                "Name another field.", header=header, key=found.key, there=found.kind.name, wanted=kind))  # fmt: skip
        if found.read_only:
            self.problems.append(_l("Column “%(header)s”: you can't change the field “%(key)s”.",
                                    header=header, key=found.key))  # fmt: skip
        self.check_use(header, use, found)
        return len(self.problems) == before

    def check_use(self, header: str, use: FieldUse, found: Field) -> None:
        if not found.kind.importable:
            self.problems.append(_l("Column “%(header)s”: %(why)s", header=header, why=found.kind.not_imported))
        if use.link_by and found.kind.name not in LINK_KINDS:
            self.problems.append(_l("Column “%(header)s”: only fields that link to records take “link_by”.",
                                    header=header))  # fmt: skip
        if use.add_choices and (found.kind.name not in CHOICE_KINDS or not (found.custom or found.extensible)):
            self.problems.append(_l("Column “%(header)s”: no choices can be added to the field “%(key)s”.",
                                    header=header, key=found.key))  # fmt: skip
        if use.separator and not found.kind.several:
            self.problems.append(_l("Column “%(header)s”: only fields of several values take “separator”. "
                                    "To cut a cell into several fields, use “split”.", header=header))  # fmt: skip

    def new_field(self, header: str, use: FieldUse) -> tuple[dict[str, Any], Field | None]:
        """(the definition to make, the field it will be)."""
        place = list(dict.fromkeys(rule.header for rule in self.mapping.columns)).index(header)
        data = {"label": header, "order": (place + 1) * 10, **(use.define or {}), "key": use.field.removeprefix("x_"),
                "register": self.schema.register.key}  # fmt: skip
        unknown_choices = data.get("kind") in CHOICE_KINDS and not data.get("choices")
        # The choices are not known before the data is read; any one makes the rest checkable.
        trial = {**data, "choices": ["A"]} if unknown_choices else data
        coming = coming_field(self.full.retired, data)
        try:
            planned = replace(coming, retired=False) if coming else definition_field(new_definition(trial))
        except ValidationFailed as failed:
            for column, texts in failed.errors.items():
                self.problems += [_l("Column “%(header)s”, define › %(part)s: %(message)s",
                                     header=header, part=column, message=text) for text in texts]  # fmt: skip
            return data, None
        before = len(self.problems)
        self.check_use(header, use, planned)
        planned = replace(planned, choices=()) if unknown_choices else planned
        return data, planned if len(self.problems) == before else None

    def refuse_doubles(self, columns: list[str]) -> None:
        for column in sorted({column for column in columns if columns.count(column) > 1}):
            self.problems.append(_l("The field “%(column)s” gets its value from two places. Keep one of them.",
                                    column=column))  # fmt: skip

    def with_planned(self, schema: Schema, bindings: list[Binding]) -> Schema:
        new = tuple(binding.field for binding in bindings if binding.definition is not None)
        return Schema(schema.register, schema.version, schema.fields + new, schema.retired)

    def constants(self) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in self.mapping.constants.items():
            found = self.find_field(str(key))
            if found is None or found.read_only or not found.kind.importable:
                self.problems.append(_l("constants › %(key)s: there is no such field to fill.", key=str(key)[:80]))
                continue
            try:
                found.kind.parse(value, found, context_of(self.access))
            except FieldError as error:
                self.problems.append(_l("constants › %(key)s: %(message)s", key=found.key, message=error.message))
            values[found.column] = value
        return values

    def match(self, schema: Schema) -> tuple[Field, ...]:
        filled = {*self.mapping.constants, *(use.field for rule in self.mapping.columns for use in rule.uses)}
        made_of = schema.register.document.made_of
        filled |= {key for key, sources in made_of.items() if filled & set(sources)}
        found = []
        for key in self.mapping.match:
            field = schema.get(key) or schema.get(CUSTOM_PREFIX + key)
            if field is None or field.kind.name in NOT_MATCHABLE:
                self.problems.append(_l("match › %(key)s: there is no such field that records are known by.", key=key))
            elif not filled & {field.key, field.column, key}:
                self.problems.append(_l("match › %(key)s: no column of the mapping fills this field.", key=key))
            else:
                found.append(field)
        return tuple(found)


def new_definitions(plan: Plan) -> Iterator[Binding]:
    """The bindings whose field must be made."""
    return (binding for planned in plan.columns for binding in planned.bindings if binding.definition is not None)
