"""What the pages of a mailing have in common: the way from the recipients to what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _

from models.fields.field import Choice
from models.mailings import DRAFT, MAIL, SENT
from services.mailings import mailing_to_send, may_send
from services.records import get_record
from views.base import current_access, current_language
from views.registers import RegisterView

Raw = dict[str, Any]
RECIPIENTS, CONTENT, CHECK, SEND, FOLLOW = "recipients", "content", "check", "send", "follow"
STEPS = (RECIPIENTS, CONTENT, CHECK, SEND, FOLLOW)


@dataclass(frozen=True)
class MailingStep:
    """One step on the way; without an address it is not its turn yet, or no more."""

    key: str
    label: str
    url: str
    done: bool
    current: bool


@dataclass(frozen=True)
class ShownState:
    label: str
    colour: str


@dataclass(frozen=True)
class MailingPage:
    """What the head of every page of a mailing shows."""

    card: Any
    name: str
    show_url: str
    copy_url: str
    state: ShownState
    steps: list[MailingStep]
    can: Mapping[str, bool]


class MailingScreens(RegisterView):
    """A mailing's own pages beside those of every register."""

    def mailing(self, pk: str, action: str = "see") -> Raw:
        """The mailing (raw). Raises RecordNotFound, NotAllowed."""
        return get_record(current_access(), self.card.key, pk, action)

    def mailing_to_send(self, pk: str) -> Raw:
        """The mailing (raw) whose sending is the user's to order. Raises RecordNotFound, NotAllowed."""
        return mailing_to_send(current_access(), pk)

    def can_with(self, raw: Raw) -> dict[str, bool]:
        return {**super().can_with(raw), "send": may_send(current_access(), raw)}

    def mailing_page(self, template: str, raw: Raw, step: str, **values: Any) -> str:
        return str(self.render_template(template, page=self.head_of_page(raw, step), raw=raw, pk=str(raw["_id"]),
                                        title=raw.get("name") or _("(no name)"), **values))  # fmt: skip

    def head_of_page(self, raw: Raw, step: str = "") -> MailingPage:
        can = {**self.can_with(raw), "copy": current_access().may(self.card.key, "add")}
        return MailingPage(
            self.card, raw.get("name") or _("(no name)"), self.address("show", raw), self.address("copy", raw),
            self.shown_state(raw), self.way(raw, step), can,
        )  # fmt: skip

    def address(self, page: str, raw: Raw) -> str:
        return f"{request.script_root}{self.card.path}/{page}/{raw['_id']}"

    def shown_state(self, raw: Raw) -> ShownState:
        field = self.datamodel.schema.get("state")
        key = raw.get("state") or DRAFT
        found: Choice | None = next((one for one in field.choices if one.key == key), None) if field else None
        return ShownState(found.text(current_language()), found.colour) if found else ShownState("", "grey")

    def way(self, raw: Raw, here: str) -> list[MailingStep]:
        """The steps of a mailing: those of a draft lead on, those after the order to send only look back."""
        draft = is_draft(raw)
        done = {RECIPIENTS: bool(raw.get("segment")), CONTENT: is_written(raw), CHECK: not draft, SEND: not draft,
                FOLLOW: raw.get("state") == SENT}  # fmt: skip
        there = {**dict.fromkeys(STEPS, True), CONTENT: draft, SEND: draft and may_send(current_access(), raw),
                 FOLLOW: not draft}  # fmt: skip
        # What was sent is looked at, and checked no more.
        labels = {RECIPIENTS: _("Recipients"), CONTENT: _("Content"), CHECK: _("Check") if draft else _("Message"),
                  SEND: _("Send"), FOLLOW: _("Follow")}  # fmt: skip
        return [MailingStep(key, labels[key], self.address(key, raw) if there[key] else "", done[key], key == here)
                for key in STEPS]  # fmt: skip


def is_draft(raw: Mapping[str, Any]) -> bool:
    return (raw.get("state") or DRAFT) == DRAFT


def is_mail(raw: Mapping[str, Any]) -> bool:
    return raw.get("channel") == MAIL


def is_written(raw: Mapping[str, Any]) -> bool:
    """Whether there is something to send: an e-mail needs a subject and a text, an SMS a text."""
    return bool(raw.get("subject") and (raw.get("html") or raw.get("text"))) if is_mail(raw) else bool(raw.get("text"))
