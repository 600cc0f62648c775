"""Roles and groups, for administrators: who may do what on which register, as tables rather than permission names."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, StringField

from fab_mongo import MongoInterface
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import ACTIONS, ANY_REGISTER, SETTINGS
from models.security import ADMIN_ROLE, BY_BOTH, BY_CODE, Group, Role, User
from services.roles import change_group, change_role, create_group, create_role, delete_group, delete_role
from services.security import BUILT_IN_ROLES, find_document
from views.administration import AdministrationView, version_of
from views.base import current_access, current_language
from views.forms import CheckboxesField, add_errors, labels_of, options

Raw = dict[str, Any]
ACTION_LABELS = {
    "see": _l("See"), "add": _l("Add"), "change": _l("Change"), "delete": _l("Delete"), "export": _l("Export"),
    "merge": _l("Letters"), "send": _l("Send"), "settings": _l("Settings"),
}  # fmt: skip
SCOPE_LABELS = (("", "–"), ("own", _l("Own")), ("team", _l("Team’s")), ("all", _l("All")))
#: A register's settings are nobody's own.
SETTINGS_LABELS = (("", "–"), ("all", _l("Yes")))
FIELD_ACCESS_LABELS = (("hidden", _l("Hidden")), ("read_only", _l("Read-only")))
ROLE_WAYS = (("", _l("No rule")), (BY_BOTH, _l("Password, then a one-time code")),
             (BY_CODE, _l("User name, then a one-time code")))  # fmt: skip
#: Rows for further fields that a form offers, filled or not.
EMPTY_ROWS = 3


class RoleForm(FlaskForm):
    """A role's name and whether it manages all settings; its tables are read from the request as they are."""

    name = StringField(_l("Name"), description=_l("What these people do, such as Sales or Accounting."))
    #: What is wrong with the tables: {"grants" or "field_rights": [message]}.
    table_errors: Mapping[str, list[str]] = {}
    settings = BooleanField(_l("May change all settings"))
    sign_in_way = SelectField(
        _l("Logging in"), choices=options(ROLE_WAYS), default="",
        description=_l("Those who have the role log in so; what is set for a user can only ask for more."),
    )


class GroupForm(FlaskForm):
    """Users who share roles."""

    name = StringField(_l("Name"))
    description = StringField(_l("Description"))
    roles = CheckboxesField(_l("Roles of everybody in the group"))

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.roles.choices = options((str(role.pk), role.name) for role in Role.objects(name__ne="Public"))


# What the role's form sends


def posted_grants() -> list[dict[str, str]]:
    """The table of scopes, and the right to manage all settings."""
    cells = [(register, action) for register in (ANY_REGISTER, *REGISTERS) for action in granted_actions(register)]
    grants = [{"register": register, "action": action, "scope": request.form.get(f"grant.{register}.{action}", "")}
              for register, action in cells]  # fmt: skip
    if "settings" in request.form:
        grants.append({"register": SETTINGS, "action": "change", "scope": "all"})
    return [grant for grant in grants if grant["scope"]]


def posted_field_rights() -> list[dict[str, str]]:
    """The rows of restricted fields; rows without a field are left out."""
    columns, kinds = request.form.getlist("right_field"), request.form.getlist("right_access")
    rows = zip(columns, [*kinds, *[""] * len(columns)], strict=False)
    return [
        {"register": column.partition(".")[0], "column": column.partition(".")[2], "access": access}
        for column, access in rows if column
    ]  # fmt: skip


def grant_table(grants: Iterable[Mapping[str, Any]]) -> list[Raw]:
    """A row for each register, "all registers" first: its label, and for each action the scope granted; None for an
    action that means nothing there."""
    scopes = {(grant["register"], grant["action"]): grant["scope"] for grant in grants}
    labels = {ANY_REGISTER: _("All registers"), **{key: str(card.label) for key, card in REGISTERS.items()}}
    return [
        {"key": key, "label": label,
         "cells": [{"action": action, "label": str(ACTION_LABELS[action]), "scope": scopes.get((key, action), ""),
                    "scopes": scope_labels(action)} if action in granted_actions(key) else None for action in ACTIONS]}
        for key, label in labels.items()
    ]  # fmt: skip


def granted_actions(register: str) -> Sequence[str]:
    """What roles may grant on a register, or on all of them."""
    return REGISTERS[register].actions if register in REGISTERS else ACTIONS


def scope_labels(action: str) -> Sequence[tuple[str, Any]]:
    """(value, label) of what may be granted of an action."""
    return SETTINGS_LABELS if action == "settings" else SCOPE_LABELS


def field_options() -> list[tuple[str, list[tuple[str, str]]]]:
    """(register, [(its value, label) of each field]) for the rows of restricted fields."""
    language = current_language()
    return [
        (str(card.label), [(f"{key}.{field.column}", field.label_in(language)) for field in schema_of(key).fields])
        for key, card in REGISTERS.items()
    ]  # fmt: skip


def summary(role: Role) -> str:
    """What a role grants, in one line."""
    if role.name == ADMIN_ROLE:
        return _("Everything, settings and users too")
    labels = {ANY_REGISTER: _("all registers"), **{key: str(card.label) for key, card in REGISTERS.items()}}
    actions: dict[str, list[str]] = {}
    for grant in role.grants:
        if grant.register in labels:
            scope = "" if grant.scope == "all" else f" ({dict(SCOPE_LABELS)[grant.scope]})"
            actions.setdefault(labels[grant.register], []).append(str(ACTION_LABELS[grant.action]) + scope)
    parts = [f"{register}: {', '.join(found).lower()}" for register, found in actions.items()]
    if any(grant.register == SETTINGS for grant in role.grants):
        parts.append(_("all settings"))
    text = "; ".join(parts) or _("Nothing yet")
    return text[:1].upper() + text[1:]


# The screens


class RoleView(AdministrationView):
    """Roles with what they grant. The built-in ones are shown and not changed."""

    datamodel = MongoInterface(Role)
    route_base = "/settings/roles"
    document_name, form_type = "role", RoleForm

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        roles = [{"id": str(role.pk), "name": role.name, "summary": summary(role), "fixed": role.name in BUILT_IN_ROLES,
                  "users": User.objects(roles=role).count()} for role in Role.objects(name__ne="Public")]  # fmt: skip
        return self.render_template("security/roles.html", title=_("Roles"), roles=roles, endpoint=self.endpoint)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        if find_document("role", pk)["name"] in BUILT_IN_ROLES:
            flash(_("This role is part of Kortisto and can't be changed."), "info")
            return redirect(self.list_url())
        return super().edit(pk)

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        return self.remove(pk, delete_role, _("The role %(name)s was deleted."))

    def form_values(self, raw: Mapping[str, Any]) -> Raw:
        return {"name": raw["name"], "settings": manages_settings(raw), "sign_in_way": raw.get("sign_in_way") or ""}

    def shown_values(self, form: RoleForm, now: Raw) -> Raw:
        ways = labels_of(form.sign_in_way)
        return {"settings": _("Yes") if now["settings"] else _("No"), "sign_in_way": ways[now["sign_in_way"]]}

    def create(self, form: RoleForm) -> str:
        return _("%(name)s was added.", name=create_role(current_access(), self.posted(form))["name"])

    def change(self, pk: str, form: RoleForm, version: int) -> str:
        return change_role(current_access(), pk, self.posted(form), version=version)["name"]

    def posted(self, form: RoleForm) -> Raw:
        return {"name": form.name.data, "grants": posted_grants(), "field_rights": posted_field_rights(),
                "sign_in_way": form.sign_in_way.data}  # fmt: skip

    def wants_saving(self, form: RoleForm) -> bool:
        """Whether the form is to be saved: the button for more rows only asks for more rows."""
        return form.validate() and "more" not in request.form

    def show_errors(self, form: RoleForm, error: ValidationFailed) -> None:
        """Messages beside the name, and above the table that they are about."""
        form.table_errors = {name: texts for name, texts in error.messages().items() if name not in form}
        add_errors(form, ValidationFailed({name: texts for name, texts in error.errors.items() if name in form}))

    def has_errors(self, form: RoleForm) -> bool:
        return bool(form.errors or form.table_errors)

    def form_page(self, form: RoleForm, raw: Raw | None, status: int) -> Any:
        stored = raw or {}
        posted = request.method == "POST"
        now = {(grant["register"], grant["action"]): grant["scope"] for grant in stored.get("grants") or ()}
        rights = posted_field_rights() if posted else stored.get("field_rights") or []
        form.name.flags.required = True
        return self.render_template(
            "security/role.html", form=form, title=_("New role") if raw is None else raw["name"], raw=raw,
            version=version_of(raw), back=self.list_url(),
            actions=ACTION_LABELS, field_access=FIELD_ACCESS_LABELS, options=field_options(),
            table=grant_table(posted_grants() if posted else stored.get("grants") or ()),
            stored=now if status == 409 else {}, conflict=status == 409,
            rights=[*rights, *[{}] * (EMPTY_ROWS * (2 if "more" in request.form else 1))],
        ), status  # fmt: skip


def manages_settings(raw: Mapping[str, Any]) -> bool:
    return any(grant["register"] == SETTINGS for grant in raw.get("grants") or ())


class GroupView(AdministrationView):
    """Groups: users who share roles."""

    datamodel = MongoInterface(Group)
    route_base = "/settings/groups"
    document_name, form_type = "group", GroupForm
    list_title = _l("Groups")
    list_columns = ["name", "description", "roles"]
    label_columns = {"name": _l("Name"), "description": _l("Description"), "roles": _l("Roles")}

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        return self.remove(pk, delete_group, _("The group %(name)s was deleted."))

    def form_values(self, raw: Mapping[str, Any]) -> Raw:
        return {"name": raw.get("name") or "", "description": raw.get("description") or "",
                "roles": [str(role) for role in raw.get("roles") or ()]}  # fmt: skip

    def shown_values(self, form: GroupForm, now: Raw) -> Raw:
        labels = labels_of(form.roles)
        return {"roles": ", ".join(labels.get(role, role) for role in now["roles"])}

    def create(self, form: GroupForm) -> str:
        return _("%(name)s was added.", name=create_group(current_access(), form.data)["name"])

    def change(self, pk: str, form: GroupForm, version: int) -> str:
        return change_group(current_access(), pk, form.data, version=version)["name"]

    def form_page(self, form: GroupForm, raw: Raw | None, status: int) -> Any:
        form.name.flags.required = True
        return self.render_template(
            "security/group.html", form=form, title=_("New group") if raw is None else raw["name"], raw=raw,
            version=version_of(raw), back=self.list_url(),
        ), status  # fmt: skip
