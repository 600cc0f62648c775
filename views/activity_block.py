"""Activities on a record's page: what is open or coming, and the line that logs what was done."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.activities import TASK
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.rights import Access, NotAllowed
from services.activity_log import Link, links_to, log_activity, offered_links, open_activities
from services.records import RecordNotFound, get_record
from services.repeating import REGISTER
from views.base import current_access, current_language
from views.relationships import RelationshipScreens
from views.task_rows import KIND_ICONS, OTHER_ICON, task_rows
from views.tasks import day_text, in_part, me, told_of, undo_add

Raw = dict[str, Any]
#: What the line sends as it was typed.
TYPED = ("kind", "name", "text", "starts_at", "minutes", "due_on", "owner")
USUAL_KIND = "call"


class ActivityScreens(RelationshipScreens):
    """A register's screens about the activities that its records have to do with."""

    @expose("/activities/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def activities(self, pk: str) -> Any:
        """The block as a part of the record's page; posted, what was typed is logged, and the block is shown anew."""
        access = current_access()
        if not links_to(access, self.card) or not access.may(REGISTER, "see"):
            raise RecordNotFound(self.card.key, pk)
        raw = get_record(access, self.card.key, pk)
        if request.method == "GET":
            return self.activity_block(access, raw)
        try:
            made = log_activity(access, self.logged(access, raw))
        except ValidationFailed as error:
            return self.not_logged(access, raw, error.messages())
        except NotAllowed as error:
            return self.not_logged(access, raw, {"": [str(error)]})
        told = told_of(_("%(name)s was added."), made)
        if in_part():
            return self.activity_block(access, raw, told=told + undo_add(access, made))
        flash(told, "success")
        return redirect(self.page_of(raw))

    def logged(self, access: Access, raw: Raw) -> Raw:
        """What was typed, with what it is linked to: the record itself, and whom else the form names."""
        typed: Raw = {name: request.form.get(name, "") for name in TYPED}
        for link in offered_links(access, self.card, raw):
            typed[link.field.column] = request.form.getlist(link.field.column)
        field = links_to(access, self.card)[0]
        return {**typed, field.column: [str(raw["_id"])] if field.kind.several else str(raw["_id"])}

    def not_logged(self, access: Access, raw: Raw, errors: Mapping[str, Sequence[str]]) -> Any:
        if not in_part():
            flash(" ".join(text for texts in errors.values() for text in texts), "danger")
            return redirect(self.page_of(raw))
        return self.activity_block(access, raw, typed=request.form, errors=errors), 422

    def activity_block(
        self, access: Access, raw: Raw, *, told: str = "", typed: Any = None,
        errors: Mapping[str, Sequence[str]] | None = None,
    ) -> Any:  # fmt: skip
        rows, more = open_activities(access, self.card, raw["_id"])
        values = typed if typed is not None else {"kind": USUAL_KIND, "due_on": day_text(access, 1)}
        field = links_to(access, self.card)[0]
        return self.render_template(
            "tasks/block.html", card=self.card, raw=raw, rows=task_rows(access, rows, raw["_id"]), told=told,
            kinds=kinds_of(access), values=values, errors=errors or {}, task=TASK, me=me(access, values),
            links=[self.shown_link(link, typed) for link in offered_links(access, self.card, raw)],
            may_add=access.may(REGISTER, "add") and not field.read_only, language=current_language(),
            all_url=f"/activities/?_flt_eq_{field.column}={raw['_id']}" if more else "",
            form_url=f"/activities/add?{field.column}={raw['_id']}",
        )  # fmt: skip

    def shown_link(self, link: Link, typed: Any) -> tuple[Link, set[str]]:
        chosen = typed.getlist(link.field.column) if typed is not None else [str(one) for one in link.chosen]
        return link, set(chosen)


def kinds_of(access: Access) -> list[tuple[str, str, str]]:
    """(key, label, icon) of the kinds of activity that may be logged."""
    field = schema_of(REGISTER).for_access(access).get("kind")
    return [(one.key, one.text(access.language), KIND_ICONS.get(one.key, OTHER_ICON))
            for one in (field.offered if field else ())]  # fmt: skip
