"""What stands beside a record for its letters: linked records, users, sums and rows of products, rows of records."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.field import Field, label_in
from models.fields.kinds import KINDS
from models.fields.schema import schema_of
from models.fields.ways import Way
from models.registers import REGISTERS
from models.rights import Access
from services.merge.matching import names_of_fields

USER = "user"
#: Stands behind a table's code where a map names one of its columns ("products[].price").
ROWS = "[]"


def part(kind: str, key: str, label: Any, **options: Any) -> Field:
    """Something that is no field of a register, but fills merge fields as one does."""
    return Field(key, KINDS[kind], label, **options)


#: What letters tell of a user: of whoever signs them.
USER_PARTS = (
    part("text", "name", _l("Name")), part("text", "first_name", _l("First name")),
    part("text", "last_name", _l("Last name")), part("email", "email", _l("E-mail")),
    part("phone", "phone", _l("Phone")), part("rich_text", "signature", _l("Signature")),
)  # fmt: skip
#: What a row of products has, and what all rows come to.
LINE_PARTS = (
    part("number", "number", _l("Row")), part("text", "name", _l("Name")), part("number", "quantity", _l("Quantity")),
    part("text", "unit", _l("Unit")), part("number", "price", _l("Price")),
    part("number", "discount", _l("Discount")), part("number", "amount", _l("Amount")),
    part("text", "currency", _l("Currency")),
)  # fmt: skip
SUMS = (part("number", "total", _l("Total")), part("number", "count", _l("Rows")),
        part("text", "currency", _l("Currency")))  # fmt: skip
ROW_NUMBER = part("number", "number", _l("Row"))


@dataclass(frozen=True)
class Beside:
    """Something beside the record that has fields: a linked record, the sums of its products, the rows of a table."""

    code: str
    label: Any
    fields: tuple[Field, ...]

    @cached_property
    def names(self) -> Mapping[str, Field]:
        return names_of_fields(self.fields)

    @cached_property
    def by_column(self) -> Mapping[str, Field]:
        return {field.column: field for field in self.fields}

    def source(self, name: str) -> "Source | None":
        field = self.names.get(name)
        return None if field is None else Source(field, self)

    def sources(self) -> Iterator["Source"]:
        return (Source(field, self) for field in self.fields)

    def label_in(self, language: str) -> str:
        return self.label.label_in(language) if isinstance(self.label, Way) else label_in(self.label, language)


@dataclass(frozen=True)
class Linked(Beside):
    """The record, or the first of the records, that a link leads to."""

    link: Field
    target: str


@dataclass(frozen=True)
class Sums(Beside):
    """What the rows of products come to."""

    lines: Field


@dataclass(frozen=True)
class Lines(Beside):
    """The rows of products, each with the fields of its product behind its own."""

    lines: Field


@dataclass(frozen=True)
class Records(Beside):
    """The records that a way leads to."""

    way: Way


@dataclass(frozen=True)
class Source:
    """What fills a merge field: a field of the record, or with `beside` of something beside it."""

    field: Field
    beside: Beside | None = None

    @property
    def column(self) -> str:
        """How maps name it."""
        if self.beside is None:
            return self.field.column
        rows = ROWS if isinstance(self.beside, (Lines, Records)) else ""
        return f"{self.beside.code}{rows}.{self.field.column}"

    def label_in(self, language: str) -> str:
        label = self.field.label_in(language)
        return label if self.beside is None else f"{self.beside.label_in(language)}: {label}"


def target_of(field: Field) -> str:
    """The register that a link leads to, or USER; "" for any other field."""
    if field.kind.name in ("user", "users"):
        return USER
    return field.target if field.kind.name in ("link", "links") else ""


def fields_of(access: Access, target: str) -> tuple[Field, ...]:
    """The fields of what a link leads to, as far as the user sees them; none where the user sees none of it."""
    if target == USER:
        return USER_PARTS
    if target not in REGISTERS or not access.may(target, "see"):
        return ()
    return schema_of(target).for_access(access).fields


def without_doubles(fields: Iterable[Field]) -> tuple[Field, ...]:
    """The fields, of several with one column the first."""
    return tuple({field.column: field for field in reversed(list(fields))}.values())[::-1]
