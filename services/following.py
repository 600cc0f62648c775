"""What follows from writing records, in the transaction that writes them: relationships, reminders, their past."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pymongo.client_session import ClientSession

from models.fields.schema import Schema
from models.rights import Access
from services import followed_links, keeping_past

Raw = Mapping[str, Any]
#: (before, after) of each record; `before` None is a new or restored one, `after` None one that was deleted.
Pairs = Sequence[tuple[Raw | None, Raw | None]]
Follower = Callable[[ClientSession, Access, Pairs], None]
FOLLOWERS: dict[str, list[Follower]] = {}


def follows(register: str) -> Callable[[Follower], Follower]:
    """Have a function called with every write of a register's records, in its transaction."""

    def add(follower: Follower) -> Follower:
        FOLLOWERS.setdefault(register, []).append(follower)
        return follower

    return add


def follow(session: ClientSession, access: Access, schema: Schema, pairs: Sequence[tuple[Raw | None, Raw]]) -> None:
    """Records were added or changed."""
    followed_links.follow(session, access, schema, pairs)
    tell_followers(session, access, schema, pairs)


def tell_followers(session: ClientSession, access: Access, schema: Schema, pairs: Pairs) -> None:
    """Records were deleted or restored: what they are linked to is kept with them in the recycle bin."""
    keeping_past.remember(session, schema, pairs)
    for follower in FOLLOWERS.get(schema.register.key, ()):
        follower(session, access, pairs)
