"""What every screen needs: who is asking, and in which language."""

from typing import Any

from flask import g, has_request_context, request, session
from flask_babel import get_locale

from fab_mongo.request_cache import request_cache
from models.rights import Access
from services.security import access_for

LANGUAGES = ("en", "fi")


def current_language() -> str:
    """The language of the page being written: "en" or "fi"."""
    locale = get_locale()
    return locale.language if locale and locale.language in LANGUAGES else "en"


def current_user() -> Any:
    """The user of this request, by session or by token; None for somebody who is not signed in."""
    user = getattr(g, "user", None)
    return user if user is not None and user.is_authenticated else None


def current_access() -> Access:
    """What the user of this request may do, worked out once a request; nothing for somebody who is not signed in."""
    cache, user = request_cache(), current_user()
    key = ("access", user.get_id() if user else None)
    if key not in cache:
        language = current_language()
        cache[key] = access_for(user, language) if user else Access(language=language)
    return cache[key]


def select_locale() -> str | None:
    """The language of a request: chosen in this session, else the user's, else what the browser asks for first."""
    if not has_request_context():
        return None
    chosen = session.get("locale") or getattr(current_user(), "language", "")
    language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES, "en")
    # English as it is written in Europe: 1 Feb 2024, 14:30.
    return "en_GB" if language == "en" else language


def select_time_zone() -> str | None:
    return getattr(current_user(), "time_zone", None) if has_request_context() else None
