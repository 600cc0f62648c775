"""All that there is about a person, for a file to hand out: what is kept of them, what was changed, who they are linked
to, what was sent to them, and where else their name stands.

It is for administrators, who see everything but others' private entries: of those there is only how many.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Change, DeletedRecord
from models.consent import Suppressed
from models.fields.field import Field
from models.fields.query import every_of
from models.fields.schema import Schema, schema_of
from models.letters import Letter, LetterBatch
from models.outbox import Message
from models.registers import REGISTERS, Register, all_registers
from models.relationships import Relationship, all_kinds
from models.rights import Access
from models.search_words import words_of
from models.segments import SegmentMember
from models.transactions import in_transaction
from services.audit import What, write
from services.erased_addresses import hidden_address
from services.labels import context_for, names_of
from services.personal_data.made_files import made_files
from services.personal_data.people import ADDRESS_KINDS, REGISTER, Found, addresses_of, find_person
from services.personal_data.seeking import Looked, last_look
from services.records import now
from services.security import require_administrator

Raw = dict[str, Any]
Row = dict[str, Any]
LINK_KINDS = ("link", "links")
DOCUMENT = "document"
#: Of the records in which the person's name or address stands, so many of each register are shown for a decision.
MOST_MENTIONS = 100


@dataclass(frozen=True)
class Part:
    """One kind of what is known: rows of {column: text, moment or {label: text}}."""

    key: str
    label: Any
    rows: Sequence[Row]


@dataclass(frozen=True)
class PersonalData:
    """All that is known of a person. `mentions` are records that are not linked to them and hold their name or an
    address; `linked` such as are linked to them, hold files or name them, and may go along with the person; `files`
    such as jobs made, in which they may stand; `private` is how many private entries of others there are besides.
    `look` is what was found when everything was last looked through for them, None where it never was."""

    id: ObjectId
    name: str
    at: dt.datetime
    deleted_at: dt.datetime | None
    parts: Sequence[Part]
    mentions: Sequence[Row] = field(default_factory=list)
    private: int = 0
    files: Sequence[Row] = field(default_factory=list)
    linked: Sequence[Row] = field(default_factory=list)
    look: Looked | None = None


def collect(access: Access, person_id: Any) -> PersonalData:
    """Raises NotAllowed, RecordNotFound."""
    require_administrator(access)
    found = find_person(person_id)
    records, private = linked_records(access, found)
    parts = (
        Part("fields", _l("What is kept of the person"), field_rows(access, schema_of(REGISTER), found.raw)),
        Part("records", _l("What is linked to the person"), records),
        Part("relationships", _l("Relationships"), relationship_rows(access, found)),
        Part("messages", _l("Messages"), message_rows(found)),
        Part("letters", _l("Letters"), letter_rows(found)),
        Part("segments", _l("Segments"), segment_rows(access, found)),
        Part("no_marketing", _l("Addresses without marketing"), suppressed_rows(found)),
        Part("history", _l("History"), history_rows(access, found)),
    )
    look = last_look(found)
    linked = {row["id"] for row in records}
    named = [*mention_rows(access, found), *holders(access, look)]
    also = {row["id"] for row in named} | {row["id"] for row in records if holds_files(row["register"])}
    mentions = {row["id"]: row for row in named if row["id"] not in linked}
    return PersonalData(found.raw["_id"], found.raw.get("name") or "", now(),
                        found.deleted["deleted_at"] if found.deleted else None, parts, list(mentions.values()), private,
                        made_files(access, found, look), [row for row in records if row["id"] in also],
                        look)  # fmt: skip


def note_handed_out(access: Access, data: PersonalData, form: str) -> None:
    """The audit tells that all of it was handed out, by the person's id alone: entries are kept for ever."""

    def work(session: ClientSession) -> None:
        write(session, What.PERSONAL_DATA_GIVEN, access.user_id, target=target_of_person(data.id),
              details={"form": form})  # fmt: skip

    in_transaction(work)


def target_of_person(person_id: ObjectId) -> Raw:
    return {"register": REGISTER, "id": person_id, "name": str(person_id)}


# The parts


def field_rows(access: Access, schema: Schema, raw: Raw) -> list[Row]:
    return [{"field": label, "value": text} for label, text in told_values(access, schema, raw).items()]


def told_values(access: Access, schema: Schema, raw: Raw) -> dict[str, str]:
    """{label: text} of all that a record says; not what it says of fields of others that the user does not see."""
    filled = list(schema.as_read_by(access).filled(raw))
    context = context_for(access, [found for found, _value in filled], [raw])
    texts = {found.label_in(access.language): found.kind.text(value, found, context) for found, value in filled}
    return {label: text for label, text in texts.items() if text}


def linked_records(access: Access, found: Found) -> tuple[list[Row], int]:
    """(the records whose links lead to the person; how many private ones there are besides)."""
    rows: list[Row] = []
    private = 0
    for card in all_registers():
        tokens = [token for link in links_to_people(card) for one in found.ids
                  for token in link.kind.facets(one, link)]  # fmt: skip
        if tokens:
            its = {"facets": {"$in": tokens}}
            seen = list(card.document._get_collection().find(every_of([its, access.condition(card.key)])))
            private += card.document._get_collection().count_documents(its) - len(seen)
            rows += [row | {"own": is_theirs(schema_of(card.key), raw, found.ids)}
                     for row, raw in zip(record_rows(access, card, seen), seen, strict=True)]  # fmt: skip
    return rows, private


def is_theirs(schema: Schema, raw: Raw, ids: Sequence[ObjectId]) -> bool:
    """Whether a record that holds files is linked to the person alone, as a letter to them is."""
    linked = {one for known, value in schema.filled(raw) if known.kind.name in LINK_KINDS
              for one in (value if isinstance(value, list) else [value])}  # fmt: skip
    return schema.register.holds_files and linked <= set(ids)


def holds_files(register: str) -> bool:
    return REGISTERS[register].holds_files


def links_to_people(card: Register) -> list[Field]:
    return [one for one in schema_of(card.key).fields if one.kind.name in LINK_KINDS and one.target == REGISTER]


def record_rows(access: Access, card: Register, records: Iterable[Raw]) -> list[Row]:
    schema = schema_of(card.key)
    return [{"id": str(raw["_id"]), "register": card.key, "kind": str(card.singular), "name": raw.get("name") or "",
             "says": told_values(access, schema, raw)} for raw in records]  # fmt: skip


def relationship_rows(access: Access, found: Found) -> list[Row]:
    its = {"$or": [{"subject": {"$in": found.ids}}, {"object": {"$in": found.ids}}]}
    kinds, rows = all_kinds(), []
    for raw in Relationship._get_collection().find(its):
        kind = kinds.get(raw["kind"])
        side, other = ("subject", "object") if raw["subject"] in found.ids else ("object", "subject")
        if kind is not None:
            names = names_of(access, kind.register_of(other), [raw[other]])
            rows.append({"kind": kind.label_from(side, access.language), "name": names.get(raw[other], ""),
                         "title": raw.get("title") or "", "since": raw.get("since"),
                         "until": raw.get("until")})  # fmt: skip
    return rows


def message_rows(found: Found) -> list[Row]:
    its = {"register": REGISTER, "record": {"$in": found.ids}}
    columns = ("created_at", "channel", "address", "subject", "text", "state")
    return [{name: raw.get(name) for name in columns} for raw in Message._get_collection().find(its).sort("_id", 1)]


def letter_rows(found: Found) -> list[Row]:
    letters = list(Letter._get_collection().find({"record": {"$in": found.ids}}).sort("at", 1))
    batches = {raw["_id"]: raw for raw in
               LetterBatch._get_collection().find({"_id": {"$in": [one["batch"] for one in letters]}})}  # fmt: skip
    return [{"created_at": one["at"], "name": batches.get(one["batch"], {}).get("template", "")} for one in letters]


def segment_rows(access: Access, found: Found) -> list[Row]:
    members = list(SegmentMember._get_collection().find({"record": {"$in": found.ids}}))
    names = names_of(access, "segment", [one["segment"] for one in members])
    return [{"name": names.get(one["segment"], ""), "since": one.get("at")} for one in members]


def suppressed_rows(found: Found) -> list[Row]:
    pairs = addresses_of(found)
    either = [{"channel": channel, "address": {"$in": [address, hidden_address(address)]}}
              for channel, address in pairs]  # fmt: skip
    asked = Suppressed._get_collection().find({"$or": either}) if either else ()
    return [{name: raw.get(name) for name in ("channel", "address", "reason", "note", "at")} for raw in asked]


def history_rows(access: Access, found: Found) -> list[Row]:
    """Each value that was changed, with who did it and when, the oldest first."""
    schema, rows = schema_of(REGISTER), []
    its = {"register": REGISTER, "record": {"$in": found.ids}}
    changes = list(Change._get_collection().find(its).sort([("at", 1), ("version", 1)]))
    users = names_of(access, "user", [one["by"] for one in changes if one.get("by")])
    for change in changes:
        told = {"at": change["at"], "by": users.get(change.get("by"), ""), "action": change["action"]}
        for column, (before, after) in change["changes"].items() or [("", (None, None))]:
            known = schema.get(column)
            label = known.label_in(access.language) if known else column
            rows.append({**told, "field": label, "before": told_value(access, known, before),
                         "after": told_value(access, known, after)})  # fmt: skip
    return rows


def told_value(access: Access, known: Field | None, value: Any) -> str:
    if value in (None, "", []):
        return ""
    if known is None:
        return str(value)
    raw = {"custom": {known.key: value}} if known.custom else {known.key: value}
    return known.kind.text(value, known, context_for(access, [known], [raw]))


def mention_rows(access: Access, found: Found) -> Iterator[Row]:
    """Records, also in the recycle bin, in which all words of the name stand, or of an address: whether it is the same
    person, people decide."""
    schema = schema_of(REGISTER)
    texts = [value for one, value in schema.filled(found.raw) if one.kind.name in ADDRESS_KINDS or one.column == "name"]
    asked = [list(words) for words in map(words_of, texts) if len(words) > 1]
    others = {"_id": {"$nin": found.ids}}
    for card in all_registers() if asked else ():
        wanted = every_of([{**others, "$or": [{"words": {"$all": words}} for words in asked]},
                           access.condition(card.key)])  # fmt: skip
        yield from record_rows(access, card, card.document._get_collection().find(wanted).limit(MOST_MENTIONS))
        deleted = every_of([{**others, "register": card.key,
                             "$or": [{"document.words": {"$all": words}} for words in asked]},
                            access.condition(card.key, within="document.")])  # fmt: skip
        in_bin = DeletedRecord._get_collection().find(deleted).limit(MOST_MENTIONS)
        rows = record_rows(access, card, [raw["document"] for raw in in_bin])
        yield from (row | {"in_bin": True} for row in rows)


def holders(access: Access, look: Looked | None) -> Iterator[Row]:
    """The documents, also in the recycle bin, of which a version was found to name the person."""
    ids = list(look.files) if look else []
    card = REGISTERS[DOCUMENT]
    its = {"file.file": {"$in": ids}}
    live = card.document._get_collection().find(every_of([its, access.condition(card.key)]))
    yield from record_rows(access, card, live if ids else ())
    deleted = {"register": card.key, "document.file.file": {"$in": ids}}
    wanted = every_of([deleted, access.condition(card.key, within="document.")])
    in_bin = DeletedRecord._get_collection().find(wanted) if ids else ()
    yield from (row | {"in_bin": True} for row in record_rows(access, card, [raw["document"] for raw in in_bin]))
