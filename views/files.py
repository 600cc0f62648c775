"""Downloads: a stored file for its owner, handed over so that nothing in it runs in the browser."""

from typing import Any

from flask import Response, send_file
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access

from services.files import get_file, open_content
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
    """`/files/<id>`: a file of one's own. Anybody else's is not there."""

    route_base = "/files"
    class_permission_name = OWN

    @expose("/<pk>")
    @has_access
    def download(self, pk: str) -> Response:
        return file_response(get_file(current_access(), pk))
