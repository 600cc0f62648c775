"""Finding time that people have in common, and the hours and holidays that it goes by."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_skeleton, format_time
from bson import ObjectId
from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import get_locale
from flask_babel import gettext as _

from models.fields.errors import ValidationFailed
from models.organisation import organisation
from models.rights import SETTINGS, Access
from services.calendar_writing import wall_time
from services.free_time import MOST_DAYS, Wish, free_times
from services.labels import names_of
from services.records import now
from services.users import own_user
from services.working_time import WEEKDAYS, choose_country, choose_hours, countries, hours_of
from views.base import current_access
from views.calendar_entries import WALL
from views.permissions import OWN

Raw = dict[str, Any]
LENGTHS = (15, 30, 45, 60, 90, 120, 180, 240)
USUAL_LENGTH = 60


class CalendarPlanningView(BaseView):
    """`/calendar/free` and `/calendar/hours`."""

    route_base = "/calendar"
    class_permission_name = OWN
    default_view = "free"

    @expose("/free")
    @has_access
    def free(self) -> Any:
        """The form, and once it was sent what was found; a click on a suggestion books it on the calendar."""
        access = current_access()
        asked = request.args.getlist("users") or [str(access.user_id)]
        users = tuple(dict.fromkeys(ObjectId(one) for one in asked if ObjectId.is_valid(one)))
        length = request.args.get("minutes", "")
        minutes = int(length) if length in map(str, LENGTHS) else USUAL_LENGTH
        today = dt.datetime.now(ZoneInfo(access.time_zone)).date()
        first = day_asked("first", today)
        last = day_asked("last", first + dt.timedelta(days=6))
        found = free_times(access, Wish(users, dt.timedelta(minutes=minutes), first, last),
                           after=now()) if "users" in request.args else None  # fmt: skip
        return self.render_template(
            "calendar/free.html", title=_("Find a common time"), names=names_of(access, "user", users), users=users,
            minutes=minutes, lengths=LENGTHS, first=first.isoformat(), last=last.isoformat(), most=MOST_DAYS,
            found=None if found is None else [self.suggestion(access, span, users) for span in found],
        )  # fmt: skip

    def suggestion(self, access: Access, span: tuple[dt.datetime, dt.datetime], users: tuple[ObjectId, ...]) -> Raw:
        start, end = (moment.astimezone(ZoneInfo(access.time_zone)) for moment in span)
        others = [str(user) for user in users if user != access.user_id]
        locale = get_locale() or "en_GB"
        day = format_skeleton("MMMEd", start, tzinfo=start.tzinfo, locale=locale)
        times = [format_time(one, "short", tzinfo=start.tzinfo, locale=locale) for one in (start, end)]
        return {"text": f"{day} {times[0]}–{times[1]}", "url": url_for(
            "CalendarView.calendar", date=start.date().isoformat(), view="day", starts_at=start.strftime(WALL)[:16],
            ends_at=end.strftime(WALL)[:16], users=others)}  # fmt: skip

    @expose("/hours", methods=["GET", "POST"])
    @has_access
    def hours(self) -> Any:
        """When the user works, and for those who manage settings the country of the public holidays."""
        access = current_access()
        errors: dict[str, list[str]] = {}
        if request.method == "POST":
            try:
                if "country" in request.form:
                    choose_country(access, request.form["country"])
                else:
                    choose_hours(access, request.form)
                flash(_("Your data was saved."), "success")
                return redirect(url_for("CalendarPlanningView.hours"))
            except ValidationFailed as error:
                errors = error.messages()
        kept = hours_of(own_user(access))
        values = {f"{side}_{day}": f"{time:%H:%M}" for day, times in kept.items()
                  for side, time in zip(("from", "to"), times, strict=True)}  # fmt: skip
        locale = get_locale()
        names = locale.days["stand-alone"]["wide"] if locale else {}
        return self.render_template(
            "calendar/hours.html", title=_("Working hours"), errors=errors, country=organisation().country,
            values=request.form if errors else values, days=[(day, names.get(int(day), day)) for day in WEEKDAYS],
            may_set=access.may(SETTINGS, "change"), countries=country_names(),
        ), 422 if errors else 200  # fmt: skip


def day_asked(name: str, usual: dt.date) -> dt.date:
    """A day of the address; the usual one where it has none that can be read."""
    try:
        return wall_time(request.args.get(name, "")[:10]).date()
    except ValidationFailed:
        return usual


def country_names() -> list[tuple[str, str]]:
    """(two letters, name) of the countries whose holidays are known, by name."""
    locale = get_locale()
    known = locale.territories if locale else {}
    return sorted(((code, known.get(code, code)) for code in countries()), key=lambda pair: pair[1])
