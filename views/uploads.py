"""Files that come as the body of a request, however long, and files that go out in the parts that are asked for."""

import unicodedata
from collections.abc import Callable, Mapping
from typing import IO, Any, TypeVar
from urllib.parse import quote

from flask import Response, request
from flask_babel import gettext as _
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.wsgi import FileWrapper

from models.file_types import PDF, PICTURES, TEXT, UNKNOWN
from services.files import CHUNK, open_content

View = TypeVar("View", bound=Callable[..., Any])
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
#: Even if a browser showed the file, it would be a page of no origin that may load and run nothing.
FILE_POLICY = "default-src 'none'; sandbox"
#: Types that are told as they are; a browser is told of all others that they are bytes.
TOLD = PICTURES | {PDF, TEXT}


def streams(view: View) -> View:
    """Mark a view that takes a file as the body of its request: that may be as long as KORTISTO_MAX_FILE_MB says
    (app/limits.py), and the view reads it piece by piece."""
    view.streams = True  # type: ignore[attr-defined]
    return view


def told_if_too_large(text: Callable[[], str]) -> Callable[[View], View]:
    """Mark a view that says itself how large what is sent may be and what to do with more: the advice of its 413, which
    comes before the view is asked (app/errors.py)."""

    def mark(view: View) -> View:
        view.too_large = text  # type: ignore[attr-defined]
        return view

    return mark


def sent_file() -> tuple[str, IO[bytes], int | None]:
    """(name, stream, size if it was told) of the file that is the body; `name` in the address tells its name.

    Raises UnsupportedMediaType for a form: of those nothing is read.
    """
    if request.mimetype in FORMS:
        raise UnsupportedMediaType(_("Send the file itself as the body, with its name in the address."))
    return request.args.get("name", ""), request.stream, request.content_length


def streamed_file(raw: Mapping[str, Any], *, shown: bool = False) -> Response:
    """The content of a stored file, whole or in the part that was asked for (RFC 9110, 14), as a download; a picture or
    PDF that is to be `shown` goes to where it is shown. Raises RecordNotFound."""
    content_type = raw["content_type"] if raw["content_type"] in TOLD else UNKNOWN
    inline = shown and content_type in PICTURES | {PDF}
    response = Response(FileWrapper(open_content(dict(raw)), CHUNK), mimetype=content_type, direct_passthrough=True)
    response.content_length = raw["size"]
    response.headers.set("Content-Disposition", "inline" if inline else "attachment", **names_of(raw["name"]))
    response.headers.update({
        "Content-Security-Policy": FILE_POLICY, "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "private, no-cache",
    })  # fmt: skip
    response.set_etag(raw["sha256"])
    response.last_modified = raw["created_at"]
    response.make_conditional(request, accept_ranges=True, complete_length=raw["size"])
    return response


def names_of(name: str) -> dict[str, str]:
    """A file's name as Content-Disposition tells it (RFC 6266): also in ASCII, for programs that know no other."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").replace('"', "_")
    return {"filename": plain or "file"} | ({"filename*": f"UTF-8''{quote(name, safe='')}"} if plain != name else {})
