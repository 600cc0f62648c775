"""The security manager: FAB's, with everything it keeps in MongoDB."""

from __future__ import annotations

from typing import Any

import click
from flask import current_app

from fab_mongo.errors import NoSqlSessionError
from fab_mongo.security import views
from fab_mongo.security.api import SecurityApi
from fab_mongo.security.permissions import PermissionStore
from fab_mongo.security.users import UserStore


class NoSqlSession:
    """Stands where FAB keeps its SQL session, to say what is going on when something asks for one."""

    def get_bind(self, **_options: Any) -> None:
        """End `flask fab create-db`, the one thing that asks, with a sentence."""
        click.echo("Nothing to create: MongoDB makes collections and indexes when they are first used.")
        raise click.exceptions.Exit(0)

    def __getattr__(self, name: str) -> Any:
        raise NoSqlSessionError(f"This application keeps its data in MongoDB: there is no SQL session to {name}.")


class MongoSecurityManager(PermissionStore, UserStore):
    """Users, roles, groups and permissions of Flask-AppBuilder in MongoDB.

    A subclass sets `user_model`, `role_model` and `group_model` to its documents, and may replace any view. Pass it as
    `AppBuilder(app, None, security_manager_class=...)`. Permissions of views and menus are written only when
    FAB_UPDATE_PERMS is set: let one process do so at a start, not every worker.
    """

    userdbmodelview = views.UserDBModelView
    userldapmodelview = views.UserModelView
    useroauthmodelview = views.UserModelView
    userremoteusermodelview = views.UserModelView
    usersamlmodelview = views.UserModelView
    rolemodelview = views.RoleModelView
    groupmodelview = views.UserGroupModelView
    permissionmodelview = views.PermissionModelView
    viewmenumodelview = views.ViewMenuModelView
    permissionviewmodelview = views.PermissionViewModelView
    registerusermodelview = views.RegisterUserModelView
    resetpasswordview = views.ResetPasswordView
    userinfoeditview = views.UserInfoEditView
    security_api = SecurityApi
    # FAB's statistics are drawn by a script from Google.
    userstatschartview = None

    def __init__(self, appbuilder: Any) -> None:
        super().__init__(appbuilder)
        appbuilder._session = NoSqlSession()
        if "FAB_UPDATE_PERMS" not in current_app.config:
            appbuilder.update_perms = False
        self._bind_views()
        self.create_db()

    def _bind_views(self) -> None:
        """Give the security views the interfaces of this application's documents."""
        users = ("userdbmodelview", "userldapmodelview", "useroauthmodelview", "userremoteusermodelview")
        documents = {
            **dict.fromkeys((*users, "usersamlmodelview"), self.user_model),
            "rolemodelview": self.role_model,
            "groupmodelview": self.group_model,
            "permissionmodelview": self.permission_model,
            "viewmenumodelview": self.viewmenu_model,
            "permissionviewmodelview": self.permissionview_model,
            "registerusermodelview": self.registeruser_model,
        }
        for name, document_class in documents.items():
            setattr(self, name, views.bound(getattr(self, name), document_class))
