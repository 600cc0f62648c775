"""Letters that went to a record: how its timeline tells of them, and each of them as a file."""

from collections.abc import Sequence

from bson import ObjectId
from flask import flash, redirect, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response as AnyResponse

from models.registers import REGISTERS
from models.rights import Access
from services.labels import names_of
from services.merge import MergeProblem
from services.merge.history import SentLetter, letter_file
from views.base import current_access
from views.files import FILE_POLICY
from views.permissions import OWN
from views.shown_events import ShownEvent

ICON = "file-type-docx"


class LetterView(BaseView):
    """`/letters/<id>`: one recipient's letter, for whoever sees the recipient and all that the letter shows."""

    route_base = "/letters"
    class_permission_name = OWN

    @expose("/<pk>")
    @has_access
    def download(self, pk: str) -> AnyResponse:
        try:
            found = letter_file(current_access(), pk)
        except MergeProblem as problem:
            flash(str(problem), "danger")
            return redirect("/")
        response = send_file(found.content, mimetype=found.content_type, as_attachment=True, download_name=found.name)
        response.headers["Content-Security-Policy"] = FILE_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "private, no-store"
        return response


def shown_letters(access: Access, found: Sequence[SentLetter], record_id: ObjectId | None) -> list[ShownEvent]:
    """The letters as a timeline shows them; `record_id` is where its reader is."""
    users = names_of(access, "user", {one.batch["by"] for one in found if one.batch.get("by")})
    return [shown_letter(one, users.get(one.batch["by"], ""), record_id) for one in found]


def shown_letter(one: SentLetter, by: str, record_id: ObjectId | None) -> ShownEvent:
    other = one.raw["record"] != record_id
    place = place_of(one)
    facts = [Markup("<span>{}</span>").format(place)] if place else []
    if one.readable:
        url = url_for("LetterView.download", pk=one.raw["_id"])
        facts.append(Markup('<a class="lnk" href="{}">{}</a>').format(url, _("Download")))
    return ShownEvent(
        0, _("Letter “%(name)s”", name=one.batch["template"]), ICON, one.at, by, "", "", one.name if other else "",
        f"{REGISTERS[one.raw['register']].path}/show/{one.raw['record']}" if other else "", (), undoable=False,
        facts=facts,
    )  # fmt: skip


def place_of(one: SentLetter) -> str:
    """Where in the whole document the letter stands, as people count."""
    start, end, pages = one.raw["start"], one.raw["end"], one.batch["pages"]
    if one.batch["letters"] == 1:
        return ""
    if not (one.batch["pdf"] and start):
        return _("letter %(number)s of %(count)s", number=one.raw["number"], count=one.batch["letters"])
    if start == end:
        return _("page %(number)s of %(count)s", number=start, count=pages)
    return _("pages %(first)s–%(last)s of %(count)s", first=start, last=end, count=pages)
