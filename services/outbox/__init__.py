"""The outbox: messages queued in the transaction of what they tell of, and sent by whichever worker takes them.

A message is claimed before it is sent and noted after the server took it. A worker that is killed in between leaves
that one message to the next, which repeats it with the same Message-ID, or asks staff where it is marketing; nothing
else is sent twice, and none is lost.
"""

from services.message_content import CONTENT, Content, NoContent, makes_content
from services.outbox.changing import (
    Unchangeable,
    cancel_message,
    retry_message,
    settle_all,
    settle_message,
)
from services.outbox.mailings import cancel_mailing, figures, pause_mailing, resume_mailing
from services.outbox.queueing import MAX_ATTACHMENTS, queue_message, queue_messages, queue_test
from services.outbox.reading import MAX_PAGE, PAGE, has_waiting, list_messages, messages_of
from services.outbox.refusals import refuses_marketing
from services.outbox.rounds import DELAYS, send_due

__all__ = [
    "CONTENT", "DELAYS", "MAX_ATTACHMENTS", "MAX_PAGE", "PAGE", "Content", "NoContent", "Unchangeable",
    "cancel_mailing", "cancel_message", "figures", "has_waiting", "list_messages", "makes_content", "messages_of",
    "pause_mailing", "queue_message", "queue_messages", "queue_test", "refuses_marketing", "resume_mailing",
    "retry_message", "send_due", "settle_all", "settle_message",
]  # fmt: skip
