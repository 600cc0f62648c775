"""What fills the address blocks and greeting lines of a template: Word's standard fields of a recipient.

Each is looked for under the names that lists use for it, as Word's own "Match fields" does. A person has the address
of the first company that the person is linked to.
"""

from collections.abc import Iterable, Mapping, Sequence
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
COMPANY = "company"
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
    """Where a record's standard fields come from, each under Word's name: the record itself, or its first company."""

    own: Mapping[str, Field] = field(default_factory=dict)
    linked: Mapping[str, Field] = field(default_factory=dict)
    link: Field | None = None

    def find(self, name: str) -> Field | None:
        return self.own.get(name) or self.linked.get(name)

    def values(self, access: Access, rows: Sequence[Raw], context: Context) -> list[dict[str, Value]]:
        """The standard fields' values of each row, under the keys that the letters read them by."""
        companies = self.companies(access, rows)
        linked_context = context_for(access, self.linked.values(), companies.values())
        made = []
        for raw in rows:
            values = merge_values(self.own, raw, context)
            company = companies.get(self.first_company(raw))
            if company is not None:
                values.update(merge_values(self.linked, company, linked_context))
            made.append(values)
        return made

    def companies(self, access: Access, rows: Iterable[Raw]) -> dict[ObjectId | None, Raw]:
        """The first company of each row, as far as the user may see it, in one query."""
        if self.link is None or not self.linked:
            return {}
        wanted = list({found for raw in rows if (found := self.first_company(raw)) is not None})
        query = {"$and": [{"_id": {"$in": wanted}}, access.condition(COMPANY)]}
        return {raw["_id"]: raw for raw in REGISTERS[COMPANY].document._get_collection().find(query)}

    def first_company(self, raw: Raw) -> ObjectId | None:
        if self.link is None:
            return None
        references = self.link.kind.references(stored_value(self.link, raw), self.link)
        return next((reference for target, reference in references if target == COMPANY), None)


def merge_values(fields: Mapping[str, Field], raw: Raw, context: Context) -> dict[str, Value]:
    return {address_key(name): found.kind.merge_value(stored_value(found, raw), found, context)
            for name, found in fields.items()}  # fmt: skip


def recipient_of(access: Access, word: WordTemplate, matcher: Matcher) -> Recipient:
    """What fills the standard fields that the template asks for, within what the user sees."""
    own = found_in(matcher, word.recipient_names)
    link = company_link(matcher.schema)
    rest = [name for name in word.recipient_names if name not in own and name not in PERSONAL]
    if link is None or not rest:
        return Recipient(own)
    company = Matcher(schema_of(COMPANY).for_access(access), {})
    return Recipient(own, found_in(company, rest), link)


#: Fields of the person, never taken from a company.
PERSONAL = frozenset({"Courtesy Title", "First Name", "Middle Name", "Last Name", "Suffix", "Nickname"})


def company_link(schema: Schema) -> Field | None:
    """The register's first link to companies."""
    return next((item for item in schema.fields if item.kind.refers and item.target == COMPANY), None)


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
