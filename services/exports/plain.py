"""Records for programs: one JSON object a line, as REST gives them; people as vCards."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import vobject

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.schema import Schema

Raw = dict[str, Any]
#: What cards are made of, where the register has it.
CARD_COLUMNS = ("first_name", "last_name", "name", "title", "companies", "phone", "email")


class JsonLinesWriter:
    """JSON Lines: each record's id and the fields by their columns."""

    def __init__(self, out: BinaryIO, fields: Sequence[Field]) -> None:
        self.shortened = 0
        self._out, self._fields = out, fields

    def write(self, rows: Iterable[Raw], context: Context) -> None:
        for raw in rows:
            values = {field.column: field.kind.to_json(stored_value(field, raw), field) for field in self._fields}
            self._out.write(json.dumps({"id": str(raw["_id"]), **values}, ensure_ascii=False).encode() + b"\n")

    def close(self) -> None:
        """A line ends by itself."""


def has_cards(schema: Schema) -> bool:
    """Whether the register's records are people."""
    return "first_name" in schema.register.document._fields


def card_fields(schema: Schema) -> list[Field]:
    """The fields that cards are made of, as far as the schema's user sees them."""
    return [schema.by_column[column] for column in CARD_COLUMNS if column in schema.by_column]


class CardWriter:
    """vCard 3.0 (RFC 2426), which every address book reads."""

    def __init__(self, out: BinaryIO, fields: Sequence[Field]) -> None:
        self.shortened = 0
        self._out, self._fields = out, fields

    def write(self, rows: Iterable[Raw], context: Context) -> None:
        for raw in rows:
            texts = {field.column: field.kind.text(stored_value(field, raw), field, context) for field in self._fields}
            self._out.write(card_of(str(raw["_id"]), texts, self._companies(raw, context)).encode())

    def _companies(self, raw: Raw, context: Context) -> list[str]:
        """The names of the first company that the person is linked to, and that the user sees."""
        links = next((field for field in self._fields if field.column == "companies"), None)
        pairs = links.kind.references(stored_value(links, raw), links) if links else ()
        return [name for pair in pairs if (name := context.labels.get(pair))][:1]

    def close(self) -> None:
        """A card ends by itself."""


def card_of(uid: str, texts: Mapping[str, str], organisation: Sequence[str]) -> str:
    card = vobject.vCard()
    family, given = texts.get("last_name", ""), texts.get("first_name", "")
    called = texts.get("name") or f"{given} {family}".strip() or texts.get("email", "")
    card.add("n").value = vobject.vcard.Name(family=family or ("" if given else called), given=given)
    card.add("fn").value = called
    card.add("uid").value = uid
    if organisation:
        card.add("org").value = list(organisation)
    for name, column in (("title", "title"), ("tel", "phone"), ("email", "email")):
        if texts.get(column):
            card.add(name).value = texts[column]
    for line in (one for name in ("tel", "email") for one in card.contents.get(name, ())):
        line.type_param = "WORK" if line.name == "TEL" else "INTERNET"
    return str(card.serialize())
