"""What one worker sends by one channel, in its order: what is due of no mailing, then of mailings, which take turns."""

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from services.outbox.claims import Hand, due_messages
from services.outbox.mailings import going_mailings, rest
from services.outbox.rates import seconds_until_free

Raw = dict[str, Any]
#: So many are looked up in one go, and looked up anew after so many seconds: what is more urgent than a mailing waits
#: no longer, and a mailing that is paused goes on no longer.
BATCH, STALE_SECONDS = 20, 1.0


class Line:
    """The messages of a channel; at most one of them is held."""

    def __init__(self, channel: str) -> None:
        self.channel = channel
        self.hand = Hand()
        self.found: deque[Raw] = deque()
        self.stale_at = 0.0
        self.last_mailing: Any = None

    def next(self) -> tuple[Raw | None, float | None]:
        """(the next message, held; how many seconds the next of a mailing must wait): both None for nothing due."""
        while self.look():
            if self.found[0].get("mailing") and (wait := seconds_until_free(self.channel)):
                self.hand.let_go()
                return None, wait
            if raw := self.hand.take(self.found.popleft()):
                return raw, None
        self.hand.let_go()
        return None, None

    def look(self) -> bool:
        """Whether anything may be sent, as it was a moment ago."""
        if not self.found or time.monotonic() > self.stale_at:
            # Looking takes its time; what was sent should not stand as being sent meanwhile.
            self.hand.let_go()
            self.found = deque(self.due())
            self.stale_at = time.monotonic() + STALE_SECONDS
        return bool(self.found)

    def due(self) -> Sequence[Raw]:
        if rows := due_messages({"mailing": None, "channel": self.channel}, BATCH):
            return rows
        for dispatch in self.in_turn(going_mailings(self.channel)):
            if rows := due_messages({"mailing": dispatch["_id"], "channel": self.channel}, BATCH):
                self.last_mailing = dispatch["_id"]
                return rows
            rest(dispatch)
        return ()

    def in_turn(self, going: Sequence[Raw]) -> Sequence[Raw]:
        """The mailings, beginning with the one that follows the last one's."""
        last = self.last_mailing
        later = [dispatch for dispatch in going if last is not None and dispatch["_id"] > last]
        return [*later, *(dispatch for dispatch in going if dispatch not in later)]
