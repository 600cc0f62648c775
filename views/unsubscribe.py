"""The page behind the link in marketing: for whoever got the message, without signing in."""

from contextlib import nullcontext
from typing import Any

from flask import current_app, render_template, request
from flask_appbuilder import BaseView, expose
from flask_babel import force_locale
from flask_babel import gettext as _

from models.consent import SMS
from services.unsubscribing import PATH, BadLink, Subscription, read_link, subscribe_again, unsubscribe
from views.base import LANGUAGES

#: Mail programs send the clicks of all their users from few addresses.
RATE = "120 per minute"


class UnsubscribeView(BaseView):
    """`/unsubscribe/<token>`: a visit changes nothing, since programs that look for harmful links visit them too; a
    POST unsubscribes, be it the page's button or a mail program's own (RFC 8058, without cookie or CSRF token)."""

    route_base = PATH
    default_view = "page"

    def create_blueprint(self, appbuilder: Any, *args: Any, **options: Any) -> Any:
        """The address is the secret here: who sends to it has it from the message."""
        blueprint = super().create_blueprint(appbuilder, *args, **options)
        current_app.extensions["csrf"].exempt(blueprint)
        return blueprint

    @expose("/<token>", methods=["GET", "POST"])
    def page(self, token: str) -> Any:
        """Ask once more; posted, unsubscribe."""
        try:
            link = read_link(token)
        except BadLink:
            return bad_link()
        with in_language_of(link):
            if request.method != "POST":
                return answer("ask", link)
            unsubscribe(link)
            return answer("done", link, token)

    @expose("/<token>/undo", methods=["POST"])
    def undo(self, token: str) -> Any:
        """Take the unsubscribing back."""
        try:
            link = read_link(token)
        except BadLink:
            return bad_link()
        with in_language_of(link):
            return answer("again" if subscribe_again(link) else "nothing", link)


def in_language_of(link: Subscription) -> Any:
    """The language of the message, else the browser's."""
    locale = "en_GB" if link.language == "en" else link.language
    return force_locale(locale) if link.language in LANGUAGES else nullcontext()


def answer(step: str, link: Subscription, token: str = "") -> Any:
    page = render_template("public/unsubscribe.html", step=step, is_sms=link.channel == SMS, token=token)
    return page, 200, {"X-Robots-Tag": "noindex"}


def bad_link() -> Any:
    page = render_template(
        "errors/error.html", code=404, title=_("This link does not work"),
        message=_("It was perhaps not copied whole. Open it from the message once more, or answer the sender."),
        actions=[],
    )  # fmt: skip
    return page, 404, {"X-Robots-Tag": "noindex"}
