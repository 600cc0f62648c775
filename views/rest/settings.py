"""Settings over REST: the organisation, teams, pipelines, saved views, exchange rates, record pages."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from models.changes import Source
from models.fields.kinds.numbers import decimal_of
from models.layouts import COLUMNS, HIDDEN
from models.organisation import organisation
from models.registers import REGISTERS, all_registers
from models.rights import SETTINGS, Access
from models.saved_views import Audience
from models.security import Team
from services.conditions import asks_unseen
from services.layouts import layout_of, reset_layout, role_of, set_layout
from services.organisation import CLEANERS, change_organisation
from services.pipelines import add_pipeline, change_pipeline, list_pipelines
from services.rates import delete_rate, get_rate, list_rates, save_rate
from services.records import RecordNotFound
from services.saved_views import Query, delete_view, get_view, list_views, save_view
from services.teams import add_team, remove_team, rename_team, version_of
from views.permissions import OWN
from views.rest import openapi
from views.rest.base import rest_access
from views.rest.field_definitions import LABEL, SENT_LABEL
from views.rest.query import CONDITION
from views.rest.setting_resources import (
    FLAG,
    NUMBER,
    REGISTER,
    TEXT,
    Added,
    Changed,
    Listed,
    OneDocument,
    Removed,
)

Raw = dict[str, Any]
KEY: Raw = {"type": "string"}


class OrganisationApi(OneDocument):
    """What holds for the whole organisation."""

    label = _l("Organisation")
    resource_name, name, class_permission_name = "organisation", "Organisation", SETTINGS
    properties = {"name": TEXT, "support_email": TEXT, "language": TEXT, "country": TEXT, "currency": TEXT,
                  "bin_days": NUMBER, "version": NUMBER}  # fmt: skip
    sent = tuple(CLEANERS)

    def whole(self) -> Raw:
        now = organisation()
        return {name: getattr(now, name) for name in self.properties}

    def change(self, values: Raw, version: int | None) -> None:
        change_organisation(rest_access(), values, version=version)


class TeamApi(Listed, Added, Changed, Removed):
    """Teams."""

    label = _l("Teams")
    resource_name, name, class_permission_name = "team", "Team", SETTINGS
    properties = {"id": openapi.ID, "name": {"type": "string", "maxLength": 100}, "version": NUMBER}
    sent = required = ("name",)

    def found(self) -> list[Raw]:
        return list(Team._get_collection().find().sort("name", 1))

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return super().told(raw) | {"version": version_of(raw)}

    def create(self, values: Raw) -> Raw:
        return add_team(rest_access(), values["name"])

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        raw = self.one(pk)
        return rename_team(rest_access(), raw["_id"], {**raw, **values}["name"], version)

    def remove(self, pk: str) -> Any:
        remove_team(rest_access(), self.one(pk)["_id"])


class PipelineApi(Listed, Added, Changed):
    """Pipelines with their stages, by their keys. None is deleted: `retired` takes one out of use."""

    label = _l("Pipelines")
    resource_name, name, class_permission_name = "pipeline", "Pipeline", OWN
    stage = {"key": TEXT, "label": LABEL, "colour": TEXT, "probability": NUMBER,
             "rests_after": {"type": ["integer", "null"]}, "retired": FLAG}  # fmt: skip
    properties = {"id": KEY, "key": KEY, "label": LABEL, "retired": FLAG, "version": NUMBER,
                  "stages": openapi.list_of(openapi.object_of(stage))}  # fmt: skip
    sent = ("key", "label", "stages", "retired")
    more_sent = {"label": SENT_LABEL, "stages": openapi.list_of(
        openapi.object_of({**stage, "label": SENT_LABEL}, required=("label",), closed=True))}  # fmt: skip
    required = ("label", "stages")
    id_schema = KEY

    def found(self) -> list[Raw]:
        return list_pipelines()

    def key_of(self, raw: Mapping[str, Any]) -> str:
        return str(raw["key"])

    def writes(self, access: Access) -> bool:
        return access.may("opportunity", "settings")

    def create(self, values: Raw) -> Raw:
        return add_pipeline(rest_access(), values, source=Source.REST)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        change_pipeline(rest_access(), pk, values, version=version, source=Source.REST)
        return self.one(pk)


class SavedViewApi(Listed, Added, Changed, Removed):
    """Saved views of lists that the caller may open."""

    label = _l("Saved views")
    resource_name, name, class_permission_name = "saved_view", "SavedView", OWN
    properties = {
        "id": openapi.ID, "register": REGISTER, "name": TEXT, "owner": openapi.ID,
        "audience": {"type": "string", "description": "me, all, or a role's id."},
        "conditions": {**openapi.nullable(openapi.list_of(CONDITION)),
                       "description": "null where they speak of fields that you don't see: they stay as they are."},
        "order": TEXT,
        "direction": {"type": "string", "enum": ["", "asc", "desc"]}, "columns": openapi.list_of(TEXT), "group": TEXT,
        "screen": TEXT, "version": NUMBER,
    }  # fmt: skip
    query = ("conditions", "order", "direction", "columns", "group", "screen")
    sent = ("register", "name", "audience", *query)
    required = ("register", "name")

    def found(self) -> list[Raw]:
        access = rest_access()
        return [raw for card in all_registers() for raw in list_views(access, card.key)]

    def one(self, pk: str) -> Raw:
        return get_view(rest_access(), pk)

    def told(self, raw: Mapping[str, Any]) -> Raw:
        usual = {"group": "", "screen": "list", **raw}
        role = str(raw["role"]) if raw["audience"] == Audience.ROLE else raw["audience"]
        hidden = {"conditions": None} if asks_unseen(rest_access(), dict(raw)) else {}
        return super().told(usual) | {"audience": role} | hidden

    def writes(self, access: Access) -> bool:
        return access.user_id is not None

    def create(self, values: Raw) -> Raw:
        return self.saved(values, None)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        return self.saved({**self.told(self.one(pk)), "conditions": None, **values}, pk, version)

    def saved(self, values: Raw, pk: str | None, version: int | None = None) -> Raw:
        query = Query(**{name: values[name] for name in self.query if name in values})
        return save_view(rest_access(), values["register"], values["name"], values.get("audience", Audience.ME.value),
                         query, replaces=pk, version=version)  # fmt: skip

    def remove(self, pk: str) -> Any:
        return delete_view(rest_access(), pk)


class ExchangeRateApi(Listed, Added, Changed, Removed):
    """What one unit of a currency is worth from a day on."""

    label = _l("Currencies")
    resource_name, name, class_permission_name = "exchange_rate", "ExchangeRate", SETTINGS
    properties = {"id": openapi.ID, "currency": TEXT, "day": {"type": "string", "format": "date"},
                  "rate": {"type": "string", "description": "With a decimal point."}, "version": NUMBER}  # fmt: skip
    sent = required = ("currency", "day", "rate")

    def found(self) -> list[Raw]:
        return list_rates(rest_access())

    def one(self, pk: str) -> Raw:
        return get_rate(rest_access(), pk)

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return super().told(raw) | {"day": raw["day"].date().isoformat(), "rate": f"{decimal_of(raw['rate']):f}"}

    def create(self, values: Raw) -> Raw:
        return save_rate(rest_access(), values)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        return save_rate(rest_access(), {**self.told(self.one(pk)), **values}, pk, version)

    def remove(self, pk: str) -> Any:
        return delete_rate(rest_access(), pk)


class RecordLayoutApi(Listed, Changed, Removed):
    """Where the parts of a register's record page stand: `company` for everybody, `company.<role id>` for a role."""

    label = _l("Record page")
    resource_name, name, class_permission_name = "record_layout", "RecordLayout", OWN
    properties = {"id": KEY, "own": FLAG, **dict.fromkeys((*COLUMNS, HIDDEN), openapi.list_of(TEXT))}
    sent = (*COLUMNS, HIDDEN)
    id_schema = KEY

    def found(self) -> list[Raw]:
        access = rest_access()
        return [self.one(card.key) for card in all_registers() if access.may(card.key, "settings")]

    def one(self, pk: str) -> Raw:
        register, role = self.parts(pk)
        places, own = layout_of(register, role)
        return {"_id": pk, "own": own, **places}

    def parts(self, pk: str) -> tuple[str, Any]:
        """(register, role or None). Raises RecordNotFound."""
        register, dot, role = pk.partition(".")
        if register not in REGISTERS or (dot and not role) or not rest_access().may(register, "settings"):
            raise RecordNotFound(self.resource_name, pk)
        return register, role_of(role)

    def writes(self, access: Access) -> bool:
        return any(access.may(card.key, "settings") for card in all_registers())

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        places: Raw = {name: blocks for name, blocks in (self.told(self.one(pk)) | values).items() if name in self.sent}
        set_layout(rest_access(), *self.parts(pk), places)
        return self.one(pk)

    def remove(self, pk: str) -> Any:
        reset_layout(rest_access(), *self.parts(pk))
