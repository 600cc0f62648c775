"""What fills the address blocks and greeting lines of a template: Word's standard fields of a recipient.

Each is looked for under the names that lists use for it, as Word's own "Match fields" does. A person has the address
of the first company that the person is linked to.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS
from models.rights import Access
from services.labels import context_for
from services.merge.matching import FieldState, FieldStatus, Matcher
from services.word import Value, WordTemplate, address_key, normalise_name

Raw = dict[str, Any]
COMPANY, PERSON = "company", "person"
#: Word's name of a field -> the names it goes by in lists, the surest first.
ALIASES: dict[str, tuple[str, ...]] = {
    "Courtesy Title": ("Courtesy Title", "Title", "Salutation", "Titteli"),
    "First Name": ("First Name", "FirstName", "First", "Given Name", "Etunimi"),
    "Middle Name": ("Middle Name", "MiddleName"),
    "Last Name": ("Last Name", "LastName", "Last", "Surname", "Family Name", "Sukunimi"),
    "Nickname": ("Nickname", "Kutsumanimi"),
    "Company": ("Company", "Company Name", "CompanyName", "Organization", "Organisation", "Yritys", "Yrityksen nimi"),
    "Address 1": ("Address 1", "Address1", "Address", "Street", "Street Address", "Katuosoite", "Lähiosoite", "Osoite"),
    "Address 2": ("Address 2", "Address2", "Street 2", "Osoite 2"),
    "City": ("City", "Town", "Postitoimipaikka", "Kaupunki", "Paikkakunta"),
    "State": ("State", "Province", "State or Province", "Osavaltio"),
    "Postal Code": ("Postal Code", "PostalCode", "ZIP Code", "ZIP", "Postcode", "Postinumero"),
    "Country": ("Country", "Country or Region", "Country/Region", "Maa"),
}


def aliases_of(name: str) -> tuple[str, ...]:
    return ALIASES.get(name, (name,))


@dataclass(frozen=True)
class Recipient:
    """Where a record's standard fields come from, each under Word's name: the record itself, the first person that it
    is linked to, and the first company that it or that person is linked to."""

    own: Mapping[str, Field] = field(default_factory=dict)
    linked: Mapping[str, Field] = field(default_factory=dict)
    link: Field | None = None
    personal: Mapping[str, Field] = field(default_factory=dict)
    person_link: Field | None = None
    #: Of that person.
    company_link: Field | None = None

    def find(self, name: str) -> Field | None:
        return self.own.get(name) or self.personal.get(name) or self.linked.get(name)

    @property
    def paths(self) -> set[str]:
        """What must be read of a record."""
        links = (link for link in (self.link, self.person_link) if link is not None)
        return {item.path for item in (*self.own.values(), *links)}

    def columns(self, register: str) -> Iterator[tuple[str, str]]:
        """(register, column) of everything that an address of such a record may print, and of what leads there."""
        yield from ((register, item.column) for item in self.own.values())
        yield from ((register, link.column) for link in (self.link, self.person_link) if link is not None)
        yield from ((PERSON, item.column) for item in (*self.personal.values(), self.company_link) if item is not None)
        yield from ((COMPANY, item.column) for item in self.linked.values())

    def values(self, access: Access, rows: Sequence[Raw], context: Context) -> list[dict[str, Value]]:
        """The standard fields' values of each row, under the keys that the letters read them by."""
        people = self.people(access, rows)
        whose = [people.get(first_of(self.person_link, raw), {}) for raw in rows]
        wanted = [first_of(self.link, raw) or first_of(self.company_link, person)
                  for raw, person in zip(rows, whose, strict=True)]  # fmt: skip
        companies = found_by_id(access, COMPANY, wanted) if self.linked else {}
        of_person = context_for(access, self.personal.values(), people.values())
        of_company = context_for(access, self.linked.values(), companies.values())
        made = []
        for raw, person, company in zip(rows, whose, wanted, strict=True):
            values = merge_values(self.own, raw, context)
            if person:
                values.update(merge_values(self.personal, person, of_person))
            if company in companies:
                values.update(merge_values(self.linked, companies[company], of_company))
            made.append(values)
        return made

    def people(self, access: Access, rows: Iterable[Raw]) -> dict[ObjectId | None, Raw]:
        """The first person of each row, where something is asked of people."""
        if not self.personal and self.company_link is None:
            return {}
        return found_by_id(access, PERSON, (first_of(self.person_link, raw) for raw in rows))


def first_of(link: Field | None, raw: Raw) -> ObjectId | None:
    """The first record that a link leads to."""
    if link is None:
        return None
    return next((reference for _target, reference in link.kind.references(stored_value(link, raw), link)), None)


def found_by_id(access: Access, register: str, ids: Iterable[ObjectId | None]) -> dict[ObjectId | None, Raw]:
    """The records of those ids, as far as the user may see them, in one query."""
    wanted = list({one for one in ids if one is not None})
    if not wanted:
        return {}
    query = {"$and": [{"_id": {"$in": wanted}}, access.condition(register)]}
    return {raw["_id"]: raw for raw in REGISTERS[register].document._get_collection().find(query)}


def merge_values(fields: Mapping[str, Field], raw: Raw, context: Context) -> dict[str, Value]:
    return {address_key(name): found.kind.merge_value(stored_value(found, raw), found, context)
            for name, found in fields.items()}  # fmt: skip


def recipient_of(access: Access, word: WordTemplate, matcher: Matcher) -> Recipient:
    """What fills the standard fields that the template asks for, within what the user sees.

    A register without names of people and without addresses, such as that of opportunities, has those of the people
    and companies that its records are linked to.
    """
    names = word.recipient_names
    link, person_link = link_to(matcher.schema, COMPANY), link_to(matcher.schema, PERSON)
    addressed = bool(found_in(matcher, ADDRESSED))
    own = found_in(matcher, names) if addressed or (link is None and person_link is None) else {}
    personal: Mapping[str, Field] = {}
    company_of_person = None
    if person_link is not None and not addressed and access.may(PERSON, "see"):
        people = Matcher(schema_of(PERSON).for_access(access), {})
        personal = found_in(people, [name for name in names if name in PERSONAL])
        company_of_person = link_to(people.schema, COMPANY)
    rest = [name for name in names if name not in own and name not in PERSONAL]
    if not rest or (link is None and company_of_person is None):
        return Recipient(own, personal=personal, person_link=person_link if personal else None)
    company = Matcher(schema_of(COMPANY).for_access(access), {})
    return Recipient(own, found_in(company, rest), link, personal, person_link, company_of_person)


#: Fields of the person, never taken from a company.
PERSONAL = frozenset({"Courtesy Title", "First Name", "Middle Name", "Last Name", "Suffix", "Nickname"})
#: Records with one of these are recipients themselves.
ADDRESSED = ("First Name", "Last Name", "Address 1", "City", "Postal Code")


def link_to(schema: Schema, register: str) -> Field | None:
    """The schema's first link to that register."""
    kinds = ("link", "links")
    return next((item for item in schema.fields if item.kind.name in kinds and item.target == register), None)


def company_link(schema: Schema) -> Field | None:
    """The register's first link to companies."""
    return link_to(schema, COMPANY)


def found_in(matcher: Matcher, names: Iterable[str]) -> dict[str, Field]:
    register = matcher.schema.register.key
    found = {}
    for name in names:
        candidates = (*aliases_of(name), *(("name",) if (name, register) == ("Company", COMPANY) else ()))
        item = next((match for alias in candidates if (match := matcher.find(alias)) is not None), None)
        if item is not None:
            found[name] = item
    return found


def row_sources(word: WordTemplate, known: Iterable[str], field_map: Mapping[str, str]) -> dict[str, str]:
    """For rows given instead of records: key that the letters read -> key in the rows (both normalised)."""
    known = frozenset(known)
    found = {}
    for name in word.recipient_names:
        keys = (field_map.get(key, key) for key in map(normalise_name, aliases_of(name)))
        source = next((key for key in keys if key in known), None)
        if source is not None:
            found[address_key(name)] = source
    return found


def block_statuses(word: WordTemplate, recipient: Recipient, language: str) -> list[FieldStatus]:
    """The address blocks and greeting lines of a template, each kind once, with what fills their parts."""
    parts: dict[str, dict[str, None]] = {}
    names: dict[str, dict[str, None]] = {}
    for block in word.fields:
        if block.recipient:
            parts.setdefault(block.kind, {})[block.part] = None
            names.setdefault(block.kind, {}).update(dict.fromkeys(block.recipient))
    return [block_status(kind, tuple(places), names[kind], recipient, language) for kind, places in parts.items()]


def block_status(
    kind: str, parts: tuple[str, ...], names: Iterable[str], recipient: Recipient, language: str
) -> FieldStatus:
    found = [(name, item) for name in names if (item := recipient.find(name)) is not None]
    label = "; ".join(f"{name}: {item.label_in(language)}" for name, item in found)
    state = FieldState.KNOWN if found else FieldState.UNKNOWN
    return FieldStatus(kind, parts, state, label=label, whole=True)
