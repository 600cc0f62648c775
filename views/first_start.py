"""The first visit: as long as there is no user, every page leads to the one that creates the administrator."""

from typing import Any

from flask import current_app, flash, redirect, request, session, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import limit
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import PasswordField, StringField

from models.fields.definitions import FieldDefinition
from models.fields.errors import ValidationFailed
from models.merge import MergeTemplate
from models.registers import all_registers
from models.rights import SETTINGS
from models.security import User
from services.first_start import PATH, AlreadyStarted, create_first_administrator, has_users
from services.setup.steps import is_set_up
from views.addresses import sign_in_page, start_page
from views.base import current_access, current_language, current_user
from views.forms import add_errors
from views.sign_in import sign_in
from views.users import PersonalForm

#: What must answer without a user: files of the page itself, the state of the server, the page's language, the help.
OPEN_PATHS = (PATH, "/health", "/lang/", "/api/", "/help/")
ATTEMPTS = "10 per minute"


class FirstStartForm(PersonalForm):
    """The administrator, and the code that shows who started the server."""

    code = StringField(_l("Code"), description=_l("Printed in the terminal in which the server was started."))
    username = StringField(_l("User name"), description=_l("For signing in. No spaces."))
    password = PasswordField(
        _l("Password"), description=_l("At least 10 characters; a few words in a row are easy to remember.")
    )
    repeated = PasswordField(_l("Password again"))

    required = (*PersonalForm.required, "code", "username", "password", "repeated")


COLUMNS = ("username", "first_name", "last_name", "email", "language", "time_zone")


class FirstStartView(BaseView):
    """Creates the first administrator, once."""

    route_base = PATH.rstrip("/")
    default_view = "start"

    def create_blueprint(self, appbuilder: Any, *args: Any, **options: Any) -> Any:
        """The page's own addresses, and what leads to it and on from it."""
        blueprint = super().create_blueprint(appbuilder, *args, **options)
        blueprint.before_app_request(lead_to_first_start)
        blueprint.add_app_template_global(first_steps, "first_steps")
        return blueprint

    @expose("/", methods=["GET", "POST"])
    @limit(ATTEMPTS, methods=["POST"])
    def start(self) -> Any:
        """Ask for the code and the administrator. Once there is a user, this page is no more."""
        if has_users():
            return redirect(start_page() if current_user() else sign_in_page())
        form = FirstStartForm()
        if request.method == "GET":
            form.language.data = current_language()
        elif form.validate():
            try:
                return self.create(form)
            except ValidationFailed as error:
                add_errors(form, error)
            except AlreadyStarted:
                flash(_("Somebody else was quicker: there is an administrator already. Ask for a user."), "warning")
                return redirect(sign_in_page())
        page = self.render_template("security/first_start.html", form=form, title=_("Welcome"))
        return page, 422 if form.errors else 200

    def create(self, form: FirstStartForm) -> Any:
        data = {name: form[name].data for name in COLUMNS}
        user_id = create_first_administrator(
            current_app.config["SECRET_KEY"], form.code.data or "", data,
            form.password.data or "", form.repeated.data or "",
        )  # fmt: skip
        session.pop("locale", None)
        sign_in(User.objects.get(pk=user_id), "first_start")
        return redirect(url_for("SetupView.start"))


def lead_to_first_start() -> Any:
    """Send every page's request to the first start while there is no user. Who is signed in is one, so that only
    strangers' requests ask the database."""
    if request.endpoint == "static" or request.path.startswith(OPEN_PATHS) or current_user() is not None:
        return None
    if has_users():
        return None
    return redirect(request.script_root + PATH)


def first_steps() -> list[dict[str, Any]]:
    """What an organisation does first, for those who manage settings, until all of it is done."""
    access = current_access()
    if not access.may(SETTINGS, "change"):
        return []
    setting_up = {"label": _("Set up your organisation"), "url": "/setup/", "done": is_set_up(),
                  "text": _("Its name, line of business and users, in a few minutes.")}  # fmt: skip
    steps = [
        *([setting_up] if access.everything else []),
        {"label": _("Define your own fields"), "url": "/settings/", "done": FieldDefinition.objects.first() is not None,
         "text": _("What you want to know about each company and person.")},
        {"label": _("Bring in your customers"), "url": "/import/",
         "text": _("From a spreadsheet, or by hand."),
         "done": any(card.document.objects.first() is not None for card in all_registers())},
        {"label": _("Upload a Word template"), "url": "/merge/", "done": MergeTemplate.objects.first() is not None,
         "text": _("Letters for whichever records you choose.")},
    ]  # fmt: skip
    return [] if all(step["done"] for step in steps) else steps
