"""Leaving out of letters those who refused them, and telling a segment who was written to."""

from collections.abc import Iterable, Iterator

from bson import ObjectId
from pymongo.client_session import ClientSession

from models.consent import LETTER, RULES
from models.rights import Access
from services.consent import reasons
from services.merge.reading import Raw, chunks
from services.search import Selection
from services.segments import keep_members

STEP = 500


def may_leave_out(register: str) -> bool:
    """Whether the register's records say whether they want marketing letters."""
    return register in RULES


class LeavingOut:
    """Passes on the records to which marketing letters may go; `count` is how many of them it has left out."""

    def __init__(self, access: Access, register: str) -> None:
        self._access = access
        self._register = register
        self.count = 0

    def of(self, rows: Iterable[Raw]) -> Iterator[Raw]:
        for some in chunks(rows, STEP):
            found = reasons(self._access, LETTER, some, self._register)
            left = [raw for raw, reason in zip(some, found, strict=True) if not reason]
            self.count += len(some) - len(left)
            yield from left


def segment_of(selection: Selection) -> ObjectId | None:
    """The segment that a selection is exactly, None for any other selection."""
    conditions = selection.conditions if selection.all_matching else ()
    if len(conditions) != 1 or set(conditions[0]) != {"segment"} or not ObjectId.is_valid(conditions[0]["segment"]):
        return None
    return ObjectId(conditions[0]["segment"])


def tell_segment(
    session: ClientSession, access: Access, segment: ObjectId | None, sending: ObjectId, records: Iterable[str]
) -> None:  # fmt: skip
    """Tell the segment that was written to, if one was, who its members were."""
    if segment is not None:
        keep_members(session, segment, sending, map(ObjectId, records), access.user_id)
