"""Who may do what: a role grants an action on a register for own, team's or all records, and may hide fields."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bson import ObjectId

from models.told import Told

#: The actions a role may grant on own, the team's or all records.
RECORD_ACTIONS = ("see", "add", "change", "delete", "export", "merge", "send")
#: Every action a role may grant; "settings" is to set up the register itself, whosever its records are.
ACTIONS = (*RECORD_ACTIONS, "settings")
ANY_REGISTER = "*"
#: Stands in a grant's register for all settings: those of each register, and those of none, which "*" does not cover.
SETTINGS = "settings"


class Scope(StrEnum):
    """Whose records a grant covers, from few to all."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"

    @property
    def width(self) -> int:
        return ("own", "team", "all").index(self.value)


@dataclass(frozen=True)
class Sharing:
    """What else than owner and team decides who sees a register's records.

    `users` is a field of users who see a record as its owner does; `private` a yes/no field that hides it from all
    others, whatever their roles.
    """

    users: str = ""
    private: str = ""


NOT_SHARED = Sharing()
#: Register -> how its records are shared; filled as registers are declared.
SHARING: dict[str, Sharing] = {}
#: Register -> the facet token of the records that may be deleted, where others belong to history whatever the role.
DELETABLE: dict[str, str] = {}


class NotAllowed(Told):
    """The user may not do that; the message says what was asked for."""


@dataclass(frozen=True)
class Access:
    """The sum of one user's rights at one moment; what every read path is filtered by.

    `grants` maps (register or "*", action) to the widest scope that any role gives. `hidden` and `read_only` map
    a register to columns. `leads` are the teams whose records are to their leader as the leader's own. `everything`
    is for administrators and for the program's own work.
    """

    user_id: ObjectId | None = None
    team_id: ObjectId | None = None
    leads: frozenset[ObjectId] = frozenset()
    grants: Mapping[tuple[str, str], Scope] = field(default_factory=dict)
    hidden: Mapping[str, frozenset[str]] = field(default_factory=dict)
    read_only: Mapping[str, frozenset[str]] = field(default_factory=dict)
    everything: bool = False
    role_ids: frozenset[ObjectId] = frozenset()
    language: str = "en"
    time_zone: str = "UTC"
    #: The API key by which a program asks in the user's name, if it does.
    key_id: ObjectId | None = None
    #: Where the user is: programs read and write in UTC on the user's behalf, whose days begin elsewhere.
    home_zone: str = ""

    def scope(self, register: str, action: str) -> Scope | None:
        """How far the action reaches on the register; None where it is not granted."""
        if self.everything:
            return Scope.ALL
        keys = (register,) if register == SETTINGS else (register, ANY_REGISTER)
        found = [self.grants.get((key, action)) for key in keys]
        if action == "settings":
            found.append(self.grants.get((SETTINGS, "change")))
        return max((scope for scope in found if scope), key=lambda scope: scope.width, default=None)

    def may(self, register: str, action: str) -> bool:
        return self.scope(register, action) is not None

    def tokens(self, register: str, action: str, scope: Scope) -> list[str]:
        """The facet tokens of the records that a scope below "all" covers; who shares a record may see it."""
        users = SHARING.get(register, NOT_SHARED).users if action == "see" else ""
        return self.mine(users) + [f"team={team}" for team in sorted(self.teams(scope))]

    def teams(self, scope: Scope) -> frozenset[ObjectId]:
        """The teams whose records a scope below "all" covers: those that the user leads, and the user's own."""
        return self.leads | {self.team_id} if self.team_id and scope is Scope.TEAM else self.leads

    def mine(self, users: str = "") -> list[str]:
        """The facet tokens of the user's own records, and with a field of users of those shared in it."""
        return [f"{column}={self.user_id}" for column in ("owner", users) if column] if self.user_id else []

    def hidden_private(self, register: str) -> Sharing | None:
        """How the register's private records are told, where they are hidden from the user. Nothing is private to the
        program's own work."""
        sharing = SHARING.get(register, NOT_SHARED)
        return sharing if sharing.private and not (self.everything and self.user_id is None) else None

    def condition(self, register: str, action: str = "see", *, within: str = "") -> dict[str, Any]:
        """The MongoDB condition that holds for exactly the records on which the action is granted; `within` is what
        stands before their paths where they are kept in other documents ("document.")."""
        scope = self.scope(register, action)
        if scope is None:
            return {"_id": {"$in": []}}
        parts: list[dict[str, Any]] = []
        if scope is not Scope.ALL:
            parts.append({f"{within}facets": {"$in": self.tokens(register, action, scope)}})
        if action == "delete" and register in DELETABLE:
            parts.append({f"{within}facets": DELETABLE[register]})
        if sharing := self.hidden_private(register):
            mine = {f"{within}facets": {"$in": self.mine(sharing.users)}}
            parts.append({"$or": [{f"{within}{sharing.private}": {"$ne": True}}, mine]})
        return {"$and": parts} if len(parts) > 1 else parts[0] if parts else {}

    def allows(self, register: str, action: str, raw: Mapping[str, Any]) -> bool:
        """Whether the action is granted on this record (a raw document with `facets` and what tells of privacy)."""
        scope, held = self.scope(register, action), set(raw.get("facets") or ())
        if scope is None or (scope is not Scope.ALL and held.isdisjoint(self.tokens(register, action, scope))):
            return False
        if action == "delete" and DELETABLE.get(register, "") not in {"", *held}:
            return False
        sharing = self.hidden_private(register)
        return not sharing or f"{sharing.private}=1" not in held or not held.isdisjoint(self.mine(sharing.users))

    def hides(self, register: str, column: str) -> bool:
        return not self.everything and column in self.hidden.get(register, ())

    def without_hidden(
        self, register: str, raw: Mapping[str, Any], columns: Collection[str] | None = None
    ) -> dict[str, Any]:
        """A raw document without its fixed values that the user does not see; with `columns` only those are looked at.

        What rights go by goes with them: ask `allows` of the whole document.
        """
        return {key: value for key, value in raw.items()
                if not ((columns is None or key in columns) and self.hides(register, key))}  # fmt: skip

    def locks(self, register: str, column: str) -> bool:
        return not self.everything and column in self.read_only.get(register, ())


def system_access(language: str = "en", time_zone: str = "UTC") -> Access:
    """The rights of the program itself: commands from the server's shell and jobs without a user."""
    return Access(everything=True, language=language, time_zone=time_zone)
