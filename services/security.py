"""Users' rights as they are now, and the ready roles of a new organisation."""

from collections.abc import Iterable
from typing import Any

from bson import ObjectId

from models.rights import ACTIONS, ANY_REGISTER, Access, Scope
from models.security import Grant, Role, User, access_of

#: Ready roles: name -> (actions, scope), on every register there is or will be.
READY_ROLES: dict[str, tuple[Iterable[str], Scope]] = {
    "Staff": (ACTIONS, Scope.ALL),
    "Reader": (("see", "export"), Scope.ALL),
}


def roles_of(user: User) -> list[Role]:
    """The user's own roles and those of the user's groups, each once."""
    found = {role.pk: role for role in user.roles}
    found.update({role.pk: role for group in user.groups for role in group.roles})
    return list(found.values())


def access_for(user: User, language: str = "") -> Access:
    """What the user may do now."""
    return access_of(user, roles_of(user), language)


def access_of_id(user_id: ObjectId, language: str = "") -> Access:
    """What the user of this id may do now; nothing for one who is gone or deactivated."""
    user = User.objects(pk=user_id).first()
    if user is None or not user.active:
        return Access(user_id=user_id, language=language or "en")
    return access_for(user, language)


def add_ready_roles() -> None:
    """Add the ready roles that are missing; those that are there keep what administrators made of them."""
    for name, (actions, scope) in READY_ROLES.items():
        grants: list[dict[str, Any]] = [
            Grant(register=ANY_REGISTER, action=action, scope=scope.value).to_mongo().to_dict() for action in actions
        ]
        Role._get_collection().update_one(
            {"name": name}, {"$setOnInsert": {"grants": grants, "permissions": [], "field_rights": []}}, upsert=True
        )
