"""Leaving out of letters those who refused them, and telling a segment who was written to.

Both hang on services that come to this place: consent says who may be written to, segments remember their members.
Whoever has them puts them into `REASONS` and `KEEP_MEMBERS`; until then the choice is not offered.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.rights import Access
from services.merge.reading import chunks
from services.search import Selection

Raw = dict[str, Any]
CHANNEL = "letter"
#: Who has no address may still get a letter: by hand, say.
HARMLESS = ("", "no_address")
STEP = 500
#: For each raw record of a register why no marketing may go to it by that channel, "" where it may.
REASONS: list[Callable[[Access, str, Sequence[Raw], str], Sequence[str]]] = []
#: Keep a segment's members as of a sending: (session or None, segment, sending, ids of its members).
KEEP_MEMBERS: list[Callable[[ClientSession | None, ObjectId, ObjectId, Sequence[ObjectId]], Any]] = []


def may_leave_out() -> bool:
    """Whether anybody knows who refused letters."""
    return bool(REASONS)


class LeavingOut:
    """Passes on the records to which marketing letters may go; `count` is how many of them it has left out."""

    def __init__(self, access: Access, register: str) -> None:
        self._access = access
        self._register = register
        self.count = 0

    def of(self, rows: Iterable[Raw]) -> Iterator[Raw]:
        for some in chunks(rows, STEP):
            left: Sequence[Raw] = some
            for reasons in REASONS:
                found = reasons(self._access, CHANNEL, left, self._register)
                left = [raw for raw, reason in zip(left, found, strict=True) if reason in HARMLESS]
            self.count += len(some) - len(left)
            yield from left


def segment_of(selection: Selection) -> ObjectId | None:
    """The segment that a selection is exactly, None for any other selection."""
    conditions = selection.conditions if selection.all_matching else ()
    if len(conditions) != 1 or set(conditions[0]) != {"segment"} or not ObjectId.is_valid(conditions[0]["segment"]):
        return None
    return ObjectId(conditions[0]["segment"])


def keep_members(
    session: ClientSession, segment: ObjectId | None, sending: ObjectId, records: Iterable[str]
) -> None:  # fmt: skip
    """Tell the segment that was written to who its members were."""
    if segment is not None and KEEP_MEMBERS:
        ids = list(map(ObjectId, records))
        for keep in KEEP_MEMBERS:
            keep(session, segment, sending, ids)
