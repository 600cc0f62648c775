"""Letters: Word templates with their fields, and from chosen rows to a job that makes the letters."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from flask import Response, flash, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response as AnyResponse

from models.fields.errors import ConditionError
from models.registers import Register, register_of
from services.audit import What, write_now
from services.files import DOCX
from services.merge import (
    FORMS,
    FieldState,
    Form,
    MergeProblem,
    Preview,
    check_may_merge,
    delete_template,
    field_status,
    find_office,
    get_template,
    list_templates,
    preview_letter,
    registers_to_merge,
    rename_template,
    set_field_map,
    sources_of,
    start_merge,
    template_file,
    unknown_fields,
    upload_template,
)
from services.merge.files import safe_name
from services.merge.leaving_out import may_leave_out
from services.merge.sources import Sources
from services.records import RecordNotFound
from services.search import Selection, TooSlow, count_selected
from services.word import TemplateError
from views.base import current_access, current_language
from views.files import file_response
from views.merge_fields import PARTS, STATES, column_options, copied_fields, field_row
from views.merge_forms import UploadForm, file_of, register_choices, show_problem
from views.permissions import OWN
from views.selection import selection_inputs, selection_of_form, selection_or_told

Raw = dict[str, Any]
Answer = str | tuple[str, int] | AnyResponse
FORM_LABELS = {
    "one": _l("One document"), "split": _l("Documents of 1,000 letters each, in a zip file"),
    "each": _l("One document for each recipient, in a zip file"),
}  # fmt: skip
MAP_PREFIX = "field:"


class MergeView(BaseView):
    """Everybody signed in may knock; what is shown and done depends on the right to merge in each register."""

    route_base = "/merge"
    default_view = "list"
    class_permission_name = OWN

    # Templates

    @expose("/")
    @has_access
    def list(self) -> Answer:
        """The templates of each register in which the user may make letters, and the form that adds one."""
        return self.list_page(UploadForm(formdata=None))

    def list_page(self, form: UploadForm, status: int = 200) -> Answer:
        access = current_access()
        cards = registers_to_merge(access)
        form.register.choices = register_choices(cards)
        groups = [(card, [self.summary(raw) for raw in list_templates(access, card.key)]) for card in cards]
        return self.render_template("merge/list.html", title=_("Letters"), groups=groups, form=form), status

    def summary(self, raw: Raw) -> Raw:
        return {"id": str(raw["_id"]), "name": raw["name"], "fields": len(raw["field_names"]),
                "created_at": raw["created_at"], "unknown": unknown_fields(current_access(), raw)}  # fmt: skip

    @expose("/upload", methods=["POST"])
    @has_access
    def upload(self) -> Answer:
        """Add a template; what is wrong with it stands beside the form, and the name stays typed."""
        form = UploadForm()
        register = form.register.data or ""
        check_may_merge(current_access(), register)
        template = self.uploaded(form, register)
        return self.list_page(form, 422) if template is None else redirect(page_of(template))

    def uploaded(self, form: UploadForm, register: str, replace: Raw | None = None) -> Raw | None:
        """The template that the form brought, None when something is wrong (the form says what)."""
        try:
            data, file_name = file_of(form)
            return upload_template(current_access(), register, form.name.data or "", data, file_name=file_name,
                                   replace=replace and replace["_id"])  # fmt: skip
        except (MergeProblem, TemplateError) as problem:
            show_problem(form, problem)
            return None

    @expose("/template/<pk>")
    @has_access
    def template(self, pk: str) -> Answer:
        """One template: its fields, what fills them, and what may be done with it."""
        raw = get_template(current_access(), pk)
        return self.template_page(raw, UploadForm(formdata=None, data={"name": raw["name"]}))

    def template_page(self, raw: Raw, form: UploadForm, status: int = 200) -> Answer:
        card = register_of(raw["register"])
        rows, problem = [], ""
        try:
            rows = [field_row(found) for found in field_status(current_access(), raw)]
        except TemplateError as error:
            problem = str(error)
        return self.render_template(
            "merge/template.html", title=raw["name"], template_id=str(raw["_id"]), card=card, form=form,
            rows=rows, problem=problem, sections=column_options(sources_of(current_access(), raw)), prefix=MAP_PREFIX,
        ), status  # fmt: skip

    @expose("/template/<pk>/map", methods=["POST"])
    @has_access
    def save_map(self, pk: str) -> Answer:
        """Keep which columns fill the fields that no name finds."""
        chosen = {name.removeprefix(MAP_PREFIX): column for name, column in request.form.items()
                  if name.startswith(MAP_PREFIX)}  # fmt: skip
        try:
            set_field_map(current_access(), pk, chosen)
        except MergeProblem as problem:
            flash(str(problem), "danger")
        else:
            flash(_("The fields were saved."), "success")
        return redirect(url_for("MergeView.template", pk=pk))

    @expose("/template/<pk>/edit", methods=["POST"])
    @has_access
    def edit(self, pk: str) -> Answer:
        """Give the template another name, another file, or both."""
        raw, form = get_template(current_access(), pk), UploadForm()
        if form.file.data:
            changed = self.uploaded(form, raw["register"], raw)
        else:
            changed = self.renamed(form, raw)
        if changed is None:
            return self.template_page(raw, form, 422)
        flash(_("%(name)s was saved.", name=changed["name"]), "success")
        return redirect(page_of(changed))

    def renamed(self, form: UploadForm, raw: Raw) -> Raw | None:
        try:
            return rename_template(current_access(), raw["_id"], form.name.data or "")
        except MergeProblem as problem:
            show_problem(form, problem)
            return None

    @expose("/template/<pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Answer:
        """Delete a template; letters made of it stay."""
        flash(_("%(name)s was deleted.", name=delete_template(current_access(), pk)["name"]), "success")
        return redirect(url_for("MergeView.list"))

    @expose("/template/<pk>/original")
    @has_access
    def original(self, pk: str) -> Response:
        """The Word file as it was uploaded."""
        return file_response(template_file(current_access(), pk))

    @expose("/fields/<register>")
    @has_access
    def fields(self, register: str) -> Answer:
        """The names of all merge fields that a template for the register may use, to be copied."""
        card = check_may_merge(current_access(), register)
        sources = Sources(current_access(), register, {})
        tables = [(beside.label_in(current_language()), copied_fields(beside)) for beside in sources.tables.values()]
        return self.render_template(
            "merge/fields.html", title=_("Merge fields"), card=card, sections=column_options(sources),
            tables=[(label, found) for label, found in tables if found],
        )  # fmt: skip

    # From rows to letters

    @expose("/start/<register>", methods=["GET", "POST"])
    @has_access
    def start(self, register: str) -> Answer:
        """How many rows are chosen, and the templates to choose from; a template may be uploaded right here."""
        card = check_may_merge(current_access(), register)
        form = UploadForm(formdata=None)
        selection = None if request.method == "GET" else selection_or_told()
        if selection is None:
            return redirect(list_url(card))
        if "upload" in request.form:
            form = UploadForm()
            template = self.uploaded(form, register)
            if template is None:
                return self.start_page(card, selection, form, status=422)
            return self.start_page(card, selection, UploadForm(formdata=None), chosen=str(template["_id"]))
        return self.start_page(card, selection, form, chosen=request.form.get("template", ""))

    def start_page(
        self, card: Register, selection: Selection, form: UploadForm, *, chosen: str = "", problem: str = "",
        status: int = 200,
    ) -> Answer:  # fmt: skip
        access = current_access()
        try:
            count = count_selected(access, card.key, selection, "merge")
        except ConditionError as error:
            flash(str(error), "danger")
            return redirect(list_url(card))
        templates = [self.summary(raw) for raw in list_templates(access, card.key)]
        return self.render_template(
            "merge/start.html", title=_("Letters"), card=card, count=count, templates=templates, form=form,
            chosen=chosen or (templates[0]["id"] if templates else ""), problem=problem, back=list_url(card),
            inputs=[*selection_inputs(selection), ("back", request.form.get("back", ""))],
            leave_empty=bool(request.form.get("leave_empty")), forms=FORM_LABELS, wanted=form_of_request(),
            pdf_offered=bool(find_office()), history=wants_history(), may_leave_out=may_leave_out(card.key),
            leave_out=bool(request.form.get("leave_out")),
        ), status  # fmt: skip

    @expose("/run/<register>", methods=["POST"])
    @has_access
    def run(self, register: str) -> Answer:
        """Start the job that makes the letters."""
        return self.with_choice(register, start_letters)

    @expose("/preview/<register>", methods=["GET", "POST"])
    @has_access
    def preview(self, register: str) -> Answer:
        """The letter of one of the chosen rows, as text with the ways to the next and the one before, or as a file."""
        if request.method == "GET":
            return redirect(list_url(check_may_merge(current_access(), register)))
        return self.with_choice(register, self.preview_page)

    @expose("/letter/<register>", methods=["POST"])
    @has_access
    def letter(self, register: str) -> Answer:
        """The letter of one recipient and the fields of its template, as parts of the page that makes letters."""
        access, card = current_access(), check_may_merge(current_access(), register)
        found, problem, rows, chosen = None, "", [], request.form.get("template", "")
        try:
            rows = [field_row(one) for one in field_status(access, get_template(access, chosen))]
            found = preview_letter(access, card.key, chosen, selection_of_form(), request.form.get("at", 0, type=int))
        except RecordNotFound:
            problem = _("Choose a template. The one you chose may have been deleted meanwhile.")
        except (MergeProblem, TemplateError, ConditionError, TooSlow) as error:
            problem = str(error)
        parts = shown_parts(found) if found else []
        return self.render_template(
            "merge/letter.html", card=card, found=found, parts=parts, rows=rows, problem=problem,
            known_label=str(STATES[FieldState.KNOWN][0]), body_label=PARTS["body"],
        )  # fmt: skip

    def with_choice(self, register: str, action: Callable[[Register, Selection, str], Answer]) -> Answer:
        """Do something with the chosen rows and the chosen template; what is wrong stands on the start page."""
        card, selection = check_may_merge(current_access(), register), selection_or_told()
        if selection is None:
            return redirect(list_url(card))
        chosen = request.form.get("template", "")
        try:
            return action(card, selection, chosen)
        except RecordNotFound:
            problem = _("Choose a template. The one you chose may have been deleted meanwhile.")
        except (MergeProblem, TemplateError, ConditionError) as error:
            problem = str(error)
        return self.start_page(card, selection, UploadForm(formdata=None), chosen=chosen, problem=problem, status=422)

    def preview_page(self, card: Register, selection: Selection, chosen: str) -> Answer:
        place = request.form.get("at", 0, type=int)
        found = preview_letter(current_access(), card.key, chosen, selection, place)
        if "download" in request.form:
            write_now(What.LETTERS_MADE, current_access().user_id, details={"records": 1, "register": card.key},
                      target={"register": card.key, "id": None, "name": found.name})  # fmt: skip
            return letter_response(found)
        parts = shown_parts(found)
        return self.render_template(
            "merge/preview.html", title=found.name or _("Letter"), card=card, found=found, parts=parts,
            back=list_url(card), inputs=carried_inputs(selection, chosen),
        )  # fmt: skip


def shown_parts(found: Preview) -> list[tuple[Any, list[list[str]]]]:
    """(what it is, its paragraphs as lines) of each part of a letter."""
    return [(PARTS[part.part], [text.split("\n") for text in part.paragraphs]) for part in found.parts]


def start_letters(card: Register, selection: Selection, chosen: str) -> Answer:
    unknown = "blank" if request.form.get("leave_empty") else "stop"
    job_id = start_merge(current_access(), card.key, chosen, selection, unknown=unknown, form=form_of_request(),
                         history=wants_history(), leave_out=bool(request.form.get("leave_out")))  # fmt: skip
    return redirect(url_for("JobView.show", pk=job_id))


def letter_response(found: Preview) -> Response:
    """One letter as a Word file."""
    name = safe_name(found.name) or _("Letter")
    response = send_file(BytesIO(found.document), mimetype=DOCX, as_attachment=True, download_name=f"{name}.docx")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def carried_inputs(selection: Selection, chosen: str) -> list[tuple[str, str]]:
    """What was chosen on the start page, for the pages that lead back to it."""
    names = ("back", "as", "pdf", "leave_empty", "asked", "history", "leave_out")
    kept = [(name, request.form[name]) for name in names if name in request.form]
    return [*selection_inputs(selection), ("template", chosen), *kept]


def wants_history() -> bool:
    """Whether the recipients' histories keep the letters: usually, unless the choice was taken off."""
    return "asked" not in request.form or bool(request.form.get("history"))


def form_of_request() -> Form:
    """The form of the letters that was chosen, one Word document where none was."""
    form = request.form.get("as", "")
    return Form(form if form in FORMS else "one", bool(request.form.get("pdf")))


def page_of(template: Raw) -> str:
    return url_for("MergeView.template", pk=template["_id"])


def list_url(card: Register) -> str:
    """The list that the rows were chosen in, with its conditions."""
    back = request.form.get("back", "")
    return f"{card.path}/{back if back.startswith('?') else ''}"
