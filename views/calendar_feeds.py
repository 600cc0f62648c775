"""A calendar for other programs: making its secret address, and what is read there without signing in."""

from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from models.feeds import TEAM, USER
from models.rights import SETTINGS
from models.security import Team
from services.feeds import end_feed, feed_text, feeds_of, renew_feed
from services.ical_reading import MOST_BYTES, BadCalendar, read_calendar
from services.letters import public_url
from views.base import current_access
from views.permissions import OWN

#: Programs ask every few minutes; whoever tries secrets is not to ask much oftener.
RATE = "60 per minute"
#: Of the events of a file that were left out so many are told of.
MOST_TOLD = 5


class CalendarFeedView(BaseView):
    """`/calendar/feed/<secret>.ics` for programs, `/calendar/addresses` for their users."""

    route_base = "/calendar"
    class_permission_name = OWN
    default_view = "addresses"

    @expose("/addresses")
    @has_access
    def addresses(self) -> str:
        """One's own address, and the teams' for those who manage settings."""
        access = current_access()
        known = feeds_of(access)
        rows: list[tuple[str, Any, str]] = [(USER, access.user_id, _("Your own calendar"))]
        if access.may(SETTINGS, "change"):
            rows += [(TEAM, team.pk, team.name) for team in Team.objects]
        shown = [{"kind": kind, "whose": str(whose), "name": name, "made": known.get((kind, whose))}
                 for kind, whose, name in rows]  # fmt: skip
        return self.render_template("calendar/addresses.html", title=_("Calendars for other programs"), rows=shown)

    @expose("/addresses/<kind>/<whose>", methods=["POST"])
    @has_access
    def address(self, kind: str, whose: str) -> AnyResponse:
        """Make an address or a new one, which is shown once; with `end` have it lead nowhere."""
        if "end" in request.form:
            end_feed(current_access(), kind, whose)
            flash(_("The address leads nowhere any more."), "success")
        else:
            secret = renew_feed(current_access(), kind, whose)
            address = public_url(url_for("CalendarFeedView.feed", secret=secret))
            told = Markup("{} <code>{}</code>").format(
                _("The address, shown this once. Whoever knows it can read the calendar:"), address)  # fmt: skip
            flash(told, "info")
        return redirect(url_for("CalendarFeedView.addresses"))

    @expose("/upload", methods=["POST"])
    @has_access
    def upload(self) -> AnyResponse:
        """Take the events of a calendar file into one's own calendar."""
        sent = request.files.get("file")
        try:
            outcome = read_calendar(current_access(), sent.read(MOST_BYTES + 1) if sent else b"")
        except BadCalendar as error:
            flash(str(error), "danger")
            return redirect(url_for("CalendarFeedView.addresses"))
        flash(_("Events added: %(added)s, changed: %(changed)s.", added=outcome.added, changed=outcome.changed),
              "success")  # fmt: skip
        for name, reason in outcome.left[:MOST_TOLD]:
            flash(_("“%(name)s” was left out: %(reason)s", name=name, reason=reason), "warning")
        return redirect(url_for("CalendarView.calendar"))

    @expose("/feed/<secret>.ics")
    def feed(self, secret: str) -> Any:
        """The calendar as iCalendar; 304 where the program has it already."""
        answer = Response(feed_text(secret), mimetype="text/calendar")
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.headers["X-Robots-Tag"] = "noindex"
        answer.add_etag()
        return answer.make_conditional(request)
