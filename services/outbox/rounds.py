"""One round of sending: what is due, by every way that is set, over one connection each."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from flask import current_app

from models.outbox import MAIL, MessageState
from services.mail import Mailer, smtp_is_set
from services.message_content import Content, NoContent, content_of
from services.outbox.claims import DELAYS, claim, claim_of_mailings, note, put_off, release_abandoned
from services.outbox.endings import forget_contents
from services.outbox.mailings import going_mailings, sweep_cancelled
from services.outbox.rates import seconds_until_free
from services.outbox.refusals import refusal_of
from services.records import now
from services.sending import LONGEST_ERROR, Refused, Unclear, Unreachable, Unsent

log = logging.getLogger(__name__)
Raw = dict[str, Any]
#: A round of sending ends after so many seconds: reminders that came due meanwhile have their turn.
ROUND_SECONDS = 30.0
#: A round that waits for the rate of mailings looks so often for what may go at once.
NAP_SECONDS = 1.0
__all__ = ["DELAYS", "send_due"]


class Carrier(Protocol):
    """What takes messages to their recipients by one channel."""

    def send(self, raw: Mapping[str, Any], content: Content) -> None:
        """Send a message. Raises Refused, Unclear, Unsent or Unreachable."""


def send_due(seconds: float = ROUND_SECONDS) -> int:
    """Send what is due, one message after the other; answers how many were sent.

    Ends when nothing is due, when no server can be reached or after so many seconds. A channel's messages wait while
    it is not set.
    """
    release_abandoned()
    sweep_cancelled()
    forget_contents()
    with ExitStack() as stack:
        carriers = {channel: stack.enter_context(opened()) for channel, opened in CARRIERS.items() if is_set(channel)}
        return Round(carriers, time.monotonic() + seconds).go()


def is_set(channel: str) -> bool:
    """Whether there is a server to send a channel's messages by."""
    return IS_SET[channel]()


def mailer() -> Mailer:
    return Mailer(current_app.config["SMTP_URL"])


#: Channel -> what sends by it, kept open for a round, and whether it is set.
CARRIERS: Mapping[str, Callable[[], Any]] = {MAIL: mailer}
IS_SET: Mapping[str, Callable[[], bool]] = {MAIL: smtp_is_set}


class Round:
    """The channels take turns, so that none waits for another's rate; each sends mailings when nothing else is due."""

    def __init__(self, carriers: Mapping[str, Carrier], deadline: float) -> None:
        self.carriers = dict(carriers)
        self.deadline = deadline
        self.last_mailing: Any = None
        self.sent = 0

    def go(self) -> int:
        """Send until nothing more may go in this round; answers how many were sent."""
        while self.carriers and time.monotonic() < self.deadline:
            waits = [self.step(channel) for channel in tuple(self.carriers)]
            if all(wait is None for wait in waits):
                break
            if nap := min((wait for wait in waits if wait is not None), default=0.0):
                time.sleep(min(nap, NAP_SECONDS))
        return self.sent

    def step(self, channel: str) -> float | None:
        """Send one message; 0.0 for done, None for nothing due, else the seconds until a mailing's next may go."""
        raw = claim(channel)
        if raw is None:
            raw, wait = self.of_mailings(channel)
            if raw is None:
                return wait
        try:
            self.sent += send_claimed(self.carriers[channel], raw)
        except Unreachable as error:
            log.warning("the server of %s can't be reached: %s", channel, error)
            del self.carriers[channel]
        return 0.0

    def of_mailings(self, channel: str) -> tuple[Raw | None, float | None]:
        """(a message of a mailing, taken; how long it must wait for its turn)."""
        going = going_mailings(channel)
        if not going:
            return None, None
        if wait := seconds_until_free(channel):
            return None, wait
        raw = claim_of_mailings(going, self.last_mailing)
        self.last_mailing = raw and raw["mailing"]
        return raw, None


def send_claimed(carrier: Carrier, raw: Raw) -> bool:
    """Send one claimed message and note what came of it. Raises Unreachable; the message waits for its next try."""
    content = prepared(raw)
    if content is None:
        return False
    try:
        carrier.send(raw, content)
    except Refused as error:
        note(raw, MessageState.FAILED, error=str(error))
    except Unsent as error:
        if isinstance(error, Unclear) and raw.get("marketing"):
            note(raw, MessageState.UNCLEAR, error=str(error), sent_at=now())
        else:
            put_off(raw, str(error))
        if isinstance(error, Unreachable):
            raise
    else:
        note(raw, MessageState.SENT, error="", sent_at=now())
        return True
    return False


def prepared(raw: Raw) -> Content | None:
    """What a claimed message says, None where it is not to go, which is noted."""
    try:
        if why := refusal_of(raw):
            note(raw, MessageState.SUPPRESSED, error=why)
            return None
        return content_of(raw)
    except NoContent as error:
        note(raw, MessageState.FAILED, error=str(error))
    except Exception as error:  # boundary: what makes one message's content must not keep the others from being sent
        log.exception("message %s can't be made", raw["message_id"])
        put_off(raw, f"{type(error).__name__}: {error}"[:LONGEST_ERROR])
    return None
