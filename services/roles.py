"""Creating, changing and deleting roles and groups: who may do what on which register."""

from collections.abc import Iterable, Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source
from models.fields.context import Context
from models.fields.errors import FieldError, ValidationFailed
from models.fields.field import Field
from models.fields.kinds import KINDS
from models.fields.schema import schema_of
from models.registers import REGISTERS
from models.rights import ANY_REGISTER, RECORD_ACTIONS, SETTINGS, Access, Scope
from models.security import BY_BOTH, BY_CODE, Group, Role, User
from models.transactions import in_transaction
from services.records import VersionConflict
from services.security import (
    BUILT_IN_ROLES,
    delete_noted,
    find_document,
    insert_noted,
    lock_administrators,
    require_administrator,
    require_an_administrator,
    update_noted,
)
from services.users import clean_references

Raw = dict[str, Any]
SCOPES = tuple(scope.value for scope in Scope)
FIELD_ACCESS = ("hidden", "read_only")


def create_role(access: Access, data: Mapping[str, Any], *, source: Source = Source.SCREEN) -> Raw:
    """Add a role of `name`, `grants` and `field_rights`. Raises NotAllowed, ValidationFailed."""
    require_administrator(access)
    role = {"_id": ObjectId(), "permissions": [], **cleaned_role(data)}
    return save_new(access, "role", role, source)


def change_role(
    access: Access, role_id: Any, data: Mapping[str, Any], *,
    version: int | None = None, source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """Change a role. Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict."""
    require_administrator(access)
    before = find_document("role", role_id)
    if before["name"] in BUILT_IN_ROLES:
        raise ValidationFailed({"name": [_l("This role is part of Kortisto and can't be changed.")]})
    return save_changed(access, "role", before, cleaned_role(data), version, source)


def delete_role(access: Access, role_id: Any, *, source: Source = Source.SCREEN) -> Raw:
    """Delete a role that nobody has. Raises NotAllowed, RecordNotFound, ValidationFailed."""
    require_administrator(access)
    before = find_document("role", role_id)
    if before["name"] in BUILT_IN_ROLES:
        raise ValidationFailed({"name": [_l("This role is part of Kortisto and can't be deleted.")]})

    def work(session: ClientSession) -> None:
        if any(held(document, "roles", before["_id"], session) for document in (User, Group)):
            raise ValidationFailed({"name": [_l("Somebody has this role. Take it from users and groups first.")]})
        delete_noted(session, access, "role", before, source)

    in_transaction(work)
    return before


def create_group(access: Access, data: Mapping[str, Any], *, source: Source = Source.SCREEN) -> Raw:
    """Add a group of `name`, `description` and `roles`. Raises NotAllowed, ValidationFailed."""
    require_administrator(access)
    return save_new(access, "group", {"_id": ObjectId(), **cleaned_group(data)}, source)


def change_group(
    access: Access, group_id: Any, data: Mapping[str, Any], *,
    version: int | None = None, source: Source = Source.SCREEN,
) -> Raw:  # fmt: skip
    """Change a group. Raises NotAllowed, RecordNotFound, ValidationFailed, VersionConflict."""
    require_administrator(access)
    before = find_document("group", group_id)
    return save_changed(access, "group", before, cleaned_group(data), version, source)


def delete_group(access: Access, group_id: Any, *, source: Source = Source.SCREEN) -> Raw:
    """Delete a group that nobody is in. Raises NotAllowed, RecordNotFound, ValidationFailed."""
    require_administrator(access)
    before = find_document("group", group_id)

    def work(session: ClientSession) -> None:
        if held(User, "groups", before["_id"], session):
            raise ValidationFailed({"name": [_l("Somebody is in this group. Take its users out of it first.")]})
        delete_noted(session, access, "group", before, source)

    in_transaction(work)
    return before


def held(document: Any, column: str, key: Any, session: ClientSession) -> bool:
    return document._get_collection().find_one({column: key}, {"_id": 1}, session=session) is not None


# Writing


def save_new(access: Access, register: str, document: Raw, source: Source) -> Raw:
    try:
        in_transaction(lambda session: insert_noted(session, access, register, document, source))
    except DuplicateKeyError as error:
        raise name_taken() from error
    return document


def save_changed(access: Access, register: str, before: Raw, values: Raw, version: int | None, source: Source) -> Raw:
    if version is not None and version != (before.get("version") or 0):
        raise VersionConflict(before)

    def work(session: ClientSession) -> None:
        lock_administrators(session)
        update_noted(session, access, register, before, values, source)
        # A group may be what makes somebody an administrator.
        require_an_administrator(session, "roles")

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise name_taken() from error
    return {**before, **values}


def name_taken() -> ValidationFailed:
    return ValidationFailed({"name": [_l("This name is taken. Choose another.")]})


# Checking what was sent


def cleaned_role(data: Mapping[str, Any]) -> Raw:
    errors: dict[str, list[Any]] = {}
    values = {
        "name": clean_line(data.get("name"), 64, errors, "name"),
        "grants": clean_grants(data.get("grants") or (), errors),
        "field_rights": clean_field_rights(data.get("field_rights") or (), errors),
        "sign_in_way": clean_role_way(data.get("sign_in_way") or "", errors),
    }
    if errors:
        raise ValidationFailed(errors)
    return values


def cleaned_group(data: Mapping[str, Any]) -> Raw:
    errors: dict[str, list[Any]] = {}
    values: Raw = {
        "name": clean_line(data.get("name"), 100, errors, "name"),
        "description": clean_line(data.get("description"), 500, errors, "description", required=False),
    }
    try:
        values["roles"] = clean_references(Role, data.get("roles") or ())
    except FieldError as error:
        errors["roles"] = [error.message]
    if errors:
        raise ValidationFailed(errors)
    return values


def clean_line(raw: Any, longest: int, errors: dict[str, list[Any]], column: str, *, required: bool = True) -> str:
    field = Field(column, KINDS["text"], "", max_length=longest)
    try:
        text = field.kind.parse(raw, field, Context()) or ""
    except FieldError as error:
        errors[column] = [error.message]
        return ""
    if required and not text:
        errors[column] = [_l("This is required.")]
    return text


def clean_role_way(raw: Any, errors: dict[str, list[Any]]) -> str:
    """How those who have the role sign in; by the password alone is no rule."""
    if raw in ("", BY_BOTH, BY_CODE):
        return str(raw)
    errors["sign_in_way"] = [_l("Choose from the list.")]
    return ""


def clean_grants(grants: Iterable[Mapping[str, str]], errors: dict[str, list[Any]]) -> list[Raw]:
    """{register, action, scope} each, one of a register and action."""
    found: dict[tuple[str, str], Raw] = {}
    for grant in grants:
        register, action, scope = (str(grant.get(name, "")) for name in ("register", "action", "scope"))
        if is_grant(register, action, scope):
            found[register, action] = {"register": register, "action": action, "scope": scope}
        else:
            errors["grants"] = [_l("There is no such right. Reload the page and choose again.")]
    return list(found.values())


def is_grant(register: str, action: str, scope: str) -> bool:
    """Whether there is such a right; settings have no records that could be one's own."""
    if (register, action) == (SETTINGS, "change"):
        return scope == Scope.ALL.value
    scopes = SCOPES if action in RECORD_ACTIONS else (Scope.ALL.value,) if action == "settings" else ()
    return (register in REGISTERS or register == ANY_REGISTER) and scope in scopes


def clean_field_rights(rights: Iterable[Mapping[str, str]], errors: dict[str, list[Any]]) -> list[Raw]:
    """{register, column, access} each, one of a register and column; a name field can't be hidden."""
    found: dict[tuple[str, str], Raw] = {}
    for right in rights:
        register, column, access = (str(right.get(name, "")) for name in ("register", "column", "access"))
        if register not in REGISTERS or access not in FIELD_ACCESS:
            errors["field_rights"] = [_l("Choose a field, and whether it is hidden or read-only.")]
        elif schema_of(register).get(column) is None:
            errors["field_rights"] = [_l("There is no field “%(column)s”.", column=column[:80])]
        elif column == REGISTERS[register].name_field and access == "hidden":
            errors["field_rights"] = [_l("The name can't be hidden: a record is found by it. Make it read-only.")]
        elif (register, column) in found:
            errors["field_rights"] = [_l("A field is there twice. Keep one of the two.")]
        else:
            found[register, column] = {"register": register, "column": column, "access": access}
    return list(found.values())
