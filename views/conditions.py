"""The conditions of a list as people read them, and what its panels offer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bson import ObjectId
from flask import request
from flask_babel import gettext as _

from models.fields.conditions import THROUGH, Node, group_of
from models.fields.field import Field
from models.fields.operators import OPERATORS, canonical
from models.fields.schema import Schema, schema_of
from models.fields.ways import ways_from
from models.registers import SECTIONS, all_registers
from services.labels import names_of
from services.values import context_of
from views.base import current_access, current_language
from views.fields import INPUTS, filter_column
from views.links import query_url
from views.many_fields import AT_ONCE
from views.selection import UNREADABLE, comparison, written

Chip = dict[str, str]
#: Names and values stand in texts by marks: a per cent sign in them would be taken for a format.
NAME, WHAT = "\x01", "\x02"


def chips(schema: Schema, conditions: Sequence[Node]) -> list[Chip]:
    """The active conditions in plain words, each with the address of the list without it."""
    groups = [node for node in conditions if not comparison(node)]
    found = []
    for node in conditions:
        if comparison(node):
            without = query_url(without=(f"_flt_{node['opr']}_{node['col']}", "page"))
            found.append({**comparison_words(schema, node), "remove_url": without})
        else:
            rest = [other for other in groups if other is not node]
            without = query_url(where=written(rest) if rest else None, page=None)
            found.append({"label": "", "operator_label": "", "value_label": unbracketed(node_words(schema, node)),
                          "remove_url": without})  # fmt: skip
    return found


def comparison_words(schema: Schema, condition: Node) -> Chip:
    """One comparison; what is wrong with it stays as it was typed, so that it can be seen and removed."""
    field, code = schema.get(condition["col"]), canonical(condition["opr"])
    value = condition.get("value")
    values = value if isinstance(value, list) else [value]
    known = field is not None and code in OPERATORS
    bare = known and OPERATORS[code].takes == "none"
    return {
        "label": field.label_in(current_language()) if field else str(condition["col"]),
        "operator_label": str(field.kind.operator_label(code)) if field and known else str(condition["opr"]),
        "value_label": "" if bare else ", ".join(value_label(field, code, value) for value in values),
    }


def sentence(schema: Schema, conditions: Sequence[Node]) -> str:
    """What a list with these conditions shows: "Companies where Sector is Utilities and (City is Oulu or …)"."""
    register = str(schema.register.label)
    if not conditions:
        return _("%(register)s: all of them", register=NAME).replace(NAME, register)
    words = joined_words("all", [node_words(schema, node) for node in conditions])
    return _("%(register)s where %(what)s", register=NAME, what=WHAT).replace(NAME, register).replace(WHAT, words)


def node_words(schema: Schema, node: Node) -> str:
    """A condition in words; groups within others stand in brackets."""
    group = group_of(node)
    if not group:
        shown = comparison_words(schema, node) if comparison(node) else {"value_label": str(node[UNREADABLE])[:80]}
        return " ".join(filter(None, (shown.get("label"), shown.get("operator_label"), shown["value_label"])))
    way = ways_from(schema, current_access()).get(node[THROUGH]) if THROUGH in node else None
    inner = schema_of(way.register.key).for_access(current_access()) if way else schema
    words = joined_words(group if group == "all" else "any", [node_words(inner, one) for one in node[group]])
    if THROUGH in node:
        name = way.label_in(current_language()) if way else str(node[THROUGH])[:80]
        text = _("no %(link)s where %(what)s", link=NAME, what=WHAT) if group == "none" else _(
            "%(link)s where %(what)s", link=NAME, what=WHAT)  # fmt: skip
        return f"({text})".replace(NAME, name).replace(WHAT, words)
    if group == "none":
        return _("not %(what)s", what=WHAT).replace(WHAT, f"({words})")
    return f"({words})" if len(node[group]) > 1 else words


def unbracketed(words: str) -> str:
    """A text that stands alone, without the brackets around it."""
    depth = 0
    for place, sign in enumerate(words, start=1):
        depth += (sign == "(") - (sign == ")")
        if depth <= 0 and place < len(words):
            return words
    return words[1:-1] if words.startswith("(") and words.endswith(")") else words


def joined_words(group: str, parts: Sequence[str]) -> str:
    joint = _("and") if group == "all" else _("or")
    return f" {joint} ".join(parts)


def value_label(field: Field | None, code: str, value: Any) -> str:
    if field is None:
        return str(value)
    named = field.kind.operand_label(code, value)
    if named is not None:
        return str(named)
    if INPUTS[field.kind.input].remote:
        return option_labels(field, [str(value)]).get(str(value), str(value))
    context = replace(context_of(current_access()), asking=True)
    try:
        parsed = field.kind.parse(value, field, context)
    except ValueError:
        return str(value)
    return field.kind.text(parsed, field, context) or str(value)


def option_labels(field: Field, ids: Sequence[str]) -> dict[str, str]:
    """id -> name of the records, users or teams that a field points at, as far as the user may see them."""
    good = [ObjectId(text) for text in ids if ObjectId.is_valid(text)]
    target = field.kind.target(field)  # type: ignore[attr-defined]
    return {str(key): name for key, name in names_of(current_access(), target, good).items()}


def with_labels(schema: Schema, nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """The conditions with {value: name} in "labels" wherever a value points at something: what a page shows of them."""
    found = []
    for node in nodes:
        group = group_of(node)
        if group:
            way = ways_from(schema, current_access()).get(node[THROUGH]) if THROUGH in node else None
            inner = schema_of(way.register.key).for_access(current_access()) if way else schema
            found.append({**node, group: with_labels(inner, node[group])})
            continue
        field = schema.get(node["col"]) if comparison(node) else None
        value = node.get("value")
        ids = [str(one) for one in (value if isinstance(value, list) else [value])]
        remote = field is not None and INPUTS[field.kind.input].remote
        found.append({**node, "labels": option_labels(field, ids) if field and remote else {}})
    return found


def chosen_options(field: Field, ids: Sequence[str]) -> list[tuple[str, str]]:
    """(id, name) of what a field points at; what its user may not see, or what is deleted, keeps its place unnamed."""
    names = option_labels(field, ids)
    return [(key, names.get(key) or _("Not visible to you, or deleted")) for key in ids if ObjectId.is_valid(key)]


def filter_columns(schema: Schema) -> list[dict[str, Any]]:
    """Every field as the filter panel takes it (docs/look.md)."""
    language = current_language()
    return [
        filter_column(field, language, str(SECTIONS[section]))
        for section, fields in schema.sections() for field in fields
    ]  # fmt: skip


def all_columns(schema: Schema, chosen: Sequence[str]) -> list[dict[str, Any]]:
    """Every field for the panel that chooses columns: the chosen ones first, in their order; of very many fields the
    chosen ones alone, for the panel searches for the others."""
    language = current_language()
    rest = [column for column in schema.by_column if column not in chosen] if len(schema.fields) <= AT_ONCE else []
    return [
        {"column": column, "label": schema.by_column[column].label_in(language), "shown": column in chosen}
        for column in (*chosen, *rest)
    ]


def builder_sources() -> dict[str, dict[str, str]]:
    """Where the search builder fetches each register's fields and links."""
    access, root = current_access(), request.script_root
    return {card.key: {"fields": f"{root}{card.path}/filter_fields", "ways": f"{root}{card.path}/ways"}
            for card in all_registers() if access.may(card.key, "see")}  # fmt: skip
