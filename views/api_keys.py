"""Settings: the keys by which programs use REST."""

import datetime as dt
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from models.fields.errors import ValidationFailed
from models.security import Role, User
from services.api_keys import add_key, is_good, list_keys, revoke_key
from services.records import now
from views.base import current_access
from views.forms import CheckboxesField, add_errors, options
from views.permissions import ADMINISTRATION

Raw = dict[str, Any]
YEAR = dt.timedelta(days=365)


class ApiKeyForm(FlaskForm):
    """A new key."""

    name = StringField(_l("Name"), description=_l("The program that uses it, such as Web shop."))
    owner = SelectField(
        _l("Owner"), render_kw={"data-enhance": ""},
        description=_l("What the key makes is theirs, and “own” records are. It ends when they are deactivated."),
    )
    roles = CheckboxesField(_l("Roles"), description=_l("The key may do what these roles allow, and nothing else."))
    ends_on = StringField(_l("Good until"), render_kw={"type": "date"}, description=_l("Empty is without an end."))

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        users = User.objects(active=True).order_by("first_name", "last_name")
        self.owner.choices = options([("", ""), *((str(user.pk), user.get_full_name()) for user in users)])
        self.roles.choices = options((str(role.pk), role.name) for role in Role.objects(name__ne="Public"))
        for name in ("name", "owner", "roles"):
            self[name].flags.required = True


class ApiKeyView(BaseView):
    """The list of keys, making one, which is shown once, and revoking."""

    route_base = "/settings/api-keys"
    class_permission_name = ADMINISTRATION
    default_view = "list"

    @expose("/")
    @has_access
    def list(self) -> Any:
        return self.render_template("settings/api_keys.html", title=_("API keys"), rows=shown_keys())

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        """The form; posted, the key that was made. It is on that page alone: no message keeps it."""
        access, form = current_access(), ApiKeyForm(data=begun())
        if request.method == "POST" and form.validate():
            try:
                raw, key = add_key(access, form.data)
            except ValidationFailed as error:
                add_errors(form, error)
            else:
                return self.render_template("settings/api_key_made.html", title=raw["name"], key=key)
        return self.render_template(
            "settings/api_key.html", title=_("New API key"), form=form, back=url_for(f"{self.endpoint}.list"),
        ), 422 if form.errors else 200  # fmt: skip

    @expose("/revoke/<pk>", methods=["POST"])
    @has_access
    def revoke(self, pk: str) -> Response:
        """Have a key open nothing any more. Raises RecordNotFound."""
        flash(_("The key “%(name)s” opens nothing any more.", name=revoke_key(current_access(), pk)["name"]), "success")
        return redirect(url_for(f"{self.endpoint}.list"))


def begun() -> Raw:
    """What a new form begins with."""
    return {"owner": str(current_access().user_id), "ends_on": (now() + YEAR).date().isoformat()}


def shown_keys() -> list[Raw]:
    """Every key as the list has it, the ones that are good first."""
    roles = {role.pk: role.name for role in Role.objects}
    raws = list_keys(current_access())
    owners = {user.pk: user for user in User.objects(pk__in=[raw["owner"] for raw in raws])}
    rows = [shown(raw, owners.get(raw["owner"]), [roles[pk] for pk in raw["roles"] if pk in roles]) for raw in raws]
    return sorted(rows, key=lambda row: not row["good"])


def shown(raw: Raw, owner: User | None, roles: list[str]) -> Raw:
    good = is_good(raw) and owner is not None and owner.active
    state = _("Revoked") if raw.get("revoked_at") else _("Good") if good else _("Over")
    return {**raw, "good": good, "state": state, "roles": ", ".join(sorted(roles)),
            "owner": owner.get_full_name() if owner else ""}  # fmt: skip
