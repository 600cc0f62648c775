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

from services.passwords import is_password
from services.sign_in_codes import (
    CodeProblem,
    address_of,
    leave_authenticator,
    new_secret,
    renew_recovery_codes,
    use_authenticator,
)
from services.users import own_user
from views.base import current_access
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
        if request.method == "POST" and form.validate() and self.knows_password(raw, form):
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
            secret=" ".join(secret[place : place + 4] for place in range(0, len(secret), 4)), endpoint=self.endpoint,
        )  # fmt: skip
        return page, 422 if form.errors else 200

    @expose("/leave", methods=["POST"])
    @has_access
    @permission_name("edit")
    def leave(self) -> Any:
        """Have codes come by SMS again."""
        raw, form = own_user(current_access()), AuthenticatorForm()
        if self.knows_password(raw, form):
            leave_authenticator(raw["_id"])
            flash(_("Codes come by SMS from now on."), "success")
            return redirect(url_for("ProfileView.edit"))
        flash(_("This is not your present password."), "danger")
        return redirect(url_for(f"{self.endpoint}.edit"))

    @expose("/recovery", methods=["POST"])
    @has_access
    @no_cache
    @permission_name("edit")
    def recovery(self) -> Any:
        """New recovery codes, shown once."""
        raw, form = own_user(current_access()), AuthenticatorForm()
        if self.knows_password(raw, form):
            return self.codes_page(renew_recovery_codes(raw["_id"]))
        flash(_("This is not your present password."), "danger")
        return redirect(url_for(f"{self.endpoint}.edit"))

    def knows_password(self, raw: dict[str, Any], form: AuthenticatorForm) -> bool:
        if is_password(raw.get("password"), form.password.data or ""):
            return True
        form.password.errors = [_("This is not your present password.")]
        return False

    def codes_page(self, codes: list[str]) -> Any:
        return self.render_template("security/recovery_codes.html", title=_("Recovery codes"), codes=codes)


def picture_of(address: str) -> Markup:
    """The address as a picture (QR code), an SVG to stand in the page."""
    drawn = segno.make(address, error="m").svg_inline(scale=4, border=4, light="#fff", dark="#000", svgclass="k-qr",
                                                     lineclass=None)  # fmt: skip
    return Markup(drawn)
