"""Users, for administrators: list, add, change. Nobody is deleted: records and history name them."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField

from fab_mongo import MongoInterface
from models.fields.errors import ValidationFailed
from models.registers import Register
from models.security import BY_BOTH, BY_CODE, BY_PASSWORD, Group, Role, Team, User, standing_of
from services.invited_users import invite_again, invite_user
from services.leaving_users import deactivate_user, held_by
from services.mail import smtp_is_set
from services.records import VersionConflict
from services.rounds import wake
from services.security import access_of_id, find_document
from services.sessions import end_sessions
from services.users import DEFAULT_TIME_ZONE, change_user, create_user, time_zones
from views.administration import AdministrationView, version_of
from views.base import current_access
from views.forms import CheckboxesField, add_errors, labels_of, options, version_seen
from views.sessions import shown_sessions

#: What a user may be in the list.
STANDINGS = {"active": _l("May sign in"), "invited": _l("Invited, not yet come"), "inactive": _l("Deactivated")}
LANGUAGES = (("", _l("As the browser asks")), ("en", "English"), ("fi", "Suomi"))
WAYS = (("", _l("As the roles say")), (BY_PASSWORD, _l("Password")), (BY_BOTH, _l("Password, then a one-time code")),
        (BY_CODE, _l("User name, then a one-time code")))  # fmt: skip
Raw = dict[str, Any]


class PersonalForm(FlaskForm):
    """What users may change of themselves."""

    first_name = StringField(_l("First name"))
    last_name = StringField(_l("Last name"))
    email = StringField(_l("E-mail"), description=_l("Good for signing in, too."))
    phone = StringField(_l("Mobile phone"))
    language = SelectField(_l("Language"), choices=options(LANGUAGES))
    time_zone = SelectField(_l("Time zone"), default=DEFAULT_TIME_ZONE, render_kw={"data-enhance": ""})

    required: tuple[str, ...] = ("first_name", "last_name", "email")

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.time_zone.choices = options((name, name.replace("_", " ")) for name in time_zones())
        for name in self.required:
            self[name].flags.required = True


class UserForm(PersonalForm):
    """A user as administrators see one."""

    username = StringField(_l("User name"), description=_l("For signing in. No spaces."))
    password = PasswordField(_l("Password"))
    team = SelectField(_l("Team"), default="", description=_l("New records of this user belong to this team."))
    leads = CheckboxesField(
        _l("Leads the teams"),
        description=_l("What the roles grant on own records, a leader may do with those of these teams too."),
    )
    active = BooleanField(_l("May sign in"), default=True)
    sign_in_way = SelectField(
        _l("Logging in"), choices=options(WAYS), default="",
        description=_l("One-time codes go by SMS to the mobile phone, or come out of the user's authenticator app."),
    )
    roles = CheckboxesField(_l("Roles"))
    groups = CheckboxesField(_l("Groups"))

    required = (*PersonalForm.required, "username")

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        teams = [(str(team.pk), team.name) for team in Team.objects]
        self.team.choices, self.leads.choices = options([("", _("No team")), *teams]), options(teams)
        self.roles.choices = options((str(role.pk), role.name) for role in Role.objects(name__ne="Public"))
        self.groups.choices = options((str(group.pk), group.name) for group in Group.objects)

    def values(self) -> Raw:
        """What was typed, without the password."""
        return {name: self[name].data for name in (*USER_COLUMNS, *TEXT_COLUMNS)}


TEXT_COLUMNS = ("username", "first_name", "last_name", "email", "phone", "language", "time_zone", "sign_in_way")
USER_COLUMNS = ("team", "leads", "active", "roles", "groups")


def form_values(raw: Mapping[str, Any]) -> Raw:
    """A user's document as the form's fields have it."""
    values: Raw = {name: raw.get(name) or "" for name in TEXT_COLUMNS}
    values["team"] = str(raw.get("team") or "")
    values["active"] = raw.get("active") is True
    values.update({name: [str(item) for item in raw.get(name) or ()] for name in ("leads", "roles", "groups")})
    return values


class DeactivateForm(FlaskForm):
    """Who gets what somebody is responsible for."""

    receiver = SelectField(_l("Who gets them"), default="")


def receivers(user: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(id, name) of everybody else who may sign in."""
    others = User.objects(active=True, pk__ne=user["_id"]).order_by("first_name", "last_name")
    return [(str(other.pk), other.get_full_name()) for other in others]


def may_be_looked_at(user_id: Any) -> bool:
    """Administrators see what everybody sees: there is nothing to look at as one of them."""
    return not access_of_id(user_id).everything


def held_label(card: Register) -> str:
    return _("Open activities") if card.happens else str(card.label)


class UserView(AdministrationView):
    """Users. There is no deleting."""

    datamodel = MongoInterface(User)
    route_base = "/settings/users"
    base_permissions = ["can_list", "can_show", "can_add", "can_edit"]
    document_name, form_type = "user", UserForm
    list_title = _l("Users")
    list_columns = ["get_full_name", "username", "email", "team", "roles", "groups", "standing", "last_login"]
    order_columns = ["username", "email", "active", "last_login"]
    search_columns = ["first_name", "last_name", "username", "email", "team", "roles", "groups", "active", "last_login"]
    formatters_columns = {
        "standing": lambda standing: str(STANDINGS[standing]),
        "last_login": lambda moment: format_datetime(moment, "short") if moment else "",
    }  # fmt: skip
    label_columns = {
        "get_full_name": _l("Name"), "first_name": _l("First name"), "last_name": _l("Last name"),
        "username": _l("User name"), "email": _l("E-mail"), "team": _l("Team"), "roles": _l("Roles"),
        "groups": _l("Groups"), "active": _l("May sign in"), "standing": _l("State"),
        "last_login": _l("Last signed in"),
    }  # fmt: skip

    def form_values(self, raw: Mapping[str, Any]) -> Raw:
        return form_values(raw)

    def shown_values(self, form: UserForm, now: Raw) -> Raw:
        texts: Raw = {"active": _("Yes") if now["active"] else _("No")}
        for name in ("team", "leads", "roles", "groups", "language", "sign_in_way"):
            labels = labels_of(form[name])
            values = now[name] if isinstance(now[name], list) else [now[name]]
            texts[name] = ", ".join(str(labels.get(value, value)) for value in values)
        return texts

    def create(self, form: UserForm) -> str:
        if not form.password.data:
            user = invite_user(current_access(), form.values())
            wake()
            return _("%(name)s was added. An invitation is on its way to %(address)s.", name=user["username"],
                     address=user["email"])  # fmt: skip
        user = create_user(current_access(), form.values(), form.password.data)
        return _("%(name)s was added and may sign in now.", name=user["username"])

    def change(self, pk: str, form: UserForm, version: int) -> str:
        password = form.password.data or ""
        return change_user(current_access(), pk, form.values(), password=password, version=version)["username"]

    def form_page(self, form: UserForm, raw: Raw | None, status: int) -> Any:
        title = _("New user") if raw is None else f"{raw.get('first_name', '')} {raw.get('last_name', '')}".strip()
        return self.render_template(
            "security/user.html", form=form, title=title, raw=raw, version=version_of(raw), back=self.list_url(),
            sessions=shown_sessions(current_access(), raw["_id"]) if raw else (), standing=standing_of(raw or {}),
            may_deactivate=bool(raw and raw.get("active") and raw["_id"] != current_access().user_id),
            can_send=smtp_is_set(), may_look=bool(raw and raw.get("active") and may_be_looked_at(raw["_id"])),
            end=lambda pk: url_for(f"{self.endpoint}.end", user=raw["_id"] if raw else "", pk=pk or None),
        ), status  # fmt: skip

    @expose("/invite/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def invite(self, pk: str) -> Any:
        """Send the invitation again, with a new link."""
        try:
            user = invite_again(current_access(), pk)
            wake()
            flash(_("An invitation is on its way to %(address)s.", address=user["email"]), "success")
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
        return redirect(url_for(f"{self.endpoint}.edit", pk=pk))

    @expose("/deactivate/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("edit")
    def deactivate(self, pk: str) -> Any:
        """Let somebody in no more, and say who gets what they are responsible for."""
        raw, form, status = find_document("user", pk), DeactivateForm(), 200
        form.receiver.choices = options([("", _("Nobody: leave them as they are")), *receivers(raw)])
        if request.method == "POST" and form.validate():
            try:
                done = deactivate_user(current_access(), pk, form.receiver.data, version=version_seen())
                flash(_("%(name)s may not sign in any more.", name=raw["username"]), "success")
                return redirect(url_for("JobView.show", pk=done["job"]) if done["job"] else self.list_url())
            except ValidationFailed as error:
                add_errors(form, error)
                status = 422
            except VersionConflict as conflict:
                flash(str(conflict), "warning")
                raw, status = conflict.current, 409
        held = held_by(current_access(), pk)
        name = f"{raw['first_name']} {raw['last_name']}"
        return self.render_template(
            "security/deactivate.html", title=_("Deactivate %(name)s", name=name), name=name, form=form,
            held=[{"label": held_label(one.card), "count": one.count} for one in held], version=version_of(raw),
            back=url_for(f"{self.endpoint}.edit", pk=pk),
        ), 422 if form.errors else status  # fmt: skip

    @expose("/sessions/end/<user>", methods=["POST"])
    @expose("/sessions/end/<user>/<pk>", methods=["POST"])
    @has_access
    @permission_name("edit")
    def end(self, user: str, pk: str | None = None) -> Any:
        """Sign a user out: of one browser, or everywhere."""
        end_sessions(current_access(), user, pk)
        flash(_("The user is signed out there."), "success")
        return redirect(url_for(f"{self.endpoint}.edit", pk=user, _anchor="sessions"))
