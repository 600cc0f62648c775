"""Users whom somebody outside vouches for, a directory (LDAP) or a provider of OpenID Connect: who they are here, who
is added, and which roles their groups give.

A user is known again by an identity that stays the same there. The first time it is the user name, of a directory, or
the e-mail address, of a provider that says whose it is; whoever has another identity of the same place is not taken for
theirs.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bson import ObjectId
from flask import current_app
from flask_babel import lazy_gettext as _l
from pymongo.client_session import ClientSession

from models.changes import Source
from models.fields.errors import ValidationFailed
from models.rights import Access, system_access
from models.security import Role, User
from models.told import Told
from services.records import VersionConflict
from services.security import access_for, insert_noted
from services.users import IGNORING_CASE, insert_user, new_user, save_user

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: The group of KORTISTO_OUTSIDE_ROLES that everybody is in.
EVERYBODY = "*"


class OutsideProblem(Told):
    """Who somebody is, is clear, and Kortisto can't let them in; the message says what to do."""


class OutsideUnreachable(Told):
    """The directory or the provider does not answer as it should; the log says how."""

    def __init__(self) -> None:
        super().__init__(_l("Your organisation’s login does not answer now. Try again in a moment, or tell an "
                            "administrator."))  # fmt: skip


@dataclass(frozen=True)
class Outsider:
    """Somebody as a place outside knows them. `place` and `subject` together stay the same for ever there; `told_by` is
    the column by which a user is found the first time, "" where nothing is trusted to tell; nobody is added then.
    """

    place: str
    subject: str
    told_by: str
    username: str
    email: str
    first_name: str
    last_name: str
    groups: frozenset[str] = frozenset()

    @property
    def identity(self) -> str:
        return f"{self.place} {self.subject}"


def comes_from_outside() -> bool:
    """Whether users log in by a directory or a provider."""
    return bool(current_app.config["AUTH_LDAP_SERVER"] or current_app.config["OIDC_ISSUER"])


def has_own_password(user: User) -> bool:
    """Whether a password of Kortisto's own is good for this user: where all log in from outside, administrators keep
    theirs for the day on which the outside does not answer."""
    return may_have_password(access_for(user))


def may_have_password(access: Access) -> bool:
    return not comes_from_outside() or current_app.config["LOCAL_PASSWORDS"] == "everybody" or access.everything


def user_from_outside(outsider: Outsider) -> User:
    """The user who this is, added if that is allowed, with the roles of the groups. Raises OutsideProblem."""
    raw = found_user(outsider)
    if raw is None and outsider.told_by and current_app.config["AUTH_USER_REGISTRATION"]:
        raw = added_user(outsider)
    if raw is None or not raw.get("active"):
        raise OutsideProblem(_l("Kortisto has no user for you. Ask an administrator to let you in."))
    bring_up_to_date(raw, outsider)
    user: User = User.objects.get(pk=raw["_id"])
    return user


def found_user(outsider: Outsider) -> Raw | None:
    users = User._get_collection()
    found = users.find_one({"identities": outsider.identity})
    if found is not None or not outsider.told_by:
        return found
    value = {"username": outsider.username, "email": outsider.email}[outsider.told_by]
    told = value and users.find_one({outsider.told_by: value}, collation=IGNORING_CASE)
    # A collation passes over signs that can't be seen, too: an address with one is another's.
    if not told or told[outsider.told_by].casefold() != value.casefold():
        return None
    is_another = any(one.startswith(f"{outsider.place} ") for one in told.get("identities") or ())
    return None if is_another else dict(told)


def added_user(outsider: Outsider) -> Raw | None:
    """A new user, where some role is theirs. Raises OutsideProblem."""
    roles = roles_given(outsider.groups)
    if not roles:
        return None
    data = {"username": outsider.username, "email": outsider.email, "first_name": outsider.first_name,
            "last_name": outsider.last_name, "roles": roles}  # fmt: skip
    access = system_access()

    def work(session: ClientSession) -> None:
        insert_noted(session, access, "user", user, Source.OUTSIDE)

    try:
        user = new_user(access, data, {}) | {"identities": [outsider.identity]}
        insert_user(work)
    except ValidationFailed as problem:
        if (other := found_user(outsider)) is not None:
            # Another browser of theirs was quicker.
            return other
        reasons = " ".join(str(message) for messages in problem.errors.values() for message in messages)
        log.warning("nobody was added for %s: %s", outsider.identity, reasons)
        raise OutsideProblem(_l("You can’t be added as a user: %(reasons)s Ask an administrator.",
                                reasons=reasons)) from problem  # fmt: skip
    return user


def bring_up_to_date(raw: Raw, outsider: Outsider) -> None:
    """Keep the identity, and give and take the roles that groups decide about. What can't be written is logged: it is
    no reason to keep somebody out."""
    values = {"roles": roles_now(raw.get("roles") or (), outsider.groups),
              "identities": list(dict.fromkeys((*(raw.get("identities") or ()), outsider.identity)))}  # fmt: skip
    changed = {name: value for name, value in values.items() if value != (raw.get(name) or [])}
    if not changed:
        return
    try:
        save_user(system_access(), raw, changed, None, Source.OUTSIDE)
    except (ValidationFailed, VersionConflict) as problem:
        log.warning("roles of %s stay as they were: %s", raw["username"], problem)


# Groups and roles


def roles_now(roles: Iterable[ObjectId], groups: frozenset[str]) -> list[ObjectId]:
    """What becomes of a user's roles: those that no group gives stay."""
    before = list(roles)
    given, decided = roles_given(groups), ids_of_roles(name for names in mapping().values() for name in names)
    kept = [role for role in before if role not in decided or role in given]
    return kept + [role for role in given if role not in kept]


def roles_given(groups: frozenset[str]) -> list[ObjectId]:
    """The roles of somebody in these groups. Names of groups differ in more than capitals."""
    mine = {group.casefold() for group in groups} | {EVERYBODY}
    return ids_of_roles(name for group, names in mapping().items() if group.casefold() in mine for name in names)


def mapping() -> dict[str, list[str]]:
    found: dict[str, list[str]] = current_app.config["AUTH_ROLES_MAPPING"]
    return found


def ids_of_roles(names: Iterable[str]) -> list[ObjectId]:
    wanted = set(names)
    found = {role["name"]: role["_id"] for role in Role._get_collection().find({"name": {"$in": list(wanted)}})}
    for name in wanted - set(found):
        log.warning("KORTISTO_OUTSIDE_ROLES: there is no role %s", name)
    return [found[name] for name in sorted(found)]
