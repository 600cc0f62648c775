"""Uploads, and downloads: a stored file for whoever may read it, so that nothing in it runs in the browser."""

from typing import Any

from flask import Response, jsonify, request, send_file
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.fields.errors import ValidationFailed
from services.attachments import keep_attachment, readable_file
from services.files import open_content
from views.base import current_access
from views.permissions import OWN

#: Even if a browser showed the file, it would be a page of no origin that may load and run nothing.
FILE_POLICY = "default-src 'none'; sandbox"


def file_response(raw: dict[str, Any]) -> Response:
    """The content of a stored file (raw), streamed, as a download under its own name. Raises RecordNotFound."""
    response = send_file(
        open_content(raw), mimetype=raw["content_type"], as_attachment=True, download_name=raw["name"],
        conditional=False,
    )  # fmt: skip
    response.content_length = raw["size"]
    response.headers["Content-Security-Policy"] = FILE_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


class FileView(BaseView):
    """`/files/<id>`: a file of one's own, or of a record that one sees. Any other is not there."""

    route_base = "/files"
    class_permission_name = OWN

    @expose("/<pk>")
    @has_access
    def download(self, pk: str) -> Response:
        return file_response(readable_file(current_access(), pk))

    @expose("/upload", methods=["POST"])
    @has_access
    @permission_name("download")
    def upload(self) -> Any:
        """Keep the file that is sent as `file`; answers {id, name, size}, or {message} with what is wrong (422)."""
        sent = request.files.get("file")
        if sent is None:
            return jsonify(message=_("Choose a file.")), 422
        try:
            raw = keep_attachment(current_access(), sent.filename or "", sent.stream)
        except ValidationFailed as error:
            return jsonify(message=error.in_one()), 422
        return jsonify(id=str(raw["_id"]), name=raw["name"], size=raw["size"])
