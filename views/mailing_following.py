"""What becomes of a mailing: how far it is, held, gone on with, called off; each recipient's message."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import format_datetime, format_number
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from models.jobs import JobState
from models.mailings import CANCELLED, PAUSED, SCHEDULED, SENDING, SENT
from models.outbox import MessageState
from models.registers import REGISTERS
from models.rights import Access
from services.mailings import REASONS, MailingProblem, Progress, cancel, pause, progress, resume
from services.outbox import Unchangeable, messages_of, retry_message, settle_all, settle_message
from services.outbox.reading import MAX_PAGE
from services.rounds import wake
from views.base import current_access
from views.links import number_arg, query_url
from views.mailing_steps import FOLLOW, MailingScreens, is_draft
from views.outbox import STATES

Raw = dict[str, Any]
WAITING, ON_ITS_WAY = MessageState.WAITING.value, MessageState.SENDING.value
UNCLEAR, FAILED = MessageState.UNCLEAR.value, MessageState.FAILED.value
#: The state of a mailing -> what is said of it.
SAID: Mapping[str, Any] = {
    SENDING: _l("Messages are going out. You can leave this page: the sending goes on by itself."),
    PAUSED: _l("Paused: nothing more goes out until you go on."),
    CANCELLED: _l("The sending was called off. What had gone had gone."),
}
#: What may be said of one message -> what does it, and what is told.
ARRIVED, AGAIN, RETRY = "arrived", "again", "retry"
SETTLED: Mapping[str, tuple[Callable[[Access, Any], None], Any]] = {
    ARRIVED: (lambda access, message: settle_message(access, message, arrived=True), _l("Noted: it arrived.")),
    AGAIN: (lambda access, message: settle_message(access, message, arrived=False), _l("It is sent again.")),
    RETRY: (retry_message, _l("It is sent again.")),
}


@dataclass(frozen=True)
class ShownProgress:
    """How far a sending is. `figures` are (label, colour, count, address of the list) by state, `left_out` (reason,
    count)."""

    done: int
    total: int
    percent: int
    message: str
    going: bool
    figures: list[tuple[str, str, int, str]] = field(default_factory=list)
    left_out: list[tuple[str, int]] = field(default_factory=list)
    unsubscribed: int = 0
    unclear: int = 0
    unclear_url: str = ""
    may_pause: bool = False
    may_resume: bool = False
    may_cancel: bool = False
    pause_url: str = ""
    resume_url: str = ""
    cancel_url: str = ""


def told(raw: Raw, found: Progress) -> str:
    """What a sending's state means, in a sentence."""
    if found.problem:
        return found.problem
    if found.state == SCHEDULED:
        return _("It starts at %(moment)s.", moment=format_datetime(raw["starts_at"], "medium"))
    if found.state == SENT:
        return _("Sent at %(moment)s.", moment=format_datetime(raw["sent_at"], "medium"))
    if found.state == SENDING and found.job in (JobState.WAITING.value, JobState.RUNNING.value):
        return _("The messages are being made: %(done)s of %(total)s.", done=format_number(found.done),
                 total=format_number(found.total))  # fmt: skip
    return str(SAID.get(found.state, ""))


class FollowingScreens(MailingScreens):
    """The page that follows a sending."""

    @expose("/follow/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def follow(self, pk: str) -> Any:
        """How far it is, and the recipients' messages; `state` narrows them."""
        raw = self.mailing(pk)
        if is_draft(raw):
            return redirect(self.address("show", raw))
        state = request.args.get("state", "")
        state, number = state if state in STATES else "", number_arg("page", 0, MAX_PAGE)
        found, more = messages_of(current_access(), pk, state, number)
        tabs = [(_("All"), query_url(("state", "page")), not state),
                *((label, query_url(("page",), state=key), key == state) for key, (label, _colour) in STATES.items())]
        return self.mailing_page(
            "mailings/follow.html", raw, FOLLOW, shown=self.shown_progress(raw), state=state, tabs=tabs,
            rows=[self.shown_message(raw, one) for one in found], number=number, more=more,
            progress_url=self.address("progress", raw), unclear=state == UNCLEAR,
            settle_url=self.address("settle_all", raw),
        )  # fmt: skip

    @expose("/progress/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def progress(self, pk: str) -> str:
        """How far it is, as a part of its page."""
        raw = self.mailing(pk)
        return str(self.render_template("mailings/progress.html", page=self.head_of_page(raw, FOLLOW),
                                        shown=self.shown_progress(raw)))  # fmt: skip

    def shown_progress(self, raw: Raw) -> ShownProgress:
        found, here = progress(current_access(), raw["_id"]), self.address(FOLLOW, raw)
        figures = [(str(label), colour, found.counts[key], f"{here}?state={key}")
                   for key, (label, colour) in STATES.items() if found.counts.get(key)]  # fmt: skip
        return ShownProgress(
            found.ended, found.recipients, found.percent, told(raw, found), found.state in (SCHEDULED, SENDING),
            figures,
            [(str(REASONS.get(reason, reason)), count) for reason, count in found.left_out.items() if count],
            found.unsubscribed, found.counts.get(UNCLEAR, 0), f"{here}?state={UNCLEAR}", found.state == SENDING,
            found.state == PAUSED, found.state in (SCHEDULED, SENDING, PAUSED),
            *(self.address(page, raw) for page in ("pause", "resume", "cancel")),
        )  # fmt: skip

    def shown_message(self, mailing: Raw, raw: Mapping[str, Any]) -> Raw:
        label, colour = STATES[raw["state"]]
        card, message = REGISTERS.get(raw.get("register") or ""), raw["_id"]
        settle = self.address("settle", mailing)
        again = {UNCLEAR: AGAIN, FAILED: RETRY}.get(raw["state"])
        return {
            "name": raw.get("name"), "address": raw["address"], "label": label, "colour": colour,
            "error": raw.get("error"), "time": raw.get("sent_at"), "unclear": raw["state"] == UNCLEAR,
            "url": f"{request.script_root}{card.path}/show/{raw['record']}" if card and raw.get("record") else "",
            "arrived_url": f"{settle}/{ARRIVED}/{message}", "again_url": f"{settle}/{again}/{message}" if again else "",
            "message_url": "",
        }  # fmt: skip

    # What may be done

    @expose("/pause/<pk>", methods=["POST"])
    @has_access
    @permission_name("send")
    def pause(self, pk: str) -> Response:
        return self.done(pk, pause, _("Paused: nothing more goes out until you go on."))

    @expose("/resume/<pk>", methods=["POST"])
    @has_access
    @permission_name("send")
    def resume(self, pk: str) -> Response:
        return self.done(pk, resume, _("The sending goes on."))

    @expose("/cancel/<pk>", methods=["POST"])
    @has_access
    @permission_name("send")
    def cancel(self, pk: str) -> Response:
        return self.done(pk, cancel, _("The sending was cancelled."))

    @expose("/settle/<pk>/<how>/<message>", methods=["POST"])
    @has_access
    @permission_name("send")
    def settle(self, pk: str, how: str, message: str) -> Response:
        """Say of one message that it arrived, or have it sent again."""
        if how not in SETTLED:
            raise NotFound
        settle, said = SETTLED[how]
        return self.done(pk, lambda access, _mailing: settle(access, message), said)

    @expose("/settle_all/<pk>/<how>", methods=["POST"])
    @has_access
    @permission_name("send")
    def settle_all(self, pk: str, how: str) -> Response:
        """Say the same of all messages of which nobody knows whether they went."""
        if how not in (ARRIVED, AGAIN):
            raise NotFound
        return self.done(pk, lambda access, mailing: settle_all(access, mailing, arrived=how == ARRIVED),
                         SETTLED[how][1])  # fmt: skip

    def done(self, pk: str, change: Callable[[Access, Any], Any], said: Any) -> Response:
        """Do it, say so, and go on following."""
        raw = self.mailing_to_send(pk)
        try:
            change(current_access(), raw["_id"])
            flash(str(said), "success")
        except (MailingProblem, Unchangeable) as problem:
            flash(str(problem), "warning")
        wake()
        return redirect(self.address(FOLLOW, raw))
