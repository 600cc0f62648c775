"""The mapping of a file's columns to a register's fields, as an administrator writes it (docs/import.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.imports.mapping_checks import Checker
from services.imports.options import DATES, DECIMALS, ENCODINGS, SEPARATORS, TableOptions
from services.imports.yaml_text import load_yaml
from services.settings import LANGUAGES

TOP = ("register", "match", "on_existing", "columns", "constants", "ignore", "sheet", "header_row", "separator",
       "encoding", "decimal", "dates", "language")  # fmt: skip
USE = ("field", "define", "add_choices", "zero_fill", "separator", "link_by", "create_missing", "odd")
DEFINE = ("kind", "label", "section", "help", "required", "choices", "in_list", "in_head", "order", "currency",
          "target")  # fmt: skip


#: What becomes of records that rows stand for: nothing, their empty fields are filled, or the row's values take over.
ON_EXISTING = ("add", "skip", "fill", "overwrite")


@dataclass(frozen=True)
class OddField:
    """The text field for values that don't fit: its key and label; where they are empty, ones are made."""

    key: str = ""
    label: Mapping[str, str] | None = None


@dataclass(frozen=True)
class FieldUse:
    """What one column, or one part of a split column, goes into, and how. `define` makes a field that is missing."""

    field: str
    define: Mapping[str, Any] | None = None
    add_choices: bool = False
    zero_fill: int = 0
    separator: str = ""
    link_by: str = ""
    create_missing: bool = False
    odd: OddField = OddField()


@dataclass(frozen=True)
class ColumnRule:
    """One column of the file. With a `separator` it is cut into as many parts as there are uses.

    `at` says where: "exact" takes only cells of just so many parts, "first" and "last" cut at the first or last
    separators and leave the others in the text.
    """

    header: str
    uses: tuple[FieldUse, ...]
    separator: str = ""
    at: str = "exact"
    odd: OddField = OddField()


@dataclass(frozen=True)
class ImportMapping:
    """A whole mapping. `text` is what it was read from, which a job keeps. With `strict`, a row with a value that does
    not fit is left out and reported, where else the value is kept as text."""

    columns: tuple[ColumnRule, ...]
    register: str = ""
    match: tuple[str, ...] = ()
    on_existing: str = "add"
    constants: Mapping[str, Any] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    language: str = ""
    table: TableOptions = field(default_factory=TableOptions)
    text: str = ""
    strict: bool = False


def read_mapping(text: str) -> ImportMapping:
    """The mapping out of its YAML. Raises MappingError with every problem, each with its line and keys."""
    data, lines = load_yaml(text)
    checker = Checker(lines)
    mapping = checked_mapping(checker, data, text)
    checker.raise_if_any()
    return mapping


def checked_mapping(checker: Checker, data: Any, text: str) -> ImportMapping:
    top = checker.mapping(data, (), TOP)
    match = tuple(checker.texts(top, (), "match"))
    default = "skip" if match else "add"
    on_existing = checker.one_of(top, (), "on_existing", ON_EXISTING) or default
    if on_existing != "add" and not match:
        checker.need_match()
    return ImportMapping(
        columns=checked_columns(checker, top.get("columns")), register=checker.text(top, (), "register"), match=match,
        on_existing=on_existing, constants=checker.mapping(top.get("constants") or {}, ("constants",)),
        ignore=tuple(checker.texts(top, (), "ignore")), language=checker.one_of(top, (), "language", ("en", "fi")),
        table=checked_table(checker, top), text=text,
    )  # fmt: skip


def checked_table(checker: Checker, top: Mapping[str, Any]) -> TableOptions:
    return TableOptions(
        sheet=checker.text(top, (), "sheet"), header_row=checker.whole(top, (), "header_row", 1, 1_000) or None,
        separator=checker.one_of(top, (), "separator", SEPARATORS),
        encoding=checker.one_of(top, (), "encoding", ENCODINGS), decimal=checker.one_of(top, (), "decimal", DECIMALS),
        dates=checker.one_of(top, (), "dates", DATES),
    )  # fmt: skip


def checked_columns(checker: Checker, columns: Any) -> tuple[ColumnRule, ...]:
    if not isinstance(columns, Mapping) or not columns:
        checker.need_columns()
        return ()
    headers = {header: rule for header, rule in columns.items() if checker.is_header(header)}
    return tuple(checked_rule(checker, header, rule, ("columns", header)) for header, rule in headers.items())


def checked_rule(checker: Checker, header: str, rule: Any, path: tuple[Any, ...]) -> ColumnRule:
    if not (isinstance(rule, Mapping) and "split" in rule):
        return ColumnRule(header.strip(), (checked_use(checker, rule, path),))
    rule = checker.mapping(rule, path, ("split", "odd"))
    inner = (*path, "split")
    split = checker.mapping(rule["split"], inner, ("separator", "at", "into"))
    into = split.get("into")
    if not isinstance(into, list) or not 2 <= len(into) <= 10:
        checker.need_parts((*inner, "into"))
        into = []
    uses = tuple(checked_use(checker, use, (*inner, "into", place)) for place, use in enumerate(into))
    return ColumnRule(
        header.strip(), uses, checker.separator(split, inner, required=True),
        checker.one_of(split, inner, "at", ("exact", "first", "last")) or "exact", checked_odd(checker, rule, path),
    )  # fmt: skip


def checked_use(checker: Checker, use: Any, path: tuple[Any, ...]) -> FieldUse:
    """One use of a column; just a key is the short form of `{field: key}`."""
    data = checker.mapping({"field": use} if isinstance(use, str) else use, path, USE)
    found = FieldUse(
        field=checker.text(data, path, "field", required=True), define=checked_define(checker, data, path),
        add_choices=checker.flag(data, path, "add_choices"), zero_fill=checker.whole(data, path, "zero_fill", 1, 100),
        separator=checker.separator(data, path), link_by=checker.one_of(data, path, "link_by", ("name",)),
        create_missing=checker.flag(data, path, "create_missing"), odd=checked_odd(checker, data, path),
    )  # fmt: skip
    if found.create_missing and not found.link_by:
        checker.need_link_by((*path, "create_missing"))
    return found


def checked_odd(checker: Checker, data: Mapping[str, Any], path: tuple[Any, ...]) -> OddField:
    """`odd: key`, or `odd: {field: key, label: {en: ..., fi: ...}}`."""
    if not isinstance(data.get("odd"), Mapping):
        return OddField(checker.text(data, path, "odd"))
    inner = (*path, "odd")
    odd = checker.mapping(data["odd"], inner, ("field", "label"))
    label = checker.mapping(odd["label"], (*inner, "label"), LANGUAGES) if "label" in odd else {}
    texts = {language: checker.text(label, (*inner, "label"), language) for language in label}
    return OddField(checker.text(odd, inner, "field", required=True), texts or None)


def checked_define(checker: Checker, data: Mapping[str, Any], path: tuple[Any, ...]) -> Mapping[str, Any] | None:
    """How to make the field; what its parts may be is checked when the field is planned."""
    if data.get("define") is None:
        return None
    inner = (*path, "define")
    define = checker.mapping(data["define"], inner, DEFINE)
    checker.text(define, inner, "kind", required=True)
    return define
