"""The company register's screens."""

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from services.search import find_page
from views.base import current_access
from views.interface import RegisterInterface
from views.registers import RegisterView


class CompanyView(RegisterView):
    """Companies, each with its people."""

    datamodel = RegisterInterface("company")
    route_base = "/companies"

    def related(self, raw: dict[str, Any]) -> Sequence[dict[str, Any]]:
        access, company = current_access(), str(raw["_id"])
        if not access.may("person", "see"):
            return []
        found = find_page(access, "person", [{"col": "companies", "opr": "eq", "value": company}], page_size=100)
        return [{
            "title": _("People"), "count": f"{found.count:,}{'' if found.exact else '+'}",
            "rows": [{"url": f"/people/show/{p['_id']}", "name": p.get("name"), "text": p.get("title") or ""}
                     for p in found.rows],
            "all_url": f"/people/?_flt_eq_companies={company}",
            "add_url": f"/people/add?companies={company}" if access.may("person", "add") else "",
            "add_label": _("Add person"), "empty": _("Nobody is linked to this company yet."),
        }]  # fmt: skip
