"""The activity register's screens: what was done, what is to be done, what was agreed."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.fields.errors import ValidationFailed
from models.rights import NotAllowed
from services.calendar_writing import instant
from services.invitations import seen_plan, why_untold
from services.later import begun_for, change_later
from services.occurrences import NoOccurrence, change_occurrence
from services.records import VersionConflict, get_record
from services.recurrence import own_span
from views.base import current_access
from views.interface import RegisterInterface
from views.offers import Offer
from views.registers import RegisterView

Raw = dict[str, Any]
#: What saves the form of one occurrence, and of it and all later ones.
SAVES = {"one": change_occurrence, "later": change_later}


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

    def remark(self, raw: dict[str, Any]) -> str:
        return why_untold(current_access(), raw)

    @expose("/occurrence/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def occurrence(self, pk: str) -> Any:
        """The form of one `occurrence` (its start) of a repeating activity, or with `which=later` of it and all later
        ones. Nothing is made of it before it is saved."""
        access, which = current_access(), "later" if request.args.get("which") == "later" else "one"
        series = get_record(access, self.card.key, pk, "change")
        try:
            start = instant(request.args.get("occurrence"))
            form = self.occurrence_form({} if request.method == "POST" else begun_for(access, pk, start, which), which)
        except (ValidationFailed, NoOccurrence) as error:
            flash(error.in_one() if isinstance(error, ValidationFailed) else str(error), "warning")
            return redirect(url_for("CalendarView.calendar"))
        title = occurrence_title(which, series)
        if request.method != "POST" or not form.validate():
            return self.form_page(form, series, title)
        try:
            saved = SAVES[which](access, pk, start, self.typed(form), version=self.version_seen(), keep=self.kept())
        except VersionConflict as error:
            # What was typed stays; saved again, it is put beside what the series has now.
            flash(str(error), "warning")
            return self.form_page(form, error.current, title)[0], 409
        except (ValidationFailed, NotAllowed, NoOccurrence) as error:
            return self.form_page(form, series, title, error)
        flash(_("%(name)s was saved.", name=saved.get("name") or ""), "success")
        return redirect(url_for("CalendarView.calendar", date=day_of(saved, start, access.time_zone).isoformat()))

    def occurrence_form(self, begun: Raw, which: str) -> Any:
        """The form; one occurrence alone does not repeat."""
        form = self.form_with(self.edit_texts(begun) if begun else {})
        if which == "one" and "repeats" in form:
            del form["repeats"]
        return form


def occurrence_title(which: str, series: Raw) -> str:
    name = series.get("name") or _("(no name)")
    return _("Only this one: %(name)s", name=name) if which == "one" else (
        _("This one and all later ones: %(name)s", name=name))  # fmt: skip


def day_of(raw: Raw, start: dt.datetime, zone: str) -> dt.date:
    """The day on which the calendar shows what was saved."""
    return (own_span(raw) or (start,))[0].astimezone(ZoneInfo(zone)).date()
