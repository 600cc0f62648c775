"""Rows that stand for records which are there: their values fill what is empty, or take the place of what is not."""

from typing import Any

from flask_babel import lazy_gettext as _l

from models.base import stored_value
from models.fields.kinds.base import EMPTY_VALUES
from models.rights import Access
from services.imports.plan import Plan
from services.imports.rows import Draft
from services.late_changes import check_settled
from services.records import check_reach, finished, now, visible_values
from services.values import check_required, check_together

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
    parsed.values = {column: value for column, value in parsed.values.items()
                     if column in given and value not in EMPTY_VALUES and takes(plan, column, before)}  # fmt: skip
    after = finished(plan.full, before, parsed.values)
    check_settled(parsed, plan.schema, before, after)
    check_required(parsed, plan.schema, after)
    check_together(parsed, plan.schema, after)
    check_reach(parsed, access, plan.full, after, "change")
    if parsed.errors or visible_values(plan.full, after) == visible_values(plan.full, before):
        return None
    return before, {**after, "version": before["version"] + 1, "changed_at": now()}


def takes(plan: Plan, column: str, before: Raw) -> bool:
    """Whether the record's field takes the row's value."""
    return plan.mapping.on_existing == "overwrite" or stored_value(plan.schema.by_column[column],
                                                                   before) in EMPTY_VALUES  # fmt: skip
