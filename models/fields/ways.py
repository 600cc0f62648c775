"""Ways from one register's records to others: along its own links, and back along those that point at it."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.fields.field import Field
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS, Register
from models.rights import Access


@dataclass(frozen=True)
class Way:
    """A way to the records of `register`. `field` is the link: of the record itself, or with `backwards` of the other.

    `code` is how conditions name it: the link's column ("companies"), or backwards "person.companies".
    """

    code: str
    register: Register
    field: Field
    backwards: bool = False

    @property
    def many(self) -> bool:
        """Whether it may lead to several records: a page lists them, where a single one stands among the values."""
        return self.backwards or self.field.kind.name == "links"

    @property
    def tells_events(self) -> bool:
        """Whether it leads to what happened with a record: pages tell that by their timelines and activities."""
        return self.backwards and self.register.happens

    def label_in(self, language: str) -> str:
        """What people read: the link's name, backwards the register's with the link's where that is not plain."""
        if not self.backwards:
            return self.field.label_in(language)
        several = sum(1 for field in links_of(schema_of(self.register.key)) if field.target == self.field.target)
        plain = several == 1 and self.register.key != self.field.target
        return str(self.register.label) if plain else f"{self.register.label} ({self.field.label_in(language)})"


def links_of(schema: Schema) -> Iterator[Field]:
    return (field for field in schema.fields if field.kind.refers and field.target in REGISTERS)


def ways_from(schema: Schema, access: Access) -> dict[str, Way]:
    """code -> way, for the links and registers that the user may see. `schema` is as the user has it."""
    ways = [Way(field.column, REGISTERS[field.target], field) for field in links_of(schema)]
    for card in REGISTERS.values():
        other = schema_of(card.key).for_access(access)
        ways += [Way(f"{card.key}.{field.column}", card, field, backwards=True)
                 for field in links_of(other) if field.target == schema.register.key]  # fmt: skip
    return {way.code: way for way in ways if access.may(way.register.key, "see")}
