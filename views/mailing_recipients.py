"""Who gets a mailing: its segment, how many of it are left out and why, and who they are."""

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, request
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _

from models.fields.errors import ConditionError, ValidationFailed
from models.registers import REGISTERS
from models.rights import NotAllowed
from services.labels import context_for
from services.mailings import REASONS, MailingProblem
from services.mailings.members import MAX_PAGE, Members, members
from services.mailings.recipients import Recipient
from services.records import VersionConflict, update_record
from services.search import TooSlow
from views.base import current_access
from views.links import number_arg
from views.mailing_steps import CONTENT, RECIPIENTS, MailingScreens, is_draft

Raw = dict[str, Any]

class RecipientScreens(MailingScreens):
    """The page of those who get the mailing."""

    @expose("/recipients/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def recipients(self, pk: str) -> Any:
        """The segment, which a draft may change, and who of it gets the mailing or is left out (`reason`)."""
        raw = self.mailing(pk)
        if request.method == "GET":
            return self.recipients_page(raw)
        values = {"segment": request.form.get("segment", "")}
        try:
            saved = update_record(current_access(), self.card.key, pk, values, version=self.version_seen())
        except ValidationFailed as error:
            return self.recipients_page(raw, error.in_one(), 422)
        except VersionConflict as conflict:
            return self.recipients_page(conflict.current, str(conflict), 409)
        flash(_("%(name)s was saved.", name=saved.get("name") or ""), "success")
        return redirect(self.address(RECIPIENTS, saved))

    def segment_of(self, raw: Raw) -> dict[str, str] | None:
        """The segment as pages show it: without a name where the user may not see it."""
        field = self.datamodel.schema.get("segment")
        if field is None or not raw.get("segment"):
            return None
        name = context_for(current_access(), [field], [raw]).labels.get(("segment", raw["segment"]))
        url = f"{request.script_root}/segments/show/{raw['segment']}" if name else ""
        return {"id": str(raw["segment"]), "name": name or _("(a segment that you do not see)"), "url": url}

    def recipients_page(self, raw: Raw, problem: str = "", status: int = 200) -> Any:
        segment, reason = self.segment_of(raw), request.args.get("reason", "")
        reason, number = reason if reason in REASONS else "", number_arg("page", 0, MAX_PAGE)
        found, trouble = Members(), ""
        try:
            found = members(current_access(), raw["_id"], reason, number) if segment else found
        except (MailingProblem, NotAllowed, ConditionError, TooSlow) as error:
            trouble = str(error)
        left_out = sorted(found.left_out.items(), key=lambda pair: -pair[1])
        here = self.address(RECIPIENTS, raw)
        return self.mailing_page(
            "mailings/recipients.html", raw, RECIPIENTS, problem=problem, trouble=trouble, segment=segment,
            draft=is_draft(raw), may_add_segment=current_access().may("segment", "add"),
            totals=sums(found, left_out, here), number=number, more=found.more, reason=reason,
            rows=[shown_member(one, found.register) for one in found.rows], next_url=self.address(CONTENT, raw),
            tabs=[(_("Recipients"), here, not reason),
                  *((str(REASONS[key]), f"{here}?reason={key}", key == reason) for key, _count in left_out)],
        ), status  # fmt: skip


def sums(found: Members, left_out: Sequence[tuple[str, int]], here: str) -> list[tuple[str, int, str]]:
    """(label, number, address) lines from the members of the segment down to the recipients."""
    if not found.register:
        return []
    return [(_("In the segment"), found.count, ""),
            *((str(REASONS[key]), count, f"{here}?reason={key}") for key, count in left_out),
            (_("Recipients"), found.going, "")]  # fmt: skip


def shown_member(recipient: Recipient, register: str) -> dict[str, str]:
    label, colour = (str(REASONS[recipient.reason]), "amber") if recipient.reason else (_("Gets it"), "green")
    url = f"{request.script_root}{REGISTERS[register].path}/show/{recipient.raw['_id']}"
    return {"name": recipient.name, "address": recipient.address, "url": url, "label": label, "colour": colour}
