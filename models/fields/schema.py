"""A register's list of fields, fixed and custom alike, as of the current schema version."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.choice_lists import with_saved_choices
from models.fields.definitions import FieldDefinition, current_version
from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.unseen import speaks_of_unseen
from models.registers import Register, register_of
from models.rights import Access


@dataclass(frozen=True)
class Schema:
    """The fields of a register at one schema version. Retired ones stand apart: their values stay, unseen."""

    register: Register
    version: int
    fields: tuple[Field, ...]
    retired: tuple[Field, ...] = ()

    @cached_property
    def by_column(self) -> dict[str, Field]:
        return {field.column: field for field in self.fields}

    @cached_property
    def all_fields(self) -> tuple[Field, ...]:
        """Retired ones too: what derived values are made of."""
        return self.fields + self.retired

    @cached_property
    def required(self) -> tuple[Field, ...]:
        return tuple(field for field in self.fields if field.required)

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Column -> what a new record starts with, for the fields that have such a value and may be written."""
        fields = (field for field in self.fields if not field.read_only)
        return {field.column: field.default for field in fields if field.default not in EMPTY_VALUES}

    @cached_property
    def referring(self) -> tuple[Field, ...]:
        """The fields whose values point at records, users or teams."""
        return tuple(field for field in self.fields if field.kind.refers)

    @cached_property
    def speaking(self) -> tuple[Field, ...]:
        """The fields whose values speak of other records' fields."""
        return tuple(field for field in self.fields if field.about)

    @cached_property
    def _by_place(self) -> tuple[dict[str, Field], dict[str, Field]]:
        """(fixed fields, custom fields) by key, retired ones too."""
        return ({field.key: field for field in self.all_fields if not field.custom},
                {field.key: field for field in self.all_fields if field.custom})  # fmt: skip

    def filled(self, raw: Mapping[str, Any]) -> Iterator[tuple[Field, Any]]:
        """Each field that a raw document has a value for, with it: what a document costs grows by what it holds and
        not by what its register could hold."""
        for place, values in zip(self._by_place, (raw, raw.get("custom") or {}), strict=True):
            for key, value in values.items():
                field = place.get(key)
                if field is not None and value not in EMPTY_VALUES:
                    yield field, value if field.unseen is None else field.as_read(value, raw.get(field.about))

    def get(self, column: str) -> Field | None:
        return self.by_column.get(column)

    def field(self, column: str) -> Field:
        """The field of a column. Raises ConditionError for a column that is not there (or is hidden)."""
        field = self.by_column.get(column) if isinstance(column, str) else None
        if field is None:
            raise ConditionError(str(column)[:80], _l("There is no field “%(column)s”.", column=str(column)[:80]))
        return field

    def sections(self) -> Iterator[tuple[str, list[Field]]]:
        """(section, its fields) in the register's order; empty sections are left out."""
        for section in self.register.sections:
            fields = [field for field in self.fields if field.section == section]
            if fields:
                yield section, fields

    def for_access(self, access: Access) -> "Schema":
        """The schema as one user has it: hidden fields gone, locked ones read-only, values UNSEEN that speak of hidden
        ones."""
        key = self.register.key
        if access.everything or not (access.hidden.get(key) or access.read_only.get(key)):
            return self.as_read_by(access)
        seen = (field for field in self.as_read_by(access).fields if not access.hides(key, field.column))
        fields = tuple(replace(f, read_only=f.read_only or access.locks(key, f.column)) for f in seen)
        return Schema(self.register, self.version, fields, self.retired)

    def as_read_by(self, access: Access) -> "Schema":
        """The schema with all of its fields, of which values are UNSEEN that speak of what the user does not see."""
        if access.everything or not self.speaking:
            return self
        judge = partial(speaks_of_unseen, access)
        fields = tuple(replace(f, unseen=judge) if f.about else f for f in self.fields)
        return Schema(self.register, self.version, fields, self.retired)


_schemas: dict[str, Schema] = {}


def schema_of(register: str) -> Schema:
    """The register's schema now. Definitions are read only when the version moved. Raises UnknownRegister."""
    card = register_of(register)
    version = current_version()
    known = _schemas.get(card.key)
    if known is None or known.version != version or known.register is not card:
        known = _schemas[card.key] = _read_schema(card, version)
    return known


def _read_schema(card: Register, version: int) -> Schema:
    """Read after the version, so a definition saved in between is read twice rather than missed."""
    custom = [definition.as_field() for definition in FieldDefinition.objects(register=card.key)]
    active = [field for field in custom if not field.retired]
    place = {section: number for number, section in enumerate(card.sections)}
    fixed = with_saved_choices(card.key, card.fixed_fields)
    ordered = sorted((*fixed, *active), key=lambda f: (place.get(f.section, 99), f.order))
    return Schema(card, version, tuple(ordered), tuple(field for field in custom if field.retired))
