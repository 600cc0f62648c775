"""Roles and groups, for administrators: who may do what on which register, as tables rather than permission names."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, StringField

from fab_mongo import MongoInterface, MongoModelView
from models.fields.errors import ValidationFailed
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import ACTIONS, ANY_REGISTER, SETTINGS
from models.security import ADMIN_ROLE, Group, Role, User
from services.records import VersionConflict
from services.roles import change_group, change_role, create_group, create_role, delete_group, delete_role
from services.security import BUILT_IN_ROLES, find_document
from views.base import current_access, current_language
from views.forms import CheckboxesField, add_differences, add_errors, labels_of, options, version_seen
from views.permissions import ADMINISTRATION

Raw = dict[str, Any]
ACTION_LABELS = {
    "see": _l("See"), "add": _l("Add"), "change": _l("Change"), "delete": _l("Delete"), "export": _l("Export"),
    "merge": _l("Letters"),
}  # fmt: skip
SCOPE_LABELS = (("", "–"), ("own", _l("Own")), ("team", _l("Team’s")), ("all", _l("All")))
FIELD_ACCESS_LABELS = (("hidden", _l("Hidden")), ("read_only", _l("Read-only")))
#: Rows for further fields that a form offers, filled or not.
EMPTY_ROWS = 3


class RoleForm(FlaskForm):
    """A role's name and whether it manages settings; its tables are read from the request as they are."""

    name = StringField(_l("Name"), description=_l("What these people do, such as Sales or Accounting."))
    #: What is wrong with the tables: {"grants" or "field_rights": [message]}.
    table_errors: Mapping[str, list[str]] = {}
    settings = BooleanField(_l("May define fields and teams"))


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
    """The table of scopes, and the right to manage settings."""
    cells = [(register, action) for register in (ANY_REGISTER, *REGISTERS) for action in ACTIONS]
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
    """A row for each register, "all registers" first: its label, and for each action the scope granted."""
    scopes = {(grant["register"], grant["action"]): grant["scope"] for grant in grants}
    labels = {ANY_REGISTER: _("All registers"), **{key: str(card.label) for key, card in REGISTERS.items()}}
    return [
        {"key": key, "label": label,
         "cells": [{"action": action, "label": str(ACTION_LABELS[action]), "scope": scopes.get((key, action), "")}
                   for action in ACTIONS]}
        for key, label in labels.items()
    ]  # fmt: skip


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
        parts.append(_("fields and teams"))
    text = "; ".join(parts) or _("Nothing yet")
    return text[:1].upper() + text[1:]


# The screens


class RoleView(MongoModelView):
    """Roles with what they grant. The built-in ones are shown and not changed."""

    datamodel = MongoInterface(Role)
    route_base = "/settings/roles"
    class_permission_name = ADMINISTRATION
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        roles = [{"id": str(role.pk), "name": role.name, "summary": summary(role), "fixed": role.name in BUILT_IN_ROLES,
                  "users": User.objects(roles=role).count()} for role in Role.objects(name__ne="Public")]  # fmt: skip
        return self.render_template("security/roles.html", title=_("Roles"), roles=roles, endpoint=self.endpoint)

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        return redirect(url_for(f"{self.endpoint}.edit", pk=pk))

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        form = RoleForm()
        if request.method == "POST" and self.wants_saving(form):
            try:
                role = create_role(current_access(), self.posted(form))
                flash(_("%(name)s was added.", name=role["name"]), "success")
                return redirect(url_for(f"{self.endpoint}.list"))
            except ValidationFailed as error:
                show_errors(form, error)
        return self.form_page(form, None, 422 if form.errors or form.table_errors else 200)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        raw = find_document("role", pk)
        if raw["name"] in BUILT_IN_ROLES:
            flash(_("This role is part of Kortisto and can't be changed."), "info")
            return redirect(url_for(f"{self.endpoint}.list"))
        form = RoleForm(data={"name": raw["name"], "settings": manages_settings(raw)})
        if request.method == "POST" and self.wants_saving(form):
            try:
                saved = change_role(current_access(), pk, self.posted(form), version=version_seen())
                flash(_("%(name)s was saved.", name=saved["name"]), "success")
                return redirect(url_for(f"{self.endpoint}.list"))
            except ValidationFailed as error:
                show_errors(form, error)
            except VersionConflict as conflict:
                return self.conflict_page(form, conflict)
        return self.form_page(form, raw, 422 if form.errors or form.table_errors else 200)

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        try:
            role = delete_role(current_access(), pk)
            flash(_("The role %(name)s was deleted.", name=role["name"]), "success")
        except ValidationFailed as error:
            flash(" ".join(text for texts in error.messages().values() for text in texts), "danger")
        return redirect(url_for(f"{self.endpoint}.list"))

    def wants_saving(self, form: RoleForm) -> bool:
        """Whether the form is to be saved: the button for more rows only asks for more rows."""
        return form.validate() and "more" not in request.form

    def posted(self, form: RoleForm) -> Raw:
        return {"name": form.name.data, "grants": posted_grants(), "field_rights": posted_field_rights()}

    def conflict_page(self, form: RoleForm, conflict: VersionConflict) -> Any:
        now = conflict.current
        add_differences(form, {"name": now["name"], "settings": manages_settings(now)},
                        {"settings": _("Yes") if manages_settings(now) else _("No")})  # fmt: skip
        flash(str(conflict), "warning")
        return self.form_page(form, now, 409)

    def form_page(self, form: RoleForm, raw: Raw | None, status: int) -> Any:
        stored = raw or {}
        posted = request.method == "POST"
        now = {(grant["register"], grant["action"]): grant["scope"] for grant in stored.get("grants") or ()}
        rights = posted_field_rights() if posted else stored.get("field_rights") or []
        form.name.flags.required = True
        return self.render_template(
            "security/role.html", form=form, title=_("New role") if raw is None else raw["name"], raw=raw,
            version=(stored.get("version") or 0) if raw else None, back=url_for(f"{self.endpoint}.list"),
            actions=ACTION_LABELS, scopes=SCOPE_LABELS, field_access=FIELD_ACCESS_LABELS, options=field_options(),
            table=grant_table(posted_grants() if posted else stored.get("grants") or ()),
            stored=now if status == 409 else {}, conflict=status == 409,
            rights=[*rights, *[{}] * (EMPTY_ROWS * (2 if "more" in request.form else 1))],
        ), status  # fmt: skip


def show_errors(form: RoleForm, error: ValidationFailed) -> None:
    """Messages beside the name, and above the table that they are about."""
    form.table_errors = {name: texts for name, texts in error.messages().items() if name not in form}
    add_errors(form, ValidationFailed({name: texts for name, texts in error.errors.items() if name in form}))


def manages_settings(raw: Mapping[str, Any]) -> bool:
    return any(grant["register"] == SETTINGS for grant in raw.get("grants") or ())


class GroupView(MongoModelView):
    """Groups: users who share roles."""

    datamodel = MongoInterface(Group)
    route_base = "/settings/groups"
    class_permission_name = ADMINISTRATION
    base_permissions = ["can_list", "can_show", "can_add", "can_edit", "can_delete"]
    list_title = _l("Groups")
    list_columns = ["name", "description", "roles"]
    label_columns = {"name": _l("Name"), "description": _l("Description"), "roles": _l("Roles")}

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        """The list, at the short address too."""
        return super().list()

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        return redirect(url_for(f"{self.endpoint}.edit", pk=pk))

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        form = GroupForm()
        if request.method == "POST" and form.validate():
            try:
                group = create_group(current_access(), form.data)
                flash(_("%(name)s was added.", name=group["name"]), "success")
                return redirect(url_for(f"{self.endpoint}.list"))
            except ValidationFailed as error:
                add_errors(form, error)
        return self.form_page(form, None, 422 if form.errors else 200)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        raw = find_document("group", pk)
        form = GroupForm(data=group_values(raw))
        if request.method == "POST" and form.validate():
            try:
                saved = change_group(current_access(), pk, form.data, version=version_seen())
                flash(_("%(name)s was saved.", name=saved["name"]), "success")
                return redirect(url_for(f"{self.endpoint}.list"))
            except ValidationFailed as error:
                add_errors(form, error)
            except VersionConflict as conflict:
                raw = conflict.current
                names = labels_of(form.roles)
                roles = ", ".join(names.get(role, role) for role in group_values(raw)["roles"])
                add_differences(form, group_values(raw), {"roles": roles})
                flash(str(conflict), "warning")
                return self.form_page(form, raw, 409)
        return self.form_page(form, raw, 422 if form.errors else 200)

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Any:
        try:
            group = delete_group(current_access(), pk)
            flash(_("The group %(name)s was deleted.", name=group["name"]), "success")
        except ValidationFailed as error:
            flash(" ".join(text for texts in error.messages().values() for text in texts), "danger")
        return redirect(url_for(f"{self.endpoint}.list"))

    def form_page(self, form: GroupForm, raw: Raw | None, status: int) -> Any:
        form.name.flags.required = True
        return self.render_template(
            "security/group.html", form=form, title=_("New group") if raw is None else raw["name"], raw=raw,
            version=(raw.get("version") or 0) if raw else None, back=url_for(f"{self.endpoint}.list"),
        ), status  # fmt: skip


def group_values(raw: Mapping[str, Any]) -> Raw:
    return {"name": raw.get("name") or "", "description": raw.get("description") or "",
            "roles": [str(role) for role in raw.get("roles") or ()]}  # fmt: skip
