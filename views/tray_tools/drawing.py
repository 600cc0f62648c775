"""One tool of a tray as HTML: by the function that draws it, which may fail without the page failing with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from markupsafe import Markup

from models.fields.errors import ConditionError
from models.registers import UnknownRegister
from models.rights import Access
from services.records import RecordNotFound
from services.search import TooSlow
from services.tray_figures import in_time
from services.tray_tools import TOOLS, Tool

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """What a tool shows: its template in templates/trays/tools/ and what that draws. `count` stands beside the title,
    `url` and `url_label` lead to the whole."""

    template: str
    data: Mapping[str, Any] = field(default_factory=dict)
    title: str = ""
    count: str = ""
    url: str = ""
    url_label: str = ""


@dataclass(frozen=True)
class Drawn:
    """A tool on its page: `html` is all of it, empty while it is to be fetched from `address`."""

    id: str
    tool: Tool
    size: str
    address: str
    html: str = ""


#: What draws a tool is given whose it is, its options, its size, and the address of this tool alone; None leaves the
#: tool out.
Drawer = Callable[[Access, Raw, str, str], Shown | None]
DRAWERS: dict[str, Drawer] = {}


def draws(*keys: str) -> Callable[[Drawer], Drawer]:
    """Have a function draw a tool."""

    def add(drawer: Drawer) -> Drawer:
        DRAWERS.update(dict.fromkeys(keys, drawer))
        return drawer

    return add


def waiting(raw: Raw, address: str) -> Drawn:
    """A tool that the page fetches when it is there."""
    return Drawn(raw["id"], TOOLS[raw["tool"]], raw["size"], address)


def drawn(access: Access, raw: Raw, address: str) -> Drawn | None:
    """A tool with what it shows, or with the reason why it shows nothing; None where it is not to be seen now."""
    tool = TOOLS[raw["tool"]]
    problem, shown = "", None
    try:
        with in_time():
            shown = DRAWERS[tool.key](access, raw.get("options") or {}, raw["size"], address)
        if shown is None:
            return None
    except TooSlow:
        problem = _("This took too long to find out. Try again in a while.")
    except ConditionError as error:
        problem = str(error)
    except (RecordNotFound, UnknownRegister):
        problem = _("It is gone, or it is not shared with you any more. Choose another one when you arrange the tray.")
    shown = shown or Shown("problem")
    html = render_template(
        f"trays/tools/{shown.template}.html", tool=tool, shown=shown, title=shown.title or tool.label, id=raw["id"],
        size=raw["size"], problem=problem, address=address, **shown.data,
    )  # fmt: skip
    return Drawn(raw["id"], tool, raw["size"], address, Markup(html))
