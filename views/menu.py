"""The side bar's entries: what its user may see, and which one the reader is at."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from flask_appbuilder import AppBuilder

from models.registers import Register, all_registers
from services.tasks import MOST_TOLD, told_overdue
from views.base import current_access
from views.permissions import TASKS_ITEM

#: Flask-AppBuilder names Font Awesome icons; these are ours for the ones its screens use.
FONT_AWESOME = {
    "fa-user": "user", "fa-user-gear": "shield-lock", "fa-group": "users-group", "fa-users": "users",
    "fa-cogs": "settings", "fa-bar-chart-o": "chart-bar", "fa-user-plus": "user-plus", "fa-lock": "lock",
    "fa-list-alt": "list-details", "fa-link": "link", "fa-copy": "copy", "fa-edit": "pencil", "fa-trash": "trash",
    "fa-rocket": "trash",
}  # fmt: skip
NO_ICON = "circle-dot"


@dataclass(frozen=True)
class Entry:
    """One entry of the menu, or a group of them."""

    name: str
    label: str
    url: str
    icon: str
    children: tuple["Entry", ...] = ()
    #: How many wait there for its reader: text, "" for none.
    count: str = ""


def overdue_text() -> str:
    count = told_overdue(current_access())
    return f"{MOST_TOLD}+" if count > MOST_TOLD else str(count or "")


#: What is counted beside an entry: one bounded question to the database each.
COUNTS: Mapping[str, Callable[[], str]] = {TASKS_ITEM: overdue_text}


def menu_entries() -> Sequence[Entry]:
    """The menu that the user of this request may see; groups without an entry are left out.

    Flask-AppBuilder's `Menu.get_data` gives the same in a hundred times as long: it has every address looked up as if
    it were a screen's name, and asks for the rights once a group.
    """
    appbuilder: AppBuilder = current_app.extensions["appbuilder"]
    menu = appbuilder.menu
    allowed = appbuilder.sm.get_user_menu_access(menu.get_flat_name_list())
    return tuple(_entries(menu.get_list(), allowed))


def _entries(items: Sequence[Any], allowed: set[str]) -> Sequence[Entry]:
    found = []
    for item in items:
        # A separator has no place in a side bar whose groups have headings.
        if item.name == "-" or item.name not in allowed or not item.should_render():
            continue
        children = tuple(_entries(item.childs, allowed))
        if children or not item.childs:
            count = COUNTS[item.name]() if item.name in COUNTS else ""
            found.append(Entry(item.name, str(item.label), _address(item), icon_named(item.icon), children, count))
    return found


def _address(item: Any) -> str:
    return request.script_root + item.href if item.href.startswith("/") else item.get_url()


def current_entry(entries: Sequence[Entry]) -> str:
    """The address of the entry that the reader is at: the longest one that the page's own begins with; "" for none."""
    path, index = request.script_root + request.path, request.script_root + "/"
    leaves = [leaf for entry in entries for leaf in (entry.children or (entry,)) if leaf.url]
    found = [leaf.url for leaf in leaves if _begins(path, leaf.url.removesuffix("list/"), index)]
    return max(found, key=len, default="")


def _begins(path: str, url: str, index: str) -> bool:
    # The start page is the first tray; all pages begin with its address.
    return path.startswith(url) and (url != index or path == index or path.startswith(f"{index}tray/"))


def registers_to_add() -> Sequence[Register]:
    """The registers that the user may add records to."""
    access = current_access()
    return [card for card in all_registers() if access.may(card.key, "add")]


def icon_named(name: str) -> str:
    """Our icon for one that Flask-AppBuilder names."""
    if not name or name.startswith("fa-"):
        return FONT_AWESOME.get(name, NO_ICON)
    return name
