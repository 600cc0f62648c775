"""How large a request may be: files have the limit of uploads, what is typed a smaller one, documents' files theirs."""

from flask import Flask, current_app, request

#: Bytes of a form without files: ten thousand chosen rows or several long texts take a few hundred thousand.
MAX_FORM = 10 * 1024 * 1024


def init_limits(app: Flask) -> None:
    """Hold what is typed to MAX_FORM (413 beyond); to be set before anything reads a form, CSRF protection included."""
    app.before_request(limit_request)


def limit_request() -> None:
    """A form in an address's encoding would be read into memory up to the limit of uploads; a view that is marked with
    `views.uploads.streams` takes its body as it comes, and that may be as long as a file."""
    view = current_app.view_functions.get(request.endpoint or "")
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = min(MAX_FORM, request.max_content_length or MAX_FORM)
    elif getattr(view, "streams", False) and request.mimetype != "multipart/form-data":
        request.max_content_length = current_app.config["MAX_FILE_LENGTH"]
