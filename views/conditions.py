"""The conditions of a list as people read them, and what its panels offer."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bson import ObjectId
from flask import request, url_for
from flask_babel import gettext as _

from models.fields.conditions import SEGMENT, THROUGH, TITLE, Node, group_of
from models.fields.errors import ConditionError
from models.fields.field import Field
from models.fields.operators import OPERATORS, canonical
from models.fields.query import Asking, conditions_query
from models.fields.schema import Schema, schema_of
from models.fields.ways import Tie, Way, way_of
from models.registers import REGISTERS, SECTIONS, Register, all_registers
from models.segments import MEMBERS
from services.labels import names_of
from services.linked import only_check
from services.values import context_of
from views.base import current_access, current_language
from views.condition_inputs import Built
from views.fields import filter_column, input_of
from views.links import query_url
from views.many_fields import AT_ONCE
from views.selection import UNREADABLE, comparison, groups_of_text, readable, written

Chip = dict[str, str]
#: Stands for the segments among the fields of the filter panel.
SEGMENT_COLUMN = "@segment"
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
            found.append({**group_chip(schema, node), "remove_url": without})
    return found


def group_chip(schema: Schema, node: Node) -> Chip:
    """A group as one text; that a record is in a segment, or not in it, reads as a comparison does."""
    segment, operator = segment_asked(node)
    if not segment:
        return {"label": "", "operator_label": "", "value_label": unbracketed(node_words(schema, node))}
    return {"label": _("Segment"), "operator_label": operator, "value_label": segment_name(segment)}


def segment_asked(node: Node) -> tuple[str, str]:
    """(the id of the one segment that a node speaks of, how it does); "" for any other node."""
    if SEGMENT in node:
        return str(node[SEGMENT]), _("is")
    denied: Sequence[Node] = node.get("none") or ()
    if len(denied) == 1 and THROUGH not in node and SEGMENT in denied[0]:
        return str(denied[0][SEGMENT]), _("is not")
    return "", ""


def segment_name(segment_id: str) -> str:
    """What a segment is called; one that is deleted, or that the user does not see, is told by that."""
    names = segment_names([segment_id])
    return names.get(segment_id) or _("Not visible to you, or deleted")


def segment_names(ids: Sequence[str]) -> dict[str, str]:
    """id -> name of the segments that the user sees."""
    good = [ObjectId(text) for text in ids if ObjectId.is_valid(text)]
    return {str(key): name for key, name in names_of(current_access(), SEGMENT, good).items()}


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
    group, segment = group_of(node), segment_asked(node)
    if segment[0]:
        return " ".join((_("Segment"), segment[1], f"“{segment_name(segment[0])}”"))
    if not group:
        shown = comparison_words(schema, node) if comparison(node) else {"value_label": str(node[UNREADABLE])[:80]}
        return " ".join(filter(None, (shown.get("label"), shown.get("operator_label"), shown["value_label"])))
    way, inner = led_to(schema, node)
    words = joined_words(group if group == "all" else "any", [node_words(inner, one) for one in node[group]])
    if THROUGH in node:
        name = way.label_in(current_language()) if way else str(node[THROUGH])[:80]
        if node.get(TITLE):
            titled = _("%(link)s (title: %(title)s)", link=NAME, title=WHAT)
            name = titled.replace(NAME, name).replace(WHAT, str(node[TITLE])[:80])
        text = _("no %(link)s where %(what)s", link=NAME, what=WHAT) if group == "none" else _(
            "%(link)s where %(what)s", link=NAME, what=WHAT)  # fmt: skip
        return f"({text})".replace(NAME, name).replace(WHAT, words)
    if group == "none":
        return _("not %(what)s", what=WHAT).replace(WHAT, f"({words})")
    return f"({words})" if len(node[group]) > 1 else words


def led_to(schema: Schema, node: Node) -> tuple[Way | Tie | None, Schema]:
    """(the way that a group goes along, None where it goes along none; the schema of what it speaks of)."""
    way = way_of(schema, current_access(), str(node[THROUGH])) if THROUGH in node else None
    return way, schema_of(way.register.key).for_access(current_access()) if way else schema


def told_conditions(schema: Schema, conditions: Sequence[Node]) -> list[str]:
    """Each condition as a text of its own; all of them hold."""
    return [unbracketed(node_words(schema, node)) for node in conditions]


def told_of_any(conditions: Sequence[Node]) -> list[str]:
    """The same where nobody says of which register they are: of the first of which they make sense."""
    schemas = [schema_of(choice.key).for_access(current_access()) for choice in MEMBERS]
    return told_conditions(next((one for one in schemas if makes_sense(one, conditions)), schemas[0]), conditions)


def makes_sense(schema: Schema, conditions: Sequence[Node]) -> bool:
    access = current_access()
    try:
        conditions_query(schema, conditions, Asking(access, context_of(access), only_check))
    except ConditionError:
        return False
    return True


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
    if input_of(field).remote:
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
    target = field.kind.target(field)
    return {str(key): name for key, name in names_of(current_access(), target, good).items()}


def with_labels(schema: Schema, nodes: Sequence[Node]) -> list[dict[str, Any]]:
    """The conditions with {value: name} in "labels" wherever a value points at something: what a page shows of them."""
    found = []
    for node in nodes:
        group = group_of(node)
        if group:
            found.append({**node, group: with_labels(led_to(schema, node)[1], node[group])})
            continue
        if SEGMENT in node:
            found.append({**node, "labels": segment_names([str(node[SEGMENT])])})
            continue
        field = schema.get(node["col"]) if comparison(node) else None
        value = node.get("value")
        ids = [str(one) for one in (value if isinstance(value, list) else [value])]
        remote = field is not None and input_of(field).remote
        found.append({**node, "labels": option_labels(field, ids) if field and remote else {}})
    return found


def chosen_options(field: Field, ids: Sequence[str]) -> list[tuple[str, str]]:
    """(id, name) of what a field points at; what its user may not see, or what is deleted, keeps its place unnamed."""
    names = option_labels(field, ids)
    return [(key, names.get(key) or _("Not visible to you, or deleted")) for key in ids if ObjectId.is_valid(key)]


def filter_columns(schema: Schema) -> list[dict[str, Any]]:
    """Every field as the filter panel takes it (docs/look.md)."""
    language = current_language()
    fields = [
        filter_column(field, language, str(SECTIONS[section]))
        for section, fields in schema.sections() for field in fields
    ]  # fmt: skip
    return [*segment_column(schema), *fields]


def has_segments(card: Register) -> bool:
    """Whether segments may hold the register's records."""
    return card.key in [choice.key for choice in MEMBERS]


def may_make_segments(card: Register) -> bool:
    """Whether the user may make segments of the register's records."""
    return has_segments(card) and current_access().may(SEGMENT, "add")


def segment_column(schema: Schema) -> list[dict[str, Any]]:
    """That a record is in a segment, as the filter panel takes it beside the fields; nothing where there can be none.

    Its column is no field's name: the panel makes a segment's condition of it.
    """
    register = schema.register.key
    if not (has_segments(schema.register) and current_access().may(SEGMENT, "see")):
        return []
    operators = [{"op": code, "label": label, "input": "remote", "choices": []}
                 for code, label in (("eq", _("is")), ("neq", _("is not")))]  # fmt: skip
    return [{"column": SEGMENT_COLUMN, "label": _("Segment"), "section": "", "operators": operators, "choices": [],
             "options_url": url_for("OptionsView.options", target=SEGMENT, members=register)}]  # fmt: skip


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
    """Where the search builder fetches each register's fields and links, and how many records match."""
    access, root = current_access(), request.script_root
    return {card.key: {"fields": f"{root}{card.path}/filter_fields", "ways": f"{root}{card.path}/ways",
                       "matching": f"{root}{card.path}/matching"}
            for card in all_registers() if access.may(card.key, "see")}  # fmt: skip


def built_of(register: str, text: Any) -> Built:
    """What the search builder of a form begins with; `text` is the JSON that the form holds, whatever that is."""
    nodes = [node for node in groups_of_text(str(text or "")) if readable(node)]
    if register not in REGISTERS:
        return Built()
    return Built(register, with_labels(schema_of(register).for_access(current_access()), nodes), builder_sources())
