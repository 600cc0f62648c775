"""Addresses that a page or a browser gives us to go to: followed within this site only."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect


def start_page() -> str:
    return request.script_root + "/"


def own_address(text: Any) -> str:
    """The path and query of an address of this site, empty for any other.

    Browsers take a backslash for a slash and leave out control characters, so an address with one is no path.
    """
    if not isinstance(text, str) or any(sign < " " or sign in "\\\x7f" for sign in text):
        return ""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    if parts.scheme not in ("", "http", "https") or (parts.netloc or request.host) != request.host:
        return ""
    if (parts.scheme and not parts.netloc) or not parts.path.startswith("/") or parts.path.startswith("//"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def address_to_read(text: Any) -> str:
    """The same, where it is a page that can be read; else the start page: a form's address takes no visit."""
    address = own_address(text)
    if not address:
        return start_page()
    path = urlsplit(address).path.removeprefix(request.script_root)
    try:
        current_app.url_map.bind_to_environ(request.environ).match(path, method="GET")
    except RequestRedirect:
        return address
    except HTTPException:
        return start_page()
    return address


def sign_in_page() -> str:
    return url_for("SignInView.login")
