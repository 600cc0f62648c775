"""Segments: who is in them, who entered and left, what uses them."""

from services.segments.members import (
    add_members,
    count_members,
    create_fixed,
    give_back_membership,
    keep_as_now,
    member_ids,
    member_of,
    members_selection,
    move_membership,
    remove_members,
)
from services.segments.snapshots import Moved, entered_since, keep_members, moved_since, remember, snapshots_of
from services.segments.uses import people_of, segments_of_register, used_in

__all__ = [
    "Moved", "add_members", "count_members", "create_fixed", "entered_since", "give_back_membership", "keep_as_now",
    "keep_members", "member_ids", "member_of", "members_selection", "move_membership", "moved_since", "people_of",
    "remember", "remove_members", "segments_of_register", "snapshots_of", "used_in",
]  # fmt: skip
