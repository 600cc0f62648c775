"""What a mailing says: writing it, taking in a finished one, its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, flash, jsonify, redirect, request, send_file
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from models.fields.errors import ValidationFailed
from models.rights import Access, NotAllowed
from services.files import open_content
from services.mail import mail_from
from services.mailings import (
    MailingProblem,
    UploadProblem,
    add_picture,
    import_html,
    merge_fields,
    picture_file,
    save_content,
)
from services.mailings.merge_fields import UNSUBSCRIBE
from services.mailings.pictures import MOST_BYTES
from services.records import VersionConflict
from services.sms import TABLE
from views.base import current_access
from views.files import FILE_POLICY
from views.mailing_steps import CHECK, CONTENT, MailingScreens, is_draft, is_mail

Raw = dict[str, Any]
MAIL_TEXTS = ("subject", "preheader", "sender_name", "reply_to", "html", "text")
SMS_TEXTS = ("text",)
#: So many of the files that an uploaded page lacks are named.
MOST_NAMED = 8


@dataclass(frozen=True)
class Typed:
    """What stands on the page: the saved texts, or those that could not be saved with what is wrong with them.

    `theirs` are the values that somebody else has saved meanwhile, by field.
    """

    values: Mapping[str, Any]
    version: int
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    theirs: Mapping[str, str] = field(default_factory=dict)
    conflict: str = ""

    @property
    def status(self) -> int:
        return 409 if self.conflict else 422 if self.errors else 200


class ContentScreens(MailingScreens):
    """The page on which a mailing is written."""

    @expose("/content/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def content(self, pk: str) -> Any:
        """Write the mailing. It is saved by its button; whatever is typed stays on the page until it is saved."""
        raw = self.mailing(pk, "change")
        if request.method == "GET":
            return self.content_page(raw, Typed(raw, raw["version"])) if is_draft(raw) else redirect(
                self.address(CHECK, raw))  # fmt: skip
        typed = texts_of_form(SMS_TEXTS if not is_mail(raw) else MAIL_TEXTS)
        try:
            saved = save_content(current_access(), pk, typed, self.version_seen())
        except VersionConflict as conflict:
            return self.content_page(raw, after_conflict(typed, conflict))
        except ValidationFailed as error:
            return self.content_page(raw, Typed(typed, self.version_seen() or 0, error.messages()))
        except (MailingProblem, NotAllowed) as error:
            return self.content_page(raw, Typed(typed, self.version_seen() or 0, {"": [str(error)]}))
        flash(_("%(name)s was saved.", name=saved.get("name") or ""), "success")
        return redirect(self.address(CHECK if request.form.get("next") == "check" else CONTENT, saved))

    def content_page(self, raw: Raw, typed: Typed) -> Any:
        sender = mail_from()
        return self.mailing_page(
            "mailings/content.html", raw, CONTENT, values=typed.values, version=typed.version, errors=typed.errors,
            theirs=typed.theirs, conflict=typed.conflict, sms=not is_mail(raw),
            merge_fields=merge_menu(current_access(), str(raw["_id"])),
            pictures_url=f"{request.script_root}{self.card.path}/{raw['_id']}/pictures",
            upload_url=self.address("upload", raw), most_picture=MOST_BYTES, usual_sender=sender,
            usual_address=sender, sms_table=TABLE,
        ), typed.status  # fmt: skip

    @expose("/upload/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def upload(self, pk: str) -> AnyResponse:
        """Take in a finished HTML file, or a ZIP of one with its pictures."""
        raw, sent = self.mailing(pk, "change"), request.files.get("file")
        try:
            if sent is None or not sent.filename:
                raise UploadProblem(_("Choose a file."))
            taken = import_html(current_access(), pk, sent.stream, sent.filename)
        except (MailingProblem, UploadProblem, VersionConflict) as problem:
            flash(str(problem), "danger")
        except ValidationFailed as error:
            flash(error.in_one(), "danger")
        else:
            flash(_("The message was taken in. Look at it on the page “Check”."), "success")
            if taken.left_out:
                flash(_("These did not come along: %(names)s", names=", ".join(taken.left_out[:MOST_NAMED])), "warning")
        return redirect(self.address(CONTENT, raw))

    @expose("/<pk>/pictures", methods=["POST"])
    @has_access
    @permission_name("edit")
    def pictures(self, pk: str) -> Any:
        """Keep the picture that is sent as `file`; answers {cid, url}, or {message} with what is wrong (422)."""
        sent = request.files.get("file")
        try:
            if sent is None:
                raise UploadProblem(_("Choose a file."))
            return jsonify(add_picture(current_access(), pk, sent.filename or "", sent.stream))
        except (MailingProblem, UploadProblem) as problem:
            return jsonify(message=str(problem)), 422
        except ValidationFailed as error:
            return jsonify(message=error.in_one()), 422

    @expose("/<pk>/pictures/<cid>", methods=["GET"])
    @has_access
    @permission_name("show")
    def picture(self, pk: str, cid: str) -> Response:
        """A picture of the mailing, for whoever sees the mailing. Raises RecordNotFound."""
        raw = picture_file(current_access(), pk, cid)
        response = send_file(open_content(raw), mimetype=raw["content_type"], conditional=False)
        response.headers["Content-Security-Policy"] = FILE_POLICY
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response


def texts_of_form(names: Sequence[str]) -> Raw:
    """What the page sent, but for what the user takes from somebody else."""
    left = set(request.form.getlist("theirs"))
    typed = {name: request.form[name] for name in names if name in request.form and name not in left}
    if request.form.get("text_part") == "made" and "text" in typed:
        typed["text"] = ""
    return typed


def after_conflict(typed: Raw, conflict: VersionConflict) -> Typed:
    """What is typed, and beside it what has been saved meanwhile; what the user has not touched is as it is now."""
    values, theirs = dict(typed), {}
    for name in typed:
        mine, now = typed[name] or "", conflict.current.get(name) or ""
        saw = None if conflict.seen is None else conflict.seen.get(name) or ""
        if name not in conflict.clashes and mine == saw:
            values[name] = now
        elif mine != now:
            theirs[name] = now
    return Typed(values, conflict.current["version"], theirs=theirs, conflict=str(conflict))


def merge_menu(access: Access, pk: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """[(register, [(name, label)])] of what a mailing's texts may be filled with."""
    sections: dict[str, list[tuple[str, str]]] = {}
    for one in merge_fields(access, pk):
        label = _("Link to unsubscribe") if one.name == UNSUBSCRIBE else one.label
        sections.setdefault(one.group, []).append((one.name, label))
    return list(sections.items())
