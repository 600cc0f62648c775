"""What became of a record: its timeline, its changes as a table, taking one back, the record as it was on a day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from models.base import stored_value
from models.changes import Source
from models.fields.context import Context
from models.fields.errors import ValidationFailed
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.kinds.times import parse_date
from models.fields.schema import Schema, schema_of
from models.fields.unseen import UNSEEN
from models.rights import Access, NotAllowed
from services.history import Event, State, UndoFailed, end_of_day, events_of, record_at, undo_change
from services.labels import context_for, names_of
from services.merge.history import SentLetter
from services.outbox.histories import Sending
from services.records import VersionConflict, get_record, now
from services.timeline import Happening, timeline_of
from services.values import context_of
from views.base import current_access
from views.cells import long_html, value_html
from views.conditions import told_of_any
from views.fields import cell, input_of, parts_of, whole_parts
from views.in_place import EditInPlace
from views.letters import shown_letters
from views.line_cells import line_list
from views.links import number_arg
from views.many_fields import in_sections
from views.sendings import shown_sending
from views.shown_events import ShownChange, ShownEvent

Raw = dict[str, Any]
IN_TIMELINE, IN_TABLE = 20, 50
MAX_SKIP = 10_000
#: So much of a text stands in a timeline.
EXCERPT = 240
#: What was done: (label, icon).
ACTIONS: Mapping[str, tuple[Any, str]] = {
    "create": (_l("Added"), "plus"), "update": (_l("Changed"), "pencil"), "delete": (_l("Deleted"), "trash"),
    "restore": (_l("Restored"), "arrow-back-up"),
}  # fmt: skip
#: Whence it came; the screen needs no word.
SOURCES: Mapping[str, Any] = {
    Source.REST.value: _l("by REST"), Source.IMPORT.value: _l("by an import"), Source.BULK.value: _l("several at once"),
    Source.SHELL.value: _l("from the server's terminal"), Source.JOB.value: _l("by a job"),
    Source.UNDO.value: _l("taken back"), Source.RECIPIENT.value: _l("by the recipient of a message"),
    Source.OUTSIDE.value: _l("by the organisation’s login"),
}  # fmt: skip


class HistoryScreens(EditInPlace):
    """A register's screens of what became of its records."""

    @expose("/timeline/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def timeline(self, pk: str) -> Any:
        """The newest events of the record and of those that link to it, as a part of its page."""
        access, skip = current_access(), number_arg("skip", 0, MAX_SKIP)
        raw = get_record(access, self.card.key, pk)
        events, more = timeline_of(access, self.card.key, raw, limit=IN_TIMELINE, skip=skip)
        return self.render_template(
            "history/timeline.html", card=self.card, raw=raw, events=shown_timeline(access, events, raw["_id"]),
            more_url=f"{self.card.path}/timeline/{raw['_id']}?skip={skip + IN_TIMELINE}" if more else "",
        )  # fmt: skip

    @expose("/history/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def history(self, pk: str) -> Any:
        """The record's changes, field by field."""
        access, skip = current_access(), number_arg("skip", 0, MAX_SKIP)
        raw = get_record(access, self.card.key, pk)
        events, more = events_of(access, self.card.key, raw, limit=IN_TABLE, skip=skip)
        return self.render_template(
            "history/table.html", card=self.card, raw=raw, title=_("History"), skip=skip, step=IN_TABLE, more=more,
            name=raw.get("name") or _("(no name)"), events=shown_events(access, events, raw["_id"]),
            may_undo=access.allows(self.card.key, "change", raw),
            today=now().astimezone(context_of(access).zone).date(),
        )  # fmt: skip

    @expose("/undo/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def undo(self, pk: str) -> Response:
        """Take the change `version` back."""
        try:
            undo_change(current_access(), self.card.key, pk, request.form.get("version", ""))
            flash(_("The change was taken back."), "success")
        except (UndoFailed, NotAllowed, VersionConflict) as error:
            flash(str(error), "warning")
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
        return redirect(f"{self.card.path}/history/{pk}")

    @expose("/as_of/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def as_of(self, pk: str) -> Any:
        """The record as it was at the end of `day`."""
        access = current_access()
        try:
            day = parse_date(request.args.get("day", ""))
            moment = end_of_day(day, context_of(access).zone)
        except (ValueError, OverflowError):
            flash(_("Give a day as 31.12.2024 or 2024-12-31."), "warning")
            return redirect(f"{self.card.path}/history/{get_record(access, self.card.key, pk)['_id']}")
        past = record_at(access, self.card.key, pk, moment)
        fields = [field for field, _value in self.datamodel.schema.filled(past.raw)
                  if field.column in self.datamodel.schema.by_column]  # fmt: skip
        context = context_with(access, [(field, past.raw) for field in fields])
        columns = {field.column for field in fields}
        return self.render_template(
            "history/as_of.html", card=self.card, record_id=past.raw["_id"], day=day,
            title=past.raw.get("name") or _("(no name)"), there=past.state is State.THERE,
            deleted=past.state is State.DELETED,
            sections=[(section, title, [cell(field, past.raw, context) for field in found])
                      for section, title, found in in_sections(self.datamodel.schema, columns)],
        )  # fmt: skip


def shown_events(access: Access, events: Sequence[Event], record_id: Any) -> list[ShownEvent]:
    """The events with everything that their values point at called by its name."""
    held = [(change.field, raw_with(change.field, value)) for event in events for change in event.changes
            for value in (change.before, change.after)]  # fmt: skip
    context = context_with(access, held)
    users = names_of(access, "user", {event.raw["by"] for event in events if event.raw.get("by")})
    return [shown_event(event, context, users, record_id) for event in events]


def shown_timeline(
    access: Access, events: Sequence[Event | Happening | Sending | SentLetter], record_id: ObjectId | None
) -> list[ShownEvent]:  # fmt: skip
    """What was changed, what happened and what was sent, in its order; `record_id` is where its reader is, which need
    not be told."""
    shown: Mapping[type, Iterator[ShownEvent]] = {
        Event: iter(shown_events(access, [one for one in events if isinstance(one, Event)], record_id)),
        Happening: iter(shown_happenings(access, [one for one in events if isinstance(one, Happening)], record_id)),
        Sending: iter(shown_sendings(access, [one for one in events if isinstance(one, Sending)])),
        SentLetter: iter(shown_letters(access, [one for one in events if isinstance(one, SentLetter)], record_id)),
    }
    return [next(shown[type(one)]) for one in events]


def shown_sendings(access: Access, found: Sequence[Sending]) -> list[ShownEvent]:
    """Messages: by which way, of which mailing, to whom where that is another record, and what became of them."""
    users: Mapping[Any, str] = names_of(access, "user", {one.raw["user"] for one in found if one.raw.get("user")})
    return [ShownEvent(0, said.state, said.icon, one.at, users.get(one.raw.get("user"), ""), "", said.way, said.name,
                       said.url, (), undoable=False, facts=[escape(one.name)] if one.name else ())
            for one in found for said in [shown_sending(one.raw, one.mailing)]]  # fmt: skip


def shown_happenings(
    access: Access, found: Sequence[Happening], record_id: ObjectId | None
) -> list[ShownEvent]:  # fmt: skip
    """Records that are events: each with what its lists tell of it besides name and moment, and how its text begins."""
    schemas = {card.key: schema_of(card.key).for_access(access) for card in {one.card for one in found}}
    fields = {key: told_fields(schema) for key, schema in schemas.items()}
    held = [(field, without_value(field, one.raw, record_id)) for one in found for field in fields[one.card.key]]
    context = context_with(access, held)
    owners = names_of(access, "user", {one.raw["owner"] for one in found if one.raw.get("owner")})
    return [shown_happening(one, schemas[one.card.key], fields[one.card.key], context, owners, record_id)
            for one in found]  # fmt: skip


def told_fields(schema: Schema) -> list[Field]:
    """What a timeline tells of an event besides its name and moment."""
    card = schema.register
    told = [field for field in schema.fields if field.in_head and field.column not in (card.name_field, card.order[0])]
    return [field for field in told if not field.custom]


def without_value(field: Field, raw: Raw, record_id: ObjectId | None) -> Raw:
    """The document, without saying that it is linked to where its reader is."""
    value = stored_value(field, raw)
    return raw_with(field, [one for one in value if one != record_id] if isinstance(value, list) else value)


def shown_happening(
    one: Happening, schema: Schema, fields: Sequence[Field], context: Context, owners: Mapping[Any, str],
    record_id: ObjectId | None,
) -> ShownEvent:  # fmt: skip
    raw, card = one.raw, one.card
    values = [(field, stored_value(field, without_value(field, raw, record_id))) for field in fields]
    parts = [parts_of(field, value, context) for field, value in values]
    return ShownEvent(
        raw["version"], "", card.icon, one.at, owners.get(raw.get("owner"), ""), "", "", str(raw.get("name") or ""),
        f"{card.path}/show/{raw['_id']}", (), undoable=False, facts=[value_html(part) for part in parts if part],
        excerpt=excerpt_of(schema, raw, context),
    )  # fmt: skip


def excerpt_of(schema: Schema, raw: Raw, context: Context) -> str:
    """How the first long text begins that does not only repeat the name."""
    field = next((field for field in schema.fields if input_of(field).long), None)
    value = field.kind.merge_value(stored_value(field, raw), field, context) if field else ""
    text = " ".join(str(value or "").split())
    return "" if text == raw.get("name") else text if len(text) <= EXCERPT else text[:EXCERPT].rstrip() + "…"


def shown_event(event: Event, context: Context, users: Mapping[Any, str], record_id: Any) -> ShownEvent:
    raw, seen = event.raw, event.relationship
    label, icon = ACTIONS[raw["action"]]
    other = raw["record"] != record_id
    shown_id = seen.other if seen else raw["record"]
    by = users.get(raw.get("by"), _("Somebody who is gone")) if raw.get("by") else _("The program")
    return ShownEvent(
        raw["version"], str(label), "link" if seen else icon, raw["at"], by, str(SOURCES.get(raw["source"], "")),
        seen.kind.label_from(seen.side, context.language) if seen else "",
        event.name if other else "", f"{event.card.path}/show/{shown_id}" if other else "",
        [shown_change(change.field, change.before, change.after, context) for change in event.changes],
        event.undoable and not other,
    )  # fmt: skip


def shown_change(field: Field, before: Any, after: Any, context: Context) -> ShownChange:
    pair = [change_html(field, value, context) for value in field.kind.changed(before, after)]
    return ShownChange(field.label_in(context.language), *pair)


def change_html(field: Field, value: Any, context: Context) -> Markup:
    if field.kind.input == "product_lines" and value not in EMPTY_VALUES:
        return line_list(value, context)
    if field.kind.input == "conditions" and value not in EMPTY_VALUES and value is not UNSEEN:
        return Markup("; ").join(told_of_any(value))
    html = long_html if input_of(field).long else value_html
    return html(whole_parts(field, value, context))


def raw_with(field: Field, value: Any) -> Raw:
    """A document of one value."""
    return {"custom": {field.key: value}} if field.custom else {field.key: value}


def context_with(access: Access, held: Iterable[tuple[Field, Raw]]) -> Context:
    """The context to show values of different documents in, the names of what they point at among it."""
    held = list(held)
    return context_for(access, {id(field): field for field, _raw in held}.values(), [raw for _field, raw in held])
