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
    return {"id": "-".join((key, *options.values())), "tool": key, "size": size, "options": options}


def figures(*keys: str) -> list[Raw]:
    return [tool(key, FIGURE) for key in keys]


TASKS, CALENDAR, NEWS, QUICK = tool("tasks", whose="mine"), tool("calendar"), tool("news"), tool("quick")

READY: dict[str, ReadyTray] = {one.key: one for one in (
    ReadyTray("sales", _l("Sales"), [
        *figures("figure_tasks", "figure_overdue", "figure_done"), TASKS, CALENDAR, QUICK, tool("news", WIDE),
    ], ("Sales staff",)),
    ReadyTray("marketing", _l("Marketing"), [
        tool("figure_added", FIGURE, register="company"), tool("figure_added", FIGURE, register="person"),
        *figures("figure_tasks", "figure_done"), TASKS, CALENDAR, QUICK, tool("newest", register="company"),
        tool("newest", register="person"),
    ], ("Marketing staff",)),
    ReadyTray("service", _l("Customer service"), [
        *figures("figure_tasks", "figure_overdue", "figure_done"), TASKS, tool("tasks", whose="team"), CALENDAR, QUICK,
        NEWS,
    ], ("Customer service",)),
    ReadyTray("management", _l("Management"), [
        tool("figure_added", FIGURE, register="company"), *figures("figure_tasks", "figure_overdue"), CALENDAR, TASKS,
        tool("tasks", whose="team"), tool("newest", register="company"),
    ], ("Management",)),
    ReadyTray(GENERAL, _l("My tray"), [
        *figures("figure_tasks", "figure_overdue", "figure_done"), tool("first_steps"), TASKS, CALENDAR, QUICK, NEWS,
    ]),
)}  # fmt: skip
