"""Headers of every answer: a strict Content-Security-Policy, and what browsers should not do."""

from flask import Flask, Response, current_app, request

POLICY = "; ".join((
    "default-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
))  # fmt: skip


#: Browsers that have been here by https come by nothing else for a year.
ONLY_HTTPS = "max-age=31536000"


#: What serves the same files to everybody.
PUBLIC_FILES = ("static", "appbuilder.static")


def init_headers(app: Flask) -> None:
    app.after_request(add_headers)


def add_headers(response: Response) -> Response:
    """Nothing inline, nothing from elsewhere; a view that set a stricter policy (downloads) keeps it."""
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("X-Frame-Options", "DENY")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", ONLY_HTTPS)
    if request.endpoint not in PUBLIC_FILES:
        # Answers hold other people's data: a shared computer's back button must not show them after signing out.
        response.headers.setdefault("Cache-Control", "no-store")
    return response
