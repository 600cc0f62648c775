"""Inviting to an entry of the calendar by e-mail: who gets what, and then sending it."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from services.invitations import NothingToSend, Plan, plan_of, send_invitations
from services.mail import smtp_is_set
from services.records import VersionConflict
from services.recurrence import own_span
from views.base import current_access
from views.calendar import when_text
from views.calendar_writing import version_asked
from views.permissions import OWN


class CalendarInvitationView(BaseView):
    """`/calendar/invitations/<id>`: for whoever may change the entry; a deleted one can still be called off."""

    route_base = "/calendar/invitations"
    class_permission_name = OWN
    default_view = "invitations"

    @expose("/<pk>", methods=["GET"])
    @has_access
    def invitations(self, pk: str) -> Any:
        """Who would be invited, told of a change or called off, and who has no address."""
        access = current_access()
        plan = plan_of(access, pk)
        span = own_span(plan.raw) if plan.raw.get("starts_at") else None
        return self.render_template(
            "calendar/invitations.html", title=_("Invitations"), pk=pk, plan=plan, server=smtp_is_set(),
            name=plan.raw.get("name") or _("(no name)"), when=when_text(access, plan.raw, span) if span else "",
            back=back_to(pk, plan),
        )  # fmt: skip

    @expose("/<pk>", methods=["POST"])
    @has_access
    def send(self, pk: str) -> Response:
        """Send what the page showed."""
        try:
            plan = send_invitations(current_access(), pk, version=version_asked())
        except (NothingToSend, VersionConflict) as error:
            flash(str(error), "warning")
            return redirect(url_for("CalendarInvitationView.invitations", pk=pk))
        count = len(plan.new) + len(plan.changed) + len(plan.removed)
        flash(ngettext("%(num)s message is on its way.", "%(num)s messages are on their way.", count), "success")
        return redirect(request.script_root + back_to(pk, plan))


def back_to(pk: str, plan: Plan) -> str:
    """Where the entry is, or the calendar where it is no more."""
    return "/calendar/" if plan.deleted else f"/activities/show/{pk}"
