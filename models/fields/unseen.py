"""Values that speak of what their reader does not see: conditions on a field that is hidden from the reader."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from flask_babel import lazy_gettext as _l

from models.rights import Access

#: (who reads, the register of whose records the value speaks, the value) -> whether it speaks of what is hidden.
Judge = Callable[[Access, str, Any], bool]
Marked = TypeVar("Marked", bound=Judge)
JUDGES: list[Judge] = []


class Unseen:
    """What stands in the place of such a value wherever its reader would read it."""

    def __str__(self) -> str:
        return str(_l("its conditions speak of fields that you don’t see"))


UNSEEN: Final = Unseen()
STAYS = _l("These speak of fields that you don’t see: they stay as they are.")
LOCKED = _l("These speak of fields that you don’t see: they stay as they are. Leave them out.")
LOCKED_BY = _l("The conditions speak of fields that you don’t see, so this has to stay as it is.")


def judges_unseen(judge: Marked) -> Marked:
    """Marks the function that says whether a value speaks of what its reader does not see. A register that nobody
    knows any more is ""."""
    JUDGES.append(judge)
    return judge


def speaks_of_unseen(access: Access, register: str, value: Any) -> bool:
    """Whether the value speaks of what the reader does not see; without anybody to ask it does."""
    return not JUDGES or any(judge(access, register, value) for judge in JUDGES)
