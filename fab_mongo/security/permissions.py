"""The part of the security manager that keeps permissions and roles."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import mongoengine as me
from flask_appbuilder.security.manager import BaseSecurityManager
from mongoengine.errors import NotUniqueError
from pymongo.errors import BulkWriteError

from fab_mongo.request_cache import request_cache
from fab_mongo.security.documents import Permission, PermissionView, ViewMenu, now, pair_id

DUPLICATE_KEY = 11000
"""MongoDB's code for a key that is taken."""
Pair = tuple[str, str]
"""A permission's name and the name of the view or menu it is on."""


def ensure(document: me.Document) -> me.Document:
    """Insert a document whose primary key says everything; that another process just did so is fine."""
    try:
        document.save(force_insert=True)
    except NotUniqueError:
        return document
    return document


class PermissionStore(BaseSecurityManager):
    """Permissions, views and the roles that grant the one on the other, in MongoDB."""

    permission_model = Permission
    viewmenu_model = ViewMenu
    permissionview_model = PermissionView

    # Roles.

    def find_role(self, name: str) -> Any:
        """Return the role with this name, or None."""
        return self.role_model.objects(name=name).first()

    def add_role(self, name: str, permissions: Sequence[PermissionView] | None = None) -> Any:
        """Return the role with this name, made if there was none; several processes may ask at once."""
        role = self.find_role(name)
        if role is not None:
            return role
        try:
            return self.role_model(name=name, permissions=list(permissions or ())).save(force_insert=True)
        except NotUniqueError:
            return self.find_role(name)

    def update_role(self, pk: Any, name: str) -> Any:
        """Rename the role with this key and return it; None when there is none."""
        return self.role_model.objects(pk=pk).modify(new=True, set__name=name, set__changed_on=now())

    def get_all_roles(self) -> list[Any]:
        """Return all roles."""
        return list(self.role_model.objects)

    def get_public_role(self) -> Any:
        """Return the role of people who have not logged in, read once a request; one that grants nothing when an
        administrator has deleted it."""
        cache = request_cache()
        if "public role" not in cache:
            name = self.auth_role_public
            cache["public role"] = self.find_role(name) or self.role_model(name=name)
        return cache["public role"]

    def role_pairs(self, role_ids: Iterable[Any]) -> set[Pair]:
        """Return what these roles grant. FAB asks for every button and menu item, so each role is read once a
        request."""
        known = request_cache().setdefault("role pairs", {})
        wanted = list(role_ids)
        missing = [key for key in wanted if key not in known]
        if missing:
            known.update(dict.fromkeys(missing, frozenset()))
            known.update(self._read_pairs(missing))
        return {pair for key in wanted for pair in known[key]}

    def _read_pairs(self, role_ids: Sequence[Any]) -> dict[Any, frozenset[Pair]]:
        # The keys of PermissionView spell the pair out, so neither it nor the role need be made into documents.
        found = self.role_model._get_collection().find({"_id": {"$in": list(role_ids)}}, {"permissions": 1})
        return {role["_id"]: frozenset(map(_pair, role.get("permissions") or ())) for role in found}

    def get_public_permissions(self) -> list[PermissionView]:
        """Return what people who have not logged in may do."""
        return self.get_db_role_permissions(self.get_public_role().id)

    def get_db_role_permissions(self, role_id: Any) -> list[PermissionView]:
        """Return what a role grants."""
        return [PermissionView.of(*pair) for pair in sorted(self.role_pairs([role_id]))]

    def exist_permission_on_roles(self, view_name: str, permission_name: str, role_ids: Sequence[Any]) -> bool:
        """Whether any of these roles grants the permission on the view."""
        return (permission_name, view_name) in self.role_pairs(role_ids)

    def find_roles_permission_view_menus(self, permission_name: str, role_ids: Sequence[Any]) -> list[PermissionView]:
        """Return the pairs with this permission that any of these roles grants."""
        pairs = sorted(self.role_pairs(role_ids))
        return [PermissionView.of(*pair) for pair in pairs if pair[0] == permission_name]

    def add_permission_role(self, role: Any, perm_view: PermissionView | None) -> None:
        """Let a role grant a permission on a view."""
        if perm_view is not None:
            self.role_model.objects(pk=role.pk).update_one(add_to_set__permissions=perm_view)

    def del_permission_role(self, role: Any, perm_view: PermissionView | None) -> None:
        """Take a permission on a view away from a role."""
        if isinstance(perm_view, PermissionView):
            self.role_model.objects(pk=role.pk).update_one(pull__permissions=perm_view)

    # Permissions, views, and the pairs of them.

    def find_permission(self, name: str) -> Permission | None:
        """Return the permission with this name, or None."""
        return Permission.objects(pk=name).first()

    def add_permission(self, name: str) -> Permission:
        """Return the permission with this name, made if there was none."""
        return ensure(Permission(name=name))

    def del_permission(self, name: str) -> bool:
        """Delete a permission that is on no view; False when it is on one."""
        if PermissionView.objects(permission_name=name).first():
            return False
        Permission.objects(pk=name).delete()
        return True

    def find_view_menu(self, name: str) -> ViewMenu | None:
        """Return the view or menu with this name, or None."""
        return ViewMenu.objects(pk=name).first()

    def get_all_view_menu(self) -> list[ViewMenu]:
        """Return all views and menus."""
        return list(ViewMenu.objects)

    def add_view_menu(self, name: str) -> ViewMenu:
        """Return the view or menu with this name, made if there was none."""
        return ensure(ViewMenu(name=name))

    def del_view_menu(self, name: str) -> bool:
        """Delete a view or menu without permissions; False when it has some."""
        if PermissionView.objects(view_menu_name=name).first():
            return False
        ViewMenu.objects(pk=name).delete()
        return True

    def find_permission_view_menu(self, permission_name: str, view_menu_name: str) -> PermissionView | None:
        """Return the permission on the view, or None."""
        return PermissionView.objects(pk=pair_id(permission_name, view_menu_name)).first()

    def find_permissions_view_menu(self, view_menu: ViewMenu) -> list[PermissionView]:
        """Return the permissions on a view."""
        return list(PermissionView.objects(view_menu_name=view_menu.name))

    def add_permission_view_menu(self, permission_name: str, view_menu_name: str) -> PermissionView | None:
        """Return the permission on the view, made if there was none; None for a blank name."""
        if not (permission_name and view_menu_name):
            return None
        self.add_permission(permission_name)
        self.add_view_menu(view_menu_name)
        return ensure(PermissionView.of(permission_name, view_menu_name))

    def del_permission_view_menu(self, permission_name: str, view_menu_name: str, cascade: bool = True) -> None:
        """Delete a permission on a view that no role grants, and the permission itself when it is left on none."""
        key = pair_id(permission_name, view_menu_name)
        if self.role_model.objects(__raw__={"permissions": key}).first():
            return
        PermissionView.objects(pk=key).delete()
        if cascade:
            self.del_permission(permission_name)

    def exist_permission_on_views(self, lst: Sequence[PermissionView], item: str) -> bool:
        """Whether the permission is among these pairs."""
        return any(pair.permission_name == item for pair in lst)

    def exist_permission_on_view(self, lst: Sequence[PermissionView], permission: str, view_menu: str) -> bool:
        """Whether the permission on the view is among these pairs."""
        return pair_id(permission, view_menu) in {pair.id for pair in lst}

    # What a view or menu brings along when it is registered; written only when FAB_UPDATE_PERMS is on.

    def add_permissions_view(self, base_permissions: Sequence[str], view_menu: str) -> None:
        """Write the permissions of a view, grant them to the administrators, and remove those it no longer has."""
        self._write_pairs(base_permissions, view_menu)
        gone = PermissionView.objects(view_menu_name=view_menu, permission_name__nin=list(base_permissions))
        for pair in gone:
            self.role_model.objects(__raw__={"permissions": pair.id}).update(pull__permissions=pair)
            self.del_permission_view_menu(pair.permission_name, view_menu)

    def add_permissions_menu(self, view_menu_name: str) -> None:
        """Write the permission to see a menu item, and grant it to the administrators."""
        self._write_pairs(["menu_access"], view_menu_name)

    def _write_pairs(self, permission_names: Sequence[str], view_menu_name: str) -> None:
        self.add_view_menu(view_menu_name)
        pairs = [PermissionView.of(name, view_menu_name) for name in permission_names]
        _add_missing(Permission, [{"_id": name} for name in permission_names])
        _add_missing(PermissionView, [pair.to_mongo().to_dict() for pair in pairs])
        if pairs and self.auth_role_admin not in self.builtin_roles:
            self.role_model.objects(name=self.auth_role_admin).update_one(add_to_set__permissions=pairs)

    # Moving roles between installations.

    def export_roles(self, path: str | None = None, indent: int | str | None = None) -> None:
        """Write all roles to a JSON file, in the format of FAB's own `export-roles`."""
        target = Path(path or f"roles_export_{now():%Y%m%dT%H%M%S}.json")
        roles = [_exported(role.name, self.role_pairs([role.id])) for role in self.get_all_roles()]
        target.write_text(json.dumps(roles, indent=indent), encoding="utf-8")

    def import_roles(self, path: str) -> None:
        """Add the roles of a file that `export_roles` wrote, and their permissions to those already there."""
        for exported in json.loads(Path(path).read_text(encoding="utf-8")):
            role = self.add_role(exported["name"])
            for pair in exported["permissions"]:
                granted = self.add_permission_view_menu(pair["permission"]["name"], pair["view_menu"]["name"])
                self.add_permission_role(role, granted)


def _pair(key: str) -> Pair:
    permission_name, _on, view_menu_name = key.partition(" on ")
    return permission_name, view_menu_name


def _exported(name: str, pairs: Iterable[Pair]) -> dict[str, Any]:
    permissions = [{"permission": {"name": pair[0]}, "view_menu": {"name": pair[1]}} for pair in sorted(pairs)]
    return {"name": name, "permissions": permissions}


def _add_missing(document_class: type[me.Document], stored: Sequence[dict[str, Any]]) -> None:
    """Write the documents that are not there yet, in one command; that another process just did so is fine."""
    collection = document_class._get_collection()
    there = {item["_id"] for item in collection.find({"_id": {"$in": [item["_id"] for item in stored]}}, {"_id": 1})}
    missing = [item for item in stored if item["_id"] not in there]
    if not missing:
        return
    try:
        collection.insert_many(missing, ordered=False)
    except BulkWriteError as error:
        if any(problem["code"] != DUPLICATE_KEY for problem in error.details["writeErrors"]):
            raise
