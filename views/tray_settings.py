"""Settings: the trays of roles, those that come with the program and the organisation's own."""

from collections.abc import Sequence
from typing import Any

from bson import ObjectId
from flask import flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField

from models.fields.errors import ValidationFailed
from models.rights import SETTINGS, NotAllowed
from models.security import Role
from services.ready_trays import GENERAL, READY
from services.records import VersionConflict
from services.trays import (
    MAX_NAME,
    SeenTray,
    all_trays,
    arrange_tray,
    delete_tray,
    get_tray,
    reset_tray,
    save_tray,
    seen_tools,
    undo_tray,
)
from views.base import LANGUAGES, current_access, current_language
from views.forms import CheckboxesField, add_differences, add_errors, labels_of, options, version_seen
from views.tray_arranging import ArrangeScreens

Raw = dict[str, Any]
PATH = "/settings/trays"


class TrayForm(FlaskForm):
    """The name of a tray and the roles that have it; for a new one, which tray it begins like."""

    label_en = StringField(_l("Name in English"), render_kw={"maxlength": MAX_NAME})
    label_fi = StringField(_l("Name in Finnish"), render_kw={"maxlength": MAX_NAME})
    roles = CheckboxesField(_l("Roles"), description=_l("Whoever has one of these roles has this tray."))
    like = SelectField(_l("Begins like"), description=_l("Its tools are copied. You arrange them afterwards."))

    def __init__(self, tray: SeenTray | None) -> None:
        super().__init__(data=form_values(tray) if tray else {"like": GENERAL})
        self.roles.choices = options(role_names().items())
        self.like.choices = options((one.key, one.name_in(current_language())) for one in all_trays())
        if tray:
            del self.like


class TraySettingsView(ArrangeScreens, BaseView):
    """The trays there are, and one of them: its name, its roles, its tools."""

    route_base = PATH
    default_view = "list"
    class_permission_name = SETTINGS
    arrange, undo, reset = staticmethod(arrange_tray), staticmethod(undo_tray), staticmethod(reset_tray)

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Every tray, whose it is, and how much is on it."""
        access, names, language = current_access(), role_names(), current_language()
        rows = [(tray, tray.name_in(language), [names[str(role)] for role in tray.roles if str(role) in names],
                 len(seen_tools(access, tray.tools))) for tray in all_trays()]  # fmt: skip
        return self.render_template("settings/trays.html", title=_("Trays"), rows=rows, general=GENERAL, path=PATH)

    @expose("/add", methods=["GET", "POST"])
    @has_access
    def add(self) -> Any:
        """A new tray, with the tools of another one to begin with."""
        form = TrayForm(None)
        if request.method == "POST" and form.validate():
            try:
                tray = save_tray(current_access(), None, label=label_of(form), roles=form.roles.data or [],
                                 like=form.like.data)  # fmt: skip
                flash(_("The tray was added. Arrange its tools here."), "success")
                return redirect(self.page_of(tray.key))
            except ValidationFailed as error:
                add_errors(form, error, {"label": "label_en"})
        page = self.render_template("settings/tray_new.html", title=_("New tray"), form=form, path=PATH)
        return page, 422 if form.errors else 200

    @expose("/<key>", methods=["GET", "POST"])
    @has_access
    def edit(self, key: str) -> Any:
        """One tray; posted, its name and its roles."""
        tray = get_tray(key)
        form, status = TrayForm(tray), 200
        if request.method == "POST" and form.validate():
            try:
                save_tray(current_access(), key, label=label_of(form), roles=form.roles.data or [],
                          named=version_seen())  # fmt: skip
                flash(_("%(name)s was saved.", name=get_tray(key).name_in(current_language())), "success")
                return redirect(self.page_of(key))
            except ValidationFailed as error:
                add_errors(form, error, {"label": "label_en"})
            except VersionConflict as conflict:
                tray = get_tray(key)
                add_differences(form, form_values(tray), shown_values(form, tray))
                flash(str(conflict), "warning")
                status = 409
        page = self.render_template("settings/tray.html", form=form, path=PATH, **self.surface(key))
        return page, 422 if form.errors and status == 200 else status

    @expose("/<key>/delete", methods=["POST"])
    @has_access
    def delete(self, key: str) -> Response:
        """Delete a tray of the organisation's own."""
        try:
            tray = delete_tray(current_access(), key)
            flash(_("The tray “%(name)s” was deleted.", name=tray.name_in(current_language())), "success")
        except NotAllowed as error:
            flash(str(error), "warning")
        return redirect(f"{request.script_root}{PATH}/")

    # What is arranged

    def tray(self, key: str) -> SeenTray:
        return get_tray(key)

    def page_of(self, key: str) -> str:
        return f"{request.script_root}{PATH}/{key}"

    def roles_of(self, tray: SeenTray) -> Sequence[ObjectId]:
        return list(tray.roles)

    def surface(self, key: str) -> Raw:
        found = super().surface(key)
        return {**found, "title": found["tray"].name_in(current_language()), "general": GENERAL}

    def reset_label(self, tray: SeenTray) -> str:
        return _("As it was at first") if tray.ready and list(tray.tools) != list(READY[tray.key].tools) else ""

    def reset_told(self) -> str:
        return _("The tray is as it was at first.")


def role_names() -> dict[str, str]:
    """Id -> name of the roles that users may have."""
    return {str(role.pk): role.name for role in Role.objects(name__ne="Public").order_by("name")}


def label_of(form: TrayForm) -> dict[str, str]:
    return {"en": form.label_en.data or "", "fi": form.label_fi.data or ""}


def form_values(tray: SeenTray) -> Raw:
    """A tray as the form's fields have it; the names of one that comes with the program in both languages."""
    labels = {}
    for language in LANGUAGES:
        with force_locale(language):
            labels[f"label_{language}"] = (
                tray.label.get(language, "") if isinstance(tray.label, dict) else str(tray.label)
            )
    return {**labels, "roles": [str(role) for role in tray.roles]}


def shown_values(form: TrayForm, tray: SeenTray) -> Raw:
    names = labels_of(form.roles)
    return {"roles": ", ".join(names[str(role)] for role in tray.roles if str(role) in names)}
