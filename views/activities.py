"""The activity register's screens: what was done, what is to be done, what was agreed."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from services.invitations import seen_plan
from views.base import current_access
from views.interface import RegisterInterface
from views.offers import Offer
from views.registers import RegisterView


class ActivityView(RegisterView):
    """Activities of all kinds; tasks and the calendar have screens of their own."""

    datamodel = RegisterInterface("activity")
    route_base = "/activities"

    def offers(self, raw: dict[str, Any]) -> Sequence[Offer]:
        """Inviting to an entry of the calendar, and telling those invited of a change."""
        plan = seen_plan(current_access(), raw)
        url = url_for("CalendarInvitationView.invitations", pk=raw["_id"])
        if plan is not None and plan.out_of_date:
            return [Offer(url, _("Send the change"), "send", _("The invitations are out of date."))]
        return [Offer(url, _("Send invitations"), "send")] if plan is not None and plan.new else []
