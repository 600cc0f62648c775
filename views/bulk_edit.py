"""Changing fields of the chosen rows: which and to what, a preview, done as one change that can be taken back."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from models.fields.errors import ConditionError, ValidationFailed
from models.fields.field import Field
from models.rights import NotAllowed
from services.bulk_edit import HOWS, Edit, Outcome, Preview, edit_selected, preview_edit, take_back
from services.labels import context_for
from services.records import RecordNotFound
from services.search import Selection, TooSlow, count_selected
from views.advanced_search import SearchScreens
from views.base import current_access
from views.cells import value_html
from views.fields import form_class, form_fields, parts_of
from views.interface import field_texts
from views.many_fields import in_sections
from views.selection import selection_inputs, selection_of_form

#: What a message names one by one of what could not be changed.
MOST_NAMED = 5


class BulkEditScreens(SearchScreens):
    """A register's screens for changing many records."""

    @expose("/edit_chosen", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def edit_chosen(self) -> Any:
        """The form for the chosen rows; with `step=preview` what it would do, with `step=run` it is done."""
        if request.method == "GET":
            return redirect(self.list_address())
        try:
            selection = selection_of_form()
            if "step" not in request.form or request.form["step"] == "form":
                return self.bulk_form(selection)
            return self.run_edit(selection) if request.form["step"] == "run" else self.preview_page(selection)
        except (ConditionError, TooSlow, NotAllowed) as error:
            flash(str(error), "danger")
            return redirect(self.list_address())

    def list_address(self) -> str:
        back = request.form.get("back", "")
        return f"{request.script_root}{self.card.path}/{back if back.startswith('?') else '?view=all'}"

    def named_fields(self) -> list[Field]:
        """The fields that the page sent, as far as the user may write them."""
        return [field for field in self.datamodel.schema.fields
                if field.column in request.form and not field.read_only and not field.kind.needs_room]

    def bulk_form(self, selection: Selection, error: ValidationFailed | None = None) -> Any:
        form = form_class(self.named_fields(), field_texts)()
        for column, messages in (error.messages() if error else {}).items():
            if column in form:
                form[column].errors = [*form[column].errors, *messages]
            else:
                flash(" ".join(messages), "danger")
        self.add_options(form)
        columns = {field.name for field in form_fields(form)}
        sections = [(section, title, [form[field.column] for field in fields])
                    for section, title, fields in in_sections(self.datamodel.schema, columns)]  # fmt: skip
        count = count_selected(current_access(), self.card.key, selection, "change")
        return self.render_template(
            "registers/bulk_edit.html", card=self.card, form=form, sections=sections, count=count,
            keepable=error.keepable if error else (), kept=request.form.getlist("keep"), back=self.list_address(),
            inputs=[*selection_inputs(selection), ("back", request.form.get("back", ""))],
            hows={field.name: self.how(field.name) for field in form_fields(form)},
            title=ngettext("Change %(num)s record", "Change %(num)s records", count),
        ), 422 if error else 200  # fmt: skip

    def how(self, column: str) -> str:
        wanted = request.form.get(f"how_{column}", "set")
        return wanted if wanted in HOWS else "set"

    def edits(self) -> list[Edit]:
        form = form_class(self.named_fields(), field_texts)()
        return [Edit(field.name, field.data if field.data is not None else "",
                     self.how(field.name) if field.spec.several else "set") for field in form_fields(form)]  # fmt: skip

    def preview_page(self, selection: Selection) -> Any:
        access, edits, keep = current_access(), self.edits(), request.form.getlist("keep")
        try:
            preview = preview_edit(access, self.card.key, selection, edits, keep)
        except ValidationFailed as error:
            return self.bulk_form(selection, error)
        sent = [(name, value) for name, value in request.form.items(multi=True) if name not in ("step", "csrf_token")]
        return self.render_template(
            "registers/bulk_preview.html", card=self.card, preview=preview, inputs=sent, back=self.list_address(),
            rows=self.shown_samples(preview), fields=self.shown_edits(edits),
            title=ngettext("Change %(num)s record", "Change %(num)s records", preview.count),
        )  # fmt: skip

    def shown_edits(self, edits: Sequence[Edit]) -> list[str]:
        schema, language = self.datamodel.schema, current_access().language
        return [schema.by_column[edit.column].label_in(language) for edit in edits]

    def shown_samples(self, preview: Preview) -> list[tuple[str, list[tuple[str, Markup, Markup]], str]]:
        """(name, [(field, before, after)], what stands against it) of each record of the preview."""
        access, language = current_access(), current_access().language
        pairs = [(found, value) for one in preview.samples for found, *both in one.changes for value in both]
        rows = [{"custom": {found.key: value}} if found.custom else {found.key: value} for found, value in pairs]
        context = context_for(access, [found for found, _value in pairs], rows)

        def shown(found: Field, value: Any) -> Markup:
            return value_html(parts_of(found, value, context))

        return [(one.raw.get("name") or _("(no name)"),
                 [(found.label_in(language), shown(found, before), shown(found, after))
                  for found, before, after in one.changes], one.problem) for one in preview.samples]  # fmt: skip

    def run_edit(self, selection: Selection) -> Any:
        try:
            outcome = edit_selected(current_access(), self.card.key, selection, self.edits(),
                                    request.form.getlist("keep"))  # fmt: skip
        except ValidationFailed as error:
            return self.bulk_form(selection, error)
        if outcome.job_id is not None:
            return redirect(url_for("JobView.show", pk=outcome.job_id))
        done = escape(ngettext("%(num)s record was changed.", "%(num)s records were changed.", outcome.changed))
        undo = Markup(
            ' <button type="submit" class="lnk" form="k-post" formaction="{}" name="batch" value="{}">{}</button>'
        ).format(f"{request.script_root}{self.card.path}/take_back", outcome.batch, _("Undo"))
        flash(done + (undo if outcome.changed else ""), "success")
        tell_refused(outcome)
        return redirect(self.list_address())

    @expose("/take_back", methods=["POST"])
    @has_access
    @permission_name("edit")
    def take_back(self) -> Response:
        """Take a bulk edit back, by its `batch`."""
        try:
            outcome = take_back(current_access(), self.card.key, request.form.get("batch", "")[:24])
        except RecordNotFound:
            flash(_("There is no such change of yours to take back."), "warning")
            return redirect(f"{request.script_root}{self.card.path}/?view=all")
        if outcome.job_id is not None:
            return redirect(url_for("JobView.show", pk=outcome.job_id))
        flash(ngettext("%(num)s record is as it was.", "%(num)s records are as they were.", outcome.changed), "success")
        tell_refused(outcome)
        return redirect(f"{request.script_root}{self.card.path}/?view=all")


def tell_refused(outcome: Outcome) -> None:
    """Say what could not be changed, the first of them by name."""
    if not outcome.refused:
        return
    named = " ".join(f"{name}: {why}" for name, why in outcome.refused[:MOST_NAMED])
    count = ngettext("%(num)s record could not be changed.", "%(num)s records could not be changed.",
                     len(outcome.refused))  # fmt: skip
    flash(f"{count} {named}", "warning")
