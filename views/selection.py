"""Which rows an action on a list is for, as the browser says it."""

import json
from collections.abc import Iterable
from typing import Any

from flask import request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from models.fields.errors import ConditionError
from services.search import Selection

#: A form names at most so many rows one by one; beyond, "all that match" serves.
MAX_IDS = 10_000
PREFIX = "_flt_"


def conditions_of_args(args: MultiDict[str, str] | None = None) -> list[dict[str, Any]]:
    """The conditions of a list's address: `_flt_<operator>_<column>=value`, several values for one that takes many.

    Columns and operators are checked by the query that is made of them.
    """
    args, found = request.args if args is None else args, []
    for name in args:
        if name.startswith(PREFIX):
            code, _sign, column = name.removeprefix(PREFIX).partition("_")
            values = args.getlist(name)
            found.append({"col": column, "opr": code, "value": values[0] if len(values) == 1 else values})
    return found


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
