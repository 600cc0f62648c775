"""What users change of themselves: name, e-mail, phone, language, time zone, daily digest, password."""

from typing import Any

from flask import flash, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import refresh
from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField

from models.fields.errors import ValidationFailed
from services.outside_users import may_have_password
from services.records import VersionConflict
from services.sessions import end_sessions
from services.users import change_own_password, change_own_profile, own_user
from views.base import current_access
from views.fields import RichTextArea
from views.forms import add_differences, add_errors, options, version_seen
from views.permissions import OWN
from views.sessions import shown_sessions
from views.sign_in import TOKEN
from views.users import PersonalForm

PROFILE_COLUMNS = ("first_name", "last_name", "email", "phone", "language", "time_zone", "digest", "signature")


class ProfileForm(PersonalForm):
    """What users change of themselves."""

    digest = SelectField(
        _l("Daily digest"),
        choices=options((("", _l("No digest")), ("weekdays", _l("On weekdays at 7:00")))),
        description=_l("An e-mail with your day’s entries and your tasks; none when there is nothing."),
    )


    signature = StringField(
        _l("Signature"), widget=RichTextArea(), description=_l("Stands under the e-mails that you write to one person.")
    )


class PasswordForm(FlaskForm):
    """A new password, for which the old one is asked."""

    old_password = PasswordField(_l("Present password"), render_kw={"autocomplete": "current-password"})
    new_password = PasswordField(
        _l("New password"),
        description=_l("At least 10 characters; a few words in a row are easy to remember."),
        render_kw={"autocomplete": "new-password"},
    )
    repeated = PasswordField(_l("New password again"), render_kw={"autocomplete": "new-password"})


class ProfileView(BaseView):
    """One's own data and password."""

    route_base = "/profile"
    class_permission_name = OWN
    default_view = "edit"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def edit(self) -> Any:
        raw = own_user(current_access())
        form = ProfileForm(data=profile_values(raw))
        if request.method == "POST" and form.validate():
            try:
                saved = change_own_profile(current_access(), {name: form[name].data for name in PROFILE_COLUMNS},
                                           version=version_seen())  # fmt: skip
                return self.saved(saved["language"])
            except ValidationFailed as error:
                add_errors(form, error)
            except VersionConflict as conflict:
                raw = conflict.current
                add_differences(form, profile_values(raw))
                flash(str(conflict), "warning")
                return self.page(form, PasswordForm(formdata=None), raw, 409)
        return self.page(form, PasswordForm(formdata=None), raw, 422 if form.errors else 200)

    def saved(self, language: str) -> Any:
        # The profile is the later choice than a switch in this session.
        session.pop("locale", None)
        if language:
            session["locale"] = language
        refresh()
        flash(_("Your data was saved."), "success")
        return redirect(url_for(f"{self.endpoint}.edit"))

    @expose("/password", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def password(self) -> Any:
        """Change one's password; the old one is asked, since a screen may have been left open."""
        if request.method == "GET":
            return redirect(url_for(f"{self.endpoint}.edit"))
        raw, form = own_user(current_access()), PasswordForm()
        if form.validate():
            try:
                change_own_password(current_access(), form.old_password.data or "", form.new_password.data or "",
                                    form.repeated.data or "", token=session.get(TOKEN, ""))  # fmt: skip
                flash(_("Your password was changed. Everywhere else you are signed out."), "success")
                return redirect(url_for(f"{self.endpoint}.edit"))
            except ValidationFailed as error:
                add_errors(form, error)
        return self.page(ProfileForm(formdata=None, data=profile_values(raw)), form, raw, 422)

    @expose("/sessions/end", methods=["POST"])
    @expose("/sessions/end/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def end(self, pk: str | None = None) -> Any:
        """Sign out elsewhere: in one browser, or everywhere but here."""
        access = current_access()
        end_sessions(access, access.user_id, pk, keep=session.get(TOKEN, ""))
        flash(_("You are signed out there."), "success")
        return redirect(url_for(f"{self.endpoint}.edit", _anchor="sessions"))

    def page(self, form: ProfileForm, password_form: PasswordForm, raw: dict[str, Any], status: int) -> Any:
        return self.render_template(
            "security/profile.html", form=form, password_form=password_form, title=_("Your settings"),
            username=raw["username"], version=raw.get("version") or 0, endpoint=self.endpoint,
            has_app=bool(raw.get("authenticator")), own_password=may_have_password(current_access()),
            sessions=shown_sessions(current_access(), raw["_id"], session.get(TOKEN, "")),
            end=lambda pk: url_for(f"{self.endpoint}.end", pk=pk or None),
        ), status  # fmt: skip


def profile_values(raw: dict[str, Any]) -> dict[str, str]:
    return {name: raw.get(name) or "" for name in PROFILE_COLUMNS}
