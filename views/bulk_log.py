"""Logging an activity for the chosen rows of a list: one form, one activity with each or one with all, taken back."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from models.activities import TASK
from models.fields.errors import ConditionError, ValidationFailed
from models.rights import NotAllowed
from services.activity_log import links_to
from services.bulk_edit import Outcome
from services.bulk_log import MOST_TOGETHER, log_for_selected, take_back_log
from services.records import RecordNotFound
from services.repeating import REGISTER
from services.search import Selection, TooSlow, count_selected
from views.activity_block import TYPED, USUAL_KIND, ActivityScreens, kinds_of
from views.base import current_access
from views.bulk_edit import tell_refused
from views.selection import selection_inputs, selection_of_form
from views.tasks import day_text, me


class BulkLogScreens(ActivityScreens):
    """A register's screens for logging with many of its records."""

    def may_log(self) -> bool:
        access = current_access()
        return access.may(REGISTER, "add") and bool(links_to(access, self.card))

    @expose("/log_chosen", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def log_chosen(self) -> Any:
        """The form for the chosen rows; with `step=run` it is done."""
        if request.method == "GET":
            return redirect(self.list_address())
        try:
            selection = selection_of_form()
            return self.run_log(selection) if request.form.get("step") == "run" else self.log_form(selection)
        except (ConditionError, TooSlow, NotAllowed) as error:
            flash(str(error), "danger")
            return redirect(self.list_address())

    def log_form(self, selection: Selection, error: ValidationFailed | None = None) -> Any:
        if not self.may_log():
            raise NotAllowed(_("You may not add records here. Ask an administrator for the right."))
        access = current_access()
        count = count_selected(access, self.card.key, selection, "see")
        values = request.form if error else {"kind": USUAL_KIND, "due_on": day_text(access, 1), "as": "each"}
        return self.render_template(
            "tasks/log_chosen.html", card=self.card, count=count, values=values, back=self.list_address(),
            inputs=[*selection_inputs(selection), ("back", request.form.get("back", ""))], task=TASK,
            errors=error.messages() if error else {}, kinds=kinds_of(access), me=me(access, values),
            most_together=MOST_TOGETHER,
            title=ngettext("Log an activity with %(num)s record", "Log an activity with %(num)s records", count),
        ), 422 if error else 200  # fmt: skip

    def run_log(self, selection: Selection) -> Any:
        typed = {name: request.form.get(name, "") for name in TYPED}
        together = request.form.get("as") == "together"
        try:
            outcome = log_for_selected(current_access(), self.card.key, selection, typed, together=together)
        except ValidationFailed as error:
            return self.log_form(selection, error)
        if outcome.job_id is not None:
            return redirect(url_for("JobView.show", pk=outcome.job_id))
        self.tell_logged(outcome)
        return redirect(self.list_address())

    def tell_logged(self, outcome: Outcome) -> None:
        done = escape(ngettext("%(num)s activity was logged.", "%(num)s activities were logged.", outcome.changed))
        undo = Markup(
            ' <button type="submit" class="lnk" form="k-post" formaction="{}" name="batch" value="{}">{}</button>'
        ).format(f"{request.script_root}{self.card.path}/take_back_log", outcome.batch, _("Undo"))
        flash(done + (undo if outcome.changed and current_access().may(REGISTER, "delete") else ""), "success")
        tell_refused(outcome)

    @expose("/take_back_log", methods=["POST"])
    @has_access
    @permission_name("list")
    def take_back_log(self) -> Response:
        """Take back what was logged with many, by its `batch`."""
        try:
            outcome = take_back_log(current_access(), request.form.get("batch", "")[:24])
        except RecordNotFound:
            flash(_("There is no such change of yours to take back."), "warning")
            return redirect(f"{request.script_root}{self.card.path}/?view=all")
        if outcome.job_id is not None:
            return redirect(url_for("JobView.show", pk=outcome.job_id))
        flash(ngettext("%(num)s activity was taken back.", "%(num)s activities were taken back.", outcome.changed),
              "success")  # fmt: skip
        tell_refused(outcome)
        return redirect(f"{request.script_root}{self.card.path}/?view=all")
