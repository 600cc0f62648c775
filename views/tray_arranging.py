"""Arranging the tools of a tray, one's own or that of roles: the same surface for both.

Each button posts what is to be done with one tool. With `part` the answer is the surface anew with what was said
(assets/js/trays.js); else one is led back to its page. A change is put to the tools as they are by then, so that two
who arrange at once undo nothing of each other's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask import flash, jsonify, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.rights import Access
from models.trays import NARROW, WIDE
from services.records import RecordNotFound, VersionConflict
from services.tray_arranging import Tools, added, moved, placed, removed, resized
from services.tray_tools import TOOLS, Choices, Option, Tool, offered_tools
from services.trays import SeenTray, seen_tools
from views.base import current_access

Raw = dict[str, Any]


@dataclass(frozen=True)
class Item:
    """A tool to be arranged; `about` is what was chosen about it, `wider` and `narrower` whether it can be made so."""

    id: str
    tool: Tool
    size: str
    about: str
    wider: bool
    narrower: bool


@dataclass(frozen=True)
class Offered:
    """A tool that may be added, with the choices of each of its options."""

    tool: Tool
    options: Sequence[tuple[Option, Choices]]

    @property
    def ready(self) -> bool:
        return all(choices for _option, choices in self.options)


class ArrangeScreens:
    """What both kinds of arranging share. A view says what it arranges."""

    #: Change, take back, and begin anew: of services.trays.
    arrange: Callable[[Access, str, Callable[[Tools], Tools]], SeenTray]
    undo: Callable[[Access, str, int], SeenTray]
    reset: Callable[[Access, str], SeenTray]
    route_base: str
    render_template: Callable[..., str]

    # What a view says

    def tray(self, key: str) -> SeenTray:
        raise NotImplementedError

    def page_of(self, key: str) -> str:
        """The page that has the surface."""
        raise NotImplementedError

    def roles_of(self, tray: SeenTray) -> Sequence[ObjectId] | None:
        """The roles whose tray is arranged; None for one's own."""
        return None

    def reset_label(self, tray: SeenTray) -> str:
        """What the button is called that begins anew; "" where there is nothing to go back to."""
        raise NotImplementedError

    def reset_told(self) -> str:
        raise NotImplementedError

    def surface(self, key: str) -> Raw:
        """What the surface is drawn of."""
        access, tray = current_access(), self.tray(key)
        roles = self.roles_of(tray)
        asked: dict[str, Choices] = {}
        for option in (option for tool in offered_tools(access) for option in tool.options):
            if option.name not in asked:
                asked[option.name] = option.choices(access, roles)
        items = [item_of(raw, asked) for raw in seen_tools(access, tray.tools)]
        offered = [Offered(tool, [(option, asked[option.name]) for option in tool.options])
                   for tool in offered_tools(access)]  # fmt: skip
        return {
            "tray": tray, "base": f"{request.script_root}{self.route_base}/{tray.key}",
            "lists": [("figures", _("Figures"), [item for item in items if item.tool.is_figure]),
                      ("tools", _("Tools"), [item for item in items if not item.tool.is_figure])],
            "offers": [(_("Tools"), [one for one in offered if not one.tool.is_figure]),
                       (_("Figures"), [one for one in offered if one.tool.is_figure])],
            "reset_label": self.reset_label(tray), "wide": WIDE,
        }  # fmt: skip

    # The screens

    @expose("/<key>/move/<tool_id>/<way>", methods=["POST"])
    @has_access
    def move(self, key: str, tool_id: str, way: str) -> Any:
        """One place "up" or "down", "wider" or "narrower"."""
        access = current_access()
        changes: dict[str, Callable[[Tools], Tools]] = {
            "up": lambda tools: moved(access, tools, tool_id, down=False),
            "down": lambda tools: moved(access, tools, tool_id, down=True),
            "wider": lambda tools: resized(access, tools, tool_id, wide=True),
            "narrower": lambda tools: resized(access, tools, tool_id, wide=False),
        }
        if way not in changes:
            raise RecordNotFound("tool", tool_id)
        return self.change(key, changes[way])

    @expose("/<key>/remove/<tool_id>", methods=["POST"])
    @has_access
    def remove(self, key: str, tool_id: str) -> Any:
        """Take a tool away; the answer offers to take that back."""
        access, told = current_access(), _("The tool was removed.")
        return self.change(key, lambda tools: removed(access, tools, tool_id), told, undoable=True)

    @expose("/<key>/add", methods=["POST"])
    @has_access
    def add_tool(self, key: str) -> Any:
        """Add the tool `tool` with its options."""
        access, roles = current_access(), self.roles_of(self.tray(key))
        name, options = request.form.get("tool", ""), request.form.to_dict()
        told = _("%(name)s was added.", name=TOOLS[name].label) if name in TOOLS else ""
        return self.change(key, lambda tools: added(access, tools, name, options, roles), told, undoable=True)

    @expose("/<key>/place", methods=["POST"])
    @has_access
    def place(self, key: str) -> Response:
        """Put the tool `item` behind the tool `after`, or first: what dragging does."""
        access, form = current_access(), request.form
        self.arrange(access, key, lambda tools: placed(access, tools, form.get("item", ""), form.get("after", "")))
        return jsonify({"ok": True})

    @expose("/<key>/undo", methods=["POST"])
    @has_access
    def take_back(self, key: str) -> Any:
        """Take back the change that made `version`."""
        version = request.args.get("version", "")
        try:
            number = int(version) if version.isascii() and version.isdigit() and len(version) < 10 else -1
            self.undo(current_access(), key, number)
        except VersionConflict:
            return self.refused(key, _("The tray has been changed again since. Arrange it by hand."), 409)
        return self.said(key, _("The tray is as it was."))

    @expose("/<key>/reset", methods=["POST"])
    @has_access
    def begin_anew(self, key: str) -> Any:
        """Without what was changed here."""
        tray = self.reset(current_access(), key)
        return self.said(key, self.reset_told(), undo_button(self.route_base, tray))

    # Answers

    def change(self, key: str, change: Callable[[Tools], Tools], told: str = "", *, undoable: bool = False) -> Any:
        try:
            tray = self.arrange(current_access(), key, change)
        except ValidationFailed as error:
            return self.refused(key, error.in_one(), 422)
        return self.said(key, told, undo_button(self.route_base, tray) if undoable else "")

    def said(self, key: str, told: str, button: str = "", kind: str = "success", status: int = 200) -> Any:
        message = escape(told) + button if told else Markup()
        if "part" not in request.form:
            if message:
                flash(message, kind)
            return redirect(self.page_of(key))
        return self.render_template("trays/surface.html", told=message, kind=kind, **self.surface(key)), status

    def refused(self, key: str, told: str, status: int) -> Any:
        return self.said(key, told, kind="danger", status=status)


def item_of(raw: Raw, asked: dict[str, Choices]) -> Item:
    tool = TOOLS[raw["tool"]]
    labels = [dict(asked[option.name]).get(raw["options"].get(option.name), "") for option in tool.options]
    narrow = raw["size"] == NARROW
    return Item(raw["id"], tool, raw["size"], ", ".join(str(label) for label in labels if label),
                narrow and WIDE in tool.sizes, not narrow and NARROW in tool.sizes)  # fmt: skip


def undo_button(route_base: str, tray: SeenTray) -> Markup:
    address = f"{request.script_root}{route_base}/{tray.key}/undo?version={tray.version}"
    return Markup(' <button type="submit" class="lnk" form="k-post" formaction="{}" data-tray-act>{}</button>').format(
        address, _("Undo"))  # fmt: skip


