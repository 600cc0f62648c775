"""Cards as people of the register: what would be made of them, which of them are there already, and adding them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.base import stored_value
from models.changes import Source
from models.fields.errors import FieldError
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.people import Person
from models.rights import Access, NotAllowed
from models.transactions import in_transaction
from services.duplicates import candidates
from services.imports.existing import comparable, name_keys
from services.imports.linked import creatable, find_named, why_not
from services.records import Origin, create_records
from services.values import context_of
from services.vcards import Card

Raw = dict[str, Any]
REGISTER, COMPANY = "person", "company"
#: The column of each part of a card, and what is no text of a card's own.
COLUMNS = ("first_name", "last_name", "name", "title", "phone", "email")
LINK = "companies"
#: A note goes to a field of the organisation's own that is called so.
NOTES = ("x_note", "x_notes", "x_muistiinpano", "x_muistiinpanot", "x_huomautus")
LONGEST_TOLD = 80


@dataclass
class Draft:
    """What would be made of a card: `values` as a form would send them, the company by its name; what is `odd` about
    it, and the record that seems to be the same (`double`: id and name; no id for an earlier card)."""

    card: Card
    values: Raw = field(default_factory=dict)
    keep: list[str] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)
    double: tuple[ObjectId | None, str] | None = None
    new_company: str = ""

    @property
    def possible(self) -> bool:
        """Whether there is enough in it to be a person."""
        return bool(self.values.get("name") or self.values.get("first_name") or self.values.get("last_name"))


@dataclass(frozen=True)
class Added:
    """What was added."""

    people: Sequence[Raw]
    companies: Sequence[Raw]
    batch: str


def drafts_of(access: Access, cards: Sequence[Card]) -> list[Draft]:
    """What would be made of the cards, for this user. Raises NotAllowed, TooSlow."""
    if not access.may(REGISTER, "add"):
        raise NotAllowed(_l("You may not add records here. Ask an administrator for the right."))
    schema = schema_of(REGISTER).for_access(access)
    drafts = [draft_of(access, schema, card) for card in cards]
    link_companies(access, schema, drafts)
    mark_doubles(access, schema, drafts)
    return drafts


def draft_of(access: Access, schema: Schema, card: Card) -> Draft:
    """The card's values as far as the user has fields for them; what fits none is told."""
    draft, context = Draft(card), context_of(access)
    note = next((column for column in NOTES if column in schema.by_column), "")
    given = {column: getattr(card, column) for column in COLUMNS} | ({note: card.note} if note else {})
    for column, text in given.items():
        found = schema.get(column)
        if not text:
            continue
        if found is None or found.read_only:
            draft.odd.append(left_out(text))
            continue
        try:
            found.kind.parse(text, found, context)
        except FieldError as error:
            draft.odd.append(str(error.args[0]))
            if not error.keepable:
                continue
            draft.keep.append(column)
        draft.values[column] = text
    draft.odd += [left_out(text) for text in (*card.others, "" if note else card.note) if text]
    if not draft.possible:
        draft.odd.append(_("It has no name, and is not added."))
    return draft


def left_out(text: str) -> str:
    told = text if len(text) <= LONGEST_TOLD else text[:LONGEST_TOLD].rstrip() + "…"
    return _("Left out: %(value)s", value=" ".join(told.split()))


def link_companies(access: Access, schema: Schema, drafts: Sequence[Draft]) -> None:
    """Put the ids of companies in place of their names; one that is not there can be made."""
    links = schema.get(LINK)
    named = [draft for draft in drafts if draft.card.company]
    if links is None or links.read_only or not access.may(COMPANY, "see"):
        for draft in named:
            draft.odd.append(left_out(draft.card.company))
        return
    known = find_named(access, {(COMPANY, draft.card.company) for draft in named})
    absent = {comparable(draft.card.company): draft.card.company for draft in named
              if not known.get((COMPANY, comparable(draft.card.company)))}  # fmt: skip
    new = creatable(access, COMPANY, absent) if absent and access.may(COMPANY, "add") else {}
    for draft in named:
        key = comparable(draft.card.company)
        found = known.get((COMPANY, key), [])
        if len(found) == 1:
            draft.values[LINK] = [str(found[0])]
        elif key in new:
            draft.new_company = new[key]
        else:
            draft.odd.append(why_not(draft.card.company, len(found)))


# Who is there already


def mark_doubles(access: Access, schema: Schema, drafts: Sequence[Draft]) -> None:
    """Note whom the user sees, or which earlier card, has the same e-mail, or the same name and phone."""
    there = {**by_name_and_phone(access, schema, drafts), **by_email(access, schema, drafts)}
    for draft in drafts:
        keys = keys_of(access, schema, draft)
        draft.double = next((there[key] for key in keys if key in there), None)
        for key in keys:
            there.setdefault(key, (None, draft.card.called))


Key = tuple[str, ...]
Known = dict[Key, tuple[ObjectId | None, str]]


def keys_of(access: Access, schema: Schema, draft: Draft) -> list[Key]:
    """What tells that two are the same person, of a draft."""
    stored = {column: parsed(access, schema, column, draft.values[column]) for column in ("phone", "email")
              if column in draft.values}  # fmt: skip
    return keys(draft.card.called, stored.get("phone"), stored.get("email"))


def keys(name: str, phone: Any, email: Any) -> list[Key]:
    found: list[Key] = [("email", str(email).casefold())] if email else []
    return found + ([("phone", comparable(name), str(phone))] if name and phone else [])


def parsed(access: Access, schema: Schema, column: str, text: str) -> Any:
    found = schema.by_column[column]
    try:
        return found.kind.parse(text, found, context_of(access))
    except FieldError:
        return text


def by_email(access: Access, schema: Schema, drafts: Sequence[Draft]) -> Known:
    known: Known = {}
    found = schema.get("email")
    if found is None:
        return known
    for text in dict.fromkeys(draft.values["email"] for draft in drafts if "email" in draft.values):
        for raw in candidates(access, schema, found, parsed(access, schema, "email", text), [found]):
            known |= dict.fromkeys(keys("", None, stored_value(found, raw)), (raw["_id"], str(raw.get("name") or "")))
    return known


def by_name_and_phone(access: Access, schema: Schema, drafts: Sequence[Draft]) -> Known:
    if "name" not in schema.by_column or "phone" not in schema.by_column:
        return {}
    names = {draft.card.called for draft in drafts if draft.card.called}
    query = every_of([{"sort_name": {"$in": sorted(name_keys(names))}}, access.condition(REGISTER)])
    rows = Person._get_collection().find(query, {"name": 1, "phone": 1})
    return {key: (raw["_id"], str(raw.get("name") or "")) for raw in rows
            for key in keys(raw.get("name") or "", raw.get("phone"), None)}  # fmt: skip


# Adding


def add_cards(access: Access, cards: Sequence[Card], take: Collection[int], *, make_companies: bool) -> Added:
    """Add the people of the cards at these places, and with `make_companies` the companies that are missing, in one
    transaction and as one batch. Raises NotAllowed, TooSlow, BulkFailed (by the places of those taken)."""
    drafts = drafts_of(access, cards)
    chosen = [draft for place, draft in enumerate(drafts) if place in take and draft.possible]
    wanted = {comparable(draft.new_company): draft.new_company for draft in chosen if draft.new_company}
    batch = str(ObjectId())
    origin = Origin(Source.IMPORT, batch)

    def work(session: ClientSession) -> Added:
        names = list(wanted.values()) if make_companies else []
        made = create_records(access, COMPANY, [{"name": name} for name in names], origin=origin,
                              session=session) if names else []  # fmt: skip
        ids = {comparable(name): str(raw["_id"]) for name, raw in zip(names, made, strict=True)}
        keep = {column for draft in chosen for column in draft.keep}
        people = create_records(access, REGISTER, [row_of(draft, ids) for draft in chosen], keep=keep, origin=origin,
                                session=session)  # fmt: skip
        return Added(people, made, batch)

    return in_transaction(work)


def row_of(draft: Draft, companies: Mapping[str, str]) -> Raw:
    own = companies.get(comparable(draft.new_company)) if draft.new_company else None
    return {**draft.values, **({LINK: [own]} if own else {})}
