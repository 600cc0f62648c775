"""Which field each column of a file goes into: as last time, by its name in either language, by what it holds."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from models.fields.context import Context
from models.fields.errors import FieldError
from models.fields.field import Field, label_in
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS, Register
from models.rights import Access
from services.imports.coming_back import coming_field
from services.imports.guessing import content_kind, guess_kind, separator_of
from services.imports.looking import Look
from services.imports.plan import LINK_KINDS
from services.imports.report import ROW, WHY
from services.imports.tables import cell_text
from services.settings import LANGUAGES, RESERVED, suggested_key

Raw = dict[str, Any]
#: Other words for fields that every office has, as they stand in the headers of lists, folded.
SYNONYMS: Mapping[str, Sequence[str]] = {
    "business_id": ("ytunnus", "yritystunnus", "vatnumber", "vatid", "alvtunnus", "companyid", "orgnumber"),
    "street": ("address", "streetaddress", "address1", "street1", "osoite", "katuosoite", "lahiosoite"),
    "postal_code": ("zip", "zipcode", "postcode", "postinumero", "postinro"),
    "city": ("town", "kaupunki", "paikkakunta", "postitoimipaikka", "kunta"),
    "country": ("maa", "valtio", "countryname"),
    "phone": ("phonenumber", "telephone", "tel", "mobile", "mobilephone", "puhelin", "puhelinnumero", "puh", "gsm",
              "matkapuhelin"),
    "fax": ("faksi", "telefax"),
    "email": ("mail", "emailaddress", "sahkoposti", "sahkopostiosoite", "sposti"),
    "website": ("web", "url", "homepage", "www", "kotisivu", "kotisivut", "verkkosivu", "verkkosivut", "domain"),
    "first_name": ("firstname", "givenname", "etunimi"),
    "last_name": ("lastname", "surname", "familyname", "sukunimi"),
    "title": ("jobtitle", "position", "role", "titteli", "nimike", "tehtava", "asema"),
    "name": ("fullname", "nimi", "kokonimi", "organization", "organisation", "account", "customername"),
    "owner": ("vastuuhenkilo", "responsible", "salesperson", "myyja"),
    "code": ("sku", "productcode", "tuotekoodi", "koodi", "tuotenumero"),
    "price": ("unitprice", "hinta", "yksikkohinta"),
}  # fmt: skip
SHOWN, LONGEST_SHOWN = 5, 120
BY_NAME, BY_CONTENT = _l("Its name"), _l("What it holds")
AS_BEFORE, EMPTY, NEW = _l("As last time"), _l("Nothing is in it"), _l("No field of that name")
OF_A_REPORT = _l("It is of the report of an earlier import")
#: Kinds of which a value is one or is none; of them so many are looked at.
STRICT_KINDS, LOOKED_AT = ("number", "money", "date", "datetime", "boolean"), 100
MISFIT = _l("Its name; but most values are not what this field takes: make a new field of them, or leave it out")
NOT_FILLED = _l("The field of that name is not filled by imports")
NO_FIELD = _l("No field of that name, and only those who manage settings may make one")


def folded(text: str) -> str:
    """A name as it is compared: "E-mail" and "EMAIL" are the same, and so are "Yrityksen nimi" and "yrityksennimi"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]+", "", "".join(char for char in plain if not unicodedata.combining(char)))


def match_columns(
    access: Access, schema: Schema, look: Look, remembered: Mapping[str, Raw], context: Context
) -> list[Raw]:  # fmt: skip
    """The columns of a draft, each with its samples and what it goes into by the best guess."""
    columns = [new_column(place, header, look) for place, header in enumerate(look.header)]
    writable = {field.column: field for field in schema.fields if can_take(field)}
    taken: set[str] = set()
    for column in columns:
        if is_of_report(column["header"]):
            column.update(choice={}, why=str(OF_A_REPORT))
    # Made once for all columns: a file may have a thousand.
    named = columns_by_name(writable, schema.register)
    steps = (lambda column: as_remembered(column, remembered, writable),
             lambda column: by_name(column, named),
             lambda column: by_content(column, writable, context))  # fmt: skip
    for step in steps:
        for column in columns:
            if column["choice"] is None and (found := step(column)):
                use(column, *found, taken)
    others = {field.column: field for field in schema.fields if not can_take(field)}
    unfillable = columns_by_name(others, schema.register)
    for column in columns:
        if column["choice"] is None and by_name(column, unfillable):
            column.update(choice={}, why=str(NOT_FILLED))
    name_by_content(columns, schema, taken)
    whole = schema_of(schema.register.key)
    keys, retired = {field.key for field in whole.all_fields}, list(whole.retired)
    for column in columns:
        if column["choice"] is None:
            leave_or_define(column, context, keys, retired, may_define=access.may(schema.register.key, "settings"))
        finish(access, column, schema, context)
    return columns


def is_of_report(header: str) -> bool:
    """Whether a column is what the report of an earlier import says of its rows."""
    return folded(header) in {folded(text) for label in (WHY, ROW) for text in in_all_languages(label)}


def new_column(place: int, header: str, look: Look) -> Raw:
    texts = [cell_text(cell) for cell in look.samples[place]]
    return {"place": place, "header": header, "filled": len(texts), "choice": None, "cells": look.samples[place],
            "texts": texts, "samples": [text[:LONGEST_SHOWN] for text in list(dict.fromkeys(texts))[:SHOWN]],
            "add_choices": False, "link_by": "", "create_missing": False, "separator": "", "zero_fill": 0,
            "guessed": True, "why": ""}  # fmt: skip


def can_take(field: Field) -> bool:
    return field.kind.importable and not (field.read_only or field.derived)


def use(column: Raw, choice: Raw, why: Any, taken: set[str]) -> None:
    if choice.get("field") in taken:
        return
    taken.add(choice.get("field", ""))
    taken.discard("")
    column.update(choice=choice, why=str(why))


def as_remembered(column: Raw, remembered: Mapping[str, Raw], writable: Mapping[str, Field]) -> tuple[Raw, Any] | None:
    known = remembered.get(folded(column["header"]))
    if known is None or (known["choice"] and known["choice"].get("field") not in writable):
        return None
    column.update({name: known[name] for name in ("add_choices", "create_missing", "separator") if name in known})
    return known["choice"], AS_BEFORE


def columns_by_name(writable: Mapping[str, Field], card: Register) -> dict[str, str]:
    """{name, folded: the column of the first field that is known by it}."""
    named: dict[str, str] = {}
    for field in writable.values():
        for name in names_of(field, card):
            named.setdefault(name, field.column)
    return named


def by_name(column: Raw, named: Mapping[str, str]) -> tuple[Raw, Any] | None:
    wanted = folded(column["header"])
    found = named.get(wanted) if wanted else None
    return ({"field": found}, BY_NAME) if found else None


def names_of(field: Field, card: Register) -> Iterator[str]:
    """All names under which a field is known, folded."""
    yield folded(field.key)
    yield from map(folded, in_all_languages(field.label))
    yield from SYNONYMS.get(field.key, ()) if not field.custom else ()
    if field.key == card.name_field:
        for text in in_all_languages(card.singular):
            yield from (folded(text), folded(f"{text} name"), folded(f"{text}n nimi"), folded(f"{text[:-1]}ksen nimi"))
    elif field.target in REGISTERS:
        yield from map(folded, in_all_languages(REGISTERS[field.target].singular))


def in_all_languages(label: Any) -> list[str]:
    texts = []
    for language in LANGUAGES:
        with force_locale(language):
            texts.append(label_in(label, language))
    return texts


def by_content(column: Raw, writable: Mapping[str, Field], context: Context) -> tuple[Raw, Any] | None:
    kind = content_kind(column["texts"][:100], context)
    found = next((field for field in writable.values() if field.kind.name == kind and not field.custom), None)
    return ({"field": found.column}, BY_CONTENT) if kind and found else None


def misfits(field: Field, cells: Sequence[Any], context: Context) -> int:
    """How many of the values are none that the field takes."""
    wrong = 0
    for cell in cells:
        try:
            field.kind.parse(cell, field, context)
        except FieldError:
            wrong += 1
    return wrong


def name_by_content(columns: Sequence[Raw], schema: Schema, taken: set[str]) -> None:
    """Without a name no record can be made: the column that looks most like one is taken for it."""
    name = schema.register.name_field
    made_of = schema.register.document.made_of.get(name, ())
    if name in taken or taken & set(made_of) or schema.get(name) is None:
        return
    likely = [(score, column) for column in columns if column["choice"] is None and (score := likeness(column)) > 0]
    if likely:
        _score, column = max(likely, key=lambda one: (one[0], -one[1]["place"]))
        use(column, {"field": name}, BY_CONTENT, taken)


def likeness(column: Raw) -> float:
    """How much a column looks like names: words, all different, neither short codes nor stories."""
    texts = column["texts"]
    if not texts or any(len(text) > 200 for text in texts):
        return 0.0
    lettered = sum(1 for text in texts if sum(char.isalpha() for char in text) > len(text) / 2) / len(texts)
    different, length = len(set(texts)) / len(texts), sum(map(len, texts)) / len(texts)
    return lettered * different**2 * min(length, 20.0) if lettered > 0.5 else 0.0


def leave_or_define(
    column: Raw, context: Context, keys: set[str], retired: list[Field], *, may_define: bool
) -> None:
    """A column without a field makes one, or is left out."""
    column["choice"] = {}
    if not column["filled"]:
        column["why"] = str(EMPTY)
    elif not may_define:
        column["why"] = str(NO_FIELD)
    else:
        kind = guess_kind(column["header"], column["cells"], context)
        column.update(choice={"define": definition(column["header"], kind, keys, retired)}, why=str(NEW))


def definition(header: str, kind: str, keys: set[str], retired: list[Field]) -> Raw:
    """A new field for a column, with a key that no other field of the register has; it joins `keys`. A field that went
    with an import that was undone comes back with its key, and is no longer among `retired`."""
    coming = coming_field(retired, {"key": free_field_key(header, ()), "kind": kind})
    if coming is not None:
        retired.remove(coming)
    key = coming.key if coming else free_field_key(header, keys)
    keys.add(key)
    section = "classification" if kind in ("choice", "choices") else "extra"
    return {"key": key, "kind": kind, "label": dict.fromkeys(LANGUAGES, header[:100]), "section": section}


def free_field_key(header: str, taken: Iterable[str]) -> str:
    used = {*taken, *RESERVED}
    base = suggested_key({"en": header})[:45] or "column"
    key, count = base, 1
    while key in used:
        count += 1
        key = f"{base}_{count}"
    return key


def finish(access: Access, column: Raw, schema: Schema, context: Context) -> None:
    """What else follows from the field that a column goes into; what only helped guessing goes."""
    texts, cells = column.pop("texts"), column.pop("cells")
    seen = cells[:LOOKED_AT]
    field = schema.get(column["choice"].get("field", ""))
    kind = field.kind.name if field else column["choice"].get("define", {}).get("kind", "")
    if field is not None and kind in STRICT_KINDS and 2 * misfits(field, seen, context) > len(seen):
        column["why"] = str(MISFIT)
    if kind in ("link", "links"):
        column.update(link_by="name", create_missing=field is not None and access.may(field.target, "add"))
    elif kind in LINK_KINDS:
        column.update(link_by="name", create_missing=False)
    # Between choices that are known, commas and semicolons are found without being told of.
    if kind and not (kind == "choices" and field is not None and not misfits(field, seen, context)):
        column["separator"] = column["separator"] or separator_of(kind, texts)
    if kind in ("choice", "choices") and field is not None and access.may(schema.register.key, "settings"):
        column["add_choices"] = column["add_choices"] or field.custom or field.extensible
