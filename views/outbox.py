"""The outbox: what became of outgoing messages, for everyone as far as their rights reach, and what can be done."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response as AnyResponse

from models.outbox import PURPOSES, MessageState
from models.registers import REGISTERS
from models.rights import Access, NotAllowed
from services.labels import names_of, names_of_all
from services.letters import letter
from services.mail import mail_from, smtp_is_set
from services.message_content import Content, NoContent, content_of
from services.message_looks import shown_html
from services.outbox import (
    Unchangeable,
    cancel_message,
    list_messages,
    queue_test,
    retry_message,
    settle_all,
    settle_message,
)
from services.outbox.changing import can_be_repeated, changeable_among
from services.outbox.histories import mailing_names
from services.outbox.reading import Asked, find_message, hides_address, may_read
from services.records import RecordNotFound
from services.rounds import OUTBOX_PATH, wake
from services.sms import sms_is_set
from views.base import current_access
from views.permissions import ADMINISTRATION, OWN
from views.sendings import CHANNELS, STATES, purpose_label, said_of

Raw = Mapping[str, Any]
#: What a message shows of itself: it may be anything that somebody uploaded, and loads and runs nothing.
CONTENT_POLICY = "; ".join((
    "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "sandbox", "form-action 'none'",
    "base-uri 'none'", "frame-ancestors 'self'",
))  # fmt: skip
#: So long a recipient's name may be that is looked for.
LONGEST_TEXT = 100


class OutboxView(BaseView):
    """The outgoing messages that a user may see."""

    route_base = OUTBOX_PATH.rstrip("/")
    default_view = "list"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The newest first; `state`, `channel`, `purpose`, `mailing` and a recipient's text `q` narrow them."""
        access, asked = current_access(), asked_for()
        rows, after = list_messages(access, asked, after=request.args.get("after", ""))
        return self.render_template(
            "outbox/list.html", title=_("Outbox"), rows=shown_rows(access, rows), asked=asked, states=STATES,
            channel_options=[(key, label) for key, (label, _icon) in CHANNELS.items()],
            purpose_options=[(key, purpose.label) for key, purpose in PURPOSES.items()],
            after=after, began=not request.args.get("after"), mailing=mailing_shown(access, asked),
            administers=access.everything, sender=mail_from(), mail_is_set=smtp_is_set(), sms_is_set=sms_is_set(),
        )  # fmt: skip

    @expose("/show/<pk>")
    @has_access
    @permission_name("list")
    def show(self, pk: str) -> Any:
        """One message: what was sent, when, and what the server said. Raises RecordNotFound."""
        access, raw = current_access(), find_message(current_access(), pk)
        content = content_shown(access, raw)
        (row,) = shown_rows(access, [raw])
        return self.render_template(
            "outbox/show.html", title=row["subject"], row=row, content=content, secret=not may_read(access, raw),
            record=record_shown(access, raw), mailing=mailing_names(access, [raw]).get(raw.get("mailing"), ""),
            settled_by=names_of(access, "user", [raw["settled_by"]] if raw.get("settled_by") else []),
        )  # fmt: skip

    @expose("/content/<pk>")
    @has_access
    @permission_name("list")
    def content(self, pk: str) -> Response:
        """What a message's HTML looks like, for a frame. Raises RecordNotFound."""
        access, raw = current_access(), find_message(current_access(), pk)
        content = content_shown(access, raw)
        if content is None or not content.html:
            raise RecordNotFound("message", pk)
        answer = Response(shown_html(content), mimetype="text/html")
        answer.headers["Content-Security-Policy"] = CONTENT_POLICY
        answer.headers["X-Frame-Options"] = "SAMEORIGIN"
        return answer

    @expose("/test", methods=["POST"])
    @has_access
    @permission_name("list")
    def test(self) -> AnyResponse:
        """Send oneself a message. Raises NotAllowed."""
        text, html = letter(_("Kortisto can send e-mail"), [], _("You asked for this message on the outbox page."))
        address = queue_test(current_access(), _("Kortisto can send e-mail"), text, html)
        wake()
        flash(_("A message to %(address)s is on its way. Load this page again to see what became of it.",
                address=address), "success")  # fmt: skip
        return redirect(url_for("OutboxView.list"))

    @expose("/retry/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def retry(self, pk: str) -> AnyResponse:
        """Send a failed message again. Raises RecordNotFound."""
        return self.change(lambda access: retry_message(access, pk), _("The message is sent again."))

    @expose("/cancel/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def cancel(self, pk: str) -> AnyResponse:
        """Leave a waiting or failed message unsent. Raises RecordNotFound."""
        return self.change(lambda access: cancel_message(access, pk), _("The message will not be sent."))

    @expose("/settle/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def settle(self, pk: str) -> AnyResponse:
        """Say of an unclear message that it `arrived`, or have it sent again. Raises RecordNotFound."""
        arrived = bool(request.form.get("arrived"))
        done = _("The message stands as sent.") if arrived else _("The message is sent again.")
        return self.change(lambda access: settle_message(access, pk, arrived=arrived), done)

    @expose("/settle_all/<mailing>", methods=["POST"])
    @has_access
    @permission_name("list")
    def settle_all(self, mailing: str) -> AnyResponse:
        """Say the same of all unclear messages of a mailing. Raises RecordNotFound."""
        arrived = bool(request.form.get("arrived"))
        try:
            count = settle_all(current_access(), mailing, arrived=arrived)
            flash(ngettext("One message was settled.", "%(num)s messages were settled.", count), "success")
        except (Unchangeable, NotAllowed) as error:
            flash(str(error), "warning")
        wake()
        return redirect(url_for("OutboxView.list", mailing=mailing))

    def change(self, change: Callable[[Access], None], done: str) -> AnyResponse:
        try:
            change(current_access())
            flash(done, "success")
        except (Unchangeable, NotAllowed) as error:
            flash(str(error), "warning")
        wake()
        return redirect(back_to())


class OldOutboxView(BaseView):
    """Where the outbox was."""

    route_base = "/settings/outbox"
    default_view = "list"
    class_permission_name = ADMINISTRATION

    @expose("/")
    @has_access
    def list(self) -> AnyResponse:
        """Go to where it is now."""
        return redirect(OUTBOX_PATH)


def back_to() -> str:
    """The page of ours that the reader was at: the list with its filters, or the message."""
    here = request.referrer or ""
    place = here.removeprefix(request.host_url.rstrip("/"))
    return place if place.startswith(OUTBOX_PATH) else url_for("OutboxView.list")


def asked_for() -> Asked:
    """The conditions of the address; what is none of them asks for nothing."""
    given = request.args
    return Asked(
        state=given.get("state", "") if given.get("state") in STATES else "",
        channel=given.get("channel", "") if given.get("channel") in CHANNELS else "",
        purpose=given.get("purpose", "") if given.get("purpose") in PURPOSES else "",
        mailing=given.get("mailing", ""), text=given.get("q", "").strip()[:LONGEST_TEXT],
    )  # fmt: skip


# What is shown


def shown_rows(access: Access, rows: list[Any]) -> list[dict[str, Any]]:
    """Messages (raw) as the page shows them."""
    mailings, changeable = mailing_names(access, rows), changeable_among(access, rows)
    return [shown(access, raw, mailings.get(raw.get("mailing"), ""), raw["_id"] in changeable) for raw in rows]


def shown(access: Access, raw: Raw, mailing: str, changeable: bool) -> dict[str, Any]:
    label, colour = STATES[raw["state"]]
    way, icon = CHANNELS[raw["channel"]]
    state, purpose = raw["state"], purpose_label(raw["purpose"])
    return {
        **raw, "state_label": label, "colour": colour, "way": way, "icon": icon, "about": mailing or purpose,
        "subject": (raw.get("subject") if may_read(access, raw) else "") or mailing or purpose,
        "address": "" if hides_address(access, raw) else raw["address"], "said": said_of(raw),
        "time": raw.get("sent_at") or raw["created_at"],
        "may_retry": changeable and can_be_repeated(raw),
        "may_cancel": changeable and state in (MessageState.WAITING.value, MessageState.FAILED.value),
        "may_settle": changeable and state == MessageState.UNCLEAR.value,
        "next_try": raw["due_at"] if state == MessageState.WAITING.value and raw["attempts"] else None,
    }  # fmt: skip


def mailing_shown(access: Access, asked: Asked) -> dict[str, Any] | None:
    """The mailing that the list is narrowed to: its name, and whether there are unclear ones to settle."""
    if not asked.mailing:
        return None
    unclear, _more = list_messages(access, Asked(state=MessageState.UNCLEAR.value, mailing=asked.mailing))
    rows = unclear or list_messages(access, asked)[0]
    names = mailing_names(access, rows[:1])
    settles = bool(changeable_among(access, unclear[:1]))
    return {"id": asked.mailing, "name": next(iter(names.values()), _("Mailing")), "settles": settles}


def record_shown(access: Access, raw: Raw) -> tuple[str, str] | None:
    """(name, address) of the record that a message went to, as far as it may be seen."""
    card = REGISTERS.get(raw.get("register") or "")
    if card is None or not raw.get("record"):
        return None
    name = names_of_all(access, {card.key: [raw["record"]]}).get((card.key, raw["record"]))
    return None if name is None else (name or _("(no name)"), f"{card.path}/show/{raw['record']}")


def content_shown(access: Access, raw: Raw) -> Content | None:
    """What a message says, as far as it may be read and is kept."""
    if not may_read(access, raw):
        return None
    try:
        return content_of(raw)
    except NoContent:
        return None
