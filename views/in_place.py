"""Editing one value on a record's page: its form, and what the page shows once it is saved."""

import json
from collections.abc import Mapping
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from fab_mongo import MongoModelView
from models.base import stored_value
from models.fields.errors import ValidationFailed
from models.fields.field import Field
from models.fields.unseen import UNSEEN
from models.registers import Register
from models.rights import NotAllowed
from services.attachments import attachments
from services.labels import context_for
from services.records import RecordNotFound, VersionConflict, get_record, update_record
from services.values import context_of
from views.base import current_access, current_language
from views.cells import list_cell
from views.conditions import built_of, chosen_options
from views.fields import Cell, cell, form_class, form_fields, local_options
from views.interface import RegisterInterface, field_texts

Raw = dict[str, Any]


class EditInPlace(MongoModelView):
    """What a register's record page asks for when a value is edited there."""

    datamodel: RegisterInterface

    @property
    def card(self) -> Register:
        return self.datamodel.register

    def add_options(self, form: Any) -> None:
        """Give the form's selects their options, of which some have very many and hold only what is chosen."""
        language = current_language()
        for field in form_fields(form):
            if field.spec.files:
                field.files = attachments(current_access(), field.chosen())
            elif field.spec.remote:
                field.options = chosen_options(field.field, field.chosen())
            elif field.spec.selects:
                field.options = local_options(field.field, language, field.chosen())
            if field.field.about in form:
                field.built = built_of(str(form[field.field.about].data or ""), field.data)

    @expose("/value/<pk>/<column>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def value(self, pk: str, column: str) -> Any:
        """The form of one value; posted, the value as the page shows it (200), or the form with what is wrong (422) or
        with what somebody else has saved meanwhile (409)."""
        raw = get_record(current_access(), self.card.key, pk, "change")
        field = self.writable_field(column, raw)
        form = form_class((field,), field_texts)(data={column: self.edit_text(field, raw)})
        if request.method == "GET":
            return self.value_form(form, field, raw)
        if not self.is_as_seen(field, raw):
            return self.conflict(form, field, raw)
        try:
            saved = update_record(current_access(), self.card.key, pk, {column: form[column].data},
                                  version=raw["version"], keep=request.form.getlist("keep"))  # fmt: skip
        except VersionConflict as error:
            return self.conflict(form, field, error.current)
        except (ValidationFailed, NotAllowed) as error:
            return self.refused(form, field, raw, error)
        if self.in_cell():
            context = context_for(current_access(), [field], [saved])
            return self.render_template("registers/list_cell.html", html=list_cell(self.card, field, context, saved))
        return self.render_template("registers/value.html", cell=self.cell(field, saved), card=self.card)

    def in_cell(self) -> bool:
        """Whether the value is edited in a list, which takes it as its cell."""
        return "cell" in request.args

    def writable_field(self, column: str, raw: Raw) -> Field:
        """The field of a column. Raises RecordNotFound where there is none to write for this user."""
        field: Field | None = self.datamodel.schema.get(column)
        if field is None or field.read_only or stored_value(field, raw) is UNSEEN:
            raise RecordNotFound(self.card.key, column)
        return field

    def edit_text(self, field: Field, raw: Raw) -> Any:
        return field.kind.edit_text(stored_value(field, raw), field, context_of(current_access()))

    def is_as_seen(self, field: Field, raw: Raw) -> bool:
        """Whether the value is still the one that the user saw before typing; a page that doesn't say asks nothing."""
        try:
            return "was" not in request.form or json.loads(request.form["was"]) == self.edit_text(field, raw)
        except ValueError:
            return False

    def cell(self, field: Field, raw: Raw) -> Cell:
        return cell(field, raw, context_for(current_access(), [field], [raw]))

    def conflict(self, form: Any, field: Field, raw: Raw) -> Any:
        context = context_for(current_access(), [field], [raw])
        text = field.kind.full_text(stored_value(field, raw), field, context) or _("nothing")
        form[field.column].errors = [
            _("Somebody else has changed this: it is now %(value)s. Save again to put yours in its place.", value=text)
        ]
        return self.value_form(form, field, raw, 409)

    def refused(self, form: Any, field: Field, raw: Raw, error: ValidationFailed | NotAllowed) -> Any:
        if not isinstance(error, ValidationFailed):
            form[field.column].errors = [str(error)]
            return self.value_form(form, field, raw, 403)
        messages: Mapping[str, list[str]] = error.messages()
        form[field.column].errors = [text for found in messages.values() for text in found]
        return self.value_form(form, field, raw, 422, keepable=field.column in error.keepable)

    def value_form(self, form: Any, field: Field, raw: Raw, status: int = 200, *, keepable: bool = False) -> Any:
        self.add_options(form)
        if field.about:
            form[field.column].built = built_of(str(raw.get(field.about) or ""), form[field.column].data)
        return self.render_template(
            "registers/value_form.html", f=form[field.column], card=self.card, pk=str(raw["_id"]), keepable=keepable,
            was=self.edit_text(field, raw), in_cell=self.in_cell(),
        ), status  # fmt: skip
