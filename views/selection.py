"""Which rows an action on a list is for, as the browser says it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from flask import flash, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from models.fields.conditions import SEGMENT, Node, checked, group_of
from models.fields.errors import ConditionError
from services.search import Selection

#: A form names at most so many rows one by one; beyond, "all that match" serves.
MAX_IDS = 10_000
PREFIX, WHERE = "_flt_", "where"
#: Stands in a condition for what the address has in place of conditions.
UNREADABLE = "unreadable"


def conditions_of_args(args: MultiDict[str, str] | None = None) -> list[dict[str, Any]]:
    """The conditions of a list's address: `_flt_<operator>_<column>=value`, several values for one that takes many,
    and groups of them as JSON in `where` (models/fields/conditions.py).

    They are checked by the query that is made of them.
    """
    args, found = request.args if args is None else args, []
    for name in args:
        if name.startswith(PREFIX):
            code, _sign, column = name.removeprefix(PREFIX).partition("_")
            values = args.getlist(name)
            found.append({"col": column, "opr": code, "value": values[0] if len(values) == 1 else values})
    return found + groups_of_text(args.get(WHERE, ""))


def groups_of_text(text: str) -> list[dict[str, Any]]:
    """The conditions in a text of JSON; one that can't be read stays as a condition that says so."""
    if not text:
        return []
    try:
        found = [dict(node) for node in checked(parsed_conditions(text))]
        # Half of a character can't be written into any page or query.
        written(found).encode()
    except (ConditionError, UnicodeEncodeError):
        return [{UNREADABLE: text}]
    return found


def pairs_of(conditions: Iterable[Node]) -> list[tuple[str, str]]:
    """(name, value) pairs of the address that asks for these conditions.

    A second comparison of the same kind with the same field stands as a group of one: in the address the two would
    become one with two values.
    """
    pairs, groups, named = [], [], set()
    for one in conditions:
        name = f"{PREFIX}{one['opr']}_{one['col']}" if comparison(one) else ""
        if not name or name in named:
            groups.append({"all": [one]} if name else one)
            continue
        named.add(name)
        value = one.get("value")
        values = value if isinstance(value, (list, tuple)) else ["1" if value is None else value]
        pairs += [(name, str(value)) for value in values]
    return pairs + ([(WHERE, written(groups))] if groups else [])


def comparison(node: Node) -> bool:
    return not group_of(node) and SEGMENT not in node and readable(node)


def readable(node: Node) -> bool:
    return UNREADABLE not in node


def written(groups: Sequence[Node]) -> str:
    """Groups as they stand in an address."""
    return json.dumps(groups, ensure_ascii=False, separators=(",", ":"))


def selection_of_form() -> Selection:
    """The selection of a posted form: `rowid` of each chosen row, or `all_matching` with `conditions` as JSON.

    Raises ConditionError when it makes no sense or nothing is chosen.
    """
    if request.form.get("all_matching") == "1":
        return Selection(conditions=tuple(parsed_conditions(request.form.get("conditions"))), all_matching=True)
    ids = list(dict.fromkeys(request.form.getlist("rowid")))
    if not ids:
        raise ConditionError("", _("Nothing is chosen. Tick the rows first."))
    if len(ids) > MAX_IDS:
        raise ConditionError("", _("Too many rows at once. Use a condition and choose all that match."))
    return Selection(ids=tuple(ids))


def parsed_conditions(text: str | None) -> list[dict[str, Any]]:
    try:
        conditions = json.loads(text or "[]")
    except (ValueError, RecursionError) as error:
        raise ConditionError("", _("The conditions can't be read. Go back to the list and choose again.")) from error
    if not isinstance(conditions, list) or not all(isinstance(item, dict) for item in conditions):
        raise ConditionError("", _("The conditions can't be read. Go back to the list and choose again."))
    return conditions


def selection_inputs(selection: Selection) -> Iterable[tuple[str, str]]:
    """(name, value) of the hidden inputs that carry a selection to the next page."""
    if selection.all_matching:
        yield "all_matching", "1"
        yield "conditions", json.dumps([dict(condition) for condition in selection.conditions])
    for record_id in selection.ids:
        yield "rowid", record_id


def selection_or_told() -> Selection | None:
    """The selection that was sent; None where its conditions can't be read, of which the next page tells."""
    try:
        return selection_of_form()
    except ConditionError as error:
        flash(str(error), "danger")
        return None
