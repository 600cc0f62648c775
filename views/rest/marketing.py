"""Marketing over REST: the rules of consent, and the addresses that get none."""

from typing import Any

from flask import Response, jsonify, request
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import lazy_gettext as _l

from fab_mongo.rison_argument import rison_argument
from models.changes import Source
from models.consent import ADDRESS_FIELDS, RULES, Reason, marketing_rules
from models.rights import SETTINGS, Access
from services.consent import RULE_LABELS, rules_for_settings, save_rules
from services.suppressed import (
    LONGEST_NOTE,
    LONGEST_SEARCH,
    add_suppressed,
    count_suppressed,
    get_suppressed,
    remove_suppressed,
    some_suppressed,
)
from views.permissions import ADMINISTRATION
from views.rest import openapi
from views.rest.base import rest_access
from views.rest.setting_resources import (
    MOMENT,
    NUMBER,
    PAGE_QUERY,
    TEXT,
    Added,
    Listed,
    OneDocument,
    Removed,
    page_asked,
)

Raw = dict[str, Any]
RULE: Raw = {"type": "string", "enum": list(RULE_LABELS)}
SUPPRESSED_QUERY: Raw = {**PAGE_QUERY, "properties": {
    **PAGE_QUERY["properties"],  # type: ignore[dict-item]
    "address": {"type": "string", "maxLength": LONGEST_SEARCH, "description": "What the addresses hold."},
}}  # fmt: skip
ID_OR_NONE: Raw = {"anyOf": [openapi.ID, {"type": "null"}]}


class MarketingRulesApi(OneDocument):
    """Whom marketing may go to: a rule for each channel of people and of companies. What is not sent stays."""

    label = _l("Marketing consent")
    resource_name, name, class_permission_name = "marketing_rules", "MarketingRules", SETTINGS
    properties = {**{register: openapi.object_of(dict.fromkeys(channels, RULE), closed=True)
                     for register, channels in RULES.items()}, "version": NUMBER}  # fmt: skip
    sent = tuple(RULES)

    def whole(self) -> Raw:
        rules, version = rules_for_settings(rest_access())
        return {"rules": rules, "version": version}

    def told(self, raw: Any) -> Raw:
        return {**(raw.get("rules") or marketing_rules()), "version": raw["version"]}

    def change(self, values: Raw, version: int | None) -> None:
        save_rules(rest_access(), values, version, source=Source.REST)


class SuppressedApi(Listed, Added, Removed):
    """Addresses that get no marketing, the newest first. None is changed; one is taken away for a reason."""

    label = _l("Addresses without marketing")
    resource_name, name, class_permission_name = "suppressed", "Suppressed", ADMINISTRATION
    properties = {
        "id": openapi.ID, "channel": {"type": "string", "enum": list(ADDRESS_FIELDS)}, "address": TEXT,
        "reason": {"type": "string", "enum": [reason.value for reason in Reason]},
        "note": {"type": ["string", "null"], "maxLength": LONGEST_NOTE}, "at": MOMENT, "by": ID_OR_NONE,
        "register": {"type": ["string", "null"]}, "record": ID_OR_NONE, "mailing": ID_OR_NONE,
    }  # fmt: skip
    sent = ("channel", "address", "note")
    required = ("channel", "address")
    page_query = SUPPRESSED_QUERY

    @expose("/", methods=["GET"])
    @protect()
    @permission_name("get")
    @rison_argument(SUPPRESSED_QUERY)
    def get_list(self, rison: Raw) -> Response:
        """Answer with a page of those that hold the `address` that is asked for."""
        access, text = rest_access(), str(rison.get("address", ""))
        return self.answer_list(some_suppressed(access, text, *page_asked(rison)), count_suppressed(access, text))

    def one(self, pk: str) -> Raw:
        return get_suppressed(rest_access(), pk)

    def writes(self, access: Access) -> bool:
        return access.everything

    def create(self, values: Raw) -> Raw:
        return add_suppressed(rest_access(), values, source=Source.REST)

    @expose("/<pk>", methods=["DELETE"])
    @protect()
    @permission_name("delete")
    def delete(self, pk: str) -> Response:
        """Let marketing go there again, for the reason that the address gives as `why`."""
        remove_suppressed(rest_access(), pk, request.args.get("why"), source=Source.REST)
        return jsonify(message="OK")

    def describe(self, document: openapi.Document, access: Access) -> None:
        super().describe(document, access)
        if self.writes(access):
            why = {"name": "why", "in": "query", "required": True, "schema": {**TEXT, "minLength": 1},
                   "description": "Why marketing may go there again; it is kept."}  # fmt: skip
            document.paths[f"{self.path()}{{pk}}"]["delete"]["parameters"].append(why)
