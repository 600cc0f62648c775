"""The order to send a mailing, now or at a moment."""

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from flask import redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.fields.errors import ConditionError, ValidationFailed
from models.rights import NotAllowed
from services.mail import mail_from
from services.mailings import MailingProblem, start
from services.search import TooSlow
from views.base import current_access
from views.mailing_checks import CheckScreens
from views.mailing_recipients import RecipientScreens
from views.mailing_steps import CHECK, FOLLOW, SEND, is_draft, is_mail

Raw = dict[str, Any]


class SendingScreens(CheckScreens, RecipientScreens):
    """The page on which a mailing is ordered to be sent."""

    @expose("/send/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("send")
    def send(self, pk: str) -> Any:
        """Order the sending, unless something must be mended first."""
        raw = self.mailing_to_send(pk)
        if not is_draft(raw):
            return redirect(self.address(FOLLOW, raw))
        if request.method == "GET":
            return self.send_page(raw)
        try:
            at = moment_of_form()
        except ValueError:
            return self.send_page(raw, at_problem=_("Give a day and a time."), status=422)
        try:
            start(current_access(), pk, at)
        except ValidationFailed as error:
            return self.send_page(raw, problem=error.in_one(), status=422)
        except (MailingProblem, ConditionError, TooSlow, NotAllowed) as error:
            return self.send_page(raw, problem=str(error), status=422)
        return redirect(self.address(FOLLOW, raw))

    def send_page(self, raw: Raw, *, problem: str = "", at_problem: str = "", status: int = 200) -> Any:
        findings = self.findings(raw)
        going = next((one.count for one in findings if one.code == "recipients"), 0)
        return self.mailing_page(
            "mailings/send.html", raw, SEND, sms=not is_mail(raw), problem=problem, at_problem=at_problem,
            errors=[one for one in findings if one.level == "error"],
            warnings=[one for one in findings if one.level == "warning"], count=going,
            sender=raw.get("sender_name") or mail_from(), segment=self.segment_of(raw),
            parts=next((one.count for one in findings if one.code == "sms_length"), 0),
            check_url=self.address(CHECK, raw), when=request.form.get("when", "now"), at=request.form.get("at", ""),
        ), status  # fmt: skip


def moment_of_form() -> dt.datetime | None:
    """The moment that was chosen, in UTC; None for now. Raises ValueError."""
    if request.form.get("when") != "later":
        return None
    local = dt.datetime.fromisoformat(request.form.get("at", "").strip())
    if local.tzinfo is None:
        local = local.replace(tzinfo=ZoneInfo(current_access().time_zone))
    return local.astimezone(dt.UTC)
