"""Arranging the tools of a tray: each function makes of a tray's tools those that it is to have.

Figures and other tools are two rows of things: each moves among its own.
"""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.fields.errors import ValidationFailed
from models.rights import Access
from models.trays import NARROW, WIDE
from services.records import RecordNotFound
from services.tray_tools import TOOLS, chosen_options
from services.trays import MOST_TOOLS, seen_tools, tool_of

Raw = dict[str, Any]
Tools = list[Raw]


def peers(access: Access, tools: Tools, tool: Raw) -> list[str]:
    """The ids of the figures, or of the other tools, that the user sees, the tool's own among them."""
    figure = TOOLS[tool["tool"]].is_figure
    return [raw["id"] for raw in seen_tools(access, tools) if TOOLS[raw["tool"]].is_figure == figure]


def moved(access: Access, tools: Tools, tool_id: str, *, down: bool) -> Tools:
    """One place on, or back; at the end it stays. Raises RecordNotFound, as all of these."""
    ids = peers(access, tools, tool_of(access, tools, tool_id))
    at = ids.index(tool_id) + (1 if down else -1)
    if not 0 <= at < len(ids):
        return tools
    return placed(access, tools, tool_id, ids[at] if down else ids[at - 1] if at else "")


def placed(access: Access, tools: Tools, tool_id: str, after: str) -> Tools:
    """Behind the tool `after`, or before all of its peers."""
    tool = tool_of(access, tools, tool_id)
    ids = [one for one in peers(access, tools, tool) if one != tool_id]
    rest = [raw for raw in tools if raw["id"] != tool_id]
    places = {raw["id"]: place for place, raw in enumerate(rest)}
    at = places[after] + 1 if after in ids else places[ids[0]] if ids else len(rest)
    return [*rest[:at], tool, *rest[at:]]


def resized(access: Access, tools: Tools, tool_id: str, *, wide: bool) -> Tools:
    """Two columns wide, or one, where the tool may be."""
    tool, size = tool_of(access, tools, tool_id), WIDE if wide else NARROW
    if size not in TOOLS[tool["tool"]].sizes:
        raise RecordNotFound("tool", tool_id)
    return [{**raw, "size": size} if raw["id"] == tool_id else raw for raw in tools]


def removed(access: Access, tools: Tools, tool_id: str) -> Tools:
    tool_of(access, tools, tool_id)
    return [raw for raw in tools if raw["id"] != tool_id]


def added(access: Access, tools: Tools, key: str, options: Mapping[str, str],
          roles: Sequence[ObjectId] | None) -> Tools:  # fmt: skip
    """With one more, at the end. Raises RecordNotFound for a tool that there is not, ValidationFailed."""
    tool = TOOLS.get(key)
    if tool is None or not tool.may(access):
        raise RecordNotFound("tool", key)
    if len(tools) >= MOST_TOOLS:
        raise ValidationFailed({"": [_l("A tray has at most %(max)s tools. Remove one first.", max=MOST_TOOLS)]})
    chosen = chosen_options(access, tool, options, roles)
    return [*tools, {"id": new_id(), "tool": key, "size": tool.sizes[0], "options": chosen}]


def replaced(access: Access, tools: Tools, wanted: Sequence[Mapping[str, Any]], roles: Sequence[ObjectId]) -> Tools:
    """These tools in the place of all: each `{"tool"}` with `size` and `options`, and the `id` of one that is there.
    What is not changed of one is not asked of either. Raises ValidationFailed."""
    held, found = {raw["id"]: raw for raw in tools}, []
    if len(wanted) > MOST_TOOLS:
        raise ValidationFailed({"tools": [_l("A tray has at most %(max)s tools.", max=MOST_TOOLS)]})
    for number, one in enumerate(wanted, 1):
        # An id that stands there twice is that of the first.
        before = held.pop(str(one.get("id")), None)
        if before is not None and {**before, **one} == before:
            found.append(before)
            continue
        try:
            found.append({"id": before["id"] if before else new_id(), **chosen_tool(access, {**(before or {}), **one},
                                                                                     roles)})  # fmt: skip
        except ValidationFailed as error:
            raise ValidationFailed({"tools": [_l("Tool %(number)s: %(problem)s", number=number,
                                                 problem=error.in_one())]}) from error  # fmt: skip
    return found


def chosen_tool(access: Access, wanted: Mapping[str, Any], roles: Sequence[ObjectId]) -> Raw:
    """A tool with its size and options, as it is kept. Raises ValidationFailed."""
    tool = TOOLS.get(wanted["tool"])
    if tool is None or not tool.may(access):
        raise ValidationFailed({"tool": [_l("Choose one of those that are offered.")]})
    size, options = wanted.get("size") or tool.sizes[0], wanted.get("options") or {}
    if size not in tool.sizes:
        raise ValidationFailed({"size": [_l("This tool can be: %(sizes)s.", sizes=", ".join(tool.sizes))]})
    given = {option.name: options.get(option.name, "") for option in tool.options}
    return {"tool": tool.key, "size": size, "options": chosen_options(access, tool, given, roles)}


def new_id() -> str:
    return secrets.token_hex(6)
