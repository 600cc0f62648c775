"""The screens of a register that has several, such as a list and a board: the ways between, the last one looked at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import redirect, request, session
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from models.registers import Register
from services.saved_views import LIST
from views.selection import PREFIX, WHERE

__all__ = ["BOARD", "DEVELOPMENT", "LIST", "ScreenLink", "look_at", "screen_links", "screen_looked_at"]

BOARD = "board"
#: Of registers that keep their past; the menu's entry never opens with it.
DEVELOPMENT = "development"
#: (label, icon) of each.
SCREENS: dict[str, tuple[Any, str]] = {BOARD: (_l("Board"), "layout-kanban"), LIST: (_l("List"), "list"),
                                      DEVELOPMENT: (_l("Development"), "trending-up")}
#: Where the session keeps which screen of each register was looked at last.
LOOKED_AT = "screens"


@dataclass(frozen=True)
class ScreenLink:
    url: str
    label: str
    icon: str
    current: bool


def screen_links(card: Register, screens: Sequence[str], here: str) -> list[ScreenLink]:
    """The ways to the screens of a register, with the conditions of the page; none where there is but one."""
    screens = [*screens, DEVELOPMENT] if card.keeps_past else screens
    if len(screens) < 2:
        return []
    kept = [(name, value) for name, value in request.args.items(multi=True)
            if name.startswith(PREFIX) or name in (WHERE, "from")]  # fmt: skip
    query = urlencode(kept or [("view", "all")])
    return [ScreenLink(f"{request.script_root}{card.address_of(one)}?{query}", str(SCREENS[one][0]), SCREENS[one][1],
                       one == here) for one in screens]  # fmt: skip


def look_at(card: Register, screen: str) -> None:
    """Remember where the user is, so that the register's entry in the menu leads there."""
    looked_at = session.get(LOOKED_AT) or {}
    if len(card.screens) > 1 and looked_at.get(card.key) != screen:
        session[LOOKED_AT] = {**looked_at, card.key: screen}


def screen_looked_at(card: Register, screens: Sequence[str]) -> Response | None:
    """Where the register's bare address leads to: the screen looked at last, else the one that it opens with; None
    where that is the list."""
    if request.args:
        return None
    last = (session.get(LOOKED_AT) or {}).get(card.key)
    screen = str(last) if last in screens else screens[0]
    return None if screen == LIST else redirect(f"{request.script_root}{card.address_of(screen)}")
