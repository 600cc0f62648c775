"""Signing in and out."""

from typing import Any

from flask import redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.views import AuthDBView
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from views.addresses import address_to_read, start_page
from views.base import current_user


class SignInForm(FlaskForm):
    """User name (or e-mail address) and password."""

    username = StringField(_l("User name"))
    password = PasswordField(_l("Password"))


class SignInView(AuthDBView):
    """Signing in leads to the page that was asked for, if it is one of ours."""

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Any:
        target = address_to_read(request.args.get("next"))
        if current_user() is not None:
            return redirect(target)
        form, status = SignInForm(), 200
        if form.validate_on_submit():
            user = self.appbuilder.sm.auth_user_db(form.username.data, form.password.data)
            if user:
                login_user(user)
                return redirect(target)
            form.password.errors = [_("User name or password is wrong. Check capitals and try again.")]
            status = 401
        return self.render_template(self.login_template, title=_("Log in"), form=form), status

    @expose("/logout/", methods=["GET", "POST"])
    def logout(self) -> Any:
        """Sign out by the button's POST; a mere visit, which any page elsewhere can cause, asks first."""
        if current_user() is None:
            return redirect(url_for(f"{self.endpoint}.login"))
        if request.method == "GET":
            return self.render_template("security/sign_out.html", title=_("Log out"), back=start_page())
        user = self._get_authenticated_user()
        language = session.get("locale")
        logout_user()
        session.clear()
        if language:
            session["locale"] = language
        if user is not None:
            self.appbuilder.sm.on_user_logout(user)
        return redirect(url_for(f"{self.endpoint}.login"))
