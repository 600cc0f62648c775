"""One round of sending: what is due, by every way that is set, over one connection each."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any, Protocol

from flask import current_app

from models.consent import Reason, normalised
from models.outbox import MAIL, SMS, MessageState
from models.transactions import in_transaction
from services.mail import Mailer, smtp_is_set
from services.message_content import Content, NoContent, content_of
from services.outbox.claims import DELAYS, Hand, release_abandoned
from services.outbox.endings import forget_contents
from services.outbox.lines import Line
from services.outbox.mailings import sweep_cancelled
from services.outbox.refusals import refusal_of
from services.records import now
from services.sending import LONGEST_ERROR, Refused, Unclear, Undeliverable, Unreachable, Unsent
from services.sms import Texter, sms_is_set
from services.unsubscribing import suppress

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


def texter() -> Texter:
    return Texter(current_app.config["SMS_URL"])


#: Channel -> what sends by it, kept open for a round, and whether it is set.
CARRIERS: Mapping[str, Callable[[], Any]] = {MAIL: mailer, SMS: texter}
IS_SET: Mapping[str, Callable[[], bool]] = {MAIL: smtp_is_set, SMS: sms_is_set}


class Round:
    """The channels take turns, so that none waits for another's rate."""

    def __init__(self, carriers: Mapping[str, Carrier], deadline: float) -> None:
        self.carriers = carriers
        self.lines = {channel: Line(channel) for channel in carriers}
        self.deadline = deadline
        self.sent = 0

    def go(self) -> int:
        """Send until nothing more may go in this round; answers how many were sent."""
        try:
            while self.lines and time.monotonic() < self.deadline:
                waits = [self.step(line) for line in tuple(self.lines.values())]
                if all(wait is None for wait in waits):
                    break
                if nap := min(wait for wait in waits if wait is not None):
                    time.sleep(min(nap, NAP_SECONDS))
        finally:
            for line in self.lines.values():
                line.hand.let_go()
        return self.sent

    def step(self, line: Line) -> float | None:
        """Send one message; 0.0 for done, None for nothing due, else the seconds until a mailing's next may go."""
        raw, wait = line.next()
        if raw is None:
            return wait
        try:
            self.sent += send_held(self.carriers[line.channel], line.hand, raw)
        except Unreachable as error:
            log.warning("the server of %s can't be reached: %s", line.channel, error)
            line.hand.let_go()
            del self.lines[line.channel]
        return 0.0


def send_held(carrier: Carrier, hand: Hand, raw: Raw) -> bool:
    """Send one held message and note what came of it. Raises Unreachable; the message waits for its next try."""
    content = prepared(hand, raw)
    if content is None:
        return False
    try:
        carrier.send(raw, content)
    except Refused as error:
        hand.note(raw, MessageState.FAILED, error=str(error))
        if isinstance(error, Undeliverable):
            give_up(raw)
    except Unsent as error:
        if isinstance(error, Unclear) and raw.get("marketing"):
            hand.note(raw, MessageState.UNCLEAR, error=str(error), sent_at=now())
        else:
            hand.put_off(raw, str(error))
        if isinstance(error, Unreachable):
            raise
    else:
        hand.note(raw, MessageState.SENT, error="", sent_at=now())
        return True
    return False


def give_up(raw: Raw) -> None:
    """Send no more marketing to an address that does not exist: who goes on is taken for a sender of junk."""
    address = normalised(raw["channel"], raw["address"])
    in_transaction(lambda session: suppress(session, raw["channel"], address, Reason.UNDELIVERABLE))


def prepared(hand: Hand, raw: Raw) -> Content | None:
    """What a held message says, None where it is not to go, which is noted."""
    try:
        if not (why := refusal_of(raw)):
            return content_of(raw)
        hand.note(raw, MessageState.SUPPRESSED, error=why)
    except NoContent as error:
        hand.note(raw, MessageState.FAILED, error=str(error))
    except Exception as error:  # boundary: what makes one message's content must not keep the others from being sent
        log.exception("message %s can't be made", raw["message_id"])
        hand.put_off(raw, f"{type(error).__name__}: {error}"[:LONGEST_ERROR])
    return None
