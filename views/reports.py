"""Reports: the list of them, one with its chart and table, its figures as a workbook, deleting."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request, send_file, url_for
from flask_appbuilder import BaseView, expose
from flask_appbuilder.security.decorators import has_access
from flask_babel import format_date
from flask_babel import gettext as _
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from models.registers import Register, register_of
from models.rights import NotAllowed
from models.saved_views import Audience
from models.security import Role
from services.audit import What, write_now
from services.conditions import asks_unseen
from services.labels import names_of
from services.records import RecordNotFound
from services.reports.definition import Definition, today_of
from services.reports.ready import ReadyReport, ready_reports
from services.reports.restoring import restore_report
from services.reports.saved import ASKS_UNSEEN, delete_report, get_report, may_change, reports_for
from services.reports.workbook import CONTENT_TYPE, workbook_of
from views.base import current_access, current_language
from views.permissions import OWN
from views.report_answers import Answer, answer_to, chips_of, schema_seen
from views.report_texts import about_of, sending_told
from views.selection import pairs_of

Raw = dict[str, Any]
PATH = "/reports"


@dataclass(frozen=True)
class Entry:
    """A report in the list."""

    name: str
    about: str
    register: str
    url: str
    seen_by: str = ""
    sent: str = ""

    def holds(self, text: str) -> bool:
        """Whether each word of `text` stands in what the list says of it."""
        said = " ".join((self.name, self.about, self.register)).casefold()
        return all(word in said for word in text.casefold().split())


class ReportView(BaseView):
    """Reports are for everybody; what they count goes by the reader's rights on their register."""

    route_base = PATH
    default_view = "list"
    class_permission_name = OWN

    @expose("/")
    @has_access
    def list(self) -> Any:
        """One's own, those that others share, and those that are ready; `q` searches what the list says of them."""
        query, access = request.args.get("q", "")[:100].strip(), current_access()
        saved = saved_entries(reports_for(access))
        own = [entry for mine, entry in saved if mine]
        sections = (
            (_("Mine"), own), (_("Shared with me"), [entry for mine, entry in saved if not mine]),
            (_("Ready"), [ready_entry(one) for one in ready_reports(access)]),
        )  # fmt: skip
        found = [(label, [entry for entry in entries if entry.holds(query)]) for label, entries in sections]
        return self.render_template(
            "reports/list.html", title=_("Reports"), query=query, own=bool(own), saved=bool(saved),
            sections=[(label, entries) for label, entries in found if entries],
        )  # fmt: skip

    @expose("/ready/<key>")
    @has_access
    def ready(self, key: str) -> Any:
        """One of the reports that come along."""
        one = ready_report(key)
        return self.page(
            str(one.label), one.definition, lead=str(one.help), edit_url=url_for("ReportBuilderView.new", ready=key),
            xlsx_url=url_for("ReportView.ready_xlsx", key=key),
        )  # fmt: skip

    @expose("/ready/<key>/xlsx")
    @has_access
    def ready_xlsx(self, key: str) -> Any:
        """The figures of a report that comes along, as a workbook."""
        one = ready_report(key)
        return workbook(str(one.label), one.definition, lambda: url_for("ReportView.ready", key=key))

    @expose("/<pk>")
    @has_access
    def show(self, pk: str) -> Any:
        """One saved report."""
        access = current_access()
        report = get_report(access, pk)
        return self.page(
            report["name"], report, report=report, may_change=may_change(access, report),
            edit_url=url_for("ReportBuilderView.edit", pk=pk), xlsx_url=url_for("ReportView.xlsx", pk=pk),
            copy_url=url_for("ReportBuilderView.new", copy=pk), sent=sending_told(report.get("schedule")),
        )  # fmt: skip

    @expose("/<pk>/xlsx")
    @has_access
    def xlsx(self, pk: str) -> Any:
        """The figures of a saved report, as a workbook."""
        report = get_report(current_access(), pk)
        return workbook(report["name"], report, lambda: url_for("ReportView.show", pk=pk))

    @expose("/<pk>/delete", methods=["POST"])
    @has_access
    def delete(self, pk: str) -> Response:
        """Delete a report; the message takes it back."""
        try:
            report = delete_report(current_access(), pk)
        except NotAllowed as error:
            flash(str(error), "danger")
            return redirect(url_for("ReportView.show", pk=pk))
        told = escape(_("The report “%(name)s” was deleted.", name=report["name"]))
        undo = Markup(' <button type="submit" class="lnk" form="k-post" formaction="{}">{}</button>').format(
            url_for("ReportView.restore", pk=pk), _("Undo"))  # fmt: skip
        flash(told + undo, "success")
        return redirect(url_for("ReportView.list"))

    @expose("/<pk>/restore", methods=["POST"])
    @has_access
    def restore(self, pk: str) -> Response:
        """Put back a report that was deleted."""
        try:
            report = restore_report(current_access(), pk)
        except NotAllowed as error:
            flash(str(error), "danger")
            return redirect(url_for("ReportView.list"))
        flash(_("The report “%(name)s” is back.", name=report["name"]), "success")
        return redirect(url_for("ReportView.show", pk=pk))

    def page(self, title: str, mapping: Mapping[str, Any], *, xlsx_url: str, **shown: Any) -> Any:
        """A report's page. What is wrong with the day that is asked for is told beside it, and the figures are those
        of today."""
        answer, day_error = answer_of_day(mapping)
        card, schema, day = register_of(mapping["register"]), schema_seen(mapping["register"]), asked_day(mapping)
        definition = answer.definition
        as_of = definition.as_of if definition else None
        return self.render_template(
            "reports/show.html", title=title, card=card, result=answer.result, problem=answer.problem,
            chips=chips_of(schema, definition) if definition else (), about=about_of(schema, mapping),
            keeps_past=card.keeps_past, as_of=day, as_of_error=day_error,
            moved_url=moved_url(card, definition) if definition and as_of else "",
            today=today_of(current_access()).isoformat(), day_told=day_told(as_of),
            xlsx_url=f"{xlsx_url}?as_of={as_of.isoformat()}" if as_of else xlsx_url, **shown,
        ), 400 if answer.problem else 200  # fmt: skip


def asked_day(mapping: Mapping[str, Any]) -> str:
    """The day that the address asks for, else the report's own; "" for today."""
    own = mapping.get("as_of") or ""
    if not register_of(mapping["register"]).keeps_past:
        return ""
    return request.args.get("as_of", own.date().isoformat() if isinstance(own, dt.datetime) else str(own))[:40]


def answer_of_day(mapping: Mapping[str, Any]) -> tuple[Answer, str]:
    """The report's answer, and what is wrong with the day."""
    if asks_unseen(current_access(), mapping):
        return Answer(errors={"conditions": [str(ASKS_UNSEEN)]}), ""
    asked = {**mapping, "as_of": asked_day(mapping)}
    answer = answer_to(asked)
    if not answer.errors.get("as_of"):
        return answer, ""
    return answer_to({**asked, "as_of": None}), " ".join(answer.errors["as_of"])


def moved_url(card: Register, definition: Definition) -> str:
    """The page that says what moved among the report's records since its day."""
    pairs = [*pairs_of(definition.conditions), ("since", str(definition.as_of))]
    return f"{request.script_root}{card.address_of('moved')}?{urlencode(pairs)}"


def day_told(as_of: dt.date | None) -> str:
    """The day that the figures are of, as the page and the paper say it."""
    return _("As of %(day)s", day=format_date(as_of or today_of(current_access())))


def workbook(title: str, mapping: Mapping[str, Any], page_url: Callable[[], str]) -> Any:
    """The figures as a file; where there are none, the report's page says why."""
    answer, _day_error = answer_of_day(mapping)
    if answer.figures is None:
        return redirect(page_url())
    report = {"register": "report", "id": mapping.get("_id"), "name": title}
    write_now(What.WORKBOOK_MADE, current_access().user_id, target=report, details={"register": mapping["register"]})
    content = BytesIO(workbook_of(answer.figures, title, current_language()))
    return send_file(content, CONTENT_TYPE, as_attachment=True, download_name=f"{file_name(title)}.xlsx")


def file_name(title: str) -> str:
    """A title as the name of a file: what no system takes in one is left out."""
    kept = "".join(sign if sign.isalnum() or sign in " -_()" else " " for sign in title)
    return " ".join(kept.split())[:80] or _("Report")


# The list


def ready_report(key: str) -> ReadyReport:
    """One that comes along and that the user may see. Raises RecordNotFound."""
    found = {one.key: one for one in ready_reports(current_access())}
    if key not in found:
        raise RecordNotFound("report", key)
    return found[key]


def ready_entry(one: ReadyReport) -> Entry:
    register = str(register_of(one.definition["register"]).label)
    return Entry(str(one.label), str(one.help), register, url_for("ReportView.ready", key=one.key))


def saved_entries(reports: list[Raw]) -> list[tuple[bool, Entry]]:
    """(whether it is the user's own, what the list shows) of saved reports."""
    access = current_access()
    owners = names_of(access, "user", {report["owner"] for report in reports})
    wanted = {role for report in reports for role in report.get("roles") or ()}
    roles = {role.pk: role.name for role in Role.objects(pk__in=sorted(wanted))}
    found = []
    for report in reports:
        mine = report["owner"] == access.user_id
        by = "" if mine else _("By %(name)s", name=owners.get(report["owner"], ""))
        found.append((mine, Entry(
            report["name"], about_of(schema_seen(report["register"]), report),
            str(register_of(report["register"]).label), url_for("ReportView.show", pk=report["_id"]),
            by or seen_by(report, roles), sending_told(report.get("schedule")),
        )))  # fmt: skip
    return found


def seen_by(report: Raw, roles: Mapping[Any, str]) -> str:
    """Who sees a report."""
    match report["audience"]:
        case Audience.ALL:
            return _("Everybody")
        case Audience.ROLE:
            return ", ".join(sorted(roles[role] for role in report.get("roles") or () if role in roles))
    return _("Only me")
