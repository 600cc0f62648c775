"""The registers there are, each with its capability card."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flask_babel import lazy_gettext as _l

from models.base import Record
from models.fields.field import Field
from models.fields.fixed import fixed_fields
from models.rights import ACTIONS, DELETABLE, NOT_SHARED, SHARING, Sharing
from models.told import Told

#: The last one holds what the program itself keeps of a record; custom fields go into the others.
SECTIONS = {
    "basic": _l("Basic data"), "classification": _l("Classification"), "extra": _l("Extra data"),
    "record": _l("Record"),
}  # fmt: skip


class UnknownRegister(Told, LookupError):
    """There is no register of that name; the message lists those there are."""

    def __init__(self, key: str) -> None:
        super().__init__(_l("There is no register “%(key)s”. Registers: %(known)s.",
                            key=str(key)[:40], known=", ".join(sorted(REGISTERS))), key)  # fmt: skip


@dataclass(frozen=True)
class Register:
    """What a register is and can do. `key` names it in code, URLs, REST and rights."""

    key: str
    document: type[Record]
    label: Any
    singular: Any
    #: English words for the empty list and the add button, e.g. "Add company".
    add_label: Any
    path: str
    icon: str
    name_field: str = "name"
    sections: tuple[str, ...] = tuple(SECTIONS)
    importable: bool = True
    #: Letters and labels are made to its records.
    mergeable: bool = True
    #: E-mail and SMS go to its records, or by them: the right to send means something.
    sends: bool = False
    duplicate_keys: tuple[str, ...] = ()
    #: How much an equal name says that two records are the same (models/matching.py).
    name_weight: float = 0.65
    label_fields: tuple[str, ...] = ("name",)
    #: (column, direction) of a list for which nobody has chosen an order; "" is by name.
    order: tuple[str, str] = ("", "")
    #: Who sees a record besides its owner and team, and which are hidden from all others.
    sharing: Sharing = NOT_SHARED
    #: The facet token of the records that may be deleted; "" where all may. Others belong to history.
    deletable: str = ""
    #: The screens on which its records can be looked at; it opens with the first one.
    screens: tuple[str, ...] = ("list",)
    #: Its records are events: timelines tell of them where they stand, and not of what was changed in them.
    happens: bool = False
    #: Blocks of a record's page that are this register's own, each with the usual blocks that it stands for: fetched
    #: from the address of its name, laid out as all others.
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    #: Its records hold a file with versions: files are dropped on its list, on its records and on what links to them.
    holds_files: bool = False
    #: Reports of it may ask how it stood on a past day (models/past.py).
    keeps_past: bool = False

    @property
    def actions(self) -> tuple[str, ...]:
        """What roles may grant of it: of ACTIONS, those that mean something."""
        without = {action for action, meant in (("merge", self.mergeable), ("send", self.sends)) if not meant}
        return tuple(action for action in ACTIONS if action not in without)

    def address_of(self, screen: str) -> str:
        """The path of one of its screens."""
        return f"{self.path}/" if screen == "list" else f"{self.path}/{screen}"

    @cached_property
    def fixed_fields(self) -> tuple[Field, ...]:
        return fixed_fields(self.document)


REGISTERS: dict[str, Register] = {}


def add_register(card: Register) -> Register:
    REGISTERS[card.key] = card
    SHARING[card.key] = card.sharing
    if card.deletable:
        DELETABLE[card.key] = card.deletable
    return card


def register_of(key: str) -> Register:
    """The card of a register. Raises UnknownRegister."""
    if not isinstance(key, str) or key not in REGISTERS:
        raise UnknownRegister(key)
    return REGISTERS[key]


def all_registers() -> Iterator[Register]:
    return iter(REGISTERS.values())
