"""The recycle bin: what was deleted, looked at and put back; and the button that takes a deletion back at once."""

from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.organisation import organisation
from models.registers import REGISTERS, Register, register_of
from services.labels import context_for, names_of
from services.records import RecordNotFound
from services.recycle_bin import (
    PAGE,
    Restored,
    get_deleted,
    list_deleted,
    may_restore,
    restore_batch,
    restore_records,
    set_bin_days,
)
from views.base import current_access
from views.fields import Cell, cell
from views.links import number_arg
from views.many_fields import in_sections
from views.permissions import OWN

BIN = "/bin/"
MAX_PAGE = 10_000


class BinView(BaseView):
    """What the user might have deleted and may restore."""

    route_base = BIN.rstrip("/")
    default_view = "list"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The newest first; `register` narrows it."""
        access, register = current_access(), request.args.get("register", "")
        register = register if register in REGISTERS else ""
        page = number_arg("page", 0, MAX_PAGE)
        rows, more = list_deleted(access, register=register, page=page)
        names = names_of(access, "user", {row["deleted_by"] for row in rows if row.get("deleted_by")})
        cards = [card for key, card in REGISTERS.items() if access.may(key, "delete")]
        return self.render_template(
            "bin/list.html", title=_("Recycle bin"), rows=rows, cards=cards, card_of=REGISTERS, names=names,
            register=register, page=page, page_size=PAGE, more=more, days=organisation().bin_days,
            may_set=access.everything,
        )  # fmt: skip

    @expose("/show/<pk>")
    @has_access
    def show(self, pk: str) -> Any:
        """A deleted record as it was."""
        raw = get_deleted(current_access(), pk)
        card = register_of(raw["register"])
        return self.render_template(
            "bin/show.html", title=raw.get("name") or _("(no name)"), raw=raw, card=card,
            sections=deleted_sections(card, raw["document"]),
            by=names_of(current_access(), "user", [raw["deleted_by"]]).get(raw["deleted_by"], ""),
        )  # fmt: skip

    @expose("/restore", methods=["POST"])
    @has_access
    def restore(self) -> Response:
        """Put back the records `rowid`, or what was deleted at once as `batch`."""
        access, batch, rows = current_access(), request.form.get("batch", ""), request.form.getlist("rowid")
        if not batch and not rows:
            flash(_("Choose what to restore first."), "warning")
            return redirect(BIN)
        try:
            restored = restore_batch(access, batch) if batch else restore_records(access, rows)
        except RecordNotFound:
            flash(_("That is not in the recycle bin any more. Somebody may have restored it already."), "warning")
            return redirect(BIN)
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
            return redirect(BIN)
        return self.after(restored)

    def after(self, restored: Restored) -> Response:
        if restored.job_id is not None:
            return redirect(f"/jobs/show/{restored.job_id}")
        records = restored.records
        if len(records) == 1:
            register, raw = records[0]
            flash(_("%(name)s was restored.", name=raw.get("name") or ""), "success")
            return redirect(f"{register_of(register).path}/show/{raw['_id']}")
        flash(ngettext("%(num)s record was restored.", "%(num)s records were restored.", len(records)), "success")
        registers = {register for register, _raw in records}
        return redirect(register_of(registers.pop()).path + "/" if len(registers) == 1 else BIN)

    @expose("/days", methods=["POST"])
    @has_access
    def days(self) -> Response:
        """How long deleted records can be restored."""
        try:
            days = set_bin_days(current_access(), request.form.get("bin_days", ""))
            flash(_("Deleted records are kept for %(days)s days now.", days=days), "success")
        except ValidationFailed as error:
            flash(error.in_one(), "danger")
        return redirect(BIN)


def deleted_sections(card: Register, document: dict[str, Any]) -> list[tuple[str, str, list[Cell]]]:
    """The filled fields that the user sees, section by section."""
    access = current_access()
    schema = schema_of(card.key).for_access(access)
    fields = [field for field, _value in schema.filled(document) if field.column in schema.by_column]
    context, columns = context_for(access, fields, [document]), {field.column for field in fields}
    return [(section, title, [cell(field, document, context) for field in found])
            for section, title, found in in_sections(schema, columns)]  # fmt: skip


def undo_button(**values: str) -> Markup:
    """A button for a message, which takes the deletion back that the message tells of: `rowid` or `batch`."""
    if not may_restore(current_access()):
        return Markup()
    name, value = next(iter(values.items()))
    return Markup(
        ' <button type="submit" class="lnk" form="k-post" formaction="/bin/restore" name="{}" value="{}">{}</button>'
    ).format(name, value, _("Undo"))
