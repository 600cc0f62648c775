"""Believing exactly as many reverse proxies as stand in front."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config import Settings


def init_proxies(app: Flask, settings: Settings) -> None:
    """Take the caller's address, scheme and host from the last KORTISTO_TRUSTED_PROXIES forwarded entries.

    With none, the X-Forwarded headers are ignored: anybody can send them.
    """
    count = settings.trusted_proxies
    if count:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
