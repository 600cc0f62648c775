"""Users' rights as they are now, the ready roles of a new organisation, and writing users, roles and groups."""

from collections.abc import Iterable, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source, change_of
from models.fields.errors import ValidationFailed
from models.rights import ANY_REGISTER, RECORD_ACTIONS, Access, NotAllowed, Scope
from models.security import ADMIN_ROLE, Grant, Group, Role, User, access_of
from services.audit import What, note_change, target_of, write
from services.records import RecordNotFound, VersionConflict, now, object_id

Raw = dict[str, Any]
#: The role that may do everything, and Flask-AppBuilder's role of people who have not signed in.
BUILT_IN_ROLES = (ADMIN_ROLE, "Public")

#: Ready roles: name -> (register, actions, scope), "*" being every register there is or will be.
READY_ROLES: dict[str, Sequence[tuple[str, Iterable[str], Scope]]] = {
    "Staff": [(ANY_REGISTER, RECORD_ACTIONS, Scope.ALL)],
    "Reader": [(ANY_REGISTER, ("see", "export"), Scope.ALL)],
    "Sales staff": [(ANY_REGISTER, ("see", "add", "change", "merge", "send"), Scope.ALL),
                    (ANY_REGISTER, ("delete", "export"), Scope.OWN)],
    "Marketing staff": [(ANY_REGISTER, ("see", "add", "change", "export", "merge", "send"), Scope.ALL),
                        (ANY_REGISTER, ("delete",), Scope.OWN)],
    "Customer service": [(ANY_REGISTER, ("see", "add", "change"), Scope.ALL), (ANY_REGISTER, ("delete",), Scope.OWN),
                         *((register, ("send",), Scope.ALL) for register in ("company", "person", "activity"))],
    "Management": [(ANY_REGISTER, ("see", "export", "merge", "send"), Scope.ALL),
                   (ANY_REGISTER, ("add", "change", "delete"), Scope.OWN)],
}  # fmt: skip


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
    """Give a new organisation the ready roles. Once it has roles of its own, those it deleted or renamed stay so."""
    if Role.objects(name__nin=BUILT_IN_ROLES).first() is not None:
        return
    for name, granted in READY_ROLES.items():
        grants: list[dict[str, Any]] = [
            Grant(register=register, action=action, scope=scope.value).to_mongo().to_dict()
            for register, actions, scope in granted for action in actions
        ]  # fmt: skip
        Role._get_collection().update_one(
            {"name": name}, {"$setOnInsert": {"grants": grants, "permissions": [], "field_rights": []}}, upsert=True
        )


# Who administers


def require_administrator(access: Access) -> None:
    if not access.everything:
        raise NotAllowed(_l("Only administrators may do this. Ask one of them."))


def lock_administrators(session: ClientSession) -> None:
    """Make concurrent transactions that decide who administers meet: each writes to the same role first."""
    Role._get_collection().update_one({"name": ADMIN_ROLE}, {"$inc": {"version": 1}}, upsert=True, session=session)


def require_an_administrator(session: ClientSession, column: str) -> None:
    """Raise ValidationFailed unless somebody can still sign in as an administrator after what was written."""
    role = Role._get_collection().find_one({"name": ADMIN_ROLE}, {"_id": 1}, session=session) or {}
    groups = Group._get_collection().distinct("_id", {"roles": role.get("_id")}, session=session)
    holds = [{"roles": role.get("_id")}, {"groups": {"$in": groups}}]
    found = User._get_collection().find_one({"active": True, "$or": holds}, {"_id": 1}, session=session)
    if found is None:
        raise ValidationFailed({column: [_l("Nobody would be left to administer Kortisto. "
                                            "Make somebody else an administrator first.")]})  # fmt: skip


def administrators() -> list[ObjectId]:
    """Those who administer and may sign in."""
    role = Role._get_collection().find_one({"name": ADMIN_ROLE}, {"_id": 1}) or {}
    groups = Group._get_collection().distinct("_id", {"roles": role.get("_id")})
    holds = [{"roles": role.get("_id")}, {"groups": {"$in": groups}}]
    return list(User._get_collection().distinct("_id", {"active": True, "$or": holds}))


# Writing users, roles and groups with their change entry

DOCUMENTS: dict[str, Any] = {"user": User, "role": Role, "group": Group}
#: What nobody needs to read in a change entry, and what nobody may: of a password only that it was set.
UNSPOKEN = frozenset(("_id", "version", "created_on", "changed_on", "permissions", "last_login", "login_count",
                      "fail_login_count", "list_columns", "pinned_views", "default_views", "password",
                      "digest_day", "unread", "calendar", "printing", "exporting", "sessions", "token_era",
                      "authenticator", "authenticator_step", "recovery_codes", "invited_at",
                      "password_given"))  # fmt: skip


def find_document(register: str, document_id: Any) -> Raw:
    """One user, role or group as a raw document. Raises RecordNotFound."""
    key = object_id(register, document_id)
    found = DOCUMENTS[register]._get_collection().find_one({"_id": key})
    if found is None:
        raise RecordNotFound(register, document_id)
    return found


def insert_noted(session: ClientSession, access: Access, register: str, document: Raw, source: Source) -> None:
    """Insert a user, role or group. Raises DuplicateKeyError."""
    document.update(version=1, created_on=now(), changed_on=now())
    DOCUMENTS[register]._get_collection().insert_one(document, session=session)
    note(session, access, register, "create", {}, document, source)


def update_noted(
    session: ClientSession, access: Access, register: str, before: Raw, values: Raw, source: Source
) -> None:
    """Set what differs in a user, role or group, which must be as it was in `before`.

    Raises VersionConflict, DuplicateKeyError.
    """
    changed = {name: value for name, value in values.items() if value != before.get(name)}
    if not changed:
        return
    changed.update(version=(before.get("version") or 0) + 1, changed_on=now())
    collection = DOCUMENTS[register]._get_collection()
    same = {"_id": before["_id"], "version": before.get("version")}
    if not collection.update_one(same, {"$set": changed}, session=session).matched_count:
        raise VersionConflict(find_document(register, before["_id"]))
    note(session, access, register, "update", before, {**before, **changed}, source, "password" in changed)


def delete_noted(session: ClientSession, access: Access, register: str, before: Raw, source: Source) -> None:
    """Delete a role or group. Raises RecordNotFound."""
    collection = DOCUMENTS[register]._get_collection()
    if not collection.delete_one({"_id": before["_id"]}, session=session).deleted_count:
        raise RecordNotFound(register, before["_id"])
    after = {"_id": before["_id"], "version": (before.get("version") or 0) + 1, "changed_on": now()}
    note(session, access, register, "delete", before, after, source)


def note(
    session: ClientSession, access: Access, register: str, action: str, before: Raw, after: Raw, source: Source,
    password_set: bool = False,
) -> None:  # fmt: skip
    """The change entry of a user, role or group, and what the audit has of it; a password in an entry of its own."""
    changes = change_of(spoken(before), spoken(after))
    about = before or after
    if password_set:
        write(session, What.PASSWORD_CHANGED, access.user_id, target=target_of(register, about),
              details={"source": source.value})  # fmt: skip
        changes |= {"password": [None, "***"]}
    note_change(session, {
        "register": register, "record": after["_id"], "action": action, "version": after["version"],
        "at": after["changed_on"], "by": access.user_id, "source": source.value, "batch": None,
        "changes": changes}, about)  # fmt: skip


def spoken(document: Raw) -> Raw:
    """What a change entry tells of a document; nothing of a password, not even its hash."""
    return {name: value for name, value in document.items() if name not in UNSPOKEN and value not in (None, "", [])}
