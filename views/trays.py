"""The start page: a user's trays, each a row of figures and tools in columns, and arranging them."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import request
from flask_appbuilder import BaseView, IndexView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from models.rights import Access
from services.repeating import REGISTER as ACTIVITY
from services.search import TooSlow
from services.tasks import count_anew, told_overdue
from services.tray_figures import in_time
from services.tray_tools import TOOLS
from services.trays import (
    SeenTray,
    arrange_own,
    reset_own,
    seen_tools,
    tool_of,
    tray_of,
    trays_of,
    undo_own,
)
from views.base import current_access, current_language, current_user
from views.permissions import OWN
from views.tray_arranging import ArrangeScreens
from views.tray_tools import Drawn, drawn, waiting
from views.tray_tools.activities import todays_entries

Raw = dict[str, Any]
PATH = "/tray"
#: Until these hours one says good morning, and good afternoon.
NOON, EVENING = 11, 17


@dataclass(frozen=True)
class Tab:
    """One of several trays."""

    name: str
    url: str
    current: bool


class StartView(IndexView):
    """`/`: the first tray of whoever is signed in."""

    @expose("/")
    def index(self) -> Any:
        self.update_redirect()
        if current_user() is None:
            return self.render_template(self.index_template, appbuilder=self.appbuilder)
        trays = trays_of(current_access())
        return tray_page(self, trays[0], trays)


class TrayView(ArrangeScreens, BaseView):
    """A tray of the user's roles, and its tools one by one; arranging it is for this user alone."""

    route_base = PATH
    default_view = "show"
    class_permission_name = OWN
    arrange, undo, reset = staticmethod(arrange_own), staticmethod(undo_own), staticmethod(reset_own)

    @expose("/<key>", methods=["GET"])
    @has_access
    def show(self, key: str) -> Any:
        trays = trays_of(current_access())
        return tray_page(self, tray_of(current_access(), key), trays)

    @expose("/<key>/tool/<tool_id>", methods=["GET"])
    @has_access
    def tool(self, key: str, tool_id: str) -> Any:
        """One tool, as a part of its page."""
        access = current_access()
        raw = tool_of(access, tray_of(access, key).tools, tool_id)
        found = drawn(access, raw, tool_address(key, tool_id))
        return self.render_template("trays/part.html", found=found)

    @expose("/<key>/arrange", methods=["GET"])
    @has_access
    def arranging(self, key: str) -> Any:
        """The tools as things to put in order, to take away and to add to."""
        return self.render_template("trays/arrange.html", **self.surface(key))

    def surface(self, key: str) -> Raw:
        tray = self.tray(key)
        return {**super().surface(key), "title": _("Arrange the tray"), "name": tray.name_in(current_language()),
                "back": f"{request.script_root}{PATH}/{tray.key}"}  # fmt: skip

    def tray(self, key: str) -> SeenTray:
        return tray_of(current_access(), key)

    def page_of(self, key: str) -> str:
        return f"{request.script_root}{PATH}/{key}/arrange"

    def reset_label(self, tray: SeenTray) -> str:
        return _("Back to the role’s tray") if tray.arranged else ""

    def reset_told(self) -> str:
        return _("The tray is as the role has it.")


def tray_page(view: BaseView, tray: SeenTray, trays: Sequence[SeenTray]) -> Any:
    """The page of a tray: what answers at once is on it, the rest is fetched by it."""
    access, language = current_access(), current_language()
    count_anew(access)
    tools = [found for raw in seen_tools(access, tray.tools) if (found := of_page(access, tray, raw))]
    tabs = [Tab(one.name_in(language), f"{request.script_root}{PATH}/{one.key}", one.key == tray.key) for one in trays]
    return view.render_template(
        "trays/show.html", title=_("Tray"), tray=tray, tabs=tabs if len(tabs) > 1 else [],
        day=day_text(access), greeting=greeting(access), figures=[one for one in tools if one.tool.is_figure],
        panels=[one for one in tools if not one.tool.is_figure], arrange_url=f"{PATH}/{tray.key}/arrange",
        nothing_open=not any(tool.may(access) for tool in TOOLS.values()),
    )  # fmt: skip


def of_page(access: Access, tray: SeenTray, raw: Raw) -> Drawn | None:
    address = tool_address(tray.key, raw["id"])
    return waiting(raw, address) if TOOLS[raw["tool"]].later else drawn(access, raw, address)


def tool_address(key: str, tool_id: str) -> str:
    return f"{request.script_root}{PATH}/{key}/tool/{tool_id}"


def day_text(access: Access) -> str:
    """Today with its weekday, as a heading."""
    day, locale = dt.datetime.now(ZoneInfo(access.time_zone)).date(), get_locale()
    # No pattern of either language has a long weekday without a year.
    pattern = "cccc d. MMMM" if locale and locale.language == "fi" else "cccc d MMMM"
    text: str = format_date(day, pattern, locale=locale)
    return text[:1].upper() + text[1:]


def greeting(access: Access) -> str:
    """One line: a greeting, what is overdue, what is on today."""
    hour, user = dt.datetime.now(ZoneInfo(access.time_zone)).hour, current_user()
    words = (_("Good morning, %(name)s.") if hour < NOON else
             _("Good afternoon, %(name)s.") if hour < EVENING else _("Good evening, %(name)s."))  # fmt: skip
    said = words % {"name": user.first_name or user.username}
    if not access.may(ACTIVITY, "see"):
        return said
    try:
        with in_time():
            late, entries = told_overdue(access), len(todays_entries(access))
    except TooSlow:
        return said
    overdue = _("Nothing is overdue")
    if late:
        overdue = ngettext("%(num)s task is overdue", "%(num)s tasks are overdue", late)
    today = _("the calendar is empty today")
    if entries:
        today = ngettext("the calendar has %(num)s entry today", "the calendar has %(num)s entries today", entries)
    return f"{said} {overdue}, {today}."
