"""The trays of roles over REST."""

from typing import Any

from flask_babel import lazy_gettext as _l

from models.changes import Source
from models.rights import SETTINGS
from models.trays import FIGURE, NARROW, WIDE
from services.tray_tools import TOOLS
from services.trays import all_trays, delete_tray, get_tray
from services.whole_trays import add_tray, change_tray, spelled_out
from views.rest import openapi
from views.rest.base import rest_access
from views.rest.field_definitions import LABEL, SENT_LABEL
from views.rest.relationships import in_languages
from views.rest.setting_resources import FLAG, IDS, NUMBER, TEXT, Added, Changed, Listed, Removed

Raw = dict[str, Any]
TOOL: Raw = {
    "id": TEXT, "tool": {"type": "string", "enum": list(TOOLS)},
    "size": {"type": "string", "enum": [FIGURE, NARROW, WIDE]},
    "options": {"type": "object", "additionalProperties": TEXT},
}  # fmt: skip
SENT_TOOLS: Raw = {
    "type": ["array", "null"], "items": openapi.object_of(TOOL, required=("tool",), closed=True),
    "description": "In their order, each with its id if it is there already. Null: as the program has them.",
}  # fmt: skip


class TrayApi(Listed, Added, Changed, Removed):
    """Trays with their tools and the roles that have them, by their keys. Those of the program are not deleted."""

    label = _l("Trays")
    resource_name, name, class_permission_name = "tray", "Tray", SETTINGS
    properties = {"id": TEXT, "label": LABEL, "roles": IDS, "tools": openapi.list_of(openapi.object_of(TOOL)),
                  "ready": FLAG, "version": NUMBER}  # fmt: skip
    sent = ("label", "roles", "tools")
    more_sent = {"label": SENT_LABEL, "tools": SENT_TOOLS}
    required = ("label",)
    id_schema = TEXT

    def found(self) -> list[Raw]:
        return [spelled_out(tray) for tray in all_trays()]

    def one(self, pk: str) -> Raw:
        return spelled_out(get_tray(pk))

    def create(self, values: Raw) -> Raw:
        return add_tray(rest_access(), with_texts(values), source=Source.REST)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        return change_tray(rest_access(), pk, with_texts(values), version, source=Source.REST)

    def remove(self, pk: str) -> Any:
        return delete_tray(rest_access(), pk, source=Source.REST)


def with_texts(values: Raw) -> Raw:
    return values | ({"label": in_languages(values["label"])} if "label" in values else {})
