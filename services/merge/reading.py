"""What letters read of a record: its own fields, and what stands beside it, in one query for each link and chunk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import Any

from bson import ObjectId

from models.base import stored_value
from models.fields.field import Field
from models.fields.kinds.lines import CENT, decimal, sum_of
from models.fields.query import every_of
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import Access
from models.security import User
from services.labels import context_for
from services.merge.besides import USER, USER_PARTS, Beside, Lines, Linked, Records, Source, Sums
from services.merge.sources import Sources
from services.planning import BY_FACET
from services.word import Table, Value, WordTemplate, normalise_name, table_key

Raw = dict[str, Any]
Values = dict[str, Value]
#: So many rows of a table stand in a letter.
MOST_ROWS = 200


@dataclass
class Used:
    """What a template uses beside the record, with the fields of each by the merge fields' names."""

    beside: Beside
    fields: dict[str, Field] = field(default_factory=dict)
    #: The table as the template names it, and all its merge fields; "" where it is no table.
    table: str = ""
    names: frozenset[str] = frozenset()


def chunks(rows: Iterable[Raw], size: int) -> Iterator[list[Raw]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk


def own_fields(word: WordTemplate, sources: Sources) -> dict[str, Field]:
    """Normalised name of each merge field that a field of the record fills -> the field."""
    found = ((normalise_name(name), sources.find(name)) for name in word.field_names)
    return {name: source.field for name, source in found if source is not None and source.beside is None}


def used_besides(word: WordTemplate, sources: Sources) -> list[Used]:
    """What else the template's merge fields are filled by."""
    found: dict[tuple[str, str], Used] = {}

    def use(source: Source | None, name: str, table: str = "") -> None:
        if source is not None and source.beside is not None:
            beside = source.beside
            found.setdefault((beside.code, table), Used(beside, table=table)).fields[name] = source.field

    for name in map(normalise_name, word.field_names):
        use(sources.find(name), name)
        use(sources.find_in_rows(name), name, name.partition(".")[0])
    for used in found.values():
        used.names = frozenset(used.fields) if used.table else frozenset()
    return list(found.values())


def columns_beside(used: Used, register: str) -> Iterator[tuple[str, str]]:
    beside = used.beside
    columns = [one.column for one in used.fields.values()]
    if isinstance(beside, (Sums, Lines)):
        yield register, beside.lines.column
    elif isinstance(beside, Linked):
        yield register, beside.link.column
        yield from ((beside.target, column) for column in columns if beside.target in REGISTERS)
    elif isinstance(beside, Records):
        target = beside.way.register.key
        yield (target if beside.way.backwards else register), beside.way.field.column
        yield from ((target, column) for column in columns)


def paths_of(useds: Iterable[Used]) -> set[str]:
    """The values of the record that lead beside it."""
    return {path for used in useds if (path := path_of(used.beside))}


def path_of(beside: Beside) -> str:
    if isinstance(beside, Linked):
        return beside.link.path
    if isinstance(beside, (Sums, Lines)):
        return beside.lines.path
    return beside.way.field.path if isinstance(beside, Records) and not beside.way.backwards else ""


def beside_values(access: Access, useds: Sequence[Used], rows: Sequence[Raw]) -> list[Values]:
    """What each of the records has beside it, under the keys that letters read."""
    made: list[Values] = [{} for _row in rows]
    for used in useds:
        for values, found in zip(made, values_of(access, used, rows), strict=True):
            values.update(found)
    return made


def values_of(access: Access, used: Used, rows: Sequence[Raw]) -> Iterable[Values]:
    beside = used.beside
    if isinstance(beside, Linked):
        return linked_values(access, used, beside, rows)
    if isinstance(beside, Sums):
        return (sums_of(used, stored_value(beside.lines, raw) or ()) for raw in rows)
    found = line_rows(access, used, beside, rows) if isinstance(beside, Lines) else record_rows(access, used, rows)
    return ({table_key(used.table): Table(used.names, made)} for made in found)


# Linked records


def linked_values(access: Access, used: Used, beside: Linked, rows: Sequence[Raw]) -> Iterator[Values]:
    ids = [next(iter(references_of(beside.link, raw)), None) for raw in rows]
    found = find_linked(access, beside.target, {one for one in ids if one}, used.fields.values())
    context = context_for(access, list(used.fields.values()), found.values())
    known: dict[ObjectId | None, Values] = {
        key: filled(used.fields, raw, context) for key, raw in found.items()
    }
    return (known.get(one, {}) for one in ids)


def references_of(link: Field, raw: Raw) -> list[ObjectId]:
    return [reference for _target, reference in link.kind.references(stored_value(link, raw), link)]


def find_linked(access: Access, target: str, ids: Iterable[ObjectId], fields: Iterable[Field]) -> dict[ObjectId, Raw]:
    """The records of those ids that the user may see, in one query."""
    ids = list(ids)
    if not ids:
        return {}
    if target == USER:
        kept = ["first_name", "last_name", *(field.path for field in USER_PARTS if field.key != "name")]
        users = User._get_collection().find({"_id": {"$in": ids}}, kept)
        return {raw["_id"]: raw | {"name": named(raw)} for raw in users}
    query = every_of([{"_id": {"$in": ids}}, access.condition(target)])
    rows = REGISTERS[target].document._get_collection().find(query, paths_to_read(fields))
    return {raw["_id"]: raw for raw in rows}


def named(user: Raw) -> str:
    return f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip()


def paths_to_read(fields: Iterable[Field]) -> list[str]:
    return ["name", *{field.path for field in fields}]


def filled(fields: Mapping[str, Field], raw: Raw, context: Any) -> Values:
    """The values of a record, under the merge fields' names; a column without one is left out."""
    return {name: field.kind.merge_value(value, field, context)
            for name, field in fields.items() if (value := stored_value(field, raw)) is not None}  # fmt: skip


# Rows


def empty_row(names: Iterable[str]) -> Values:
    """A row that lacks a value prints none, also where the record itself has one of that name."""
    return dict.fromkeys(names)


def line_rows(access: Access, used: Used, beside: Lines, rows: Sequence[Raw]) -> Iterator[list[Values]]:
    parts, others = parted(used.fields, LINE_VALUES)
    lines = [list(stored_value(beside.lines, raw) or ()) for raw in rows]
    products: dict[ObjectId, Raw] = {}
    if others:
        wanted = {line["product"] for some in lines for line in some if line.get("product")}
        products = find_linked(access, beside.lines.target, wanted, others.values())
    context = context_for(access, list(others.values()), products.values())
    for some in lines:
        yield [
            empty_row(used.names) | filled(others, products.get(line.get("product"), {}), context)
            | {name: LINE_VALUES[part](number, line) for name, part in parts.items()}
            for number, line in enumerate(some, start=1)
        ]  # fmt: skip


def parted(fields: Mapping[str, Field], own: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, Field]]:
    """(name -> the part of a row, name -> the field of what the row is about)."""
    parts = {name: field.key for name, field in fields.items() if field.key in own and not field.custom}
    return parts, {name: field for name, field in fields.items() if name not in parts}


def money(number: Any) -> Decimal | None:
    """An amount with at least its cents."""
    if number is None:
        return None
    exact = decimal(number)
    return exact.quantize(CENT) if exact == exact.quantize(CENT) else exact


LINE_VALUES: Mapping[str, Any] = {
    "number": lambda number, line: number,
    "name": lambda number, line: line["name"],
    "quantity": lambda number, line: decimal(line["quantity"]),
    "unit": lambda number, line: line.get("unit") or "",
    "price": lambda number, line: money(line["price"]),
    # No discount is nothing to print.
    "discount": lambda number, line: decimal(line["discount"]) or None,
    "amount": lambda number, line: money(line["amount"]),
    "currency": lambda number, line: line["currency"],
}


def sums_of(used: Used, lines: Sequence[Raw]) -> Values:
    total = sum_of(lines)
    values: Values = {"count": len(lines), "total": money(total["amount"]) if total else None,
                      "currency": total["currency"] if total else ""}  # fmt: skip
    return {name: values[field.key] for name, field in used.fields.items()}


def record_rows(access: Access, used: Used, rows: Sequence[Raw]) -> Iterator[list[Values]]:
    """The records that a way leads to, those that the user may see, of each of the rows."""
    assert isinstance(used.beside, Records)
    way = used.beside.way
    parts, fields = parted(used.fields, {"number": None})
    found = pointing(access, way.register.key, way.field, rows, fields) if way.backwards else \
        pointed_at(access, way.register.key, way.field, rows, fields)  # fmt: skip
    context = context_for(access, list(fields.values()), {raw["_id"]: raw for some in found for raw in some}.values())
    for some in found:
        yield [empty_row(used.names) | filled(fields, raw, context) | dict.fromkeys(parts, number)
               for number, raw in enumerate(some, start=1)]  # fmt: skip


def pointed_at(
    access: Access, target: str, link: Field, rows: Sequence[Raw], fields: Mapping[str, Field]
) -> list[list[Raw]]:
    ids = [references_of(link, raw)[:MOST_ROWS] for raw in rows]
    found = find_linked(access, target, {one for some in ids for one in some}, fields.values())
    return [[found[one] for one in some if one in found] for some in ids]


def pointing(
    access: Access, target: str, link: Field, rows: Sequence[Raw], fields: Mapping[str, Field]
) -> list[list[Raw]]:
    """The records whose link leads to each of the rows, in name order, or as their register is ordered by itself."""
    card = schema_of(target).register
    tokens = [token for raw in rows for token in link.kind.facets(raw["_id"], link)]
    query = every_of([{"facets": {"$in": tokens}}, access.condition(target)])
    order = [(card.order[0], 1)] if card.happens else [("sort_name", 1)]
    paths = [*paths_to_read(fields.values()), link.path]
    cursor = card.document._get_collection().find(query, paths, hint=BY_FACET).sort([*order, ("_id", 1)])
    by_id: dict[ObjectId, list[Raw]] = {raw["_id"]: [] for raw in rows}
    for other in cursor.allow_disk_use(True):
        for reference in dict.fromkeys(references_of(link, other)):
            if reference in by_id and len(by_id[reference]) < MOST_ROWS:
                by_id[reference].append(other)
    return [by_id[raw["_id"]] for raw in rows]
