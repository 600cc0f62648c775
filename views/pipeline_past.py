"""The past of the offer book: how it developed week by week, and what moved since a day."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask import request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.fields.conditions import MAX_CONDITIONS
from models.fields.errors import ConditionError
from services.pipeline_moves import movements
from services.pipeline_weeks import COUNT, VALUE, WEIGHTED, development, groups_of
from services.reports.definition import today_of
from services.search import TooSlow
from views.base import current_access
from views.conditions import chips
from views.links import query_url
from views.pipeline_results import address_with, development_result, moved_page
from views.registers import RegisterView
from views.report_texts import dimension_label
from views.screens import DEVELOPMENT, screen_links
from views.selection import PREFIX, WHERE, conditions_of_args

#: How far back the development reaches, in weeks.
WEEKS = (13, 26, 52)
USUAL_WEEKS, USUAL_GROUP = 26, "owner"
#: What the development shows, as its address has it.
FIGURES = {"value": (_l("Value"), VALUE), "weighted": (_l("Weighted"), WEIGHTED), "count": (_l("Count"), COUNT)}
#: Days back that are a click away.
BACK = ((7, _l("Week")), (30, _l("30 days")), (91, _l("13 weeks")), (365, _l("Year")))
Link = tuple[str, str, bool]


class PastScreens(RegisterView):
    """`/development` and `/moved`, under the conditions of the address as lists are."""

    def screens(self) -> Sequence[str]:
        raise NotImplementedError

    @expose("/development", methods=["GET"])
    @has_access
    @permission_name("list")
    def development(self) -> Any:
        """The offer book at the end of each week: `weeks` back, `by` a field of few values, of which `figure`."""
        conditions, access = conditions_of_args(), current_access()
        weeks = asked_of("weeks", {str(number): number for number in WEEKS}, str(USUAL_WEEKS))
        groups = groups_of(access)
        by = asked_of("by", {one.column: one.column for one in groups}, USUAL_GROUP)
        figure = asked_of("figure", {key: key for key in FIGURES}, "value")
        problem, result = "", None
        try:
            found = development(access, conditions, weeks, by)
            result = development_result(self.card, found, FIGURES[figure][1], self.asked_conditions())
        except (ConditionError, TooSlow) as error:
            problem = str(error)
        return self.render_template(
            "opportunities/development.html", card=self.card, title=_("Development"), result=result,
            problem=problem, filters=chips(self.datamodel.schema, conditions[:MAX_CONDITIONS]),
            screens=screen_links(self.card, self.screens(), DEVELOPMENT), moved_url=self.address("moved"),
            weeks=[(_("%(weeks)s weeks", weeks=number), query_url(weeks=number), number == weeks) for number in WEEKS],
            figures=[(str(label), query_url(figure=key), key == figure) for key, (label, _at) in FIGURES.items()],
            groups=[(dimension_label(one), query_url(by=one.column), one.column == by) for one in groups],
        ), 400 if problem else 200  # fmt: skip

    @expose("/moved", methods=["GET"])
    @has_access
    @permission_name("list")
    def moved(self) -> Any:
        """What moved in the offer book since the end of the day `since`: a week ago where none is given."""
        conditions, access = conditions_of_args(), current_access()
        today = today_of(access)
        since = request.args.get("since", (today - dt.timedelta(days=7)).isoformat())[:40]
        problem, page, day_error = "", None, ""
        try:
            day = past_day(since, today)
        except ValueError as error:
            day_error = str(error)
        else:
            try:
                page = moved_page(self.card, movements(access, conditions, day))
            except (ConditionError, TooSlow) as error:
                problem = str(error)
        return self.render_template(
            "opportunities/past_moves.html", card=self.card, title=_("What moved"), page=page,
            problem=problem, day_error=day_error, since=since, kept=self.asked_conditions(),
            latest=(today - dt.timedelta(days=1)).isoformat(), back=self.back(today, since),
            filters=chips(self.datamodel.schema, conditions[:MAX_CONDITIONS]),
            screens=screen_links(self.card, self.screens(), ""),
        ), 400 if problem or day_error else 200  # fmt: skip

    def back(self, today: dt.date, since: str) -> list[Link]:
        """The days that are a click away."""
        days = [(str(label), (today - dt.timedelta(days=days)).isoformat()) for days, label in BACK]
        return [(label, query_url(since=day), day == since) for label, day in days]

    def asked_conditions(self) -> list[tuple[str, str]]:
        """The conditions of the address, for other addresses."""
        return [(name, value) for name, value in request.args.items(multi=True)
                if name.startswith(PREFIX) or name == WHERE]  # fmt: skip

    def address(self, screen: str) -> str:
        """Another screen under the same conditions."""
        return address_with(f"{request.script_root}{self.card.address_of(screen)}", self.asked_conditions())


def asked_of(name: str, known: dict[str, Any], usual: str) -> Any:
    """What the address asks for out of what there is; else the usual, or the first there is."""
    found = known.get(request.args.get(name, usual), known.get(usual))
    return next(iter(known.values()), None) if found is None else found


def past_day(text: str, today: dt.date) -> dt.date:
    """Raises ValueError with what to do about it."""
    try:
        day = dt.date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(_("Give a day as 2024-12-31.")) from None
    if day >= today:
        raise ValueError(_("Choose a day that is past."))
    return day
