"""A draft as the mapping that the engine works by, and the checks of what its columns are to go into."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.fields.field import CUSTOM_PREFIX, label_in
from models.fields.kinds import KINDS
from models.fields.schema import Schema
from models.rights import Access, NotAllowed
from services.imports.errors import MappingError
from services.imports.linked import check_may_create
from services.imports.mappings import DEFINE, ON_EXISTING, ColumnRule, FieldUse, ImportMapping
from services.imports.options import DATES, DECIMALS, ENCODINGS, SEPARATORS, TableOptions
from services.imports.plan import CHOICE_KINDS, LINK_KINDS, make_plan
from services.settings import LANGUAGES

Raw = dict[str, Any]
ON_FAULTY = ("leave_out", "keep")
OPTIONS = ("sheet", "header_row", "separator", "encoding", "decimal", "dates", "language")
FLAGS, TEXTS = ("add_choices", "create_missing"), ("separator", "link_by")
LONGEST_SEPARATOR, MOST_ZEROS, MOST_HEADER_ROW = 5, 100, 1_000
NO_MATCH = _l("Choose the fields by which a record is known, or add all rows.")
CHOOSE_ONE = _l("Choose one of: %(known)s.")


# Options


def table_options(options: Mapping[str, Any]) -> TableOptions:
    return TableOptions(**{name: value for name, value in options.items() if name != "language"})


def checked_options(current: Mapping[str, Any], given: Mapping[str, Any]) -> Raw:
    """The options with what was given put in; an empty one is found out anew. Raises ValidationFailed by option."""
    errors: dict[str, list[Any]] = {}
    allowed = {"separator": SEPARATORS, "encoding": ENCODINGS, "decimal": DECIMALS, "dates": DATES,
               "language": LANGUAGES}  # fmt: skip
    for name in given.keys() - set(OPTIONS):
        errors[str(name)[:80]] = [_l("There is no such option.")]
    for name, known in allowed.items():
        if given.get(name) not in (None, "", *known):
            errors[name] = [_l("Choose one of: %(known)s.", known=", ".join(known))]
    if not isinstance(given.get("sheet") or "", str):
        errors["sheet"] = [_l("Choose one of the file's sheets.")]
    row = given.get("header_row")
    if row not in (None, "") and not (type(row) is int and 1 <= row <= MOST_HEADER_ROW):
        errors["header_row"] = [_l("Give a row number from 1 to %(max)s.", max=MOST_HEADER_ROW)]
    if errors:
        raise ValidationFailed(errors)
    merged = {**current, **given}
    if given.get("sheet", current.get("sheet")) != current.get("sheet"):
        merged |= {"header_row": given.get("header_row")}
    return {**{name: merged.get(name) or "" for name in OPTIONS}, "header_row": merged.get("header_row") or None}


# Columns


def checked_columns(current: Sequence[Raw], given: Sequence[Any]) -> list[Raw]:
    """The draft's columns with what was given of them, by their places. Raises ValidationFailed by place."""
    errors: dict[str, list[Any]] = {}
    by_place: dict[int, Mapping[str, Any]] = {}
    for item in given:
        place = item.get("place") if isinstance(item, Mapping) else None
        if type(place) is not int or not 0 <= place < len(current):
            errors[""] = [_l("There is no such column in the file.")]
        else:
            by_place[place] = item
    columns = [checked_column(column, by_place.get(column["place"]), errors) for column in current]
    if errors:
        raise ValidationFailed(errors)
    return columns


def checked_column(column: Raw, given: Mapping[str, Any] | None, errors: dict[str, list[Any]]) -> Raw:
    if given is None:
        return column
    choice = given.get("choice", column["choice"])
    choice = {} if choice is None else choice
    part = choice.get("define") if isinstance(choice, Mapping) else None
    good = isinstance(choice, Mapping) and choice.keys() <= {"field", "define"} and len(choice) <= 1
    good = good and isinstance(choice.get("field", ""), str) and isinstance(part or {}, Mapping)
    good = good and all(isinstance((part or {}).get(name, ""), str) for name in ("kind", "key"))
    good = good and all(isinstance(given.get(name, False), bool) for name in FLAGS)
    good = good and all(isinstance(given.get(name, ""), str) for name in TEXTS)
    zeros = given.get("zero_fill", 0)
    good = good and type(zeros) is int and 0 <= zeros <= MOST_ZEROS
    if not good or len(given.get("separator", "")) > LONGEST_SEPARATOR:
        errors[str(column["place"])] = [_l("Choose a field, a new field, or nothing.")]
        return column
    changed = {name: given[name] for name in (*FLAGS, *TEXTS, "zero_fill") if name in given}
    guessed = column["guessed"] and dict(choice) == column["choice"]
    return {**column, **changed, "choice": dict(choice), "guessed": guessed, "why": column["why"] if guessed else ""}


def with_keys(columns: Sequence[Raw], free_key: Any) -> list[Raw]:
    """New fields without a key get one, made by `free_key` of what they are called."""
    finished = []
    for column in columns:
        define = column["choice"].get("define")
        if define is not None:
            label = define.get("label") or column["header"][:100]
            define = {**{name: define[name] for name in DEFINE if name in define}, "label": label,
                      "key": define.get("key") or free_key(label_in(label, "en") or column["header"])}  # fmt: skip
            column = {**column, "choice": {"define": define}}
        finished.append(column)
    return finished


def fitted(column: Raw, schema: Schema) -> Raw:
    """The column without what its kind of field can't do; what links is found by its name."""
    define, field = column["choice"].get("define"), schema.get(column["choice"].get("field", ""))
    name = define.get("kind", "") if define else field.kind.name if field else ""
    several = name in KINDS and KINDS[name].several
    growing = name in CHOICE_KINDS and (field is None or field.custom or field.extensible)
    links = name in LINK_KINDS
    return {**column, "link_by": "name" if links else "", "create_missing": column["create_missing"] and links,
            "separator": column["separator"] if several else "",
            "add_choices": column["add_choices"] and growing}  # fmt: skip


# The mapping


def mapping_of(draft: Mapping[str, Any]) -> ImportMapping:
    """What the engine does with the draft's file."""
    rules = tuple(rule_of(column) for column in draft["columns"] if column["choice"])
    return ImportMapping(
        columns=rules, register=draft["register"], match=tuple(draft["match"]), on_existing=draft["on_existing"],
        ignore=tuple(column["header"] for column in draft["columns"] if not column["choice"]),
        language=draft["options"].get("language") or "", table=table_options(draft["options"]),
        strict=draft["on_faulty"] == "leave_out",
    )  # fmt: skip


def rule_of(column: Mapping[str, Any]) -> ColumnRule:
    choice = column["choice"]
    define = choice.get("define")
    key = define["key"] if define else choice["field"]
    definition = {name: define[name] for name in DEFINE if name in define} if define else None
    return ColumnRule(column["header"], (FieldUse(
        field=key, define=definition, add_choices=column["add_choices"], zero_fill=column["zero_fill"],
        separator=column["separator"], link_by=column["link_by"], create_missing=column["create_missing"],
    ),))  # fmt: skip


def check_uses(access: Access, draft: Mapping[str, Any]) -> None:
    """Raise all that stands against what the columns go into: ValidationFailed by the column's place ("match",
    "on_existing", "on_faulty" and "" for the rest), NotAllowed."""
    errors: dict[str, list[Any]] = {}
    header = [column["header"] for column in draft["columns"]]
    used = [column for column in draft["columns"] if column["choice"]]
    for column, message in [*doubles(used), *alone(access, draft, header, used)]:
        errors.setdefault(str(column["place"]), []).append(message)
    if not used:
        errors[""] = [_l("Choose a field for at least one column.")]
    if draft["on_existing"] not in ON_EXISTING:
        errors["on_existing"] = [_l("Choose one of: %(known)s.", known=", ".join(ON_EXISTING))]
    elif draft["on_existing"] != "add" and not draft["match"]:
        errors["match"] = [NO_MATCH]
    if draft["on_faulty"] not in ON_FAULTY:
        errors["on_faulty"] = [_l("Choose one of: %(known)s.", known=", ".join(ON_FAULTY))]
    if not errors:
        errors = whole(access, draft, header)
    if errors:
        raise ValidationFailed(errors)


def doubles(columns: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Columns that go into a field into which an earlier one goes already."""
    seen: dict[str, str] = {}
    for column in columns:
        define = column["choice"].get("define")
        key = CUSTOM_PREFIX + str(define.get("key")) if define else column["choice"]["field"]
        if key in seen:
            yield column, _l("The column “%(header)s” goes into this field already.", header=seen[key])
        seen.setdefault(key, column["header"])


def alone(
    access: Access, draft: Mapping[str, Any], header: Sequence[str], columns: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """What is wrong with each column by itself."""
    whole_mapping = mapping_of({**draft, "match": [], "on_existing": "add"})
    for column in columns:
        if "define" in column["choice"] and not access.may(draft["register"], "settings"):
            yield column, _l("Only those who manage settings may make fields. Choose a field, or leave it out.")
            continue
        try:
            single = replace(whole_mapping, columns=(rule_of(column),))
            check_may_create(access, make_plan(access, draft["register"], single, header))
        except MappingError as error:
            yield from ((column, problem) for problem in error.problems)
        except NotAllowed as error:
            yield column, error.message


def whole(access: Access, draft: Mapping[str, Any], header: Sequence[str]) -> dict[str, list[Any]]:
    try:
        make_plan(access, draft["register"], mapping_of(draft), header)
    except MappingError as error:
        return {"match": list(error.problems)}
    return {}
