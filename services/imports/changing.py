"""Rows that stand for records which are there: their values fill what is empty, or take the place of what is not."""

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l

from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.rights import Access
from services.exports.tables import plain_text
from services.imports.plan import Plan
from services.imports.rows import Draft
from services.late_changes import check_settled
from services.records import check_reach, finished, now, visible_values
from services.values import check_required, check_together, context_of

Raw = dict[str, Any]


def changed_record(access: Access, plan: Plan, draft: Draft, found: list[Raw]) -> tuple[Raw, Raw] | None:
    """(the record that the row stands for, what it becomes), None where it stays as it is; what stands against it is
    noted on the row. An empty cell says nothing: it clears no field."""
    parsed = draft.parsed
    if len(found) > 1:
        fields = ", ".join(str(field.label) for field in plan.match)
        parsed.fail("", _l("%(count)s records are the same by %(fields)s: merge them first.", count=len(found),
                           fields=fields))  # fmt: skip
        return None
    before = found[0]
    if not access.allows(plan.register, "change", before):
        parsed.fail("", _l("You may not change the record of this row. Ask an administrator for the right."))
        return None
    given = draft.given | plan.constants.keys()
    context = context_of(access)
    parsed.values = {column: value for column, value in parsed.values.items()
                     if column in given and value not in EMPTY_VALUES
                     and takes(plan, column, before, value, context)}  # fmt: skip
    after = finished(plan.full, before, parsed.values)
    check_settled(parsed, plan.schema, before, after)
    check_required(parsed, plan.schema, after)
    check_together(parsed, plan.schema, after)
    check_reach(parsed, access, plan.full, after, "change")
    if parsed.errors or visible_values(plan.full, after) == visible_values(plan.full, before):
        return None
    return before, {**after, "version": before["version"] + 1, "changed_at": now()}


def takes(plan: Plan, column: str, before: Raw, value: Any, context: Context) -> bool:
    """Whether the record's field takes the row's value. One that reads in a sheet as what is there already says nothing
    new, though it has less of it: a text without its form, a moment without its seconds."""
    field = plan.schema.by_column[column]
    stored = stored_value(field, before)
    if stored in EMPTY_VALUES or plan.mapping.on_existing != "overwrite":
        return stored in EMPTY_VALUES
    # Names of what is pointed at are not known here.
    return value != stored and (field.kind.refers or reads(field, value, context) != reads(field, stored, context))


def reads(field: Field, value: Any, context: Context) -> Any:
    """What a sheet says of a value."""
    cell = field.kind.cell(value, field, context)
    return plain_text(cell, ".") if isinstance(cell, dt.datetime) else cell
