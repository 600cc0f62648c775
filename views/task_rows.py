"""Tasks and other activities as rows: when, with whom, whose, and what may be done with each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from models.activities import DONE, LINKS, TASK
from models.base import stored_value
from models.fields.context import Context
from models.fields.field import Field
from models.fields.kinds.times import aware
from models.fields.schema import Schema, schema_of
from models.rights import Access
from services.labels import context_for
from services.records import now
from services.repeating import REGISTER
from views.cells import value_html
from views.fields import Part, choice_part, parts_of

Raw = Mapping[str, Any]
#: Kinds of the program's own; those of the organisation have the last one.
KIND_ICONS = {"call": "phone", "meeting": "users", "email": "mail", "sms": "device-mobile-message",
              "letter": "file-text", "note": "message", "offer": "send", TASK: "checkbox"}  # fmt: skip
OTHER_ICON = "circle-dot"
ACTIONS = ("change", "delete")
SHOWN = ("kind", "priority", *LINKS, "owner", "starts_at", "due_on", "due_time")
USUAL_PRIORITY = "normal"


@dataclass(frozen=True)
class TaskRow:
    """One activity as lists of tasks and the block of a record's page show it; `linked` is with whom, `may` names the
    actions that the user may do to it."""

    id: str
    version: int
    name: str
    url: str
    kind: Part | None
    icon: str
    priority: Part | None
    when: str
    overdue: bool
    done: bool
    linked: Markup
    owner: str
    may: str


def task_rows(access: Access, raws: Sequence[Raw], leave_out: Any = None) -> list[TaskRow]:
    """The rows with everything that they point at called by its name; not `leave_out`, where their reader is."""
    schema = schema_of(REGISTER).for_access(access)
    fields = [schema.by_column[column] for column in SHOWN if column in schema.by_column]
    context = context_for(access, fields, raws)
    return [task_row(access, schema, raw, context, leave_out) for raw in raws]


def task_row(access: Access, schema: Schema, raw: Raw, context: Context, leave_out: Any) -> TaskRow:
    seen = schema.by_column
    kind = seen.get("kind") and raw.get("kind")
    priority = seen.get("priority") and raw.get("priority")
    linked = [part for column in LINKS if column in seen
              for part in parts_of(seen[column], others(seen[column], raw, leave_out), context)]  # fmt: skip
    owner = seen.get("owner")
    done = raw.get("state") == DONE
    return TaskRow(
        str(raw["_id"]), raw["version"], str(raw.get("name") or ""), f"{schema.register.path}/show/{raw['_id']}",
        choice_part(seen["kind"], kind, context.language) if kind and kind != TASK else None,
        KIND_ICONS.get(str(kind), OTHER_ICON),
        choice_part(seen["priority"], priority, context.language) if priority and priority != USUAL_PRIORITY else None,
        when_text(seen, raw, context), not done and bool(raw.get("due_at")) and aware(raw["due_at"]) <= now(), done,
        value_html(linked) if linked else Markup(),
        owner.kind.text(raw.get("owner"), owner, context) if owner else "",
        " ".join(action for action in ACTIONS if access.allows(REGISTER, action, raw)),
    )  # fmt: skip


def others(field: Field, raw: Raw, leave_out: Any) -> list[Any]:
    return [one for one in stored_value(field, raw) or () if one != leave_out]


def when_text(seen: Mapping[str, Field], raw: Raw, context: Context) -> str:
    """When it begins, else when it is due."""
    columns = ("starts_at",) if raw.get("starts_at") else ("due_on", "due_time")
    texts = [seen[one].kind.text(stored_value(seen[one], raw), seen[one], context) for one in columns if one in seen]
    return " ".join(filter(None, texts))
