"""Users, roles, groups and API keys over REST, for administrators."""

from collections.abc import Mapping
from typing import Any

from flask import jsonify
from flask_appbuilder.api import expose
from flask_appbuilder.security.decorators import permission_name, protect
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.changes import Source
from models.rights import Access
from models.security import SIGN_IN_WAYS, Group, Role, User, standing_of
from services.api_keys import add_key, list_keys, revoke_key
from services.invited_users import invite_user
from services.roles import (
    change_group,
    change_role,
    create_group,
    create_role,
    delete_group,
    delete_role,
)
from services.security import find_document
from services.users import COLUMNS, DIGESTS, LANGUAGES, change_user, create_user
from views.permissions import ADMINISTRATION
from views.rest import openapi
from views.rest.base import rest_access
from views.rest.listing import plain
from views.rest.problems import Problem
from views.rest.setting_resources import FLAG, IDS, MOMENT, NUMBER, TEXT, Added, Changed, Listed, Removed, SettingApi

Raw = dict[str, Any]
TEAM: Raw = {"anyOf": [openapi.ID, {"type": "null"}]}
GRANTS: Raw = openapi.list_of(openapi.object_of(
    {"register": TEXT, "action": TEXT, "scope": {"type": "string", "enum": ["own", "team", "all"]}},
    required=("register", "action", "scope"), closed=True))  # fmt: skip
FIELD_RIGHTS: Raw = openapi.list_of(openapi.object_of(
    {"register": TEXT, "column": TEXT, "access": {"type": "string", "enum": ["hidden", "read_only"]}},
    required=("register", "column", "access"), closed=True))  # fmt: skip
LISTS = ("roles", "groups", "leads", "grants", "field_rights")


class AdministeredApi(SettingApi):
    """Documents that administrators alone read and write, by the name that their services have for them."""

    class_permission_name = ADMINISTRATION
    document: Any

    def found(self) -> list[Raw]:
        return list(self.document._get_collection().find({"name": {"$ne": "Public"}}).sort("_id", 1))

    def one(self, pk: str) -> Raw:
        return find_document(self.resource_name, pk)

    def told(self, raw: Mapping[str, Any]) -> Raw:
        empty = {name: [] if name in LISTS else "" for name in self.sent}
        values = {name: plain(raw.get(name)) for name in self.properties if name != "id"}
        return {"id": self.key_of(raw)} | {name: empty.get(name) if value is None and name != "team" else value
                                           for name, value in values.items()}  # fmt: skip

    def writes(self, access: Access) -> bool:
        return access.everything


class UserApi(Listed, Added, Changed, AdministeredApi):
    """Users. Nobody is deleted: `active: false` deactivates."""

    label = _l("Users")
    resource_name, name, document = "user", "User", User
    properties = {
        "id": openapi.ID, **dict.fromkeys(("username", "first_name", "last_name", "email", "phone", "time_zone"), TEXT),
        "language": {"type": "string", "enum": list(LANGUAGES)}, "digest": {"type": "string", "enum": list(DIGESTS)},
        "signature": TEXT, "team": TEAM, "leads": IDS, "roles": IDS, "groups": IDS, "active": FLAG,
        "sign_in_way": {"type": "string", "enum": list(SIGN_IN_WAYS)}, "standing": TEXT, "last_login": MOMENT,
        "version": {"type": ["integer", "null"]},
    }  # fmt: skip
    sent = COLUMNS
    more_sent = {"password": {"type": "string", "maxLength": 1_000}}
    required = ("username", "first_name", "last_name", "email")

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return super().told(raw) | {"standing": standing_of(dict(raw)), "active": raw.get("active") is True}

    def create(self, values: Raw) -> Raw:
        """Without a password the user is invited by e-mail."""
        password = values.pop("password", "")
        if password:
            return create_user(rest_access(), values, password, source=Source.REST)
        return invite_user(rest_access(), values)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        change_user(rest_access(), pk, values, password=values.pop("password", ""), version=version,
                    source=Source.REST)  # fmt: skip
        return self.one(pk)


class RoleApi(Listed, Added, Changed, Removed, AdministeredApi):
    """Roles with what they grant."""

    label = _l("Roles")
    resource_name, name, document = "role", "Role", Role
    properties = {"id": openapi.ID, "name": TEXT, "grants": GRANTS, "field_rights": FIELD_RIGHTS, "sign_in_way": TEXT,
                  "version": NUMBER}  # fmt: skip
    sent = ("name", "grants", "field_rights", "sign_in_way")
    required = ("name",)

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return super().told(raw) | {"version": raw.get("version") or 0}

    def create(self, values: Raw) -> Raw:
        return create_role(rest_access(), values, source=Source.REST)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        change_role(rest_access(), pk, {**self.told(self.one(pk)), **values}, version=version, source=Source.REST)
        return self.one(pk)

    def remove(self, pk: str) -> Any:
        return delete_role(rest_access(), pk, source=Source.REST)


class GroupApi(Listed, Added, Changed, Removed, AdministeredApi):
    """Groups: users who share roles."""

    label = _l("Groups")
    resource_name, name, document = "group", "Group", Group
    properties = {"id": openapi.ID, "name": TEXT, "description": TEXT, "roles": IDS, "version": NUMBER}
    sent = ("name", "description", "roles")
    required = ("name",)

    def told(self, raw: Mapping[str, Any]) -> Raw:
        return super().told(raw) | {"version": raw.get("version") or 0}

    def create(self, values: Raw) -> Raw:
        return create_group(rest_access(), values, source=Source.REST)

    def change(self, pk: str, values: Raw, version: int | None) -> Raw:
        change_group(rest_access(), pk, {**self.told(self.one(pk)), **values}, version=version, source=Source.REST)
        return self.one(pk)

    def remove(self, pk: str) -> Any:
        return delete_group(rest_access(), pk, source=Source.REST)


class ApiKeyApi(Listed, Added, Removed):
    """API keys. The answer to adding one holds the key itself, which is told this once; deleting revokes."""

    label = _l("API keys")
    resource_name, name, class_permission_name = "api_key", "ApiKey", ADMINISTRATION
    properties = {
        "id": openapi.ID, "name": TEXT, "shown": TEXT, "owner": openapi.ID, "roles": IDS,
        "ends_on": {"type": ["string", "null"], "format": "date"}, "made_at": MOMENT, "used_at": MOMENT,
        "revoked_at": MOMENT,
    }  # fmt: skip
    sent = ("name", "owner", "roles", "ends_on")
    required = ("name", "owner", "roles")

    def found(self) -> list[Raw]:
        return list_keys(rest_access())

    def writes(self, access: Access) -> bool:
        return access.everything

    def told(self, raw: Mapping[str, Any]) -> Raw:
        ends = raw.get("ends_on")
        return super().told(raw) | {"ends_on": ends.date().isoformat() if ends else None}

    @expose("/", methods=["POST"])
    @protect()
    @permission_name("post")
    def post(self) -> Any:
        """Make a key, which a key may not: whoever finds one could keep the door open."""
        if rest_access().key_id is not None:
            raise Problem(403, _("An API key can't make others. Log in, or use the settings."))
        raw, key = add_key(rest_access(), self.taken())
        answer = jsonify(id=self.key_of(raw), result=self.told(raw), key=key)
        answer.status_code = 201
        return answer

    def answers(self, record: Raw) -> Raw:
        answer = super().answers(record)
        return {**answer, "properties": {**answer["properties"], "key": {**TEXT, "description": "Told this once."}}}

    def remove(self, pk: str) -> Any:
        return revoke_key(rest_access(), pk)
