"""Teams: adding, renaming and deleting them, who leads one, and what belongs to one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bson import ObjectId
from flask_babel import lazy_gettext as _l
from mongoengine import Q
from mongoengine.errors import NotUniqueError, ValidationError
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from models.changes import Source
from models.fields.errors import FieldError, ValidationFailed
from models.registers import all_registers
from models.rights import Access
from models.security import Team, User
from models.transactions import in_transaction
from services.audit import What, write
from services.records import RecordNotFound, VersionConflict, object_id
from services.security import require_administrator, update_noted
from services.settings import require_settings
from services.users import clean_references

NAME_IT = _l("Give the team a name of at most 100 characters.")


def uses_of_team(team: Team) -> dict[str, int]:
    """What belongs to the team, or leads it: {"user" or a register's key: how many}, counted up to a thousand. Who may
    not sign in any more leads nobody."""
    people = User.objects(Q(team=team) | Q(leads=team, active=True))
    found: dict[str, Any] = {"user": people.limit(1000).count(with_limit_and_skip=True)}
    for card in all_registers():
        condition = {"facets": f"team={team.pk}"}
        found[card.key] = card.document._get_collection().count_documents(condition, limit=1000)
    return {key: count for key, count in found.items() if count}


def find_team(team_id: Any) -> dict[str, Any]:
    """A team (raw). Raises RecordNotFound."""
    found: dict[str, Any] | None = Team._get_collection().find_one({"_id": object_id("team", team_id)})
    if found is None:
        raise RecordNotFound("team", team_id)
    return found


def leaders_of(team_id: ObjectId) -> list[dict[str, Any]]:
    """Those who lead the team and may sign in (raw), by name."""
    found = User._get_collection().find({"leads": team_id, "active": True}, {"first_name": 1, "last_name": 1})
    return list(found.sort([("first_name", 1), ("last_name", 1)]))


def save_team(
    access: Access, team: Team, version: int | None = None, leaders: Sequence[ObjectId] | None = None
) -> None:  # fmt: skip
    """Add or rename a team, which is told to the audit; `version` is the one that was seen. With `leaders` these lead
    it from now on. Raises ValidationError, NotUniqueError, VersionConflict."""
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
        if leaders is not None:
            lead(session, access, team.pk, leaders)

    try:
        in_transaction(work)
    except DuplicateKeyError as error:
        raise NotUniqueError(str(error)) from error


def lead(session: ClientSession, access: Access, team_id: ObjectId, leaders: Sequence[ObjectId]) -> None:
    """Have these users lead the team, and of those who may sign in nobody else. Raises VersionConflict."""
    either = {"$or": [{"leads": team_id, "active": True}, {"_id": {"$in": list(leaders)}}]}
    for user in list(User._get_collection().find(either, session=session)):
        others = [one for one in user.get("leads") or () if one != team_id]
        held = team_id in (user.get("leads") or ())
        if held != (user["_id"] in leaders):
            leads = others if held else [*others, team_id]
            update_noted(session, access, "user", user, {"leads": leads}, Source.SCREEN)


def add_team(access: Access, name: str) -> dict[str, Any]:
    """Add a team; returns it. Raises NotAllowed, ValidationFailed."""
    return named(access, Team(name=name))


def rename_team(access: Access, team_id: ObjectId, name: str, version: int | None = None) -> dict[str, Any]:
    """Give a team another name; returns it. Raises NotAllowed, ValidationFailed, VersionConflict."""
    return named(access, Team(pk=team_id, name=name), version)


def change_team(
    access: Access, team_id: ObjectId, name: str, leaders: Iterable[Any] | None = None, version: int | None = None
) -> dict[str, Any]:
    """Give a team another name, and with `leaders` (ids of users) others who lead it, which is for administrators;
    returns it. Raises NotAllowed, ValidationFailed, VersionConflict."""
    if leaders is None:
        return rename_team(access, team_id, name, version)
    require_administrator(access)
    try:
        chosen = clean_references(User, leaders)
    except FieldError as error:
        raise ValidationFailed({"leaders": [error.message]}) from error
    return named(access, Team(pk=team_id, name=name), version, chosen)


def version_of(raw: Mapping[str, Any]) -> int:
    """How often a team was saved; 0 for one that is older than this was counted."""
    return raw.get("version") or 0


def named(
    access: Access, team: Team, version: int | None = None, leaders: Sequence[ObjectId] | None = None
) -> dict[str, Any]:  # fmt: skip
    require_settings(access)
    team.name = " ".join(str(team.name).split())
    if not team.name:
        raise ValidationFailed({"name": [NAME_IT]})
    try:
        save_team(access, team, version, leaders)
    except ValidationError as error:
        raise ValidationFailed({"name": [NAME_IT]}) from error
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
