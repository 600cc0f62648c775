"""Merge fields of mailings: `{{first_name}}`, `{{first_name|customer}}`, `{{company.name}}`.

A name is a field's key or label in either language. With a dot, what stands before it is a link of the record, by the
link's own name or by that of the register that it leads to, and what stands after it a field of the first record that
it leads to. There are no expressions: what is between the braces is looked up, or nothing.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape, unescape
from typing import Any
from urllib.parse import quote

from bson import ObjectId
from flask_babel import force_locale

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.schema import Schema, schema_of
from models.registers import REGISTERS
from models.rights import Access
from services.labels import context_for
from services.mail import one_line
from services.merge.matching import Matcher
from services.settings import LANGUAGES
from services.word import normalise_name

Raw = dict[str, Any]
PLACE = re.compile(r"\{\{([^{}<>]{1,300})\}\}")
#: A link's address, as cleaned HTML writes it.
LINKED = re.compile(r'(?<=\shref=")([^"<>]*)(?=")')
UNSUBSCRIBE = "unsubscribe"
UNSUBSCRIBE_NAMES = frozenset((UNSUBSCRIBE, "peru_tilaus", "peruuta_tilaus"))
#: What a link may lead to once its places are filled.
ADDRESS = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
LONGEST_VALUE = 5_000


# Texts with places


@dataclass(frozen=True)
class Place:
    """One place to fill: the normalised name, what stands there where there is no value."""

    name: str
    default: str = ""

    @classmethod
    def read(cls, inner: str) -> "Place":
        """Of what stands between braces; an editor's hard spaces are spaces."""
        name, _bar, default = inner.replace("\xa0", " ").partition("|")
        wanted = normalise_name(name)
        return cls(UNSUBSCRIBE if wanted in UNSUBSCRIBE_NAMES else wanted, " ".join(default.split()))

    def value(self, values: Mapping[str, str]) -> str:
        return values.get(self.name) or self.default


Piece = str | Callable[[Mapping[str, str]], str]


@dataclass(frozen=True)
class Template:
    """A text cut at its places; `render` puts it together with one recipient's values."""

    pieces: tuple[Piece, ...]
    places: tuple[Place, ...]

    def render(self, values: Mapping[str, str]) -> str:
        return "".join(piece if isinstance(piece, str) else piece(values) for piece in self.pieces)


def line_template(text: str) -> Template:
    """A line's template (a subject): no value ends it."""
    return cut(text, Place.read, lambda place: lambda values: one_line(place.value(values)))


def header_text(text: str) -> str:
    """A text fit for a header. Encoded words (RFC 2047) in what somebody typed would be read when the header is
    written, line ends in them and all: they are no such words any more."""
    return one_line(text).replace("=?", "= ?")


def text_template(text: str) -> Template:
    return cut(text, Place.read, lambda place: place.value)


def html_template(html: str, unsubscribe: str) -> Template:
    """The template of cleaned HTML: values stand in it as text, in addresses as parts of an address; `unsubscribe` is
    what the link reads where the place for it stands in the text."""
    pieces: list[Piece] = []
    places: list[Place] = []
    end = 0
    for found in LINKED.finditer(html):
        if "{{" not in found.group(1):
            continue
        for part in (body_template(html[end : found.start()], unsubscribe), link_template(found.group(1))):
            pieces += part.pieces
            places += part.places
        end = found.end()
    rest = body_template(html[end:], unsubscribe)
    return Template((*pieces, *rest.pieces), (*places, *rest.places))


def body_template(html: str, unsubscribe: str) -> Template:
    def fill(place: Place) -> Callable[[Mapping[str, str]], str]:
        if place.name == UNSUBSCRIBE:
            return lambda values: f'<a href="{escape(values.get(UNSUBSCRIBE, ""))}">{escape(unsubscribe)}</a>'
        return lambda values: escape(place.value(values)).replace("\n", "<br>")

    return cut(html, read_escaped, fill)


def link_template(attribute: str) -> Template:
    """The template of an address as an attribute holds it. What it is filled with makes no other kind of address."""
    inner = text_template(unescape(attribute))
    begins = str(inner.pieces[0])
    kept = "@+" if begins.startswith(("mailto:", "tel:")) else ""

    def fill(values: Mapping[str, str]) -> str:
        filled = {name: quote(value, safe=kept) for name, value in values.items()} if begins else values
        address = one_line(inner.render(filled))
        return escape(address) if ADDRESS.match(address) else "#"

    return Template((fill,), inner.places)


def read_escaped(inner: str) -> Place:
    return Place.read(unescape(inner))


def cut(text: str, read: Callable[[str], Place], fill: Callable[[Place], Callable[[Mapping[str, str]], str]]
        ) -> Template:  # fmt: skip
    """A template of the text, whose places are filled as `fill` says."""
    pieces: list[Piece] = []
    places: list[Place] = []
    end = 0
    for found in PLACE.finditer(text):
        place = read(found.group(1))
        pieces += [text[end : found.start()], fill(place)]
        places.append(place)
        end = found.end()
    return Template((*pieces, text[end:]), tuple(places))


# What fills them


@dataclass(frozen=True)
class Source:
    """What fills a place: a field of the record, or of the first record that a link of it leads to."""

    field: Field
    link: Field | None = None

    def label_in(self, language: str) -> str:
        own = self.field.label_in(language)
        return f"{self.link.label_in(language)}: {own}" if self.link else own


@dataclass(frozen=True)
class MergeFields:
    """The fields of one register's records as one user sees them, in the language of the mailing."""

    access: Access
    schema: Schema
    matcher: Matcher
    links: Mapping[str, Field]
    targets: Mapping[str, Matcher] = field(default_factory=dict)

    @classmethod
    def of(cls, access: Access, register: str, language: str) -> "MergeFields":
        access = replace(access, language=language)
        schema = schema_of(register).for_access(access)
        links = [one for one in schema.fields if one.kind.refers and one.target in REGISTERS]
        seen = {one.target for one in links if access.may(one.target, "see")}
        targets = {key: Matcher(schema_of(key).for_access(access), {}) for key in seen}
        return cls(access, schema, Matcher(schema, {}), names_of_links(links, seen), targets)

    def find(self, name: str) -> Source | None:
        """What fills a place of this (normalised) name; None where nothing does."""
        own = self.matcher.find(name)
        if own is not None:
            return Source(own)
        before, after = parts_of(name)
        link = self.links.get(before) if after else None
        found = self.targets[link.target].find(after) if link is not None else None
        return Source(found, link) if found is not None else None

    def nearest(self, name: str) -> str:
        """The name to offer for one that nothing fills; "" where none is like it."""
        before, after = parts_of(name)
        link = self.links.get(before) if after else None
        near = (self.targets[link.target] if link else self.matcher).nearest(after if link else name)
        return (f"{before}.{near.column}" if link else near.column) if near else ""

    def values(self, names: Iterable[str], rows: Sequence[Raw]) -> list[dict[str, str]]:
        """{name: text} of each of the rows; names without a value are left out."""
        sources = {name: found for name in names if (found := self.find(name)) is not None}
        own = [source.field for source in sources.values() if source.link is None]
        context = context_for(self.access, own, rows)
        made = [texts_of(sources, raw, context) for raw in rows]
        for link in {source.link.column: source.link for source in sources.values() if source.link}.values():
            self.add_linked(link, sources, rows, made)
        return made

    def add_linked(self, link: Field, sources: Mapping[str, Source], rows: Sequence[Raw], made: list[dict[str, str]]
                   ) -> None:  # fmt: skip
        """Put what the records behind a link give to what is made of each row."""
        wanted = {name: source for name, source in sources.items() if source.link is link}
        linked = self.linked(link, rows)
        context = context_for(self.access, [source.field for source in wanted.values()], linked.values())
        plain = {name: Source(source.field) for name, source in wanted.items()}
        for raw, values in zip(rows, made, strict=True):
            other = linked.get(first_of(link, raw))
            if other is not None:
                values.update(texts_of(plain, other, context))

    def linked(self, link: Field, rows: Sequence[Raw]) -> dict[ObjectId | None, Raw]:
        """The first record that each row's link leads to, as far as one may see it, in one query."""
        wanted = list({found for raw in rows if (found := first_of(link, raw)) is not None})
        query = {"$and": [{"_id": {"$in": wanted}}, self.access.condition(link.target)]}
        return {raw["_id"]: raw for raw in REGISTERS[link.target].document._get_collection().find(query)}


def parts_of(name: str) -> tuple[str, str]:
    """(the link, the field behind it) of a normalised name with a dot."""
    before, _dot, after = name.partition(".")
    return before.strip("_"), after.strip("_")


def names_of_links(links: Sequence[Field], seen: Iterable[str]) -> dict[str, Field]:
    """Normalised name -> link: its own key and labels, then those of the register that it leads to."""
    seen = set(seen)
    offered = [link for link in links if link.target in seen]
    found: dict[str, Field] = {}
    for link in offered:
        for name in (link.column, link.key):
            found.setdefault(normalise_name(name), link)
    for language in LANGUAGES:
        with force_locale(language):
            for link in offered:
                found.setdefault(normalise_name(link.label_in(language)), link)
            for link in offered:
                card = REGISTERS[link.target]
                for name in (card.key, str(card.singular)):
                    found.setdefault(normalise_name(name), link)
    return found


def first_of(link: Field, raw: Raw) -> ObjectId | None:
    return next((key for _target, key in link.kind.references(stored_value(link, raw), link)), None)


def texts_of(sources: Mapping[str, Source], raw: Raw, context: Context) -> dict[str, str]:
    """{name: text} of the record's own fields."""
    found = ((name, text_of(source.field, raw, context)) for name, source in sources.items() if source.link is None)
    return {name: text for name, text in found if text}


def text_of(found: Field, raw: Raw, context: Context) -> str:
    """A field's value as a reader of the mailing sees it."""
    value = stored_value(found, raw)
    if value in (None, "", []):
        return ""
    merged = found.kind.merge_value(value, found, context)
    return (merged if isinstance(merged, str) else found.kind.text(value, found, context))[:LONGEST_VALUE]
