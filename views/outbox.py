"""Settings: the outbox, for administrators: what became of outgoing messages, and trying, cancelling and testing."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from models.outbox import MessageState
from models.rights import Access
from services.letters import letter
from services.mail import mail_from, smtp_is_set
from services.outbox import (
    Unchangeable,
    cancel_message,
    list_messages,
    queue_test,
    retry_message,
)
from services.outbox.reading import Asked
from services.rounds import OUTBOX_PATH, wake
from views.base import current_access
from views.permissions import ADMINISTRATION

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
#: What each purpose is called; another is shown as it is.
PURPOSES: Mapping[str, Any] = {
    "reminder": _l("Reminder"),
    "digest": _l("Daily digest"),
    "invitation": _l("Invitation"),
    "report": _l("Report"),
    "test": _l("Test"),
}


class OutboxView(BaseView):
    """The outgoing messages."""

    route_base = OUTBOX_PATH.rstrip("/")
    default_view = "list"
    class_permission_name = ADMINISTRATION

    @expose("/")
    @has_access
    def list(self) -> Any:
        """The newest first; `state` narrows it."""
        state = request.args.get("state", "")
        state = state if state in STATES else ""
        rows, after = list_messages(current_access(), Asked(state=state), after=request.args.get("after", ""))
        return self.render_template(
            "settings/outbox.html", title=_("Outbox"), rows=[shown(raw) for raw in rows], state=state, states=STATES,
            after=after, smtp_is_set=smtp_is_set(), sender=mail_from(),
        )  # fmt: skip

    @expose("/test", methods=["POST"])
    @has_access
    @permission_name("list")
    def test(self) -> Response:
        """Send oneself a message."""
        text, html = letter(_("Kortisto can send e-mail"), [], _("You asked for this message on the outbox page."))
        address = queue_test(current_access(), _("Kortisto can send e-mail"), text, html)
        wake()
        flash(_("A message to %(address)s is on its way. Load this page again to see what became of it.",
                address=address), "success")  # fmt: skip
        return redirect(url_for("OutboxView.list"))

    @expose("/retry/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def retry(self, pk: str) -> Response:
        """Send a failed message again. Raises RecordNotFound."""
        return self.change(retry_message, pk, _("The message is sent again."))

    @expose("/cancel/<pk>", methods=["POST"])
    @has_access
    @permission_name("list")
    def cancel(self, pk: str) -> Response:
        """Leave a waiting or failed message unsent. Raises RecordNotFound."""
        return self.change(cancel_message, pk, _("The message will not be sent."))

    def change(self, change: Callable[[Access, Any], None], pk: str, done: str) -> Response:
        try:
            change(current_access(), pk)
            flash(done, "success")
        except Unchangeable as error:
            flash(str(error), "warning")
        wake()
        return redirect(url_for("OutboxView.list"))


def shown(raw: Mapping[str, Any]) -> dict[str, Any]:
    """A message (raw) as the page shows it."""
    label, colour = STATES[raw["state"]]
    return {
        **raw, "state_label": label, "colour": colour, "purpose_label": PURPOSES.get(raw["purpose"], raw["purpose"]),
        "time": raw.get("sent_at") or raw["created_at"],
        "may_retry": raw["state"] == MessageState.FAILED.value,
        "may_cancel": raw["state"] in (MessageState.WAITING.value, MessageState.FAILED.value),
        "next_try": raw["due_at"] if raw["state"] == MessageState.WAITING.value and raw["attempts"] else None,
    }  # fmt: skip
