"""Signing in and out."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.views import AuthDBView
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField

from models.fields.errors import ValidationFailed
from models.security import User
from services.forgotten_passwords import LinkGone, ask_for_link, check_link, choose_password
from services.mail import smtp_is_set
from services.rounds import wake
from services.sessions import begin_session, end_session
from services.sign_in_tries import Counted, TooManyTries, begin_try, succeeded
from views.addresses import address_to_read, start_page
from views.base import current_language, current_user
from views.forms import add_errors

#: Where the session's cookie keeps what `services.sessions` knows it by.
TOKEN = "token"


def sign_in(user: User) -> None:
    """Begin a session of this user in this browser; nothing of an earlier one is left but the language."""
    language = session.get("locale")
    session.clear()
    if language:
        session["locale"] = language
    session[TOKEN] = begin_session(user.pk, request.remote_addr or "", request.user_agent.string)
    login_user(user)


def authenticated(security: Any, name: str, password: str) -> User | None:
    """The user of this name (or e-mail address) and password, by page or by REST. Raises TooManyTries."""
    counted = Counted.of(name, request.remote_addr or "")
    begin_try(counted)
    user: User | None = security.auth_user_db(name, password)
    if user is not None:
        succeeded(counted)
    return user


class SignInForm(FlaskForm):
    """User name (or e-mail address) and password."""

    username = StringField(_l("User name or e-mail"))
    password = PasswordField(_l("Password"))


class ForgottenForm(FlaskForm):
    """Whose password is forgotten."""

    username = StringField(_l("User name or e-mail"))


class NewPasswordForm(FlaskForm):
    """A new password, twice."""

    new_password = PasswordField(
        _l("New password"),
        description=_l("At least 10 characters; a few words in a row are easy to remember."),
        render_kw={"autocomplete": "new-password"},
    )
    repeated = PasswordField(_l("New password again"), render_kw={"autocomplete": "new-password"})


class SignInView(AuthDBView):
    """Signing in leads to the page that was asked for, if it is one of ours."""

    @expose("/login/", methods=["GET", "POST"])
    @no_cache
    def login(self) -> Any:
        target = address_to_read(request.args.get("next"))
        if current_user() is not None:
            return redirect(target)
        form = SignInForm()
        if not form.validate_on_submit():
            return self.sign_in_page(form, 200)
        try:
            user = authenticated(self.appbuilder.sm, form.username.data or "", form.password.data or "")
        except TooManyTries as held_up:
            form.password.errors = [str(held_up)]
            return self.sign_in_page(form, 429, {"Retry-After": str(held_up.seconds)})
        if user is None:
            form.password.errors = [_("User name or password is wrong. Check capitals and try again.")]
            return self.sign_in_page(form, 401)
        sign_in(user)
        return redirect(target)

    def sign_in_page(self, form: SignInForm, status: int, headers: Mapping[str, str] | None = None) -> Any:
        page = self.render_template(self.login_template, title=_("Log in"), form=form)
        return page, status, dict(headers or {})

    @expose("/login/forgotten", methods=["GET", "POST"])
    @no_cache
    def forgotten(self) -> Any:
        """Ask for a link by which to choose a new password; the answer is the same whoever asks."""
        form, sent = ForgottenForm(), False
        if form.validate_on_submit():
            ask_for_link(form.username.data or "", current_language())
            wake()
            sent = True
        return self.render_template("security/forgotten.html", title=_("Forgotten password"), form=form, sent=sent,
                                    can_send=smtp_is_set())  # fmt: skip

    @expose("/login/new-password/<token>", methods=["GET", "POST"])
    @no_cache
    def new_password(self, token: str) -> Any:
        """Choose a new password by a link out of an e-mail."""
        form, status = NewPasswordForm(), 200
        try:
            name = check_link(token)
            if form.validate_on_submit():
                choose_password(token, form.new_password.data or "", form.repeated.data or "")
                flash(_("Your password was changed. Log in with the new one."), "success")
                return redirect(url_for(f"{self.endpoint}.login"))
        except LinkGone as gone:
            flash(str(gone), "warning")
            return redirect(url_for(f"{self.endpoint}.forgotten"))
        except ValidationFailed as error:
            add_errors(form, error)
            status = 422
        page = self.render_template("security/new_password.html", title=_("Choose a new password"), form=form,
                                    name=name)  # fmt: skip
        return page, status

    @expose("/logout/", methods=["GET", "POST"])
    def logout(self) -> Any:
        """Sign out by the button's POST; a mere visit, which any page elsewhere can cause, asks first."""
        if current_user() is None:
            return redirect(url_for(f"{self.endpoint}.login"))
        if request.method == "GET":
            return self.render_template("security/sign_out.html", title=_("Log out"), back=start_page())
        user = self._get_authenticated_user()
        language = session.get("locale")
        if user is not None:
            end_session(user.pk, session.get(TOKEN))
        logout_user()
        session.clear()
        if language:
            session["locale"] = language
        if user is not None:
            self.appbuilder.sm.on_user_logout(user)
        return redirect(url_for(f"{self.endpoint}.login"))
