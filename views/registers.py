"""The screens of any register: its records, forms, deleting; the list is in views/lists.py."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from models.base import stored_value
from models.consent import RULES
from models.fields.context import Context
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds.base import EMPTY_VALUES
from models.fields.schema import Schema
from models.fields.unseen import STAYS, UNSEEN
from models.layouts import COLUMNS
from models.rights import NotAllowed
from services.joining import merged_into
from services.labels import context_for
from services.layouts import SECTION, places_for
from services.records import RecordNotFound, VersionConflict, create_record, delete_record, get_record, update_record
from services.removal import delete_selected
from services.repeating import REGISTER as ACTIVITY
from services.search import TooSlow, beside
from services.values import context_of
from views.base import current_access
from views.blocks import PART_LABELS, head_fields, head_of, later_block, later_blocks, related_blocks
from views.duplicates import similar_columns
from views.fields import Cell, ValueField, cell, form_class, form_fields
from views.interface import field_texts
from views.lists import ListScreens
from views.many_fields import Shown, in_sections, shown_fields
from views.offers import Offer, Step
from views.recycle_bin import undo_button
from views.selection import conditions_of_args, selection_of_form

Raw = dict[str, Any]


class RegisterView(ListScreens):
    """List, show, add, edit and delete the records of the register that `datamodel` names.

    What Flask-AppBuilder gives is kept: addresses, permissions, forms generated for each schema version. Reading
    goes through `services.search`, writing through `services.records`.
    """

    default_view = "list"
    #: The page of a record; a register with more to tell extends it.
    show_template = "registers/show.html"

    # Flask-AppBuilder's preparation, once for each schema version

    def __init__(self, **options: Any) -> None:
        # Rights are granted on the register, not on a screen of it.
        self.class_permission_name = self.datamodel.register.key
        super().__init__(**options)

    def _init_properties(self) -> None:
        super()._init_properties()

    def _init_forms(self) -> None:
        # A form is made for each page, of the fields that the page shows.
        self.add_form = self.edit_form = form_class((), field_texts)

    # One record

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """The record with its sections, and what is linked to it; one that was merged into another leads there."""
        try:
            raw = get_record(current_access(), self.card.key, pk)
        except RecordNotFound:
            moved = merged_into(current_access(), self.card.key, pk)
            if moved is None:
                raise
            return redirect(f"{request.script_root}{self.card.path}/show/{moved}")
        fields = self.datamodel.schema.fields
        whole = request.args.get("fields") == "all"
        shown = Shown(fields) if whole else shown_fields(fields, self.filled(raw))
        access, schema = current_access(), self.datamodel.schema
        # What all blocks point at is called by its name through one query.
        told = {field.column: field for field in (*shown.at_once, *head_fields(schema, raw))}
        context = context_for(access, told.values(), [raw])
        sections = {f"{SECTION}.{section[0]}": section for section in self.value_sections(raw, shown.at_once, context)}
        return self.render_template(
            self.show_template, card=self.card, raw=raw, record_id=str(raw["_id"]), shown=shown, whole=whole,
            sections=sections, title=raw.get("name") or _("(no name)"), head=head_of(schema, raw, context),
            related=related_blocks(access, self.card, raw), later=later_blocks(access, self.card, raw),
            can=self.can_with(raw),
            places=places_for(access, self.card.key), columns=COLUMNS, steps=self.steps(raw),
            may_lay_out=access.may(self.card.key, "settings"), may_see_activities=access.may(ACTIVITY, "see"),
            offers=[*self.offers(raw), *self.message_offers(raw)], menu_offers=self.menu_offers(raw),
            asks_consent=self.card.key in RULES, part_labels=PART_LABELS, remark=self.remark(raw),
            **self.show_context(raw),
        )  # fmt: skip

    def show_context(self, raw: Raw) -> Raw:
        """What the register's own page of a record needs besides."""
        return {}

    @expose("/linked/<pk>/<code>", methods=["GET"])
    @has_access
    @permission_name("show")
    def linked(self, pk: str, code: str) -> Any:
        """A block of linked records that the page fetches later, as a part of it."""
        access = current_access()
        raw = get_record(access, self.card.key, pk)
        return self.render_template("registers/related.html", list=later_block(access, self.card, raw, code))

    def offers(self, raw: Raw) -> Sequence[Offer]:
        """What else is offered on the page of a record."""
        return ()

    def menu_offers(self, raw: Raw) -> Sequence[Offer]:
        """What is offered in the menu there, since it is seldom asked for."""
        return ()

    def remark(self, raw: Raw) -> str:
        """What is worth a line at the top of the page of a record."""
        return ""

    def steps(self, raw: Raw) -> Sequence[Step]:
        """The steps that a record goes through, for the bar on its page."""
        return ()

    @expose("/beside/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def beside(self, pk: str) -> Response:
        """The addresses of the records before and after this one in the list that the query asks for, as JSON."""
        access = current_access()
        raw = get_record(access, self.card.key, pk)
        try:
            found = beside(access, self.card.key, raw, conditions_of_args(), request.args.get("order"),
                           request.args.get("dir"))  # fmt: skip
        except (ConditionError, TooSlow):
            found = None, None
        before, after = (f"{request.script_root}{self.card.path}/show/{one}" if one else "" for one in found)
        return jsonify({"before": before, "after": after})

    @expose("/values/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def values(self, pk: str) -> Any:
        """The sections of a record with every field that is filled, as a part of its page: what is not there from the
        start where a register has very many fields."""
        raw = get_record(current_access(), self.card.key, pk)
        shown = shown_fields(self.datamodel.schema.fields, self.filled(raw))
        edit_url = f"{self.card.path}/value/{raw['_id']}" if self.can_with(raw)["change"] else ""
        fields = shown.at_once + shown.later
        context = context_for(current_access(), fields, [raw])
        return self.render_template("registers/values.html", card=self.card, edit_url=edit_url,
                                    sections=self.value_sections(raw, fields, context))  # fmt: skip

    def value_sections(
        self, raw: Raw, fields: Sequence[Field], context: Context
    ) -> Sequence[tuple[str, str, Sequence[Cell]]]:
        columns = {field.column for field in fields}
        return [(section, title, [cell(field, raw, context) for field in found])
                for section, title, found in in_sections(self.datamodel.schema, columns)]  # fmt: skip

    def filled(self, raw: Raw) -> set[str]:
        return {field.column for field, _value in self.datamodel.schema.filled(raw)}

    def can_with(self, raw: Raw) -> dict[str, bool]:
        access = current_access()
        return {action: access.allows(self.card.key, action, raw) for action in self.row_verbs()}

    # Forms

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        """Add a record. Everything typed stays on the page until it is saved."""
        schema = self.datamodel.schema
        given = self.prefilled(schema)
        own = self.card.document.form_defaults(given)
        form = self.form_with(schema.defaults | whose(schema) | own | given)
        if request.method == "POST" and form.validate():
            try:
                raw = create_record(current_access(), self.card.key, self.typed(form), keep=self.kept())
                flash(_("%(name)s was added.", name=raw.get("name") or ""), "success")
                return redirect(self.after_save(raw))
            except (ValidationFailed, NotAllowed) as error:
                return self.form_page(form, None, str(self.card.add_label), error)
        return self.form_page(form, None, str(self.card.add_label))

    @expose("/quick_add", methods=["POST"])
    @has_access
    @permission_name("add")
    def quick_add(self) -> Any:
        """Add a record by its name alone and stay in the list; what needs more goes on in the form, name typed."""
        typed = {self.card.name_field: request.form.get("name", "")}
        try:
            raw = create_record(current_access(), self.card.key, typed)
        except (ValidationFailed, NotAllowed) as error:
            schema = self.datamodel.schema
            form = self.form_with(schema.defaults | whose(schema) | typed)
            return self.form_page(form, None, str(self.card.add_label), error)
        link = Markup('<a href="{}">{}</a>').format(url_for(f"{self.endpoint}.show", pk=raw["_id"]), raw.get("name"))
        flash(Markup(_("%(name)s was added.")) % {"name": link}, "success")
        return redirect(self.list_url())

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        """Change a record, as far as nobody else has changed it meanwhile."""
        raw = get_record(current_access(), self.card.key, pk, "change")
        form = self.form_with(self.edit_texts(raw))
        if request.method == "POST" and form.validate():
            try:
                saved = update_record(current_access(), self.card.key, pk, self.typed(form),
                                      version=self.version_seen(), keep=self.kept())  # fmt: skip
                flash(_("%(name)s was saved.", name=saved.get("name") or ""), "success")
                return redirect(self.after_save(saved))
            except (ValidationFailed, NotAllowed, VersionConflict) as error:
                return self.form_page(form, raw, _("Edit %(name)s", name=raw.get("name") or ""), error)
        return self.form_page(form, raw, _("Edit %(name)s", name=raw.get("name") or ""))

    @expose("/form_fields", methods=["GET"])
    @has_access
    @permission_name("list")
    def form_fields(self) -> Any:
        """Fields that a form does not have from the start, as a part of its page: the one that `column` names, else
        the filled ones of the record `pk` which are left."""
        access, schema, pk = current_access(), self.datamodel.schema, request.args.get("pk", "")
        raw = get_record(access, self.card.key, pk, "change") if pk else None
        bulk = "bulk" in request.args
        values = self.edit_texts(raw) if raw else {} if bulk else schema.defaults
        column = request.args.get("column", "")
        wanted = [schema.get(column)] if column else self.shown(values, ()).later
        fields = [field for field in wanted if field is not None and not field.read_only]
        form = form_class(fields, field_texts)(formdata=None, data=values)
        self.add_options(form)
        if raw:
            lock_unseen(form, raw)
        return self.render_template("registers/form_fields.html", form=form, keepable=(), kept=(),
                                    sections=self.form_sections(form),
                                    hows=dict.fromkeys(schema.by_column, "set") if bulk else {})  # fmt: skip

    def form_with(self, values: Raw) -> Any:
        """The form with these values and with the fields that it shows from the start, or that the page sent."""
        sent = {name for name in request.form if name in self.datamodel.schema.by_column}
        shown = self.shown(values, sent)
        form = form_class(shown.at_once, field_texts)(data=values)
        form.shown = shown
        return form

    def shown(self, values: Raw, sent: Collection[str]) -> Shown:
        fields = [field for field in self.datamodel.schema.fields if not field.read_only]
        if request.args.get("fields") == "all":
            return Shown(tuple(fields))
        filled = {column for column, value in values.items() if value not in EMPTY_VALUES}
        return shown_fields(fields, filled, always=sent, empty_too=True)

    def typed(self, form: Any) -> Raw:
        """What was typed, of the fields that the page sent; not where the user takes what somebody else has saved."""
        left = set(request.form.getlist("theirs"))
        return {field.name: field.data for field in form_fields(form)
                if field.name in request.form and field.name not in left}  # fmt: skip

    def kept(self) -> Sequence[str]:
        """The columns whose odd value the user insists on."""
        return request.form.getlist("keep")

    def version_seen(self) -> int | None:
        text = request.form.get("version", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1

    def after_save(self, raw: Raw) -> str:
        if "add_another" in request.form:
            return url_for(f"{self.endpoint}.add")
        return url_for(f"{self.endpoint}.show", pk=raw["_id"])

    def prefilled(self, schema: Schema) -> Raw:
        """Values that the address of the form gives: `?companies=<id>` adds a person to that company."""
        found = {}
        for column in request.args:
            field = schema.get(column)
            if field is not None and not field.read_only:
                values = request.args.getlist(column)
                found[column] = values if field.kind.several else field.kind.given_text(values[0])
        return found

    def edit_texts(self, raw: Raw) -> Raw:
        context = context_of(current_access())
        fields = self.datamodel.schema.fields
        return {f.column: f.kind.edit_text(stored_value(f, raw), f, context) for f in fields if not f.read_only}

    def form_page(self, form: Any, raw: Raw | None, title: str, error: Exception | None = None) -> Any:
        """The form; with an error, everything typed is on it and what is wrong stands beside the fields."""
        status = 200 if error is None else 409 if isinstance(error, VersionConflict) else 422
        keepable: Sequence[str] = ()
        if isinstance(error, ValidationFailed):
            keepable = error.keepable
            self.show_errors(form, error)
        elif isinstance(error, VersionConflict):
            raw = error.current
            self.show_conflict(form, error)
            flash(str(error), "warning")
        elif error is not None:
            flash(str(error), "danger")
        self.add_options(form)
        if raw:
            lock_unseen(form, raw)
        return self.render_template(
            "registers/form.html", card=self.card, form=form, raw=raw, title=title, keepable=keepable,
            kept=self.kept(), sections=self.form_sections(form), shown=form.shown,
            similar_columns=similar_columns(self.datamodel.schema),
            version=raw["version"] if raw else None,
            back=url_for(f"{self.endpoint}.show", pk=raw["_id"]) if raw else self.card.path + "/",
        ), status  # fmt: skip

    def form_sections(self, form: Any) -> Sequence[tuple[str, str, Sequence[ValueField]]]:
        values = {field.name: field.data for field in form_fields(form)}
        first = {column: place for place, column in enumerate(self.card.document.first_in_form(values))}

        def ordered(fields: Sequence[Field]) -> list[Field]:
            return sorted(fields, key=lambda field: first.get(field.column, len(first)))

        columns = set(values)
        return [(section, title, [form[field.column] for field in ordered(fields)])
                for section, title, fields in in_sections(self.datamodel.schema, columns)]  # fmt: skip

    def show_errors(self, form: Any, error: ValidationFailed) -> None:
        for column, messages in error.messages().items():
            if column in form:
                form[column].errors = [*form[column].errors, *messages]
            else:
                flash(" ".join(messages), "danger")

    def show_conflict(self, form: Any, conflict: VersionConflict) -> None:
        """What others have changed and the user has not is shown as it is now; beside a field that both changed stands
        what it holds now, to be chosen instead of what was typed."""
        current, context = conflict.current, context_for(current_access(), self.datamodel.schema.fields,
                                                         [conflict.current])  # fmt: skip
        for field in form_fields(form):
            stored = stored_value(field.field, current)
            now = field.field.kind.edit_text(stored, field.field, context)
            if field.data in (now, None if now == "" else now):
                continue
            if conflict.seen is not None and field.name not in conflict.clashes:
                saw = field.field.kind.edit_text(stored_value(field.field, conflict.seen), field.field, context)
                if field.data in (saw, None if saw == "" else saw):
                    field.data = now
                continue
            text = field.field.kind.full_text(stored, field.field, context) or _("nothing")
            field.errors = [*field.errors, _("It is now: %(value)s", value=text)]
            field.theirs = text

    # Deleting

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        """Move a record to the recycle bin."""
        raw = delete_record(current_access(), self.card.key, pk)
        done = escape(_("%(name)s was moved to the recycle bin.", name=raw.get("name") or ""))
        flash(done + undo_button(rowid=str(raw["_id"])), "success")
        return redirect(self.list_url())

    @expose("/delete_chosen", methods=["POST"])
    @has_access
    @permission_name("delete")
    def delete_chosen(self) -> Response:
        """Move the chosen records to the recycle bin; many of them as a job."""
        try:
            outcome = delete_selected(current_access(), self.card.key, selection_of_form())
        except ConditionError as error:
            flash(str(error), "danger")
            return redirect(self.list_url())
        if outcome.job_id is not None:
            return redirect(url_for("JobView.show", pk=outcome.job_id))
        done = escape(ngettext("%(num)s record was moved to the recycle bin.",
                               "%(num)s records were moved to the recycle bin.", outcome.count))  # fmt: skip
        flash(done + (undo_button(batch=outcome.batch) if outcome.count else ""), "success")
        return redirect(self.list_url())


def lock_unseen(form: Any, raw: Raw) -> None:
    """Have the form tell why the values stay that speak of what the user does not see."""
    for field in form_fields(form):
        if stored_value(field.field, raw) is UNSEEN:
            field.locked = str(STAYS)


def whose(schema: Schema) -> Raw:
    """Whose a new record is, as its form shows it: its user's and the user's team's. Emptied, it is nobody's."""
    access = current_access()
    own = {"owner": access.user_id, "team": access.team_id}
    fields = {column: schema.get(column) for column in own}
    return {column: str(own[column]) for column, field in fields.items()
            if field is not None and not field.read_only and own[column] is not None}  # fmt: skip
