"""Opportunities brought to another stage, won, lost and taken up again, from wherever they are shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup, escape

from models.base import stored_value
from models.fields.errors import ValidationFailed
from models.opportunities import CLOSED, LOST, OPEN, WON
from models.pipelines import find_stage
from models.rights import NotAllowed
from services.history import UndoFailed, undo_change
from services.opportunities import close, move_to, reopen, today_of
from services.records import VersionConflict, get_record
from services.values import context_of
from views.base import current_access, current_language
from views.fields import form_class
from views.forms import version_seen
from views.interface import field_texts
from views.offers import Offer, RowOffer, Step
from views.registers import RegisterView
from views.tasks import in_part, message_of, version_arg

Raw = dict[str, Any]
#: What is asked when one is won or lost.
ASKED: Mapping[str, Sequence[str]] = {
    WON: ("closed_on", "value", "reason", "reason_text"), LOST: ("reason", "reason_text", "closed_on"),
}  # fmt: skip
TITLES = {WON: _l("Won: %(name)s", name="\x00"), LOST: _l("Lost: %(name)s", name="\x00")}
SAID = {WON: _l("%(name)s was won."), LOST: _l("%(name)s was lost."), OPEN: _l("%(name)s is open again.")}
MOVED = _l("%(name)s was moved to “%(stage)s”.")
#: (label, icon) of closing it one way or the other, and of taking it up again.
ACTIONS = {WON: (_l("Won"), "trophy"), LOST: (_l("Lost"), "circle-x"), OPEN: (_l("Reopen"), "refresh")}
REFUSALS = (ValidationFailed, NotAllowed, VersionConflict, UndoFailed)


class ClosingScreens(RegisterView):
    """What becomes of an opportunity. Posted with `part`, as the board does, it is answered by a part of a page."""

    def offers(self, raw: Raw) -> Sequence[Offer]:
        if not self.can_with(raw)["change"] or "state" not in self.writable:
            return ()
        base, pk = self.card.path, raw["_id"]
        if raw.get("state") in CLOSED:
            label, icon = ACTIONS[OPEN]
            return [Offer(f"{base}/reopen/{pk}?version={raw['version']}", str(label), icon, post=True)]
        return [Offer(f"{base}/close/{pk}?state={state}", str(ACTIONS[state][0]), ACTIONS[state][1])
                for state in CLOSED]  # fmt: skip

    def row_offers(self) -> Sequence[RowOffer]:
        if "state" not in self.writable:
            return ()
        base, (label, icon) = self.card.path, ACTIONS[OPEN]
        closing = [RowOffer(f"{base}/close/{{id}}?state={state}", str(ACTIONS[state][0]), ACTIONS[state][1], "close")
                   for state in CLOSED]  # fmt: skip
        return [*closing, RowOffer(f"{base}/reopen/{{id}}", str(label), icon, "reopen", post=True)]

    def row_actions(self, raw: Mapping[str, Any]) -> Sequence[str]:
        if not current_access().allows(self.card.key, "change", raw):
            return ()
        return ("close",) if f"state={OPEN}" in raw["facets"] else ("reopen",)

    @property
    def writable(self) -> set[str]:
        """The columns that the user may write."""
        return {field.column for field in self.datamodel.schema.fields if not field.read_only}

    def steps(self, raw: Raw) -> Sequence[Step]:
        """The stages of its pipeline; those before its own are behind it."""
        found = find_stage(raw.get("stage"))
        if found is None or "stage" not in self.datamodel.schema.by_column:
            return ()
        pipeline, here = found
        stages = [stage for stage in pipeline.stages if not stage.retired or stage is here]
        place, is_open = stages.index(here), raw.get("state") not in CLOSED
        may = is_open and "stage" in self.writable and self.can_with(raw)["change"]
        url = f"{self.card.path}/move/{raw['_id']}?version={raw['version']}" if may else ""
        return [Step(stage.key, stage.label_in(current_language()), stage.colour, number < place, stage is here,
                     "" if stage is here or stage.retired else url)
                for number, stage in enumerate(stages)]  # fmt: skip

    @expose("/move/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def move(self, pk: str) -> Any:
        """Bring it to the `stage`."""
        stage = request.form.get("stage", "")
        try:
            raw = move_to(current_access(), pk, stage, version_arg())
        except REFUSALS as error:
            return self.turned_down(error, pk)
        found = find_stage(stage)
        label = found[1].label_in(current_language()) if found else stage
        return self.done(raw, Markup(escape(MOVED)) % {"name": self.linked_name(raw), "stage": label})

    @expose("/close/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def close(self, pk: str) -> Any:
        """Ask what there is to say of one that is won or lost (`state`), and note it."""
        access, state = current_access(), request.args.get("state", WON)
        state = state if state in CLOSED else WON
        raw = get_record(access, self.card.key, pk, "change")
        form = self.closing_form(raw, state)
        if request.method == "GET" or not form.validate():
            return self.closing_page(form, raw, state, 200 if request.method == "GET" else 422)
        try:
            saved = close(access, pk, state, self.typed(form), version_seen())
        except VersionConflict as error:
            self.show_conflict(form, error)
            flash(str(error), "warning")
            return self.closing_page(form, error.current, state, 409)
        except ValidationFailed as error:
            self.show_errors(form, error)
            return self.closing_page(form, raw, state, 422)
        except NotAllowed as error:
            return self.turned_down(error, pk)
        return self.done(saved, Markup(escape(SAID[state])) % {"name": self.linked_name(saved)})

    @expose("/reopen/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def reopen(self, pk: str) -> Any:
        """Take it up again."""
        version = version_arg() if "version" in request.args else None
        try:
            raw = reopen(current_access(), pk, version)
        except REFUSALS as error:
            return self.turned_down(error, pk)
        return self.done(raw, Markup(escape(SAID[OPEN])) % {"name": self.linked_name(raw)})

    @expose("/move_back/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def move_back(self, pk: str) -> Any:
        """Take the change `version` back."""
        try:
            raw = undo_change(current_access(), self.card.key, pk, request.args.get("version", ""))
        except REFUSALS as error:
            return self.turned_down(error, pk)
        words = Markup(escape(_("%(name)s is as it was."))) % {"name": self.linked_name(raw)}
        return self.done(raw, words, undoable=False)

    # The form

    def closing_form(self, raw: Raw, state: str) -> Any:
        context, schema = context_of(current_access()), self.datamodel.schema
        columns = [column for column in ASKED[state] if not (column == "value" and raw.get("products"))]
        fields = [field for column in columns if (field := schema.get(column)) is not None and not field.read_only]
        texts = {field.column: field.kind.edit_text(stored_value(field, raw), field, context) for field in fields}
        return form_class(fields, field_texts)(data={**texts, "closed_on": today_of(current_access()).isoformat()})

    def closing_page(self, form: Any, raw: Raw, state: str, status: int) -> Any:
        self.add_options(form)
        title = str(TITLES[state]).replace("\x00", str(raw.get("name") or _("(no name)")))
        return self.render_template(
            "opportunities/close.html", card=self.card, form=form, raw=raw, state=state, title=title,
            action=f"{self.card.path}/close/{raw['_id']}?state={state}", verb=ACTIONS[state][0],
            required=("reason",) if state == LOST else (),
        ), status  # fmt: skip

    # Answers

    def done(self, raw: Raw, told: Markup, *, undoable: bool = True) -> Any:
        """Say what was done, with a button that takes it back."""
        if undoable:
            told += self.undo_of(raw)
        if in_part():
            return self.told_part(raw, told)
        flash(told, "success")
        return redirect(self.page_of(raw))

    def told_part(self, raw: Raw, told: Any, kind: str = "success") -> Any:
        """What was done, as a part of a page."""
        return self.render_template("tasks/said.html", told=told, kind=kind, done=None)

    def turned_down(self, error: Exception, pk: str) -> Any:
        """Say why not; with `part` together with the record as it is now."""
        status = 409 if isinstance(error, VersionConflict) else 403 if isinstance(error, NotAllowed) else 422
        raw = get_record(current_access(), self.card.key, pk)
        if in_part():
            return self.told_part(raw, message_of(error), "danger"), status
        flash(message_of(error), "warning")
        return redirect(self.page_of(raw))

    def linked_name(self, raw: Raw) -> Markup:
        return Markup('<a href="{}">{}</a>').format(self.page_of(raw), raw.get("name") or _("(no name)"))

    def undo_of(self, raw: Raw) -> Markup:
        address = f"{request.script_root}{self.card.path}/move_back/{raw['_id']}?version={raw['version']}"
        return Markup(' <button type="submit" class="lnk" form="k-post" formaction="{}" data-board-act>{}</button>'
                      ).format(address, _("Undo"))  # fmt: skip
