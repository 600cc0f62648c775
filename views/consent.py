"""Settings: whom marketing may go to by the organisation's rules, and the addresses that get none."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.consent import ADDRESS_FIELDS, CHANNELS, RULES
from models.fields.errors import ValidationFailed
from models.registers import REGISTERS
from models.rights import SETTINGS
from services.consent import RULE_LABELS, rules_for_settings, save_rules
from services.labels import names_of
from services.records import VersionConflict
from services.suppressed import (
    MAX_PAGE,
    PAGE,
    REASON_LABELS,
    add_suppressed,
    list_suppressed,
    remove_suppressed,
)
from views.base import current_access
from views.fields import record_url
from views.forms import version_seen
from views.links import number_arg
from views.permissions import ADMINISTRATION

Raw = dict[str, Any]


class ConsentView(BaseView):
    """The rules of marketing."""

    route_base = "/settings/consent"
    class_permission_name = SETTINGS
    default_view = "rules"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def rules(self) -> Any:
        """The rules as a table of registers and channels; posted, they are kept."""
        if request.method == "POST":
            sent = {register: {channel: request.form[f"{register}_{channel}"] for channel in CHANNELS
                               if f"{register}_{channel}" in request.form} for register in RULES}  # fmt: skip
            try:
                save_rules(current_access(), sent, version_seen())
                flash(_("The rules were saved. They hold for every message that is sent from now on."), "success")
            except ValidationFailed as error:
                flash(str(error), "danger")
            except VersionConflict:
                flash(_("Somebody else has changed the rules meanwhile. Look at them as they are now."), "warning")
            return redirect(url_for("ConsentView.rules"))
        rules, version = rules_for_settings(current_access())
        return self.render_template(
            "settings/consent.html", title=_("Marketing consent"), rules=rules, version=version, channels=CHANNELS,
            labels=RULE_LABELS, cards=[REGISTERS[register] for register in rules],
            may_suppress=current_access().everything,
        )  # fmt: skip


class SuppressedView(BaseView):
    """The addresses that get no marketing, for administrators."""

    route_base = "/settings/suppressed"
    class_permission_name = ADMINISTRATION
    default_view = "list"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def list(self) -> Any:
        """The newest first; `q` narrows them. Posted, one more."""
        if request.method == "GET":
            return self.page()
        try:
            raw = add_suppressed(current_access(), request.form)
        except ValidationFailed as error:
            return self.page(error.messages()), 422
        flash(_("No more marketing goes to %(address)s.", address=raw["address"]), "success")
        return redirect(url_for("SuppressedView.list"))

    @expose("/remove/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("list")
    def remove(self, pk: str) -> Any:
        """Ask why marketing may go to an address again; posted, it may. Raises RecordNotFound."""
        if request.method == "GET":
            return self.render_template("settings/suppressed_remove.html", title=_("Let marketing go there again"),
                                        pk=pk, why="", errors=[])  # fmt: skip
        try:
            raw = remove_suppressed(current_access(), pk, request.form.get("why"))
        except ValidationFailed as error:
            return self.render_template(
                "settings/suppressed_remove.html", title=_("Let marketing go there again"), pk=pk,
                why=request.form.get("why", ""), errors=error.messages()["why"]), 422  # fmt: skip
        flash(_("Marketing may go to %(address)s again, as far as the records with it allow it.",
                address=raw["address"]), "success")  # fmt: skip
        return redirect(url_for("SuppressedView.list"))

    def page(self, errors: dict[str, Any] | None = None) -> Any:
        typed, page = request.args.get("q", ""), number_arg("page", 0, MAX_PAGE)
        rows, more = list_suppressed(current_access(), typed, page)
        return self.render_template(
            "settings/suppressed.html", title=_("Addresses without marketing"), rows=shown_rows(rows), typed=typed,
            page=page, page_size=PAGE, more=more, values=request.form, errors=errors or {},
            channels={channel: CHANNELS[channel] for channel in ADDRESS_FIELDS},
        )  # fmt: skip


def shown_rows(rows: Sequence[Raw]) -> Sequence[Raw]:
    """The addresses (raw) as the page shows them: with who put them there, or by which record they went."""
    users = names_of(current_access(), "user", [raw["by"] for raw in rows if raw.get("by")])
    names: dict[Any, str] = {}
    for register in {raw["register"] for raw in rows if raw.get("register") in REGISTERS}:
        ids = [raw["record"] for raw in rows if raw.get("register") == register and raw.get("record")]
        names |= names_of(current_access(), register, ids)
    return [{**raw, "channel_label": CHANNELS[raw["channel"]], "reason_label": REASON_LABELS[raw["reason"]],
             "by_name": users.get(raw["by"], "") if raw.get("by") else "",
             "record_name": names.get(raw.get("record"), ""),
             "record_url": record_url(raw.get("register") or "", raw.get("record"))} for raw in rows]  # fmt: skip
