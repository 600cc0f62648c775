"""Letters made at once from a template that is not kept: of records, or of rows given instead of them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, BinaryIO

from flask_babel import lazy_gettext as _l

from models.rights import Access
from services.imports.yaml_text import load_yaml
from services.merge.addresses import row_sources
from services.merge.errors import MergeProblem
from services.merge.files import row_name
from services.merge.letters import Letter, check_unknown, write_letters
from services.merge.results import ONE, Form, write_result
from services.merge.sources import Sources
from services.merge.templates import check_columns, check_may_merge
from services.search import Selection
from services.word import FILE_NAME, MergeReport, Table, Value, WordTemplate, normalise_name, table_key


@dataclass(frozen=True)
class Outcome:
    """What came of it: the engine's report, and the merge fields that nothing filled."""

    report: MergeReport
    unknown: tuple[str, ...]


def merge_records(
    access: Access, register: str, template: bytes, out: BinaryIO, *,
    conditions: Sequence[Mapping[str, Any]] = (), field_map: Mapping[str, str] | None = None, unknown: str = "blank",
    form: Form = ONE, title: str = "",
) -> Outcome:  # fmt: skip
    """Write a letter for each record that matches. Raises MergeProblem, TemplateError, ConditionError, NotAllowed."""
    check_may_merge(access, register)
    word, field_map = WordTemplate.read(template), field_map or {}
    check_columns(access, register, field_map)
    sources = Sources(access, register, field_map, word.tables)
    left = sources.unknown(word.field_names)
    check_unknown(left, unknown)
    selection = Selection(conditions=tuple(conditions), all_matching=True)
    return Outcome(write_letters(access, word, sources, selection, out, form, title=title), tuple(left))


def merge_rows(
    template: bytes, rows: Sequence[Letter], out: BinaryIO, *,
    field_map: Mapping[str, str] | None = None, unknown: str = "blank", language: str = "en",
    form: Form = ONE, title: str = "",
) -> Outcome:  # fmt: skip
    """Write a letter for each row (as `read_rows` gives them). Raises MergeProblem, TemplateError."""
    word = WordTemplate.read(template)
    keys = {normalise_name(name): normalise_name(key) for name, key in (field_map or {}).items()}
    sources = {normalise_name(name): keys.get(normalise_name(name), normalise_name(name)) for name in word.field_names}
    tables = names_in_tables(rows)
    known = {key for row in rows for key in row}.union(*tables.values())
    left = [name for name in word.field_names if sources[normalise_name(name)] not in known]
    check_unknown(left, unknown)
    sources |= row_sources(word, known, keys)
    letters = (letter_of(row, sources, tables) for row in rows)
    return Outcome(write_result(word, letters, out, form, title=title, language=language), tuple(left))


def names_in_tables(rows: Sequence[Letter]) -> dict[str, frozenset[str]]:
    """Key of each table -> the names that its rows have anywhere: one row alone may lack some, an empty table all."""
    found: dict[str, frozenset[str]] = {}
    for row in rows:
        for key, value in row.items():
            if isinstance(value, Table):
                found[key] = found.get(key, frozenset()) | value.names
    return found


def letter_of(row: Letter, sources: Mapping[str, str], tables: Mapping[str, frozenset[str]]) -> Letter:
    named: Letter = {FILE_NAME: row_name(row)}
    whole = {key: Table(tables[key], value.rows) for key, value in row.items() if isinstance(value, Table)}
    return named | {name: row.get(key) for name, key in sources.items()} | whole


# What a shell gives as text


def read_conditions(text: str) -> list[Mapping[str, Any]]:
    """Conditions out of JSON; what they say is checked by the query made of them. Raises MergeProblem."""
    conditions = parsed_json(text, _l("the filter"))
    if not isinstance(conditions, list):
        raise MergeProblem(_l("Give the filter as a JSON list of {\"col\", \"opr\", \"value\"}."))
    return conditions


def read_rows(text: str) -> list[Letter]:
    """Rows out of a JSON list of objects, their keys as the engine wants them. Raises MergeProblem."""
    rows = parsed_json(text, _l("the data"))
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MergeProblem(_l("Give the data as a JSON list of objects, one for each letter."))
    return [read_row(number, row) for number, row in enumerate(rows, 1)]


def read_row(number: int, row: Mapping[str, Any]) -> Letter:
    """A row's values; a list of objects in it is a table, whose rows a template may repeat."""
    values: dict[str, Value] = {}
    for key, value in row.items():
        if isinstance(value, list) and all(isinstance(one, dict) for one in value):
            values[table_key(key)] = table_of(number, key, value)
        else:
            values[normalise_name(key)] = plain_value(number, key, value)
    return values


def table_of(number: int, key: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    columns = dict.fromkeys(column for row in rows for column in row)
    names = {column: f"{normalise_name(key)}.{normalise_name(column)}" for column in columns}
    return Table(frozenset(names.values()), [
        {name: plain_value(number, f"{key}.{column}", row.get(column)) for column, name in names.items()}
        for row in rows
    ])  # fmt: skip


def plain_value(number: int, key: str, value: Any) -> Value:
    if isinstance(value, (list, dict)):
        raise MergeProblem(_l("Object %(number)s: “%(key)s” must be a text, a number, true, false or null.",
                              number=number, key=key[:80]))  # fmt: skip
    plain: Value = value
    return plain


def parsed_json(text: str, what: Any) -> Any:
    """JSON with exact numbers. Raises MergeProblem, which says where it is wrong."""
    try:
        return json.loads(text, parse_float=Decimal, parse_constant=refuse_constant)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise MergeProblem(_l("%(what)s can't be read as JSON: %(reason)s", what=what, reason=error)) from error


def refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")


def read_map(text: str) -> dict[str, str]:
    """Merge field -> column out of YAML. Raises MergeProblem, MappingError."""
    content, lines = load_yaml(text)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise MergeProblem(_l("Give the map as lines of “merge field: column”."))
    for name, column in content.items():
        if not isinstance(name, str) or not isinstance(column, str):
            raise MergeProblem(_l("Line %(line)s of the map: write “%(name)s” and its column as texts, in quotes.",
                                  line=lines.get((name,), 1), name=name))  # fmt: skip
    return content
