"""Users, for administrators: list, add, change. Nobody is deleted: records and history name them."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, PasswordField, SelectField, StringField

from fab_mongo import MongoInterface, MongoModelView
from models.fields.errors import ValidationFailed
from models.security import Group, Role, Team, User
from services.records import VersionConflict
from services.security import find_document
from services.users import DEFAULT_TIME_ZONE, change_user, create_user, time_zones
from views.base import current_access
from views.forms import CheckboxesField, add_differences, add_errors, labels_of, options, version_seen
from views.permissions import ADMINISTRATION

LANGUAGES = (("", _l("As the browser asks")), ("en", "English"), ("fi", "Suomi"))
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
    active = BooleanField(_l("May sign in"), default=True)
    roles = CheckboxesField(_l("Roles"))
    groups = CheckboxesField(_l("Groups"))

    required = (*PersonalForm.required, "username")

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.team.choices = options([("", _("No team")), *((str(team.pk), team.name) for team in Team.objects)])
        self.roles.choices = options((str(role.pk), role.name) for role in Role.objects(name__ne="Public"))
        self.groups.choices = options((str(group.pk), group.name) for group in Group.objects)

    def values(self) -> Raw:
        """What was typed, without the password."""
        return {name: self[name].data for name in (*USER_COLUMNS, *TEXT_COLUMNS)}


TEXT_COLUMNS = ("username", "first_name", "last_name", "email", "phone", "language", "time_zone")
USER_COLUMNS = ("team", "active", "roles", "groups")


def form_values(raw: Mapping[str, Any]) -> Raw:
    """A user's document as the form's fields have it."""
    values: Raw = {name: raw.get(name) or "" for name in TEXT_COLUMNS}
    values["team"] = str(raw.get("team") or "")
    values["active"] = raw.get("active") is True
    values.update({name: [str(item) for item in raw.get(name) or ()] for name in ("roles", "groups")})
    return values


class UserView(MongoModelView):
    """The list is Flask-AppBuilder's, with its filters; saving goes through the service."""

    datamodel = MongoInterface(User)
    route_base = "/settings/users"
    class_permission_name = ADMINISTRATION
    base_permissions = ["can_list", "can_show", "can_add", "can_edit"]
    list_title = _l("Users")
    list_columns = ["get_full_name", "username", "email", "team", "roles", "groups", "active", "last_login"]
    order_columns = ["username", "email", "active", "last_login"]
    search_columns = ["first_name", "last_name", "username", "email", "team", "roles", "groups", "active", "last_login"]
    formatters_columns = {"last_login": lambda moment: format_datetime(moment, "short") if moment else ""}
    label_columns = {
        "get_full_name": _l("Name"), "first_name": _l("First name"), "last_name": _l("Last name"),
        "username": _l("User name"), "email": _l("E-mail"), "team": _l("Team"), "roles": _l("Roles"),
        "groups": _l("Groups"), "active": _l("May sign in"), "last_login": _l("Last signed in"),
    }  # fmt: skip

    @expose("/list/")
    @expose("/")
    @has_access
    def list(self) -> Any:
        """The list, at the short address too."""
        return super().list()

    @expose("/show/<pk>", methods=["GET"])
    @has_access
    def show(self, pk: str) -> Any:
        """A user's record is the form."""
        return redirect(url_for(f"{self.endpoint}.edit", pk=pk))

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        form = UserForm()
        if request.method == "POST" and form.validate():
            try:
                user = create_user(current_access(), form.values(), form.password.data or "")
            except ValidationFailed as error:
                add_errors(form, error)
                return self.form_page(form, None, 422)
            flash(_("%(name)s was added and may sign in now.", name=user["username"]), "success")
            return redirect(url_for(f"{self.endpoint}.list"))
        return self.form_page(form, None, 422 if form.errors else 200)

    @expose("/edit/<pk>", methods=["GET", "POST"])
    @has_access
    def edit(self, pk: str) -> Any:
        raw = find_document("user", pk)
        form = UserForm(data=form_values(raw))
        if request.method == "POST" and form.validate():
            try:
                saved = change_user(current_access(), pk, form.values(), password=form.password.data or "",
                                    version=version_seen())  # fmt: skip
                flash(_("%(name)s was saved.", name=saved["username"]), "success")
                return redirect(url_for(f"{self.endpoint}.list"))
            except ValidationFailed as error:
                add_errors(form, error)
            except VersionConflict as conflict:
                return self.conflict_page(form, conflict)
            return self.form_page(form, raw, 422)
        return self.form_page(form, raw, 422 if form.errors else 200)

    def conflict_page(self, form: UserForm, conflict: VersionConflict) -> Any:
        now = form_values(conflict.current)
        add_differences(form, now, shown_values(form, now))
        flash(str(conflict), "warning")
        return self.form_page(form, conflict.current, 409)

    def form_page(self, form: UserForm, raw: Raw | None, status: int) -> Any:
        title = _("New user") if raw is None else f"{raw.get('first_name', '')} {raw.get('last_name', '')}".strip()
        form.password.flags.required = raw is None
        return self.render_template(
            "security/user.html", form=form, title=title, raw=raw, version=(raw.get("version") or 0) if raw else None,
            back=url_for(f"{self.endpoint}.list"),
        ), status  # fmt: skip


def shown_values(form: UserForm, now: Raw) -> Raw:
    """What a user holds now, as people read it: labels in place of ids."""
    texts: Raw = {"active": _("Yes") if now["active"] else _("No")}
    for name in ("team", "roles", "groups", "language"):
        labels = labels_of(form[name])
        values = now[name] if isinstance(now[name], list) else [now[name]]
        texts[name] = ", ".join(str(labels.get(value, value)) for value in values)
    return texts
