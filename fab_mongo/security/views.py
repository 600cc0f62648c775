"""The screens of FAB's security over documents. They keep FAB's names, which permissions and addresses go by."""

from __future__ import annotations

from typing import Any, TypeVar

import mongoengine as me
from flask import abort, flash, redirect, request
from flask_appbuilder.actions import action
from flask_appbuilder.exceptions import DeleteGroupWithUsersException, DeleteRoleWithUsersException
from flask_appbuilder.fieldwidgets import BS3TextFieldWidget
from flask_appbuilder.security import forms as fab_forms
from flask_appbuilder.security import views as fab
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from fab_mongo.form_validators import Storable
from fab_mongo.interface import MongoInterface
from fab_mongo.views import MongoModelView

View = TypeVar("View", bound=type[MongoModelView])


def bound(view: View, document_class: type[me.Document]) -> View:
    """Return the view over this document class; one that has its own interface already is left as it is."""
    if view.datamodel is not None:
        return view
    return type(view.__name__, (view,), {"datamodel": MongoInterface(document_class)})


class PermissionModelView(MongoModelView, fab.PermissionModelView):
    """Lists what can be done."""

    list_columns = ["name"]


class ViewMenuModelView(MongoModelView, fab.ViewMenuModelView):
    """Lists what permissions are about."""

    list_columns = ["name"]


class PermissionViewModelView(MongoModelView, fab.PermissionViewModelView):
    """Lists the permissions on views."""

    list_columns = ["permission_name", "view_menu_name"]
    search_columns = ["permission_name", "view_menu_name"]
    label_columns = {"permission_name": _l("Permission"), "view_menu_name": _l("View/Menu")}


class UserModelView(MongoModelView, fab.UserModelView):
    """Users, whoever checks their passwords."""

    show_fieldsets = [
        (_l("User info"), {"fields": ["username", "active", "roles", "groups", "login_count"]}),
        (_l("Personal Info"), {"fields": ["first_name", "last_name", "email"], "expanded": True}),
        (
            _l("Audit Info"),
            {"fields": ["last_login", "fail_login_count", "created_on", "changed_on"], "expanded": False},
        ),
    ]
    user_show_fieldsets = [
        (_l("User info"), {"fields": ["username", "active", "roles", "groups", "login_count"]}),
        (_l("Personal Info"), {"fields": ["first_name", "last_name", "email"], "expanded": True}),
    ]


class UserDBModelView(UserModelView, fab.UserDBModelView):
    """Users with passwords of this application."""

    show_fieldsets = UserModelView.show_fieldsets
    user_show_fieldsets = UserModelView.user_show_fieldsets

    def pre_add(self, item: Any) -> None:
        """Keep the hash of the password only."""
        item.password = self.appbuilder.sm.hash_password(item.password)

    def pre_update(self, item: Any) -> None:
        """Leave to the document when it was saved."""


class RoleModelView(MongoModelView, fab.RoleModelView):
    """Roles and what they grant."""

    search_columns = ["name", "permissions"]

    @action("copyrole", _l("Copy Role"), _l("Copy the selected roles?"), icon="fa-copy", single=False)
    def copy_role(self, items: Any) -> Any:
        """Make copies of roles, with names that are free."""
        self.update_redirect()
        for item in items:
            copied = type(item)(name=self._free_name(item.name), permissions=item.permissions)
            if not self.datamodel.add(copied):
                flash(*self.datamodel.message)
        return redirect(self.get_redirect())

    def _free_name(self, name: str) -> str:
        longest = self.datamodel.get_max_length("name")
        number = 1
        while True:
            suffix = " copy" if number == 1 else f" copy {number}"
            candidate = name[: longest - len(suffix)] + suffix
            if self.appbuilder.sm.find_role(candidate) is None:
                return candidate
            number += 1

    def pre_delete(self, item: Any) -> None:
        """Refuse to delete a role that somebody has."""
        if self.appbuilder.sm.user_model.objects(roles=item).first():
            raise DeleteRoleWithUsersException(_("User(s) exists in the role, cannot delete"))


class UserGroupModelView(MongoModelView, fab.UserGroupModelView):
    """Groups of users who share roles."""

    list_columns = ["name", "label", "roles"]
    show_columns = ["name", "label", "description", "roles"]
    add_columns = edit_columns = ["name", "label", "description", "roles"]

    def pre_delete(self, item: Any) -> None:
        """Refuse to delete a group that somebody is in."""
        if self.appbuilder.sm.user_model.objects(groups=item).first():
            raise DeleteGroupWithUsersException(_("User(s) exists in the group, cannot delete"))


class RegisterUserModelView(MongoModelView, fab.RegisterUserModelView):
    """People who asked for an account."""

    search_columns = ["username", "email"]


class ResetPasswordView(fab.ResetPasswordView):
    """Gives another user a new password."""

    def form_get(self, form: Any) -> None:
        """Refuse an address that names nobody."""
        self._user_or_404()

    def form_post(self, form: Any) -> None:
        """Give the user the new password."""
        self.appbuilder.sm.reset_password(self._user_or_404().pk, form.password.data)
        flash(str(self.message), "info")

    def _user_or_404(self) -> Any:
        user = self.appbuilder.sm.get_user_by_id(request.args.get("pk"))
        if user is None:
            abort(404)
        return user


def _name_field(label: Any, description: Any) -> StringField:
    checks = [DataRequired(), Length(max=64), Storable()]
    return StringField(label, validators=checks, widget=BS3TextFieldWidget(), description=description)


class UserInfoEdit(fab_forms.UserInfoEdit):
    """What users may change of themselves."""

    first_name = _name_field(_l("First Name"), _l("Write the user first name or names"))
    last_name = _name_field(_l("Last Name"), _l("Write the user last name"))


class UserInfoEditView(fab.UserInfoEditView):
    """Lets users change their names."""

    form = UserInfoEdit
