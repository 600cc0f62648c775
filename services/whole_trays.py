"""Trays of roles as programs write them: name, roles and tools at once."""

from collections.abc import Callable, Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l

from models.changes import Source
from models.fields.errors import ValidationFailed
from models.rights import Access
from services.choice_lists import texts_of
from services.ready_trays import READY
from services.records import VersionConflict
from services.settings import require_settings
from services.tray_arranging import replaced
from services.trays import (
    SeenTray,
    Tools,
    clean_label,
    clean_roles,
    get_tray,
    save_tray,
    seen_tray,
    write_tray,
)

Raw = dict[str, Any]


def spelled_out(tray: SeenTray) -> Raw:
    """A tray with its name in every language: {_id: its key, label, roles, tools, ready, version}."""
    return {"_id": tray.key, "label": texts_of(tray.label), "roles": list(tray.roles), "tools": list(tray.tools),
            "ready": tray.ready, "version": tray.version}  # fmt: skip


def add_tray(access: Access, values: Mapping[str, Any], *, source: Source) -> Raw:
    """A tray with `label`, `roles` and `tools`; without tools those of the tray for all others. Raises NotAllowed,
    ValidationFailed."""
    require_settings(access)
    roles, tools = values.get("roles") or (), values.get("tools")
    made = None if tools is None else replaced(access, [], tools, clean_roles(roles))
    return spelled_out(save_tray(access, None, label=values["label"], roles=roles, tools=made, source=source))


def change_tray(
    access: Access, key: str, values: Mapping[str, Any], version: int | None = None, *, source: Source
) -> Raw:
    """Change the `label`, `roles` and `tools` that are given; `tools` None has one that comes with the program as it
    was at first. Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict."""
    require_settings(access)
    before = spelled_out(get_tray(key))
    changed = {name: value for name, value in values.items() if value != plain(before[name])}

    def after(tools: Tools, raw: Raw) -> Raw:
        if version not in (None, raw["version"]):
            raise VersionConflict(spelled_out(seen_tray(raw)))
        found: Raw = {name: clean(changed[name]) for name, clean in CLEANERS.items() if name in changed}
        if found:
            found["named"] = (raw.get("named") or 0) + 1
        if "tools" in changed:
            found["tools"] = tools_wanted(access, key, tools, changed["tools"], {**raw, **found}["roles"])
        return found

    if not changed and version in (None, before["version"]):
        return before
    return spelled_out(write_tray(access, key, after, source))


CLEANERS: Mapping[str, Callable[[Any], Any]] = {"label": clean_label, "roles": clean_roles}


def plain(value: Any) -> Any:
    """Ids as programs send them."""
    return [str(one) if isinstance(one, ObjectId) else one for one in value] if isinstance(value, list) else value


def tools_wanted(access: Access, key: str, tools: Tools, wanted: Any, roles: list[ObjectId]) -> Tools | None:
    if wanted is None and key not in READY:
        raise ValidationFailed({"tools": [_l("Only a tray that comes with the program has tools to go back to.")]})
    return None if wanted is None else replaced(access, tools, wanted, roles)
