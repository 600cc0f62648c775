"""How far the set-up of an organisation has come, told by what is there."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from models.organisation import known_organisation, organisation
from models.registers import all_registers
from models.rights import Access
from models.security import User
from services.organisation import set_for_all
from services.security import require_administrator
from services.setup.using import used_sets


@dataclass(frozen=True)
class Step:
    """One step of the set-up; `key` stands in its address."""

    key: str
    label: Any
    done: bool


def steps() -> list[Step]:
    """The steps in their order."""
    return [
        Step("organisation", _l("Organisation"), bool(organisation().name)),
        Step("business", _l("Line of business"), bool(used_sets())),
        Step("users", _l("Users"), User.objects.limit(2).count(with_limit_and_skip=True) > 1),
        Step("customers", _l("Customers"), has_records()),
    ]  # fmt: skip


def has_records() -> bool:
    return any(card.document._get_collection().find_one({}, {"_id": 1}) for card in all_registers())


def is_set_up() -> bool:
    """Whether somebody has gone through the set-up, or wants to hear of it no more."""
    return known_organisation().set_up


def finish(access: Access) -> None:
    """Remind nobody of the set-up any more; it can be gone through again at any time. Raises NotAllowed."""
    require_administrator(access)
    set_for_all(access, {"set_up": True})
