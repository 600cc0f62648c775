"""Settings: what holds for the whole organisation, on one page."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField, StringField

from models.fields.errors import ValidationFailed
from models.organisation import Organisation, organisation
from models.rights import SETTINGS, Access
from services.organisation import OF_ADMINISTRATORS, change_organisation
from services.records import VersionConflict
from views.base import current_access
from views.calendar_planning import country_names
from views.currencies import currency_names
from views.forms import add_differences, add_errors, labels_of, options, version_seen

Raw = dict[str, Any]
LANGUAGES = (("", _l("As the browser asks")), ("en", "English"), ("fi", "Suomi"))


class OrganisationForm(FlaskForm):
    """Who the organisation is, and what it speaks and reckons in."""

    name = StringField(_l("Name of the organisation"), description=_l("At the top of every page, and in e-mails."))
    language = SelectField(
        _l("Language"), choices=options(LANGUAGES),
        description=_l("For new users, and for those who have not chosen one. Everybody may choose their own."),
    )
    country = SelectField(_l("Country"), render_kw={"data-enhance": ""},
                          description=_l("Its public holidays stand in calendars."))  # fmt: skip
    currency = SelectField(_l("Currency"), render_kw={"data-enhance": ""},
                           description=_l("Reports show their sums in it."))  # fmt: skip
    support_email = StringField(_l("Address for help"), description=_l("Users’ questions about Kortisto go to it."))

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.name.flags.required = True
        self.country.choices = options(country_names())
        self.currency.choices = options(currency_names())

    def values(self) -> Raw:
        """What was typed, by the names of settings."""
        return {field.name: field.data or "" for field in self if field.name != "csrf_token"}


class SettingsForm(OrganisationForm):
    """The same with what is not asked of a new organisation; only what the user may set."""

    bin_days = StringField(
        _l("Days in the recycle bin"), render_kw={"inputmode": "numeric"},
        description=_l("Deleted records can be restored for so long. After that they are gone, with their history."),
    )

    def __init__(self, access: Access, **settings: Any) -> None:
        super().__init__(**settings)
        if not access.everything:
            for name in OF_ADMINISTRATORS:
                del self[name]


def form_values(settings: Organisation) -> Raw:
    """The settings as the form has them."""
    names = ("name", "language", "country", "currency", "support_email")
    return {**{name: settings[name] for name in names}, "bin_days": str(settings.bin_days)}


class OrganisationView(BaseView):
    """The organisation's settings."""

    route_base = "/settings/organisation"
    class_permission_name = SETTINGS
    default_view = "edit"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def edit(self) -> Any:
        """All of them in one form; posted, they are kept."""
        access, now = current_access(), organisation()
        form = SettingsForm(access, data=form_values(now))
        if request.method == "GET":
            return self.page(form, now.version)
        if form.validate():
            try:
                change_organisation(access, form.values(), version=version_seen())
                flash(_("Your data was saved."), "success")
                return redirect(url_for("OrganisationView.edit"))
            except ValidationFailed as error:
                add_errors(form, error)
            except VersionConflict:
                return self.conflict_page(form)
        return self.page(form, version_seen(), 422)

    def conflict_page(self, form: SettingsForm) -> Any:
        """What was typed and what holds now beside one another; saving again overwrites it knowingly."""
        now = organisation()
        values = form_values(now)
        shown = {name: labels_of(form[name]).get(values[name], "") for name in ("language", "country", "currency")}
        add_differences(form, values, shown)
        flash(_("Somebody else has changed these settings meanwhile. Compare, and save again."), "warning")
        return self.page(form, now.version, 409)

    def page(self, form: SettingsForm, version: int, status: int = 200) -> Any:
        return self.render_template("settings/organisation.html", title=_("Organisation"), form=form,
                                    version=version), status  # fmt: skip
