"""Before a mailing is sent: its recipients, its preview as each of them, the checks, a test."""

import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Response, flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import escape

from models.fields.errors import ConditionError, ValidationFailed
from models.rights import Access, NotAllowed
from services.mail import mail_from
from services.mailings import (
    REASONS,
    Check,
    MailingProblem,
    Preview,
    checks,
    picture_file,
    pictures_of,
    preview,
    send_test,
)
from services.mailings.members import marked, place_of
from services.mailings.pictures import picture_content
from services.search import TooSlow
from services.sms import sms_length
from views.base import current_access, current_user
from views.links import query_url
from views.mailing_steps import CHECK, CONTENT, RECIPIENTS, SEND, MailingScreens, is_draft, is_mail

Raw = dict[str, Any]
MOST_RECIPIENTS = 10_000_000
SIZES, TONES, PARTS = ("both", "desktop", "phone"), ("light", "dark"), ("html", "text")
#: What the frame with the message may do: show itself. Its pictures are written into it; nothing is fetched or runs.
FRAME_POLICY = (
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
LEFT_OUT = "left_out_"
#: Codes of checks whose cause is not in the content.
ABOUT_RECIPIENTS = ("no_segment", "no_recipients", "recipients", "checked_in_part")
ABOUT_SERVER = ("no_server", "no_unsubscribe_link")
DARK = "<style>:root{color-scheme:dark;background:#16181a;color:#e8eaed}</style>"


@dataclass(frozen=True)
class Finding:
    """One of the checks as its page shows it, with the way to where it is mended."""

    level: str
    message: str
    url: str = ""
    label: str = ""
    code: str = ""
    count: int = 0


class CheckScreens(MailingScreens):
    """The page of checks with the preview."""

    @expose("/check/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def check(self, pk: str) -> Any:
        """What the checks found, and the message as one of its recipients gets it (`place`, from 0)."""
        return self.check_page(self.mailing(pk))

    def check_page(self, raw: Raw, test_problem: str = "", status: int = 200) -> Any:
        draft = is_draft(raw)
        findings = self.findings(raw) if draft else []
        found, problem = self.previewed(raw)
        size, tone, part = chosen("size", SIZES), chosen("tone", TONES), chosen("part", PARTS)
        place = found.place if found else 0
        return self.mailing_page(
            "mailings/check.html", raw, CHECK, draft=draft, findings=findings, found=found, problem=problem,
            errors=[one for one in findings if one.level == "error"], sms=not is_mail(raw), size=size,
            dark=tone == "dark", part=part, q=request.args.get("q", "")[:100], reasons=REASONS,
            length=sms_words(found.text) if found and not is_mail(raw) else "",
            preheader=raw.get("preheader"), sender=raw.get("sender_name") or mail_from(),
            kept=[(name, request.args[name]) for name in ("size", "tone", "part") if name in request.args],
            sizes=options("size", size, ((_("Both"), "", "both"), (_("Computer"), "device-desktop", "desktop"),
                                         (_("Phone"), "device-mobile", "phone"))),
            tones=options("tone", tone, ((_("Light"), "sun", "light"), (_("Dark"), "moon", "dark"))),
            parts=options("part", part, ((_("HTML"), "", "html"), (_("Plain text"), "", "text"))),
            frame_url=f"{self.address('frame', raw)}?place={place}&tone={tone}", test_url=self.address("test", raw),
            test_addresses=request.form.get("addresses", getattr(current_user(), "email", "") if is_mail(raw) else ""),
            test_problem=test_problem, content_url=self.address(CONTENT, raw), send_url=self.address(SEND, raw),
        ), status  # fmt: skip

    def previewed(self, raw: Raw) -> tuple[Preview | None, str]:
        """(the message of the recipient that the address asks for, None where there is nothing to show; what is wrong).
        One that is searched for by `q` is the next after the place."""
        place, text, problem = place_of_request(), request.args.get("q", "")[:100].strip(), ""
        if not (raw.get("html") or raw.get("text")):
            return None, ""
        try:
            if text:
                found = place_of(current_access(), raw["_id"], text, place if "place" in request.args else -1)
                place, problem = (place, _("Nobody in the segment is called that.")) if found is None else (found, "")
            return preview(current_access(), raw["_id"], place), problem
        except (MailingProblem, NotAllowed, ConditionError, TooSlow) as error:
            return None, str(error)

    def findings(self, raw: Raw) -> Sequence[Finding]:
        """What the checks say; a line that all is well where they have nothing to say."""
        try:
            found = checks(current_access(), raw["_id"])
        except (MailingProblem, NotAllowed, ConditionError, TooSlow) as problem:
            return [Finding("error", str(problem), self.address(RECIPIENTS, raw), _("Look at the recipients"))]
        shown = [Finding(one.level, str(one.message), *self.way_to_mend(raw, one), one.code, one.count)
                 for one in found]  # fmt: skip
        return shown or [Finding("ok", _("Everything is in order."))]

    def way_to_mend(self, raw: Raw, found: Check) -> tuple[str, str]:
        """(address, label) of the page on which a check's cause is mended or seen."""
        if found.code.startswith(LEFT_OUT):
            return f"{self.address(RECIPIENTS, raw)}?reason={found.code.removeprefix(LEFT_OUT)}", _("Show who")
        if found.code in ABOUT_RECIPIENTS:
            return self.address(RECIPIENTS, raw), _("Look at the recipients")
        return (self.address(CONTENT, raw), _("Edit the content")) if found.code not in ABOUT_SERVER else ("", "")

    @expose("/frame/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def frame(self, pk: str) -> Response:
        """The HTML of one recipient's message, to be shown in a frame in which nothing of it runs or is fetched."""
        try:
            place = place_of_request()
            html = with_pictures(current_access(), pk, marked(current_access(), pk, place))
        except (MailingProblem, NotAllowed, ConditionError, TooSlow) as problem:
            html = f"<p>{escape(problem)}</p>"
        if request.args.get("tone") == "dark":
            html = re.sub(r"(?=</head>)", DARK, html, count=1)
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = FRAME_POLICY
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response

    @expose("/test/<pk>", methods=["POST"])
    @has_access
    @permission_name("send")
    def test(self, pk: str) -> Any:
        """Send the message of the recipient that is shown to up to five addresses."""
        raw = self.mailing_to_send(pk)
        addresses = [one for one in re.split(r"[,;\n]+", request.form.get("addresses", "")) if one.strip()]
        try:
            send_test(current_access(), pk, addresses, place_of_request())
        except ValidationFailed as error:
            return self.check_page(raw, error.in_one(), 422)
        except (MailingProblem, NotAllowed, ConditionError, TooSlow) as problem:
            return self.check_page(raw, str(problem), 422)
        flash(ngettext("A test is on its way to %(num)s address.", "A test is on its way to %(num)s addresses.",
                       len(addresses)), "success")  # fmt: skip
        return redirect(f"{self.address(CHECK, raw)}?place={place_of_request()}")


def place_of_request() -> int:
    """The place of the recipient that is looked at, from 0."""
    text = request.values.get("place", "")
    return min(int(text), MOST_RECIPIENTS) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def chosen(name: str, values: Sequence[str]) -> str:
    value = request.args.get(name, "")
    return value if value in values else values[0]


def options(name: str, now: str, offered: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str, bool]]:
    """(label, icon, address, whether it is the one chosen) of the ways to look at the message."""
    return [(label, icon, query_url((), **{name: value}), value == now) for label, icon, value in offered]


def sms_words(text: str) -> str:
    """How long an SMS is, in words."""
    length = sms_length(text)
    return ngettext("%(characters)s characters, %(num)s message", "%(characters)s characters, %(num)s messages",
                    length.parts, characters=length.characters)  # fmt: skip


def with_pictures(access: Access, pk: str, html: str) -> str:
    """The HTML with the mailing's pictures in it: its frame may fetch nothing, and is nobody who is signed in."""
    for one in pictures_of(access, pk):
        if one["url"] in html:
            file = picture_file(access, pk, one["cid"])
            content = b64encode(picture_content(file["sha256"], file["_id"])).decode("ascii")
            html = html.replace(one["url"], f"data:{file['content_type']};base64,{content}")
    return html
