"""Teams: whether one may be deleted."""

from typing import Any

from models.registers import all_registers
from models.security import Team, User


def uses_of_team(team: Team) -> dict[str, int]:
    """What belongs to the team: {"user" or a register's key: how many}, counted up to a thousand."""
    found: dict[str, Any] = {"user": User.objects(team=team).limit(1000).count(with_limit_and_skip=True)}
    for card in all_registers():
        condition = {"facets": f"team={team.pk}"}
        found[card.key] = card.document._get_collection().count_documents(condition, limit=1000)
    return {key: count for key, count in found.items() if count}
