"""What is remembered for the length of one request."""

from typing import Any

from flask import has_request_context, request

_KEY = "fab_mongo.cache"


def request_cache() -> dict[Any, Any]:
    """Return a dictionary that lives as long as the current request; outside of one, a new one every time.

    It hangs on the WSGI environment and not on `flask.g`, because several requests of a test client may share one
    application context, and a remembered permission must not outlive its request.
    """
    if not has_request_context():
        return {}
    return request.environ.setdefault(_KEY, {})
