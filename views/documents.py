"""The document register's screens: files that are dropped on them, and what a document's page shows of its file."""

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from flask import Response, flash, jsonify, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from models.documents import READ, WAITING
from models.fields.errors import ValidationFailed
from models.fields.kinds.written import size_text
from models.file_types import ICONS, PDF, PICTURES, lies, type_of
from models.rights import NotAllowed
from services.documents import (
    FILE,
    add_document,
    add_version,
    find_version,
    restore_version,
    same_content,
    versions_of,
)
from services.files import Incomplete
from services.labels import names_of
from services.records import get_record
from services.values import context_of
from views.base import current_access, current_language
from views.fields import local_options
from views.interface import RegisterInterface
from views.registers import RegisterView
from views.uploads import sent_file, streamed_file, streams

Raw = dict[str, Any]
CUT_SHORT = _l("The file did not come as a whole. Try again.")
#: Signs of a file's text that its page shows.
MOST_SHOWN = 20_000


class DocumentView(RegisterView):
    """Documents."""

    datamodel = RegisterInterface("document")
    route_base = "/documents"

    # Adding

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("add")
    @streams
    def upload(self) -> Any:
        """Add a document of the file that is the body. The address tells its `name`, and what it is linked to by the
        fields' columns (`companies=<id>`). Answers what the page tells of it, or {message} of what is wrong (422)."""
        name, stream, size = sent_file()
        schema = self.datamodel.schema
        values = {column: request.args.getlist(column) for column in request.args
                  if (field := schema.get(column)) is not None and field.kind.several}  # fmt: skip
        return told(lambda: self.told_of(add_document(current_access(), name, stream, values, size=size)))

    @expose("/upload/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    @streams
    def upload_version(self, pk: str) -> Any:
        """Add the file that is the body as the newest version; `note` in the address says what is new."""
        name, stream, size = sent_file()
        note = request.args.get("note", "")
        return told(lambda: self.told_of(add_version(current_access(), pk, name, stream, note, size=size)))

    def told_of(self, raw: Raw) -> Raw:
        """A document as the list of what was sent shows it."""
        access, kind = current_access(), self.datamodel.schema.get("kind")
        version = raw[FILE][-1]
        kinds = [] if kind is None or kind.read_only else local_options(kind, current_language())
        return {
            "id": str(raw["_id"]), "name": raw["name"], "url": f"{self.card.path}/show/{raw['_id']}",
            "size": size_text(version["size"], context_of(access).locale), "kind": raw.get("kind") or "",
            "kinds": kinds, "kind_url": f"{self.card.path}/value/{raw['_id']}/kind",
            "delete_url": f"{self.card.path}/delete/{raw['_id']}" if access.allows("document", "delete", raw) else "",
            "lies": lying_text(version),
            "same": [{"name": one["name"], "url": f"{self.card.path}/show/{one['_id']}"}
                     for one in same_content(access, raw)],
        }  # fmt: skip

    # The file on a document's page

    @expose("/files/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def files(self, pk: str) -> Any:
        """The file and its versions, as a part of the document's page."""
        access = current_access()
        raw = get_record(access, self.card.key, pk)
        versions = versions_of(access, raw)
        may_change = access.allows(self.card.key, "change", raw) and not access.locks(self.card.key, FILE)
        return self.render_template(
            "documents/files.html", card=self.card, raw=raw, versions=self.told_versions(versions),
            may_see=self.sees_file(), may_change=may_change and self.sees_file(), preview=self.preview(raw, versions),
            reading=raw.get("reading"), waiting=WAITING,
        )  # fmt: skip

    def sees_file(self) -> bool:
        return not current_access().hides(self.card.key, FILE)

    def told_versions(self, versions: Sequence[Raw]) -> list[Raw]:
        """The versions, the newest first, as the page tells of them."""
        access = current_access()
        people = names_of(access, "user", {one["by"] for one in versions if one.get("by")})
        locale = context_of(access).locale
        return [
            {**one, "number": number, "icon": ICONS[type_of(one["content_type"])],
             "size": size_text(one["size"], locale), "by": people.get(one["by"], "") if one.get("by") else "",
             "at": format_datetime(dt.datetime.fromisoformat(one["at"]), "short"), "lies": lying_text(one)}
            for number, one in reversed(list(enumerate(versions, start=1)))
        ]  # fmt: skip

    def preview(self, raw: Raw, versions: Sequence[Raw]) -> Raw | None:
        """How the newest version is shown on the page: a picture, a PDF, or the text in it."""
        if not versions:
            return None
        content_type = versions[-1]["content_type"]
        address = f"{self.card.path}/file/{raw['_id']}/{len(versions)}?show=1"
        if content_type in PICTURES:
            return {"as": "picture", "url": address}
        if content_type == PDF:
            return {"as": "pdf", "url": address}
        text = raw.get("text") or ""
        if raw.get("reading") == READ and text and not current_access().hides(self.card.key, "text"):
            return {"as": "text", "text": text[:MOST_SHOWN], "more": len(text) > MOST_SHOWN}
        return None

    @expose("/file/<pk>", methods=["GET"])
    @expose("/file/<pk>/<number>", methods=["GET"])
    @has_access
    @permission_name("show")
    def file(self, pk: str, number: str | None = None) -> Response:
        """A version of the file, the newest one where none is named; `show` asks for it to be shown, which only
        pictures and PDF are."""
        _raw, file = find_version(current_access(), pk, number)
        return streamed_file(file, shown="show" in request.args)

    @expose("/restore/<pk>/<number>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def restore(self, pk: str, number: str) -> Any:
        """Have an older version be the newest once more."""
        try:
            restore_version(current_access(), pk, number)
            flash(_("Version %(number)s is the newest again.", number=number), "success")
        except (ValidationFailed, NotAllowed) as error:
            flash(error.in_one() if isinstance(error, ValidationFailed) else str(error), "danger")
        return redirect(f"{request.script_root}{self.card.path}/show/{pk}")


def lying_text(version: Raw) -> str:
    """What is said of a name whose ending promises another content; "" for any other."""
    if not lies(version["name"], version["content_type"]):
        return ""
    return _("The name of “%(name)s” promises another kind of file than its content is.", name=version["name"])


def told(write: Callable[[], Raw]) -> Any:
    """What writing answers, as JSON; what is wrong as {message}, beside the file on the page."""
    try:
        return jsonify(write())
    except ValidationFailed as error:
        return jsonify(message=error.in_one()), 422
    except NotAllowed as error:
        return jsonify(message=str(error)), 403
    except Incomplete:
        return jsonify(message=str(CUT_SHORT)), 400
