"""Reports: the list of them, one with its chart and table, its figures as a workbook, deleting."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, flash, redirect, request, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup, escape
from werkzeug.utils import send_file
from werkzeug.wrappers import Response as AnyResponse

from models.collation import collation_key
from models.fields.errors import ConditionError, ValidationFailed
from models.fields.schema import Schema, schema_of
from models.registers import register_of
from models.rights import NotAllowed
from models.saved_views import Audience
from models.security import Role
from services.labels import names_of
from services.reports.definition import Definition, definition_of, today_of
from services.reports.figures import figures_of
from services.reports.ready import ReadyReport, ready_reports
from services.reports.saved import delete_report, get_report, may_change, reports_for, restore_report
from services.reports.workbook import workbook_of
from services.search import TooSlow
from views.base import current_access, current_language
from views.conditions import chips
from views.permissions import OWN
from views.report_results import Result, result_of
from views.report_texts import definition_about, dimension_label, sending_told

Raw = dict[str, Any]
PATH = "/reports"
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Registers whose figures are known as of a past day.
WITH_PAST = frozenset({"opportunity"})


@dataclass(frozen=True)
class Entry:
    """A report in the list."""

    name: str
    about: str
    register: str
    url: str
    seen_by: str = ""
    sent: str = ""


class ReportView(BaseView):
    """Reports are for everybody; what they count goes by rights on their register."""

    route_base = PATH
    default_view = "list"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def list(self) -> Any:
        """Those that are ready, one's own, and those that others share; `q` searches their names and what they are
        about."""
        query, access = request.args.get("q", "")[:100].strip(), current_access()
        saved = reports_for(access)
        own = [raw for raw in saved if raw["owner"] == access.user_id]
        shared = [raw for raw in saved if raw["owner"] != access.user_id]
        sections = [
            (_("Mine"), saved_entries(own)), (_("Shared with me"), saved_entries(shared)),
            (_("Ready"), [ready_entry(one) for one in ready_reports(access)]),
        ]  # fmt: skip
        found = [(label, [row for row in rows if matches(row, query)]) for label, rows in sections]
        return self.render_template(
            "reports/list.html", title=_("Reports"), query=query, own=bool(own),
            sections=[(label, rows) for label, rows in found if rows],
        )  # fmt: skip

    @expose("/ready/<key>")
    @has_access
    def ready(self, key: str) -> Any:
        """One of the reports that come along."""
        one = ready_report(key)
        return self.page(
            str(one.label), one.definition, help=str(one.help), xlsx=url_for("ReportView.ready_xlsx", key=key),
            edit=url_for("ReportBuilderView.new", ready=key),
        )  # fmt: skip

    @expose("/ready/<key>/xlsx")
    @has_access
    def ready_xlsx(self, key: str) -> Any:
        """The figures of a report that comes along, as a workbook."""
        one = ready_report(key)
        return workbook(str(one.label), one.definition)

    @expose("/<pk>")
    @has_access
    def show(self, pk: str) -> Any:
        """One saved report."""
        raw = get_report(current_access(), pk)
        return self.page(
            raw["name"], raw, report=raw, xlsx=url_for("ReportView.xlsx", pk=pk),
            edit=url_for("ReportBuilderView.edit", pk=pk),
        )  # fmt: skip

    @expose("/<pk>/xlsx")
    @has_access
    def xlsx(self, pk: str) -> Any:
        """The figures of a saved report, as a workbook."""
        raw = get_report(current_access(), pk)
        return workbook(raw["name"], raw)

    @expose("/<pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> AnyResponse:
        """Delete a report; the message takes it back."""
        try:
            raw = delete_report(current_access(), pk)
        except NotAllowed as error:
            flash(str(error), "danger")
            return redirect(url_for("ReportView.show", pk=pk))
        flash(deleted_told(raw), "success")
        return redirect(url_for("ReportView.list"))

    @expose("/<pk>/restore", methods=["POST"])
    @has_access
    def restore(self, pk: str) -> AnyResponse:
        """Put back a report that was deleted."""
        raw = restore_report(current_access(), pk)
        flash(_("The report “%(name)s” is back.", name=raw["name"]), "success")
        return redirect(url_for("ReportView.show", pk=pk))

    def page(
        self, title: str, mapping: Mapping[str, Any], *, xlsx: str, edit: str, report: Raw | None = None,
        help: str = "",
    ) -> Any:  # fmt: skip
        """A report's page; what is wrong with the day that is asked for is told beside it."""
        access, asked = current_access(), Asked.of(mapping)
        result = None if asked.problem else computed(asked)
        card, schema = asked.schema.register, asked.schema
        as_of = asked.definition.as_of if asked.definition else None
        return self.render_template(
            "reports/show.html", title=title, report=report, card=card, help=help, result=asked.result or result,
            problem=asked.problem, chips=report_chips(schema, mapping), keeps_past=card.key in WITH_PAST,
            as_of=request.args.get("as_of", ""), as_of_error=asked.day_error, today=today_of(access).isoformat(),
            day_told=day_told(as_of), paper=paper_line(as_of), xlsx_url=with_day(xlsx, as_of), edit_url=edit,
            copy_url=url_for("ReportBuilderView.new", copy=report["_id"]) if report else "",
            may_change=report is not None and may_change(access, report),
            sent=sending_told(report.get("schedule")) if report else "",
        ), 400 if asked.problem else 200  # fmt: skip
