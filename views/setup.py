"""The set-up of a new organisation, step by step: who it is, its line of business, its users, its customers.

Each step can be skipped, left and come back to, from the start page and from the settings.
"""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.organisation import COUNTRY, organisation
from models.registers import REGISTERS
from models.security import Role
from services.mail import smtp_is_set
from services.organisation import change_organisation
from services.records import VersionConflict
from services.rounds import wake
from services.setup import steps
from services.setup.inviting import MOST_AT_ONCE, PARTS, invite_several
from services.setup.parts import Part
from services.setup.sets import starting_set, starting_sets
from services.setup.using import plan_of, take_back, use_set, used_sets
from views.addresses import start_page
from views.base import current_access, current_language, current_user
from views.field_form import KINDS
from views.forms import add_errors
from views.organisation import OrganisationForm, form_values
from views.permissions import ADMINISTRATION
from views.roles import summary

Raw = dict[str, Any]
#: So many empty rows for users at first, and more with each press of the button.
ROWS = 5


class SetupView(BaseView):
    """The steps, for administrators."""

    route_base = "/setup"
    class_permission_name = ADMINISTRATION
    default_view = "start"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def start(self) -> Any:
        """What the organisation is called, and what it speaks and reckons in."""
        settings = organisation()
        form = OrganisationForm(data={**form_values(settings), **({} if settings.name else first_values())})
        if request.method == "POST" and form.validate():
            try:
                change_organisation(current_access(), form.values())
                return redirect(url_for("SetupView.business"))
            except ValidationFailed as error:
                add_errors(form, error)
        return self.page("organisation", form=form), 422 if form.errors else 200

    @expose("/business")
    @has_access
    @permission_name("start")
    def business(self) -> Any:
        """The lines of business that there are starting sets for."""
        return self.page("business", sets=starting_sets().values(), used=used_sets(), language=current_language())

    @expose("/business/<key>", methods=["GET", "POST"])
    @has_access
    @permission_name("start")
    def starting_set(self, key: str) -> Any:
        """What a set would make; posted, it does, with the fields `field`. Raises RecordNotFound."""
        chosen, used = starting_set(key), used_sets().get(key)
        parts = [] if used else plan_of(current_access(), key)
        if request.method == "POST":
            wanted = set(request.form.getlist("field"))
            left_out = {part.name for part in parts if part.kind == "field"} - wanted
            try:
                made = use_set(current_access(), key, left_out)
                flash(ngettext("%(num)s thing was set up. It can all be changed in the settings.",
                               "%(num)s things were set up. They can all be changed in the settings.",
                               len(made)), "success")  # fmt: skip
                return redirect(url_for("SetupView.users"))
            except ValidationFailed as error:
                flash(error.in_one(), "warning")
                return redirect(url_for("SetupView.starting_set", key=key))
        return self.page("starting_set", chosen=chosen, used=used, language=current_language(), kinds=KINDS,
                         fields=by_register(parts), others=other_parts(parts))  # fmt: skip

    @expose("/business/<key>/back", methods=["POST"])
    @has_access
    @permission_name("start")
    def back(self, key: str) -> Response:
        """Take back what a set has made. Raises RecordNotFound."""
        try:
            _gone, stays = take_back(current_access(), key)
        except VersionConflict:
            flash(_("Somebody else is changing the same at this moment. Try again."), "warning")
            return redirect(url_for("SetupView.starting_set", key=key))
        flash(_("The starting set was taken back."), "success")
        if stays:
            flash(ngettext("%(num)s part stays: it holds values, or has been changed since.",
                           "%(num)s parts stay: they hold values, or have been changed since.", stays),
                  "info")  # fmt: skip
        return redirect(url_for("SetupView.business"))

    @expose("/users", methods=["GET", "POST"])
    @has_access
    @permission_name("start")
    def users(self) -> Any:
        """A row for each user to be invited; everything typed stays until all rows are right."""
        rows = typed_rows()
        if request.method == "GET" or "more" in request.form:
            return self.users_page([*rows, *empty_rows(ROWS)])
        try:
            made = invite_several(current_access(), rows)
        except ValidationFailed as error:
            return self.users_page(rows, error.messages()), 422
        wake()
        flash(ngettext("%(num)s invitation is on its way.", "%(num)s invitations are on their way.", len(made)),
              "success")  # fmt: skip
        return redirect(url_for("SetupView.customers"))

    @expose("/customers")
    @has_access
    @permission_name("start")
    def customers(self) -> Any:
        """The ways in which customers come in."""
        return self.page("customers")

    @expose("/finish", methods=["POST"])
    @has_access
    @permission_name("start")
    def finish(self) -> Response:
        """Remind nobody of the set-up any more."""
        steps.finish(current_access())
        flash(_("Everything is ready. You find all of it again in the settings."), "success")
        return redirect(start_page())

    def users_page(self, rows: list[Raw], errors: Raw | None = None) -> Any:
        roles = [{"id": str(role.pk), "name": role.name, "may": summary(role)}
                 for role in Role.objects(name__ne="Public").order_by("name")]  # fmt: skip
        return self.page("users", rows=rows[:MOST_AT_ONCE], roles=roles, errors=errors or {}, can_send=smtp_is_set(),
                         may_have_more=len(rows) < MOST_AT_ONCE)  # fmt: skip

    def page(self, name: str, **values: Any) -> Any:
        step = "business" if name == "starting_set" else name
        shown = [{"label": one.label, "done": one.done, "current": one.key == step, "url": url_for(ADDRESSES[one.key])}
                 for one in steps.steps()]  # fmt: skip
        return self.render_template(f"setup/{name}.html", title=_("Set-up"), steps=shown, **values)


#: Step -> its page.
ADDRESSES = {"organisation": "SetupView.start", "business": "SetupView.business", "users": "SetupView.users",
             "customers": "SetupView.customers"}  # fmt: skip


def first_values() -> Raw:
    """What is likely of an organisation that has said nothing yet, by who sets it up."""
    return {"language": current_language(), "country": COUNTRY, "support_email": current_user().email}


def typed_rows() -> list[Raw]:
    """The rows of the form as they were typed: [{name, email, role}]."""
    columns = [request.form.getlist(part)[:MOST_AT_ONCE] for part in PARTS]
    return [dict(zip(PARTS, row, strict=True)) for row in zip(*columns, strict=False)]


def empty_rows(count: int) -> list[Raw]:
    return [dict.fromkeys(PARTS, "") for _number in range(count)]


def by_register(parts: list[Part]) -> list[tuple[Any, list[Part]]]:
    """(card, its fields) of each register that the set has fields for."""
    fields = [part for part in parts if part.kind == "field"]
    return [(card, own) for key, card in REGISTERS.items()
            if (own := [part for part in fields if part.shown["register"] == key])]  # fmt: skip


def other_parts(parts: list[Part]) -> dict[str, list[Part]]:
    """Kind -> the parts that are no fields."""
    return {kind: [part for part in parts if part.kind == kind] for kind in ("choices", "pipeline", "role", "tray")}
