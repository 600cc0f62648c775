"""One's own second step of signing in: an authenticator app, and recovery codes."""

from typing import Any

import segno
from flask import flash, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, no_cache, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import PasswordField, StringField

from services.outside_users import OutsideUnreachable
from services.sessions import began_lately
from services.sign_in_codes import (
    CodeProblem,
    address_of,
    leave_authenticator,
    new_secret,
    renew_recovery_codes,
    use_authenticator,
)
from services.users import own_user
from views.base import current_access, current_user
from views.looking import TOKEN
from views.permissions import OWN

#: Where the session's cookie keeps the secret that is being set up. It is signed, and seen by its own user alone.
SECRET = "new_authenticator"


class AuthenticatorForm(FlaskForm):
    """The code that the app shows, and the password, since a screen may have been left open."""

    code = StringField(
        _l("Code that the app shows"), render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"}
    )
    password = PasswordField(_l("Present password"), render_kw={"autocomplete": "current-password"})


class AuthenticatorView(BaseView):
    """Setting up an authenticator app, leaving it, and new recovery codes."""

    route_base = "/profile/authenticator"
    class_permission_name = OWN
    default_view = "edit"

    @expose("/", methods=["GET", "POST"])
    @has_access
    @no_cache
    def edit(self) -> Any:
        """Set an app up: a picture for it to read, and a first code out of it."""
        raw, form = own_user(current_access()), AuthenticatorForm()
        secret = session.setdefault(SECRET, new_secret())
        has_password = self.appbuilder.sm.has_password(current_user())
        if request.method == "POST" and form.validate():
            doubt = self.doubt(form)
            if has_password and doubt:
                form.password.errors = [doubt]
            elif doubt:
                form.form_errors = [doubt]
            else:
                try:
                    codes = use_authenticator(raw["_id"], secret, form.code.data or "")
                    session.pop(SECRET)
                    return self.codes_page(codes)
                except CodeProblem as problem:
                    form.code.errors = [str(problem)]
        address = address_of(raw["username"], secret)
        page = self.render_template(
            "security/authenticator.html", title=_("Authenticator app"), form=form,
            has_app=bool(raw.get("authenticator")), left=len(raw.get("recovery_codes") or ()),
            picture=picture_of(address), address=address,
            has_password=has_password,
            secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)), endpoint=self.endpoint,
        )  # fmt: skip
        return page, 422 if form.errors else 200

    @expose("/leave", methods=["POST"])
    @has_access
    @permission_name("edit")
    def leave(self) -> Any:
        """Have codes come by SMS again."""
        raw, form = own_user(current_access()), AuthenticatorForm()
        if doubt := self.doubt(form):
            flash(doubt, "danger")
            return redirect(url_for(f"{self.endpoint}.edit"))
        leave_authenticator(raw["_id"])
        flash(_("Codes come by SMS from now on."), "success")
        return redirect(url_for("ProfileView.edit"))

    @expose("/recovery", methods=["POST"])
    @has_access
    @no_cache
    @permission_name("edit")
    def recovery(self) -> Any:
        """New recovery codes, shown once."""
        raw, form = own_user(current_access()), AuthenticatorForm()
        if doubt := self.doubt(form):
            flash(doubt, "danger")
            return redirect(url_for(f"{self.endpoint}.edit"))
        return self.codes_page(renew_recovery_codes(raw["_id"]))

    def doubt(self, form: AuthenticatorForm) -> str:
        """Why it is not sure that the user sits there, "" where it is: by the password, or by having logged in a moment
        ago where a provider's page asks for it."""
        user, security = current_user(), self.appbuilder.sm
        problem = _("This is not your present password.")
        if not security.has_password(user):
            problem = _("Log out and in again, then do this within ten minutes: it shows that it is you.")
            sure = began_lately(user, session.get(TOKEN))
        else:
            try:
                sure = security.confirms(user, form.password.data or "")
            except OutsideUnreachable as unreachable:
                sure, problem = False, str(unreachable)
        return "" if sure else problem

    def codes_page(self, codes: list[str]) -> Any:
        return self.render_template("security/recovery_codes.html", title=_("Recovery codes"), codes=codes)


def picture_of(address: str) -> Markup:
    """The address as a picture (QR code), an SVG to stand in the page."""
    drawn = segno.make(address, error="m").svg_inline(scale=4, border=4, light="#fff", dark="#000", svgclass="k-qr",
                                                     lineclass=None)  # fmt: skip
    return Markup(drawn)
