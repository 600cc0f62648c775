"""Bringing in vCards: files chosen, what would be made of them, and adding it."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext

from models.rights import NotAllowed
from services.records import BulkFailed
from services.search import TooSlow
from services.vcard_people import add_cards, drafts_of
from services.vcards import MOST_BYTES, MOST_CARDS, BadCards, Card, from_text, read_cards, to_text
from views.base import current_access
from views.offers import Offer
from views.registers import RegisterView

#: No more files are opened.
MOST_FILES = 100


class VCardScreens(RegisterView):
    """The person register's screens for .vcf files."""

    def list_offers(self) -> Sequence[Offer]:
        may = current_access().may(self.card.key, "add")
        return [Offer(f"{self.card.path}/vcards", _("Bring in vCards"), "upload")] if may else []

    @expose("/vcards", methods=["GET", "POST"])
    @has_access
    @permission_name("add")
    def vcards(self) -> Any:
        """Choose files; posted, what would be made of them; posted with `cards`, it is added."""
        if request.method == "GET":
            return self.choose_page()
        try:
            if "cards" in request.form:
                return self.add_these(from_text(request.form["cards"]))
            left = MOST_BYTES + 1
            files = []
            for sent in request.files.getlist("files")[:MOST_FILES]:
                files.append(sent.read(left))
                left -= len(files[-1])
            cards, damaged = read_cards(files)
            return self.preview(cards, damaged)
        except (BadCards, NotAllowed, TooSlow) as error:
            return self.choose_page(str(error)), 422

    def choose_page(self, error: str = "") -> str:
        return self.render_template("people/vcards.html", title=_("Bring in vCards"), card=self.card, error=error,
                                    most=MOST_CARDS)  # fmt: skip

    def preview(self, cards: list[Card], damaged: int = 0) -> str:
        drafts = drafts_of(current_access(), cards)
        companies = dict.fromkeys(draft.new_company for draft in drafts if draft.new_company)
        return self.render_template(
            "people/vcards_preview.html", title=_("Bring in vCards"), card=self.card, drafts=drafts, damaged=damaged,
            cards=to_text(cards), companies=list(companies),
        )  # fmt: skip

    def add_these(self, cards: list[Card]) -> Any:
        take = {int(text) for text in request.form.getlist("take") if text.isascii() and text.isdigit()
                and len(text) < 5}  # fmt: skip
        if not take:
            flash(_("Tick those that are to be added."), "warning")
            return self.preview(cards), 422
        try:
            added = add_cards(current_access(), cards, take, make_companies="make_companies" in request.form)
        except BulkFailed as failed:
            flash(" ".join(dict.fromkeys(error.in_one() for error in failed.errors.values())), "danger")
            return self.preview(cards), 422
        flash(ngettext("%(num)s person was added.", "%(num)s people were added.", len(added.people)), "success")
        if added.companies:
            flash(ngettext("%(num)s company was added.", "%(num)s companies were added.", len(added.companies)),
                  "success")  # fmt: skip
        return redirect(f"{request.script_root}{self.card.path}/?view=all&order=created_at&dir=desc")
