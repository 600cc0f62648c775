"""Signing in and rights, as Flask-AppBuilder asks for them: grants on registers decide about registers' screens."""

from collections.abc import Mapping
from typing import Any

from flask import current_app, g, session

from fab_mongo import MongoSecurityManager
from models.registers import REGISTERS
from models.rights import SETTINGS
from models.security import Group, Role, User
from services.audit import What, target_user, write_now
from services.merge import registers_to_merge
from services.outside_users import Outsider, has_own_password, user_from_outside
from services.passwords import hash_password, is_password
from services.recycle_bin import may_restore
from services.repeating import REGISTER as TASK_REGISTER
from services.sessions import goes_on
from services.settings import registers_to_set_up
from services.users import user_named
from views.authenticator import AuthenticatorView
from views.base import access_of_user, current_access, current_user
from views.looking import user_to_show
from views.open_id import OpenIdView
from views.permissions import (
    ACTION_OF,
    ADMINISTRATION,
    ADMINISTRATION_ITEMS,
    ALL_SETTINGS_ITEM,
    BIN_ITEM,
    CALENDAR_ITEM,
    JOBS_ITEM,
    LETTERS_ITEM,
    OUTBOX_ITEM,
    OWN,
    REGISTER_SETTINGS,
    REPORTS_ITEM,
    SETTINGS_GROUP,
    SETTINGS_ITEMS,
    TASKS_ITEM,
    TRAY_ITEM,
)
from views.profile import ProfileView
from views.rest.callers import user_by_key
from views.rest.security import ERA, SecurityApi
from views.roles import GroupView, RoleView
from views.sign_in import TOKEN, SignInView
from views.users import UserView

__all__ = ["OWN", "SecurityManager"]

#: The menu items that rights on registers and settings decide about.
MENU_BY_GRANTS = frozenset((*REGISTERS, SETTINGS_GROUP, *SETTINGS_ITEMS, *ADMINISTRATION_ITEMS, LETTERS_ITEM, OWN,
                            JOBS_ITEM, BIN_ITEM, CALENDAR_ITEM, TASKS_ITEM, REPORTS_ITEM, TRAY_ITEM,
                            OUTBOX_ITEM))  # fmt: skip


class SecurityManager(MongoSecurityManager):
    """Users, roles and groups of Kortisto. Passwords are kept as Argon2id."""

    user_model, role_model, group_model = User, Role, Group
    authdbview = SignInView
    security_api = SecurityApi
    userdbmodelview, rolemodelview, groupmodelview = UserView, RoleView, GroupView

    def register_views(self) -> None:
        """Signing in, by page and by REST, users, roles and groups; Flask-AppBuilder's own screens of permissions,
        registrations and statistics are left out."""
        self.appbuilder.add_api(self.security_api)
        self.auth_view = self.appbuilder.add_view_no_menu(self.authdbview())
        self.limiter.limit(self.auth_rate_limit, methods=["POST"])(self.auth_view.blueprint)
        self.user_view = self.appbuilder.add_view_no_menu(self.userdbmodelview)
        for view in (self.rolemodelview, self.groupmodelview, ProfileView, AuthenticatorView, OpenIdView):
            self.appbuilder.add_view_no_menu(view)

    # Logging in from outside.

    def auth_user_ldap(self, username: str, password: str) -> User | None:
        """The user with this name and password in the directory. Raises OutsideProblem, OutsideUnreachable."""
        from services.directory import find_in_directory

        known = user_named(username)
        outsider = find_in_directory(known.username if known else username.strip(), password)
        return self.auth_user_oauth(outsider) if outsider is not None else None

    def confirms(self, user: User, password: str) -> bool:
        """Whether this is the password by which a user who is in already logs in. Raises OutsideUnreachable."""
        if has_own_password(user) and is_password(user.password, password):
            return True
        if not current_app.config["AUTH_LDAP_SERVER"]:
            return False
        from services.directory import find_in_directory

        return find_in_directory(user.username, password) is not None

    def has_password(self, user: User) -> bool:
        """Whether there is a password to ask such a user for: whoever comes by a provider's page has none here."""
        return bool((user.password and has_own_password(user)) or current_app.config["AUTH_LDAP_SERVER"])

    def auth_user_oauth(self, userinfo: Outsider) -> User:
        """The user whom a directory or a provider vouches for. Raises OutsideProblem."""
        user = user_from_outside(userinfo)
        self.update_user_auth_stat(user)
        return user

    # Flask-AppBuilder's commands write users past `services.users`.

    def add_user(self, *args: Any, **values: Any) -> Any:
        user = super().add_user(*args, **values)
        if user:
            write_now(What.USER_CHANGED, None, target=target_user(user.pk), details={"action": "create",
                      "source": "shell"})  # fmt: skip
        return user

    def reset_password(self, userid: Any, password: str) -> bool:
        done = super().reset_password(userid, password)
        if done:
            write_now(What.PASSWORD_CHANGED, None, target=target_user(self.get_user_by_id(userid).pk),
                      details={"source": "shell"})  # fmt: skip
        return done

    def hash_password(self, password: str) -> str:
        return hash_password(password)

    def check_password(self, hashed: str | None, password: str) -> bool:
        return is_password(hashed, password)

    def load_user(self, pk: Any) -> User | None:
        """The user that the session's cookie names, as long as the session goes on, or as whom an administrator looks.
        """
        user: User | None = super().load_user(pk)
        return user_to_show(user) if user is not None and goes_on(user, session.get(TOKEN)) else None

    def load_user_jwt(self, _header: Any, claims: Mapping[str, Any]) -> User | None:
        """The user that a program's token names, as long as the user's tokens are good."""
        user: User | None = super().load_user(claims["sub"])
        if user is None or claims.get(ERA, 0) != user.token_era:
            return None
        g.user = user
        return user

    def validate_api_key(self, api_key_string: str) -> User | None:
        """The user in whose name a program's API key works, with the rights of the key."""
        return user_by_key()

    def _has_view_access(self, user: User, permission_name: str, view_name: str) -> bool:
        if view_name == OWN:
            return True
        if view_name in REGISTERS:
            action = ACTION_OF.get(permission_name)
            return action is not None and access_of_user(user).may(view_name, action)
        if view_name == SETTINGS:
            return access_of_user(user).may(SETTINGS, "change")
        if view_name == REGISTER_SETTINGS:
            return bool(registers_to_set_up(access_of_user(user)))
        if view_name == ADMINISTRATION:
            return access_of_user(user).everything
        return super()._has_view_access(user, permission_name, view_name)

    def get_user_menu_access(self, menu_names: list[str] | None = None) -> set[str]:
        """The menu items a user sees: registers' and settings' by grants, Flask-AppBuilder's own by permission."""
        if current_user() is None:
            return set(super().get_user_menu_access(menu_names))
        others = [name for name in menu_names or () if name not in MENU_BY_GRANTS]
        found = set(super().get_user_menu_access(others)) if others or menu_names is None else set()
        access = current_access()
        found.update(key for key in REGISTERS if access.may(key, "see"))
        if registers_to_set_up(access):
            found.update((SETTINGS_GROUP, ALL_SETTINGS_ITEM))
        if access.may(SETTINGS, "change"):
            found.update((SETTINGS_GROUP, *SETTINGS_ITEMS))
        if access.everything:
            found.update((SETTINGS_GROUP, *ADMINISTRATION_ITEMS))
        if access.may(TASK_REGISTER, "see"):
            found.add(TASKS_ITEM)
        if any(access.may(key, "see") for key in REGISTERS):
            found.add(REPORTS_ITEM)
        if registers_to_merge(access):
            found.add(LETTERS_ITEM)
        if may_restore(access):
            found.add(BIN_ITEM)
        return found | {OWN, JOBS_ITEM, CALENDAR_ITEM, TRAY_ITEM, OUTBOX_ITEM}
