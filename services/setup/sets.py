"""Starting sets: the fields, choices, stages and names of roles that a line of business usually begins with.

They are files of `starting_sets/`, which `tests/services/test_starting_sets.py` checks; what stands in them is told in
docs/setup.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml

from config import PROJECT_ROOT
from models.fields.field import label_in
from services.records import RecordNotFound

Raw = dict[str, Any]
FOLDER = PROJECT_ROOT / "starting_sets"
#: In the order in which they are offered.
KEYS = ("services", "trade", "manufacturing", "it", "real_estate", "association", "general")
#: What the ready roles are called in each language, where a set has no names of its own for them.
ROLE_NAMES: Mapping[str, Mapping[str, str]] = {
    "Staff": {"en": "Staff", "fi": "Henkilöstö"},
    "Reader": {"en": "Reader", "fi": "Lukija"},
    "Sales staff": {"en": "Sales staff", "fi": "Myynti"},
    "Marketing staff": {"en": "Marketing staff", "fi": "Markkinointi"},
    "Customer service": {"en": "Customer service", "fi": "Asiakaspalvelu"},
    "Management": {"en": "Management", "fi": "Johto"},
}


@dataclass(frozen=True)
class StartingSet:
    """What one line of business begins with. `choices` are those of fixed fields, by "register.key"; `roles` maps the
    name of a ready role to what it is called."""

    key: str
    label: Mapping[str, str]
    help: Mapping[str, str]
    icon: str
    fields: Mapping[str, Sequence[Raw]] = field(default_factory=dict)
    choices: Mapping[str, Sequence[Raw]] = field(default_factory=dict)
    pipeline: Mapping[str, Any] = field(default_factory=dict)
    roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def label_in(self, language: str) -> str:
        return label_in(self.label, language)

    def help_in(self, language: str) -> str:
        return label_in(self.help, language)

    def name_of_role(self, ready: str, language: str) -> str:
        """What the ready role is called in this line of business."""
        return label_in(self.roles.get(ready) or ROLE_NAMES[ready], language)


@cache
def starting_sets() -> Mapping[str, StartingSet]:
    """Key -> set, in the order in which they are offered."""
    return {key: StartingSet(key, **yaml.safe_load((FOLDER / f"{key}.yaml").read_text(encoding="utf-8")))
            for key in KEYS}  # fmt: skip


def starting_set(key: Any) -> StartingSet:
    """One set. Raises RecordNotFound."""
    found = starting_sets().get(key) if isinstance(key, str) else None
    if found is None:
        raise RecordNotFound("starting_set", key)
    return found
