"""The documents of FAB's security: permissions as they are, users, roles and groups to be made concrete.

An application writes `class Role(AbstractRole): pass`, and the same for `Group` and `User`; the references between
them go by these names. With other names, or with meta of its own, it declares `roles` and `groups` again.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Self

import mongoengine as me
from flask_babel import lazy_gettext as _l


def now() -> dt.datetime:
    """Return the current moment in UTC, to the millisecond that MongoDB keeps."""
    moment = dt.datetime.now(dt.UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(frozen=True)
class Named:
    """What FAB expects of a permission's parts: a thing with a name."""

    name: str

    def __str__(self) -> str:
        return self.name


class Permission(me.Document):
    """What can be done, such as `can_list`; its name is its key."""

    name = me.StringField(primary_key=True, max_length=100, verbose_name=_l("Name"))
    meta = {"collection": "ab_permission", "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class ViewMenu(me.Document):
    """A view or menu item that permissions are about; its name is its key."""

    name = me.StringField(primary_key=True, max_length=250, verbose_name=_l("Name"))
    meta = {"collection": "ab_view_menu", "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class PermissionView(me.Document):
    """A permission on a view, `can_list on CompanyView`; that sentence is its key, so it reads well in a role."""

    id = me.StringField(primary_key=True, max_length=360)
    permission_name = me.StringField(required=True, max_length=100, verbose_name=_l("Permission"))
    view_menu_name = me.StringField(required=True, max_length=250, verbose_name=_l("View/Menu"))
    meta = {
        "collection": "ab_permission_view",
        "indexes": ["view_menu_name", "permission_name"],
        "ordering": ["view_menu_name", "permission_name"],
    }

    @classmethod
    def of(cls, permission_name: str, view_menu_name: str) -> Self:
        """Return the pair, saved or not."""
        key = pair_id(permission_name, view_menu_name)
        return cls(id=key, permission_name=permission_name, view_menu_name=view_menu_name)

    @property
    def permission(self) -> Named:
        """The permission, as FAB reads it."""
        return Named(self.permission_name)

    @property
    def view_menu(self) -> Named:
        """The view or menu item, as FAB reads it."""
        return Named(self.view_menu_name)

    def __str__(self) -> str:
        return self.id


def pair_id(permission_name: str, view_menu_name: str) -> str:
    """Return the key of a permission on a view."""
    return f"{permission_name} on {view_menu_name}"


class Audited:
    """When a document was created and last saved, in UTC."""

    created_on = me.DateTimeField(default=now, read_only=True, verbose_name=_l("Created on"))
    changed_on = me.DateTimeField(default=now, read_only=True, verbose_name=_l("Changed on"))

    def save(self, *args: Any, **kwargs: Any) -> Any:
        """Save, noting when."""
        self.changed_on = now()
        return super().save(*args, **kwargs)  # type: ignore[misc]


class AbstractRole(Audited, me.Document):
    """A set of permissions on views."""

    name = me.StringField(required=True, unique=True, max_length=64, verbose_name=_l("Name"))
    permissions = me.ListField(me.ReferenceField(PermissionView), verbose_name=_l("Permissions"))
    meta = {"abstract": True, "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class AbstractGroup(Audited, me.Document):
    """Users who share roles."""

    name = me.StringField(required=True, unique=True, max_length=100, verbose_name=_l("Name"))
    label = me.StringField(max_length=150, verbose_name=_l("Label"))
    description = me.StringField(max_length=512, verbose_name=_l("Description"))
    roles = me.ListField(me.ReferenceField("Role"), verbose_name=_l("Roles"))
    meta = {"abstract": True, "ordering": ["name"]}

    def __str__(self) -> str:
        return self.name


class AbstractUser(Audited, me.Document):
    """Somebody who can log in, as Flask-Login and FAB want it; `password` is a hash and is never shown."""

    first_name = me.StringField(required=True, max_length=64, verbose_name=_l("First Name"))
    last_name = me.StringField(required=True, max_length=64, verbose_name=_l("Last Name"))
    username = me.StringField(required=True, unique=True, max_length=64, verbose_name=_l("User Name"))
    email = me.EmailField(required=True, unique=True, max_length=320, verbose_name=_l("Email"))
    password = me.StringField(secret=True)
    active = me.BooleanField(default=True, verbose_name=_l("Is Active?"))
    roles = me.ListField(me.ReferenceField("Role"), verbose_name=_l("Role"))
    groups = me.ListField(me.ReferenceField("Group"), verbose_name=_l("Groups"))
    last_login = me.DateTimeField(read_only=True, verbose_name=_l("Last login"))
    login_count = me.IntField(default=0, read_only=True, verbose_name=_l("Login count"))
    fail_login_count = me.IntField(default=0, read_only=True, verbose_name=_l("Failed login count"))
    meta = {"abstract": True, "ordering": ["username"], "indexes": ["roles", "groups"]}

    is_authenticated = True
    is_anonymous = False

    @property
    def is_active(self) -> bool:
        """Whether this user may log in."""
        return bool(self.active)

    def get_id(self) -> str:
        """Return the key that sessions and tokens carry."""
        return str(self.pk)

    def get_full_name(self) -> str:
        """Return both names."""
        return f"{self.first_name} {self.last_name}"

    def __str__(self) -> str:
        return self.get_full_name()


class RegisterUser(me.Document):
    """Somebody who asked for an account and has not confirmed it yet."""

    username = me.StringField(required=True, unique=True, max_length=64, verbose_name=_l("User Name"))
    first_name = me.StringField(required=True, max_length=64, verbose_name=_l("First Name"))
    last_name = me.StringField(required=True, max_length=64, verbose_name=_l("Last Name"))
    email = me.EmailField(required=True, unique=True, max_length=320, verbose_name=_l("Email"))
    password = me.StringField(secret=True)
    registration_date = me.DateTimeField(default=now, read_only=True, verbose_name=_l("Registration date"))
    registration_hash = me.StringField(secret=True, max_length=256)
    meta = {"collection": "ab_register_user", "indexes": ["registration_hash"], "ordering": ["username"]}

    def __str__(self) -> str:
        return self.username
