"""Writing an e-mail or an SMS to one record from its page."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField, TextAreaField
from wtforms.validators import Length

from models.fields.errors import ValidationFailed
from models.outbox import MAIL, SMS
from models.rights import NotAllowed
from services.direct_messages import (
    LONGEST_SUBJECT,
    LONGEST_TEXT,
    Recipient,
    channels_to,
    recipient_of,
    reply_address,
    send_direct,
    take_back,
)
from services.outbox import Unchangeable
from services.records import BulkFailed
from services.rounds import wake
from services.sms import TABLE
from views.base import current_access
from views.bulk_log import BulkLogScreens
from views.forms import add_errors, options
from views.offers import Offer

Raw = dict[str, Any]


def message_form(recipient: Recipient, channel: str) -> FlaskForm:
    """The form of a message to one record; with one address there is nothing to choose."""

    class MessageForm(FlaskForm):
        address = SelectField(_("Recipient"), choices=options(recipient.addresses))
        text = TextAreaField(_("Text"), [Length(max=LONGEST_TEXT)], render_kw={"rows": 10 if channel == MAIL else 5})

    if channel == MAIL:
        MessageForm.subject = StringField(_("Subject"), [Length(max=LONGEST_SUBJECT)])
    form: FlaskForm = MessageForm()
    return form


class MessageScreens(BulkLogScreens):
    """A part of every register's view: what is written to one of its records."""

    def message_offers(self, raw: Raw) -> Sequence[Offer]:
        """The ways to write to a record."""
        labels = {MAIL: (_("Send e-mail"), "mail"), SMS: (_("Send SMS"), "device-mobile-message")}
        base = f"{self.card.path}/message/{raw['_id']}"
        channels = channels_to(current_access(), self.card, raw)
        return [Offer(f"{base}?channel={channel}", *labels[channel]) for channel in channels]

    @expose("/message/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def message(self, pk: str) -> Any:
        """Write a message by `channel`; posted, it is sent in a moment."""
        access, channel = current_access(), request.args.get("channel", MAIL)
        try:
            recipient = recipient_of(access, self.card.key, pk, channel)
        except NotAllowed as error:
            flash(str(error), "warning")
            return redirect(f"{self.card.path}/show/{pk}")
        form = message_form(recipient, channel)
        if form.validate_on_submit():
            try:
                message_id = send_direct(access, recipient, channel, request.form)
                wake()
                said = Markup("{}{}").format(_("The message goes in a moment."), self.message_undo(message_id))
                flash(said, "success")
                return redirect(f"{self.card.path}/show/{pk}")
            except ValidationFailed as error:
                add_errors(form, error)
            except BulkFailed as error:
                add_errors(form, error.errors[0])
        name = recipient.name or _("(no name)")
        title = _("Send e-mail to %(name)s", name=name) if channel == MAIL else _("Send SMS to %(name)s", name=name)
        return self.render_template(
            "outbox/write.html", card=self.card, raw=recipient.raw, form=form, channel=channel,
            title=title, name=name, reply_to=reply_address(access) if channel == MAIL else "", table=TABLE,
        ), 422 if form.errors else 200  # fmt: skip

    def message_undo(self, message_id: Any) -> Markup:
        """The button of the toast that takes the message back."""
        url = f"{self.card.path}/message_back/{message_id}"
        button = Markup(' <button type="submit" class="lnk" form="k-post" formaction="{}">{}</button>')
        return button.format(url, _("Undo"))

    @expose("/message_back/<pk>", methods=["POST"])
    @has_access
    @permission_name("show")
    def message_back(self, pk: str) -> Response:
        """Leave a message unsent that waits still. Raises RecordNotFound."""
        try:
            take_back(current_access(), pk)
            flash(_("The message was not sent."), "success")
        except Unchangeable as error:
            flash(str(error), "warning")
        return redirect(request.referrer or f"{self.card.path}/")
