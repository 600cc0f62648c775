"""Teams: adding, renaming and deleting them, and what belongs to one."""

from collections.abc import Mapping
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from mongoengine import Q
from mongoengine.errors import NotUniqueError, ValidationError
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.fields.errors import ValidationFailed
from models.registers import all_registers
from models.rights import Access
from models.security import Team, User
from models.transactions import in_transaction
from services.audit import What, write
from services.records import VersionConflict
from services.settings import require_settings


def uses_of_team(team: Team) -> dict[str, int]:
    """What belongs to the team, or leads it: {"user" or a register's key: how many}, counted up to a thousand. Who may
    not sign in any more leads nobody."""
    people = User.objects(Q(team=team) | Q(leads=team, active=True))
    found: dict[str, Any] = {"user": people.limit(1000).count(with_limit_and_skip=True)}
    for card in all_registers():
        condition = {"facets": f"team={team.pk}"}
        found[card.key] = card.document._get_collection().count_documents(condition, limit=1000)
    return {key: count for key, count in found.items() if count}


def save_team(access: Access, team: Team, version: int | None = None) -> None:
    """Add or rename a team, which is told to the audit; `version` is the one that was seen. Raises ValidationError,
    NotUniqueError, VersionConflict."""
    team.pk = team.pk or ObjectId()
    team.validate()
    teams = Team._get_collection()

    def work(session: ClientSession) -> None:
        before = teams.find_one({"_id": team.pk}, session=session) or {}
        if version is not None and version != version_of(before):
            raise VersionConflict(before)
        named = {"$set": {"name": team.name}, "$inc": {"version": 1}}
        teams.update_one({"_id": team.pk}, named, upsert=True, session=session)
        told = {"action": "update" if before else "create", "changes": {"name": [before.get("name"), team.name]}}
        write(session, What.TEAM_CHANGED, access.user_id, target=target(team), details=told)

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise NotUniqueError(str(error)) from error


def add_team(access: Access, name: str) -> dict[str, Any]:
    """Add a team; returns it. Raises NotAllowed, ValidationFailed."""
    return named(access, Team(name=name))


def rename_team(access: Access, team_id: ObjectId, name: str, version: int | None = None) -> dict[str, Any]:
    """Give a team another name; returns it. Raises NotAllowed, ValidationFailed, VersionConflict."""
    return named(access, Team(pk=team_id, name=name), version)


def version_of(raw: Mapping[str, Any]) -> int:
    """How often a team was saved; 0 for one that is older than this was counted."""
    return raw.get("version") or 0


def named(access: Access, team: Team, version: int | None = None) -> dict[str, Any]:
    require_settings(access)
    team.name = " ".join(str(team.name).split())
    try:
        save_team(access, team, version)
    except ValidationError as error:
        raise ValidationFailed({"name": [_l("Give the team a name of at most 100 characters.")]}) from error
    except NotUniqueError as error:
        raise ValidationFailed({"name": [_l("This name is taken. Choose another.")]}) from error
    return dict(Team._get_collection().find_one({"_id": team.pk}) or {})


def remove_team(access: Access, team_id: ObjectId) -> None:
    """Delete a team that nothing belongs to. Raises NotAllowed, ValidationFailed."""
    require_settings(access)
    team = Team(pk=team_id, name="-")
    uses = uses_of_team(team)
    if uses:
        message = _l("This team is in use (%(uses)s). Give them another team first.",
                     uses=", ".join(f"{key}: {count}" for key, count in uses.items()))  # fmt: skip
        raise ValidationFailed({"id": [message]})
    delete_team(access, Team.objects.get(pk=team_id))


def delete_team(access: Access, team: Team) -> None:
    """Delete a team, which is told to the audit."""

    def work(session: ClientSession) -> None:
        if Team._get_collection().delete_one({"_id": team.pk}, session=session).deleted_count:
            write(session, What.TEAM_CHANGED, access.user_id, target=target(team), details={"action": "delete"})

    in_transaction(work)


def target(team: Team) -> dict[str, Any]:
    return {"register": "team", "id": team.pk, "name": team.name}
