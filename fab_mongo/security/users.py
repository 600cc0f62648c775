"""The part of the security manager that keeps users and groups."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_appbuilder.const import LOGMSG_ERR_SEC_ADD_USER, LOGMSG_ERR_SEC_UPD_USER, LOGMSG_WAR_SEC_LOGIN_FAILED
from flask_appbuilder.security.manager import BaseSecurityManager
from flask_appbuilder.security.utils import is_null_password
from mongoengine.errors import NotUniqueError, ValidationError
from werkzeug.security import check_password_hash, generate_password_hash

from fab_mongo.request_cache import request_cache
from fab_mongo.security.documents import RegisterUser, now
from fab_mongo.values import is_storable_text, parse_id

log = logging.getLogger(__name__)


class UserStore(BaseSecurityManager):
    """Users, their passwords, groups and registrations, in MongoDB."""

    registeruser_model = RegisterUser

    # Passwords.

    def hash_password(self, password: str) -> str:
        """Return what is stored of a password; override it together with `check_password` for another scheme."""
        return generate_password_hash(
            password,
            method=current_app.config.get("FAB_PASSWORD_HASH_METHOD", "scrypt"),
            salt_length=current_app.config.get("FAB_PASSWORD_HASH_SALT_LENGTH", 16),
        )

    def check_password(self, hashed: str | None, password: str) -> bool:
        """Whether a password is the one of which this was stored. It takes as long when nothing was stored, so that
        the time of an answer does not tell who has an account."""
        fake = current_app.config["AUTH_DB_FAKE_PASSWORD_HASH_CHECK"]
        return check_password_hash(hashed or fake, password) and bool(hashed)

    def reset_password(self, userid: Any, password: str) -> bool:
        """Give a user a new password; False when there is no such user."""
        user = self.get_user_by_id(userid)
        if user is None:
            return False
        user.password = self.hash_password(password)
        return self.update_user(user)

    def auth_user_db(self, username: str | None, password: str | None) -> Any:
        """Return the active user with this name or e-mail address and password, else None; both are counted."""
        if not username or password is None or not is_storable_text(username) or is_null_password(password):
            log.info(LOGMSG_WAR_SEC_LOGIN_FAILED, username)
            return None
        user = self.find_user(username=username) or self.find_user(email=username)
        usable = user is not None and user.is_active
        if self.check_password(user.password if usable else None, password):
            self.update_user_auth_stat(user, True)
            return user
        if usable:
            self.update_user_auth_stat(user, False)
        log.info(LOGMSG_WAR_SEC_LOGIN_FAILED, username)
        return None

    def update_user_auth_stat(self, user: Any, success: bool = True) -> None:
        """Count a login or a failed one, without saving anything else of the user."""
        users = self.user_model.objects(pk=user.pk)
        if success:
            users.update_one(inc__login_count=1, set__last_login=now(), set__fail_login_count=0)
            self.on_user_login(user)
        else:
            users.update_one(inc__fail_login_count=1)
            self.on_user_login_failed(user)

    # Users.

    def load_user(self, pk: Any) -> Any:
        """Return the active user a session or token names, else None."""
        user = self.get_user_by_id(pk)
        return user if user is not None and user.is_active else None

    def get_user_by_id(self, pk: Any) -> Any:
        """Return the user with this key, else None."""
        try:
            key = parse_id(self.user_model, pk)
        except ValueError:
            return None
        return self.user_model.objects(__raw__={"_id": key}).first()

    def find_user(self, username: str | None = None, email: str | None = None) -> Any:
        """Return the user with this name (ignoring case as AUTH_USERNAME_CI says) or e-mail address, else None."""
        if not is_storable_text(f"{username}{email}"):
            return None
        if username:
            return self.user_model.objects(**{self._username_lookup: username}).first()
        return self.user_model.objects(email__iexact=email).first() if email else None

    @property
    def _username_lookup(self) -> str:
        return "username__iexact" if self.auth_username_ci else "username"

    def get_all_users(self) -> list[Any]:
        """Return all users."""
        return list(self.user_model.objects)

    def get_first_user(self) -> Any:
        """Return any user, None when there are none."""
        return self.user_model.objects.first()

    def count_users(self) -> int:
        """Return how many users there are."""
        return self.user_model.objects.count()

    def noop_user_update(self, user: Any) -> None:
        """Write to a user without changing anything."""
        self.user_model.objects(pk=user.pk).update_one(set__login_count=user.login_count)

    def add_user(
        self,
        username: str,
        first_name: str,
        last_name: str,
        email: str,
        role: Any = None,
        password: str = "",
        hashed_password: str = "",
        groups: Sequence[Any] | None = None,
        **more: Any,
    ) -> Any:
        """Create a user and return it; False, with the reason in the log, when it is not valid or not unique.

        `role` is one role or several. Without a password the user cannot log in by one. `more` are further fields.
        """
        user = self.user_model(
            username=username,
            first_name=first_name,
            last_name=last_name,
            email=email,
            active=True,
            roles=_listed(role),
            groups=_listed(groups),
            password=hashed_password or (self.hash_password(password) if password else None),
            **more,
        )
        return self._saved(user, LOGMSG_ERR_SEC_ADD_USER)

    def update_user(self, user: Any) -> bool:
        """Save a changed user; False, with the reason in the log, when it is not valid or not unique."""
        return bool(self._saved(user, LOGMSG_ERR_SEC_UPD_USER))

    @staticmethod
    def _saved(user: Any, complaint: str) -> Any:
        try:
            return user.save()
        except (NotUniqueError, ValidationError) as error:
            log.error(complaint, error)
            return False

    def get_user_roles(self, user: Any) -> list[Any]:
        """Return a user's roles, those of the groups included; the public role for nobody. Read once a request."""
        if user is None or not user.is_authenticated:
            return [self.get_public_role()]
        cache = request_cache()
        key = ("roles", user.get_id())
        if key not in cache:
            cache[key] = self._read_roles(user)
        return cache[key]

    def _read_roles(self, user: Any) -> list[Any]:
        # Lost references stay DBRefs in MongoEngine's lists; they grant nothing.
        groups = [group for group in user.groups if isinstance(group, self.group_model)]
        roles = [*user.roles, *(role for group in groups for role in group.roles)]
        return list({role.pk: role for role in roles if isinstance(role, self.role_model)}.values())

    def get_user_roles_permissions(self, user: Any) -> dict[str, list[tuple[str, str]]]:
        """Return what a user may do, by the name of the role that grants it."""
        return {role.name: sorted(self.get_role_permissions(role)) for role in self.get_user_roles(user)}

    def _is_user_detached(self, user: Any) -> bool:
        # FAB asks SQLAlchemy about this; a MongoEngine document is never attached to anything.
        return False

    # Groups.

    def find_group(self, name: str) -> Any:
        """Return the group with this name, or None."""
        return self.group_model.objects(name=name).first()

    def add_group(
        self,
        name: str,
        label: str,
        description: str,
        roles: Sequence[Any] | None = None,
        users: Sequence[Any] | None = None,
    ) -> Any:
        """Return the group with this name, made if there was none, with these users in it."""
        group = self.find_group(name) or self._new_group(name, label, description, roles)
        for user in users or ():
            self.user_model.objects(pk=user.pk).update_one(add_to_set__groups=group)
        return group

    def _new_group(self, name: str, label: str, description: str, roles: Sequence[Any] | None) -> Any:
        group = self.group_model(name=name, label=label, description=description, roles=_listed(roles))
        try:
            return group.save(force_insert=True)
        except NotUniqueError:
            return self.find_group(name)

    # People who asked for an account.

    def find_register_user(self, registration_hash: str) -> Any:
        """Return the registration with this secret, or None."""
        return self.registeruser_model.objects(registration_hash=registration_hash).first()

    def add_register_user(
        self,
        username: str,
        first_name: str,
        last_name: str,
        email: str,
        password: str = "",
        hashed_password: str = "",
    ) -> Any:
        """Keep a registration until it is confirmed; False when it is not valid or not unique."""
        registration = self.registeruser_model(
            username=username,
            first_name=first_name,
            last_name=last_name,
            email=email,
            password=hashed_password or self.hash_password(password),
            registration_hash=secrets.token_urlsafe(32),
        )
        return self._saved(registration, LOGMSG_ERR_SEC_ADD_USER)

    def del_register_user(self, register_user: Any) -> bool:
        """Forget a registration."""
        register_user.delete()
        return True


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple, set)) else [value]
