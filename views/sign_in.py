"""Signing in and out: by password, by a code, or by both."""

import logging
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import Flask, current_app, flash, jsonify, redirect, request, session, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import no_cache
from flask_appbuilder.security.views import AuthDBView
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectField, StringField

from models.fields.errors import ValidationFailed
from models.security import BY_CODE, BY_PASSWORD, User
from services.audit.tries import note_failed_sign_in
from services.forgotten_passwords import LinkGone, ask_for_link, check_link, choose_password, link_for_given
from services.invited_users import InvitationGone, accept_invitation, check_invitation
from services.looking import end_looking
from services.mail import smtp_is_set
from services.outside_users import OutsideProblem, OutsideUnreachable, has_own_password
from services.rounds import wake
from services.sessions import begin_session, end_session
from services.sign_in_codes import (
    SMS,
    CodeProblem,
    attempt_of,
    begin_attempt,
    check_code,
    offers_codes_alone,
    send_code,
    way_of,
)
from services.sign_in_tries import Counted, TooManyTries, begin_try, succeeded, take_back
from services.users import user_named
from views.addresses import address_to_read, start_page
from views.base import current_language, current_user
from views.forms import add_errors, options
from views.looking import TOKEN, looking

log = logging.getLogger(__name__)
#: Where it keeps what `services.sign_in_codes` knows an attempt by, and the page that was asked for.
ATTEMPT, TARGET = "attempt", "target"


def sign_in(user: User, how: str) -> None:
    """Begin a session of this user in this browser; nothing of an earlier one is left but the language. `how` it was
    done is for the audit: "password", "code", "ldap", "openid", "first_start"."""
    begin_cookie()
    session[TOKEN] = begin_session(user.pk, request.remote_addr or "", request.user_agent.string, how)
    login_user(user)


def begin_cookie() -> None:
    """Empty the session's cookie; the language that was chosen in it stays."""
    language = session.get("locale")
    session.clear()
    if language:
        session["locale"] = language


class Authenticated(NamedTuple):
    """A user whose password was right, and whose password it is: "password" for Kortisto's own, "ldap"."""

    user: User
    how: str


def authenticated(security: Any, name: str, password: str) -> Authenticated | None:
    """The user of this name (or e-mail address) and password, by page or by REST.

    Raises TooManyTries; OutsideProblem, OutsideUnreachable of a directory.
    """
    counted = Counted.of(name, request.remote_addr or "")
    try:
        begin_try(counted)
    except TooManyTries:
        note_failed_sign_in(name, held_up=True)
        raise
    try:
        found = user_of_password(security, name, password)
    except OutsideUnreachable:
        for key in counted.keys:
            take_back(key)
        raise
    except OutsideProblem:
        note_failed_sign_in(name)
        raise
    if found is not None:
        succeeded(counted)
    else:
        note_failed_sign_in(name)
    return found


def user_of_password(security: Any, name: str, password: str) -> Authenticated | None:
    """Kortisto's own password is looked at first, for every name: administrators come in without the directory, and a
    name that nobody has takes as long."""
    own: User | None = security.auth_user_db(name, password)
    if own is not None and has_own_password(own):
        return Authenticated(own, "password")
    if not current_app.config["AUTH_LDAP_SERVER"]:
        return None
    user = security.auth_user_ldap(name, password)
    return Authenticated(user, "ldap") if user is not None else None


def begin_code(user: User | None, typed: str = "") -> str:
    """Begin to ask for a code, and have it sent while the page goes on; answers the attempt's token."""
    token = begin_attempt(user, typed)
    send_apart(token)
    return token


def send_apart(token: str) -> None:
    """Send a code without the page waiting for the gateway: how long that takes would tell who is a user."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=send_in, args=(app, token), name="code", daemon=True).start()


def send_in(app: Flask, token: str) -> None:
    with app.app_context():
        try:
            send_code(token)
        except CodeProblem as problem:
            log.info("no code was sent: %s", problem)
        except Exception:  # boundary: a thread of its own, in which nobody else would log it
            log.exception("sending a code failed")


def provider_name() -> str:
    """What the provider of OpenID Connect is called, "" where there is none."""
    return str(current_app.config["OIDC_NAME"]) if current_app.config["OIDC_ISSUER"] else ""


class SignInForm(FlaskForm):
    """User name (or e-mail address) and password."""

    username = StringField(_l("User name or e-mail"))
    password = PasswordField(_l("Password"))


class NameForm(FlaskForm):
    """Who it is, and nothing else."""

    username = StringField(_l("User name or e-mail"))


class CodeForm(FlaskForm):
    """A one-time code."""

    code = StringField(_l("Code"))


class NewPasswordForm(FlaskForm):
    """A new password, twice."""

    new_password = PasswordField(
        _l("New password"),
        description=_l("At least 10 characters; a few words in a row are easy to remember."),
        render_kw={"autocomplete": "new-password"},
    )
    repeated = PasswordField(_l("New password again"), render_kw={"autocomplete": "new-password"})


class InvitationForm(NewPasswordForm):
    """The first password, and the language."""

    language = SelectField(_l("Language"), choices=options((("en", "English"), ("fi", "Suomi"))))


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
            found = authenticated(self.appbuilder.sm, form.username.data or "", form.password.data or "")
        except TooManyTries as held_up:
            form.password.errors = [str(held_up)]
            return self.sign_in_page(form, 429, {"Retry-After": str(held_up.seconds)})
        except (OutsideProblem, OutsideUnreachable) as problem:
            form.password.errors = [str(problem)]
            return self.sign_in_page(form, 503 if isinstance(problem, OutsideUnreachable) else 403)
        if found is None:
            form.password.errors = [_("User name or password is wrong. Check capitals and try again.")]
            return self.sign_in_page(form, 401)
        return self.let_in(found.user, found.how, target)

    def let_in(self, user: User, how: str, target: str) -> Any:
        """Begin the session of a user who is known by now, or ask for what it takes besides: a password of their own in
        place of one that they were given, a code."""
        if how == "password" and user.password_given:
            begin_cookie()
            flash(_("Choose a password of your own: the one you were given is known to whoever typed it."), "warning")
            return redirect(url_for(f"{self.endpoint}.new_password", token=link_for_given(user)))
        if way_of(user) != BY_PASSWORD:
            return self.ask_for_code(user, target)
        sign_in(user, how)
        return redirect(target)

    def sign_in_page(self, form: SignInForm, status: int, headers: Mapping[str, str] | None = None) -> Any:
        page = self.render_template(self.login_template, title=_("Log in"), form=form, by_code=offers_codes_alone(),
                                    openid=provider_name())  # fmt: skip
        return page, status, dict(headers or {})

    # By a code

    @expose("/login/by-code", methods=["GET", "POST"])
    @no_cache
    def by_code(self) -> Any:
        """Ask for the name alone. What follows is the same whoever it is; a code goes only to those who sign in so."""
        if current_user() is not None:
            return redirect(address_to_read(request.args.get("next")))
        form = NameForm()
        if form.validate_on_submit():
            typed = form.username.data or ""
            user = user_named(typed)
            alone = user is not None and way_of(user) == BY_CODE
            return self.ask_for_code(user if alone else None, address_to_read(request.args.get("next")), typed)
        return self.render_template("security/by_code.html", title=_("Log in with a code"), form=form)

    def ask_for_code(self, user: User | None, target: str, typed: str = "") -> Any:
        begin_cookie()
        session[ATTEMPT], session[TARGET] = begin_code(user, typed), target
        return redirect(url_for(f"{self.endpoint}.code"))

    @expose("/login/code", methods=["GET", "POST"])
    @no_cache
    def code(self) -> Any:
        """Type the code."""
        if current_user() is not None:
            return redirect(start_page())
        form, status = CodeForm(), 200
        try:
            attempt = attempt_of(session.get(ATTEMPT))
            if form.validate_on_submit():
                user, target = check_code(session.get(ATTEMPT), form.code.data or ""), session.get(TARGET)
                self.appbuilder.sm.on_user_login(user)
                sign_in(user, "code")
                return redirect(address_to_read(target))
        except TooManyTries as held_up:
            form.code.errors, status = [str(held_up)], 429
        except CodeProblem as problem:
            if problem.over:
                begin_cookie()
                flash(str(problem), "warning")
                return redirect(url_for(f"{self.endpoint}.login"))
            form.code.errors, status = [str(problem)], 401
        page = self.render_template("security/code.html", title=_("One-time code"), form=form, attempt=attempt,
                                    by_sms=attempt["method"] == SMS)  # fmt: skip
        return page, status

    @expose("/login/code/again", methods=["POST"])
    @no_cache
    def code_again(self) -> Any:
        """Send another code, in place of the one before."""
        try:
            send_code(session.get(ATTEMPT, ""))
        except CodeProblem as problem:
            flash(str(problem), "warning")
        return redirect(url_for(f"{self.endpoint}.code"))

    @expose("/login/code/state", methods=["GET"])
    @no_cache
    def code_state(self) -> Response:
        """What became of the message, as JSON: "" while it is on its way, then "sent" or "failed"."""
        try:
            return jsonify({"state": attempt_of(session.get(ATTEMPT))["state"]})
        except CodeProblem:
            return jsonify({"state": "over"})

    # A forgotten password

    @expose("/login/forgotten", methods=["GET", "POST"])
    @no_cache
    def forgotten(self) -> Any:
        """Ask for a link by which to choose a new password; the answer is the same whoever asks."""
        form, sent = NameForm(), False
        if form.validate_on_submit():
            ask_for_link(form.username.data or "", current_language(), request.remote_addr or "")
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

    # An invitation

    @expose("/login/invitation/<token>", methods=["GET", "POST"])
    @no_cache
    def invitation(self, token: str) -> Any:
        """Choose the first password, and the language, by a link out of an e-mail."""
        try:
            user = check_invitation(token)
            form, status = InvitationForm(language=user.get("language") or current_language()), 200
            if form.validate_on_submit():
                accept_invitation(token, form.new_password.data or "", form.repeated.data or "",
                                  form.language.data or "")  # fmt: skip
                session["locale"] = form.language.data
                flash(_("Your password is kept. Log in with it."), "success")
                return redirect(url_for(f"{self.endpoint}.login"))
        except InvitationGone as gone:
            flash(str(gone), "warning")
            return redirect(url_for(f"{self.endpoint}.login"))
        except ValidationFailed as error:
            add_errors(form, error)
            status = 422
        return self.render_template("security/invitation.html", title=_("Welcome to Kortisto"), form=form,
                                    name=user["username"]), 422 if form.errors else status  # fmt: skip

    @expose("/logout/", methods=["GET", "POST"])
    def logout(self) -> Any:
        """Sign out by the button's POST; a mere visit, which any page elsewhere can cause, asks first."""
        if current_user() is None:
            return redirect(url_for(f"{self.endpoint}.login"))
        if request.method == "GET":
            return self.render_template("security/sign_out.html", title=_("Log out"), back=start_page())
        user = self._get_authenticated_user()
        if user is not None and (found := looking()):
            end_looking(found.by, session.get(TOKEN))
            user = User.objects(pk=found.by).first()
        if user is not None:
            end_session(user.pk, session.get(TOKEN))
        logout_user()
        begin_cookie()
        if user is not None:
            self.appbuilder.sm.on_user_logout(user)
        answer = redirect(url_for(f"{self.endpoint}.login"))
        # What the browser keeps of lists goes by a script of the login page: "storage" would take the look along.
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer
