"""How large a form may be: files have the limit of uploads, what is typed a smaller one."""

from flask import Flask, request

#: Bytes of a form without files: ten thousand chosen rows or several long texts take a few hundred thousand.
MAX_FORM = 10 * 1024 * 1024


def init_limits(app: Flask) -> None:
    """Hold what is typed to MAX_FORM (413 beyond); to be set before anything reads a form, CSRF protection included."""
    app.before_request(limit_form)


def limit_form() -> None:
    """Without this, a form in an address's encoding is read into memory up to the limit of uploads."""
    if request.mimetype == "application/x-www-form-urlencoded":
        request.max_content_length = min(MAX_FORM, request.max_content_length or MAX_FORM)
