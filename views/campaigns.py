"""The campaign register's screens: beside what every register has, what came of a campaign, and logging a response."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from flask import flash, redirect, request, url_for
from flask_appbuilder import expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import gettext as _
from flask_babel import ngettext

from models.fields.errors import ValidationFailed
from models.fields.kinds.written import money_text, number_text
from models.fields.schema import schema_of
from models.outbox import MessageState
from models.rights import Access, NotAllowed
from services.campaigns import ACTIVITY, ASKED, MailingRow, Results, log_response, results_of
from services.records import get_record
from services.search import TooSlow
from services.values import context_of
from views.base import current_access, current_language
from views.fields import choice_part, form_class, record_url
from views.interface import RegisterInterface, field_texts
from views.registers import RegisterView

Raw = dict[str, Any]
Figure = tuple[str, str]
TENTH = Decimal("0.1")


class CampaignView(RegisterView):
    """Campaigns."""

    datamodel = RegisterInterface("campaign")
    route_base = "/campaigns"

    @expose("/results/<pk>", methods=["GET"])
    @has_access
    @permission_name("show")
    def results(self, pk: str) -> Any:
        """What came of it, as a part of its page. Raises RecordNotFound."""
        access = current_access()
        raw = get_record(access, self.card.key, pk)
        try:
            results = results_of(access, raw)
        except TooSlow as error:
            return self.render_template("campaigns/results.html", raw=raw, results=None, problem=str(error))
        here = f"campaign={raw['_id']}"
        return self.render_template(
            "campaigns/results.html", raw=raw, results=results, figures=figures_of(access, results), problem="",
            responses=[(choice_part(schema_of(ACTIVITY).by_column["response"], one.choice.key, access.language), one)
                       for one in results.responses or ()],
            mailings=[(one, state_part(access, one), mailing_text(access, one)) for one in results.mailings],
            record_url=record_url, response_url=f"/activities/?view=all&_flt_eq_{here}&_flt_eq_response=",
            add_mailing=f"/mailings/add?{here}" if access.may("mailing", "add") else "",
            add_opportunity=f"/opportunities/add?{here}" if access.may("opportunity", "add") else "",
            log_url=f"{self.card.path}/respond/{raw['_id']}" if may_log(access) else "",
        )  # fmt: skip

    @expose("/respond/<pk>", methods=["GET", "POST"])
    @has_access
    @permission_name("show")
    def respond(self, pk: str) -> Any:
        """A quick form for what somebody answered; posted, it is logged. Raises RecordNotFound."""
        access = current_access()
        raw = get_record(access, self.card.key, pk)
        if not may_log(access):
            raise NotAllowed(_("You may not add records here. Ask an administrator for the right."))
        schema = schema_of(ACTIVITY).for_access(access)
        fields = [found for column in ASKED if (found := schema.get(column)) and not found.read_only]
        form, status = form_class(fields, field_texts)(), 200
        if request.method == "POST":
            try:
                log_response(access, raw, {field.column: form[field.column].data for field in fields})
                flash(_("The response was logged."), "success")
                again = "add_another" in request.form
                return redirect(url_for("CampaignView.respond" if again else "CampaignView.show", pk=pk))
            except ValidationFailed as error:
                self.show_errors(form, error)
                status = 422
        self.add_options(form)
        return self.render_template(
            "campaigns/respond.html", title=_("Log a response"), raw=raw, card=self.card,
            back=f"{self.card.path}/show/{pk}", fields=[form[field.column] for field in fields], form=form,
        ), status  # fmt: skip


def may_log(access: Access) -> bool:
    """Whether the user may add activities that say what was answered to which campaign."""
    schema = schema_of(ACTIVITY).for_access(access)
    found = [schema.get(column) for column in ("response", "campaign")]
    return access.may(ACTIVITY, "add") and all(one is not None and not one.read_only for one in found)


def figures_of(access: Access, results: Results) -> list[Figure]:
    """(label, text) of what its reader sees of the campaign's figures."""
    locale = context_of(access).locale

    def money(amount: Decimal) -> str:
        whole = abs(amount) >= 100 or not amount
        rounded = amount.quantize(Decimal(1) if whole else Decimal("0.01"), ROUND_HALF_UP)
        return money_text(rounded, results.currency, locale, short=whole)

    found: list[tuple[str, str | None]] = []
    if results.responses is not None:
        found.append((_("Responses"), number_text(results.response_count, locale)))
    if results.sales is not None:
        found.append((_("Opportunities"), number_text(results.sales.count, locale)))
    amounts = [
        (_("Value"), results.sales.amount if results.sales else None),
        (_("Won"), results.won.amount if results.won else None),
        (_("Budget"), results.budget), (_("Costs"), results.costs),
        (_("Cost per response"), results.cost_per_response),
    ]  # fmt: skip
    found += [(label, money(amount) if amount is not None else None) for label, amount in amounts]
    if results.returned is not None:
        times = results.returned.quantize(TENTH, ROUND_HALF_UP)
        found.append((_("Return"), _("%(times)s × costs", times=number_text(float(times), locale))))
    return [(label, text) for label, text in found if text is not None]


def state_part(access: Access, one: MailingRow) -> Any:
    """The badge of a mailing's state; None for a reader who does not see it."""
    field = schema_of("mailing").for_access(access).get("state")
    return choice_part(field, one.raw["state"], current_language()) if field and one.raw.get("state") else None


def mailing_text(access: Access, one: MailingRow) -> str:
    """What became of a mailing, in a few words."""
    sent, failed = (one.states.get(state.value, 0) for state in (MessageState.SENT, MessageState.FAILED))
    sent = sent or int(one.raw.get("went_out") or 0)
    waiting = one.states.get(MessageState.WAITING.value, 0) + one.states.get(MessageState.SENDING.value, 0)
    told = [
        (sent, lambda n: ngettext("%(num)s sent", "%(num)s sent", n)),
        (waiting, lambda n: ngettext("%(num)s waiting", "%(num)s waiting", n)),
        (failed, lambda n: ngettext("%(num)s failed", "%(num)s failed", n)),
        (one.unsubscribed, lambda n: ngettext("%(num)s unsubscribed", "%(num)s unsubscribed", n)),
    ]  # fmt: skip
    return " · ".join(words(count) for count, words in told if count)
