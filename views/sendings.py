"""How messages are told wherever they are shown: which way, what for, and what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from models.outbox import MAIL, PURPOSES, SMS, MessageState

#: state -> (label, colour of its badge)
STATES: Mapping[str, tuple[Any, str]] = {
    MessageState.WAITING.value: (_l("Waiting"), "grey"),
    MessageState.SENDING.value: (_l("Being sent"), "blue"),
    MessageState.SENT.value: (_l("Sent"), "green"),
    MessageState.FAILED.value: (_l("Failed"), "red"),
    MessageState.UNCLEAR.value: (_l("Unclear"), "orange"),
    MessageState.SUPPRESSED.value: (_l("Left out"), "grey"),
    MessageState.CANCELLED.value: (_l("Cancelled"), "amber"),
}
#: channel -> (label, icon)
CHANNELS: Mapping[str, tuple[Any, str]] = {
    MAIL: (_l("E-mail"), "mail"), SMS: (_l("SMS"), "device-mobile-message"),
}  # fmt: skip
#: Why a message was left out, as services.consent says it.
REASONS: Mapping[str, Any] = {
    "refused": _l("The recipient has refused marketing."),
    "no_consent": _l("The recipient has not consented to marketing."),
    "suppressed": _l("The address is on the list of those that get no marketing."),
    "no_address": _l("The recipient has no address any more."),
    "no_rule": _l("Nothing is known of the recipient's consent."),
}


@dataclass(frozen=True)
class Shown:
    """A message in a few words: "E-mail" "Christmas greeting" "Sent"; `url` leads to it."""

    way: str
    name: str
    state: str
    icon: str
    url: str


def shown_sending(raw: Mapping[str, Any], mailing: str) -> Shown:
    """A message (raw) of a mailing of this name, "" where it has none that may be seen."""
    label, icon = CHANNELS[raw["channel"]]
    name = mailing or purpose_label(raw["purpose"])
    return Shown(str(label), name, str(STATES[raw["state"]][0]), icon, address_of(raw["_id"]))


def address_of(message_id: Any) -> str:
    """Where a message is shown."""
    return f"/outbox/show/{message_id}"


def purpose_label(purpose: str) -> str:
    """What a purpose is called; another is told as it is."""
    return str(PURPOSES[purpose].label) if purpose in PURPOSES else purpose


def said_of(raw: Mapping[str, Any]) -> str:
    """Why a message did not go: in our words, or in the server's."""
    error = str(raw.get("error") or "")
    return str(REASONS.get(error, error)) if raw["state"] == MessageState.SUPPRESSED.value else error
