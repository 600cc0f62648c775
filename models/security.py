"""Users, teams and roles: Flask-AppBuilder's, with what a CRM needs of them added."""

from collections.abc import Iterable, Mapping
from typing import Any

import mongoengine as me
from bson import ObjectId

from fab_mongo.security.documents import AbstractGroup, AbstractRole, AbstractUser
from models.organisation import known_organisation
from models.rights import ACTIONS, RECORD_ACTIONS, Access, Scope

ADMIN_ROLE = "Admin"
#: How one signs in: by the password alone, by it and a code, or by a code alone. A user's "" is as the roles say.
BY_PASSWORD, BY_BOTH, BY_CODE = "password", "password_code", "code"
SIGN_IN_WAYS = ("", BY_PASSWORD, BY_BOTH, BY_CODE)


class Team(me.Document):
    """People who work together; records belong to an owner and a team."""

    name = me.StringField(required=True, unique=True, max_length=100)
    version = me.IntField(default=0)

    meta = {"collection": "team", "auto_create_index": False, "ordering": ["name"]}

    def __str__(self) -> str:
        return str(self.name)

    def leaders(self) -> str:
        """The names of those who lead the team and may sign in."""
        found = User.objects(leads=self, active=True).order_by("first_name", "last_name")
        return ", ".join(user.get_full_name() for user in found)


class Grant(me.EmbeddedDocument):
    """One action on one register ("*" for all) for own, team's or all records."""

    register = me.StringField(required=True)
    action = me.StringField(required=True, choices=ACTIONS)
    scope = me.StringField(required=True, choices=[scope.value for scope in Scope])


class FieldRight(me.EmbeddedDocument):
    """A field that the role does not see, or sees and does not change."""

    register = me.StringField(required=True)
    column = me.StringField(required=True)
    access = me.StringField(required=True, choices=["hidden", "read_only"])


class Role(AbstractRole):
    """A role: Flask-AppBuilder's permissions on screens, and rights on registers and fields."""

    grants = me.EmbeddedDocumentListField(Grant)
    field_rights = me.EmbeddedDocumentListField(FieldRight)
    #: How those who have the role sign in, "" where it makes no rule.
    sign_in_way = me.StringField(default="", choices=SIGN_IN_WAYS)
    version = me.IntField(default=1)

    meta = {"collection": "ab_role", "auto_create_index": False}


class Group(AbstractGroup):
    """A group of users that share roles."""

    roles = me.ListField(me.ReferenceField(Role))
    version = me.IntField(default=1)

    meta = {"collection": "ab_group", "auto_create_index": False}


class Session(me.EmbeddedDocument):
    """A browser in which the user is signed in. `key` is the SHA-256 of the token that its cookie holds."""

    key = me.StringField(required=True)
    begun_at = me.DateTimeField(required=True)
    seen_at = me.DateTimeField(required=True)
    address = me.StringField(default="")
    agent = me.StringField(default="")
    #: As whom an administrator looks at the program in it (services/looking.py).
    looking_as = me.ObjectIdField()


class User(AbstractUser):
    """A user with the language, time zone, team and mobile number that the CRM works with."""

    roles = me.ListField(me.ReferenceField(Role))
    groups = me.ListField(me.ReferenceField(Group))
    language = me.StringField(max_length=10, default="")
    time_zone = me.StringField(max_length=64, default="Europe/Helsinki")
    team = me.ReferenceField(Team)
    #: The teams that the user leads. It stands here because every request reads its user anyway.
    leads = me.ListField(me.ReferenceField(Team))
    phone = me.StringField(max_length=40)
    #: register -> the columns this user wants in its list
    list_columns = me.DictField()
    #: Saved views in the side bar, and register -> the one that its list opens with.
    pinned_views = me.ListField(me.ObjectIdField())
    default_views = me.DictField()
    #: What the calendar shows: {users, teams: ids, view, tasks, colours}.
    calendar = me.DictField()
    #: How labels were printed the last time: what the form of labels held.
    printing = me.DictField()
    #: How records were exported the last time: what the form of exports held.
    exporting = me.DictField()
    #: Weekday ("0" is Monday) -> [from, until], "HH:MM"; absent: the usual hours.
    working_hours = me.DictField(default=None)
    #: When the user gets the day's entries and tasks by e-mail, and the last day (YYYY-MM-DD) that they came.
    digest = me.StringField(choices=("", "weekdays"), default="")
    digest_day = me.StringField(default="")
    #: How many notices are unread: every page shows it, and reads its user anyway.
    unread = me.IntField(default=0)
    sign_in_way = me.StringField(default="", choices=SIGN_IN_WAYS)
    #: Whether somebody else typed the password: then it is good for choosing another one alone.
    password_given = me.BooleanField(default=False)
    #: Who the user is to a directory or a provider of logins (services/outside_users.py); no two are the same.
    identities = me.ListField(me.StringField())
    #: An authenticator app's secret in base 32, and the last step of time whose code was taken; none twice.
    authenticator = me.StringField(default="")
    authenticator_step = me.IntField(default=0)
    #: SHA-256 of each recovery code that is left.
    recovery_codes = me.ListField(me.StringField())
    #: Every request reads its user: it costs no reading of its own to see that the session goes on.
    sessions = me.EmbeddedDocumentListField(Session)
    #: When the last invitation went out; somebody who has come has a password.
    invited_at = me.DateTimeField()
    #: What stands under the user's single e-mails, as clean HTML (services.users.signature_of).
    signature = me.StringField(default="")
    #: Tokens of programs from another era are no longer good.
    token_era = me.IntField(default=0)
    version = me.IntField(default=1)

    meta = {
        "collection": "ab_user",
        "auto_create_index": False,
        # Only of those who have any: an empty list would count as a value that may be there once.
        "indexes": [{"fields": ["identities"], "unique": True,
                     "partialFilterExpression": {"identities": {"$type": "string"}}}],
    }  # fmt: skip

    def standing(self) -> str:
        return standing_of({name: self[name] for name in ("active", "invited_at", "password", "identities")})


def standing_of(raw: Mapping[str, Any]) -> str:
    """What a user (raw) is: "active", "invited" (and not yet come), "inactive"; "" for none."""
    if not raw:
        return ""
    if not raw.get("active"):
        return "inactive"
    has_come = raw.get("password") or raw.get("identities")
    return "invited" if raw.get("invited_at") and not has_come else "active"


def access_of(user: User, roles: Iterable[Role], language: str = "") -> Access:
    """The sum of a user's roles: the widest scope of each grant; a field is hidden only where every role hides it.

    A role that grants nothing on a register's records has no say in its fields.
    """
    roles = list(roles)
    return Access(
        user_id=user.pk, team_id=team_id_of(user), leads=leads_of(user), grants=summed_grants(roles),
        hidden=restricted(roles, {"hidden"}), read_only=restricted(roles, {"hidden", "read_only"}),
        everything=any(role.name == ADMIN_ROLE for role in roles), role_ids=frozenset(role.pk for role in roles),
        language=language or user.language or known_organisation().language or "en", time_zone=user.time_zone or "UTC",
        home_zone=user.time_zone or "UTC",
    )  # fmt: skip


def team_id_of(user: User) -> ObjectId | None:
    """The id of the user's team without reading the team."""
    team: Any = user._data.get("team")
    return id_of(team) if team is not None else None


def leads_of(user: User) -> frozenset[ObjectId]:
    """The ids of the teams that the user leads without reading the teams."""
    return frozenset(id_of(team) for team in user._data.get("leads") or ())


def id_of(reference: Any) -> ObjectId:
    """The id of what a reference points at, whether it has been read or not."""
    found: ObjectId = getattr(reference, "id", reference)
    return found


def summed_grants(roles: Iterable[Role]) -> dict[tuple[str, str], Scope]:
    grants: dict[tuple[str, str], Scope] = {}
    for grant in (grant for role in roles for grant in role.grants):
        scope, key = Scope(grant.scope), (grant.register, grant.action)
        if key not in grants or scope.width > grants[key].width:
            grants[key] = scope
    return grants


def has_a_say(role: Role, register: str) -> bool:
    """Whether the role grants anything on the register's records."""
    return any(grant.register in (register, "*") and grant.action in RECORD_ACTIONS for grant in role.grants)


def restricted(roles: list[Role], kinds: set[str]) -> dict[str, frozenset[str]]:
    """register -> the columns that every role with a grant there restricts in one of these ways."""
    found: dict[str, frozenset[str]] = {}
    for register in {right.register for role in roles for right in role.field_rights}:
        concerned = [role for role in roles if has_a_say(role, register)]
        columns = [
            frozenset(right.column for right in role.field_rights
                      if right.register == register and right.access in kinds)
            for role in concerned
        ]  # fmt: skip
        found[register] = frozenset.intersection(*columns) if columns else frozenset()
    return found
