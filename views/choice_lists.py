"""The choices of a register's fixed field, in the editor that fields of one's own have."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from models.fields.errors import ValidationFailed
from models.fields.field import label_in
from models.registers import register_of
from services.choice_lists import change_choices, extensible_field, get_choices, texts_of
from services.records import VersionConflict
from services.settings import register_to_set_up
from views.base import current_access, current_language
from views.field_form import COLOUR_LABELS, ChoiceRow, choices_of, commanded, posted_rows, rows_of
from views.forms import version_seen
from views.permissions import REGISTER_SETTINGS

Raw = dict[str, Any]


class ChoiceListView(BaseView):
    """The choices of one fixed field, as rows to be renamed, recoloured, moved, retired and added to."""

    route_base = "/settings/choices"
    class_permission_name = REGISTER_SETTINGS
    default_view = "edit"

    @expose("/<register>/<key>", methods=["GET", "POST"])
    @has_access
    def edit(self, register: str, key: str) -> Any:
        """Change the choices, as far as nobody else has changed them meanwhile.

        Raises NotAllowed, UnknownRegister, RecordNotFound.
        """
        register_to_set_up(current_access(), register)
        raw = get_choices(register, key)
        if request.method == "GET":
            return self.page(raw, [*rows_of(raw), ChoiceRow()])
        rows = posted_rows(raw)
        if "rows" in request.form:
            return self.page(raw, commanded(rows, request.form["rows"]))
        try:
            change_choices(current_access(), register, key, choices_of(rows), version=version_seen())
        except ValidationFailed as error:
            return self.page(raw, rows, error.messages()["choices"], 422)
        except VersionConflict as conflict:
            flash(str(conflict), "warning")
            now = conflict.current
            told = _("It is now: %(value)s", value=spoken(now))
            return self.page(now, with_others(posted_rows(now), now), [told], 409)
        flash(_("The choices were saved."), "success")
        return redirect(url_for("FieldsView.fields", register=register, _anchor=f"field-{key}"))

    def page(self, raw: Raw, rows: Sequence[ChoiceRow], errors: Sequence[str] = (), status: int = 200) -> Any:
        field = extensible_field(raw["register"], raw["key"])
        label = field.label_in(current_language())
        return self.render_template(
            "settings/choices.html", title=_("Choices of “%(label)s”", label=label), card=register_of(raw["register"]),
            form=FlaskForm(), rows=rows, errors=errors, colours=COLOUR_LABELS, command=request.form.get("rows", ""),
            version=raw["version"], label=texts_of(field.label), kind=field.kind.name,
            back=url_for("FieldsView.fields", register=raw["register"]),
        ), status  # fmt: skip


def with_others(rows: Sequence[ChoiceRow], raw: Raw) -> list[ChoiceRow]:
    """The rows as they were sent, and after them those that somebody else has added meanwhile."""
    known = {row.key for row in rows}
    return [*rows, *(row for row in rows_of(raw) if row.key not in known)]


def spoken(raw: Raw) -> str:
    """The names of the choices that are in use, in their order."""
    offered = (choice for choice in raw["choices"] if not choice["retired"])
    return ", ".join(label_in(choice["label"], current_language()) for choice in offered)
