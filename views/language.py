"""Switching the language: kept on the user, and back to the same page."""

from flask import abort, current_app, redirect, request, session
from flask_appbuilder import AppBuilder
from flask_babel import refresh
from werkzeug.wrappers import Response

from services.users import choose_language
from views.addresses import address_to_read, own_address
from views.base import LANGUAGES, current_access, current_user


def switch_language(locale: str) -> Response:
    """Show this session's pages in another language.

    A link on one of our pages (browsers say so: our Referrer-Policy is same-origin) keeps it for the user too.
    """
    if locale not in LANGUAGES:
        abort(404)
    session["locale"] = locale
    if current_user() is not None and own_address(request.referrer):
        choose_language(current_access(), locale)
    refresh()
    return redirect(address_to_read(request.args.get("next") or request.referrer))


def replace_locale_view(appbuilder: AppBuilder) -> None:
    """Answer at Flask-AppBuilder's own address: its view goes to whichever page was remembered last."""
    view = appbuilder.bm.locale_view
    current_app.view_functions[f"{view.endpoint}.{view.default_view}"] = switch_language
