"""Asking for support from any page, with what is needed to find the matter in the logs."""

from typing import Any
from urllib.parse import urlencode

from flask import current_app, flash, redirect, request
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import Length

from models.fields.errors import ValidationFailed
from models.rights import SETTINGS, NotAllowed
from services.rounds import wake
from services.support import LONGEST_TEXT, circumstances, send_support_request, support_address
from views.base import current_access, current_user
from views.forms import add_errors
from views.permissions import OWN

SUPPORT = "/support"
#: Of each user.
RATE = "20 per hour"


class SupportForm(FlaskForm):
    """What the matter is."""

    text = TextAreaField(
        _l("What happened, and what did you expect?"), [Length(max=LONGEST_TEXT)], render_kw={"rows": 8},
        description=_l("Answers come to your e-mail address."),
    )  # fmt: skip


class SupportView(BaseView):
    """A request for support to the address that administrators have set."""

    route_base = SUPPORT
    class_permission_name = OWN
    default_view = "ask"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def ask(self) -> Any:
        """Write the request; posted, it is queued. `page` and `reference` tell where the reader comes from."""
        form = SupportForm()
        where = circumstances(
            request.values.get("page", ""), request.values.get("reference", ""), request.user_agent.string
        )
        if form.validate_on_submit():
            try:
                send_support_request(current_access(), form.text.data or "", where)
                wake()
                flash(_("Your request is on its way to support."), "success")
                return redirect(f"{request.script_root}{where.page or '/'}")
            except ValidationFailed as error:
                add_errors(form, error)
            except NotAllowed as error:
                flash(str(error), "warning")
        return self.render_template(
            "help/support.html", title=_("Support request"), form=form, where=where, address=support_address(),
            version=current_app.config["VERSION"], may_set=current_access().may(SETTINGS, "change"),
        ), 422 if form.errors else 200  # fmt: skip


def request_reference() -> str:
    """The id of this request in the logs (app/logs.py)."""
    return str(request.environ.get("kortisto.request_id", ""))


def support_url() -> str:
    """The address of a request for support about the page being shown."""
    where = {"page": request.path, "reference": request_reference()}
    return f"{request.script_root}{SUPPORT}/?{urlencode(where)}"


def whose_request() -> str:
    """Whom the limit counts for: the user, not the office that all of them come from."""
    user = current_user()
    return str(user.pk) if user else str(request.remote_addr)
