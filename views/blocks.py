"""The blocks of a record's page: what stands at its head, its sections, what is linked to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from models.base import stored_value
from models.campaigns import RESULTS
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.schema import Schema, schema_of
from models.fields.ways import Way
from models.registers import REGISTERS, SECTIONS, Register
from models.rights import Access
from services.labels import context_for
from services.layouts import RELATED, SECTION
from services.records import RecordNotFound
from services.related import Related, related_records, related_ways
from services.values import context_of
from views.cells import value_html
from views.fields import Cell, cell, parts_of

Raw = Mapping[str, Any]
#: The blocks of registers' own.
PART_LABELS: Mapping[str, Any] = {RESULTS: _l("Results")}
#: So many of each link's records stand on the page; the list has all.
MOST_ROWS = 8


@dataclass(frozen=True)
class Head:
    """What stands at the head of a record: initials, values under the name, key figures."""

    initials: str
    facts: Sequence[Cell]
    figures: Sequence[Cell]


@dataclass(frozen=True)
class RelatedRow:
    url: str
    name: str
    text: str
    detail: Markup


@dataclass(frozen=True)
class RelatedBlock:
    """What one link leads to, as its block shows it."""

    title: str
    count: str
    rows: Sequence[RelatedRow]
    all_url: str
    add_url: str
    add_label: str
    icon: str
    #: Where files that are dropped on the block are sent to; "" for a block that takes none.
    drop_url: str = ""


def head_fields(schema: Schema, raw: Raw) -> list[Field]:
    """The filled fields that stand at the head."""
    return [field for field in schema.fields if field.in_head and stored_value(field, raw) not in EMPTY_VALUES]


def head_of(schema: Schema, raw: Raw, context: Context) -> Head:
    cells = [cell(field, raw, context) for field in head_fields(schema, raw)]
    shown = [one for one in cells if not one.empty]
    return Head(initials(str(raw.get("name") or "")), [one for one in shown if not is_figure(one.field)],
                [one for one in shown if is_figure(one.field)])  # fmt: skip


def is_figure(field: Field) -> bool:
    """Whether the field stands at the head as a key figure: a number, an amount, a day."""
    return field.kind.ranged


def initials(name: str) -> str:
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:2])).upper()


@dataclass(frozen=True)
class LaterBlock:
    """A block that the page fetches once it is there: what files belong to it may be many, and come and go on it."""

    code: str
    title: str
    drop_url: str


def later_blocks(access: Access, card: Register, raw: Raw) -> dict[str, LaterBlock]:
    """Block key -> what is known of it beforehand, for every link with records that hold files."""
    return {f"{RELATED}.{way.code}": LaterBlock(way.code, way.label_in(access.language), drop_url(access, way, raw))
            for way in related_ways(access, card.key) if way.register.holds_files}  # fmt: skip


def later_block(access: Access, card: Register, raw: Raw, code: str) -> RelatedBlock:
    """What such a block shows. Raises RecordNotFound for one that is not there."""
    way = next((one for one in related_ways(access, card.key) if one.code == code and one.register.holds_files), None)
    if way is None:
        raise RecordNotFound(card.key, code)
    shown = shown_blocks(access, card, raw, [way]).get(f"{RELATED}.{code}")
    return shown or block_of(access, Related(way, [], 0), raw, (), context_of(access))


def related_blocks(access: Access, card: Register, raw: Raw) -> dict[str, RelatedBlock]:
    """Block key -> what it shows, for every link in both directions, but for those that come later."""
    at_once = [way for way in related_ways(access, card.key) if not way.register.holds_files]
    return shown_blocks(access, card, raw, at_once)


def shown_blocks(access: Access, card: Register, raw: Raw, ways: Sequence[Way]) -> dict[str, RelatedBlock]:
    schemas = {key: schema_of(key).for_access(access) for key in REGISTERS}
    fields = {key: row_fields(schema) for key, schema in schemas.items()}
    paths = {key: [field.path for field in some] for key, some in fields.items()}
    found = related_records(access, card.key, raw, paths, ways)
    rows = [(field, row) for one in found for row in one.rows[:MOST_ROWS]
            for field in told_of(one.way, fields[one.way.register.key])]  # fmt: skip
    # By their ids: a field whose choices have labels of their own has no hash.
    context = context_for(access, {id(field): field for field, _row in rows}.values(), [row for _field, row in rows])
    # A link of the organisation's own that nothing goes by takes no room.
    return {
        f"{RELATED}.{one.way.code}": block_of(access, one, raw, fields[one.way.register.key], context)
        for one in found if one.rows or not one.way.field.custom
    }  # fmt: skip


def row_fields(schema: Schema) -> list[Field]:
    """What a line about a linked record tells: what tells namesakes apart, and the first phone number."""
    card = schema.register
    told = [schema.by_column[column] for column in card.label_fields if column in schema.by_column]
    phone = next((field for field in schema.fields if field.kind.input == "tel"), None)
    return [field for field in told if field.column != card.name_field] + ([phone] if phone else [])


def told_of(way: Way, fields: Sequence[Field]) -> list[Field]:
    """What a row tells of itself: not that it is linked to where its reader is."""
    return [field for field in fields if not (way.backwards and field.column == way.field.column)]


def block_of(access: Access, one: Related, raw: Raw, fields: Sequence[Field], context: Context) -> RelatedBlock:
    way, card = one.way, one.way.register
    back = f"_flt_eq_{way.field.column}={raw['_id']}" if way.backwards else ""
    return RelatedBlock(
        way.label_in(access.language), f"{one.count:,}{'' if one.exact else '+'}",
        [row_of(card, row, told_of(way, fields), context) for row in one.rows[:MOST_ROWS]],
        f"{card.path}/?{back}" if back and one.count > len(one.rows[:MOST_ROWS]) else "",
        f"{card.path}/add?{way.field.column}={raw['_id']}"
        if back and access.may(card.key, "add") and not way.field.read_only else "",
        str(card.add_label), card.icon, drop_url(access, way, raw),
    )  # fmt: skip


def drop_url(access: Access, way: Way, raw: Raw) -> str:
    """Where a file is sent to become a record of the other register that is linked to this one."""
    card = way.register
    may = way.backwards and card.holds_files and access.may(card.key, "add") and not way.field.read_only
    return f"{card.path}/upload?{way.field.column}={raw['_id']}" if may else ""


def row_of(card: Register, row: Raw, fields: Sequence[Field], context: Context) -> RelatedRow:
    texts = [field.kind.text(stored_value(field, row), field, context) for field in fields if field.kind.input != "tel"]
    phone = next((field for field in fields if field.kind.input == "tel"), None)
    parts = parts_of(phone, stored_value(phone, row), context) if phone else ()
    return RelatedRow(f"{card.path}/show/{row['_id']}", str(row.get("name") or ""), " · ".join(filter(None, texts)),
                      value_html(parts) if parts else Markup())  # fmt: skip


def block_labels(schema: Schema, ways: Mapping[str, Any], language: str, others: Mapping[str, str]) -> dict[str, str]:
    """Block key -> what it is called, for the page that lays them out."""
    labels = {f"{SECTION}.{section}": str(SECTIONS[section]) for section in schema.register.sections}
    labels |= others
    return labels | {f"{RELATED}.{code}": way.label_in(language) for code, way in ways.items()}
