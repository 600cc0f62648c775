"""The trays that come with the program: for sales, marketing, customer service, management, and one for all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from models.trays import FIGURE, NARROW, WIDE

Raw = dict[str, Any]
#: The tray of those whose roles have none.
GENERAL = "general"


@dataclass(frozen=True)
class ReadyTray:
    """A tray of the program. `roles` names the ready roles that it is for."""

    key: str
    label: Any
    tools: Sequence[Raw]
    roles: Sequence[str] = ()


def tool(key: str, size: str = NARROW, **options: str) -> Raw:
    """One tool of a ready tray: its id tells it from the others of the same kind."""
    return {"id": "-".join((key, *filter(None, options.values()))), "tool": key, "size": size, "options": options}


def figures(*keys: str) -> list[Raw]:
    return [tool(key, FIGURE) for key in keys]


TASKS, CALENDAR, NEWS, QUICK = tool("tasks", whose="mine"), tool("calendar"), tool("news"), tool("quick")

READY: dict[str, ReadyTray] = {one.key: one for one in (
    ReadyTray("sales", _l("Sales"), [
        tool("figure_open", FIGURE, of="mine"), tool("figure_won", FIGURE, of="mine"),
        tool("figure_stage", FIGURE, of="mine", stage="offer"), *figures("figure_done"), TASKS,
        tool("pipeline", of="mine", pipeline=""), CALENDAR, QUICK, tool("news", WIDE),
    ], ("Sales staff",)),
    ReadyTray("marketing", _l("Marketing"), [
        tool("figure_added", FIGURE, register="company"), tool("figure_added", FIGURE, register="person"),
        *figures("figure_tasks", "figure_done"), TASKS, tool("campaigns"), CALENDAR, QUICK,
        tool("report", report="opportunities_by_campaign"), tool("newest", register="company"),
        tool("newest", register="person"), tool("report", report="customers_without_contact"),
    ], ("Marketing staff",)),
    ReadyTray("service", _l("Customer service"), [
        *figures("figure_tasks", "figure_overdue", "figure_done"), TASKS, tool("tasks", whose="team"), CALENDAR, QUICK,
        NEWS,
    ], ("Customer service",)),
    ReadyTray("management", _l("Management"), [
        tool("figure_open", FIGURE, of="all"), tool("figure_expected", FIGURE, of="all"),
        tool("figure_won", FIGURE, of="all"), tool("figure_added", FIGURE, register="company"),
        tool("pipeline", of="all", pipeline=""), tool("report", report="forecast"), CALENDAR,
        tool("report", report="offer_book_sellers"), tool("report", report="activity_by_seller"),
        tool("report", report="customers_without_contact"), TASKS,
    ], ("Management",)),
    ReadyTray(GENERAL, _l("My tray"), [
        *figures("figure_tasks", "figure_overdue", "figure_done"), tool("first_steps"), TASKS, CALENDAR, QUICK, NEWS,
    ]),
)}  # fmt: skip
