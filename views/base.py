"""What every screen needs: who is asking, and in which language."""

from typing import Any

from flask import g, has_request_context, request, session
from flask_babel import get_locale
from pymongo.errors import PyMongoError
from werkzeug.local import LocalProxy

from fab_mongo.request_cache import request_cache
from models.organisation import known_organisation
from models.rights import Access
from services.security import access_for

LANGUAGES = ("en", "fi")


def current_language() -> str:
    """The language of the page being written: "en" or "fi"."""
    locale = get_locale()
    return locale.language if locale and locale.language in LANGUAGES else "en"


def current_user() -> Any:
    """The user of this request, by session or by token; None for somebody who is not signed in."""
    user = unwrapped(getattr(g, "user", None))
    return user if user is not None and user.is_authenticated else None


def unwrapped(user: Any) -> Any:
    """The user itself: Flask-AppBuilder passes Flask-Login's proxy, which looks it up anew for each attribute."""
    return user._get_current_object() if isinstance(user, LocalProxy) else user


def current_access() -> Access:
    """What the user of this request may do, worked out once a request; nothing for somebody who is not signed in."""
    cache, user = request_cache(), current_user()
    whose, access = cache.get("access") or (None, None)
    # Signing in and out changes the user within a request.
    if access is None or whose is not user:
        language = current_language()
        access = access_for(user, language) if user else Access(language=language)
        cache["access"] = user, access
    return access


def access_of_user(user: Any) -> Access:
    """What a user may do; for the user of this request, what has been worked out already."""
    user = unwrapped(user)
    return current_access() if user is current_user() else access_for(user, current_language())


def select_locale() -> str | None:
    """The language of a request: chosen in this session, else the user's, else what the browser asks for first, else
    the organisation's."""
    if not has_request_context():
        return None
    chosen = session.get("locale") or getattr(current_user(), "language", "")
    language = chosen if chosen in LANGUAGES else request.accept_languages.best_match(LANGUAGES) or usual_language()
    # English as it is written in Europe: 1 Feb 2024, 14:30.
    return "en_GB" if language == "en" else language


def organisation_name() -> str:
    """What the organisation is called, for the frame of every page; "" where nobody has said."""
    return known_organisation().name


def usual_language() -> str:
    """The organisation's language; English where the database can't be asked, for then too there is a page."""
    try:
        return known_organisation().language or "en"
    except PyMongoError:
        return "en"


def select_time_zone() -> str | None:
    return getattr(current_user(), "time_zone", None) if has_request_context() else None
