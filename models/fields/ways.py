"""Ways from one register's records to others: along its own links, back along those that point at it, and along
relationships of a kind."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.fields.field import Field
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS, Register
from models.relationships import RelationshipKind, all_kinds, other_side
from models.rights import Access

RELATIONSHIP = "relationship"


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


@dataclass(frozen=True)
class Tie:
    """A way along the current relationships of one kind to the records of `register`; `side` is where it starts.

    `code` is how conditions name it: "relationship.works_for.subject" leads from people to the companies they work for.
    """

    kind: RelationshipKind
    side: str

    @property
    def code(self) -> str:
        return f"{RELATIONSHIP}.{self.kind.key}.{self.side}"

    @property
    def register(self) -> Register:
        return REGISTERS[self.kind.register_of(other_side(self.side))]

    @property
    def both_ways(self) -> bool:
        """Whether either side reads the same: who knows whom."""
        return len({self.kind.subject, self.kind.object}) == 1 and len(self.kind.sides(self.kind.subject)) == 1

    def label_in(self, language: str) -> str:
        return self.kind.label_from(self.side, language)


def ties_from(schema: Schema, access: Access) -> dict[str, Tie]:
    """code -> way along relationships, as far as the user may see what is across. Who may not know a link may not know
    the relationships that it stands for."""
    ties = [Tie(kind, side) for kind in all_kinds().values() for side in kind.sides(schema.register.key)
            if not (kind.mirrors and access.hides(kind.subject, kind.mirrors))
            and kind.register_of(other_side(side)) in REGISTERS]  # fmt: skip
    return {tie.code: tie for tie in ties if access.may(tie.register.key, "see")}


def way_of(schema: Schema, access: Access, code: str) -> Way | Tie | None:
    """The way that conditions call so; None where there is none for the user. `schema` is as the user has it."""
    known = ties_from if code.startswith(f"{RELATIONSHIP}.") else ways_from
    return known(schema, access).get(code)
