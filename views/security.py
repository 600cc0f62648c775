"""Signing in and rights, as Flask-AppBuilder asks for them: grants on registers decide about registers' screens."""

import argon2
from flask import g

from fab_mongo import MongoSecurityManager
from models.registers import REGISTERS
from models.rights import SETTINGS
from models.security import Group, Role, User
from services.security import access_for
from views.base import current_language
from views.rest.security import SecurityApi

#: The class_permission_name of screens that everybody has who is signed in: one's own jobs, files, letters.
OWN = "own"
#: Flask-AppBuilder's permissions on a register's screens and REST, as actions of the rights model.
ACTION_OF = {
    "can_list": "see", "can_show": "see", "can_get": "see", "can_info": "see", "can_download": "export",
    "can_add": "add", "can_post": "add", "can_bulk": "add", "can_edit": "change", "can_put": "change",
    "can_delete": "delete", "can_merge": "merge",
}  # fmt: skip


class SecurityManager(MongoSecurityManager):
    """Users, roles and groups of Kortisto. Passwords are kept as Argon2id."""

    user_model, role_model, group_model = User, Role, Group
    security_api = SecurityApi
    hasher = argon2.PasswordHasher()

    def hash_password(self, password: str) -> str:
        return self.hasher.hash(password)

    def check_password(self, hashed: str | None, password: str) -> bool:
        """Whether the password is right; an account that is not there takes as long as a wrong password."""
        try:
            return self.hasher.verify(hashed or self.unknown_hash(), password) and bool(hashed)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False

    def unknown_hash(self) -> str:
        """The hash of no password, made once in a process."""
        if not hasattr(self, "_unknown_hash"):
            self._unknown_hash = self.hasher.hash("no such account")
        return self._unknown_hash

    def _has_view_access(self, user: User, permission_name: str, view_name: str) -> bool:
        if view_name == OWN:
            return True
        if view_name in REGISTERS:
            action = ACTION_OF.get(permission_name)
            return action is not None and access_for(user, current_language()).may(view_name, action)
        if view_name == SETTINGS:
            return access_for(user, current_language()).may(SETTINGS, "change")
        return super()._has_view_access(user, permission_name, view_name)

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """The menu items a user sees: Flask-AppBuilder's by permission, registers' and settings' by grants."""
        found = set(super().get_user_menu_access(menu_names))
        user = getattr(g, "user", None)
        if user is None or not user.is_authenticated:
            return found
        access = access_for(user, current_language())
        found.update(key for key in REGISTERS if access.may(key, "see"))
        if access.may(SETTINGS, "change"):
            found.add(SETTINGS)
        return found | {OWN}
