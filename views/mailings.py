"""The mailing register's screens: writing, checking, sending and following a mailing beside what every register has."""

from collections.abc import Collection, Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.mailings import CONTENT as CONTENT_FIELDS
from services.mailings import copy_mailing
from views.base import current_access
from views.interface import RegisterInterface
from views.mailing_content import ContentScreens
from views.mailing_following import FollowingScreens
from views.mailing_sending import SendingScreens
from views.mailing_steps import CHECK, CONTENT, FOLLOW, RECIPIENTS, is_draft, is_written
from views.many_fields import Shown
from views.offers import Offer

Raw = dict[str, Any]


class MailingView(ContentScreens, SendingScreens, FollowingScreens):
    """Mailings."""

    datamodel = RegisterInterface("mailing")
    route_base = "/mailings"
    show_template = "mailings/show.html"

    def offers(self, raw: Raw) -> Sequence[Offer]:
        may_copy = current_access().may(self.card.key, "add")
        return [Offer(self.address("copy", raw), _("Copy as a new mailing"), "copy", post=True)] if may_copy else []

    def next_step(self, raw: Raw) -> Offer:
        if not is_draft(raw):
            return Offer(self.address(FOLLOW, raw), _("Follow the sending"), "activity")
        if not raw.get("segment"):
            return Offer(self.address(RECIPIENTS, raw), _("Choose the recipients"), "users-group")
        if not is_written(raw):
            return Offer(self.address(CONTENT, raw), _("Write the message"), "pencil")
        return Offer(self.address(CHECK, raw), _("Check and send"), "send")

    def show_context(self, raw: Raw) -> Raw:
        may_go_on = current_access().allows(self.card.key, "change", raw) or not is_draft(raw)
        return {"way": self.way(raw, ""), "next_step": self.next_step(raw) if may_go_on else None}

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        """Move a draft to the recycle bin."""
        raw = self.mailing(pk)
        if not is_draft(raw):
            flash(_("Only a draft can be deleted: what was sent belongs to its recipients' history."), "warning")
            return redirect(self.address("show", raw))
        return super().delete(pk)

    def shown(self, values: Raw, sent: Collection[str]) -> Shown:
        """What a mailing says has a page of its own."""
        found = super().shown(values, sent)
        here, later = ([one for one in part if one.column in sent or one.column not in CONTENT_FIELDS]
                       for part in (found.at_once, found.later))  # fmt: skip
        return Shown(tuple(here), tuple(later), found.aside)

    def after_save(self, raw: Raw) -> str:
        """A new mailing goes on to its next step."""
        new = raw["version"] == 1 and is_draft(raw)
        return self.next_step(raw).url if new else super().after_save(raw)

    @expose("/copy/<pk>", methods=["POST"])
    @has_access
    @permission_name("add")
    def copy(self, pk: str) -> Response:
        """A new draft that says the same to the same."""
        try:
            raw = copy_mailing(current_access(), pk)
        except ValidationFailed as error:
            flash(error.in_one(), "warning")
            return redirect(f"{request.script_root}{self.card.path}/show/{pk}")
        flash(_("%(name)s was added.", name=raw.get("name") or ""), "success")
        return redirect(self.address(CONTENT, raw))
