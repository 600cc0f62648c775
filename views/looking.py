"""Looking at the program as another user sees it: a banner on every page, and nothing that writes."""

from dataclasses import dataclass

from bson import ObjectId
from flask import Flask, flash, g, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, no_cache, permission_name
from flask_babel import gettext as _
from flask_login import current_user as signed_in
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.rights import NotAllowed
from models.security import User
from services.looking import begin_looking, end_looking, looked_at
from views.base import current_access
from views.permissions import ADMINISTRATION

#: Where the session's cookie keeps what `services.sessions` knows it by.
TOKEN = "token"
READING = ("GET", "HEAD", "OPTIONS")
#: What may be done while looking: to stop, and to sign out.
ALLOWED = ("LookingView.stop", "SignInView.logout")
#: Views of what is a user's own alone, and addresses that write although they are only visited.
CLOSED_VIEWS = ("ProfileView", "AuthenticatorView", "CalendarFeedView", "LocaleView")


@dataclass(frozen=True)
class Looking:
    """Who looks, and as whom."""

    by: ObjectId
    name: str


def looking() -> Looking | None:
    """Whether this request's session shows the program as another user sees it."""
    # The session's user is read when somebody asks for it first.
    return g.get("looking") if signed_in.is_authenticated else None


def user_to_show(user: User) -> User:
    """The user whom a session of this user shows the program as."""
    found = looked_at(user, session.get(TOKEN))
    if found is None:
        return user
    g.looking = Looking(user.pk, found.get_full_name() or found.username)
    return found


def init_looking(app: Flask) -> None:
    """Refuse whatever writes while an administrator looks, before any view is asked."""
    app.before_request(refuse_writing)
    app.jinja_env.globals["looking"] = looking


def refuse_writing() -> None:
    endpoint = request.endpoint or ""
    closed = endpoint.partition(".")[0] in CLOSED_VIEWS
    if endpoint in ALLOWED or (request.method in READING and not closed):
        return
    if found := looking():
        if closed:
            raise NotAllowed(_("You see Kortisto as %(name)s does. This page is their own: stop looking first.",
                               name=found.name))  # fmt: skip
        raise NotAllowed(_("You see Kortisto as %(name)s does. Nothing can be changed: stop looking first.",
                           name=found.name))  # fmt: skip


class LookingView(BaseView):
    """Beginning and ending."""

    route_base = "/settings/look"
    class_permission_name = ADMINISTRATION

    @expose("/<pk>", methods=["POST"])
    @has_access
    @no_cache
    def begin(self, pk: str) -> Response:
        """See the program as this user does."""
        try:
            begin_looking(current_access(), pk, session.get(TOKEN))
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
            return redirect(url_for("UserView.edit", pk=pk))
        return redirect("/")

    @expose("/stop", methods=["POST"])
    @no_cache
    @permission_name("begin")
    def stop(self) -> Response:
        """See it as one's own self again."""
        found = looking()
        looked = end_looking(found.by, session.get(TOKEN)) if found else None
        return redirect(url_for("UserView.edit", pk=looked) if looked else "/")
