"""Reports that are there from the start: what management asks first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l

from models.fields.errors import ConditionError, ValidationFailed
from models.rights import Access
from services.reports.definition import definition_of

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class ReadyReport:
    """A report of the program's own. `definition` is what `definition_of` takes."""

    key: str
    label: Any
    help: Any
    definition: Raw


OPEN = {"col": "state", "opr": "eq", "value": "open"}
COUNT = {"how": "count"}
VALUE = {"how": "sum", "column": "value"}
WEIGHTED = {"how": "weighted", "column": "value", "by": "probability"}
SHARE = {"how": "share", "column": "value"}
#: The rest of the month that has begun belongs to the coming ones.
COMING = {"any": [{"col": "closes_on", "opr": "period", "value": "this_month"},
                  {"col": "closes_on", "opr": "period", "value": "next_12_months"}]}  # fmt: skip
CONTACT = {"through": "activity.companies",
           "none": [{"all": [{"col": "state", "opr": "eq", "value": "done"},
                             {"col": "at", "opr": "period", "value": "last_90_days"}]}]}  # fmt: skip

READY: dict[str, ReadyReport] = {report.key: report for report in (
    ReadyReport(
        "offer_book", _l("Offer book by stage"), _l("Open opportunities, what they are worth and how likely."),
        {"register": "opportunity", "conditions": [OPEN], "groups": [{"column": "stage"}],
         "measures": [COUNT, VALUE, WEIGHTED, SHARE], "chart": "bar"},
    ),
    ReadyReport(
        "offer_book_products", _l("Offer book by product"), _l("Open opportunities by what is offered."),
        {"register": "opportunity", "conditions": [OPEN], "groups": [{"column": "products"}],
         "measures": [COUNT, VALUE, WEIGHTED, SHARE], "chart": "bar", "order": "1"},
    ),
    ReadyReport(
        "offer_book_sellers", _l("Offer book by seller"), _l("Open opportunities by who is responsible."),
        {"register": "opportunity", "conditions": [OPEN], "groups": [{"column": "owner"}],
         "measures": [COUNT, VALUE, WEIGHTED, SHARE], "chart": "bar", "order": "1"},
    ),
    ReadyReport(
        "forecast", _l("Forecast"), _l("Open opportunities by the month in which they are expected to close."),
        {"register": "opportunity", "conditions": [OPEN, COMING], "groups": [{"column": "closes_on", "by": "month"}],
         "measures": [COUNT, VALUE, WEIGHTED], "chart": "bar"},
    ),
    ReadyReport(
        "won_lost", _l("Won and lost"), _l("What was decided within twelve months, by reason."),
        {"register": "opportunity",
         "conditions": [{"col": "state", "opr": "in", "value": ["won", "lost"]},
                        {"col": "closed_on", "opr": "period", "value": "last_12_months"}],
         "groups": [{"column": "reason"}, {"column": "state"}], "across": True, "measures": [COUNT, VALUE],
         "chart": "stacked"},
    ),
    ReadyReport(
        "opportunities_by_campaign", _l("Opportunities by campaign"),
        _l("What came of campaigns: open, won and lost opportunities, and what they are worth."),
        {"register": "opportunity", "conditions": [{"col": "campaign", "opr": "nempty"}],
         "groups": [{"column": "campaign"}, {"column": "state"}], "across": True, "measures": [COUNT, VALUE],
         "chart": "stacked"},
    ),
    ReadyReport(
        "activity_by_seller", _l("Activity by seller"),
        _l("What was done within 30 days: calls, meetings and the rest."),
        {"register": "activity",
         "conditions": [{"col": "state", "opr": "eq", "value": "done"},
                        {"col": "at", "opr": "period", "value": "last_30_days"}],
         "groups": [{"column": "owner"}, {"column": "kind"}], "across": True, "measures": [COUNT], "chart": "stacked"},
    ),
    ReadyReport(
        "customers_without_contact", _l("Customers without contact"),
        _l("Customers with whom nothing was done within 90 days, by who is responsible."),
        {"register": "company", "conditions": [{"col": "status", "opr": "eq", "value": "customer"}, CONTACT],
         "groups": [{"column": "owner"}], "measures": [COUNT, {"how": "share"}], "chart": "bar", "order": "0"},
    ),
)}  # fmt: skip


def ready_reports(access: Access) -> list[ReadyReport]:
    """Those about what the user may see: a report whose fields are hidden from the user is none."""
    return [report for report in READY.values() if makes_sense(access, report)]


def makes_sense(access: Access, report: ReadyReport) -> bool:
    try:
        definition_of(access, report.definition)
    except (ConditionError, ValidationFailed):
        return False
    return True
