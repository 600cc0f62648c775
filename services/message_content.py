"""What a message says: stored with it, or made at the moment when it is sent."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Raw = Mapping[str, Any]


class NoContent(Exception):
    """This one message can't be made; the text says why, and stands in the outbox."""


@dataclass(frozen=True)
class Content:
    """What a message says. An SMS has `text` alone.

    `headers` come from the program's own code, never from users. `attachments` are {name, content_type, content,
    method}; `inline` are pictures that the HTML refers to as `cid:`: {cid, name, content_type, content}.
    """

    subject: str = ""
    text: str = ""
    html: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Raw] = ()
    sender_name: str = ""
    reply_to: str = ""
    inline: Sequence[Raw] = ()


Maker = Callable[[Raw], Content]
#: Purpose -> what makes the content of its messages (raw) when they are sent.
CONTENT: dict[str, Maker] = {}


def makes_content(purpose: str) -> Callable[[Maker], Maker]:
    """Mark the function that makes the content of a purpose's messages. It may raise NoContent."""

    def mark(make: Maker) -> Maker:
        CONTENT[purpose] = make
        return make

    return mark


def content_of(raw: Raw) -> Content:
    """What a message (raw) says. Raises NoContent."""
    if raw["purpose"] in CONTENT:
        return CONTENT[raw["purpose"]](raw)
    return Content(
        raw.get("subject") or "", raw.get("text") or "", raw.get("html") or "",
        attachments=raw.get("attachments") or (), sender_name=raw.get("sender_name") or "",
        reply_to=raw.get("reply_to") or "",
    )  # fmt: skip
