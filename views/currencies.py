"""Settings: what sums are shown in, and what other currencies are worth."""

from typing import Any

from babel.numbers import get_currency_name
from flask import flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access, permission_name
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from models.fields.errors import ValidationFailed
from models.fields.kinds.numbers import currencies, decimal_of, plain_number
from models.organisation import organisation
from models.rights import SETTINGS
from services.rates import choose_currency, delete_rate, get_rate, list_rates, save_rate
from services.records import VersionConflict
from services.reports.definition import today_of
from views.base import current_access
from views.forms import version_seen

Raw = dict[str, Any]


class CurrencyView(BaseView):
    """The organisation's currency and its exchange rates."""

    route_base = "/settings/currencies"
    class_permission_name = SETTINGS
    default_view = "rates"

    @expose("/", methods=["GET", "POST"])
    @has_access
    def rates(self) -> Any:
        """The rates, and a form for a new one or for the one that `change` names. Posted, it is kept, or the
        organisation's currency chosen."""
        access, change = current_access(), request.values.get("change", "")
        raw = get_rate(access, change) if change else None
        if request.method == "GET":
            return self.page(raw, spoken(raw) if raw else {"day": today_of(access).isoformat()})
        try:
            if "own" in request.form:
                choose_currency(access, request.form["own"])
                flash(_("Your data was saved."), "success")
            else:
                save_rate(access, request.form, change or None, version_seen() if raw else None)
                flash(_("The rate was saved."), "success")
        except ValidationFailed as error:
            return self.page(raw, request.form, error.messages())
        except VersionConflict as conflict:
            flash(str(conflict), "warning")
            return self.page(conflict.current, request.form, {"rate": [
                _("It is now: %(value)s", value=spoken(conflict.current)["rate"])]}, 409)  # fmt: skip
        return redirect(url_for("CurrencyView.rates"))

    @expose("/delete/<pk>", methods=["POST"])
    @has_access
    @permission_name("rates")
    def delete(self, pk: str) -> Response:
        """Take a rate away. Raises RecordNotFound."""
        delete_rate(current_access(), pk)
        flash(_("The rate was deleted."), "success")
        return redirect(url_for("CurrencyView.rates"))

    def page(self, raw: Raw | None, values: Any, errors: dict[str, list[str]] | None = None, status: int = 422) -> Any:
        own = organisation().currency
        return self.render_template(
            "settings/currencies.html", title=_("Currencies"), own=request.form.get("own", own) if errors else own,
            currency=own, names=currency_names(), rows=[spoken(one) for one in list_rates(current_access())],
            raw=raw, values=values, errors=errors or {},
        ), status if errors else 200  # fmt: skip


def spoken(raw: Raw) -> Raw:
    """A rate as the page shows it and its form sends it back."""
    return {**raw, "id": str(raw["_id"]), "date": raw["day"].date(), "day": raw["day"].date().isoformat(),
            "rate": plain_number(decimal_of(raw["rate"]), current_access().language)}  # fmt: skip


def currency_names() -> list[tuple[str, str]]:
    """(code, "SEK – Swedish krona") of all currencies, by code."""
    locale = get_locale() or "en_GB"
    return [(code, f"{code} – {get_currency_name(code, locale=locale)}") for code in sorted(currencies())]
