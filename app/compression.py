"""Smaller answers: pages and data are compressed for browsers that take it; static files are so from their building."""

from flask import Flask
from flask_compress import Compress

TEXT = (
    "text/html", "text/css", "text/plain", "text/javascript", "application/javascript", "application/json",
    "application/problem+json", "image/svg+xml",
)  # fmt: skip


def init_compression(app: Flask) -> None:
    """Have the application compress text.

    Guessing a page's secrets by how well it compresses (BREACH) needs requests that another site makes with the
    reader's cookie; the cookie's SameSite=Lax leaves it none that it could read the length of.
    """
    app.config.update(COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_MIMETYPES=list(TEXT), COMPRESS_BR_LEVEL=4,
                      COMPRESS_MIN_SIZE=1_000, COMPRESS_STREAMS=False)  # fmt: skip
    Compress(app)
